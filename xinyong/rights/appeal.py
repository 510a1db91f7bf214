"""申诉 A subject appeals against the end of its own objection, repair or complaint: once for each end, within the term of the procedure.

The appeal is a case of its own about the first one. Whoever took any step for an office there decides nothing here
(rights/appeal_desk.py). An appeal against an objection marks the record as disputed while it is examined, as the review does. Whether
the review has to come first the procedure says. Source: 国办发〔2025〕22号 (异议申诉). Terms: rights/library/appeal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.records import annotations
from xinyong.records.view import RecordView
from xinyong.rights import appeals, objection, repair, whose
from xinyong.rights.case_words import SealedWords
from xinyong.rights.own_cases import OwnCases, checked_token
from xinyong.rights.remedies import REMEDIED, Remedied, is_review_due
from xinyong.security import quotas
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import cases, closed, sealed_words
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import About, Paper, Step
from xinyong.workflow.definition import Library, Procedure

KIND, PROFILE = appeals.KIND, "national"
#: Kinds of case whose object is a record; of others the case says all there is.
OF_RECORDS = frozenset({objection.KIND, repair.KIND})
_FOLDER = Path(__file__).parent / "library"
_LIBRARY = Library(_FOLDER / "appeal.yaml", _FOLDER / "appeal")
_PER_MINUTE, _PER_DAY = 10, 50

cases.declare(KIND, _LIBRARY.version)
sealed_words.keeps(KIND, SealedWords())


class NotAppealable(Conflict):
    """The case is open still, was withdrawn, or ended as was asked for."""

    code = "rights.not-appealable"


class ReviewFirst(Conflict):
    """The procedure has a review, which comes before the appeal."""

    code = "rights.review-first"


class TooLate(Conflict):
    """The term of the appeal is over; ``facts`` has its last day."""

    code = "rights.appeal-too-late"


class Appealed(Conflict):
    """This end was appealed against already, and that appeal was decided."""

    code = "rights.appealed-already"


class BadGround(Invalid):
    """An appeal has one of the grounds of the procedure."""

    code = "rights.appeal-ground"


@dataclass(frozen=True, slots=True)
class Said:
    """What an appeal says: its ground, and why."""

    ground: str
    statement: str


@dataclass(frozen=True, slots=True)
class SeenAppeal:
    """An appeal, the case it is against with its whole course, its record (None where that case has none, or is a natural person's), and the steps that
    who asks can take."""

    case: CaseView
    first: CaseView
    record: RecordView | None
    may: frozenset[str]

    @property
    def of(self) -> Remedied:
        """What kind of case it is against."""
        return REMEDIED[self.first.procedure.kind]


def procedure(on: date) -> Procedure:
    """What an appeal is taken under on a day."""
    return _LIBRARY.in_force(PROFILE, on)


def procedures() -> Sequence[Procedure]:
    """Every profile that is shipped."""
    return _LIBRARY.all()


def appealable(case_id: int, *, by: Actor, at: datetime) -> CaseView:
    """A case of one's own whose end can be appealed against now. Raises UnknownCase, NotAppealable, ReviewFirst, TooLate, NotAllowed."""
    require(by, Action.APPEAL, subject=by.subject)
    first = cases.again(case_id, kind=None, by=by, at=at, calendar=tables.calendar())
    until = closed.last_day(first, first.procedure.appeal, calendar=tables.calendar())
    if until is None:
        raise NotAppealable(
            "这一件不能申诉：还没有办结，或者已经撤回，或者结论已支持您的请求。",
            "There is nothing to appeal against: the case is open, was withdrawn, or was decided as you asked.",
        )
    if is_review_due(first):
        raise ReviewFirst(
            "这一件请先申请复核；对复核结论不服的，再申诉。",
            "Ask for the review of this case first; you may appeal against its outcome.",
        )
    if clock.day(at) > until:
        raise TooLate(
            f"申诉期限已于 {until} 届满。还可以依法申请行政复议或者提起诉讼。",
            f"The term of the appeal ended on {until}. Administrative reconsideration and the courts remain.",
            last_day=until.isoformat(),
        )
    return first


@transaction.atomic
def lodge(
    case_id: int, said: Said, *, papers: Sequence[Paper] = (), token: str, by: Actor, at: datetime
) -> tuple[CaseView, bool]:  # fmt: skip
    """Appeals. False: the same form appealed before.

    Raises UnknownCase, NotAppealable, ReviewFirst, TooLate, BadGround, Appealed, AlreadyOpen, ReasonMissing, TooManyPapers, UnfitProof,
    QuotaSpent, NotAllowed.
    """
    require(by, Action.APPEAL, subject=by.subject)
    whose.hold(by.subject if by.subject is not None else -1)
    first = appealable(case_id, by=by, at=at)
    quotas.take(f"appeal:{by.account_id}", per_minute=_PER_MINUTE, per_day=_PER_DAY, now=at)
    rules = procedure(clock.day(at))
    if said.ground not in {one.id for one in rules.grounds}:
        raise BadGround("请选择申诉的事由。", "Choose the ground of the appeal.")
    if len(said.statement.strip()) < 4:
        raise cases.ReasonMissing("请写明不同意哪里、为什么（至少 4 个字）。", "Say with what you disagree, and why.")
    before = appeals.is_appealed(first)
    about = About(
        first.subject_id, first.subject_code, first.subject_name, closed.region_of(first.id), first.item_id, appeals.ref_of(first),
        first.title, first.source_id,
    )  # fmt: skip
    facts: dict[str, object] = {"ground": said.ground, "of": first.procedure.kind, "case": first.id, "end": first.after}
    step = Step(rules.opens, 0, checked_token(token), reason=said.statement, facts=facts, papers=papers)
    made, is_new = cases.open_case(rules, about, step, unit=first.subject_name, by=by, at=at)
    if is_new and before is not None:
        raise Appealed(
            f"对这个结论已经申诉过（申诉 {before.id}）。还可以依法申请行政复议或者提起诉讼。",
            f"This end was appealed against already (appeal {before.id}). Administrative reconsideration and the courts remain.",
        )
    if is_new and first.procedure.kind == objection.KIND:
        annotations.dispute(first.subject_id, first.object_ref, case_id=made.id, by=by, at=at)
    return made, is_new


def find(case_id: int, *, by: Actor, at: datetime) -> SeenAppeal:
    """One's own appeal. One entry. Raises UnknownCase, NotAllowed."""
    require(by, Action.APPEAL, subject=by.subject)
    return seen(case_id, by=by, at=at)


def seen(case_id: int, *, by: Actor, at: datetime) -> SeenAppeal:
    """An appeal with the case it is against, for callers who have asked for their own action. One entry. Raises UnknownCase."""
    case = cases.find(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())
    first = cases.again(appeals.case_of(case.object_ref), kind=None, by=by, at=at, calendar=tables.calendar())
    record = None
    if (
        first.is_private
    ):  # whoever examines it looks at the record in that case, by its button: a look that the person reads of
        first = objection.masked(first)
    elif first.procedure.kind in OF_RECORDS:
        record = annotations.datum(first.subject_id, first.object_ref, as_of=clock.day(at), known_at=at).record
    return SeenAppeal(case, first, record, cases.steps_open(case, by=by))


def unmark(case: CaseView, *, by: Actor, at: datetime) -> None:
    """Ends the mark that an appeal against an objection put on the record."""
    if case.steps[0].facts.get("of") == objection.KIND:
        annotations.settle(case.subject_id, case_id=case.id, by=by, at=at)


def _unmark_withdrawn(case: CaseView, by: Actor, at: datetime) -> None:
    unmark(case, by=by, at=at)


_OWN = OwnCases(KIND, acts=Action.APPEAL, sees=Action.APPEAL, then=_unmark_withdrawn)
listing, add, withdraw, paper = _OWN.listing, _OWN.add, _OWN.withdraw, _OWN.paper
