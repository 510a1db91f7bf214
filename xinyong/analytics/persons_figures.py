"""自然人信用信息统计 How many records about natural persons there are, by item, county and month, for everybody: nothing about few people.

A figure about fewer persons than the smallest number set (XINYONG_SMALL_CELL) is not shown, nor are others by which it could be
worked out (disclosure_control). Figures are of months that are over, as they were known when this month began: they change once a
month, so that two looks a day apart do not differ by one person. Each item is a table by itself, and no sum goes across items.
Source: INV-72, Shenzhen 38; PIPL 51.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache

from xinyong.analytics import disclosure_control
from xinyong.analytics._facts import SQL
from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.kernel import cells, clock
from xinyong.records import arrived
from xinyong.security import identity

#: Months of a table.
MONTHS = 12
_KEPT_SECONDS = 3_600
#: What stands for a total among counties and months.
TOTAL = "total"
#: What a file says in place of a figure that is not shown.
NOT_SHOWN = "*"


@dataclass(frozen=True, slots=True)
class Row:
    """A county's figures, or the whole's (``code`` is TOTAL): by month and, last, together. None is not shown."""

    code: str
    name: str
    figures: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One item's table. ``shown`` of ``cells`` figures are shown."""

    item_id: str
    title_zh: str
    title_en: str
    months: tuple[date, ...]
    rows: tuple[Row, ...]
    shown: int
    cells: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Every item's table, and as of when. ``least``: about fewer persons than that nothing is shown."""

    tables: tuple[Table, ...]
    as_of: datetime
    least: int


def figures(*, today: date) -> Figures:
    """What everybody may know. Worked out once an hour."""
    key = f"persons-figures/{today:%Y-%m}/{settings.SMALL_CELL}"
    found = cache.get(key)
    if not isinstance(found, Figures):
        found = _figures(today)
        cache.set(key, found, _KEPT_SECONDS)
    return found


def plain(found: Figures) -> dict[str, Any]:
    """The same as JSON values; null is not shown."""
    return {
        "as_of": found.as_of.isoformat(), "least": found.least, "unit": "records",
        "note": {"zh": note(found.least)[0], "en": note(found.least)[1]},
        "items": [
            {
                "item": one.item_id, "title": {"zh": one.title_zh, "en": one.title_en}, "shown": one.shown, "cells": one.cells,
                "months": [f"{month:%Y-%m}" for month in one.months],
                "counties": [
                    {"code": row.code, "name": row.name, "records": list(row.figures[:-1]), "total": row.figures[-1]}
                    for row in one.rows
                ],
            }
            for one in found.tables
        ],
    }  # fmt: skip


def csv(found: Figures, *, to: Path) -> None:
    """The same as CSV, a figure a line."""
    with to.open("w", encoding="utf-8-sig", newline="") as file:
        out = cells.csv_writer(file)
        out.writerow(
            [
                "事项 Item",
                "事项标识 Item id",
                "区划代码 Division",
                "县（市、区） County",
                "月份 Month",
                "记录数 Records",
            ]
        )
        for one in found.tables:
            for row in one.rows:
                for month, figure in zip([*(f"{each:%Y-%m}" for each in one.months), TOTAL], row.figures, strict=True):
                    said = NOT_SHOWN if figure is None else str(figure)
                    out.writerow([one.title_zh, one.item_id, row.code, row.name, month, said])
        out.writerow([f"{NOT_SHOWN} {note(found.least)[0]} {note(found.least)[1]}"])


def note(least: int) -> tuple[str, str]:
    """The sentence under every table."""
    return (
        f"涉及不足 {least} 人的数字不显示；为防止由合计推算，另有少量数字一并不显示。",
        f"Figures about fewer than {least} persons are not shown, nor a few others by which they could be worked out.",
    )


def _figures(today: date) -> Figures:
    first = today.replace(day=1)
    months = _months_before(first)
    as_of = datetime.combine(first, time(), tzinfo=clock.ZONE)
    items = {one.id: one for one in publish.items(on=today) if one.is_about_persons}
    found: dict[str, dict[tuple[str, str], tuple[int, int]]] = {item_id: {} for item_id in items}
    values = {"wanted": list(items), "from": months[0], "to": first, "as_of": as_of}
    for item_id, county, month, of_all, of_year, count, persons in arrived.read(SQL["persons_records"], values):
        place = (TOTAL if of_all else county, TOTAL if of_year else month.isoformat())
        found[item_id][place] = (count, persons)
    regions, least = identity.regions(), max(2, settings.SMALL_CELL)
    tables = [_table(items[item_id], counts, months, regions, least) for item_id, counts in found.items() if counts]
    return Figures(tuple(tables), as_of, least)


def _table(
    item: Item,
    counts: dict[tuple[str, str], tuple[int, int]],
    months: Sequence[date],
    regions: dict[str, str],
    least: int,
) -> Table:
    counties = [*sorted({county for county, _ in counts} - {TOTAL}), TOTAL]
    columns = [*(one.isoformat() for one in months), TOTAL]
    whole = [[counts.get((county, month), (0, 0))[0] for month in columns] for county in counties]
    small = {
        (r, c)
        for r, county in enumerate(counties)
        for c, month in enumerate(columns)
        if 0 < counts.get((county, month), (0, 0))[1] < least
    }
    left_out = disclosure_control.hidden(whole, small=small, least=least)
    rows = tuple(
        Row(county, _name(county, regions), tuple(None if (r, c) in left_out else value for c, value in enumerate(whole[r])))
        for r, county in enumerate(counties)
    )  # fmt: skip
    size = len(counties) * len(columns)
    return Table(item.id, item.title_zh, item.title_en, tuple(months), rows, size - len(left_out), size)


def _name(county: str, regions: dict[str, str]) -> str:
    return "" if county == TOTAL else regions.get(county, county)


def _months_before(first: date) -> list[date]:
    """The months before this one, the oldest first."""
    found = []
    for _ in range(MONTHS):
        first = date(first.year - (first.month == 1), first.month - 1 or 12, 1)
        found.append(first)
    return found[::-1]
