"""What figures are summed from: one line for each unit and item, by statements of the database over the rows."""

from collections import defaultdict
from datetime import datetime, time
from typing import Any

from xinyong.analytics.definitions import CONFLICTS, RATES, WHOSE, Level, Rate
from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item, Requirement
from xinyong.intake import declared, duties
from xinyong.kernel import clock, sql
from xinyong.kernel.periods import Period
from xinyong.records import arrived
from xinyong.security import scope
from xinyong.security.access import Actor, system

SQL = sql.load(__file__, "analytics.sql")
#: (unit id, item id) → name of a number → number. Names: ``rate.n``, ``rate.d``, ``rate.x.reason``.
Cells = dict[tuple[int, str], dict[str, int]]
_FILLED = "jsonb_array_length(jsonb_path_query_array(r.payload, '$.*'))"


def cells(period: Period, *, as_of: datetime, seen_by: Actor) -> Cells:
    """Every number of every unit and item within the actor's reach, of all rates but those over an area."""
    found: Cells = defaultdict(lambda: defaultdict(int))
    _rows(found, period, as_of)
    _handled(found, period, as_of)
    units = arrived.reach(seen_by)
    kept: Cells = defaultdict(lambda: defaultdict(int))
    kept |= {key: value for key, value in found.items() if _is_within(key, units, seen_by)}
    _declared(kept, period, as_of, seen_by, units)
    return dict(kept)


def parameters(period: Period, *, as_of: datetime) -> dict[str, Any]:
    """What the statements over received rows ask for."""
    items = publish.every_version()
    items = [one for one in items if not one.is_self_declared]
    return arrived.source_fields() | {
        "asked": [_asked(one) for one in items],
        "due": [one.timeliness_working_days is not None for one in items],
        "from_at": datetime.combine(period.start, time(), tzinfo=clock.ZONE),
        "to_at": datetime.combine(_end(period), time(), tzinfo=clock.ZONE),
        "as_of": as_of, "whose": list(WHOSE), "conflicts": list(CONFLICTS),
    }  # fmt: skip


def statement(rest: str, *, needs_filled: bool, **parts: str) -> str:
    """A statement over received rows. The parts are constants of ours."""
    head = SQL["received"].format(filled=_FILLED if needs_filled else "0")
    return f"{head}\n{SQL[rest].format(**parts)}"


def _rows(found: Cells, period: Period, as_of: datetime) -> None:
    names, sums = [], []
    for rate in (one for one in RATES if one.level is Level.ROWS):
        for name, text in _numbers(rate):
            names.append(name)
            sums.append(f"coalesce(sum({text}), 0)")
    text = statement("sums", needs_filled=True, sums=", ".join(sums))
    for unit, item, *numbers in arrived.read(text, parameters(period, as_of=as_of)):
        found[unit, item].update({name: int(number) for name, number in zip(names, numbers, strict=True)})


def _numbers(rate: Rate) -> list[tuple[str, str]]:
    excluded = [(f"{rate.id}.x.{one.id}", f"({one.where})::int") for one in rate.exclusions if one.where]
    return [(f"{rate.id}.n", rate.hit), (f"{rate.id}.d", rate.whole), *excluded]


def _handled(found: Cells, period: Period, as_of: datetime) -> None:
    for unit, item, duplicate, unchanged in arrived.read(SQL["handled"], parameters(period, as_of=as_of)):
        found[unit, item]["compliance.x.duplicate"] += int(duplicate)
        found[unit, item]["compliance.x.unchanged"] += int(unchanged)


def _declared(found: Cells, period: Period, as_of: datetime, seen_by: Actor, units: frozenset[int] | None) -> None:
    """Reporting rate, spot checks and collection rate: declarations are the unit's, what arrived is the archive's."""
    with scope.acting(system("rates")):
        said = {(one.source_id, one.item_id, one.kind): one for one in declared.words(period, as_of=as_of)}
    came = arrived.counts(period, as_of=as_of, seen_by=seen_by)
    zero = {key[:2] for key, one in said.items() if one.is_zero_report}
    targets = {key[:2]: one.number for key, one in said.items() if key[2] == declared.TOTAL and one.number is not None}
    for key, one in came.items():
        found[key]["reporting.n" if key in targets else "reporting.x.no-target"] += one.standing
        found[key]["reporting.x.withdrawn"] += one.withdrawn
    for key, number in targets.items():
        if _is_within(key, units, seen_by):
            found[key]["reporting.d"] += number
    for (unit, item, kind), word in said.items():
        if kind == declared.SPOT_CHECK and word.number is not None and _is_within((unit, item), units, seen_by):
            found[unit, item]["spot-check.n"] += word.found or 0
            found[unit, item]["spot-check.d"] += word.number
    _owed(found, period, as_of, seen_by, units, zero)


def _owed(
    found: Cells, period: Period, as_of: datetime, seen_by: Actor, units: frozenset[int] | None,
    zero: set[tuple[int, str]],
) -> None:  # fmt: skip
    """Collection in days of items: a unit that owes an item for half a month counts half, on both sides."""
    with scope.acting(system("rates")):
        owed = duties.owed(period, as_of=as_of, seen_by=system("rates"))
    due = {(one.source_id, one.item_id): int(one.days) for one in owed}
    brought = {key for key, one in found.items() if _has_brought(one)} | zero
    for key in set(due) | brought:
        if not _is_within(key, units, seen_by):
            continue
        if key not in due:
            found[key]["collection.x.not-owed"] += 1
            continue
        found[key]["collection.d"] += due[key]
        found[key]["collection.n"] += due[key] if key in brought else 0


def _has_brought(one: dict[str, int]) -> bool:
    names = ("compliance.n", "compliance.x.unchanged", "reporting.n", "reporting.x.no-target")
    return any(one.get(name, 0) for name in names)


def _is_within(key: tuple[int, str], units: frozenset[int] | None, seen_by: Actor) -> bool:
    return (units is None or key[0] in units) and (seen_by.items is None or key[1] in seen_by.items)


def _asked(item: Item) -> int:
    """Fields of a row that can be filled and stay readable."""
    if item.is_about_persons:
        return 0
    return sum(not (one.is_personal or one.is_computed or one.requirement is Requirement.BLANK) for one in item.fields)


def _end(period: Period) -> Any:
    assert period.end is not None
    return period.end
