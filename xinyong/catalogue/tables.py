"""The operator's tables: working days that differ from Monday–Friday, and codes lawfully issued against the check rule.

Working days follow the yearly notice of the State Council (节假日安排). The table is seeded from chinesecalendar; a
later import replaces what was provisional. Deadlines (7 working days, 发改办财金〔2018〕424号) are counted with it.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from django.db import transaction

from xinyong.catalogue.models import IssuedException, WorkingDayOverride
from xinyong.kernel import codes
from xinyong.kernel.calendar import Calendar, is_legal_holiday
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require


class UnreadableTable(Invalid):
    """A table file cannot be read; nothing of it was taken over."""

    code = "catalogue.unreadable-table"


class ImplausibleTable(Invalid):
    """The days are not a year's notice: taken for one, they would make every other holiday of the year a working day."""

    code = "catalogue.implausible-table"


class NotAnException(Conflict):
    """The code needs no exception, or cannot have one."""

    code = "catalogue.not-an-exception"


class UnknownException(NotFound):
    """The code does not stand in the table of exceptions."""

    code = "catalogue.unknown-exception"


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """One day that differs from Monday–Friday, with the notice that says so."""

    day: date
    is_working: bool
    name: str
    source: str
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """A code that fails its check character but was lawfully issued."""

    code: str
    reason: str
    added_by: str


#: The shortest notice so far (2006) has more weekdays off than this.
_LEAST_WEEKDAYS_OFF = 9
_HEADS = {
    "day": ("day", "date", "日期"), "is_working": ("is_working", "working", "是否上班", "上班"),
    "name": ("name", "名称", "节日"), "source": ("source", "来源", "文件"),
}  # fmt: skip
_WORDS = {
    "1": True, "true": True, "yes": True, "是": True, "上班": True,
    "0": False, "false": False, "no": False, "否": False, "休息": False, "放假": False,
}  # fmt: skip


def calendar() -> Calendar:
    """The working days of this node: the table, and provisional rules for years without an official notice."""
    return _calendar(frozenset(WorkingDayOverride.objects.values_list("day", "is_working", "is_provisional")))


@lru_cache(maxsize=4)
def _calendar(rows: frozenset[tuple[date, bool, bool]]) -> Calendar:
    given = {day: is_working for day, is_working, is_provisional in rows if not is_provisional}
    official = {year for year in {day.year for day in given} if not _lacking(year, given)}
    return Calendar({day: is_working for day, is_working, _ in rows}, official)


def working_days(year: int) -> list[WorkingDay]:
    """The overrides of a year, by day."""
    return [
        WorkingDay(row.day, row.is_working, row.name, row.source, row.is_provisional)
        for row in WorkingDayOverride.objects.filter(day__year=year).order_by("day")
    ]


def read_working_days(path: Path) -> list[WorkingDay]:
    """The rows of a CSV file (UTF-8; columns day, is_working, name, source, in any order, or 日期, 是否上班, 名称, 来源).

    Raises UnreadableTable with the line that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableTable(
            f"文件 {path.name} 无法读取。请另存为 UTF-8 编码的 CSV 后重试。",
            f"{path.name} cannot be read: save it as UTF-8 CSV.",
        ) from error
    places = _places([head.strip().lower() for head in rows[0]] if rows else [], path.name)
    found = [_working_day(row, places, path.name, line) for line, row in enumerate(rows[1:], start=2) if any(row)]
    days = [one.day for one in found]
    twice = next((day for day in days if days.count(day) > 1), None)
    if twice is not None:
        raise UnreadableTable(f"{path.name}：{twice} 出现两次。", f"{path.name}: {twice} stands twice.")
    return found


@transaction.atomic
def import_working_days(rows: Iterable[WorkingDay], *, by: Actor) -> int:
    """Adds or replaces days; returns how many were given.

    A year becomes official by its whole notice: every legal holiday that is no weekend, and at least nine weekdays off.
    Once it is, single days may follow. Raises ImplausibleTable with what is missing.
    """
    require(by, Action.MANAGE_TABLES)
    rows = list(rows)
    _must_be_whole(rows)
    kept = [
        WorkingDayOverride(
            day=one.day, is_working=one.is_working, name=one.name, source=one.source, is_provisional=one.is_provisional
        )
        for one in rows
    ]
    WorkingDayOverride.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=["day"],
        update_fields=["is_working", "name", "source", "is_provisional"], batch_size=2000,
    )  # fmt: skip
    years = sorted({one.day.year for one in kept})
    span = f"{years[0]}-{years[-1]}" if years else "-"
    audit.enter(audit.Event.TABLE_CHANGED, by=by, object_kind="working-days", object_ref=span, rows=len(kept))
    return len(kept)


@transaction.atomic
def install_calendar(*, by: Actor) -> int:
    """Fills the table from the calendar package where the table knows nothing yet; returns how many days were added."""
    require(by, Action.MANAGE_TABLES)
    known = set(WorkingDayOverride.objects.values_list("day", flat=True))
    missing = [one for one in _builtin() if one.day not in known]
    return import_working_days(missing, by=by) if missing else 0


def exceptions() -> frozenset[str]:
    """The lawfully issued codes that fail the check character: doubtful, not invalid."""
    return frozenset(IssuedException.objects.values_list("code", flat=True))


def issued() -> Sequence[Issued]:
    """The exceptions with their reasons, by code."""
    return [Issued(row.code, row.reason, row.added_by) for row in IssuedException.objects.order_by("code")]


@transaction.atomic
def add_exception(code: str, *, reason: str, by: Actor) -> Issued:
    """Takes a code into the table. Raises NotAnException when it is valid as it is, or no such code at all."""
    require(by, Action.MANAGE_TABLES)
    judged = codes.judge(code, expect=codes.Kind.USCC)
    if judged.verdict is not codes.Verdict.INVALID:
        raise NotAnException(
            f"代码 {code} 能通过校验，不需要列为例外。", f"The code {code} passes as it is; no exception is needed."
        )
    excused = codes.judge(code, expect=codes.Kind.USCC, exceptions={judged.normalised})
    if excused.verdict is codes.Verdict.INVALID:
        raise NotAnException(
            f"代码 {code} 不只是校验码不符（{judged.sentence.rstrip('。')}），不能列为例外。请核对代码。",
            f"The code {code} fails more than its check character ({judged.sentence_en.rstrip('.')}). Check the code.",
        )
    if not reason.strip():
        raise NotAnException("请写明该代码依法发放的凭据。", "State how the code was lawfully issued.")
    row, is_new = IssuedException.objects.get_or_create(
        code=judged.normalised, defaults={"reason": reason.strip(), "added_by": by.name}
    )
    if is_new:
        audit.enter(audit.Event.TABLE_CHANGED, by=by, object_kind="issued-exception", object_ref=row.code)
    return Issued(row.code, row.reason, row.added_by)


@transaction.atomic
def remove_exception(code: str, *, by: Actor) -> None:
    """Takes a code out of the table: from then on it is invalid again; what was judged before stays. Raises
    UnknownException."""
    require(by, Action.MANAGE_TABLES)
    canonical = codes.canonical(code)
    removed, _ = IssuedException.objects.filter(code=canonical).delete()
    if not removed:
        raise UnknownException(
            f"例外表中没有代码 {code}。请用 xinyong exceptions list 查看。",
            f"The code {code} is no exception. See xinyong exceptions list.",
        )
    audit.enter(audit.Event.TABLE_CHANGED, by=by, object_kind="issued-exception", object_ref=canonical, is_removed=True)


def _must_be_whole(rows: Sequence[WorkingDay]) -> None:
    years = {one.day.year for one in rows if not one.is_provisional}
    stands = WorkingDayOverride.objects.filter(day__year__in=years, is_provisional=False)
    given = dict(stands.values_list("day", "is_working")) | {
        one.day: one.is_working for one in rows if not one.is_provisional
    }
    for year in sorted(years):
        lacking = _lacking(year, given)
        if lacking:
            days_zh = "、".join(f"{day.month}月{day.day}日" for day in lacking)
            raise ImplausibleTable(
                f"{year} 年的工作日表不完整：未列为休息的有 {days_zh}。请按国务院办公厅当年的放假通知，把全年的放假和"
                "调休上班日一次导入；一天也没有采用。",
                f"The table for {year} is not whole; not given as days off: {', '.join(map(str, lacking))}. Import all the "
                "days of that year's official notice at once; nothing was taken over.",
                year=year,
            )


def _lacking(year: int, given: Mapping[date, bool]) -> list[date]:
    """The days without which a table is no notice of a year: legal holidays that would be worked. A table with too few
    weekdays off lacks the holidays around them too; then its legal holidays as a whole are named."""
    first = date(year, 1, 1)
    legal = [day for day in (first + timedelta(n) for n in range(366)) if day.year == year and is_legal_holiday(day)]
    worked = [day for day in legal if given.get(day, day.weekday() < 5)]
    weekdays_off = sum(not works and day.weekday() < 5 and day.year == year for day, works in given.items())
    return worked or (legal if weekdays_off < _LEAST_WEEKDAYS_OFF else [])


def _places(heads: list[str], file: str) -> dict[str, int]:
    places = {name: next((heads.index(one) for one in names if one in heads), -1) for name, names in _HEADS.items()}
    missing = [name for name in ("day", "is_working", "source") if places[name] < 0]
    if missing:
        raise UnreadableTable(
            f"{file} 的表头缺少 {'、'.join(missing)}。首行应为：日期,是否上班,名称,来源。",
            f"{file} lacks the columns {', '.join(missing)}. The first line is: day,is_working,name,source.",
        )
    return places


def _working_day(row: list[str], places: dict[str, int], file: str, line: int) -> WorkingDay:
    cells = {name: row[place].strip() if 0 <= place < len(row) else "" for name, place in places.items()}
    try:
        day = date.fromisoformat(cells["day"].replace("/", "-"))
        is_working = _WORDS[cells["is_working"].lower()]
    except (ValueError, KeyError) as error:
        raise UnreadableTable(
            f"{file} 第 {line} 行无法识别：日期应如 2027-02-06，是否上班应为“是”或“否”。",
            f"{file}, line {line}: a day such as 2027-02-06 and yes or no are expected.",
        ) from error
    if not cells["source"]:
        raise UnreadableTable(
            f"{file} 第 {line} 行没有来源文件。", f"{file}, line {line}: the official notice is missing."
        )
    return WorkingDay(day, is_working, cells["name"][:60], cells["source"][:200])


def _builtin() -> list[WorkingDay]:
    from chinese_calendar import constants

    source = "国务院办公厅节假日安排（chinesecalendar）"
    named = {day: constants.Holiday(name).chinese for day, name in (constants.holidays | constants.workdays).items()}
    return [
        WorkingDay(day, is_working, named.get(day, ""), source)
        for day, is_working in sorted(Calendar.builtin().overrides.items())
    ]
