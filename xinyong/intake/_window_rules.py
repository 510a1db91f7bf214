"""What was said of reporting windows, as it is stored: rules by version, exceptions that were not withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from xinyong.intake.models import WindowException, WindowRule
from xinyong.kernel.calendar import WORKING_DAYS, Calendar
from xinyong.kernel.periods import Period, add_months, month_of

MONTH, QUARTER = WindowRule.Every.MONTH.value, WindowRule.Every.QUARTER.value
MONTHS: Mapping[str, int] = {MONTH: 1, QUARTER: 3}
#: Unit and item.
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """When periods are due; ``lock_days`` None is never locked. Days are working days."""

    every: str = MONTH
    due_days: int = WORKING_DAYS
    grace_days: int = 0
    lock_days: int | None = None

    def period_of(self, day: date) -> Period:
        """The period in which a day lies."""
        months = MONTHS[self.every]
        first = date(day.year, (day.month - 1) // months * months + 1, 1)
        return Period(first, add_months(first, months))

    def ends(self, period: Period, calendar: Calendar) -> tuple[date, date, date | None, bool]:
        """The due day, the last day of grace, the last day before the lock, and whether they may still move."""
        assert period.end is not None
        due = calendar.add_working_days(period.end - timedelta(days=1), self.due_days)
        grace = calendar.add_working_days(due.on, self.grace_days)
        last = None if self.lock_days is None else calendar.add_working_days(grace.on, self.lock_days)
        is_provisional = due.is_provisional or grace.is_provisional or bool(last and last.is_provisional)
        return due.on, grace.on, last.on if last else None, is_provisional


@dataclass(frozen=True, slots=True)
class Version:
    """A rule, and from which period on it holds."""

    number: int
    since: date
    rule: Rule


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """A locked period is open up to and with ``until``."""

    id: int
    until: date
    reason: str
    made_at: datetime
    made_by: str


def versions(source_id: int, item_id: str) -> list[Version]:
    """Every version of one window's rule, the oldest first."""
    found = WindowRule.objects.filter(source_id=source_id, item_id=item_id).order_by("version")
    return [_version(one) for one in found]


def all_versions() -> dict[Key, list[Version]]:
    """Every version of every window's rule."""
    found: dict[Key, list[Version]] = {}
    for one in WindowRule.objects.order_by("version"):
        found.setdefault((one.source_id, one.item_id), []).append(_version(one))
    return found


def holding(known: Sequence[Version], day: date) -> Rule:
    """The rule for the period in which a day lies: the newest that has begun; the default before any."""
    return next((one.rule for one in reversed(known) if one.since <= day), Rule())


def period_of(known: Sequence[Version], day: date) -> Period:
    """The period in which a day lies."""
    return holding(known, day).period_of(day)


def months(period: Period) -> list[Period]:
    """The months of a period."""
    assert period.end is not None
    count = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    return [month_of(add_months(period.start, n)) for n in range(count)]


def name_of(period: Period) -> str:
    """How a period is written: 2026-05, 2026Q2."""
    is_month = period.end == add_months(period.start, 1)
    return f"{period.start:%Y-%m}" if is_month else f"{period.start.year}Q{(period.start.month + 2) // 3}"


def exceptions(source_id: int | None = None, item_id: str = "") -> dict[tuple[int, str, date], list[ExceptionView]]:
    """Exceptions that were not withdrawn, by unit, item and period; of one window, or all."""
    wanted = WindowException.objects.filter(withdraws__isnull=True, windowexception__isnull=True).order_by("id")
    if source_id is not None:
        wanted = wanted.filter(source_id=source_id, item_id=item_id)
    found: dict[tuple[int, str, date], list[ExceptionView]] = {}
    for one in wanted:
        view = ExceptionView(one.pk, one.until, one.reason, one.made_at, one.made_by)
        found.setdefault((one.source_id, one.item_id, one.period), []).append(view)
    return found


def _version(one: WindowRule) -> Version:
    return Version(one.version, one.since, Rule(one.every, one.due_days, one.grace_days, one.lock_days))
