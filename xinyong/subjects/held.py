"""What this room keeps of a subject, for the file of everything about it (reports/everything.py), which has checked whose it is."""

from datetime import datetime
from typing import Any

from xinyong.subjects import classes, registry, succession
from xinyong.subjects.models import Claim, Judgement

#: The tables told here; the test of the whole counts on it.
TABLES = (
    "subjects_subject",
    "subjects_subjectname",
    "subjects_subjectidentifier",
    "subjects_judgement",
    "subjects_claim",
)


def register(subject_id: int, *, known_at: datetime) -> dict[str, Any]:
    """What the register says of an organisation: names and codes with their history, its state, who followed whom."""
    one = registry.by_id(subject_id)
    return {
        "code": one.code, "name": one.name, "class": classes.LABELS[one.subject_class][0], "status": one.status, "region": one.region_code,
        "registered_on": one.registered_on, "ended_on": one.ended_on, "known_from": one.known_from,
        "names": registry.names_of(subject_id), "other_codes": registry.identifiers_of(subject_id),
        "successions": succession.of(subject_id, known_at=known_at),
    }  # fmt: skip


def links(subject_id: int) -> list[dict[str, Any]]:
    """Rows that came without a usable code and were judged to be about the subject or not: when, from which submission, why."""
    found = Judgement.objects.filter(subject_id=subject_id).order_by("pk")
    return [dict(one) for one in found.values("at", "submission_id", "row_no", "verdict", "score", "reasons")]


def claims(*, account_id: int | None, subject_id: int | None) -> list[dict[str, Any]]:
    """Claims that an account has made, or that were made of an organisation, with what was decided; by whom of the desk is not told."""
    of_account = account_id is not None and subject_id is None
    found = (
        Claim.objects.filter(account_id=account_id or 0)
        if of_account
        else Claim.objects.filter(subject_id=subject_id or 0)
    )
    return [
        {
            "organisation": one.subject.code, "name": one.subject.name, "kind": one.kind, "way": one.way, "made_at": one.made_at,
            "last_on": one.last_on, "proof_name": one.proof_name,
            "decision": {"kind": one.act.kind, "at": one.act.at, "reason": one.act.reason} if hasattr(one, "act") else None,
        }
        for one in found.select_related("subject", "act").order_by("pk")
    ]  # fmt: skip
