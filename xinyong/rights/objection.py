"""异议 A subject objects to a record about itself, an organisation or a natural person: lodges it, adds papers, withdraws it, states
that it disagrees, asks for review.

Whatever is on file of a subject, published or not, can be objected to. What a person says in their case, and what they say beside the
record, lies sealed (rights/case_words.py).
From the instant an objection is lodged until it is settled the record is shown as disputed wherever it is shown
(records/annotations.py); the mark, the step and its entry are one transaction. What is right is corrected by a submission of the
source unit's: there is no second path for data. Steps and terms: rights/library, chosen by ``settings.REMEDY_PROFILE``; a case goes on
under the version it was taken under. The other parties' verbs: rights/objection_desk.py.
Source: the provinces' regulations on social credit (each profile names its articles); 国办发〔2025〕22号; PIPL 46 (persons).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import publish, tables
from xinyong.catalogue.schema import Field
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import annotations, disclosure, dossier
from xinyong.records import own as own_file
from xinyong.records.annotations import Datum
from xinyong.records.view import FieldView, RecordView
from xinyong.rights import appeals
from xinyong.rights.case_words import SealedWords
from xinyong.rights.own_cases import ONESELF, PERSON, OwnCases, checked_token
from xinyong.rights.recipients import RecipientView
from xinyong.rights.recipients import of_case as recipients_of
from xinyong.security import quotas
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import persons as register
from xinyong.workflow import cases, sealed_words
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import About, Paper, Step
from xinyong.workflow.definition import Library, Party, Procedure

KIND = "objection"
#: Outcomes of an answer and of a decision.
ACCEPT, PARTLY, REFUSE = "accept", "partly", "refuse"
OUTCOMES = (ACCEPT, PARTLY, REFUSE)
_FOLDER = Path(__file__).parent / "library"
_LIBRARY = Library(_FOLDER / "objection.yaml", _FOLDER / "objection")
#: Objections that one account may lodge.
_PER_MINUTE, _PER_DAY = 10, 200
_LONGEST_VALUE = 500
#: Steps that begin another round; each keeps the version of the record it began with.
_ROUNDS = ("ask-review", "reopen", "appeal-return")

#: In place of a field's new value: what the person asks for, which whoever decides does not read whole.
AS_ASKED = "="
cases.declare(KIND, _LIBRARY.version)
sealed_words.keeps(KIND, SealedWords())


class OwnWord(Conflict):
    """What an organisation declared of itself it corrects or withdraws itself; there is nothing to object to."""

    code = "rights.own-word"


class BadGround(Invalid):
    """An objection has one of the grounds of the regulation."""

    code = "rights.objection-ground"


class BadField(Invalid):
    """A field that the record does not have, or a value that says nothing new or too much."""

    code = "rights.objection-field"


@dataclass(frozen=True, slots=True)
class Said:
    """What an objection says: its ground, why, and for fields said to be wrong what they should be (field code → value)."""

    ground: str
    statement: str
    wanted: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """A case with the record it is about, as the archive has it now, the steps that who asks can take, and who was told to follow what
    was corrected."""

    case: CaseView
    datum: Datum
    may: frozenset[str]
    recipients: Sequence[RecipientView] = ()

    @property
    def record(self) -> RecordView:
        """The record; its newest version, withdrawn or not."""
        return self.datum.record


def procedure(on: date) -> Procedure:
    """What an objection is taken under on a day."""
    return _LIBRARY.in_force(settings.REMEDY_PROFILE, on)


def procedures() -> Sequence[Procedure]:
    """Every profile that is shipped."""
    return _LIBRARY.all()


def own_record(ref: str, *, by: Actor, at: datetime) -> RecordView:
    """A record about the actor's own organisation, or about the person themself, that can be objected to; ``ref`` as its public page or
    the page of what is on file names it. An organisation's has the fields that whoever decides reads; a person's all of them, with
    what is personal masked. Raises UnknownRecord, OwnWord, NotAllowed."""
    require(by, Action.OBJECT)
    if by.subject_code is None:
        return own_file.record(ref, by=by, as_of=clock.day(at)).record
    try:
        found, _ = dossier.record(by.subject_code, ref, as_of=clock.day(at), seen_by=by)
    except dossier.RetentionOver:  # said to whose it is
        raise
    except dossier.UnknownRecord:  # not public, or no longer
        mine = own_file.record(ref, by=by, as_of=clock.day(at)).record
        assert by.subject is not None
        found = annotations.datum(by.subject, mine.ref, as_of=clock.day(at), known_at=at).record
        found = replace(found, declared=mine.declared, marks=mine.marks)
    if found.declared is not None:
        raise OwnWord(
            "这是本单位自主申报的信息，不需要提出异议：可以直接更正（重新申报）或撤回。",
            "Your organisation declared this itself: correct it by declaring anew, or withdraw it.",
        )
    return found


@transaction.atomic
def lodge(
    ref: str, said: Said, *, papers: Sequence[Paper] = (), token: str, by: Actor, at: datetime
) -> tuple[CaseView, bool]:  # fmt: skip
    """Lodges an objection; the record is marked in the same transaction. False: the same form lodged it before.

    Raises UnknownRecord, OwnWord, BadGround, BadField, AlreadyOpen, ReasonMissing, TooManyPapers, UnfitProof, QuotaSpent, NotAllowed.
    """
    by, is_private = register.settled(by), by.subject_code is None
    record = own_record(ref, by=by, at=at)
    quotas.take(f"object:{by.account_id}", per_minute=_PER_MINUTE, per_day=_PER_DAY, now=at)
    rules = procedure(clock.day(at))
    if said.ground not in {one.id for one in rules.grounds}:
        raise BadGround("请选择异议的事由。", "Choose the ground of the objection.")
    if len(said.statement.strip()) < 4:
        raise cases.ReasonMissing("请写明哪里不对、为什么（至少 4 个字）。", "Say what is wrong and why.")
    assert by.subject is not None
    found = annotations.datum(by.subject, record.ref, as_of=clock.day(at), known_at=at)
    name, title = (PERSON, record.item_title_zh) if is_private else (record.subject_name, record.title)
    about = About(
        by.subject, by.subject_code or "", name, found.region_code, record.item_id, record.ref, title, found.source_id
    )  # fmt: skip
    facts: dict[str, object] = {
        "ground": said.ground, "version": record.version, "changes": changes(record, said.wanted, is_private=is_private),
    }  # fmt: skip
    step = Step(rules.opens, 0, checked_token(token), reason=said.statement, facts=facts, papers=papers)
    made, is_new = cases.open_case(rules, about, step, unit=ONESELF if is_private else name, by=by, at=at)
    if is_new:
        annotations.dispute(by.subject, record.ref, case_id=made.id, by=by, at=at)
    return made, is_new


def find(case_id: int, *, by: Actor, at: datetime) -> Seen:
    """One's own objection. One entry. Raises UnknownCase, NotAllowed."""
    require(by, Action.OBJECT)
    return seen(case_id, by=by, at=at)


def state_disagreement(case_id: int, *, text: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Puts the subject's statement beside a record that stayed as it is. Raises BadStatement, and as ``cases.take``."""
    said = annotations.checked(text)

    def then(case: CaseView, by: Actor, at: datetime) -> None:
        annotations.state(
            case.subject_id, case.object_ref, said, case_id=case.id, is_private=case.is_private, by=by, at=at
        )

    return _OWN.step(case_id, Step("state", after, checked_token(token), reason=said), by=by, at=at, then=then)


def ask_review(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Asks for review by another person, once; the record is marked as disputed again. Raises AppealOpen, and as ``cases.take``."""
    case = _OWN.now(case_id, by=by, at=at)
    appeals.require_none_open(case)
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)

    def then(done: CaseView, by: Actor, at: datetime) -> None:
        annotations.dispute(done.subject_id, done.object_ref, case_id=done.id, by=by, at=at)

    step = Step(
        "ask-review", after, checked_token(token), reason=reason, facts={"version": found.record.version, "changes": []}
    )
    return _OWN.step(case_id, step, by=by, at=at, then=then)


def seen(case_id: int, *, by: Actor, at: datetime) -> Seen:
    """A case with its record, for callers who have asked for their own action; of what is personal, masked as the catalogue says. One
    entry. Raises UnknownCase."""
    case = cases.find(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)
    return Seen(masked(case), found, cases.steps_open(case, by=by), recipients_of(case.id, at=at))


def changes(
    record: RecordView, wanted: Mapping[str, str], *, asked: Sequence[Mapping[str, str]] = (), is_private: bool = False
) -> list[dict[str, str]]:  # fmt: skip
    """Field by field what a record says and what it should say, as a step keeps it. A person's own masked fields are taken as they
    write them (``is_private``), and AS_ASKED stands for what was asked for before. Raises BadField."""
    fields, before = {one.code: one for one in record.fields}, {one["code"]: one for one in asked}
    found = []
    for code, text in sorted(wanted.items()):
        if text == AS_ASKED and code in before:
            found.append(dict(before[code]))
            continue
        is_sealed = is_private and code in fields and fields[code].is_masked
        new = " ".join(text.replace("\0", "").split())
        new = new if is_sealed else unnumbered(new)
        if code not in fields or len(new) > _LONGEST_VALUE:
            raise BadField(
                f"这条记录没有可以更正的数据项 {code[:40]}，或内容超过 {_LONGEST_VALUE} 字。",
                f"The record has no field {code[:40]}, or the value has more than {_LONGEST_VALUE} characters.",
            )
        if new and not annotations.is_same(fields[code].text, new):
            one = fields[code]
            said = {"code": code, "label_zh": one.label_zh, "label_en": one.label_en, "old": one.text, "new": new}
            found.append(said | ({"sealed": "yes"} if is_sealed else {}))
    return found


def is_corrected(case: CaseView, *, at: datetime) -> bool:
    """True when the archive says what was decided: the record was withdrawn, is shown no more, or a version since says every field as
    decided."""
    decided = case.last("uphold", "review-uphold")
    if decided is None:
        return False
    earlier = [one for one in case.steps if one.number < decided.number]
    before = next(one for one in reversed(earlier) if one.action in (case.procedure.opens, *_ROUNDS))
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)
    until = found.record.publish_until
    if found.is_withdrawn or (until is not None and until <= clock.day(at)):
        return True
    wanted = {one["code"]: one["new"] for one in decided.facts.get("changes", ())}
    is_newer = found.record.version > int(before.facts["version"])
    return found.says(wanted) and (bool(wanted) or is_newer)


def item_titles(case: CaseView) -> tuple[str, str]:
    """The catalogue item of the record, Chinese and English."""
    item = publish.current(case.item_id)
    return item.title_zh, item.title_en


def unlooked(found: Datum) -> Datum:
    """A person's datum as whoever deals with the case has it before they look: which fields it has, not what they say."""
    fields = tuple(FieldView(one.code, one.label_zh, one.label_en, "", grade=one.grade) for one in found.record.fields)
    return replace(found, record=replace(found.record, title="", document_no="", fields=fields, statement=""))


def masked(case: CaseView) -> CaseView:
    """A case of which what is personal is masked, and by which account the person spoke."""
    if not case.is_private or case.procedure.kind != KIND:
        return case
    fields = {one.code: one for one in publish.current(case.item_id).fields}
    steps = []
    for step in case.steps:
        changed = [_masked_change(one, fields) for one in step.facts.get("changes", ())]
        name = "" if step.party is Party.SUBJECT else step.by_name
        steps.append(replace(step, by_name=name, facts=step.facts | ({"changes": changed} if changed else {})))
    return replace(case, steps=tuple(steps))


def _masked_change(one: dict[str, str], fields: Mapping[str, Field]) -> dict[str, str]:
    if "sealed" not in one or one["code"] not in fields:
        return one
    return one | {"new": disclosure.masked(one["new"], fields[one["code"]].masking)[0]}


def _settle(case: CaseView, by: Actor, at: datetime) -> None:
    annotations.settle(case.subject_id, case_id=case.id, by=by, at=at)


_OWN = OwnCases(KIND, acts=Action.OBJECT, sees=Action.OBJECT, then=_settle)
listing, add, withdraw, paper = _OWN.listing, _OWN.add, _OWN.withdraw, _OWN.paper
