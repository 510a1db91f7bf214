"""Which reader a file needs, by its content; the file's name only earns a remark."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from xinyong.intake._limits import DamagedFile, FileTooLarge, Limits, UnknownFormat
from xinyong.intake._table import Head, Writer, blank_remark, no_rows

_ENDINGS = {
    "csv": ("csv", "txt", "tsv"),
    "xlsx": ("xlsx", "xlsm"),
    "xls": ("xls", "et"),
    "json": ("json",),
    "jsonl": ("jsonl", "ndjson", "json"),
    "parquet": ("parquet", "pq"),
}
_LABELS = {
    "csv": "文本表格（CSV）",
    "xlsx": "Excel 工作簿（XLSX）",
    "xls": "Excel 97–2003 工作簿（XLS）",
    "json": "JSON",
    "jsonl": "JSON Lines",
    "parquet": "Parquet",
}
#: beginnings of files that are no tables: the sentence names them
_STRANGERS = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "Windows program"),
    (b"SQLite format 3", "SQLite"),
    (b"{\\rtf", "RTF"),
)


def sniff(path: Path) -> str:
    """The format by content: csv, xlsx, xls, json, jsonl or parquet. Raises ``UnknownFormat``, ``DamagedFile``."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise DamagedFile("文件是空的。", "The file is empty.")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if start.startswith(b"PAR1"):
        return "parquet"
    for beginning, label in _STRANGERS:
        if start.startswith(beginning) and (beginning not in (b"BM", b"MZ") or 0 in start):
            raise _not_a_table(label)
    return _sniff_text(start)


def _sniff_text(start: bytes) -> str:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[":
        return "json"
    if text[:1] == b"{":
        return "jsonl"
    lower = text[:200].lower()
    if lower.startswith((b"<html", b"<!doctype", b"<?xml", b"<table", b"<workbook")):
        raise UnknownFormat(
            "这是网页或 XML 文件（有些系统把网页表格存成 .xls）。请在表格软件中打开，另存为 XLSX 或 CSV 后再报送。",
            "This is a web page or XML, which some systems save as .xls. Open it and save it as XLSX or CSV.",
        )
    return "csv"


def _not_a_table(label: str) -> UnknownFormat:
    return UnknownFormat(
        f"这是 {label} 文件，不是数据表。请报送 CSV、XLSX、XLS、JSON 或 Parquet 文件。",
        f"This is a {label} file, not a table. Please send CSV, XLSX, XLS, JSON or Parquet.",
    )


def read_file(
    path: Path,
    *,
    folder: Path,
    file_name: str,
    known: Collection[str],
    sheet: str | None,
    limits: Limits,
    begin: Callable[[Head], None],
    announce: Callable[[int, bool], None],
) -> dict[str, Any]:
    """Reads the file into chunk files; returns what ``Reading`` needs beyond the head. Runs in the reading process."""
    if path.stat().st_size > limits.file_bytes:
        raise FileTooLarge(
            f"文件超过 {limits.file_bytes >> 20} MB 的上限。", f"The file exceeds {limits.file_bytes >> 20} MB."
        )
    kind = sniff(path)
    remarks = _name_remark(file_name, kind)

    def start(head: Head) -> Writer:
        begin(head)
        return Writer(folder, len(head.headers), limits, announce)

    ignored: list[str] = []
    if kind == "csv":
        from xinyong.intake._csv import open_csv, read_csv

        opened = open_csv(path, folder=folder, known=known, limits=limits)
        writer = start(opened.head)
        read_csv(opened, writer, limits)
        remarks += opened.remarks
    elif kind in ("xlsx", "xls"):
        from xinyong.intake._workbook import open_workbook, read_workbook

        book = open_workbook(path, kind=kind, known=known, sheet=sheet, limits=limits)
        writer = start(book.head)
        remarks += book.remarks + read_workbook(book, writer)
        ignored = book.sheets_ignored
    elif kind == "parquet":
        from xinyong.intake._parquet import open_parquet, read_parquet

        table = open_parquet(path, known=known, limits=limits)
        writer = start(table.head)
        read_parquet(table, writer)
    else:
        from xinyong.intake._json import open_json, read_json

        objects = open_json(path, folder=folder, kind=kind, known=known, limits=limits)
        writer = start(objects.head)
        read_json(objects, writer)
        remarks += objects.remarks
    (folder / "text.utf8").unlink(missing_ok=True)
    notes = writer.finish()
    no_rows(writer.rows)
    return {
        "rows": writer.rows,
        "chunks": writer.chunk_count,
        "has_notes": notes is not None,
        "sheets_ignored": ignored,
        "remarks": remarks + blank_remark(writer.blank_rows),
    }


def _name_remark(file_name: str, kind: str) -> list[str]:
    """A name that promises another format: read by content, and said."""
    ending = file_name.rsplit(".", 1)[-1].lower() if "." in file_name else ""
    if not ending or ending in _ENDINGS[kind]:
        return []
    return [
        f"文件名以 .{ending} 结尾，内容是{_LABELS[kind]}，已按内容读取 / named .{ending}, read by content as {kind}"
    ]
