"""申诉审查 What is done about appeals: taken up, papers asked for, decided, by somebody who took no step in the case it is about.

Upheld, the first case goes back to its own desk by a step of its own procedure with the instruction as its reason; nothing else is
done here: its own verbs carry it out, by another person than who decided before. Dismissed, the decision names the remedies in law.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, Invalid
from xinyong.rights import appeal, appeals, whose
from xinyong.rights.appeal import SeenAppeal
from xinyong.rights.appeals import KIND
from xinyong.rights.own_cases import checked_token
from xinyong.rights.remedies import REMEDIED
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import cases, subject_notices
from xinyong.workflow.case_view import CaseView, Listed
from xinyong.workflow.cases import Step
from xinyong.workflow.definition import Party
from xinyong.workflow.subject_kinds import SubjectKind

UPHOLD, DISMISS = "uphold", "dismiss"
_OFFICES = frozenset({Party.CENTRE, Party.SECOND, Party.SOURCE})


class DecidedBefore(Forbidden):
    """Whoever took a step for an office in the first case has no part in the appeal against it."""

    code = "rights.decided-before"


class BadOutcome(Invalid):
    """An appeal is upheld or dismissed."""

    code = "rights.appeal-outcome"


def inbox(
    *, state: str = "", text: str = "", is_over: bool = False, after: str = "", limit: int = 20, seen_by: Actor, at: datetime
) -> Listed:  # fmt: skip
    """Appeals in the order of what presses most. One entry. Raises NotAllowed, BadPlace."""
    require(seen_by, Action.VIEW_APPEALS)
    return cases.inbox(
        kind=KIND, by=seen_by, at=at, calendar=tables.calendar(), state=state, text=text, is_over=is_over, after=after,
        limit=limit,
    )  # fmt: skip


def find(case_id: int, *, seen_by: Actor, at: datetime) -> SeenAppeal:
    """One appeal with the whole course of the case it is against, and its record. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_APPEALS)
    found = appeal.seen(case_id, by=seen_by, at=at)
    if has_part(found.first, seen_by, case_id=case_id):
        return SeenAppeal(found.case, found.first, found.record, frozenset())
    return found


def paper(case_id: int, number: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens a paper into ``to``; its name and content type. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_APPEALS)
    return cases.open_document(case_id, number, kind=KIND, to=to, by=seen_by)


def has_part(first: CaseView, who: Actor, *, case_id: int) -> bool:
    """True when somebody took a step for an office in a case, otherwise than by upholding this appeal against it."""
    steps = [one for one in first.steps if one.party in _OFFICES and one.facts.get("appeal") != case_id]
    return any(one.by_name == who.name for one in steps)


def take_up(case_id: int, *, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Says that the appeal was taken up. Raises DecidedBefore, and as ``cases.take``."""
    return _step(case_id, Step("take-up", after, checked_token(token)), by=by, at=at, then=_moved(by, at))


def ask(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Asks for more papers; the clock goes on. Raises DecidedBefore, and as ``cases.take``."""
    return _step(case_id, Step("ask", after, checked_token(token), reason=reason), by=by, at=at, then=_moved(by, at))


def decide(
    case_id: int, *, outcome: str, reason: str, after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """Upheld, with what is to be done: the first case is open again in the same transaction. Or dismissed, with reasons and the
    remedies that are left. Raises BadOutcome, DecidedBefore, and as ``cases.take``; of the first case StepNotNow where it moved."""
    if outcome not in (UPHOLD, DISMISS):
        raise BadOutcome("请选择结论：成立或不成立。", "Choose: upheld, or dismissed.")

    def then(case: CaseView) -> None:
        appeal.unmark(case, by=by, at=at)
        if outcome == UPHOLD:
            _return(case, reason, by=by, at=at)
        subject_notices.tell(
            SubjectKind.APPEAL_ANSWERED, subject_id=case.subject_id, facts={"on": clock.day(at).isoformat()},
            link=f"/own/appeals/{case.id}/", key=f"{case.id}/{case.after}", by=by, at=at,
        )  # fmt: skip

    step = Step(outcome, after, checked_token(token), reason=reason, facts={"outcome": outcome})
    return _step(case_id, step, by=by, at=at, then=then)


def _return(case: CaseView, instruction: str, *, by: Actor, at: datetime) -> None:
    """Puts the first case back on its desk."""
    first = cases.again(appeals.case_of(case.object_ref), kind=None, by=by, at=at, calendar=tables.calendar())
    of = REMEDIED[first.procedure.kind]
    step = Step(
        "appeal-return", first.after, f"appeal-{case.id}-{case.after:06}", reason=instruction,
        facts={**of.noted(first, at), "appeal": case.id},
    )  # fmt: skip
    cases.take(
        first.id, step, kind=first.procedure.kind, unit=settings.SITE_NAME, by=by, at=at, then=lambda again: of.follows(again, by, at)
    )  # fmt: skip


def _moved(by: Actor, at: datetime) -> cases.Then:
    def tell(case: CaseView) -> None:
        last = case.steps[-1]
        subject_notices.tell(
            SubjectKind.APPEAL_MOVED, subject_id=case.subject_id,
            facts={"on": clock.day(at).isoformat(), "step_zh": last.zh, "step_en": last.en},
            link=f"/own/appeals/{case.id}/", key=f"{case.id}/{case.after}", by=by, at=at,
        )  # fmt: skip

    return tell


@transaction.atomic
def _step(case_id: int, step: Step, *, by: Actor, at: datetime, then: cases.Then) -> CaseView:
    require(by, Action.DECIDE_APPEAL)
    case = cases.again(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())
    whose.hold(case.subject_id)
    first = cases.again(appeals.case_of(case.object_ref), kind=None, by=by, at=at, calendar=tables.calendar())
    if has_part(first, by, case_id=case_id):
        raise DecidedBefore(
            "您办过原来的那一件，申诉须由没有参与过的人员审查。",
            "You took part in the first case: somebody who did not examines the appeal.",
        )
    return cases.take(case_id, step, kind=KIND, unit=settings.SITE_NAME, by=by, at=at, then=then)[0]
