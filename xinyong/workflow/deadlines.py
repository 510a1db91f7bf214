"""The statutory terms of a case (法定时限), computed from its steps: when each is due, whether it was kept, by how many hours not.

Nothing of it is stored: a term is what the procedure says of the steps that were taken. The day on which a term begins is not
counted; it ends with the end (24:00 Beijing time) of its last day. While the clock stands still the day it was stopped does not
count, the day it goes on does. Source of the counting: 民法典 201–203; the terms themselves: the procedure's own basis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from xinyong.kernel import clock
from xinyong.kernel.calendar import Calendar
from xinyong.workflow.definition import Party, Procedure, Term

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
#: The step that makes a term longer; the fact of it that says which, and by how many days.
EXTENDED, WHICH, BY_DAYS = "extend", "term", "days"


class Taken(Protocol):
    """A step as this module reads it."""

    @property
    def action(self) -> str:
        """Which step it was."""

    @property
    def to_state(self) -> str:
        """Where it led."""

    @property
    def at(self) -> datetime:
        """When it was taken."""

    @property
    def facts(self) -> dict[str, object]:
        """What was said with it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stood still from a day up to another; ``to`` None: it still does."""

    first: date
    to: date | None


@dataclass(frozen=True, slots=True)
class TermView:
    """A term as it stands at an instant. ``due_on`` is the last day in time, None while the clock stands still; ``met_at`` when it
    was kept or ended; ``days_left`` of the term's own kind, 0 on the last day; ``hours_over`` whole hours past the end, 0 in time.
    ``is_provisional``: it rests on a year without an official notice of working days."""

    id: str
    zh: str
    en: str
    basis: str
    party: Party
    unit: str
    days: int
    extended_by: int
    started_at: datetime
    due_on: date | None
    met_at: datetime | None
    days_left: int
    hours_over: int
    is_paused: bool
    is_provisional: bool

    @property
    def is_running(self) -> bool:
        """Nobody has done yet what it is for."""
        return self.met_at is None

    @property
    def is_over(self) -> bool:
        """Its end has passed, or had when it was done."""
        return self.hours_over > 0

    @property
    def warning(self) -> str:
        """W_OVERDUE (INV-63) once it is over; "" in time."""
        return "W_OVERDUE" if self.is_over else ""


def terms(procedure: Procedure, steps: Sequence[Taken], *, at: datetime, calendar: Calendar) -> list[TermView]:
    """Every term of a case that has begun, in the procedure's order, anew for each step it begins with; ``steps`` in the order they
    were taken."""
    found = []
    for one in procedure.terms:
        if one.only_after and not any(step.action in one.only_after for step in steps):
            continue
        starts = [place for place, step in enumerate(steps) if step.action in one.starts]
        found += [_view(procedure, one, steps, start, at, calendar) for start in starts]
    return found


def pressing(found: Sequence[TermView]) -> TermView | None:
    """The running term that is due first; those that stand still come last. None when none runs."""
    running = [one for one in found if one.is_running]
    return min(running, key=lambda one: (one.due_on or date.max, one.id), default=None)


def due(start: date, days: int, pauses: Sequence[Pause], *, unit: str, calendar: Calendar) -> tuple[date | None, bool]:
    """The last day of a term that began on ``start``, and whether that is provisional; None while the clock stands still before it.

    Whole pauses are skipped at a time, whatever their length; tests hold it against counting day by day.
    """
    skipped, is_provisional = 0, False
    on, provisional = _after(start, days, unit, calendar)
    for one in pauses:
        is_provisional = is_provisional or provisional
        if one.first > on:
            break
        if one.to is None:
            return None, is_provisional
        skipped += _between(max(one.first, start + _DAY), one.to, unit, calendar)
        on, provisional = _after(start, days + skipped, unit, calendar)
    return on, is_provisional or provisional


def left(today: date, last: date, *, unit: str, calendar: Calendar) -> int:
    """Days of this kind after today up to and with ``last``; 0 on the last day and after."""
    return _between(today + _DAY, last + _DAY, unit, calendar)


def pauses_of(procedure: Procedure, steps: Sequence[Taken]) -> list[Pause]:
    """When the clock stood still, in order."""
    still = {one.id for one in procedure.states if one.is_paused}
    found: list[Pause] = []
    began: date | None = None
    for step in steps:
        if step.to_state in still and began is None:
            began = clock.day(step.at)
        elif step.to_state not in still and began is not None:
            if began < clock.day(step.at):
                found.append(Pause(began, clock.day(step.at)))
            began = None
    return [*found, Pause(began, None)] if began is not None else found


def _view(
    procedure: Procedure, term: Term, steps: Sequence[Taken], start: int, at: datetime, calendar: Calendar
) -> TermView:
    place = next((n for n in range(start + 1, len(steps)) if steps[n].action in term.ends), None)
    met = None if place is None else steps[place]
    steps = steps if place is None else steps[: place + 1]  # what came later moves a term no more
    extended = _extended(term, steps[start:])
    began = steps[start].at
    pauses = [
        Pause(max(one.first, clock.day(began)), one.to)
        for one in pauses_of(procedure, steps)
        if one.to is None or one.to > clock.day(began)
    ]
    on, is_provisional = due(clock.day(began), term.days + extended, pauses, unit=term.unit, calendar=calendar)
    until = met.at if met else at
    over = 0 if on is None else max(timedelta(), until - _end(on)) // _HOUR
    is_late = on is not None and until > _end(on)
    return TermView(
        id=term.id, zh=term.zh, en=term.en, basis=term.basis, party=term.party, unit=term.unit, days=term.days,
        extended_by=extended, started_at=began, due_on=on, met_at=met.at if met else None,
        days_left=0 if on is None or met else left(clock.day(at), on, unit=term.unit, calendar=calendar),
        hours_over=max(over, 1) if is_late else 0, is_paused=on is None and met is None, is_provisional=is_provisional,
    )  # fmt: skip


def _extended(term: Term, steps: Sequence[Taken]) -> int:
    """By how many days a term was made longer, never beyond what the procedure allows."""
    if term.extension is None:
        return 0
    asked = sum(
        int(str(step.facts.get(BY_DAYS, 0)))
        for step in steps
        if step.action == EXTENDED and step.facts.get(WHICH) == term.id
    )
    most = term.extension.days
    if term.extension.total is not None:
        most = min(most, term.extension.total - term.days)
    return min(asked, most)


def _after(start: date, days: int, unit: str, calendar: Calendar) -> tuple[date, bool]:
    if unit == "calendar":
        return start + timedelta(days=days), False
    found = calendar.add_working_days(start, days)
    return found.on, found.is_provisional


def _between(first: date, to: date, unit: str, calendar: Calendar) -> int:
    """Days of a kind from ``first`` up to, not with, ``to``."""
    whole = max((to - first).days, 0)
    if unit == "calendar":
        return whole
    return sum(calendar.is_working(first + timedelta(days=n)) for n in range(whole))


def _end(on: date) -> datetime:
    return datetime.combine(on + _DAY, time(), tzinfo=clock.ZONE)
