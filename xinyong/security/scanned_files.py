"""The outgoing scanner over files: workbooks and documents (hidden sheets, rows, columns, comments, properties, names), PDF
(text, metadata, attachments, annotations, form fields, outline), text.

Whatever is in a file goes out with it, shown or not. A file that cannot be read through is not vouched for: ``NotScannable``.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from xml.parsers import expat

from xinyong.kernel.errors import Invalid
from xinyong.security import scanner
from xinyong.security.scanner import Kind

MEGABYTE = 1 << 20
MOST_BYTES = 64 * MEGABYTE
MOST_INFLATED = 256 * MEGABYTE
MOST_PARTS = 5_000
MOST_PAGES = 2_000
#: files within files
_MOST_DEPTH = 3
#: elements whose inner texts are one text, though each run of letters stands in an element of its own
_WHOLES = frozenset({"si", "is", "text", "p", "comment", "definedName", "oddHeader", "oddFooter"})
_APART = "\n\x00\n"
#: in a sheet's header and footer: left, centre, right, page …
_FORMATS = re.compile("&[A-Za-z]")


class NotScannable(Invalid):
    """The file cannot be read through: encrypted, damaged, of an unknown kind, too large."""

    code: ClassVar[str] = "security.not-scannable"


@dataclass(frozen=True, slots=True)
class Hit:
    """A number found in a file: what it is and in which part; never what it says."""

    kind: Kind
    place: str


@dataclass(frozen=True, slots=True)
class Scan:
    """``hits``, and the parts in which no text could be read, such as a page that is a picture."""

    hits: tuple[Hit, ...]
    unread: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """True when everything was read and nothing found."""
        return not self.hits and not self.unread


def scan_file(content: bytes, *, today: date | None = None) -> Scan:
    """Scans a file of any kind the platform gives out. Raises NotScannable."""
    if len(content) > MOST_BYTES:
        raise _unscannable("文件过大，无法逐字检查。", "The file is too large to be checked through.")
    hits: list[Hit] = []
    unread: list[str] = []
    for place, text in _texts(content, "", 0):
        if text is None:
            unread.append(place)
        else:
            hits += [Hit(one.kind, place) for one in scanner.scan(text, today=today)]
    return Scan(tuple(dict.fromkeys(hits)), tuple(unread))


def _texts(content: bytes, within: str, depth: int) -> Iterator[tuple[str, str | None]]:
    """Place and text of everything in a file; None for what holds no readable text."""
    if depth > _MOST_DEPTH:
        raise _unscannable("文件中套文件的层数过多。", "Files are nested too deep in one another.")
    if content.startswith(b"%PDF"):
        yield from _of_pdf(content, within, depth)
    elif content.startswith(b"PK\x03\x04"):
        yield from _of_archive(content, within, depth)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        yield from _of_old_workbook(content, within)
    elif content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")):
        yield within or "picture", None
    else:
        yield within or "text", _decoded(content)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16", errors="replace")
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unscannable("不是文字，也不是可检查的文件格式。", "Neither text nor a kind of file that can be checked.")


def _of_archive(content: bytes, within: str, depth: int) -> Iterator[tuple[str, str | None]]:
    """OOXML and any other archive: every part, whether a program shows it or not."""
    left = MOST_INFLATED
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
        if len(entries) > MOST_PARTS:
            raise _unscannable("压缩包内的部件过多。", "The archive has too many parts.")
        sheets = _sheet_names(archive)
        if archive.comment:
            yield f"{within}(comment)", archive.comment.decode("utf-8", errors="replace")
        for entry in entries:
            with archive.open(entry) as part:
                inner = part.read(left + 1)
            left -= len(inner)
            if left < 0:
                raise _unscannable("压缩包展开后过大。", "The archive unfolds to too much.")
            place = f"{within}{sheets.get(entry.filename, entry.filename)}"
            yield f"{place} (name)", entry.filename
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                yield place, _of_markup(inner)
            elif inner:
                yield from _texts(inner, f"{place}/", depth + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise _unscannable("压缩结构损坏或已加密，无法检查。", "The container is damaged or encrypted.") from error


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Part → its sheet's name and whether it is hidden."""
    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", errors="replace")
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", errors="replace")
    except KeyError:
        return {}
    targets: dict[str, str] = {}
    for one in re.findall(r"<Relationship\b[^>]*>", relations):
        if (id_ := re.search(r'\bId="([^"]*)"', one)) and (target := re.search(r'\bTarget="([^"]*)"', one)):
            targets[id_[1]] = target[1]
    names = {}
    for one in re.findall(r"<sheet\b[^>]*>", book):
        name, id_ = re.search(r'\bname="([^"]*)"', one), re.search(r'\br:id="([^"]*)"', one)
        if name and id_ and id_[1] in targets:
            part = targets[id_[1]].removeprefix("/xl/")
            hidden = " (hidden)" if re.search(r'\bstate="(?:very)?[hH]idden"', one) else ""
            names[f"xl/{part}"] = f"sheet {name[1][:40]}{hidden}"
    return names


def _of_markup(content: bytes) -> str:
    """All character data and all attributes of a part; runs of one paragraph or cell as one text."""
    pieces: list[str] = []
    whole = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal whole
        name = tag.rpartition(":")[2]
        whole += name in _WHOLES
        if not whole or name in _WHOLES:
            pieces.append(_APART)
        for value in attributes.values():
            if len(value) >= 11 and not whole:
                pieces.append(value + _APART)
            elif len(value) >= 11:
                beside.append(value + _APART)

    def end(tag: str) -> None:
        nonlocal whole
        name = tag.rpartition(":")[2]
        whole -= name in _WHOLES
        if not whole:
            pieces.append(_APART)

    beside: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = pieces.append
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        raise _unscannable("文件内部的 XML 有错，无法检查。", "The file's markup is wrong inside.") from error
    return _FORMATS.sub(_APART, "".join([*pieces, _APART, *beside]))


def _of_old_workbook(content: bytes, within: str) -> Iterator[tuple[str, str | None]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python()
            cells = (str(int(c)) if isinstance(c, float) and c == int(c) else str(c) for row in rows for c in row)
            yield f"{within}sheet {name[:40]}", _APART.join(cells)
    except (CalamineError, ValueError, OverflowError) as error:
        raise _unscannable(
            "旧式 Office 文件损坏或已加密，无法检查。", "The old Office file is damaged or encrypted."
        ) from error
    # What no cell shows (comments, properties, deleted rows) stands in the stream in one or two bytes a character.
    yield f"{within}(stream)", content.decode("latin-1")
    for shift in (0, 1):
        yield f"{within}(stream)", content[shift:].decode("utf-16-le", errors="replace")


def _of_pdf(content: bytes, within: str, depth: int) -> Iterator[tuple[str, str | None]]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _unscannable("PDF 已加密，无法检查。", "The PDF is encrypted.")
        if len(reader.pages) > MOST_PAGES:
            raise _unscannable("PDF 页数过多。", "The PDF has too many pages.")
        yield f"{within}metadata", _APART.join(str(value) for value in (reader.metadata or {}).values())
        root: Any = reader.trailer["/Root"]
        if "/Metadata" in root:
            yield f"{within}metadata", _of_markup(root["/Metadata"].get_data())
        yield f"{within}outline", _APART.join(_titles(reader.outline))
        yield f"{within}form", _APART.join(f"{k}{_APART}{v}" for k, v in (reader.get_form_text_fields() or {}).items())
        for number, page in enumerate(reader.pages, 1):
            text = page.extract_text()
            has_ink = bool(text.strip()) or not (page.get("/Contents") and _has_picture(page))
            yield f"{within}page {number}", text if has_ink else None
            yield f"{within}page {number} annotations", _APART.join(_annotations(page))
        for name, files in reader.attachments.items():
            yield f"{within}attachment (name)", name
            for inner in files:
                yield from _texts(inner, f"{within}attachment/", depth + 1)
    except NotScannable:
        raise
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        NotImplementedError,
    ) as error:
        raise _unscannable("PDF 损坏，无法检查。", "The PDF is damaged and cannot be checked.") from error


def _titles(outline: list[Any]) -> Iterator[str]:
    for one in outline:
        if isinstance(one, list):
            yield from _titles(one)
        else:
            yield str(one.title)


def _annotations(page: Any) -> Iterator[str]:
    for reference in page.get("/Annots") or ():
        note = reference.get_object()
        for key in ("/Contents", "/T", "/TU", "/V", "/RC", "/Subj", "/NM"):
            if key in note:
                yield str(note[key])
        action = note.get("/A")
        if action is not None and "/URI" in action.get_object():
            yield str(action.get_object()["/URI"])


def _has_picture(page: Any) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    return objects is not None and any(
        one.get_object().get("/Subtype") == "/Image" for one in objects.get_object().values()
    )


def _unscannable(zh: str, en: str) -> NotScannable:
    return NotScannable(zh, en)
