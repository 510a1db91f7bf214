"""How a text file is encoded, decided by strict decoding of the whole file, and the file as UTF-8.

Order: byte order mark, the zero-byte pattern of UTF-16, strict UTF-8, strict GB18030. No statistics, no guess: a file
that decodes in none of them is refused with the place. GB18030 and not GBK: rare names need its four-byte characters.
"""

import codecs
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from xinyong.intake._limits import DamagedFile

BLOCK = 4 << 20

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Text:
    """A file as UTF-8: ``path`` is the original or a converted copy; the text starts at ``offset``."""

    path: Path
    offset: int
    encoding: str
    has_quotes: bool
    remarks: list[str]


def open_text(path: Path, *, folder: Path) -> Text:
    """Finds the encoding and converts to UTF-8 where needed. Raises ``DamagedFile`` for bytes that are no text."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    encoding, mark = _by_mark(start)
    if encoding.startswith("utf-16"):
        return _converted(path, encoding, mark, folder)
    bad, facts = _scan(path)
    if bad is None:
        return Text(path, mark, encoding, facts.has_quotes, _private_use(facts.has_private_use))
    if mark:
        raise DamagedFile(
            f"文件标明为 UTF-8，但第 {bad.line} 行（第 {bad.offset} 字节）不是有效的 UTF-8，可能被截断或混用了两种编码。",
            f"The file says it is UTF-8 but is not on line {bad.line}, byte {bad.offset}: it may be truncated or mix "
            "two encodings.",
        )
    return _converted(path, "gb18030", 0, folder, utf8_until=bad)


def _by_mark(start: bytes) -> tuple[str, int]:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, len(mark)
    pairs = max(1, len(start) // 2)
    if start[1::2].count(0) > 0.3 * pairs and start[0::2].count(0) < 0.02 * pairs:
        return "utf-16-le", 0
    if start[0::2].count(0) > 0.3 * pairs and start[1::2].count(0) < 0.02 * pairs:
        return "utf-16-be", 0
    return "utf-8", 0


@dataclass(slots=True)
class _Facts:
    has_quotes: bool = False
    has_private_use: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where decoding failed: byte from 0, line from 1."""

    offset: int
    line: int


def _scan(path: Path) -> tuple[_Place | None, _Facts]:
    """Reads the whole file once: zero bytes refuse it, the first place that is not UTF-8 is returned."""
    facts = _Facts()
    rest, offset = b"", 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if (at := block.find(0)) >= 0:
                raise _zero_byte(_place(path, offset + at))
            facts.has_quotes = facts.has_quotes or b'"' in block
            facts.has_private_use = facts.has_private_use or b"\xee" in block
            whole = rest + block if rest else block
            end = _character_boundary(whole)
            if (bad := _not_utf8(whole, end)) is not None:
                return _place(path, offset - len(rest) + bad), facts
            rest, offset = whole[end:], offset + len(block)
    return (_place(path, offset - len(rest)) if rest else None), facts


def _place(path: Path, offset: int) -> _Place:
    """The line of a byte, counted only when a sentence needs it."""
    lines, left = 1, offset
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            lines += block.count(b"\n")
            left -= len(block)
    return _Place(offset, lines)


def _not_utf8(block: bytes, end: int) -> int | None:
    """The place of the first byte before ``end`` that is not UTF-8. Arrow's check is the fast one, Python's knows the
    place."""
    offsets = pa.array([0, end], pa.int64()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(block)]).validate(full=True)
    except pa.ArrowInvalid:
        try:
            block[:end].decode("utf-8")
        except UnicodeDecodeError as error:
            return error.start
    return None


def _character_boundary(block: bytes) -> int:
    """Where the last whole character ends: a lead byte within the last three bytes may wait for the next block."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) - back if needed > back else len(block)
    return len(block)


def _converted(path: Path, encoding: str, mark: int, folder: Path, utf8_until: _Place | None = None) -> Text:
    """A UTF-8 copy. The remark says which encoding was taken, because the bytes of some names are valid in two."""
    target = folder / "text.utf8"
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    facts, lines, offset = _Facts(), 0, mark
    with path.open("rb") as source, target.open("wb") as out:
        source.seek(mark)
        while True:
            block = source.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n") + 1
                raise _undecodable(encoding, _Place(offset + error.start, line), utf8_until) from error
            if (at := text.find("\0")) >= 0:
                raise _zero_byte(_Place(offset, lines + text[:at].count("\n") + 1))
            encoded = text.encode("utf-8")
            facts.has_quotes = facts.has_quotes or b'"' in encoded
            facts.has_private_use = facts.has_private_use or b"\xee" in encoded
            lines += encoded.count(b"\n")
            offset += len(block)
            out.write(encoded)
            if not block:
                break
    label = {"gb18030": "GB18030", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE"}[encoding]
    remark = f"按 {label} 编码读取 / read as {label}"
    return Text(target, 0, encoding, facts.has_quotes, [remark, *_private_use(facts.has_private_use)])


def _private_use(has_any: bool) -> list[str]:
    if not has_any:
        return []
    return ["文件含自造字（私有区字符），请核对人名、地名 / private-use characters: please check names"]


def _undecodable(encoding: str, place: _Place, utf8_until: _Place | None) -> DamagedFile:
    """The refusal; the encoding that went further is the one the file was meant to be in."""
    tried = "UTF-16" if encoding.startswith("utf-16") else "GB18030"
    if utf8_until and utf8_until.offset >= place.offset:
        tried, place = "UTF-8", utf8_until
    return DamagedFile(
        f"文件编码无法识别：第 {place.line} 行（第 {place.offset} 字节）起不是有效的 {tried}。"
        "请另存为 UTF-8 的 CSV 后再报送。",
        f"The encoding is not recognised: from line {place.line} (byte {place.offset}) on it is not valid {tried}. "
        "Please save the file as CSV in UTF-8.",
    )


def _zero_byte(place: _Place) -> DamagedFile:
    return DamagedFile(
        f"第 {place.line} 行（第 {place.offset} 字节附近）有空字节（NUL），这不是文本文件或已损坏。请重新导出。",
        f"Line {place.line} (near byte {place.offset}) holds a zero byte: the file is not text or is damaged. "
        "Please export it again.",
    )
