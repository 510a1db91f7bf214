"""Every exporter of ours fed with the same texts, and what it wrote opened again cell by cell."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.intake.reading import KNOWN, NAMES
from xinyong.catalogue import export, load
from xinyong.intake import feedback, read
from xinyong.intake.outcome import Counts, Found
from xinyong.kernel.cells import WORKBOOK_OPTIONS

_SOUND = ("甲公司", "91X", "2026-01-05")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it came out; ``wanted`` is what went in, None where the two may differ lawfully."""

    text: str
    wanted: str | None
    is_formula: bool
    is_in_csv: bool = False


def everywhere(texts: Sequence[str], folder: Path) -> dict[str, list[Cell]]:
    """Exporter → the cells it wrote for these texts."""
    plain = [text.replace("\0", "") or "空" for text in texts]
    rows = [(*_SOUND[:1], plain[at], *plain[at + 1 : at + 3]) for at in range(0, len(plain) - 2, 3)]
    parquet, book = folder / "in.parquet", folder / "in.xlsx"
    pq.write_table(pa.table({name: [row[at] for row in rows] for at, name in enumerate(NAMES)}), parquet)
    _write(book, rows)
    return {
        "feedback as CSV": _csv(_returned(parquet, folder / "out.csv", plain), rows),
        "feedback made anew": _book(_returned(parquet, folder / "new.xlsx", plain), "数据 Data", rows),
        "feedback marked": _book(_returned(book, folder / "marked.xlsx", plain), "Sheet1", rows),
        "catalogue template": list(_template(plain)),
    }


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with xlsxwriter.Workbook(path, dict(WORKBOOK_OPTIONS)) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([NAMES, *rows]):
            for column, text in enumerate(row):
                sheet.write_string(place, column, text)


def _returned(path: Path, to: Path, texts: Sequence[str]) -> Path:
    reading = read.read(path, folder=path.parent / f"read-{to.name}", file_name=path.name, known_headers=KNOWN)
    first = 2 if path.suffix == ".xlsx" else 1
    findings = [
        Found(
            row_no=first + at, column=NAMES[at % 4], field="", value=text, rule=text, severity="error", message=text,
            message_en=text, basis=text, suggestion=text,
        )
        for at, text in enumerate(texts[: reading.rows : 7])
    ]  # fmt: skip
    write = feedback.csv if to.suffix == ".csv" else feedback.workbook
    counts = Counts(rows_read=reading.rows, rejected=reading.rows)
    write(original=path, file_name="=1+1.xlsx", facts=reading.facts(), findings=findings, counts=counts, to=to)
    return to


def _csv(path: Path, rows: Sequence[Sequence[str]]) -> list[Cell]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        written = list(csv.reader(file))
    cells = [Cell(text, None, is_formula=False, is_in_csv=True) for row in written for text in row]
    assert len(written) == len(rows) + 1
    for out, row in zip(written[1:], rows, strict=True):
        cells += [Cell(one.removeprefix("'"), text.removeprefix("'"), is_formula=False)
                  for one, text in zip(out, row, strict=False) if text.strip() and "\r" not in text]  # fmt: skip
    return cells


def _book(path: Path, sheet: str, rows: Sequence[Sequence[str]]) -> list[Cell]:
    content = path.read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = list(_every(book, content))
    written = book[sheet].iter_rows(min_row=2, max_col=4, values_only=True)
    for out, row in zip(written, rows, strict=True):
        cells += [
            Cell(str(one or ""), text, is_formula=False)
            for one, text in zip(out, row, strict=True)
            if text.strip() and not any(c < " " and c != "\n" for c in text)
        ]
    return cells


def _every(book: Any, content: bytes) -> Iterator[Cell]:
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield Cell(str(cell.value), None, is_formula=cell.data_type == "f")
                if cell.hyperlink is not None:
                    yield Cell(str(cell.hyperlink.target), None, is_formula=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet") and b"<f>" in archive.read(name):
                yield Cell(f"<f> in {name}", None, is_formula=True)


def _template(texts: Sequence[str]) -> Iterator[Cell]:
    item = next(iter(load.library().values()))
    # YAML, in which items are written, has no control characters.
    wanted = iter([text for text in texts if not any(c < " " or c == "\x7f" for c in text)])
    for _ in range(min(40, len(texts) // 100 + 1)):
        fields = tuple(
            replace(
                one,
                name_zh=next(wanted, "=1"),
                note=next(wanted, "=1"),
                example=next(wanted, "=1"),
                unit=next(wanted, "=1"),
            )
            for one in item.fields
        )
        title, source = next(wanted, "=1"), next(wanted, "=1")
        odd = replace(item, title_zh=title, description=next(wanted, "=1"), source=source, fields=fields)
        content = export.workbook(odd)
        yield from _every(openpyxl.load_workbook(io.BytesIO(content)), content)
