"""No figure about few people can be read, or worked out of what is published: by algebra on every table, by trying every filling on small ones."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinyong.analytics import disclosure_control
from xinyong.analytics.disclosure_control import Cell, hidden, with_totals

Table = list[list[int]]
_FEW_OR_MANY = st.one_of(st.integers(0, 14), st.integers(0, 400), st.just(0), st.just(1))


def _tables(rows: int, columns: int, cells: st.SearchStrategy[int]) -> st.SearchStrategy[Table]:
    shape = st.tuples(st.integers(1, rows), st.integers(1, columns))
    return shape.flatmap(
        lambda of: st.lists(st.lists(cells, min_size=of[1], max_size=of[1]), min_size=of[0], max_size=of[0])
    ).map(with_totals)


def _small(table: Table, least: int) -> set[Cell]:
    return {(r, c) for r, row in enumerate(table) for c, value in enumerate(row) if 0 < value < least}


def _equations(table: Table, unknown: list[Cell]) -> list[list[Fraction]]:
    """A line for each row and column: its cells less its total is nothing; coefficients of what is left out."""
    place = {cell: at for at, cell in enumerate(unknown)}
    lines = []
    rows, columns = len(table), len(table[0])
    for cells in (
        *([(r, c) for c in range(columns)] for r in range(rows)), *([(r, c) for r in range(rows)] for c in range(columns)),
    ):  # fmt: skip
        line = [Fraction(0)] * len(unknown)
        for cell in cells:
            if cell in place:
                line[place[cell]] = Fraction(-1 if cell == cells[-1] else 1)
        lines.append(line)
    return lines


def _determined(table: Table, left_out: frozenset[Cell]) -> set[Cell]:
    """What follows from the sums alone: a cell that stands by itself in a line of the reduced equations."""
    unknown = sorted(left_out)
    lines = _equations(table, unknown)
    done = 0
    for column in range(len(unknown)):
        pivot = next((at for at in range(done, len(lines)) if lines[at][column]), None)
        if pivot is None:
            continue
        lines[done], lines[pivot] = lines[pivot], lines[done]
        by = lines[done][column]
        lines[done] = [value / by for value in lines[done]]
        for at in range(len(lines)):
            if at != done and lines[at][column]:
                times = lines[at][column]
                lines[at] = [value - times * other for value, other in zip(lines[at], lines[done], strict=True)]
        done += 1
    alone = (  [at for at, value in enumerate(line) if value] for line in lines)  # fmt: skip
    return {unknown[line[0]] for line in alone if len(line) == 1}


def _possible(table: Table, left_out: frozenset[Cell], most: int) -> dict[Cell, set[int]]:
    """Every value up to ``most`` that a cell left out may have, for all a reader can tell: by trying."""
    inner = [cell for cell in sorted(left_out) if cell[0] < len(table) - 1 and cell[1] < len(table[0]) - 1]
    found: dict[Cell, set[int]] = {cell: set() for cell in left_out}
    for values in product(range(1, most + 1), repeat=len(inner)):
        cells = [list(row[:-1]) for row in table[:-1]]
        for (r, c), value in zip(inner, values, strict=True):
            cells[r][c] = value
        tried = with_totals(cells)
        if all(
            tried[r][c] == table[r][c]
            for r in range(len(table))
            for c in range(len(table[0]))
            if (r, c) not in left_out
        ):
            for cell in left_out:
                found[cell].add(tried[cell[0]][cell[1]])
    return found


@settings(max_examples=max(150, settings().max_examples))
@given(_tables(6, 8, _FEW_OR_MANY), st.integers(2, 12))
def test_no_cell_that_is_left_out_follows_from_what_is_published(table: Table, least: int) -> None:
    left_out = hidden(table, small=_small(table, least), least=least)
    assert _small(table, least) <= left_out
    assert all(table[r][c] for r, c in left_out)
    assert _determined(table, left_out) == set()


@given(_tables(2, 3, st.integers(0, 3)))
def test_a_small_cell_could_be_any_of_many_numbers_even_to_who_knows_that_none_left_out_is_nothing(
    table: Table,
) -> None:
    least = 3
    small = _small(table, least)
    left_out = hidden(table, small=small, least=least)
    possible = _possible(table, left_out, most=5)
    for cell, values in possible.items():
        assert len(values) > 1, (cell, table)
        if cell in small:
            value = table[cell[0]][cell[1]]
            assert set(range(value, value + least)) <= values, (cell, values)


@pytest.mark.parametrize(
    ("cells", "small", "least", "left_out"),
    [
        ([[20, 30], [40, 50]], set(), 10, set()),  # nothing small, nothing left out
        ([[0, 30], [40, 50]], {(0, 0)}, 10, set()),  # nobody is nobody
        ([[3, 30, 40], [40, 50, 60], [70, 80, 90]], {(0, 0)}, 10, {(0, 0), (0, 1), (1, 0), (1, 1)}),
    ],
)  # fmt: skip
def test_what_is_left_out_is_what_it_takes(cells: Table, small: set[Cell], least: int, left_out: set[Cell]) -> None:
    assert hidden(with_totals(cells), small=small, least=least) == left_out


def test_two_ones_beside_each_other_are_not_told_by_their_sum() -> None:
    """By the sums alone neither follows; but their total less the others is two, and neither is nothing."""
    table = with_totals([[1, 1, 50], [60, 70, 80], [30, 30, 30]])
    left_out = hidden(table, small={(0, 0), (0, 1)}, least=10)
    assert (0, 2) in left_out or (0, 3) in left_out


def test_many_records_of_few_people_are_small() -> None:
    table = with_totals([[40, 30], [50, 60]])
    assert (0, 0) in hidden(table, small={(0, 0)}, least=10)
    assert _determined(table, hidden(table, small={(0, 0)}, least=10)) == set()


def test_a_table_of_one_small_cell_says_nothing() -> None:
    assert hidden([[4, 4], [4, 4]], small={(0, 0), (0, 1), (1, 0), (1, 1)}, least=10) == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }
    assert disclosure_control.with_totals([[4]]) == [[4, 4], [4, 4]]


def test_a_citys_year_is_worked_out_at_once() -> None:
    import random
    import time

    chance = random.Random(7)
    table = with_totals([[chance.choice([0, 2, 5, 9, 14, 60, 300]) for _ in range(12)] for _ in range(20)])
    began = time.monotonic()
    left_out = hidden(table, small=_small(table, 10), least=10)
    assert _determined(table, left_out) == set()
    assert time.monotonic() - began < 20
