"""The clocks against an oracle written from the texts of the rules, day by day."""

import calendar
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.catalogue import load
from xinyong.catalogue.schema import Item, Publicity
from xinyong.kernel.periods import INDEFINITE
from xinyong.records import terms
from xinyong.records.terms import Terms

LIBRARY = load.library()
RULE_SETS = load.rule_sets()
PENALTY, LICENCE, LIST = LIBRARY["admin-penalty-org"], LIBRARY["admin-licence-org"], LIBRARY["serious-dishonesty"]

#: (first day, class → (shortest, longest) months), from the texts; written apart from the library.
ORACLE = (
    (date(2026, 4, 1), {"minor": (0, 0), "general": (3, 12), "serious": (12, 36)}),
    (date(2023, 5, 1), {"minor": (3, 36), "general": (3, 36), "serious": (12, 36)}),
    (date(2019, 7, 1), {"minor": (3, 12), "general": (3, 12), "serious": (6, 36)}),
    (date.min, {"minor": (3, 12), "general": (3, 12), "serious": (6, 36)}),
)


def months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of a shorter month."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def of(item: Item, decided_on: date, valid_to: date | None = None, severity: str | None = None) -> Terms:
    """The clocks under the library's rule sets."""
    return terms.terms(item, decided_on=decided_on, valid_to=valid_to, severity=severity, rule_sets=RULE_SETS)


DAYS = [
    date(2019, 6, 30), date(2019, 7, 1), date(2023, 4, 30), date(2023, 5, 1), date(2026, 3, 31), date(2026, 4, 1),
    date(2024, 2, 29), date(2023, 11, 30), date(2025, 8, 31), date(2026, 8, 31), date(2027, 2, 28), date(2028, 2, 29),
    *(date(2026, month, calendar.monthrange(2026, month)[1]) for month in range(1, 13)),
]  # fmt: skip


def agrees(day: date, severity: str) -> None:
    """Publicity of a penalty as the oracle has it: first day without, never beyond five years."""
    shortest, longest = next(months for first, months in ORACLE if day >= first)[severity]
    found = of(PENALTY, day, severity=severity)
    assert found.retain_until == months_later(day, 60)
    if longest == 0:
        assert (found.publish_from, found.publish_until) == (None, None)
    else:
        assert found.publish_from == day
        assert found.publish_until == months_later(day, longest)
        assert found.repair_from == months_later(day, shortest)


@pytest.mark.parametrize("severity", ["minor", "general", "serious"])
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_month_ends_leap_days_and_first_days_of_rules(day: date, severity: str) -> None:
    agrees(day, severity)


@given(st.dates(date(2015, 1, 1), date(2040, 12, 31)), st.sampled_from(["minor", "general", "serious"]))
def test_every_day_and_class_agrees_with_the_oracle(day: date, severity: str) -> None:
    agrees(day, severity)


@pytest.mark.parametrize(
    ("decided", "until"), [("2024-02-29", "2027-02-28"), ("2023-05-31", "2026-05-31"), ("2024-08-31", "2027-08-31")]
)
def test_three_years_from_a_day_that_a_year_lacks_end_on_the_last_of_the_month(decided: str, until: str) -> None:
    assert of(PENALTY, date.fromisoformat(decided), severity="serious").publish_until == date.fromisoformat(until)


@given(
    st.sampled_from(sorted(LIBRARY)), st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.none() | st.dates(date(1990, 1, 1), date(2150, 1, 1)), st.sampled_from(["minor", "general", "serious"]),
)  # fmt: skip
def test_the_clocks_of_any_item_fit_the_constraints_of_the_archive(
    item_id: str, decided: date, valid_to: date | None, severity: str
) -> None:
    item = LIBRARY[item_id]
    found = of(item, decided, valid_to, severity if item.severity else None)
    if found.publish_until is not None:
        assert found.publish_from is not None
        assert found.publish_until > found.publish_from
        assert found.retain_until is None or found.publish_until <= found.retain_until
    if item.is_about_persons:
        assert found.publish_from is None
    assert (found.rule_set is None) == (item.severity is None)


def test_a_licence_is_shown_while_it_is_valid_and_a_list_entry_while_it_stands() -> None:
    last_day = date(2029, 6, 7)
    found = of(LICENCE, date(2026, 6, 8), terms.end_exclusive(last_day))
    assert found.publish_until == last_day + timedelta(days=1)
    assert found.retain_until == date(2034, 6, 8)
    assert of(LICENCE, date(2026, 6, 8)).publish_until is None
    listed = of(LIST, date(2026, 6, 8), terms.end_exclusive(date(2029, 6, 8)), "serious")
    assert listed.publish_until == date(2029, 6, 9)


def test_months_after_the_end_are_added() -> None:
    item = replace(LICENCE, publicity=Publicity("while_valid", 6))
    assert of(item, date(2026, 6, 8), date(2027, 8, 31)).publish_until == date(2028, 2, 29)


def test_the_sentinel_and_nothing_are_no_end() -> None:
    assert terms.end_exclusive(INDEFINITE) is None
    assert terms.end_exclusive(None) is None
    assert terms.end_exclusive(date(2026, 12, 31)) == date(2027, 1, 1)


def test_what_is_over_before_it_began_is_never_shown() -> None:
    found = of(LICENCE, date(2026, 6, 8), date(2012, 1, 2))
    assert (found.publish_from, found.publish_until, found.retain_until) == (None, None, date(2017, 1, 2))
