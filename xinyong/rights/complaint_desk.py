"""投诉办理 What the credit centre and the unit that looked do about complaints: take up, ask for an explanation, explain, decide.

Whoever made the look never deals with the complaint about it; they explain it, like their unit. Founded, it stands as an alarm against
who looked (rights/alarms.py, reviewed by somebody else again), on the subject's access log, and can end the authorisation the look
rested on by the verb there is. Closing a program's client is the system administrator's: the alarm and the client's page say so.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Invalid
from xinyong.rights import alarms, complaint, consent
from xinyong.rights.complaint import KIND, OwnLook, SeenComplaint
from xinyong.rights.own_cases import checked_token
from xinyong.security import identity
from xinyong.security.access import Action, Actor, Role, require
from xinyong.workflow import cases, kinds, notices, subject_notices
from xinyong.workflow.case_view import CaseView, Listed
from xinyong.workflow.cases import Paper, Step
from xinyong.workflow.kinds import Kind
from xinyong.workflow.subject_kinds import SubjectKind

FOUNDED, UNFOUNDED = "founded", "unfounded"
#: What whoever made the look may still do about a complaint of it.
_EXPLAINS = frozenset({"explain", "explain-own"})


class BadOutcome(Invalid):
    """A complaint is founded or not; an authorisation ends only with a founded one, and only where the look rested on one."""

    code = "rights.complaint-outcome"


def inbox(
    *, state: str = "", text: str = "", is_over: bool = False, after: str = "", limit: int = 20, seen_by: Actor, at: datetime
) -> Listed:  # fmt: skip
    """Complaints in the order of what presses most; a unit's are those it was asked to explain. One entry. Raises NotAllowed, BadPlace."""
    require(seen_by, Action.VIEW_COMPLAINTS)
    return cases.inbox(
        kind=KIND, by=seen_by, at=at, calendar=tables.calendar(), state=state, text=text, is_over=is_over, after=after,
        limit=limit,
    )  # fmt: skip


def find(case_id: int, *, seen_by: Actor, at: datetime) -> SeenComplaint:
    """One complaint with the look behind it. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_COMPLAINTS)
    found = complaint.seen(case_id, by=seen_by, at=at)
    may = found.may - ({"forward"} if found.is_of_centre else {"explain-own"})
    if _is_own(found.case, seen_by):
        may &= _EXPLAINS
    return SeenComplaint(found.case, found.line, found.look, may, found.appeal_until)


def paper(case_id: int, number: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens a paper into ``to``; its name and content type. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_COMPLAINTS)
    return cases.open_document(case_id, number, kind=KIND, to=to, by=seen_by)


def take_up(case_id: int, *, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Says that the centre has taken the complaint up. Raises OwnLook, and as ``cases.take``."""
    return _step(case_id, Step("take-up", after, checked_token(token)), by=by, at=at, is_told=True)


def forward(case_id: int, *, note: str = "", after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Asks the unit that looked to explain; it sees the complaint from now on and is told. Raises OwnLook, and as ``cases.take``."""

    def then(case: CaseView) -> None:
        cases.share(case.id, by=by)
        whole = cases.again(case.id, kind=KIND, by=by, at=at, calendar=tables.calendar())
        due = next((one.due_on for one in whole.terms if one.id == "explain" and one.is_running), None)
        tell_unit(Kind.COMPLAINT, case, {"due": str(due or "—")}, by=by, at=at)

    _of_unit(case_id, by, at, is_centre=False)
    step = Step("forward", after, checked_token(token), reason=note)
    return _step(case_id, step, by=by, at=at, then=then, is_told=True)


def ask(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Asks the subject for more papers; the clock goes on. Raises OwnLook, and as ``cases.take``."""
    return _step(case_id, Step("ask", after, checked_token(token), reason=reason), by=by, at=at, is_told=True)


def explain(
    case_id: int, *, reason: str, papers: Sequence[Paper] = (), after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """The explanation of the unit that looked, or of the centre's own official where the centre looked: why, in which matter, on what
    basis. Raises as ``cases.take``."""
    is_centre = by.role is Role.OPERATOR
    if is_centre:
        _of_unit(case_id, by, at, is_centre=True)
    action = "explain-own" if is_centre else "explain"
    step = Step(action, after, checked_token(token), reason=reason, papers=papers)
    return _step(case_id, step, by=by, at=at, is_told=True)


def recall(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Goes on without the explanation of a unit that gives none. Raises OwnLook, and as ``cases.take``."""
    return _step(case_id, Step("recall", after, checked_token(token), reason=reason), by=by, at=at)


def decide(
    case_id: int, *, outcome: str, reason: str, ends_authorisation: bool = False, after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """Founded, or not, with reasons; what follows from founded is done in the same transaction. Raises BadOutcome, OwnLook, and as
    ``cases.take``."""
    case = _now(case_id, by, at)
    number = str(case.steps[0].facts.get("authorisation", ""))
    if outcome not in (FOUNDED, UNFOUNDED):
        raise BadOutcome("请选择结论：成立或不成立。", "Choose: founded, or not.")
    if ends_authorisation and not (outcome == FOUNDED and number):
        raise BadOutcome(
            "这次查询没有凭主体的授权，或者投诉不成立，不能终止授权。",
            "The look rested on no authorisation, or the complaint is not founded: nothing to end.",
        )

    def then(done: CaseView) -> None:
        if outcome == FOUNDED:
            look = complaint.look_of(done)
            alarms.complaint(look, case_id=done.id, step=done.after, reason=done.steps[-1].reason, at=at)
            if ends_authorisation:
                consent.end(number, subject_id=done.subject_id, case=f"complaint-{done.id}", at=at)
            tell_unit(Kind.COMPLAINT_FOUNDED, done, {}, by=by, at=at)
        subject_notices.tell(
            SubjectKind.COMPLAINT_ANSWERED, subject_id=done.subject_id, facts={"on": clock.day(at).isoformat()},
            link=f"/own/complaints/{done.id}/", key=f"{done.id}/{done.after}", by=by, at=at,
        )  # fmt: skip

    facts: dict[str, object] = {"outcome": outcome, "ends_authorisation": ends_authorisation}
    step = Step(f"find-{outcome}", after, checked_token(token), reason=reason, facts=facts)
    return _step(case_id, step, by=by, at=at, then=then)


def tell_unit(kind: Kind, case: CaseView, facts: Mapping[str, str | int], *, by: Actor, at: datetime) -> bool:
    """Tells the unit that looked, once for each ``kind`` and term; False where it was told, or the centre itself looked."""
    if not case.source_id:
        return False
    looked = complaint.look_of(case).at.astimezone(clock.ZONE)
    said: dict[str, str | int] = {"case": case.id, "on": looked.date().isoformat(), **facts}
    told = notices.tell(
        kind, department_id=case.source_id, facts={name: said[name] for name in said if name in kinds.WORDS[kind].names},
        link=f"/office/complaints/{case.id}/", key=f"{case.id}/{facts.get('due', case.after)}", by=by, at=at,
    )  # fmt: skip
    return told is not None


def _moved(case: CaseView, *, by: Actor, at: datetime) -> None:
    last = case.steps[-1]
    subject_notices.tell(
        SubjectKind.COMPLAINT_MOVED, subject_id=case.subject_id,
        facts={"on": clock.day(at).isoformat(), "step_zh": last.zh, "step_en": last.en},
        link=f"/own/complaints/{case.id}/", key=f"{case.id}/{case.after}", by=by, at=at,
    )  # fmt: skip


def _is_own(case: CaseView, by: Actor) -> bool:
    return complaint.look_of(case).actor == by.name


def _of_unit(case_id: int, by: Actor, at: datetime, *, is_centre: bool) -> None:
    """Who looked explains: the unit's look the unit, the centre's own the centre."""
    if bool(_now(case_id, by, at, explains=is_centre).source_id) is is_centre:
        raise cases.StepNotNow(
            "这次查询不是信用中心作出的，请由查询单位说明。" if is_centre else "这次查询是信用中心作出的，由信用中心说明。",
            "The look was not the centre's own: the unit explains it." if is_centre else "The look was the centre's own: it explains it.",
        )  # fmt: skip


def _now(case_id: int, by: Actor, at: datetime, *, explains: bool = False) -> CaseView:
    """The case as it stands, for who may deal with it."""
    require(by, Action.ANSWER_COMPLAINT)
    case = cases.again(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())
    if not explains and by.role is Role.OPERATOR and _is_own(case, by):
        raise OwnLook(
            "这次查询是您本人作出的，投诉由信用中心另一位工作人员办理；您可以作说明。",
            "You made this look yourself: somebody else of the centre deals with the complaint. You may explain it.",
        )
    return case


@transaction.atomic
def _step(
    case_id: int, step: Step, *, by: Actor, at: datetime, then: cases.Then | None = None, is_told: bool = False
) -> CaseView:  # fmt: skip
    _now(case_id, by, at, explains=step.action in _EXPLAINS)

    def means(case: CaseView) -> None:
        if then is not None:
            then(case)
        if is_told:
            _moved(case, by=by, at=at)

    return cases.take(case_id, step, kind=KIND, unit=_unit(by), by=by, at=at, then=means)[0]


def _unit(by: Actor) -> str:
    """How the other parties read who acted: the unit, never the person."""
    if by.department:
        return identity.source_unit(by.department, even_closed=True).name
    return "本平台（自动）" if by.role is Role.SYSTEM else settings.SITE_NAME
