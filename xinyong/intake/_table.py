"""The table that comes out of any format: where its header stands, its numbered rows in chunk files, its notes.

Runs in the reading process. One writer serves the column readers (CSV, Parquet) and the row readers (workbooks, JSON).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xinyong.intake._limits import DamagedFile, FileTooLarge, HeaderNotFound, Limits
from xinyong.intake.headers import normalise

#: the whole row is meant, not one of its cells
WHOLE_ROW = -1
ROW_TOO_LONG = "row-too-long"
ROW_TOO_SHORT = "row-too-short"
ROWS_JOINED = "rows-joined"
NUMBER_LOST_DIGITS = "number-lost-digits"
NUMBER_AS_TEXT = "number-as-text"
ERROR_VALUE = "error-value"
FORMULA_WITHOUT_VALUE = "formula-without-value"
NESTED_VALUE = "nested-value"

#: Rows of the first chunk; each further one has twice as many, up to the limit.
FIRST_ROWS = 10_000

_NOTES = pa.schema([("row_no", pa.int32()), ("column", pa.int16()), ("note", pa.string())])

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known before the first row: enough to map the columns."""

    format: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int
    headers: list[str]


@dataclass(frozen=True, slots=True)
class Header:
    """The header found: its place among the rows looked at (from 0), how many known headers it has, its cells."""

    index: int
    matches: int
    cells: list[str]


def find_header(rows: Sequence[Cells], known: Collection[str]) -> Header | None:
    """The row with the most known headers; the first of equals. None when no row has two of them (or one, where the
    row has nothing else). Title and instruction rows above it have few cells and match little."""
    best: Header | None = None
    for index, row in enumerate(rows):
        cells = trim_header(row)
        matches = len({normalise(cell) for cell in cells if cell} & set(known))
        filled = sum(1 for cell in cells if cell)
        if matches >= min(2, filled) and matches > (best.matches if best else 0):
            best = Header(index, matches, cells)
    return best


def trim_header(row: Cells) -> list[str]:
    """Header texts without trailing empty cells: a used range to XFD is formatting, not columns."""
    cells = [(cell or "").strip().replace("\r\n", "\n") for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def header_missing(rows: Sequence[Cells], known: Collection[str], where: str = "") -> HeaderNotFound:
    """The refusal that says what was seen and what was looked for. A file without a header has a person's row there: only
    what is the name of a column is quoted."""
    counts = [sum(map(bool, trim_header(row))) for row in rows]
    fullest = max(range(len(rows)), key=counts.__getitem__, default=0)
    cells = trim_header(rows[fullest]) if rows else []
    names = set(known)
    met = "、".join(cell[:20] for cell in cells if cell and normalise(cell) in names)[:200]
    wanted = "、".join(sorted(known)[:8])
    count = counts[fullest] if counts else 0
    return HeaderNotFound(
        f"{where}前 {len(rows)} 行中没有找到表头。最像表头的是第 {fullest + 1} 行（{count} 格有内容），其中认得的列名：{met or '无'}。"
        f"期望的列名如：{wanted}。请使用目录提供的模板表头。",
        f"No header was found in the first {len(rows)} rows{f' ({where})' if where else ''}. The fullest is row {fullest + 1} with "
        f"{count} cells; column names known among them: {met or 'none'}. Expected column names such as: {wanted}. Please use the "
        "headers of the template.",
    )


def check_width(headers: Sequence[str], limits: Limits) -> None:
    """Refuses a header of more columns than any catalogue item could have."""
    if len(headers) > limits.columns:
        raise FileTooLarge(
            f"表头有 {len(headers)} 列，超过 {limits.columns} 列的上限。请只保留目录要求的列。",
            f"The header has {len(headers)} columns, more than {limits.columns}. Please keep the columns of the item.",
        )
    if any(len(header) > limits.header_characters or "\0" in header for header in headers):
        raise DamagedFile(
            "表头中有过长的文字或无效字符。", "A header is far too long or holds characters that are no text."
        )


@dataclass(slots=True)
class Writer:
    """Writes rows to ``rows-00000.arrow`` … of ``limits.chunk_rows`` rows (the first of fewer) and announces each file when it is complete.

    Columns: ``row_no`` int32 and ``c0`` … text (null: empty), as a dictionary where values come again: whoever checks
    them looks at each distinct value once. Notes of a chunk stand in ``notes-00000.parquet`` beside it before it is
    announced. Wholly empty rows are left out and counted.
    """

    folder: Path
    width: int
    limits: Limits
    announce: Callable[[int, bool], None]
    rows: int = 0
    blank_rows: int = 0
    chunk_count: int = 0
    last_row_no: int = 0
    _cells: int = 0
    _empty: int = 0
    _tables: list[pa.Table] = field(default_factory=list)
    _buffered: int = 0
    _row_nos: list[int] = field(default_factory=list)
    _columns: list[list[str | None]] = field(default_factory=list)
    _notes: list[tuple[int, int, str]] = field(default_factory=list)
    _notes_file: pq.ParquetWriter | None = None

    def note(self, row_no: int, column: int, note: str) -> None:
        """Remarks on a cell (column from 0) or, with ``WHOLE_ROW``, on a row."""
        self._notes.append((row_no, column, note))

    def add_row(self, row_no: int, cells: Cells) -> None:
        """Takes one row of exactly ``width`` cells; blank cells must be None or blank text."""
        if not self._columns:
            self._columns = [[] for _ in range(self.width)]
        texts = [cell if cell and not cell.isspace() else None for cell in cells]
        if not any(texts):
            self.blank_rows += 1
            return
        for text in texts:
            if text and len(text) > self.limits.cell_characters:
                raise self._cell_too_large(row_no)
        self._row_nos.append(row_no)
        for column, text in zip(self._columns, texts, strict=True):
            column.append(text)
        if len(self._row_nos) >= 10_000:
            self._turn_rows()

    def add_columns(self, row_nos: npt.NDArray[np.int64], columns: Sequence[pa.Array]) -> None:
        """Takes rows by column; ``columns`` are string arrays of the length of ``row_nos``."""
        table = pa.table([pa.array(row_nos, pa.int32()), *columns], names=self._names())
        filled = _filled(columns)
        if filled is not None:
            table = table.filter(filled)
            self.blank_rows += len(row_nos) - table.num_rows
        self._take(table)

    def finish(self) -> Path | None:
        """Writes what is left; returns the file of all notes, or None when there are none."""
        self._turn_rows()
        if self._buffered:
            self._write(self._buffered)
        if self._notes_file is None:
            return None
        self._notes_file.close()
        return self.folder / "notes.parquet"

    def _names(self) -> list[str]:
        return ["row_no", *(f"c{i}" for i in range(self.width))]

    def _turn_rows(self) -> None:
        if not self._row_nos:
            return
        try:
            columns = [pa.array(column, pa.string()) for column in self._columns]
        except UnicodeEncodeError as error:
            raise DamagedFile(
                f"第 {self._row_nos[0]} 行起的 {len(self._row_nos)} 行中有无效字符（孤立的代理项）。",
                f"Among {len(self._row_nos)} rows from row {self._row_nos[0]} on is a lone surrogate, which is no text.",
            ) from error
        self.refuse_zero(self._row_nos, columns)
        table = pa.table([pa.array(self._row_nos, pa.int32()), *columns], names=self._names())
        self._row_nos, self._columns = [], [[] for _ in range(self.width)]
        self._take(table)

    def refuse_zero(self, row_nos: Sequence[int] | npt.NDArray[np.int64], columns: Sequence[pa.Array]) -> None:
        """A zero character, written with an escape, is in no text that a person typed, and no database takes it."""
        for column in columns:
            found = pc.index(pc.fill_null(pc.match_substring(column, "\0"), False), True).as_py()
            if found >= 0:
                raise DamagedFile(
                    f"第 {row_nos[found]} 行有空字符（NUL），文件已损坏。",
                    f"Row {row_nos[found]} holds a zero character: the file is damaged.",
                )

    def _take(self, table: pa.Table) -> None:
        if not table.num_rows:
            return
        self._tables.append(table)
        self._buffered += table.num_rows
        self.rows += table.num_rows
        self._refuse_sparse(table)
        if self.rows > self.limits.rows:
            raise FileTooLarge(
                f"文件超过 {self.limits.rows} 行的上限，请拆分后报送。",
                f"The file has more than {self.limits.rows} rows; please split it.",
            )
        while self._buffered >= (rows := self._chunk_rows()):
            self._write(rows)

    def _refuse_sparse(self, table: pa.Table) -> None:
        """Few bytes of a row must not become a thousand cells, a hundred thousand times."""
        self._cells += table.num_rows * self.width
        self._empty += sum(column.null_count for column in table.columns)
        if self._cells > self.limits.sparse_cells and (self._cells - self._empty) * 100 < self._cells:
            raise FileTooLarge(
                f"表头有 {self.width} 列，而 {self.rows} 行几乎全是空单元格。请只保留有内容的列。",
                f"The header has {self.width} columns and {self.rows} rows of nearly nothing but empty cells. Keep the columns "
                "that are filled.",
            )

    def _chunk_rows(self) -> int:
        """Rows of the next chunk. The first ones are small: whoever takes them can begin while the file is being read."""
        return min(self.limits.chunk_rows, FIRST_ROWS << min(self.chunk_count, 16))

    def _write(self, count: int) -> None:
        whole = pa.concat_tables(self._tables)
        chunk, rest = whole.slice(0, count).combine_chunks(), whole.slice(count)
        self._tables = [rest] if rest.num_rows else []
        self._buffered = rest.num_rows
        last = chunk.column(0)[-1].as_py()
        coded = [chunk.column(0), *(_coded(column.combine_chunks()) for column in chunk.columns[1:])]
        path = chunk_path(self.folder, self.chunk_count)
        part = path.with_suffix(".part")
        table = pa.table(coded, names=self._names())
        with pa.ipc.new_file(part, table.schema) as file:
            file.write_table(table)
        has_notes = self._write_notes(last)
        part.replace(path)
        self.last_row_no = last
        self.announce(self.chunk_count, has_notes)
        self.chunk_count += 1

    def _write_notes(self, last_row_no: int) -> bool:
        later = [each for each in self._notes if each[0] > last_row_no]
        self._notes = [each for each in self._notes if each[0] <= last_row_no]
        table = self._note_table() if self._notes else None
        self._notes = later
        if table is None:
            return False
        if self._notes_file is None:
            self._notes_file = pq.ParquetWriter(self.folder / "notes.parquet", _NOTES)
        self._notes_file.write_table(table)
        pq.write_table(table, self.folder / f"notes-{self.chunk_count:05d}.parquet")
        return True

    def _note_table(self) -> pa.Table:
        row_nos, columns, notes = zip(*sorted(self._notes), strict=True)
        return pa.table([list(row_nos), list(columns), list(notes)], schema=_NOTES)

    def _cell_too_large(self, row_no: int) -> FileTooLarge:
        most = self.limits.cell_characters
        return FileTooLarge(
            f"第 {row_no} 行有一个单元格超过 {most} 个字符。",
            f"Row {row_no} has a cell of more than {most} characters.",
        )


def blank_remark(count: int) -> list[str]:
    """The remark on empty rows that were left out."""
    return [f"跳过 {count} 个空行 / {count} empty rows skipped"] if count else []


def no_rows(rows: int) -> None:
    """Refuses a table that has a header and nothing else."""
    if not rows:
        raise DamagedFile("表头下面没有数据行。", "There are no rows below the header.")


def pad(cells: Iterable[str | None], width: int) -> list[str | None]:
    """Exactly ``width`` cells: missing ones are empty, further ones are cut."""
    exact = list(cells)[:width]
    return exact + [None] * (width - len(exact))


def chunk_path(folder: Path, number: int) -> Path:
    """The file of a chunk."""
    return folder / f"rows-{number:05d}.arrow"


def _filled(columns: Sequence[pa.Array]) -> pa.Array | None:
    """Which rows have a cell that is not blank; None when all have. Stops at the first column that settles it."""
    blank = None
    for column in columns:
        here = pc.or_(pc.is_null(column), pc.fill_null(pc.utf8_is_space(column), True))
        blank = here if blank is None else pc.and_(blank, here)
        if not pc.any(blank).as_py():
            return None
    return None if blank is None else pc.invert(blank)


def _coded(column: pa.Array) -> pa.Array:
    """Blank cells (of the ideographic blank too) emptied; a dictionary where values come again."""
    coded = column.dictionary_encode()
    values = coded.dictionary
    blank = pc.or_(pc.utf8_is_space(values), pc.equal(pc.binary_length(values), 0))
    if pc.any(blank).as_py():
        is_blank = pc.fill_null(blank.take(coded.indices), True)
        indices = pc.if_else(is_blank, pa.scalar(None, pa.int32()), coded.indices)
        coded = pa.DictionaryArray.from_arrays(indices, values)
        column = coded.dictionary_decode()
    return coded if len(values) * 2 <= len(column) else column
