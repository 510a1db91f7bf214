"""办结以后 What can be done about a case once it is closed: until when, whether its party has said how it was, what hangs on it.

Nothing is stored beside the steps: a window is counted from the step that closed the case, and an answer is a step after it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count

from xinyong.kernel import clock
from xinyong.kernel.calendar import Calendar
from xinyong.workflow.case_models import Case, CaseStep
from xinyong.workflow.case_view import CaseView, StepView
from xinyong.workflow.cases import procedure
from xinyong.workflow.definition import Window

#: The word of whoever it is about, on how it was settled; and what opens it again, one of these by the state it is in.
SETTLED, UNSETTLED = "settled", "unsettled"
REOPENS = ("reopen", "reopen-check")
_WORDS = (SETTLED, UNSETTLED, *REOPENS)


@dataclass(frozen=True, slots=True)
class Brief:
    """A case in a line: for pages of what it is about."""

    id: int
    state: str
    is_open: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How closed cases of a kind were, in the words of those they are about. ``closed``: how often cases were closed in the time."""

    kind: str
    closed: int
    settled: int
    unsettled: int

    @property
    def answered(self) -> int:
        """How many answered."""
        return self.settled + self.unsettled


def last_day(case: CaseView, window: Window | None, *, calendar: Calendar) -> date | None:
    """The last day of a window; None for a case that is open, was withdrawn, or ended as the window does not know."""
    end = case.closing
    if window is None or end is None or case.state.id not in window.starts:
        return None
    day = clock.day(end.at)
    if window.unit == "calendar":
        return day + timedelta(days=window.days)
    return calendar.add_working_days(day, window.days).on


def word_of(case: CaseView) -> StepView | None:
    """What its party said of the end it has now; None when nothing was said."""
    end = case.closing
    return next((one for one in case.steps if end and one.number > end.number and one.action in _WORDS), None)


def reopens(case: CaseView) -> str:
    """The step by which its party can open it again; "" for none, or when that was done."""
    if any(one.action in REOPENS for one in case.steps):
        return ""
    leads = (one.id for one in case.procedure.leads_from(case.state.id) if one.id in REOPENS)
    return next(leads, "")


def sent(case_id: int, token: str) -> tuple[str, Mapping[str, object]] | None:
    """The step that this form was taken as, with what it kept; None for a form that is new."""
    found = CaseStep.objects.filter(case_id=case_id, token=token).first()
    return None if found is None else (found.action, found.facts)


def region_of(case_id: int) -> str:
    """The division of a case, for a case about it; for callers who have checked who asks."""
    return Case.objects.values_list("region_code", flat=True).get(pk=case_id)


def about(kind: str, subject_id: int, refs: Collection[str]) -> dict[str, Brief]:
    """The last case of a kind about each of these things of a subject; for callers who have checked who asks."""
    rows = Case.objects.filter(kind=kind, subject_id=subject_id, object_ref__in=list(refs)).order_by("id")
    return {one.object_ref: Brief(one.pk, one.state, one.ended_at is None, one.ended_at) for one in rows}


def tallies(kinds: Collection[str], *, since: datetime, until: datetime) -> list[Tally]:
    """What was said of cases of each kind in a time; for callers who have checked who asks."""
    found = []
    for kind in kinds:
        steps = CaseStep.objects.filter(case__kind=kind, at__gte=since, at__lt=until)
        grouped = steps.values_list("case__procedure", "case__procedure_version", "from_state", "to_state")
        ends = _ends(grouped.annotate(Count("id")), kind)
        settled = steps.filter(action=SETTLED).count()
        found.append(Tally(kind, ends, settled, steps.filter(action__in=(UNSETTLED, *REOPENS)).count()))
    return found


def _ends(rows: Iterable[tuple[str, int, str, str, int]], kind: str) -> int:
    """How many of these steps closed a case, otherwise than by withdrawing it."""
    count = 0
    for procedure_id, version, before, to, times in rows:
        rules = procedure(kind, procedure_id, version)
        asked = rules.feedback.starts if rules.feedback else ()
        if to in asked and not (before and rules.is_final(before)):
            count += times
    return count
