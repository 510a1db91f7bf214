from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.kernel.calendar import Calendar, Deadline, is_legal_holiday
from xinyong.kernel.clock import ZONE

CALENDAR = Calendar.builtin()
KNOWN = st.dates(date(2004, 1, 1), date(2026, 12, 10))


def test_every_known_day_is_as_the_notices_say() -> None:
    day = date(2004, 1, 1)
    while day <= date(2026, 12, 31):
        assert CALENDAR.is_working(day) == chinese_calendar.is_workday(day)
        assert not CALENDAR.is_provisional(day)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("decided_on", "deadline"),
    [
        (date(2026, 9, 24), Deadline(date(2026, 10, 12), False)),
        (date(2026, 12, 22), Deadline(date(2026, 12, 31), False)),
        (date(2026, 12, 23), Deadline(date(2027, 1, 4), True)),
        (date(2026, 11, 20), Deadline(date(2026, 12, 1), False)),
    ],
)
def test_the_deadline_is_the_seventh_working_day_after_the_decision(decided_on: date, deadline: Deadline) -> None:
    assert CALENDAR.add_working_days(decided_on, 7) == deadline


@given(start=KNOWN, n=st.integers(1, 12))
def test_the_nth_working_day_after_a_working_day_is_the_library_s(start: date, n: int) -> None:
    # From a day off the library first moves to the next working day; the rule counts from the decision itself.
    if CALENDAR.is_working(start) and start + timedelta(days=40) < date(2026, 12, 31):
        assert CALENDAR.add_working_days(start, n).on == chinese_calendar.find_workday(n, start)


@given(start=st.dates(date(1950, 1, 1), date(2120, 1, 1)), n=st.integers(0, 30))
def test_a_deadline_is_never_refused_and_grows_with_the_days(start: date, n: int) -> None:
    one, next_one = CALENDAR.add_working_days(start, n), CALENDAR.add_working_days(start, n + 1)
    assert start <= one.on < next_one.on
    assert CALENDAR.is_working(next_one.on)
    assert next_one.is_provisional >= one.is_provisional


def test_a_report_is_in_time_until_the_end_of_the_seventh_working_day() -> None:
    decided = date(2026, 9, 24)
    assert not CALENDAR.is_late(decided, date(2026, 10, 12))
    assert not CALENDAR.is_late(decided, datetime(2026, 10, 12, 23, 59, 59, tzinfo=ZONE))
    assert CALENDAR.is_late(decided, datetime(2026, 10, 13, tzinfo=ZONE))
    assert CALENDAR.is_late(decided, datetime(2026, 10, 12, 16, 0, tzinfo=UTC))
    assert not CALENDAR.is_late(decided, datetime(2026, 10, 12, 15, 59, tzinfo=UTC))
    assert not CALENDAR.is_late(decided, decided)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        CALENDAR.is_late(date(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 the fault under test


def test_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forward"):
        CALENDAR.add_working_days(date(2026, 1, 1), -1)


def test_deadlines_come_for_every_day_of_a_range() -> None:
    table = CALENDAR.deadlines(date(2026, 12, 20), date(2026, 12, 24), 7)
    assert [day for day, _, _ in table] == [date(2026, 12, 20) + timedelta(days=n) for n in range(5)]
    assert [is_provisional for _, _, is_provisional in table] == [False, False, False, True, True]
    assert all(on == CALENDAR.add_working_days(day, 7).on for day, on, _ in table)
    assert CALENDAR.deadlines(date(2026, 1, 2), date(2026, 1, 1), 7) == []


def test_what_the_operator_imports_settles_the_year() -> None:
    notice = {date(2027, 1, 1): False, date(2027, 1, 4): False, date(2027, 1, 9): True}
    calendar = CALENDAR.with_overrides(notice)
    assert calendar.add_working_days(date(2026, 12, 23), 7) == Deadline(date(2027, 1, 5), False)
    assert calendar.is_working(date(2027, 1, 9))
    assert calendar.covers_until == date(2027, 12, 31)
    assert CALENDAR.covers_until.year >= 2026


def test_a_single_extra_day_off_does_not_make_a_year_official() -> None:
    calendar = CALENDAR.with_overrides({date(2030, 7, 1): False}, official_years=())
    assert not calendar.is_working(date(2030, 7, 1))
    assert calendar.is_provisional(date(2030, 7, 2))


def test_an_empty_calendar_is_provisional_throughout() -> None:
    calendar = Calendar({})
    assert calendar.is_provisional(date(2026, 1, 5))
    assert calendar.covers_until == date.min
    assert not calendar.is_working(date(2026, 1, 1))


@pytest.mark.parametrize(
    "day",
    [
        date(2027, 1, 1),
        date(2027, 2, 5),
        date(2027, 2, 6),
        date(2027, 2, 8),
        date(2027, 4, 5),
        date(2027, 5, 1),
        date(2027, 5, 2),
        date(2027, 6, 9),
        date(2027, 9, 15),
        date(2027, 10, 3),
        date(2028, 1, 25),
        date(2028, 4, 4),
    ],
)
def test_the_legal_holidays_of_years_to_come_are_known(day: date) -> None:
    assert is_legal_holiday(day)
    assert not CALENDAR.is_working(day)
    assert CALENDAR.is_provisional(day)


def test_a_year_to_come_has_thirteen_legal_days() -> None:
    for year in range(2027, 2100):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
        # Mid-Autumn falls into the National Day holiday now and then.
        assert sum(map(is_legal_holiday, days)) in (12, 13)
