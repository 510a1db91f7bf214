"""An edition of a code list as a table: CSV and workbook to take away, and the same read back when it was edited.

Columns: 代码, 名称, 英文名称, 可接受的写法 (several with ;), 须写明具体内容 (是 or empty). A file comes from outside and is read by
the intake's reader, which looks a hostile one through before it is parsed.
"""

import io
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import xlsxwriter

from xinyong.catalogue import load
from xinyong.catalogue.schema import CodeList
from xinyong.intake import headers, read
from xinyong.kernel import cells
from xinyong.kernel.errors import Invalid

_HEAD = ("代码", "名称", "英文名称", "可接受的写法", "须写明具体内容")
_KEYS = ("value", "zh", "en", "aliases", "needs_detail")
_COLUMN_OF = {headers.normalise(text): key for text, key in zip(_HEAD, _KEYS, strict=True)}
_NEEDED = frozenset({"value", "zh", "en"})
_MOST_BYTES, _MOST = 2_000_000, 5_000
_YES = frozenset({"是", "true", "yes", "1"})


class NoCodeTable(Invalid):
    """The file is no table of codes."""

    code = "intake.no-code-table"


def csv(one: CodeList) -> bytes:
    """One line a code, UTF-8 with a mark so that spreadsheets read it."""
    out = io.StringIO(newline="")
    writer = cells.csv_writer(out)
    writer.writerow(_HEAD)
    writer.writerows(_rows(one))
    return ("\ufeff" + out.getvalue()).encode()


def workbook(one: CodeList) -> bytes:
    """The same as a sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        bold, sheet = book.add_format({"bold": True}), book.add_worksheet("代码表")
        text = book.add_format({"num_format": "@"})
        sheet.freeze_panes(1, 0)
        for place, (head, width) in enumerate(zip(_HEAD, (24, 32, 40, 60, 18), strict=True)):
            sheet.set_column(place, place, width, text)
            sheet.write_string(0, place, head, bold)
        for row, line in enumerate(_rows(one), start=1):
            for place, cell in enumerate(line):
                sheet.write_string(row, place, cell, text)
    return buffer.getvalue()


def of_file(path: Path, *, file_name: str, like: CodeList) -> CodeList:
    """The codes of a file (.csv, .xlsx) as an edition ``like`` another one: its id, titles, day and source. Raises NoCodeTable,
    CatalogueError, and intake's refusals of files."""
    rows = _read(path, file_name)
    columns = [_COLUMN_OF.get(headers.normalise(one), "") for one in rows[0]]
    if not set(columns) >= _NEEDED:
        raise NoCodeTable(
            f"这不是代码表：首行须有 {'、'.join(_HEAD[:3])} 三列。请下载现行代码表，在其上修改。",
            "This is no table of codes: the first row needs 代码, 名称 and 英文名称. Download the list and edit that.",
        )
    codes = []
    for cells_ in rows[1:]:
        said = dict(zip(columns, cells_, strict=False))
        if not any(said.get(key) for key in _KEYS):
            continue
        codes.append({
            "value": said.get("value", ""), "name": {"zh": said.get("zh", ""), "en": said.get("en", "")},
            "aliases": [one for one in re.split("[;；]", said.get("aliases", "")) if one.strip()],
            "needs_detail": said.get("needs_detail", "").strip().lower() in _YES,
        })  # fmt: skip
    data = {
        "id": like.id, "title": {"zh": like.title_zh, "en": like.title_en}, "valid_from": like.valid_from.isoformat(),
        "source": like.source, "is_verified": like.is_verified, "codes": codes,
    }  # fmt: skip
    return load.code_list_from_data(data, file=file_name)


def _rows(one: CodeList) -> list[tuple[str, ...]]:
    return [
        (code.value, code.name_zh, code.name_en, ";".join(code.aliases), "是" if code.needs_detail else "")
        for code in one.codes
    ]


def _read(path: Path, file_name: str) -> list[list[str]]:
    if path.stat().st_size > _MOST_BYTES:
        raise NoCodeTable("文件超过 2 MB，不像代码表。", "The file is larger than 2 MB: hardly a table of codes.")
    with tempfile.TemporaryDirectory(prefix="xinyong-codes-") as name:
        found = read.read(
            path, folder=Path(name), file_name=file_name, known_headers=frozenset(_COLUMN_OF),
            limits=replace(read.LIMITS, file_bytes=_MOST_BYTES, rows=_MOST),
        )  # fmt: skip
        rows = [list(found.headers)]
        for chunk in found.chunks:
            for row in read.table(chunk).to_pylist():
                _, *texts = row.values()
                rows.append([_plain(one or "") for one in texts])
    return rows


def _plain(text: str) -> str:
    """A cell as it was before a CSV made it harmless (kernel/cells)."""
    text = text.strip()
    return text[1:] if text.startswith("'") else text
