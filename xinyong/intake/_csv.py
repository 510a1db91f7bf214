"""CSV, TSV and their kin: delimiter found by the header, rows read in columns by Arrow, one bad row blocks nothing.

A row with a wrong number of cells stays, with a note; a quotation mark that is never closed refuses the file, because it
would swallow every row after it.
"""

import csv
import io
import statistics
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from xinyong.intake._encoding import Text, open_text
from xinyong.intake._limits import DamagedFile, FileTooLarge, Limits, Refused
from xinyong.intake._table import (
    ROW_TOO_LONG,
    ROW_TOO_SHORT,
    ROWS_JOINED,
    WHOLE_ROW,
    Head,
    Header,
    Writer,
    check_width,
    find_header,
    header_missing,
    pad,
)

DELIMITERS = (",", "\t", ";", "|", "，", "\x01")
#: odd rows kept waiting for their place
ODD_ROWS = 5_000
_NAMES = {"\t": "tab", "\x01": "\\x01"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A text table whose header is found; ``offset`` is the first byte after the header row."""

    head: Head
    text: Text
    offset: int
    width: int
    remarks: list[str]


def open_csv(path: Path, *, folder: Path, known: Collection[str], limits: Limits) -> Opened:
    """Finds encoding, delimiter and header."""
    text = open_text(path, folder=folder)
    with text.path.open("rb") as file:
        file.seek(text.offset)
        start = file.read(limits.row_bytes)
        is_whole = not file.read(1)
    best: tuple[Header, str, list[_Record]] | None = None
    seen: list[list[str]] = []
    for delimiter in DELIMITERS:
        records = list(_records(start, delimiter, limits, is_whole))
        rows = [record.cells for record in records]
        seen = seen or rows
        found = find_header(rows, known)
        if found and (best is None or found.matches > best[0].matches):
            best = found, delimiter, records
    if best is None:
        if not seen and not is_whole:
            raise _row_too_large(1, limits)
        raise header_missing(seen, known)
    header, delimiter, records = best
    check_width(header.cells, limits)
    if delimiter == "，":
        raise DamagedFile(
            "各列之间用的是中文逗号“，”，无法与正文中的逗号区分。请用半角逗号或制表符分隔，或报送 Excel 文件。",
            "The columns are separated by full-width commas, which also stand in texts. Use commas, tabs or a workbook.",
        )
    record = records[header.index]
    remarks = [] if delimiter == "," else [f"列分隔符：{_NAMES.get(delimiter, delimiter)} / delimiter found"]
    if header.index:
        remarks.append(f"表头在第 {header.index + 1} 行，其上的行不作数据 / header in row {header.index + 1}")
    head = Head("csv", text.encoding, delimiter, None, header.index + 1, header.cells)
    width = max(len(record.cells), _usual_width(records[header.index + 1 :]))
    return Opened(head, text, text.offset + record.end, width, text.remarks + remarks)


def _usual_width(records: Sequence["_Record"]) -> int:
    """How many cells most of the first rows have: some programs end every row, but not the header, with a delimiter."""
    widths = [len(record.cells) for record in records if any(record.cells)]
    return statistics.mode(widths) if widths else 0


def read_csv(opened: Opened, writer: Writer, limits: Limits) -> None:
    """Streams the rows below the header into the writer."""
    if opened.text.path.stat().st_size <= opened.offset:
        return
    rows = _Rows(opened, writer)
    try:
        for batch in _batches(opened, rows, limits):
            rows.add(batch)
    except pa.ArrowInvalid as error:
        raise rows.refusal or _refusal(error, opened.head.header_row + rows.next_number, limits) from error
    rows.add_odd(len(rows.odd))
    _refuse_open_quote(opened, rows.last_cell, limits)


@dataclass(frozen=True, slots=True)
class _Record:
    cells: list[str]
    end: int


def _records(start: bytes, delimiter: str, limits: Limits, is_whole: bool) -> Iterator[_Record]:
    """The first records with the byte where each ends; a record cut by the end of ``start`` is left out."""
    consumed = 0

    def lines() -> Iterator[str]:
        nonlocal consumed
        for line in start.splitlines(keepends=True):
            consumed += len(line)
            yield line.decode("utf-8", errors="replace")

    csv.field_size_limit(limits.row_bytes)
    reader = csv.reader(lines(), delimiter=delimiter)
    try:
        for _ in range(limits.header_rows):
            cells = next(reader)
            if consumed >= len(start) and not is_whole:
                return
            if len(cells) > limits.columns * 20:
                raise FileTooLarge(
                    f"一行有 {len(cells)} 个单元格，超过 {limits.columns} 列的上限。",
                    f"A row has {len(cells)} cells, more than {limits.columns} columns.",
                )
            yield _Record(cells, consumed)
    except StopIteration:
        return
    except csv.Error as error:
        raise DamagedFile(
            "文件开头无法按行读取。请检查引号和换行。", "The start of the file has no rows. Check quotes and line ends."
        ) from error


@dataclass(slots=True)
class _Rows:
    """Puts rows in their order: whole batches from Arrow's reader, and between them the odd rows, those with a wrong
    number of cells, which the reader hands over one by one. Numbers count rows below the header from 1.
    """

    opened: Opened
    writer: Writer
    next_number: int = 1
    odd: list[tuple[int, str]] = field(default_factory=list)
    last_cell: str | None = None
    refusal: Refused | None = None
    _last_number: int = 0

    def take_odd(self, row: Any) -> str:
        """Called by Arrow's reader for each odd row. A long run of them is passed on, so that memory stays bounded."""
        self.odd.append((row.number, row.text))
        if len(self.odd) >= ODD_ROWS:
            try:
                self.add_odd(self._run_of_odd())
            except Refused as refusal:  # Arrow takes any error of ours for "this row is an error"
                self.refusal = refusal
                raise
        return "skip"

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes one batch with the odd rows that stand before its last row."""
        count = batch.num_rows
        if count:
            strange = np.array([number for number, _ in self.odd], dtype=np.int64)
            candidates = np.arange(self.next_number, self.next_number + count + len(strange), dtype=np.int64)
            numbers = candidates[~np.isin(candidates, strange)][:count] if len(strange) else candidates
            last = int(numbers[-1])
            columns, odd = batch.columns, [each for each in self.odd if each[0] < last]
            if odd:
                self.odd = self.odd[len(odd) :]
                columns, numbers = self._merged(columns, numbers, odd)
            self._pass_on(numbers, columns)
            if last > self._last_number:
                self._last_number, self.last_cell = last, batch.column(batch.num_columns - 1)[-1].as_py() or ""
            self.next_number = last + 1
        self.add_odd(self._run_of_odd())

    def add_odd(self, count: int) -> None:
        """Passes on the first odd rows that wait."""
        if not count:
            return
        odd, self.odd = self.odd[:count], self.odd[count:]
        columns = self._parsed(odd)
        self._pass_on(np.array([number for number, _ in odd], dtype=np.int64), columns)
        self.next_number = odd[-1][0] + 1

    def _run_of_odd(self) -> int:
        """How many odd rows follow without a gap on what was passed on."""
        for index, (number, _) in enumerate(self.odd):
            if number != self.next_number + index:
                return index
        return len(self.odd)

    def _merged(
        self, columns: Sequence[pa.Array], numbers: npt.NDArray[np.int64], odd: list[tuple[int, str]]
    ) -> tuple[list[pa.Array], npt.NDArray[np.int64]]:
        parsed = self._parsed(odd)
        every = np.concatenate([numbers, np.array([number for number, _ in odd], dtype=np.int64)])
        order = pa.array(np.argsort(every, kind="stable"))
        return [
            pa.concat_arrays([one, other]).take(order) for one, other in zip(columns, parsed, strict=True)
        ], np.sort(every)

    def _parsed(self, odd: list[tuple[int, str]]) -> list[pa.Array]:
        """The cells of odd rows, cut or filled to the reader's width, each row noted."""
        width, delimiter = self.opened.width, self.opened.head.delimiter or ","
        columns: list[list[str | None]] = [[] for _ in range(width)]
        for number, text in odd:
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
            if number > self._last_number:
                self._last_number, self.last_cell = number, cells[-1] if cells else ""
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) != width and any(cell.strip() for cell in cells):
                note = ROW_TOO_LONG if len(cells) > width else ROW_TOO_SHORT
                self.writer.note(self.opened.head.header_row + number, WHOLE_ROW, note)
            for column, cell in zip(columns, pad(cells, width), strict=True):
                column.append(cell or None)
        return [pa.array(column, pa.string()) for column in columns]

    def _pass_on(self, numbers: npt.NDArray[np.int64], columns: Sequence[pa.Array]) -> None:
        row_nos = numbers + self.opened.head.header_row
        if self.opened.text.has_quotes:
            self._note_joined(row_nos, columns)
        for column in columns[self.writer.width :]:
            self._note_surplus(row_nos, column)
        self.writer.add_columns(row_nos, columns[: self.writer.width])

    def _note_joined(self, row_nos: npt.NDArray[np.int64], columns: Sequence[pa.Array]) -> None:
        """A stray quotation mark joins rows: a cell that holds a line as rich in delimiters as a row is such a case."""
        needed = len(self.opened.head.headers) - 1
        delimiter = self.opened.head.delimiter or ","
        for column in columns if needed > 1 else ():
            if not _may_hold_line_end(column):
                continue
            broken = pc.fill_null(pc.match_substring(column, "\n"), False)
            if not pc.any(broken).as_py():
                continue
            for index in np.flatnonzero(broken.to_numpy(zero_copy_only=False)):
                lines = column[int(index)].as_py().split("\n")[1:]
                if any(line.count(delimiter) >= needed for line in lines):
                    self.writer.note(int(row_nos[index]), WHOLE_ROW, ROWS_JOINED)

    def _note_surplus(self, row_nos: npt.NDArray[np.int64], column: pa.Array) -> None:
        """Cells to the right of the last header: nobody can say what they are."""
        if column.null_count < len(column):
            filled = pc.and_(pc.is_valid(column), pc.invert(pc.fill_null(pc.utf8_is_space(column), False)))
            for index in np.flatnonzero(filled.to_numpy(zero_copy_only=False)):
                self.writer.note(int(row_nos[index]), WHOLE_ROW, ROW_TOO_LONG)


def _may_hold_line_end(column: pa.Array) -> bool:
    """A look at the bytes of all cells at once: nearly no column has a line end in it."""
    text = column.buffers()[2]
    return text is not None and bool((np.frombuffer(text, np.uint8) == ord("\n")).any())


def _batches(opened: Opened, rows: _Rows, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Arrow's reader over the rows below the header. It runs on one thread, because only then it counts rows; a row
    may not exceed a block, which bounds memory."""
    names = [f"c{i}" for i in range(opened.width)]
    with opened.text.path.open("rb") as file:
        file.seek(opened.offset)
        yield from pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(column_names=names, block_size=limits.row_bytes, use_threads=False),
            parse_options=pa.csv.ParseOptions(
                delimiter=opened.head.delimiter or ",",
                quote_char='"' if opened.text.has_quotes else False,
                newlines_in_values=opened.text.has_quotes,
                ignore_empty_lines=False,
                invalid_row_handler=rows.take_odd,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=["", " ", "\u3000"],
                check_utf8=False,
            ),
        )


def _refuse_open_quote(opened: Opened, last_cell: str | None, limits: Limits) -> None:
    """Refuses a file that ends inside quotation marks: its last cell then runs, unclosed, to the very last byte."""
    if last_cell is None or not opened.text.has_quotes:
        return
    size = opened.text.path.stat().st_size
    raw = b'"' + last_cell.replace('"', '""').encode()
    with opened.text.path.open("rb") as file:
        file.seek(max(0, size - len(raw) - 3))
        tail = file.read()
    if _ends_open(tail, raw, opened) or _ends_open(tail.rstrip(b"\r\n"), raw, opened):
        raise DamagedFile(
            "文件末尾有一个引号没有闭合，它之后的各行都会被吞进一个单元格。请检查最后几行的引号。",
            "A quotation mark near the end is never closed and would swallow every row after it. Please check the quotes.",
        )


def _ends_open(tail: bytes, raw: bytes, opened: Opened) -> bool:
    before = tail[: -len(raw)][-1:]
    return tail.endswith(raw) and before in (b"", (opened.head.delimiter or ",").encode(), b"\n", b"\r")


def _refusal(error: pa.ArrowInvalid, row_no: int, limits: Limits) -> DamagedFile | FileTooLarge:
    if "straddl" in str(error):
        return _row_too_large(row_no, limits)
    # What Arrow says quotes the row: it goes to nobody.
    return DamagedFile(
        f"第 {row_no} 行之后无法继续读取。请检查这一行起的分隔符和引号。",
        f"The file cannot be read on after row {row_no}. Check separators and quotes from that row on.",
    )


def _row_too_large(row_no: int, limits: Limits) -> FileTooLarge:
    megabytes = limits.row_bytes / (1 << 20)
    return FileTooLarge(
        f"第 {row_no} 行之后有一行超过 {megabytes:g} MB：可能有引号没有闭合，或单元格过大。",
        f"A row after row {row_no} exceeds {megabytes:g} MB: a quotation mark may be open, or a cell is far too large.",
    )
