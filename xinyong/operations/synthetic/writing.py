"""Writes rows to a file in a department's format, batch by batch. The same rows give the same bytes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from xinyong.operations.synthetic import draw
from xinyong.operations.synthetic.decisions import Columns
from xinyong.operations.synthetic.layouts import Layout

_ENCODINGS = {"csv": "utf-8", "csv-bom": "utf-8", "tsv": "utf-8", "csv-gb18030": "gb18030", "csv-utf16": "utf-16-le"}
_MARKS = {"csv-bom": b"\xef\xbb\xbf", "csv-utf16": b"\xff\xfe"}
#: Spreadsheets carry the moment they were made; ours carry this one, or no two would be equal.
_MADE_AT = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_INSTRUCTION = "填报说明：带*为必填项；日期格式为年-月-日；金额单位为万元。"


def write(path: Path, layout: Layout, head: list[tuple[str, str]], batches: Iterable[Columns], *, title: str) -> int:
    """Writes the batches under the headers; returns the number of rows. The file appears when it is whole."""
    part = path.with_name(path.name + ".part")
    tables = (arranged(columns, head) for columns in batches)
    match layout.format:
        case "xlsx":
            rows = _workbook(part, layout, [header for header, _ in head], tables, title)
        case "jsonl":
            rows = _json_lines(part, tables)
        case "parquet":
            rows = _parquet(part, tables)
        case _:
            rows = _separated(part, layout.format, tables)
    part.replace(path)
    return rows


def arranged(columns: Columns, head: list[tuple[str, str]]) -> pa.Table:
    """The columns under their headers, empty where there are none."""
    count = len(next(iter(columns.values())))
    missing = draw.same(None, count)
    return pa.Table.from_arrays([columns.get(code, missing) for _, code in head], names=[header for header, _ in head])


def _separated(path: Path, form: str, tables: Iterable[pa.Table]) -> int:
    encoding, rows = _ENCODINGS[form], 0
    with path.open("wb") as file:
        file.write(_MARKS.get(form, b""))
        for number, table in enumerate(tables):
            buffer = BytesIO()
            options = pa_csv.WriteOptions(include_header=number == 0, delimiter="\t" if form == "tsv" else ",")
            pa_csv.write_csv(table, buffer, options)
            raw = buffer.getbuffer()
            file.write(raw if encoding == "utf-8" else bytes(raw).decode("utf-8").encode(encoding))
            rows += table.num_rows
    return rows


def _json_lines(path: Path, tables: Iterable[pa.Table]) -> int:
    rows = 0
    with path.open("wb") as file:
        for table in tables:
            for row in table.to_pylist():
                file.write(orjson.dumps({name: value for name, value in row.items() if value is not None}) + b"\n")
            rows += table.num_rows
    return rows


def _parquet(path: Path, tables: Iterable[pa.Table]) -> int:
    rows, writer = 0, None
    for table in tables:
        plain = table.combine_chunks()
        writer = writer or pq.ParquetWriter(path, plain.schema, compression="zstd")
        writer.write_table(plain)
        rows += plain.num_rows
    if writer is not None:
        writer.close()
    return rows


def _workbook(path: Path, layout: Layout, headers: list[str], tables: Iterable[pa.Table], title: str) -> int:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    book.set_properties({"title": title, "created": _MADE_AT})
    sheet = book.add_worksheet("数据")
    bold = book.add_format({"bold": True})
    as_date = book.add_format({"num_format": "yyyy-mm-dd"})
    line = 0
    if layout.has_title:
        sheet.merge_range(0, 0, 0, len(headers) - 1, title, book.add_format({"bold": True, "align": "center"}))
        line += 1
    if layout.has_instruction:
        sheet.write_string(line, 0, _INSTRUCTION)
        line += 1
    sheet.write_row(line, 0, headers, bold)
    first = line + 1
    line = first
    for table in tables:
        are_dates = [layout.date_form == "iso" and _holds_days(header) for header in headers]
        are_amounts = ["万元" in header or header in {"CF_NR_FK", "CF_NR_WFFF"} for header in headers]
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            for place, value in enumerate(row):
                _cell(sheet, line, place, value, as_date if are_dates[place] else None, is_amount=are_amounts[place])
            line += 1
    book.close()
    return line - first


def _holds_days(header: str) -> bool:
    return header.strip("* ").endswith(("日期", "有效期", "截止期", "期自", "期至", "RQ", "YXQ", "YXQZ", "YXQZI"))


def _cell(sheet: Any, line: int, place: int, value: str | None, date_format: Any, *, is_amount: bool) -> None:
    """One cell as a clerk's spreadsheet has it: real dates and numbers where the text is one, text otherwise."""
    if value is None:
        return
    if date_format is not None and len(value) == 10:
        try:
            sheet.write_datetime(
                line, place, datetime.combine(date.fromisoformat(value), datetime.min.time()), date_format
            )
        except ValueError:
            sheet.write_string(line, place, value)
    elif is_amount:
        sheet.write_number(line, place, float(value))
    else:
        sheet.write_string(line, place, value)
