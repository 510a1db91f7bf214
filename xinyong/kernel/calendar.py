"""Working days (工作日) with the make-up days of the State Council's yearly notices; provisional where no notice is known.

Known years come from chinesecalendar and from what the operator imports. Beyond them: Monday to Friday minus the legal
holidays of the regulation of 2024 (全国年节及纪念日放假办法), each answer marked provisional until the notice is imported.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from xinyong.kernel.clock import ZONE

#: Decisions are to be reported within seven working days (发改办财金〔2018〕424号).
WORKING_DAYS: Final = 7
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The day whose end is the deadline. Provisional: it rests on a year without an official notice and may move."""

    on: date
    is_provisional: bool


class Calendar:
    """Which days are worked. ``overrides``: days that differ from Monday–Friday (True is worked).

    ``official_years``: years whose notice the overrides contain; without it, the years in which they have a day.
    ``is_holiday``: the rule for every other year.
    """

    def __init__(
        self,
        overrides: Mapping[date, bool],
        official_years: Collection[int] | None = None,
        is_holiday: Callable[[date], bool] | None = None,
    ) -> None:
        self._overrides = dict(overrides)
        self._official = frozenset({day.year for day in overrides} if official_years is None else official_years)
        self._is_holiday = is_holiday or is_legal_holiday

    @classmethod
    def builtin(cls) -> "Calendar":
        """The calendar from chinesecalendar's tables: 2004 to the last year with a notice when it was installed."""
        return _builtin()

    @property
    def overrides(self) -> Mapping[date, bool]:
        """The days that differ from Monday–Friday."""
        return dict(self._overrides)

    @property
    def official_years(self) -> frozenset[int]:
        """The years whose notice is known."""
        return self._official

    @property
    def covers_until(self) -> date:
        """The last day up to which every year since the first official one has its notice. ``date.min`` without any."""
        if not self._official:
            return date.min
        last = min(self._official)
        while last + 1 in self._official:
            last += 1
        return date(last, 12, 31)

    def with_overrides(
        self, overrides: Mapping[date, bool], official_years: Collection[int] | None = None
    ) -> "Calendar":
        """This calendar with the operator's days over it. A year counts as official once a day of it is given."""
        years = {day.year for day in overrides} if official_years is None else set(official_years)
        return Calendar({**self._overrides, **overrides}, self._official | years, self._is_holiday)

    def is_working(self, day: date) -> bool:
        """True when ``day`` is worked."""
        known = self._overrides.get(day)
        if known is not None:
            return known
        return day.weekday() < 5 and (day.year in self._official or not self._is_holiday(day))

    def is_provisional(self, day: date) -> bool:
        """True when no official notice for the year of ``day`` is known."""
        return day.year not in self._official

    def add_working_days(self, start: date, n: int) -> Deadline:
        """The ``n``-th working day after ``start``; ``start`` itself is day 0, whether worked or not.

        ValueError for a negative ``n``. With ``n`` 0 the answer is ``start``.
        """
        if n < 0:
            raise ValueError("working days are counted forward")
        day, is_provisional = start, False
        while n:
            day += _DAY
            is_provisional = is_provisional or self.is_provisional(day)
            n -= self.is_working(day)
        return Deadline(day, is_provisional)

    def is_late(self, decided_on: date, received_at: date | datetime, working_days: int = WORKING_DAYS) -> bool:
        """True when received after the end (24:00 Beijing time) of the ``working_days``-th working day after the decision.

        An instant must be aware of its zone; ValueError otherwise. The answer is as provisional as that deadline: ask
        ``add_working_days``.
        """
        return _beijing_date(received_at) > self.add_working_days(decided_on, working_days).on

    def deadlines(self, first: date, last: date, n: int = WORKING_DAYS) -> list[tuple[date, date, bool]]:
        """For every day from ``first`` to ``last``: the day, its deadline, whether that is provisional. For joins."""
        found: list[tuple[date, date, bool]] = []
        day = first
        while day <= last:
            deadline = self.add_working_days(day, n)
            found.append((day, deadline.on, deadline.is_provisional))
            day += _DAY
        return found


def is_legal_holiday(day: date) -> bool:
    """True on a legal holiday, without the days moved around it. Lunar festivals are known from 1950 to 2100."""
    return day in _legal_holidays(day.year)


@cache
def _legal_holidays(year: int) -> frozenset[date]:
    """13 days since 2025; 11 before (no 2 May; New Year's Eve not since 2014, which no provisional year needs)."""
    days = {date(year, 1, 1), date(year, 5, 1), date(year, 10, 1), date(year, 10, 2), date(year, 10, 3)}
    if year >= 2025:
        days.add(date(year, 5, 2))
    if year >= 2008:
        days.add(_clear_brightness(year))
    if (lunar := _lunar().get(year)) is not None:
        spring, dragon_boat, mid_autumn = lunar
        days |= {spring, spring + _DAY, spring + 2 * _DAY}
        days |= {spring - _DAY} if year >= 2025 else set()
        days |= {dragon_boat, mid_autumn} if year >= 2008 else set()
    return frozenset(days)


def _clear_brightness(year: int) -> date:
    """清明 of the 21st century, by the usual formula (exact for 2000–2099, at most a day off beyond)."""
    of_century = year % 100
    return date(year, 4, int(of_century * 0.2422 + 4.81) - of_century // 4)


@cache
def _lunar() -> dict[int, tuple[date, date, date]]:
    text = files("xinyong.kernel").joinpath("data", "lunar.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if line[:1].isdigit()]
    return {int(year): (_on(year, a), _on(year, b), _on(year, c)) for year, a, b, c in rows}


def _on(year: str, month_day: str) -> date:
    return date.fromisoformat(f"{year}-{month_day}")


@cache
def _builtin() -> Calendar:
    from chinese_calendar import constants

    holidays, workdays = constants.holidays, constants.workdays
    differing = {day: False for day in holidays if day.weekday() < 5} | dict.fromkeys(workdays, True)
    return Calendar(differing, frozenset(day.year for day in holidays))


def _beijing_date(received_at: date | datetime) -> date:
    if not isinstance(received_at, datetime):
        return received_at
    if received_at.tzinfo is None:
        raise ValueError("an instant must be aware of its time zone")
    return received_at.astimezone(ZONE).date()
