"""修复办理 What the body that determined, and the credit centre, do about applications: accept, decide, review, revoke, close.

Who determined decides (谁认定、谁修复). The centre can enter a decision of a body that does not work here itself, with that body's
paper; it decides nothing. A yes takes effect in the transaction of the decision; the case is closed when every recipient has
acknowledged (INV-65), by hand or by the hourly job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from xinyong.catalogue import publish, tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.records.repaired import Ending
from xinyong.rights import effects, recipients, repair
from xinyong.rights.effects import Cause, Happening
from xinyong.rights.own_cases import checked_token
from xinyong.rights.repair import KIND, PLAN_FAILED, REVOCATIONS, SeenRepair
from xinyong.rights.repair_rules import RESTRUCTURING
from xinyong.security import audit, identity, scope
from xinyong.security.access import Action, Actor, Role, require, system
from xinyong.workflow import cases, subject_notices
from xinyong.workflow.case_view import CaseView, Listed
from xinyong.workflow.cases import MovedMeanwhile, Paper, Step, StepNotNow
from xinyong.workflow.deadlines import TermView
from xinyong.workflow.kinds import Kind
from xinyong.workflow.subject_kinds import SubjectKind

#: Told as near from so many days before the last.
NEAR = 1


class NotAcknowledged(Conflict):
    """A recipient has not said yet that it has let go of the record (INV-65, E_SYNC)."""

    code = "rights.repair-not-acknowledged"
    invariant = "E_SYNC"


class DecisionPaperMissing(Invalid):
    """The centre enters another body's decision with that body's paper only."""

    code = "rights.repair-decision-paper"


class BadCause(Invalid):
    """A repair is revoked for fraud, for an error of the decision, or because a restructuring plan failed."""

    code = "rights.repair-cause"


class NoLonger(Invalid):
    """The rule set does not let the term be made longer by so much."""

    code = "rights.repair-extension"
    invariant = "W_OVERDUE"


@dataclass(frozen=True, slots=True)
class Done:
    """What one round did: cases closed, terms told as near, terms escalated."""

    closed: int
    near: int
    over: int


def inbox(
    *, state: str = "", text: str = "", is_over: bool = False, after: str = "", limit: int = 20, seen_by: Actor, at: datetime
) -> Listed:  # fmt: skip
    """Applications in the order of what presses most; a department's are those about its records. One entry. Raises NotAllowed, BadPlace."""
    require(seen_by, Action.VIEW_REPAIRS)
    return cases.inbox(
        kind=KIND, by=seen_by, at=at, calendar=tables.calendar(), state=state, text=text, is_over=is_over, after=after,
        limit=limit,
    )  # fmt: skip


def find(case_id: int, *, seen_by: Actor, at: datetime) -> SeenRepair:
    """One application. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_REPAIRS)
    return repair.seen(case_id, by=seen_by, at=at)


def paper(case_id: int, number: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens a paper into ``to``; its name and content type. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_REPAIRS)
    return cases.open_document(case_id, number, kind=KIND, to=to, by=seen_by)


def ask(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Says at once, and once, which papers are missing; the clock stands still until they come. Raises as ``cases.take``."""
    return _step(case_id, Step("ask", after, checked_token(token), reason=reason), by=by, at=at)


def accept(case_id: int, *, papers: Sequence[Paper] = (), after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Accepts the application. Raises DecisionPaperMissing, and as ``cases.take``."""
    return _decide("accept", case_id, "", papers, after, token, by, at)


def refuse(
    case_id: int, *, reason: str, papers: Sequence[Paper] = (), after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """Does not accept it, with reasons; the organisation may ask for review. Raises DecisionPaperMissing, and as ``cases.take``."""
    return _decide("refuse", case_id, reason, papers, after, token, by, at)


def extend(case_id: int, *, days: int, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Makes the term of the result longer, once; the applicant reads it at once. Raises NoLonger, and as ``cases.take``."""
    case = _now(case_id, by, at)
    found = next((one for one in case.procedure.terms if one.id == "result"), None)
    running = next((one for one in case.terms if one.id == "result" and one.is_running and not one.is_over), None)
    most = found.extension.days if found and found.extension else 0
    if running is None or not 1 <= days <= most:
        raise NoLonger(
            f"办理期限不能延长，或最多延长 {most} 个工作日；期限届满后不能再延长。",
            f"The term cannot be extended, or by {most} working days at most, and not once it is over.",
        )
    facts: dict[str, object] = {"term": "result", "days": days}
    return _step(case_id, Step("extend", after, checked_token(token), reason=reason, facts=facts), by=by, at=at)


@transaction.atomic
def grant(
    case_id: int, *, reason: str = "", papers: Sequence[Paper] = (), after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """Decides that the record is repaired: nobody is shown it from this instant, every recipient is told; where there is none, the case
    is closed with it. Raises DecisionPaperMissing, and as ``cases.take``."""

    def then(case: CaseView) -> None:
        effects.carry_out(_repaired(case, at))
        _answered(SubjectKind.REPAIR_DONE, case, by=by, at=at)

    _needs_paper(_now(case_id, by, at), papers, by)
    step = Step("grant", after, checked_token(token), reason=reason, papers=papers)
    done = _step(case_id, step, by=by, at=at, then=then)
    with scope.acting(system("repair")):
        return _close_if_done(done, at=at) or done


def deny(
    case_id: int, *, reason: str, papers: Sequence[Paper] = (), after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """Decides that the record is not repaired, with reasons; the organisation may ask for review. Raises DecisionPaperMissing, and as
    ``cases.take``."""
    return _decide("deny", case_id, reason, papers, after, token, by, at)


def review(
    case_id: int, *, is_returned: bool, reason: str, after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """Another person of the centre looks at the result: back to the body that determined, or it stands. Raises as ``cases.take``."""
    action = "review-return" if is_returned else "review-uphold"
    return _step(case_id, Step(action, after, checked_token(token), reason=reason), by=by, at=at)


def revoke(case_id: int, *, cause: str, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Revokes a repair: the record is shown again for what is left of its terms, every recipient is told; fraud bars the next for the
    years of the rule set. Raises BadCause, and as ``cases.take``."""
    case = _now(case_id, by, at)
    is_plan = case.steps[0].facts.get("ground") == RESTRUCTURING
    if cause not in REVOCATIONS or (cause == PLAN_FAILED and not is_plan):
        raise BadCause(
            "请选择撤销的情形；“重整计划未执行”只用于凭裁定书的修复。",
            "Choose why it is revoked; a failed plan only where the repair rests on a court's ruling.",
        )

    def then(done: CaseView) -> None:
        why = Ending.PLAN_FAILED if cause == PLAN_FAILED else Ending.REVOKED
        effects.undo(_repaired(done, at, why=why.value))

    step = Step("revoke", after, checked_token(token), reason=reason, facts={"cause": cause})
    return _step(case_id, step, by=by, at=at, then=then)


def close(case_id: int, *, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Closes a repair that every recipient has acknowledged. Raises NotAcknowledged, and as ``cases.take``."""
    _now(case_id, by, at)
    if not recipients.is_done(case_id):
        waiting = sorted({one.unit for one in recipients.of_case(case_id, at=at) if one.is_waited_for})
        raise NotAcknowledged(
            f"还有使用方没有回执，不能办结：{'、'.join(waiting[:5])}。",
            f"Not all recipients have acknowledged yet: {', '.join(waiting[:5])}.",
        )
    return _step(case_id, Step("close", after, checked_token(token)), by=by, at=at)


def checked(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Says what came of it where the applicant held that the record is still shown somewhere; by another person than who closed the
    case. Raises as ``cases.take``."""

    def then(case: CaseView) -> None:
        _answered(SubjectKind.REPAIR_DONE, case, by=by, at=at)

    return _step(case_id, Step("checked", after, checked_token(token), reason=reason), by=by, at=at, then=then)


def follow(*, by: Actor, at: datetime) -> Done:
    """One round of the clock: closes what everybody has acknowledged, tells of terms near their end, escalates those past it. Safe to
    run again and beside anybody. One entry. Raises NotAllowed."""
    require(by, Action.OPERATE)
    closed = near = over = 0
    for case in cases.pressing(kind=KIND, by=by, at=at, calendar=tables.calendar()):
        if case.state.id == "syncing" and _close_if_done(case, at=at) is not None:
            closed += 1
            continue
        for term in case.terms:
            if term.is_running and term.is_over:
                over += _escalated(case, term, by, at)
            elif term.is_running and term.due_on is not None and term.days_left <= NEAR:
                near += repair.tell_source(Kind.REPAIR_NEAR, case, term, by=by, at=at)
    audit.enter(
        audit.Event.REMINDERS_TOLD, by=by, object_kind="repairs", object_ref=clock.day(at).isoformat(), near=near,
        overdue=over,
    )  # fmt: skip
    return Done(closed, near, over)


def _repaired(case: CaseView, at: datetime, why: str = "") -> Happening:
    """What happened, for the list of effects."""
    return Happening(
        Cause.REPAIRED, at, case.subject_id, subject_code=case.subject_code, item_id=case.item_id, ref=case.object_ref,
        case_id=case.id, why=why,
    )  # fmt: skip


def _close_if_done(case: CaseView, *, at: datetime) -> CaseView | None:
    if not recipients.is_done(case.id):
        return None
    step = Step("close", case.after, f"by-the-clock-{case.after:06}")
    try:
        return cases.take(case.id, step, kind=KIND, unit="本平台（自动）", by=system("repair"), at=at)[0]
    except (MovedMeanwhile, StepNotNow):  # somebody was quicker
        return None


def _escalated(case: CaseView, term: TermView, by: Actor, at: datetime) -> int:
    said = [one for one in case.steps if one.action == "escalate" and one.facts.get("term") == term.id]
    if said:
        return 0
    step = Step(
        "escalate", case.after, f"overdue-{term.id}-{case.after:06}", facts={"term": term.id, "hours": term.hours_over}
    )
    try:
        cases.take(case.id, step, kind=KIND, unit="本平台（自动）", by=by, at=at)
    except (MovedMeanwhile, StepNotNow):
        return 0
    repair.tell_source(Kind.REPAIR_OVERDUE, case, term, by=by, at=at)
    return 1


def _decide(
    action: str, case_id: int, reason: str, papers: Sequence[Paper], after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    def then(case: CaseView) -> None:
        if not case.is_open:
            _answered(SubjectKind.REPAIR_ANSWERED, case, by=by, at=at)

    _needs_paper(_now(case_id, by, at), papers, by)
    step = Step(action, after, checked_token(token), reason=reason, papers=papers)
    return _step(case_id, step, by=by, at=at, then=then)


def _answered(kind: SubjectKind, case: CaseView, *, by: Actor, at: datetime) -> None:
    """Tells whose application it is what came of it."""
    item = publish.current(case.item_id)
    subject_notices.tell(
        kind, subject_id=case.subject_id,
        facts={"item_zh": item.title_zh, "item_en": item.title_en, "on": clock.day(at).isoformat()},
        link=f"/own/repairs/{case.id}/", key=f"{case.id}/{case.after}", by=by, at=at,
    )  # fmt: skip


def _needs_paper(case: CaseView, papers: Sequence[Paper], by: Actor) -> None:
    if by.role is Role.OPERATOR and not papers:
        raise DecisionPaperMissing(
            f"修复由认定单位（{case.source_name}）决定。信用中心代为录入的，请附该单位的书面决定。",
            f"The body that determined ({case.source_name}) decides. To enter its decision, attach its paper.",
        )


def _now(case_id: int, by: Actor, at: datetime) -> CaseView:
    require(by, Action.DECIDE_REPAIR)
    return cases.again(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())


@transaction.atomic
def _step(case_id: int, step: Step, *, by: Actor, at: datetime, then: cases.Then | None = None) -> CaseView:
    require(by, Action.DECIDE_REPAIR)
    return cases.take(case_id, step, kind=KIND, unit=_unit(by), by=by, at=at, then=then)[0]


def _unit(by: Actor) -> str:
    if by.role is Role.SOURCE_UNIT and by.department:
        return identity.source_unit(by.department, even_closed=True).name
    return "本平台（自动）" if by.role is Role.SYSTEM else repair.site()
