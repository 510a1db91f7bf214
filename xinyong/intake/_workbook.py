"""A workbook's table: the sheet with the best header, its header row, its rows; what was left aside is said."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from xinyong.intake import _xls, _xlsx
from xinyong.intake._limits import FileTooLarge, Limits, SheetUnclear
from xinyong.intake._table import Head, Header, Writer, check_width, find_header, header_missing
from xinyong.intake._xlsx import Row, Sheet


class Workbook(Protocol):
    """What both kinds of workbook offer."""

    sheets: list[Sheet]

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        """The rows of a sheet in order."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A workbook whose sheet and header are found."""

    head: Head
    workbook: Workbook
    sheet: Sheet
    sheets_ignored: list[str]
    remarks: list[str]


@dataclass(frozen=True, slots=True)
class _Look:
    """The top of a sheet: its header, if any, and whether rows stand below it."""

    sheet: Sheet
    rows: list[Row]
    header: Header | None

    @property
    def header_row(self) -> int:
        assert self.header is not None
        return self.rows[self.header.index][0]

    @property
    def has_rows(self) -> bool:
        return self.header is not None and any(cells for _, cells, _ in self.rows[self.header.index + 1 :])

    @property
    def rank(self) -> tuple[int, bool, bool]:
        return (self.header.matches if self.header else 0, self.has_rows, self.sheet.is_visible)


def open_workbook(path: Path, *, kind: str, known: Collection[str], sheet: str | None, limits: Limits) -> Opened:
    """Finds sheet and header. ``kind`` is xlsx or xls. Raises ``SheetUnclear`` where two sheets could be meant."""
    workbook: Workbook = _xlsx.open_workbook(path, limits) if kind == "xlsx" else _xls.open_workbook(path, limits)
    if len(workbook.sheets) > limits.sheets:
        raise FileTooLarge(
            f"工作簿有 {len(workbook.sheets)} 张工作表，超过 {limits.sheets} 张的上限。请只保留要报送的。",
            f"The workbook has {len(workbook.sheets)} sheets, more than {limits.sheets}. Keep those that are meant.",
        )
    looks = [_look(workbook, each, known, limits) for each in workbook.sheets]
    chosen = _named(looks, sheet) if sheet is not None else _best(looks, known)
    if chosen.header is None:
        raise header_missing([_dense(cells) for _, cells, _ in chosen.rows], known, f"工作表“{chosen.sheet.name}”")
    check_width(chosen.header.cells, limits)
    others = [each.sheet.name for each in looks if each is not chosen and any(cells for _, cells, _ in each.rows)]
    remarks = []
    if others:
        names = "、".join(others)
        remarks.append(f"只读取工作表“{chosen.sheet.name}”，未读取：{names} / other sheets not read: {names}")
    if not chosen.sheet.is_visible:
        remarks.append("读取的是隐藏的工作表 / the sheet read is a hidden one")
    if chosen.header_row > 1:
        remarks.append(f"表头在第 {chosen.header_row} 行，其上的行不作数据 / header in row {chosen.header_row}")
    head = Head(kind, None, None, chosen.sheet.name, chosen.header_row, chosen.header.cells)
    return Opened(head, workbook, chosen.sheet, others, remarks)


def read_workbook(opened: Opened, writer: Writer) -> list[str]:
    """Streams the rows below the header into the writer; returns remarks."""
    width, surplus = writer.width, 0
    for row_no, cells, notes in opened.workbook.rows(opened.sheet):
        if row_no <= opened.head.header_row:
            continue
        for column, note in notes:
            if column < width:
                writer.note(row_no, column, note)
        writer.add_row(row_no, [cells.get(column) for column in range(width)])
        if len(cells) and max(cells) >= width and any(v.strip() for c, v in cells.items() if c >= width):
            surplus += 1
    if surplus:
        return [
            f"{surplus} 行在表头右侧还有内容，没有列名，未读取 / {surplus} rows have cells right of the header, not read"
        ]
    return []


def _look(workbook: Workbook, sheet: Sheet, known: Collection[str], limits: Limits) -> _Look:
    rows: list[Row] = []
    for row in islice(workbook.rows(sheet), limits.header_rows * 4):
        if row[1]:
            rows.append(row)
        if len(rows) > limits.header_rows:
            break
    top = rows[: limits.header_rows]
    return _Look(sheet, rows, find_header([_dense(cells) for _, cells, _ in top], known))


def _named(looks: list[_Look], name: str) -> _Look:
    for each in looks:
        if each.sheet.name == name:
            return each
    names = "、".join(each.sheet.name for each in looks)
    raise SheetUnclear(
        f"工作簿中没有名为“{name}”的工作表。现有：{names}。", f"No sheet is named “{name}”. There are: {names}."
    )


def _best(looks: list[_Look], known: Collection[str]) -> _Look:
    visible = [each for each in looks if each.sheet.is_visible and each.header] or [
        each for each in looks if each.header
    ]
    if not visible:
        fullest = max(looks, key=lambda each: len(each.rows))
        raise header_missing([_dense(cells) for _, cells, _ in fullest.rows], known, "各工作表")
    best = max(visible, key=lambda each: each.rank)
    equals = [each.sheet.name for each in visible if each.rank == best.rank]
    if len(equals) > 1:
        names = "、".join(equals)
        raise SheetUnclear(
            f"有多张工作表的表头同样符合：{names}。请指明报送哪一张，或只保留一张。",
            f"Several sheets have equally good headers: {names}. Say which is meant, or keep one.",
            sheets=equals,
        )
    return best


def _dense(cells: dict[int, str]) -> list[str | None]:
    return [cells.get(column) for column in range(max(cells, default=-1) + 1)]
