"""Periods share a day when some day lies in both, whatever is open or empty."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from xinyong.kernel.periods import Period

_FIRST = date(2026, 1, 1)
_DAYS = [_FIRST + timedelta(days=n) for n in range(12)]


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(st.integers(0, 8))
    length = draw(st.none() | st.integers(0, 3))
    return Period(_DAYS[start], None if length is None else _DAYS[start + length])


@given(periods(), periods())
def test_two_overlap_when_a_day_lies_in_both(one: Period, other: Period) -> None:
    assert one.overlaps(other) == other.overlaps(one) == any(one.holds(day) and other.holds(day) for day in _DAYS)
