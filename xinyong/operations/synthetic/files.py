"""Writes the city's files: what each department would send, in the order it would come."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from xinyong.catalogue import load
from xinyong.catalogue.schema import Item
from xinyong.operations.synthetic import (
    decisions,
    draw,
    faults,
    layouts,
    lists,
    people,
    places,
    plan,
    register,
    writing,
)
from xinyong.operations.synthetic.agencies import AGENCIES, Agency
from xinyong.operations.synthetic.decisions import Batch, Columns
from xinyong.operations.synthetic.organisations import City
from xinyong.operations.synthetic.plan import FilePlan

BATCH = 50_000
#: Shares of a department's last file that come again in the next: as they were, and changed.
_AGAIN, _CHANGED, _TWICE = 0.004, 0.005, 0.0015
_EPOCH = date(1970, 1, 1)
#: What clerks call the items in file names and titles.
_TITLES = {
    "organisation-register": "登记注册信息", "admin-licence-org": "行政许可", "admin-penalty-org": "行政处罚",
    "admin-licence-person": "行政许可（自然人）", "admin-penalty-person": "行政处罚（自然人）",
    "abnormal-operation": "经营异常名录", "serious-dishonesty": "严重失信主体名单", "honour": "守信荣誉",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CityFile:
    """A file to submit: who sends it, as which item, and on which day it is received."""

    path: Path
    item_id: str
    source_code: str
    received_on: date
    rows: int


@dataclass(frozen=True, slots=True)
class Department:
    """A source unit to register."""

    code: str
    name: str
    short_name: str
    region_code: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A demo account to create; its password is drawn at installation."""

    username: str
    display_name: str
    role: str
    department: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The city: its files in the order of receipt, and who and where to register before."""

    files: tuple[CityFile, ...]
    departments: tuple[Department, ...]
    regions: tuple[dict[str, Any], ...]
    accounts: tuple[DemoAccount, ...]


def write(
    folder: Path,
    *,
    subjects: int,
    records: int,
    seed: int,
    today: date,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Writes the files of a city of so many organisations and records into the folder. Equal arguments give equal bytes.

    Memory does not grow with the city: rows are made and written in batches. ``progress`` hears (done, all) files.
    """
    city = City(seed=seed, subjects=max(subjects, 1), records=max(records, 0), today=today)
    folder.mkdir(parents=True, exist_ok=True)
    items = load.library()
    plans = plan.files(city)
    written: list[CityFile] = []
    for number, one in enumerate(plans, start=1):
        made = _write_one(folder, city, one, items[one.item_id], len(written) + 1)
        if made is not None:
            written.append(made)
        if progress is not None:
            progress(number, len(plans))
    return replace(inhabitants(), files=tuple(written))


def inhabitants() -> Manifest:
    """Departments, divisions and demo accounts; no files."""
    return Manifest(
        files=(),
        departments=tuple(Department(one.code, one.name, _short(one), one.region) for one in AGENCIES),
        regions=tuple(places.regions()),
        accounts=(
            DemoAccount("operator", "信用中心值班员（演示）", "operator", None),
            DemoAccount("auditor", "审计员（演示）", "auditor", None),
            *(DemoAccount(key, f"{one.name}经办人（演示）", "source_unit", one.code)
              for one in AGENCIES for key in [one.key] if key in {"market", "approval", "transport"}),
        ),
    )  # fmt: skip


def _short(one: Agency) -> str:
    return one.name.removeprefix(places.CITY[1]) if one.county is None else one.name


def _write_one(folder: Path, city: City, one: FilePlan, item: Item, number: int) -> CityFile | None:
    if one.item_id == "organisation-register":
        wanted = register.numbers(city, one.agency.key, one.since, one.window[0])
        total = sum(len(index) for index in wanted)
        layout = layouts.of(one.agency, one.item_id, total)
        batches: Iterable[Columns] = (_registered(city, one, layout, index) for index in wanted)
    else:
        total = one.rows
        layout = layouts.of(one.agency, one.item_id, total)
        batches = _rows(city, one, layout)
    batches = iter(batches)
    first = next(batches, None)
    if not total or first is None:
        return None
    received = _EPOCH + timedelta(days=one.received_on)
    name = f"{number:04d}_{one.agency.name}_{_TITLES[one.item_id]}_{received:%Y%m%d}{layout.suffix}"
    head = layouts.headers(layout, item, first)
    title = f"{one.agency.name}{_TITLES[one.item_id]}信息报送表"
    rows = writing.write(folder / name, layout, head, _chain(first, batches), title=title)
    return CityFile(folder / name, one.item_id, one.agency.code, received, rows)


def _chain(first: Columns, rest: Iterator[Columns]) -> Iterator[Columns]:
    yield first
    yield from rest


def _registered(city: City, one: FilePlan, layout: layouts.Layout, index: draw.Whole) -> Columns:
    columns = register.rows(city, one.agency, index, one.window[0])
    form = np.full(len(index), faults.DATE_FORMS.index(layout.date_form), dtype=np.int64)
    for name in ("CLRQ", "ZXRQ", "HZRQ"):
        columns[name] = faults.write_days(columns[name], form)
    return columns


def _rows(city: City, one: FilePlan, layout: layouts.Layout) -> Iterator[Columns]:
    """The file's rows in batches: first what comes again from the last file, then its own."""
    if one.item_id in _PEOPLE:
        yield _PEOPLE[one.item_id](city, one.agency, plan.days_of(city, one))
        return
    days = plan.days_of(city, one)
    if one.before is not None:
        yield from _again(city, one.before, layout)
    for start in range(0, len(days), BATCH):
        batch = _batch(city, one, days[start : start + BATCH], one.first + start)
        yield _twice(_sent(city, one, layout, batch), city.seed, one.salt, batch.index)


def _again(city: City, before: FilePlan, layout: layouts.Layout) -> Iterator[Columns]:
    """The last file's first rows once more: a few as they were, a few changed."""
    same, changed = int(before.rows * _AGAIN) + 1, int(before.rows * _CHANGED) + 1
    days = plan.days_of(city, before)[: same + changed]
    if before.item_id == "abnormal-operation":
        days = plan.days_of(city, before)[: before.rows // 3]
        batch = lists.abnormal(city, before.agency, days, before.first, removed=True)
        yield _sent(city, before, layout, batch)
        return
    if not before.item_id.startswith("admin-") or not len(days):
        return
    columns = _sent(city, before, layout, _batch(city, before, days, before.first))
    is_changed = np.arange(len(days)) >= same
    if before.item_id == "admin-penalty-org":
        columns["CF_SY"] = draw.choose(is_changed, draw.join(columns["CF_SY"], "（事实表述已更正）"), columns["CF_SY"])
    else:
        columns["XK_ZT"] = draw.choose(is_changed, "2", columns["XK_ZT"])
    columns["BZ"] = draw.choose(is_changed, "更正后重新报送", None)
    yield columns


def _batch(city: City, one: FilePlan, days: draw.Whole, first: int) -> Batch:
    return _MAKERS[one.item_id](city, one.agency, days, first)


def _sent(city: City, one: FilePlan, layout: layouts.Layout, batch: Batch) -> Columns:
    """The batch as it leaves the department."""
    where = faults.PLANS[one.item_id]
    columns = faults.spoil(batch, where, seed=city.seed, salt=one.salt, date_form=layout.date_form)
    return columns | layouts.own_columns(layout, one.agency, city.seed, batch.index, batch.days)


def _twice(columns: Columns, seed: int, salt: str, index: draw.Whole) -> Columns:
    """Some rows stand in the file twice."""
    counts = 1 + (draw.unit(seed, salt + "/twice", index) < _TWICE)
    rows = np.repeat(np.arange(len(index)), counts)
    return columns if len(rows) == len(index) else {name: draw.take(column, rows) for name, column in columns.items()}


_MAKERS: dict[str, Callable[[City, Agency, draw.Whole, int], Batch]] = {
    "admin-penalty-org": decisions.penalties,
    "admin-licence-org": decisions.licences,
    "abnormal-operation": lists.abnormal,
    "serious-dishonesty": lists.serious,
    "honour": lists.honours,
}
_PEOPLE: dict[str, Callable[[City, Agency, draw.Whole], Columns]] = {
    "admin-licence-person": people.licences,
    "admin-penalty-person": people.penalties,
}
