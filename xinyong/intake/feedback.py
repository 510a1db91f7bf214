"""Gives a file back to its sender (反馈): their own workbook with the faulty cells marked, or a list as CSV.

Nothing of the sender's is changed or dropped: their columns in their order, mapped or not. A file that was no XLSX comes
back as a new workbook of the same rows. A text that looks like a formula stays a text (security.md §4 T1).
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import xlsxwriter

from xinyong.intake import _explanation, headers, read
from xinyong.intake._explanation import FindingLike, Note
from xinyong.intake._limits import MEGABYTE
from xinyong.intake._process import command, environment
from xinyong.kernel.cells import WORKBOOK_OPTIONS, csv_writer

#: cells of a workbook that is marked in place; openpyxl needs about half a kilobyte each
MOST_MARKED_CELLS = 1_000_000
#: rows of a new workbook; of a longer file only the rows with findings come back
MOST_ROWS = 100_000
MOST_CSV_ROWS = 1_000_000
_MOST_SHEET_ROWS = 1_000_000
_MOST_COMMENTS = 20_000
_MARKING_MEMORY = 2048 * MEGABYTE
_MARKING_SECONDS = 300

_SOURCE_ROW = "原文件行号 Source row"
_ONLY_FAULTY = "文件较大，只列出有问题的行 / the file is large: only rows with findings are listed"
_REBUILT = (
    "原文件不便直接标注，已按原列重新生成 / the original could not be marked in place; its columns stand here anew"
)


def workbook(
    *,
    original: Path,
    file_name: str,
    facts: Mapping[str, Any],
    findings: Iterable[FindingLike],
    counts: object,
    to: Path,
) -> None:
    """Writes the returned workbook to ``to``.

    ``original`` is the plain file as sent, ``facts`` what reading found (``Reading.facts``), ``findings`` come ordered by
    row, ``counts`` has rows_read, accepted, doubtful, rejected, duplicate, unchanged.
    """
    with tempfile.TemporaryDirectory(prefix="xinyong-returned-") as name:
        folder = Path(name)
        notes = _keep(findings, folder / "notes.jsonl")
        cells = int(getattr(counts, "rows_read", 0)) * max(1, len(facts["headers"]))
        if facts["format"] == "xlsx" and cells <= MOST_MARKED_CELLS:
            if _mark(original, file_name, facts, notes, counts, to):
                return
            _rebuild(original, file_name, facts, notes, counts, to, folder, [_REBUILT])
        else:
            _rebuild(original, file_name, facts, notes, counts, to, folder, [])


def csv(
    *,
    original: Path,
    file_name: str,
    facts: Mapping[str, Any],
    findings: Iterable[FindingLike],
    counts: object,
    to: Path,
) -> None:
    """Writes the feedback as CSV (UTF-8 with a byte order mark, so that spreadsheet programs read it): the sender's own
    columns, then the source row, the result and what is wrong. Arguments as for ``workbook``."""
    only_faulty = int(getattr(counts, "rows_read", 0)) > MOST_CSV_ROWS
    with (
        tempfile.TemporaryDirectory(prefix="xinyong-returned-") as name,
        to.open("w", newline="", encoding="utf-8-sig") as file,
    ):
        out = csv_writer(file)
        out.writerow([*facts["headers"], _SOURCE_ROW, "处理结果 Result", "问题说明 Problems", "建议 Suggestions"])
        rows = _rows(original, file_name, facts, Path(name))
        for row_no, cells, notes in _together(rows, _explanation.notes_of(findings), only_faulty=only_faulty):
            result = _explanation.RESULTS[_explanation.worst(notes)] if notes else _explanation.NO_FINDING
            problems = "\n".join(f"{note.column}：{note.message} / {note.message_en} [{note.rule}]" for note in notes)
            advice = "\n".join(note.suggestion for note in notes if note.suggestion)
            out.writerow([*(each or "" for each in cells), row_no, result, problems, advice])


def _keep(findings: Iterable[FindingLike], path: Path) -> Path:
    """Findings as JSON Lines: they may be many, are gone through twice, and cross to another process."""
    with path.open("w", encoding="utf-8") as file:
        for note in _explanation.notes_of(findings):
            file.write(json.dumps(note.plain()) + "\n")
    return path


def _kept(path: Path) -> Iterator[Note]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            yield Note(**json.loads(text))


def _mark(original: Path, file_name: str, facts: Mapping[str, Any], notes: Path, counts: object, to: Path) -> bool:
    """Marks the sender's own workbook in a bounded process; False when that cannot be done with this one."""
    request = {
        "original": str(original.resolve()),
        "to": str(to.resolve()),
        "sheet": facts["sheet"],
        "headers": facts["headers"],
        "notes": str(notes),
        "summary": _explanation.summary(file_name, counts, facts.get("remarks", ())),
        "memory_bytes": _MARKING_MEMORY,
        "seconds": _MARKING_SECONDS,
    }
    try:
        done = subprocess.run(
            command("xinyong.intake._marking"),
            input=json.dumps(request).encode(),
            capture_output=True,
            env=environment(),
            cwd=notes.parent,
            timeout=_MARKING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and to.exists()


def _rebuild(
    original: Path,
    file_name: str,
    facts: Mapping[str, Any],
    notes: Path,
    counts: object,
    to: Path,
    folder: Path,
    remarks: list[str],
) -> None:
    """A new workbook of the sender's columns, written row by row."""
    only_faulty = int(getattr(counts, "rows_read", 0)) > MOST_ROWS
    remarks = [*remarks, *([_ONLY_FAULTY] if only_faulty else []), *facts.get("remarks", ())]
    own = [_explanation.printable(header) for header in facts["headers"]]
    options = {"constant_memory": True} | WORKBOOK_OPTIONS
    with xlsxwriter.Workbook(to, options) as book:
        sheet = book.add_worksheet("数据 Data")
        table = book.add_worksheet(_explanation.SHEET_TITLE)
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "num_format": "@"})
        fills = {
            name: book.add_format({"bg_color": f"#{colour}", "num_format": "@"})
            for name, colour in _explanation.FILLS.items()
        }
        for column, header in enumerate([*own, _SOURCE_ROW]):
            sheet.write_string(0, column, header, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(own), 18)
        next_line = _head(table, _explanation.summary(file_name, counts, remarks), bold, fills)
        rows = _rows(original, file_name, facts, folder)
        commented = 0
        pairs = _together(rows, _kept(notes), only_faulty=only_faulty)
        for place, (row_no, cells, here) in enumerate(pairs, start=1):
            if place > _MOST_SHEET_ROWS:
                break
            marked = _explanation.places(here, facts["headers"])
            for column, cell in enumerate(cells):
                noted = marked.get(column)
                style = fills.get(_explanation.worst(noted), text) if noted else text
                if cell:
                    sheet.write_string(place, column, _explanation.printable(cell), style)
                elif noted:
                    sheet.write_blank(place, column, None, style)
                if noted and commented < _MOST_COMMENTS:
                    sheet.write_comment(
                        place,
                        column,
                        _explanation.comment(noted),
                        {"author": _explanation.AUTHOR, "x_scale": 3, "y_scale": 2},
                    )
                    commented += 1
            sheet.write_number(place, len(own), row_no)
            for note in here if next_line < _MOST_SHEET_ROWS else ():
                _write_line(table, next_line, _explanation.line(note))
                next_line += 1


def _head(table: Any, summary: list[list[str | int]], bold: Any, fills: Mapping[str, Any]) -> int:
    """Writes what stands above the findings; returns the next free line."""
    table.set_column(0, 3, 24)
    table.set_column(4, 8, 44)
    for place, row in enumerate(summary):
        styles: list[Any] = [bold]
        if row and str(row[0]).startswith("颜色"):
            styles += list(fills.values())
        _write_line(table, place, row, styles)
    _write_line(table, len(summary), list(_explanation.COLUMNS), [bold] * len(_explanation.COLUMNS))
    table.freeze_panes(len(summary) + 1, 0)
    return len(summary) + 1


def _write_line(table: Any, place: int, values: list[str | int], styles: Iterable[Any] = ()) -> None:
    chosen = dict(enumerate(styles))
    for column, value in enumerate(values):
        if isinstance(value, int):
            table.write_number(place, column, value, chosen.get(column))
        else:
            table.write_string(place, column, value, chosen.get(column))


def _rows(
    original: Path, file_name: str, facts: Mapping[str, Any], folder: Path
) -> Iterator[tuple[int, list[str | None]]]:
    """The sender's rows read again, in the same bounded way."""
    known = frozenset(headers.normalise(each) for each in facts["headers"] if each)
    with read.stream(
        original, folder=folder / "rows", file_name=file_name, known_headers=known, sheet=facts.get("sheet")
    ) as stream:
        for chunk in stream:
            for batch in read.table(chunk.path).to_batches(max_chunksize=5_000):
                columns = [column.to_pylist() for column in batch.columns]
                for row_no, *cells in zip(*columns, strict=True):
                    yield row_no, cells
            chunk.path.unlink()


def _together(
    rows: Iterator[tuple[int, list[str | None]]], notes: Iterable[Note], *, only_faulty: bool
) -> Iterator[tuple[int, list[str | None], list[Note]]]:
    """Each row with its notes; both come ordered by row. A note on a row without cells is only in the list."""
    waiting = _explanation.by_row(notes)
    next_row, here = next(waiting, (None, []))
    for row_no, cells in rows:
        while next_row is not None and next_row < row_no:
            next_row, here = next(waiting, (None, []))
        if next_row == row_no:
            yield row_no, cells, here
            next_row, here = next(waiting, (None, []))
        elif not only_faulty:
            yield row_no, cells, []
