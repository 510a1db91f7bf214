"""办结以后的途径 Kinds of case that can be opened again once they are closed, and what that means for each: one declared list.

Appeals (rights/appeal.py) and feedback (rights/feedback.py) only ever put a case back on its own desk by a step of its own procedure;
what follows there its own verbs do. What goes with the step itself (an objection's mark, a notice to the body that decides) is here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from xinyong.catalogue import publish, tables
from xinyong.kernel import clock
from xinyong.records import annotations
from xinyong.rights import complaint, objection, repair
from xinyong.rights.appeals import KIND as APPEAL
from xinyong.rights.appeals import is_appealed
from xinyong.security import scope
from xinyong.security.access import Actor, system
from xinyong.workflow import closed, notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.closed import Brief
from xinyong.workflow.kinds import Kind


@dataclass(frozen=True, slots=True)
class Remedied:
    """A kind of case: its words, where its subject and its desk read it. ``noted``: what the step that opens it again keeps; ``follows``:
    what goes with that step, in its transaction."""

    kind: str
    zh: str
    en: str
    own: str
    office: str
    noted: Callable[[CaseView, datetime], Mapping[str, object]]
    follows: Callable[[CaseView, Actor, datetime], None]


@dataclass(frozen=True, slots=True)
class After:
    """What whoever a closed case is about can do on a day: until when, and which of it. ``word``: their own step on the end it has, ""
    for none yet; ``is_reopening``: not settled opens it again; ``appeal_until`` None: this end has no appeal; ``is_review_first``: it
    comes after the review; ``appeal``: theirs against this end."""

    on: date
    kind: str
    case_id: int
    until: date | None
    word: str
    is_reopening: bool
    appeal_until: date | None
    is_review_first: bool
    appeal: Brief | None

    @property
    def may_say(self) -> bool:
        """Whether it was settled can be said now."""
        return self.until is not None and self.on <= self.until and not self.word

    @property
    def may_appeal(self) -> bool:
        """An appeal can be lodged now."""
        is_open = self.appeal_until is not None and self.on <= self.appeal_until
        return is_open and not self.is_review_first and self.appeal is None


def _nothing(case: CaseView, at: datetime) -> Mapping[str, object]:
    return {}


def _quiet(case: CaseView, by: Actor, at: datetime) -> None:
    return None


def _as_of_now(case: CaseView, at: datetime) -> Mapping[str, object]:
    """Which version of the record the case is about from here on."""
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)
    return {"version": found.record.version, "changes": []}


def _marked(case: CaseView, by: Actor, at: datetime) -> None:
    annotations.dispute(case.subject_id, case.object_ref, case_id=case.id, by=by, at=at)
    _told(case, by, at)


def _told(case: CaseView, by: Actor, at: datetime) -> None:
    """The body that decides, where it has seen the case, is told that it is open again."""
    if not case.source_id or not case.is_forwarded:
        return
    of, item, last = REMEDIED[case.procedure.kind], publish.current(case.item_id), case.steps[-1]
    with scope.acting(system("remedies")):
        notices.tell(
            Kind.CASE_AGAIN, department_id=case.source_id,
            facts={
                "case": case.id, "kind_zh": of.zh, "kind_en": of.en, "item_zh": item.title_zh, "item_en": item.title_en,
                "why_zh": last.zh, "why_en": last.en,
            },
            link=f"{of.office}{case.id}/", key=f"{of.kind}/{case.id}/{case.after}", by=by, at=at,
        )  # fmt: skip


REMEDIED: Mapping[str, Remedied] = {
    one.kind: one
    for one in (
        Remedied(objection.KIND, "异议", "Objection", "/own/objections/", "/office/objections/", _as_of_now, _marked),
        Remedied(repair.KIND, "信用修复", "Repair", "/own/repairs/", "/office/repairs/", _nothing, _told),
        Remedied(complaint.KIND, "投诉", "Complaint", "/own/complaints/", "/office/complaints/", _nothing, _quiet),
        Remedied(APPEAL, "申诉", "Appeal", "/own/appeals/", "/office/appeals/", _nothing, _quiet),
    )
}


def after(case: CaseView, *, on: date) -> After | None:
    """What can be done about a case that is closed; None while it is open. For callers who have checked who asks."""
    if case.closing is None:
        return None
    rules, calendar = case.procedure, tables.calendar()
    said = closed.word_of(case)
    until = closed.last_day(case, rules.appeal, calendar=calendar)
    return After(
        on, rules.kind, case.id, closed.last_day(case, rules.feedback, calendar=calendar), said.action if said else "",
        bool(closed.reopens(case)), until, until is not None and is_review_due(case), is_appealed(case),
    )  # fmt: skip


def is_review_due(case: CaseView) -> bool:
    """The procedure lets nobody appeal before the review, and there was none."""
    rule = case.procedure.appeal
    return rule is not None and rule.review == "first" and case.last("ask-review") is None
