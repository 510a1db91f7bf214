"""JSON and JSON Lines: objects whose keys are headers. Strict: a key twice, NaN, deep nesting refuse the file.

JSON Lines stream at any size; an array is held whole as text and therefore bounded.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from xinyong.intake._encoding import open_text
from xinyong.intake._limits import MEGABYTE, DamagedFile, FileTooLarge, Limits
from xinyong.intake._table import (
    NESTED_VALUE,
    NUMBER_AS_TEXT,
    NUMBER_LOST_DIGITS,
    ROW_TOO_LONG,
    WHOLE_ROW,
    Head,
    Writer,
    check_width,
    find_header,
    header_missing,
)
from xinyong.kernel.strict_json import NotStrictJson, StrictJson

#: objects looked at for the keys; a key that appears only later makes its row ``row-too-long``
_SAMPLE = 1000
_LIST_KEYS = ("rows", "data", "records", "list", "items")

Record = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A JSON table whose keys are known. Row numbers count objects from 1 (lines in JSON Lines)."""

    head: Head
    records: Iterator[Record]
    limits: Limits
    remarks: list[str]


def open_json(path: Path, *, folder: Path, kind: str, known: Collection[str], limits: Limits) -> Opened:
    """Finds the keys. ``kind`` json: one array, or an object that holds one; jsonl: an object a line."""
    text = open_text(path, folder=folder)
    if kind == "jsonl" and not _is_lines(text.path, text.offset, limits):
        kind = "json"
    records = _lines(text.path, text.offset, limits) if kind == "jsonl" else _array(text.path, text.offset, limits)
    sample = [record for _, record in zip(range(_SAMPLE), records, strict=False)]
    keys = list(dict.fromkeys(chain.from_iterable(record for _, record in sample)))
    if not find_header([keys], known):
        raise header_missing([keys], known)
    check_width(keys, limits)
    head = Head(kind, text.encoding, None, None, 0, keys)
    return Opened(head, chain(sample, records), limits, text.remarks)


def read_json(opened: Opened, writer: Writer) -> None:
    """Streams the objects into the writer."""
    columns = {key: index for index, key in enumerate(opened.head.headers)}
    for row_no, record in opened.records:
        cells: list[str | None] = [None] * len(columns)
        for key, value in record.items():
            column = columns.get(key)
            if column is None:
                writer.note(row_no, WHOLE_ROW, ROW_TOO_LONG)
                continue
            cells[column], note = _text(value)
            if note:
                writer.note(row_no, column, note)
        writer.add_row(row_no, cells)


def _text(value: Any) -> tuple[str | None, str | None]:
    if isinstance(value, str):
        return value, None
    if value is None:
        return None, None
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), None
    if isinstance(value, int):
        return str(value), NUMBER_AS_TEXT if abs(value) >= 10**10 else None
    if isinstance(value, Decimal):
        return _decimal_text(value)
    return json.dumps(value, ensure_ascii=False, default=str), NESTED_VALUE


def _decimal_text(value: Decimal) -> tuple[str, str | None]:
    """A number with a point is exact as written; one with an exponent of 15 digits and more has lost its digits."""
    if value.adjusted() > 300 or value.adjusted() < -300:
        return str(value), NUMBER_LOST_DIGITS
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    lost = abs(value) >= Decimal(10) ** 15
    return plain, NUMBER_LOST_DIGITS if lost else None


def _is_lines(path: Path, offset: int, limits: Limits) -> bool:
    """Whether the first line is an object of its own; otherwise the file is one object over several lines."""
    with path.open("rb") as file:
        file.seek(offset)
        first = b""
        while not first.strip():
            first = file.readline(limits.row_bytes + 1)
            if not first:
                return False
        rest = file.read(4096).strip()
    try:
        value = StrictJson(most_bytes=limits.row_bytes, long_number=_long_number).parse(first)
    except NotStrictJson:
        return first.rstrip().endswith(b"}") and rest.startswith(b"{")
    return bool(rest) or not any(isinstance(value.get(key), list) for key in _LIST_KEYS)


def _lines(path: Path, offset: int, limits: Limits) -> Iterator[Record]:
    reader = StrictJson(most_bytes=limits.row_bytes, long_number=_long_number)
    with path.open("rb") as file:
        file.seek(offset)
        row_no = 0
        while line := file.readline(limits.row_bytes + 1):
            row_no += 1
            if len(line) > limits.row_bytes:
                raise FileTooLarge(
                    f"第 {row_no} 行超过 {limits.row_bytes / MEGABYTE:g} MB。",
                    f"Line {row_no} exceeds {limits.row_bytes / MEGABYTE:g} MB.",
                )
            if line.strip():
                yield row_no, _object(_parse(reader, line, f"第 {row_no} 行", f"Line {row_no}"), row_no)


def _array(path: Path, offset: int, limits: Limits) -> Iterator[Record]:
    if path.stat().st_size - offset > limits.json_array_bytes:
        raise FileTooLarge(
            f"JSON 数组文件超过 {limits.json_array_bytes // MEGABYTE} MB。请改用 JSON Lines（每行一个对象）或 CSV。",
            f"A JSON array may have {limits.json_array_bytes // MEGABYTE} MB. Please send JSON Lines (an object a line) or "
            "CSV.",
        )
    reader = StrictJson(most_bytes=limits.json_array_bytes, long_number=_long_number)
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read()
    if content.lstrip()[:1] == b"[":
        try:
            for row_no, each in enumerate(reader.elements(content), start=1):
                yield row_no, _object(each, row_no)
        except NotStrictJson as error:
            raise DamagedFile(f"文件：{error.zh}", f"The file: {error.en}") from error
        return
    value = _parse(reader, content, "文件", "The file")
    if isinstance(value, dict):
        lists = [value[key] for key in _LIST_KEYS if isinstance(value.get(key), list)]
        value = lists[0] if len(lists) == 1 else [value]
    if not isinstance(value, list):
        raise DamagedFile(
            "JSON 应是对象的数组，或含有 rows 数组的对象。",
            "The JSON must be an array of objects, or an object with rows.",
        )
    for row_no, each in enumerate(value, start=1):
        yield row_no, _object(each, row_no)


def _object(value: Any, row_no: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DamagedFile(f"第 {row_no} 条不是 JSON 对象。", f"Record {row_no} is not a JSON object.")
    return value


def _parse(reader: StrictJson, content: bytes, where_zh: str, where_en: str) -> Any:
    try:
        return reader.parse(content)
    except NotStrictJson as error:
        raise DamagedFile(f"{where_zh}：{error.zh}", f"{where_en}: {error.en}") from error


def _long_number(text: str) -> str | Decimal:
    """A number beyond all bounds stays what was written; the column it stands in says whether that will do."""
    if text.lstrip("-").isdigit():
        return text
    try:
        return Decimal(text)
    except ArithmeticError:
        return text
