"""办结反馈 Once a case is closed, whoever it is about says whether it was settled. Not settled opens it again, once, at its own desk.

Another person than who decided takes the next decision (the procedure's ``anew``), the terms begin anew, and the course goes on where
it stood: nothing is taken back. Settled, or no answer: it stays closed. What was said is counted by kind, never by person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.rights import appeals, whose
from xinyong.rights.own_cases import checked_token
from xinyong.rights.remedies import REMEDIED
from xinyong.security import audit, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.workflow import cases, closed
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import Step
from xinyong.workflow.closed import REOPENS, SETTLED, UNSETTLED, Tally


class NotAsked(Conflict):
    """The case is open, or was withdrawn: nobody asks whether it was settled."""

    code = "rights.feedback-not-asked"


class AlreadySaid(Conflict):
    """Whether this end settled the matter was said."""

    code = "rights.feedback-given"


class TooLate(Conflict):
    """The days in which the case asks are over; ``facts`` has the last of them."""

    code = "rights.feedback-too-late"


@dataclass(frozen=True, slots=True)
class Given:
    """What was said, and what came of it."""

    case: CaseView
    is_reopened: bool


@transaction.atomic
def give(
    kind: str, case_id: int, *, is_settled: bool, text: str = "", after: int, token: str, by: Actor, at: datetime
) -> Given:  # fmt: skip
    """Says of one's own closed case that it settled the matter, or that it did not and why. Sent again, said once.

    Raises UnknownCase, NotAsked, AlreadySaid, TooLate, AppealOpen, ReasonMissing, NotAllowed, and as ``cases.take``.
    """
    require(by, Action.GIVE_FEEDBACK, subject=by.subject)
    whose.hold(by.subject if by.subject is not None else -1)
    case = cases.again(case_id, kind=kind if kind in REMEDIED else "", by=by, at=at, calendar=tables.calendar())
    sent = closed.sent(case.id, checked_token(token))
    if sent is None:
        _check(case, at)
    action, facts = sent or _wanted(case, is_settled, at)

    def then(done: CaseView) -> None:
        if action in REOPENS:
            REMEDIED[kind].follows(done, by, at)

    step = Step(action, after, token, reason=text, facts=facts)
    done, _ = cases.take(case.id, step, kind=kind, unit=case.subject_name, by=by, at=at, then=then)
    return Given(done, action in REOPENS)


def tallies(*, since: date, until: date, seen_by: Actor) -> Sequence[Tally]:
    """How the cases of each kind were settled in a time, in the words of those they were about. One entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_FEEDBACK)
    audit.enter(audit.Event.CASES_LISTED, by=seen_by, object_kind="feedback", object_ref=f"{since}/{until}")
    with scope.acting(system("feedback")):
        return closed.tallies(list(REMEDIED), since=_begins(since), until=_begins(until))


def _check(case: CaseView, at: datetime) -> None:
    until = closed.last_day(case, case.procedure.feedback, calendar=tables.calendar())
    if until is None:
        raise NotAsked(
            "这一件还没有办结，或者已经撤回，不需要反馈。",
            "The case is open, or was withdrawn: there is nothing to say of its end.",
        )
    if closed.word_of(case) is not None:
        raise AlreadySaid("您已经反馈过这次办理结果。", "You have said already how this end was.")
    if clock.day(at) > until:
        raise TooLate(
            f"反馈期限已于 {until} 届满。不服结论的，还可以按办件页面写明的途径处理。",
            f"The days to say so ended on {until}. The case's page says what is left to whoever disagrees.",
            last_day=until.isoformat(),
        )


def _wanted(case: CaseView, is_settled: bool, at: datetime) -> tuple[str, Mapping[str, object]]:
    """The step that says it, and what it keeps."""
    if is_settled:
        return SETTLED, {}
    action = closed.reopens(case)
    if not action:
        return UNSETTLED, {}
    appeals.require_none_open(case)
    return action, REMEDIED[case.procedure.kind].noted(case, at)


def _begins(on: date) -> datetime:
    return datetime.combine(on, time(), tzinfo=clock.ZONE)
