"""Marks a sender's own workbook: faulty cells coloured and commented, a sheet of findings added, the rest as it was.

A process of its own (``python -m xinyong.intake._marking``, request as JSON on standard input), because openpyxl holds
the whole workbook. Marks of an earlier feedback in the same workbook are taken away first.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xinyong.intake._process import bound

#: beyond these, cells are coloured and listed, without a comment each
MOST_COMMENTS = 20_000
MOST_LINES = 1_000_000


def main() -> None:
    """Reads the request and writes the marked workbook."""
    request = json.load(sys.stdin)
    bound(memory_bytes=request["memory_bytes"], file_bytes=1 << 30, seconds=request["seconds"])
    mark(request)


def mark(request: dict[str, Any]) -> None:
    """Marks ``original`` into ``to``. ``notes`` is a file of JSON Lines, ordered by row."""
    import openpyxl

    from xinyong.intake import _explanation

    # From a handle: openpyxl judges a path by its ending, and the opened original of a submission has none.
    with Path(request["original"]).open("rb") as original:
        book = openpyxl.load_workbook(original, rich_text=True)
    sheet = book[request["sheet"]]
    if _explanation.SHEET_TITLE in book.sheetnames:
        del book[_explanation.SHEET_TITLE]
    _clear(sheet)
    table = book.create_sheet(_explanation.SHEET_TITLE)
    _head(table, request)
    commented = lines = 0
    for row_no, notes in _explanation.by_row(_notes(Path(request["notes"]))):
        for column, here in _explanation.places(notes, request["headers"]).items():
            _mark_cell(sheet.cell(row_no, column + 1), here, with_comment=commented < MOST_COMMENTS)
            commented += 1
        for note in notes if lines < MOST_LINES else ():
            _append(table, _explanation.line(note))
            lines += 1
    book.save(request["to"])


def _notes(path: Path) -> Iterator[Any]:
    from xinyong.intake._explanation import Note

    with path.open(encoding="utf-8") as file:
        for text in file:
            yield Note(**json.loads(text))


def _mark_cell(cell: Any, notes: list[Any], *, with_comment: bool) -> None:
    from openpyxl.cell.cell import MergedCell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    from xinyong.intake import _explanation

    if isinstance(cell, MergedCell):
        return
    cell.fill = PatternFill("solid", fgColor=_explanation.FILLS.get(_explanation.worst(notes), "DDEBF7"))
    if with_comment:
        text = _explanation.comment(notes)
        if cell.comment is not None:
            text = f"{cell.comment.text}\n\n{text}"
        cell.comment = Comment(text, _explanation.AUTHOR, width=360, height=160)


def _clear(sheet: Any) -> None:
    """Takes away the marks of an earlier feedback: cells that carry our comment."""
    from openpyxl.styles import PatternFill

    from xinyong.intake._explanation import AUTHOR

    for cell in list(sheet._cells.values()):
        comment = getattr(cell, "comment", None)
        if comment is not None and comment.author == AUTHOR:
            cell.comment = None
            cell.fill = PatternFill()


def _head(table: Any, request: dict[str, Any]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    from xinyong.intake._explanation import COLUMNS, FILLS

    for row in request["summary"]:
        _append(table, row)
        if row and str(row[0]).startswith("颜色"):
            for column, colour in enumerate(FILLS.values(), start=2):
                table.cell(table.max_row, column).fill = PatternFill("solid", fgColor=colour)
    table["A1"].font = Font(bold=True, size=14)
    _append(table, list(COLUMNS))
    top = table.max_row
    for cell in table[top]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(vertical="top")
    for letter, width in zip("ABCDEFGHI", (22, 26, 26, 16, 50, 50, 24, 40, 40), strict=True):
        table.column_dimensions[letter].width = width
    table.freeze_panes = f"A{top + 1}"


def _append(table: Any, values: list[str | int]) -> None:
    """Appends a row of texts and numbers; a text that looks like a formula stays a text."""
    row_no = table._current_row + 1
    table._current_row = row_no
    for column, value in enumerate(values, start=1):
        cell = table.cell(row_no, column, value)
        if cell.data_type == "f":
            cell.data_type = "s"
            cell.quotePrefix = True


if __name__ == "__main__":
    main()
