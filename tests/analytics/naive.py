"""The rates over rows a second time, row by row in Python: what docs/explanation/rates.md says in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from tests.analytics.world import Made, Version, Waiting, midnight
from xinyong.analytics.definitions import WHOSE
from xinyong.kernel.periods import Period


def sums(world: Made, period: Period, as_of: datetime, *, asked: dict[str, int]) -> dict[tuple[int, str], Counter[str]]:
    """(unit, item) → rate → numerator and denominator, as ``_facts.cells`` names them."""
    found: dict[tuple[int, str], Counter[str]] = {}
    ids = {one.code: one.id for one in world.units}
    handed = {one.id: one for one in world.submissions}
    assert period.end is not None
    for row in _rows(world, as_of):
        came = handed[row.submission]
        if not (midnight(period.start) <= came.received_at < midnight(period.end) and came.received_at <= as_of):
            continue
        if came.reverted_at is not None and came.reverted_at <= as_of:
            continue
        unit = ids.get(row.authority, row.source if isinstance(row, Version) else came.source)
        cell = found.setdefault((unit, came.item), Counter())
        if isinstance(row, Version):
            _accepted(cell, row, world, as_of, asked[came.item])
        else:
            _stopped(cell, row, as_of)
    return found


def decided(world: Made, period: Period, as_of: datetime) -> dict[tuple[int, str], Counter[str]]:
    """(unit, item) → data decided in the period that stand, and that were withdrawn."""
    ids = {one.code: one.id for one in world.units}
    found: dict[tuple[int, str], Counter[str]] = {}
    for key in {one.key for one in world.versions}:
        newest = _newest(world, key, as_of)
        if newest and period.holds(newest.decided_on):
            cell = found.setdefault((ids.get(newest.authority, newest.source), newest.item), Counter())
            cell["standing" if newest.state == 1 else "withdrawn"] += 1
    return found


def _rows(world: Made, as_of: datetime) -> Iterator[Version | Waiting]:
    """A row that stands again is the same row: its newest version, as old as its first."""
    rows: dict[tuple[int, int, int], list[Version]] = {}
    for one in world.versions:
        if one.state == 1 and one.known_from <= as_of:
            rows.setdefault((one.key, one.submission, one.row_no), []).append(one)
    for same in rows.values():
        first = min(one.version for one in same)
        newest = max(same, key=lambda one: one.version)
        yield replace(newest, is_first=first == 1)
    yield from world.waiting


def _accepted(cell: Counter[str], row: Version, world: Made, as_of: datetime, asked: int) -> None:
    newest = _newest(world, row.key, as_of)
    assert newest is not None
    if newest.state == 2:
        cell["compliance.x.withdrawn"] += 1
        return
    for name in ("compliance.n", "compliance.d", "linkage.n", "linkage.d", "conflict.d"):
        cell[name] += 1
    if row.is_first:
        cell["timeliness.d"] += 1
        cell["late.n" if row.is_late else "timeliness.n"] += 1
    else:
        cell["timeliness.x.correction"] += 1
    if newest.version == row.version:
        cell["completeness.n"] += row.filled + bool(row.authority)
        cell["completeness.d"] += asked
    else:
        cell["completeness.x.superseded"] += 1


def _stopped(cell: Counter[str], row: Waiting, as_of: datetime) -> None:
    is_closed = row.closed_at is not None and row.closed_at <= as_of
    for name in ("compliance.d", "conflict.d", "correction.d", "timeliness.x.waiting"):
        cell[name] += 1
    cell["correction.n"] += is_closed
    cell["conflict.n"] += row.rule == "V11-other-source"
    cell["linkage.d"] += row.rule in WHOSE and not is_closed


def _newest(world: Made, key: int, as_of: datetime) -> Version | None:
    known = [one for one in world.versions if one.key == key and one.known_from <= as_of]
    return max(known, key=lambda one: one.version, default=None)
