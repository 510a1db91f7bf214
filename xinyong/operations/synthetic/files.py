"""Writes the city's files: what each department would send, in the order it would come."""

from collections.abc import Callable, Iterator
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
from xinyong.operations.synthetic.layouts import Layout
from xinyong.operations.synthetic.organisations import City
from xinyong.operations.synthetic.plan import FilePlan, Part

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
    made: list[CityFile] = []
    for number, total, one in written(folder, subjects=subjects, records=records, seed=seed, today=today):
        if one is not None:
            made.append(one)
        if progress is not None:
            progress(number, total)
    return replace(inhabitants(), files=tuple(made))


def written(
    folder: Path, *, subjects: int, records: int, seed: int, today: date
) -> Iterator[tuple[int, int, CityFile | None]]:
    """The same files one by one, each once it is whole: (number, how many there are, the file or None where nothing is to be
    sent)."""
    city = City(seed=seed, subjects=max(subjects, 1), records=max(records, 0), today=today)
    folder.mkdir(parents=True, exist_ok=True)
    items = load.library()
    plans = plan.files(city)
    sent = 0
    for number, one in enumerate(plans, start=1):
        made = _write_one(folder, city, one, items[one.item_id], sent + 1)
        sent += made is not None
        yield number, len(plans), made


def inhabitants() -> Manifest:
    """Departments, divisions and demo accounts; no files."""
    return Manifest(
        files=(),
        departments=tuple(Department(one.code, one.name, _short(one), one.region) for one in AGENCIES),
        regions=tuple(places.regions()),
        accounts=(
            DemoAccount("operator", "信用中心值班员（演示）", "operator", None),
            DemoAccount("operator2", "信用中心复核员（演示）", "operator", None),
            DemoAccount("system", "系统管理员（演示）", "system_admin", None),
            DemoAccount("safety", "安全管理员（演示）", "security_admin", None),
            DemoAccount("safety2", "安全管理员复核（演示）", "security_admin", None),
            DemoAccount("auditor", "审计管理员（演示）", "auditor", None),
            *(DemoAccount("chief", f"{one.name}单位管理员（演示）", "unit_admin", one.code)
              for one in AGENCIES if one.key == "market"),
            *(DemoAccount(key, f"{one.name}经办人（演示）", "source_unit", one.code)
              for one in AGENCIES for key in [one.key] if key in {"market", "approval", "transport"}),
        ),
    )  # fmt: skip


def _short(one: Agency) -> str:
    return one.name.removeprefix(places.CITY[1]) if one.county is None else one.name


def _write_one(folder: Path, city: City, one: FilePlan, item: Item, number: int) -> CityFile | None:
    if one.item_id == "organisation-register":
        wanted = register.numbers(city, one.sender.key, one.since, one.window[0])
        layout = layouts.of(one.sender, one.item_id, sum(len(index) for index in wanted))
        batches: Iterator[Columns] = (_registered(city, one, layout, index) for index in wanted)
    else:
        layout = layouts.of(one.sender, one.item_id, one.rows, age=draw.day(city.today) - one.received_on)
        batches = _rows(city, one, layout)
    first = next(batches, None)
    if first is None:
        return None
    received = _EPOCH + timedelta(days=one.received_on)
    name = f"{number:04d}_{one.sender.name}_{_TITLES[one.item_id]}_{received:%Y%m%d}{layout.suffix}"
    head = layouts.headers(layout, item, first)
    title = f"{one.sender.name}{_TITLES[one.item_id]}信息报送表"
    rows = writing.write(folder / name, layout, head, _chain(first, batches), title=title)
    return CityFile(folder / name, one.item_id, one.sender.code, received, rows)


def _chain(first: Columns, rest: Iterator[Columns]) -> Iterator[Columns]:
    yield first
    yield from rest


def _registered(city: City, one: FilePlan, layout: Layout, index: draw.Whole) -> Columns:
    columns = register.rows(city, one.sender, index, one.window[0])
    form = np.full(len(index), faults.DATE_FORMS.index(layout.date_form), dtype=np.int64)
    for name in ("CLRQ", "ZXRQ", "HZRQ"):
        columns[name] = faults.write_days(columns[name], form)
    return columns


def _rows(city: City, one: FilePlan, layout: Layout) -> Iterator[Columns]:
    """The file's rows in batches: first what comes again from the sender's last file, then its own."""
    if one.item_id in _PEOPLE:
        yield from (_PEOPLE[one.item_id](city, one.sender, plan.days_of(city, one, part)) for part in one.parts)
        return
    if one.before is not None:
        yield from _again(city, one.before, layout)
    for part in one.parts:
        days = plan.days_of(city, one, part)
        for start in range(0, len(days), BATCH):
            made = _made(city, one, part, layout, days[start : start + BATCH], part.first + start)
            yield _twice(made, city.seed, part)


def _again(city: City, before: FilePlan, layout: Layout) -> Iterator[Columns]:
    """First rows of the last file once more: a few as they were, a few changed. Of the abnormal, those that left."""
    part = before.parts[0]
    days = plan.days_of(city, before, part)
    if before.item_id == "abnormal-operation":
        batch = lists.abnormal(city, part.agency, days[: part.rows // 3], part.first, removed=True)
        if len(batch):
            yield _sent(city, before, part, layout, batch)
    if not before.item_id.startswith("admin-"):
        return
    same, changed = int(before.rows * _AGAIN) + 1, int(before.rows * _CHANGED) + 1
    days = days[: same + changed]
    columns = _made(city, before, part, layout, days, part.first)
    is_changed = np.arange(len(days)) >= same
    if before.item_id == plan.PENALTY:
        columns["CF_SY"] = draw.choose(is_changed, draw.join(columns["CF_SY"], "（事实表述已更正）"), columns["CF_SY"])
    else:
        columns["XK_ZT"] = draw.choose(is_changed, "2", columns["XK_ZT"])
    columns["BZ"] = draw.choose(is_changed, "更正后重新报送", None)
    yield columns


def _made(city: City, one: FilePlan, part: Part, layout: Layout, days: draw.Whole, first: int) -> Columns:
    return _sent(city, one, part, layout, _MAKERS[one.item_id](city, part.agency, days, first))


def _sent(city: City, one: FilePlan, part: Part, layout: Layout, batch: Batch) -> Columns:
    """The batch as it leaves the sender."""
    salt = f"{one.item_id}/{part.agency.code}"
    columns = faults.spoil(batch, faults.PLANS[one.item_id], seed=city.seed, salt=salt, date_form=layout.date_form)
    for source, text in zip(_SOURCES[one.item_id], (one.sender.name, one.sender.code), strict=True):
        columns[source] = draw.same(text, len(batch))
    return columns | layouts.own_columns(layout, part.agency, city.seed, batch.index, batch.days)


def _twice(columns: Columns, seed: int, part: Part) -> Columns:
    """Some rows stand in the file twice."""
    count = len(next(iter(columns.values())))
    twice = draw.unit(seed, f"{part.agency.code}/{part.first}/twice", np.arange(count, dtype=np.int64)) < _TWICE
    if not twice.any():
        return columns
    rows = np.repeat(np.arange(count), 1 + twice)
    return {name: draw.take(column, rows) for name, column in columns.items()}


_MAKERS: dict[str, Callable[[City, Agency, draw.Whole, int], Batch]] = {
    "admin-penalty-org": decisions.penalties,
    "admin-licence-org": decisions.licences,
    "abnormal-operation": lists.abnormal,
    "serious-dishonesty": lists.serious,
    "honour": lists.honours,
}
#: Item → columns that name the source unit and its code.
_SOURCES: dict[str, tuple[str, str]] = dict.fromkeys(_MAKERS, ("SJLY", "SJLYDM")) | {
    plan.PENALTY: ("CF_SJLY", "CF_SJLYDM"), plan.LICENCE: ("XK_LYDW", "XK_LYDWDM"),
}  # fmt: skip
_PEOPLE: dict[str, Callable[[City, Agency, draw.Whole], Columns]] = {
    "admin-licence-person": people.licences,
    "admin-penalty-person": people.penalties,
}
