"""XLSX as a stream of rows: sheet by sheet, cell by cell, in the memory of one row and the shared texts.

Read with expat and not with a faster whole-sheet reader, because those take a declared dimension at its word or the whole
sheet into memory, and give an error value, a formula without value and an empty cell all as the same nothing.
"""

import posixpath
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from xinyong.intake import _cells
from xinyong.intake._archive import open_archive
from xinyong.intake._limits import MEGABYTE, DamagedFile, FileTooLarge, Limits
from xinyong.intake._table import ERROR_VALUE, FORMULA_WITHOUT_VALUE

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
_PIECE = 1 << 17
#: a spreadsheet program writes no longer number format
_MOST_FORMAT = 255

#: row number, column → text, notes (column, note)
Row = tuple[int, dict[int, str], list[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet of the workbook and the part that holds it."""

    name: str
    part: str
    is_visible: bool


@dataclass(slots=True)
class Workbook:
    """An opened workbook. Shared texts are read when the first cell needs them."""

    archive: zipfile.ZipFile
    sheets: list[Sheet]
    is_1904: bool
    limits: Limits
    texts_part: str | None
    _texts: list[str] | None = None
    _styles: list[str] = field(default_factory=list)

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        """The rows of a sheet that are present in it, in order."""
        if self._texts is None:
            self._texts = _shared_texts(self.archive, self.texts_part, self.limits)
            self._styles = _styles(self.archive)
        return _SheetReader(self._texts, self._styles, self.is_1904).read(self.archive, sheet.part, self.limits)


def open_workbook(path: Path, limits: Limits) -> Workbook:
    """Searches the container, then reads the list of sheets."""
    archive = open_archive(path, limits)
    root = _tree(archive, _workbook_part(archive))
    if root is None:
        raise _damaged("workbook.xml")
    base = _workbook_part(archive)
    targets = _relations(archive, base)
    properties = _first(root, "workbookPr")
    is_1904 = properties is not None and properties.get("date1904", "0").lower() in ("1", "true")
    sheets = []
    for each in _every(root, "sheet"):
        part = targets.get(next((v for k, v in each.attrib.items() if _local(k) == "id"), ""))
        if part and "/worksheets/" in "/" + part.lower():
            sheets.append(Sheet(each.get("name", ""), part, each.get("state", "visible") == "visible"))
    if not sheets:
        raise DamagedFile("工作簿中没有工作表。", "The workbook has no worksheet.")
    return Workbook(archive, sheets, is_1904, limits, _shared_texts_part(archive, targets.values()))


class _SheetReader:
    """One pass over a sheet's XML. Handlers of expat fill ``_done``; ``read`` empties it."""

    def __init__(self, texts: list[str], styles: list[str], is_1904: bool) -> None:
        self._texts = texts
        self._styles = styles
        self._is_1904 = is_1904
        self._columns: dict[str, int] = {}
        self._done: list[Row] = []
        self._is_finished = False
        self._last_row = 0

    def read(self, archive: zipfile.ZipFile, part: str, limits: Limits) -> Iterator[Row]:
        parser = _parser()
        self._handle(parser)
        since_row = 0
        with _open_part(archive, part) as file:
            while not self._is_finished:
                piece = file.read(_PIECE)
                _feed(parser, piece, part)
                if not piece:
                    break
                since_row = 0 if self._done else since_row + len(piece)
                if since_row > 8 * limits.row_bytes:
                    raise FileTooLarge(
                        f"第 {self._last_row} 行之后有一行过大。", f"A row after row {self._last_row} is far too large."
                    )
                yield from self._done
                self._done.clear()
        if not self._is_finished:
            raise _damaged(part)
        yield from self._done

    def _handle(self, parser: Any) -> None:
        """Sets the handlers. Closures over local names: this is the hot loop, 1.8 µs a cell."""
        prefix, row_no, column = "", 0, -1
        cells: dict[int, str] = {}
        notes: list[tuple[int, str]] = []
        kind, style, has_formula, is_collecting, is_phonetic = "n", 0, False, False, False
        text: list[str] = []
        is_in_data = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal prefix, row_no, column, cells, notes, kind, style, has_formula, is_collecting, is_phonetic
            nonlocal text, is_in_data
            name = tag[len(prefix) :] if prefix else tag
            if name == "c":
                column = self._column(attributes["r"]) if "r" in attributes else column + 1
                kind, style = attributes.get("t", "n"), int(attributes.get("s", 0))
                has_formula, text = False, []
            elif name == "v" or (name == "t" and not is_phonetic):
                is_collecting = True
            elif name == "f":
                has_formula = True
            elif name == "row":
                row_no = self._row_no(attributes.get("r"))
                column, cells, notes = -1, {}, []
            elif name == "rPh":
                is_phonetic = True
            elif name == "sheetData":
                is_in_data = True
            elif not is_in_data and ":" in tag and _local(tag) == "worksheet":
                prefix = tag.rpartition(":")[0] + ":"

        def characters(piece: str) -> None:
            if is_collecting:
                text.append(piece)

        def end(tag: str) -> None:
            nonlocal is_collecting, is_phonetic
            name = tag[len(prefix) :] if prefix else tag
            if name == "v" or name == "t":
                is_collecting = False
            elif name == "c":
                self._cell(column, kind, style, has_formula, "".join(text), cells, notes)
            elif name == "row":
                self._done.append((row_no, cells, notes))
            elif name == "rPh":
                is_phonetic = False
            elif name == "sheetData":
                self._is_finished = True

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = characters

    def _cell(
        self,
        column: int,
        kind: str,
        style: int,
        has_formula: bool,
        value: str,
        cells: dict[int, str],
        notes: list[tuple[int, str]],
    ) -> None:
        if not value:
            if has_formula and kind != "str":
                notes.append((column, FORMULA_WITHOUT_VALUE))
            return
        if kind == "s":
            cells[column] = self._shared(value)
        elif kind == "n":
            shown = self._styles[style] if 0 <= style < len(self._styles) else _cells.NUMBER
            moment = None
            if shown is not _cells.NUMBER:
                is_time = shown is _cells.TIME
                moment = _cells.serial_text(value, is_1904=self._is_1904, is_time=is_time)
                if moment is None:
                    notes.append((column, ERROR_VALUE))
            if moment is not None:
                cells[column] = moment
            else:
                cells[column], note = _cells.number_text(value)
                if note:
                    notes.append((column, note))
        elif kind == "b":
            cells[column] = "TRUE" if value.strip() in ("1", "true") else "FALSE"
        elif kind == "e":
            cells[column] = value
            notes.append((column, ERROR_VALUE))
        elif kind == "d":
            cells[column] = _cells.iso_text(value)
        else:
            cells[column] = _cells.unescape(value)

    def _shared(self, value: str) -> str:
        try:
            index = int(value)
            if index < 0:
                raise IndexError
            return self._texts[index]
        except (ValueError, IndexError) as error:
            raise DamagedFile(
                "工作簿的共享文本表与单元格对不上，文件已损坏。请重新保存。",
                "A cell points to a shared text that is not there: the file is damaged. Please save it anew.",
            ) from error

    def _column(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        index = self._columns.get(letters)
        if index is None:
            index = 0
            for letter in letters.lstrip("$").upper():
                if not "A" <= letter <= "Z":
                    raise _damaged("cell reference")
                index = index * 26 + ord(letter) - 64
            index -= 1
            if not 0 <= index < LAST_COLUMN:
                raise _damaged("cell reference")
            self._columns[letters] = index
        return index

    def _row_no(self, declared: str | None) -> int:
        row_no = int(declared) if declared else self._last_row + 1
        if not self._last_row < row_no <= LAST_ROW:
            raise DamagedFile(
                f"工作表第 {self._last_row} 行之后的行号次序有误，文件已损坏。请重新保存。",
                f"Row numbers are out of order after row {self._last_row}: the file is damaged. Please save it anew.",
            )
        self._last_row = row_no
        return row_no


def _shared_texts_part(archive: zipfile.ZipFile, related: Iterable[str]) -> str | None:
    """The part that the workbook names; where it names none, the one that is called so."""
    names = [*related, *archive.namelist()]
    return next((name for name in names if _plain(name).lower().endswith("sharedstrings.xml")), None)


def _shared_texts(archive: zipfile.ZipFile, part: str | None, limits: Limits) -> list[str]:
    """All shared texts, without the phonetic guides of East Asian editions."""
    if part is None:
        return []
    texts: list[str] = []
    pieces: list[str] = []
    size, is_text, is_phonetic = 0, False, False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal is_text, is_phonetic
        name = _local(tag)
        if name == "t":
            is_text = not is_phonetic
        elif name == "rPh":
            is_phonetic = True

    def end(tag: str) -> None:
        nonlocal is_text, is_phonetic
        name = _local(tag)
        if name == "t":
            is_text = False
        elif name == "si":
            texts.append(_cells.unescape("".join(pieces)))
            pieces.clear()
        elif name == "rPh":
            is_phonetic = False

    def characters(piece: str) -> None:
        nonlocal size
        if is_text:
            pieces.append(piece)
            size += len(piece)

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    with _open_part(archive, part) as file:
        while piece := file.read(_PIECE):
            _feed(parser, piece, part)
            if 2 * size + 80 * len(texts) > limits.shared_text_bytes:
                raise FileTooLarge(
                    "工作簿中的文字过多，请报送 CSV。", "The workbook holds too much text; please send CSV."
                )
        _feed(parser, b"", part)
    return texts


def _styles(archive: zipfile.ZipFile) -> list[str]:
    """For each cell style: number, date or time."""
    root = _tree(archive, "xl/styles.xml")
    if root is None:
        return []
    formats = {
        int(each.get("numFmtId", "0")): each.get("formatCode", "")[:_MOST_FORMAT]
        for each in _every(root, "numFmt")
        if each.get("numFmtId", "0").isdigit()
    }
    styles = _first(root, "cellXfs")
    ids = [each.get("numFmtId", "0") for each in styles] if styles is not None else []
    shown = {each: _cells.shows(int(each) if each.isdigit() else 0, formats) for each in set(ids)}
    return [shown[each] for each in ids]


def _workbook_part(archive: zipfile.ZipFile) -> str:
    for target in _relations(archive, "").values():
        if target.lower().endswith("workbook.xml"):
            return target
    return "xl/workbook.xml"


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """Relation id → part name, for a part's relations file."""
    folder, name = posixpath.split(part)
    root = _tree(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    found = {}
    for each in root if root is not None else ():
        target = each.get("Target", "")
        if each.get("TargetMode") != "External":
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[each.get("Id", "")] = full
    return found


def _tree(archive: zipfile.ZipFile, part: str) -> Element | None:
    """A small part as a tree; None when it is not there."""
    try:
        with _open_part(archive, part) as file:
            content = file.read(32 * MEGABYTE + 1)
    except DamagedFile:
        return None
    if len(content) > 32 * MEGABYTE:
        raise FileTooLarge("工作簿的结构部件过大。", "A structural part of the workbook is far too large.")
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _damaged(part) from error
    return root


def _open_part(archive: zipfile.ZipFile, part: str) -> Any:
    wanted = part.lower()
    for info in archive.infolist():
        if _plain(info.filename).lower() == wanted or info.filename == part:
            return archive.open(info)
    raise _damaged(part)


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16

    def refuse(*_: object) -> None:
        raise _damaged("document type")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _feed(parser: Any, piece: bytes, part: str) -> None:
    try:
        parser.Parse(piece, not piece)
    except (expat.ExpatError, ValueError) as error:
        raise _damaged(part) from error


def _damaged(part: str) -> DamagedFile:
    return DamagedFile(
        f"工作簿内部（{part}）不完整或有错，无法读取。请在表格软件中打开并另存后再报送。",
        f"The workbook is incomplete or wrong inside ({part}). Open it in a spreadsheet program and save it anew.",
    )


def _plain(name: str) -> str:
    return name.replace("\\", "/")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2]


def _every(root: Element, name: str) -> Iterator[Element]:
    return (each for each in root.iter() if _local(each.tag) == name)


def _first(root: Element, name: str) -> Element | None:
    return next(_every(root, name), None)
