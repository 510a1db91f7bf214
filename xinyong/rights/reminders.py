"""Objections by the clock: closed when the archive says so, told of when a term is near its end, escalated when it has passed.

A source unit is told in its inbox (workflow/notices.py), each term once near and once over; what is over is a step of its own in the
case, which the credit centre sees in red with its hours. Nothing is moved or ended silently.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.rights import objection, objection_desk
from xinyong.rights.objection import KIND
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import cases, notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import MovedMeanwhile, Step, StepNotNow
from xinyong.workflow.deadlines import TermView
from xinyong.workflow.kinds import Kind

#: Told as near from so many days before the last.
NEAR = 1


@dataclass(frozen=True, slots=True)
class Done:
    """What one round did: cases closed, terms told as near, terms escalated."""

    closed: int
    near: int
    over: int


@transaction.atomic
def follow(*, by: Actor, at: datetime) -> Done:
    """One round; safe to run again and at the same time as anybody. One entry. Raises NotAllowed."""
    require(by, Action.OPERATE)
    closed = near = over = 0
    for case in cases.pressing(kind=KIND, by=by, at=at, calendar=tables.calendar()):
        if case.state.id == "correcting" and objection.is_corrected(case, at=at):
            closed += _closed(case, by, at)
            continue
        for term in case.terms:
            if term.is_running and term.is_over:
                over += _escalated(case, term, by, at)
            elif term.is_running and term.due_on is not None and term.days_left <= NEAR:
                near += _told(Kind.OBJECTION_NEAR, case, term, by, at)
    audit.enter(
        audit.Event.REMINDERS_TOLD, by=by, object_kind="objections", object_ref=clock.day(at).isoformat(), near=near,
        overdue=over,
    )  # fmt: skip
    return Done(closed, near, over)


def _closed(case: CaseView, by: Actor, at: datetime) -> bool:
    try:
        objection_desk.finish(case.id, after=case.after, token=f"by-the-clock-{case.after:06}", by=by, at=at)
    except (MovedMeanwhile, StepNotNow):  # somebody was quicker: the next round looks again
        return False
    return True


def _escalated(case: CaseView, term: TermView, by: Actor, at: datetime) -> bool:
    """The step, once for each end of a term, and the notice to the unit that is to act."""
    _told(Kind.OBJECTION_OVERDUE, case, term, by, at)
    token = f"escalate-{term.id}-{term.due_on}"
    if any(one.action == "escalate" and one.facts.get("token") == token for one in case.steps):
        return False
    facts: dict[str, object] = {"term": term.id, "due": str(term.due_on), "token": token}
    step = Step("escalate", case.after, token, facts=facts)
    try:
        _, is_new = cases.take(case.id, step, kind=case.procedure.kind, unit="本平台（自动）", by=by, at=at)
    except (MovedMeanwhile, StepNotNow):
        return False
    return is_new


def _told(kind: Kind, case: CaseView, term: TermView, by: Actor, at: datetime) -> bool:
    """Tells the source unit while the case is with it; the credit centre reads its own terms in its inbox."""
    if case.state.id != "with-source":
        return False
    zh, en = objection.item_titles(case)
    notice = notices.tell(
        kind, department_id=case.source_id,
        facts={
            "case": case.id, "item_zh": zh, "item_en": en, "due": str(term.due_on), "term_zh": term.zh, "term_en": term.en,
        },
        link=f"/office/objections/{case.id}/", key=f"{case.id}/{term.id}/{term.due_on}", by=by, at=at,
    )  # fmt: skip
    return notice is not None
