"""XLS (Excel 97–2003, older WPS): calamine reads a whole sheet, which this format keeps to 65,536 rows of 256 columns."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from xinyong.intake import _cells
from xinyong.intake._archive import encrypted
from xinyong.intake._limits import MEGABYTE, DamagedFile, DangerousFile, FileTooLarge, Limits, UnknownFormat
from xinyong.intake._xlsx import Row, Sheet

_MOST_BYTES = 200 * MEGABYTE
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MACROS = "_VBA_PROJECT_CUR".encode("utf-16-le")
_WORKBOOKS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))


@dataclass(slots=True)
class Workbook:
    """An opened XLS file."""

    source: Any
    sheets: list[Sheet]

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        """The rows of a sheet from the first on, empty ones without cells."""
        content = self.source.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        for row_no, values in enumerate(content, start=1):
            cells: dict[int, str] = {}
            notes: list[tuple[int, str]] = []
            for column, value in enumerate(values):
                if value == "" or value is None:
                    continue
                cells[column], note = _text(value)
                if note:
                    notes.append((column, note))
            yield row_no, cells, notes


def open_workbook(path: Path, limits: Limits) -> Workbook:
    """Searches the container for encryption and macros, then reads the list of sheets."""
    if path.stat().st_size > min(_MOST_BYTES, limits.inflated_bytes):
        raise FileTooLarge(
            "XLS 文件过大，请另存为 XLSX 或 CSV。", "The XLS file is too large; please save XLSX or CSV."
        )
    content = path.read_bytes()
    if _ENCRYPTED in content:
        raise encrypted()
    if _MACROS in content:
        raise _macros()
    if not any(name in content for name in _WORKBOOKS):
        raise UnknownFormat(
            "这不是 Excel 工作簿（可能是 Word 等文档）。",
            "This is no workbook; perhaps a Word file or another document.",
        )
    try:
        source = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise encrypted() from error
    except CalamineError as error:
        if "password" in str(error).lower():
            raise encrypted() from error
        raise DamagedFile(
            "XLS 文件不完整或已损坏。请在表格软件中打开并另存为 XLSX。",
            "The XLS file is incomplete or damaged. Open it and save it as XLSX.",
        ) from error
    if any(each.typ in (SheetTypeEnum.MacroSheet, SheetTypeEnum.Vba) for each in source.sheets_metadata):
        raise _macros()
    sheets = [
        Sheet(each.name, each.name, each.visible == SheetVisibleEnum.Visible)
        for each in source.sheets_metadata
        if each.typ == SheetTypeEnum.WorkSheet
    ]
    return Workbook(source, sheets)


def _macros() -> DangerousFile:
    return DangerousFile(
        "工作簿含有宏（VBA），不能接收。请另存为不含宏的 .xlsx。",
        "The workbook holds macros (VBA). Please save it as .xlsx without macros.",
    )


def _text(value: object) -> tuple[str, str | None]:
    if isinstance(value, str):
        return value, None
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), None
    if isinstance(value, int | float):
        return _cells.number_text(repr(value))
    if isinstance(value, datetime | date):
        return _cells.moment_text(value), None
    if isinstance(value, time):
        return f"{value:%H:%M:%S}", None
    if isinstance(value, timedelta):
        return str(value), None
    return str(value), None
