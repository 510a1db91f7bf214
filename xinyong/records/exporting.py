"""Shared records as a file (导出共享数据): what the actor sees anyway, for a purpose, within a day's quota, marked.

Up to ``ALONE`` rows somebody exports on their own; more takes a second person's consent to exactly these filters as of
exactly this day. Every file stands in the register of what was handed out and in the log before a byte of it leaves.
"""

import csv as csv_files
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
from django.conf import settings
from django.db import transaction

from xinyong.kernel import cells
from xinyong.kernel.errors import Invalid
from xinyong.records import listing
from xinyong.records.view import RecordView
from xinyong.security import approvals, audit, handouts
from xinyong.security.access import Action, Actor, Role, require

#: Rows that one person exports without a second.
ALONE = 500
#: Rows of one file.
MOST = listing.TOTAL_CAP
KIND = "shared-records"
_AT_ONCE = 500
_HEAD = (
    "单位名称", "统一社会信用代码", "事项", "文书号", "作出日期", "标题", "作出机关", "信源单位", "有效期至", "公示截止", "标注",
)  # fmt: skip
#: Columns of a file that may be traced: of today's, and of those written before there was a column of notes.
_WIDTHS = (len(_HEAD), len(_HEAD) - 1)


class TooMuch(Invalid):
    """More rows than one file takes, or none at all."""

    code = "records.export-size"


class NoPurpose(Invalid):
    """What is not public leaves for a stated purpose only (INV-70)."""

    code = "records.no-purpose"
    invariant = "E_PURPOSE"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: of these items, of a year, of a source unit, as of a day."""

    items: tuple[str, ...]
    as_of: date
    year: int | None = None
    source: str = ""

    @classmethod
    def of(cls, facts: Mapping[str, object]) -> "Wanted":
        """What a request for consent says was wanted."""
        items, year = facts["items"], facts["year"]
        assert isinstance(items, list)
        return cls(
            tuple(str(one) for one in items), date.fromisoformat(str(facts["as_of"])), int(str(year)) if year else None,
            str(facts["source"]),
        )  # fmt: skip

    def payload(self, rows: int, purpose: str) -> dict[str, object]:
        """What a second person agrees to."""
        return {
            "items": list(self.items), "year": self.year, "source": self.source, "as_of": self.as_of.isoformat(),
            "rows": rows, "purpose": purpose,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its number in the register and its rows."""

    id: int
    rows: int


def count(wanted: Wanted, *, by: Actor) -> int:
    """How many rows it would be. Raises TooMuch, NotAllowed, FactorNeeded."""
    _may(wanted, by)
    page = listing.latest(
        item_ids=wanted.items, as_of=wanted.as_of, seen_by=by, limit=1, source_code=wanted.source or None, year=wanted.year,
        with_total=True,
    )  # fmt: skip
    if not page.total:
        said = ("没有符合条件的记录。", "No record fits.") if page.total == 0 else _too_much()
        raise TooMuch(*said)
    return page.total


def ask(wanted: Wanted, *, purpose: str, reason: str, by: Actor, at: datetime) -> approvals.Request:
    """Asks for consent to a larger file. Raises as ``count``, and NoPurpose."""
    _stated(purpose)
    payload = wanted.payload(count(wanted, by=by), purpose)
    return approvals.ask(
        approvals.Kind.EXPORT_SHARED, payload, object_ref=",".join(wanted.items)[:80], purpose=purpose, reason=reason, by=by,
        at=at,
    )  # fmt: skip


@transaction.atomic
def export(
    wanted: Wanted, *, purpose: str, to: Path, approved_rows: int | None = None, by: Actor, at: datetime
) -> Written:  # fmt: skip
    """Writes the file (.xlsx, otherwise CSV). More than ``ALONE`` rows use up the consent to ``approved_rows`` of them. Raises
    approvals.ConsentNeeded, handouts.DailyQuotaSpent, TooMuch, NoPurpose, NotAllowed, FactorNeeded."""
    _stated(purpose)
    rows = count(wanted, by=by)
    consent = None
    if rows > ALONE and by.role is not Role.SYSTEM:
        payload = wanted.payload(approved_rows or rows, purpose)
        consent = approvals.use(approvals.Kind.EXPORT_SHARED, payload, by=by, at=at).id
        if rows > (approved_rows or rows) * 1.05:
            raise approvals.ConsentNeeded(
                "复核之后又有较多新记录入库，请重新申请。",
                "Many more records have come in since the consent: ask anew.",
            )
    found = list(_records(wanted, by))
    handouts.take(
        account_id=by.account_id or 0, kind=KIND, amount=len(found), limit=settings.EXPORT_DAILY_ROWS, day=at.date()
    )
    number, mark = handouts.enter(
        KIND, event=audit.Event.SHARED_EXPORTED, rows=len(found), purpose=purpose, consent=consent, by=by, at=at,
        items=",".join(wanted.items)[:200], year=wanted.year, source=wanted.source, as_of=wanted.as_of.isoformat(),
    )  # fmt: skip
    line = f"仅供 {by.name} 用于“{purpose}” · 导出编号 {number} · {at:%Y-%m-%d %H:%M} · {len(found)} 行 · 请勿转发"
    rows_of = [_HEAD, *(_row(one, mark) for one in sorted(found, key=lambda one: _key(one, mark)))]
    (_workbook if to.suffix == ".xlsx" else _csv)(to, line, rows_of)
    return Written(number, len(found))


def trace(path: Path) -> handouts.Traced | None:
    """Whose export a leaked CSV or a list of lines comes from; None when nothing says."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv_files.reader(file))
    keys = [(row[4][:7], f"{row[1]}|{row[3]}") for row in rows if len(row) in _WIDTHS and row[4][:2].isdecimal()]
    return handouts.trace((cell for row in rows for cell in row), keys)


def _may(wanted: Wanted, by: Actor) -> None:
    for item in wanted.items or ("",):
        require(by, Action.EXPORT_SHARED, item=item)


def _stated(purpose: str) -> None:
    if not purpose.strip():
        raise NoPurpose("请说明用途：导出会连同用途记入日志。", "Say what it is for: the purpose stands in the log.")


def _too_much() -> tuple[str, str]:
    return (
        f"超过 {MOST:,} 行，一次导不完。请按年度或事项缩小范围。",
        f"More than {MOST:,} rows do not go into one file. Narrow it down by year or item.",
    )


def _records(wanted: Wanted, by: Actor) -> Iterator[RecordView]:
    after: str | None = None
    while True:
        page = listing.latest(
            item_ids=wanted.items, as_of=wanted.as_of, seen_by=by, limit=_AT_ONCE, after=after, year=wanted.year,
            source_code=wanted.source or None,
        )  # fmt: skip
        yield from page.records
        after = page.next_after
        if after is None:
            return


def _key(one: RecordView, mark: int) -> tuple[int, bytes]:
    """Newest month first; within a month the order that only this file has."""
    month = one.decided_on.year * 12 + one.decided_on.month
    return -month, handouts.place(mark, f"{cells.harmless(one.subject_code or '')}|{cells.harmless(one.document_no)}")


def _source(one: RecordView) -> str:
    """Whose word it is; an organisation's own with what it is worth so far."""
    return f"{one.source}（{one.declared.label_zh}）" if one.declared else one.source


def _row(one: RecordView, mark: int) -> tuple[str, ...]:
    unseen = handouts.hidden(mark)
    return (
        one.subject_name, one.subject_code or "", one.item_title_zh + unseen, one.document_no, one.decided_on.isoformat(),
        one.title, one.authority, _source(one) + unseen, one.valid_to.isoformat() if one.valid_to else "",
        one.publish_until.isoformat() if one.publish_until else "", _notes(one),
    )  # fmt: skip


def _notes(one: RecordView) -> str:
    """What is noted beside the record: that it is disputed, what its subject says of it."""
    return "；".join(["争议中"] * one.is_disputed + [f"异议声明：{one.statement}"] * bool(one.statement))


def _csv(to: Path, line: str, rows: Sequence[Sequence[str]]) -> None:
    with to.open("w", encoding="utf-8-sig", newline="") as file:
        out = cells.csv_writer(file)
        out.writerow([line])
        out.writerows(rows)


def _workbook(to: Path, line: str, rows: Sequence[Sequence[str]]) -> None:
    with xlsxwriter.Workbook(to, {"constant_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        sheet = book.add_worksheet("共享数据")
        bold = book.add_format({"bold": True})
        sheet.set_column(0, len(_HEAD) - 1, 22)
        sheet.write_string(0, 0, line)
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text, bold if number == 1 else None)
        sheet.set_footer(f"&L{line.replace('&', '&&')}")
