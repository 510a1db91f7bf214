"""Charts: where bars and columns stand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.web import charts
from xinyong.web.charts import Point


def _points(*values: int) -> list[Point]:
    return [Point(key=str(i), label=str(i), value=v) for i, v in enumerate(values)]


def test_the_longest_bar_is_full_and_shares_are_of_everything() -> None:
    made = charts.bars(_points(60, 30, 10), limit=2)
    assert [b.width for b in made.bars] == ["100", "50"]
    assert [b.share for b in made.bars] == ["60.0", "30.0"]
    assert made.total == 100


def test_nothing_to_draw_is_no_error() -> None:
    assert charts.bars([]).bars == ()
    assert charts.columns([]).columns == ()
    assert charts.parts([]) == ()
    empty = charts.columns(_points(0, 0))
    assert (empty.total, empty.lines) == (0, ())
    assert not any(c.is_peak for c in empty.columns)


@pytest.mark.parametrize(
    ("highest", "lines"),
    [(1, [0, 1]), (3, [0, 1, 2, 3]), (7, [0, 2, 4, 6, 8]), (950, [0, 500, 1000]), (3405, [0, 1000, 2000, 3000, 4000])],
)
def test_gridlines_stand_at_round_values_up_to_or_above_the_highest(highest: int, lines: list[int]) -> None:
    assert [value for value, _ in charts.columns(_points(highest)).lines] == lines


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_every_column_stays_inside_the_plot_and_the_peak_is_the_highest(values: list[int]) -> None:
    made = charts.columns(_points(*values))
    for column in made.columns:
        assert Decimal(0) <= Decimal(column.x)
        assert Decimal(column.x) + Decimal(column.width) <= Decimal("100.02")
        assert Decimal(0) <= Decimal(column.top) <= Decimal(made.plot)
    assert made.peak is not None
    assert made.peak.value == max(values)
    assert 1 <= len(made.lines) <= 6 or max(values) == 0


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_parts_fill_the_whole_bar(values: list[int]) -> None:
    widths = sum(Decimal(p.width) for p in charts.parts(_points(*values)))
    assert abs(widths - (100 if sum(values) else 0)) <= Decimal("0.1")


@pytest.mark.parametrize(("part", "whole", "said"), [(1, 0, "—"), (1, 10_000, "<0.1"), (0, 5, "0.0"), (1, 3, "33.3")])
def test_a_share_says_when_it_is_too_small_or_there_is_no_whole(part: int, whole: int, said: str) -> None:
    assert charts.share(part, whole) == said
