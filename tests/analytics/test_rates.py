"""The rates: SQL against a second implementation, exclusions, targets that are missing, units that owe a part of a month."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.analytics import naive, world
from tests.analytics.world import LICENCE, PENALTY
from tests.conftest import _empty
from tests.intake import made
from xinyong.analytics import _facts, rates, rows
from xinyong.analytics.rates import By
from xinyong.catalogue import publish
from xinyong.intake import declared, duties
from xinyong.kernel import clock, periods
from xinyong.kernel.periods import Period
from xinyong.security import identity
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit

MONTHS = [periods.month(f"2026-0{n}") for n in (3, 4, 5)]
NAMES = (
    "compliance.n", "compliance.d", "compliance.x.withdrawn", "timeliness.n", "timeliness.d", "timeliness.x.waiting",
    "timeliness.x.correction", "late.n", "completeness.n", "completeness.d", "completeness.x.superseded", "linkage.n",
    "linkage.d", "conflict.n", "conflict.d", "correction.n", "correction.d",
)  # fmt: skip


@pytest.fixture
def db(lasting_db: None) -> Iterator[None]:
    with time_machine.travel(made.NOW, tick=True):
        yield


@pytest.fixture
def units(db: None) -> list[SourceUnit]:
    return _units()


def _units() -> list[SourceUnit]:
    places = ("990100", "990100", "990102")
    return [
        identity.register_department(
            code=made.code_of("11"), name=f"云溪市指标{n}局", region_code=place, by=made.SYSTEM
        )
        for n, place in enumerate(places)
    ]


def _clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


@pytest.fixture(scope="module")
def blocker(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        _empty()


# Each example fills and empties the tables; a smaller seed is no smaller history, so nothing is shrunk.
@settings(max_examples=max(4, settings().max_examples // 15), phases=(Phase.explicit, Phase.generate))
@given(seed=st.integers(0, 2**32), rows_=st.integers(1, 160), days=st.integers(0, 60), place=st.integers(0, 2))
def test_the_database_sums_what_a_loop_over_the_rows_sums(
    blocker: None, seed: int, rows_: int, days: int, place: int
) -> None:
    _empty()
    with time_machine.travel(made.NOW, tick=True):
        history = world.draw(seed, _units(), rows=rows_)
        world.put(history)
        period = MONTHS[place]
        as_of = max(datetime(2026, 4, 15, tzinfo=clock.ZONE) + timedelta(days=days), world.midnight(period.start))
        asked = {one: _facts._asked(publish.current(one)) for one in (PENALTY, LICENCE)}
        found = _facts.cells(period, as_of=as_of, seen_by=made.SYSTEM)
        expected = naive.sums(history, period, as_of, asked=asked)
        arrived = naive.decided(history, period, as_of)
        for key in set(found) | set(expected) | set(arrived):
            cell = found.get(key, {})
            own = expected.get(key, {})
            assert {name: cell.get(name, 0) for name in NAMES} == {name: own.get(name, 0) for name in NAMES}, key
            standing = arrived.get(key, {})
            assert cell.get("reporting.x.no-target", 0) == standing.get("standing", 0)
            assert cell.get("reporting.x.withdrawn", 0) == standing.get("withdrawn", 0)
        _rows_are_what_the_figure_counts(period, as_of)


def _rows_are_what_the_figure_counts(period: Period, as_of: datetime) -> None:
    """However a figure is cut, the rows behind its parts are as many as it says."""
    total = rates.figures(period, by=By.ITEM, as_of=as_of, seen_by=made.SYSTEM).total
    for name in ("timeliness", "late", "compliance", "correction", "linkage"):
        figure = total.figures[name]
        for part, count in (("all", figure.denominator or 0), ("hit", figure.numerator), *figure.excluded.items()):
            if part in {"duplicate", "unchanged"}:
                continue  # no rows: the ledger of chunks counts them
            shown = rows.of(rows.Asked(name, part=part), period, as_of=as_of, seen_by=made.SYSTEM, limit=10_000)
            assert len(shown) == count, (name, part)


def test_over_reporting_is_shown_and_a_missing_target_is_no_rate(units: list[SourceUnit]) -> None:
    one, other, _ = units
    history = world.Made(units)
    history.submissions = [world.Handed(1, one.id, PENALTY, made.NOW)]
    history.versions = [
        world.Version(n, 1, 1, n, PENALTY, one.id, unit.code, date(2026, 6, 1), False, 1, made.NOW, 3)
        for n, unit in enumerate([one, one, one, other], start=1)
    ]
    world.put(history)
    june = periods.month("2026-06")
    declared.declare(item_id=PENALTY, source_code=one.code, period=june, number=2, by=made.SYSTEM, at=made.NOW)
    found = rates.overview(june, by=By.DEPARTMENT, as_of=clock.now(), seen_by=made.SYSTEM)
    lines = {line.key: line for line in found.lines}
    over, none, idle = (lines[unit.code].figures["reporting"] for unit in units)
    assert (over.value, over.percent, over.numerator, over.denominator) == (Decimal("1.5"), "150.0%", 3, 2)
    assert (none.value, none.percent, dict(none.excluded)) == (None, "—", {"no-target": 1})
    assert (idle.value, idle.numerator) == (None, 0), "who reported nothing has a line, and no rate"
    assert found.total.figures["reporting"].percent == "150.0%"
    earlier = rates.figures(june, by=By.DEPARTMENT, as_of=made.NOW - timedelta(days=1), seen_by=made.SYSTEM)
    assert earlier.total.figures["reporting"].denominator is None, "what was not yet said does not count"


def test_a_unit_that_begins_or_ends_in_a_month_counts_for_its_days(units: list[SourceUnit]) -> None:
    one, other, _ = units
    june = periods.month("2026-06")
    say = {"by": made.SYSTEM, "at": made.NOW}
    duties.assign(item_id=PENALTY, source_code=one.code, starts_on=date(2026, 1, 1), **say)
    duties.assign(item_id=LICENCE, source_code=one.code, starts_on=date(2026, 6, 16), **say)
    duties.assign(item_id=PENALTY, source_code=other.code, starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 7), **say)
    declared.report_zero(item_id=LICENCE, source_code=one.code, period=june, **say)
    found = rates.figures(june, by=By.DEPARTMENT, as_of=clock.now(), seen_by=made.SYSTEM)
    lines = {line.key: line.figures["collection"] for line in found.lines}
    assert lines[one.code].parts == (Decimal("0.5"), Decimal("1.5"))
    assert lines[one.code].percent == "33.3%"
    assert lines[other.code].parts == (Decimal(0), Decimal("0.2"))
    assert found.total.figures["collection"].parts == (Decimal("0.5"), Decimal("1.7"))


def test_a_unit_sees_its_own_line_and_rows_only(units: list[SourceUnit]) -> None:
    history = world.draw(11, units, rows=120)
    world.put(history)
    clerk, period = _clerk(units[0]), MONTHS[1]
    found = rates.overview(period, by=By.DEPARTMENT, as_of=clock.now(), seen_by=clerk)
    assert [line.key for line in found.lines] == [units[0].code]
    whole = rates.figures(period, by=By.DEPARTMENT, as_of=clock.now(), seen_by=made.SYSTEM)
    own = next(line for line in whole.lines if line.key == units[0].code)
    assert found.total.figures["compliance"] == own.figures["compliance"], "the same number, whoever looks"
    shown = rows.of(rows.Asked("compliance"), period, as_of=clock.now(), seen_by=clerk, limit=1000)
    assert {row.source_name for row in shown} == {units[0].name}
    assert len(shown) == own.figures["compliance"].denominator
    other = rows.of(rows.Asked("compliance", key=units[1].code), period, as_of=clock.now(), seen_by=clerk, limit=1000)
    assert other == []
    with pytest.raises(NotAllowed):
        rates.overview(period, by=By.ITEM, as_of=clock.now(), seen_by=Actor(role=Role.READER, name="r"))


def test_pages_of_rows_follow_one_another(units: list[SourceUnit]) -> None:
    world.put(world.draw(5, units, rows=80))
    asked, everything, place = rows.Asked("compliance"), [], (0, 0)
    whole = rows.of(asked, MONTHS[1], as_of=clock.now(), seen_by=made.SYSTEM, limit=1000)
    while page := rows.of(asked, MONTHS[1], as_of=clock.now(), seen_by=made.SYSTEM, after=place, limit=7):
        everything += page
        place = (page[-1].submission_id, page[-1].row_no)
    assert everything == whole
    assert len(whole) > 7


def test_a_rate_that_is_not_made_of_rows_says_so(db: None) -> None:
    with pytest.raises(rows.NoRows):
        rows.of(rows.Asked("collection"), MONTHS[0], as_of=clock.now(), seen_by=made.SYSTEM)


def test_a_month_that_has_not_begun_has_no_figures(db: None) -> None:
    with pytest.raises(rates.NotYet):
        rates.overview(periods.month("2026-07"), by=By.ITEM, as_of=clock.now(), seen_by=made.SYSTEM)
