"""Complaints and appeals by the clock: a unit is told when its explanation is nearly due, what is past its end is escalated, once each.

What is over is a step of its own in the case, which the credit centre sees in red with its hours. Nothing is moved or ended silently.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.rights import appeal, complaint, complaint_desk
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import cases
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import MovedMeanwhile, Step, StepNotNow
from xinyong.workflow.deadlines import TermView
from xinyong.workflow.definition import Party
from xinyong.workflow.kinds import Kind

#: Told as near from so many days before the last.
NEAR = 1


@dataclass(frozen=True, slots=True)
class Done:
    """What one round did: terms told as near, terms escalated."""

    near: int
    over: int


@transaction.atomic
def follow(*, by: Actor, at: datetime) -> Done:
    """One round over both; safe to run again and at the same time as anybody. One entry for each. Raises NotAllowed."""
    require(by, Action.OPERATE)
    near = over = 0
    for kind, many in ((complaint.KIND, "complaints"), (appeal.KIND, "appeals")):
        near_here = over_here = 0
        for case in cases.pressing(kind=kind, by=by, at=at, calendar=tables.calendar()):
            for term in case.terms:
                if term.is_running and term.is_over:
                    over_here += _escalated(case, term, by, at)
                elif term.is_running and term.due_on is not None and term.days_left <= NEAR:
                    near_here += _told(Kind.COMPLAINT_NEAR, case, term, by, at)
        audit.enter(
            audit.Event.REMINDERS_TOLD, by=by, object_kind=many, object_ref=clock.day(at).isoformat(), near=near_here,
            overdue=over_here,
        )  # fmt: skip
        near, over = near + near_here, over + over_here
    return Done(near, over)


def _escalated(case: CaseView, term: TermView, by: Actor, at: datetime) -> bool:
    """The step, once for each end of a term, and the notice to the unit that is to act."""
    _told(Kind.COMPLAINT_OVERDUE, case, term, by, at)
    token = f"escalate-{term.id}-{term.due_on}"
    if any(one.action == "escalate" and one.facts.get("token") == token for one in case.steps):
        return False
    step = Step("escalate", case.after, token, facts={"term": term.id, "due": str(term.due_on), "token": token})
    try:
        _, is_new = cases.take(case.id, step, kind=case.procedure.kind, unit="本平台（自动）", by=by, at=at)
    except (MovedMeanwhile, StepNotNow):  # somebody was quicker
        return False
    return is_new


def _told(kind: Kind, case: CaseView, term: TermView, by: Actor, at: datetime) -> bool:
    """Tells the unit of a term of its own; the centre reads its terms in its inbox."""
    if term.party is not Party.SOURCE:
        return False
    return complaint_desk.tell_unit(kind, case, {"due": str(term.due_on)}, by=by, at=at)
