"""The log as a file for the audit administrator (导出操作日志). Taking it is an entry itself, before a line of it leaves."""

from collections.abc import Iterator
from pathlib import Path

import xlsxwriter
from django.db import transaction

from xinyong.kernel import cells
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.security.audit import Asked, Entry

#: Entries of one file; an auditor who wants more asks for a shorter time.
MOST = 50_000
_AT_ONCE = 1000
_HEAD = (
    "编号", "时间", "角色", "账号", "单位", "来源地址", "事件", "对象类型", "对象", "用途", "结果", "其他",
)  # fmt: skip


@transaction.atomic
def write(to: Path, *, asked: Asked, by: Actor) -> int:
    """Writes the entries asked for, newest first, as a workbook (.xlsx) or CSV; returns how many. Raises NotAllowed,
    FactorNeeded."""
    require(by, Action.EXPORT_AUDIT)
    # Which filters, and what those said that nobody types freely.
    audit.enter(
        audit.Event.LOG_EXPORTED, by=by, object_kind="log", object_ref=asked.event or "all", form=to.suffix.lstrip("."),
        filters=asked.names,
        since=asked.since.isoformat() if asked.since else None, until=asked.until.isoformat() if asked.until else None,
    )  # fmt: skip
    rows = (_row(one) for one in _entries(asked, by))
    return (_workbook if to.suffix == ".xlsx" else _csv)(to, rows)


def _entries(asked: Asked, by: Actor) -> Iterator[Entry]:
    before, taken = None, 0
    while taken < MOST:
        found = audit.entries(seen_by=by, asked=asked, before=before, limit=min(_AT_ONCE, MOST - taken))
        yield from found
        if not found:
            return
        before, taken = found[-1].id, taken + len(found)


def _row(one: Entry) -> tuple[str, ...]:
    facts = "; ".join(f"{name}={value}" for name, value in one.facts.items() if value not in (None, ""))
    return (
        str(one.id), one.at.isoformat(timespec="milliseconds"), one.role, one.actor, one.department, one.address or "",
        one.event, one.object_kind, one.object_ref, one.purpose, one.outcome, facts,
    )  # fmt: skip


def _csv(to: Path, rows: Iterator[tuple[str, ...]]) -> int:
    with to.open("w", encoding="utf-8-sig", newline="") as file:
        out = cells.csv_writer(file)
        out.writerow(_HEAD)
        written = 0
        for row in rows:
            out.writerow(row)
            written += 1
    return written


def _workbook(to: Path, rows: Iterator[tuple[str, ...]]) -> int:
    with xlsxwriter.Workbook(to, {"constant_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        sheet = book.add_worksheet("操作日志")
        bold = book.add_format({"bold": True})
        for column, text in enumerate(_HEAD):
            sheet.write_string(0, column, text, bold)
        number = 0
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
    return number
