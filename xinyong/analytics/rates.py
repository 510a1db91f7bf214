"""The rates of a period, as of a moment, by department, item, division or county, and of the whole.

Every figure carries its numerator, its denominator and what was left out. Nothing is cut at 100 %: who reports more than
declared is shown so. No denominator, no rate: a missing target is not nought. Who reported nothing has a line all the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from xinyong.analytics import _facts
from xinyong.analytics.definitions import RATES, SPECIFIC, Level, Rate, rate
from xinyong.catalogue import publish, tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Invalid
from xinyong.kernel.periods import Period
from xinyong.records import arrived
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require, significant, system
from xinyong.subjects import defects


class By(StrEnum):
    """What lines of an overview are about."""

    DEPARTMENT = "department"
    ITEM = "item"
    DIVISION = "division"


class NotYet(Invalid):
    """The month has not begun."""

    code = "analytics.month-not-begun"


@dataclass(frozen=True, slots=True)
class Figure:
    """One rate of one line. ``excluded``: reason → how many. ``scale`` divides both numbers for the reader: days of items
    become items."""

    rate_id: str
    numerator: int
    denominator: int | None
    excluded: Mapping[str, int] = field(default_factory=dict)
    scale: int = 1

    @property
    def value(self) -> Decimal | None:
        """The rate, 1 for 100 %, unrounded; None without a denominator."""
        return Decimal(self.numerator) / Decimal(self.denominator) if self.denominator else None

    @property
    def percent(self) -> str:
        """As printed: percent, rounded half up to the decimals of the rate; "—" without a rate."""
        return percent(self.value, rate(self.rate_id).decimals)

    @property
    def parts(self) -> tuple[Decimal, Decimal | None]:
        """Numerator and denominator as the reader knows them."""
        whole = None if self.denominator is None else _scaled(self.denominator, self.scale)
        return _scaled(self.numerator, self.scale), whole


@dataclass(frozen=True, slots=True)
class Line:
    """What a department, item, division or the whole did. ``group``: with whom it is compared."""

    key: str
    zh: str
    en: str
    figures: Mapping[str, Figure]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """All lines of a period and their sum."""

    period: Period
    as_of: datetime
    by: By
    lines: tuple[Line, ...]
    total: Line


def percent(value: Decimal | None, decimals: int) -> str:
    """A rate as printed; a part of a percent that would print as none at all keeps its sign."""
    if value is None:
        return "—"
    return f"{(value * 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}%"


def overview(period: Period, *, by: By, as_of: datetime, seen_by: Actor) -> Overview:
    """The figures of a period; one audit entry. A source unit gets its own line. Raises NotAllowed, NotYet."""
    require(seen_by, Action.VIEW_RATES)
    audit.enter(
        audit.Event.RATES_VIEWED, by=seen_by, object_kind="rates", object_ref=f"{period.start:%Y-%m}", by_what=by.value
    )
    return figures(period, by=by, as_of=as_of, seen_by=seen_by)


def figures(period: Period, *, by: By, as_of: datetime, seen_by: Actor) -> Overview:
    """The same without the entry: for what is entered as something else (a bulletin, an export)."""
    require(seen_by, Action.VIEW_RATES)
    if period.start > clock.day(as_of):
        raise NotYet(
            f"{period.start:%Y-%m} 还没有开始。", f"{period.start:%Y-%m} has not begun."
        )  # fmt: skip
    cells = _facts.cells(period, as_of=as_of, seen_by=seen_by)
    areas = _areas(as_of, seen_by)
    return _overview(period, by, as_of, seen_by, cells, areas, _of_whole(areas, as_of, seen_by))


def every(period: Period, *, as_of: datetime, seen_by: Actor, with_areas: bool = True) -> dict[By, Overview]:
    """All three overviews of a period, its rows read once; without areas the rates over organisations are left out."""
    require(seen_by, Action.VIEW_RATES)
    cells = _facts.cells(period, as_of=as_of, seen_by=seen_by)
    areas = _areas(as_of, seen_by) if with_areas else {}
    whole = _of_whole(areas, as_of, seen_by)
    return {by: _overview(period, by, as_of, seen_by, cells, areas, whole) for by in By}


def _overview(
    period: Period,
    by: By,
    as_of: datetime,
    seen_by: Actor,
    cells: _facts.Cells,
    areas: "_Areas",
    of_whole: Mapping[str, Figure],
) -> Overview:
    days = ((period.end or period.start) - period.start).days
    names = _names(by, seen_by)
    summed: dict[str, Counter[str]] = {key: Counter() for key in names}
    whole: Counter[str] = Counter()
    key_of = _key_of(by)
    for (unit, item), numbers in cells.items():
        summed.setdefault(key_of(unit, item), Counter()).update(numbers)
        whole.update(numbers)
    lines = []
    for key, numbers in summed.items():
        zh, en, group = names.get(key, (key or "—", key or "—", ""))
        lines.append(Line(key, zh, en, _figures(numbers, days) | _of_area(by, key, areas), group))
    total = Line("", "合计", "Total", _figures(whole, days) | dict(of_whole))
    return Overview(period, as_of, by, lines=tuple(sorted(lines, key=lambda one: (one.group, one.key))), total=total)


def group_of(region_code: str) -> str:
    """Departments of the city are compared with one another, those of counties with one another."""
    return "county-departments" if len(significant(region_code)) >= 6 else "city-departments"


def _figures(numbers: Mapping[str, int], days: int) -> dict[str, Figure]:
    made = {}
    for one in RATES:
        if one.level is Level.AREA:
            continue
        excluded = {e.id: numbers.get(f"{one.id}.x.{e.id}", 0) for e in one.exclusions}
        whole = numbers.get(f"{one.id}.d", 0)
        made[one.id] = Figure(
            one.id, numbers.get(f"{one.id}.n", 0), whole or None, {name: n for name, n in excluded.items() if n},
            scale=days if one.id == "collection" else 1,
        )  # fmt: skip
    return made


def _names(by: By, seen_by: Actor) -> dict[str, tuple[str, str, str]]:
    """Who has a line even without any row: key → Chinese, English, group."""
    units = arrived.reach(seen_by)
    own = [one for one in identity.source_units() if units is None or one.id in units]
    if by is By.ITEM:
        held = [one for one in publish.reported() if seen_by.items is None or one.id in seen_by.items]
        return {one.id: (one.title_zh, one.title_en, "") for one in held}
    if by is By.DIVISION:
        known = identity.regions()
        codes = {one.region_code[:6] for one in own}
        return {code: (known.get(code, code) or "—", known.get(code, code) or "—", "") for code in codes}
    return {one.code: (one.name, one.name, group_of(one.region_code)) for one in own if one.is_active or units}


def _key_of(by: By) -> Callable[[int, str], str]:
    if by is By.ITEM:
        return lambda _, item: item
    units = {one.id: one for one in identity.source_units()}
    if by is By.DIVISION:
        return lambda unit, _: units[unit].region_code[:6]
    return lambda unit, _: units[unit].code


#: division → (organisations, enterprises, with a record, others)
_Areas = dict[str, tuple[int, int, int, int]]


def _areas(as_of: datetime, seen_by: Actor) -> _Areas:
    """Organisations by division; nothing for who sees one unit's own figures only."""
    if seen_by.department is not None:
        return {}
    own = significant(seen_by.region)
    found = arrived.read(_facts.SQL["organisations"], {"as_of": as_of})
    return {code: (a, b, c, d) for code, a, b, c, d in found if code.startswith(own)}


def _of_area(by: By, key: str, areas: _Areas) -> dict[str, Figure]:
    return _area(areas.get(key, (0, 0, 0, 0))) if by is By.DIVISION and areas else {}


def _of_whole(areas: _Areas, as_of: datetime, seen_by: Actor) -> dict[str, Figure]:
    if not areas:
        return {}
    sums = [sum(column) for column in zip(*areas.values(), strict=True)]
    made = _area((sums[0], sums[1], sums[2], sums[3]))
    if not seen_by.region:
        found = defects.rates(seen_by=system("rates"), exceptions=tables.exceptions())
        made["code-defects"] = Figure("code-defects", found.duplicate + found.wrong, found.existing or None)
    held = {one.id for one in publish.items()}
    counts = Counter(dict(arrived.read(_facts.SQL["by_item"], {"as_of": as_of, "items": _specific_items(held)})))
    for id, _, _, items in SPECIFIC:
        is_collected = any(one in held for one in items)
        n = sum(counts[one] for one in items)
        made[f"specific-{id}"] = Figure(f"specific-{id}", n, sums[1] if is_collected and sums[1] else None)
    return made


def _specific_items(held: Iterable[str]) -> list[str]:
    known = set(held)
    return [item for _, _, _, items in SPECIFIC for item in items if item in known]


def _area(one: tuple[int, int, int, int]) -> dict[str, Figure]:
    organisations, _, with_record, others = one
    excluded = {"ended": others} if others else {}
    return {"subject-collection": Figure("subject-collection", with_record, organisations or None, excluded)}


def _scaled(number: int, scale: int) -> Decimal:
    if scale == 1:
        return Decimal(number)
    made = (Decimal(number) / scale).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return made.to_integral_value() if made == made.to_integral_value() else made


def shown(line: Line, rate_ids: Iterable[str]) -> list[tuple[Rate, Figure]]:
    """The figures of a line in the order asked for; one it does not have is left out."""
    return [(rate(one), line.figures[one]) for one in rate_ids if one in line.figures]
