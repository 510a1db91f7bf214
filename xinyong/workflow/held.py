"""What this room keeps of a subject, for the file of everything about it (reports/everything.py), which has checked whose it is."""

from typing import Any

from django.conf import settings

from xinyong.workflow import _to_subjects
from xinyong.workflow.case_models import Case, CaseStep
from xinyong.workflow.cases import procedure_of
from xinyong.workflow.models import SubjectChannel, SubjectNotice
from xinyong.workflow.subject_kinds import WORDS, SubjectKind, composed

#: The tables told here; the test of the whole counts on it.
TABLES = (
    "workflow_case",
    "workflow_casestep",
    "workflow_casedocument",
    "workflow_subjectnotice",
    "workflow_subjectchannel",
)


def cases(subject_id: int) -> list[dict[str, Any]]:
    """Every case about a subject, of whatever kind: its steps with the unit that took them and their reasons, its papers by name and
    digest; which official took a step is not told."""
    found = Case.objects.filter(subject_id=subject_id).select_related("source").order_by("pk")
    return [_case(one) for one in found.prefetch_related("steps", "documents")]


def notices(subject_id: int) -> list[dict[str, Any]]:
    """What a subject was told, in the words of then, and when it was read."""
    told = []
    for one in SubjectNotice.objects.filter(subject_id=subject_id).order_by("pk"):
        words = WORDS[SubjectKind(one.kind)]
        told.append(
            {
                "kind": one.kind, "at": one.made_at, "title_zh": words.title[0], "title_en": words.title[1],
                "said_zh": composed(words.happened[0], one.facts), "said_en": composed(words.happened[1], one.facts),
                "read_at": one.read_at,
            }
        )  # fmt: skip
    return told


def channels(account_id: int) -> list[dict[str, Any]]:
    """Where an account is told besides itself: the addresses, whole."""
    said = []
    for one in SubjectChannel.objects.filter(account_id=account_id, sealed__isnull=False).order_by("pk"):
        mail, webhook = _to_subjects.opened(one)
        said.append(
            {
                "mail": mail,
                "mail_verified_at": one.mail_verified_at,
                "webhook": webhook,
                "kinds": one.kinds,
                "set_at": one.made_at,
            }
        )
    return said


def _case(one: Case) -> dict[str, Any]:
    procedure = procedure_of(one)
    state = procedure.state(one.state)
    return {
        "kind": one.kind, "number": one.pk, "about": one.title, "item": one.item_id, "record": one.object_ref,
        "source": one.source.name if one.source else settings.SITE_NAME, "procedure": f"{procedure.id} v{procedure.version}", "basis": procedure.basis,
        "opened_at": one.opened_at, "ended_at": one.ended_at, "state_zh": state.zh, "state_en": state.en,
        "steps": [_step(each, procedure.words(each.action)) for each in sorted(one.steps.all(), key=lambda each: each.number)],
        "papers": [
            {"number": each.number, "step": each.step, "party": each.party, "name": each.file_name, "size": each.size,
             "sha256": each.digest}
            for each in sorted(one.documents.all(), key=lambda each: each.number)
        ],
    }  # fmt: skip


def _step(one: CaseStep, words: tuple[str, str]) -> dict[str, Any]:
    return {
        "number": one.number, "at": one.at, "zh": words[0], "en": words[1], "party": one.party, "unit": one.unit,
        "reason": one.reason, "facts": one.facts,
    }  # fmt: skip
