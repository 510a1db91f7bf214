"""小单元抑制 Which figures of a table may not be shown, so that none about few people can be read or worked out.

A table of counts with its totals says more than its cells: a cell that is left out is the total less the others. So beside the
small ones (primary) others are left out (complementary), the cheapest that will do, until what was left out could have been
any of many numbers for all that is published says. Zeros are shown; that a cell left out is one at least, the reader knows.

How: with the sign of every total turned, each row and each column of the table sums to nothing; what is left out may then move
along closed ways of rows and columns. A small cell is safe when it could be greater by ``least`` − 1 or more, moving only cells that
are left out and leaving each of them one at least: a flow of that size (Ford and Fulkerson), found along ways that cost least, the cost
of a cell being what the reader loses by it. A way always exists: over the totals. Source of the problem: Cox, Suppression
methodology and statistical disclosure control (1980), Gusfield (1988) for tables of two ways; PIPL 28, 51; Shenzhen 38 (INV-72).
"""

import heapq
from collections.abc import Callable, Collection, Sequence

Cell = tuple[int, int]
#: Without limit.
_ALL = 1 << 40
#: The cost of a total against that of a cell: a table without its totals says less than one without some cells.
_TOTALS_COST = 1_000


def hidden(table: Sequence[Sequence[int]], *, small: Collection[Cell], least: int) -> frozenset[Cell]:
    """The cells that are left out. ``table`` is whole: its last row and column are the totals. ``small``: cells about fewer
    than ``least`` people, totals too; zeros in it are shown all the same."""
    left_out = {cell for cell in small if table[cell[0]][cell[1]] > 0}
    for target in sorted(left_out, key=lambda cell: table[cell[0]][cell[1]]):
        _protect(table, target, left_out, needed=max(1, least - 1))
    return frozenset(left_out)


def _protect(table: Sequence[Sequence[int]], target: Cell, left_out: set[Cell], *, needed: int) -> None:
    """Leaves out what it takes for this cell to be possibly greater by ``needed``."""
    flow: dict[Cell, int] = {}
    is_turned = _is_total(table, target)
    while needed > 0:
        way = _cheapest(table, target, left_out, flow, is_turned)
        size = min([needed, *(room for _, room, _ in way)])
        for cell, _, sign in way:
            flow[cell] = flow.get(cell, 0) + sign * size
            left_out.add(cell)
        needed -= size


def _cheapest(
    table: Sequence[Sequence[int]], target: Cell, left_out: set[Cell], flow: dict[Cell, int], is_turned: bool
) -> list[tuple[Cell, int, int]]:
    """The cheapest way from the target's row to its column, as (cell, how much more it can move, which way): rows are left by
    lessening a cell (by raising it, for a target whose sign is turned), columns by the other. Dijkstra's."""
    rows, columns = len(table), len(table[0])
    start, goal = target[0], rows + target[1]
    best: dict[int, int] = {start: 0}
    came: dict[int, tuple[int, Cell, int, int]] = {}
    queue = [(0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == goal:
            break
        if cost > best[node]:
            continue
        at_row = node < rows
        sign = -1 if at_row != is_turned else 1
        for other in range(columns if at_row else rows):
            cell = (node, other) if at_row else (other, node - rows)
            if cell == target or not table[cell[0]][cell[1]]:
                continue
            room = _room(table, cell, sign, flow.get(cell, 0))
            if room <= 0:
                continue
            to = rows + other if at_row else other
            price = cost + (0 if cell in left_out else _price(table, cell))
            if price < best.get(to, _ALL * _ALL):
                best[to] = price
                came[to] = (node, cell, room, sign)
                heapq.heappush(queue, (price, to))
    way = []
    node = goal
    while node != start:
        node, cell, room, sign = came[node]
        way.append((cell, room, sign))
    return way


def _room(table: Sequence[Sequence[int]], cell: Cell, sign: int, moved: int) -> int:
    """How much further a cell can move in a direction, in the signs of the sums: down to one, upwards without end. A total counts
    the other way round."""
    if _is_total(table, cell):
        sign, moved = -sign, -moved
    return _ALL if sign > 0 else table[cell[0]][cell[1]] - 1 + moved


def _price(table: Sequence[Sequence[int]], cell: Cell) -> int:
    value = table[cell[0]][cell[1]]
    at_end = (cell[0] == len(table) - 1) + (cell[1] == len(table[0]) - 1)
    return 1 + value.bit_length() + _TOTALS_COST * at_end


def _is_total(table: Sequence[Sequence[int]], cell: Cell) -> bool:
    """True for a total of a row or a column; the total of both counts as a cell does (its sign is turned twice)."""
    return (cell[0] == len(table) - 1) != (cell[1] == len(table[0]) - 1)


def with_totals(cells: Sequence[Sequence[int]], add: Callable[[Sequence[int]], int] = sum) -> list[list[int]]:
    """The table of these cells with its totals as last row and column."""
    rows = [[*row, add(row)] for row in cells]
    return [*rows, [add([row[at] for row in rows]) for at in range(len(rows[0]))]]
