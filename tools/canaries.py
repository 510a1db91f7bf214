"""Canaries: persons who exist nowhere, planted to see where persons' data end up (security.md §3 row 19, §5 A2).

A canary has a valid identity number, a name and a mobile number. Nothing lists them: canary ``n`` is computed, and every
one bears marks (a place, a year of birth, a rare surname, a network) that no other text has. So one pass over any amount of
bytes looks for the marks in all writings at once, and what follows a mark says which canary it is.

``python -m tools.canaries FOLDER …`` searches folders; ``search_database`` every table, as PostgreSQL's owner copies it out,
with the planner's samples. Hits are told by place, kind and writing; never by what was found.
"""

import base64
import gzip
import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import re2

from xinyong.kernel import codes

#: Division of nobody (99), year of birth: how every number begins.
_PLACE, _YEAR = "990177", 1951
NUMBER_MARK: Final = f"{_PLACE}{_YEAR}"
#: A surname of the book of surnames that some thousands bear, and a character that stands in few names.
NAME_MARK: Final = "佴翀"
PHONE_MARK: Final = "1990177"
COUNT: Final = 1_000
_LAST: Final = [chr(code) for code in range(0x4E00, 0x9F00, 7)][:COUNT]
_BLOCK: Final = 32 << 20
_REACH: Final = 512  # bytes around a mark that say which canary it is
_DEEP: Final = 3  # archives in archives


@dataclass(frozen=True, slots=True)
class Canary:
    """A person to plant."""

    number: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """Where one was found: the file or table, what (number, name, phone, tail, bare digest), in which writing, at which byte."""

    where: str
    what: str
    writing: str
    at: int


def canary(n: int) -> Canary:
    """Canary ``n``. Its number and phone are its own below 365,000 and 10,000; names repeat after a thousand."""
    day = date(_YEAR, 1, 1) + timedelta(days=n // COUNT % 365)
    body = f"{_PLACE}{day:%Y%m%d}{n % COUNT:03}"
    return Canary(body + codes.citizen_check(body), NAME_MARK + _LAST[n % COUNT], f"{PHONE_MARK}{n % 10_000:04}")


def canaries(count: int = COUNT) -> list[Canary]:
    """The first ``count``."""
    return [canary(n) for n in range(count)]


def search(data: bytes, where: str) -> list[Hit]:
    """Every place where a canary stands in ``data``, in whatever writing, in archives and compressed streams too."""
    return sorted(set(_search(data, where, _DEEP)))


def search_folders(folders: Iterable[Path], *, skip: Iterable[str] = ()) -> list[Hit]:
    """Every file below the folders; names of files count as content. ``skip`` are patterns of paths that hold persons' data
    by right (a test's own input)."""
    left, found = tuple(skip), []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if any(path.match(pattern) for pattern in left):
                continue
            found += search(str(path.relative_to(folder)).encode("utf-8", "surrogateescape"), f"name of {path.parent}")
            if path.is_file() and not path.is_symlink():
                found += _search_file(path)
    return found


def search_database(**address: Any) -> list[Hit]:
    """Every row of every table, the planner's samples, what connections are doing. ``address`` is psycopg's, of an owner."""
    found: list[Hit] = []
    with psycopg.connect(**address, autocommit=True) as own:
        tables = own.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog',"
            " 'information_schema') AND tablename !~ '^record_[0-9]+$' ORDER BY 1"
        ).fetchall()
        for (table,) in [*tables, ("pg_catalog.pg_stats",), ("pg_catalog.pg_stat_activity",)]:
            with own.cursor() as cursor, cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as copy:
                found += _search_blocks((bytes(block) for block in copy), f"table {table}")
    return found


def _search_file(path: Path) -> list[Hit]:
    try:
        with path.open("rb") as file:
            if path.stat().st_size <= _BLOCK:
                return search(file.read(), str(path))
            return _search_blocks(iter(lambda: file.read(_BLOCK), b""), str(path))
    except FileNotFoundError:  # a running server's temporary file
        return []


def _search_blocks(blocks: Iterator[bytes], where: str) -> list[Hit]:
    """In blocks that overlap, so that nothing is cut in two."""
    found: set[Hit] = set()
    start, kept = 0, b""
    for block in blocks:
        kept += block
        if len(kept) < _BLOCK:
            continue
        found |= {Hit(hit.where, hit.what, hit.writing, hit.at + start) for hit in _search(kept, where, _DEEP)}
        start += len(kept) - _REACH
        kept = kept[-_REACH:]
    found |= {Hit(hit.where, hit.what, hit.writing, hit.at + start) for hit in _search(kept, where, _DEEP)}
    return sorted(found)


def _search(data: bytes, where: str, depth: int) -> Iterator[Hit]:
    pattern, writings = _marks()
    for match in pattern.finditer(data):
        what, writing = writings[match.group().lower() if match.group().lower() in writings else match.group()]
        at = match.start()
        around = data[max(0, at - _REACH) : at + _REACH]
        if _is_sure(what, writing, data[at : at + 64], around):
            yield Hit(where, what, writing, at)
    yield from _bare_digests(data, where)
    if depth:
        for name, inner in _unpacked(data):
            yield from _search(inner, f"{where}!{name}", depth - 1)


def _is_sure(what: str, writing: str, following: bytes, around: bytes) -> bool:
    """Marks of four bytes, and short runs of digits, occur by chance: what follows has to be a canary's."""
    if writing == "utf-8" and what == "phone":
        return _run(following) == 11 and not around[: around.find(following)][-1:].isdigit()
    if what == "tail":
        text = following[:12].decode("ascii", "replace").upper()
        return text[:11].isdigit() and codes.citizen_check(_PLACE + text[:11]) == text[11:12]
    if writing.startswith("base64"):
        return _goes_on(what, writing, following) and not _is_hex(following)
    if what == "name" and writing in ("utf-16-le", "utf-16-be", "gb18030"):
        width = 2
        last = following[len(NAME_MARK.encode(writing)) :][:width].decode(writing, "replace")
        return last in _LAST
    return True


def _goes_on(what: str, writing: str, following: bytes) -> bool:
    """What follows a mark in base64, decoded, is a canary's: a short mark's five or six letters occur by chance."""
    encoding, shift = writing.removeprefix("base64 of ").split(", ")
    mark = {"number": NUMBER_MARK, "name": NAME_MARK, "phone": PHONE_MARK}[what].encode(encoding)
    text = b"A" * (0, 2, 3)[int(shift)] + following[:36].replace(b"\n", b"")
    try:
        plain = base64.b64decode(text[: len(text) // 4 * 4])[int(shift) + len(mark) :]
    except ValueError:
        return False
    after = plain[:8].decode(encoding, "replace")
    return after[:1] in _LAST if what == "name" else after[:2].isdigit()


def _is_hex(following: bytes) -> bool:
    """Digests and sealed bytes in hex are long runs of letters of base64 too; base64 of a name is not in hex digits alone."""
    run = following[: next((n for n, byte in enumerate(following) if byte not in _BASE64), len(following))]
    return len(run) >= 8 and all(byte in _HEX_DIGITS for byte in run)


def _run(following: bytes) -> int:
    return next((place for place, byte in enumerate(following) if not 48 <= byte <= 57), len(following))


@cache
def _marks() -> tuple[Any, dict[bytes, tuple[str, str]]]:
    """One pattern for all marks in all writings, and what each of its words means."""
    words: dict[bytes, tuple[str, str]] = {}
    for what, mark in (("number", NUMBER_MARK), ("name", NAME_MARK), ("phone", PHONE_MARK)):
        plain = mark.encode()
        written = {
            "utf-8": plain, "utf-16-le": mark.encode("utf-16-le"), "utf-16-be": mark.encode("utf-16-be"),
            "reversed": mark[::-1].encode(), "hex": plain.hex().encode(), "hex of utf-16": mark.encode("utf-16-le").hex().encode(),
            "hex of utf-16-be": mark.encode("utf-16-be").hex().encode(),
            "full width": mark.translate({48 + n: 0xFF10 + n for n in range(10)}).encode(),
        }  # fmt: skip
        if what == "name":
            written |= {
                "gb18030": mark.encode("gb18030"), "hex of gb18030": mark.encode("gb18030").hex().encode(),
                "url": "".join(f"%{byte:02x}" for byte in plain).encode(),
                "url of gb18030": "".join(f"%{byte:02x}" for byte in mark.encode("gb18030")).encode(),
                "json": json.dumps(mark)[1:-1].encode(), "html": "".join(f"&#{ord(c)};" for c in mark).encode(),
                "python bytes": repr(plain)[2:-1].encode(),
                "octal": "".join(f"\\{byte:o}" for byte in plain).encode(),
            }  # fmt: skip
        if what == "number":
            written |= {"cut by a hyphen": f"{_PLACE}-{_YEAR}".encode(), "cut by a blank": f"{_PLACE} {_YEAR}".encode()}
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
            for shift in range(3):
                written[f"base64 of {encoding}, {shift}"] = _base64(mark.encode(encoding), shift)
        for writing, word in written.items():
            words.setdefault(word if "base64" in writing or word.isascii() is False else word.lower(), (what, writing))
    words |= {f"{_YEAR}{month:02}{day:02}".encode(): ("tail", "utf-8") for month in (1,) for day in (1, 2)}
    parts = [_quoted(word, exact="base64" in writing) for word, (_, writing) in words.items()]
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 256 << 20
    return re2.compile(b"|".join(parts), options), words


def _base64(mark: bytes, shift: int) -> bytes:
    """The characters that are the same wherever in a text the mark stands, at this distance from a group of three."""
    text = base64.b64encode(bytes(shift) + mark)
    whole = (shift + len(mark)) * 8 // 6  # characters made of bytes of ours only
    return text[(0, 2, 3)[shift] : whole]


def _quoted(word: bytes, *, exact: bool) -> bytes:
    quoted = b"".join(b"\\x%02x" % byte for byte in word)
    return quoted if exact or not word.isascii() else b"(?i:" + quoted + b")"


@cache
def _digests() -> dict[str, str]:
    return {
        hashlib.new(name, one.number.encode()).hexdigest()[:32]: name
        for one in canaries() for name in ("md5", "sha1", "sha256", "sm3")
    }  # fmt: skip


_HEX_DIGITS: Final = frozenset(b"0123456789abcdef")
_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_HEX: Final = re2.compile(rb"\b(?:\\x)?[0-9a-f]{32,64}\b")


def _bare_digests(data: bytes, where: str) -> Iterator[Hit]:
    """Digests without a key: whoever has one searches through all numbers in minutes (security.md F13)."""
    for match in _HEX.finditer(data):
        text = match.group().removeprefix(b"\\x")[:32].decode("ascii")
        if text in _digests():
            yield Hit(where, "bare digest", _digests()[text], match.start())


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What archives, gzip files and streams of a PDF hold."""
    if data[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    yield name, archive.read(name) + name.encode()
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            return
    elif data[:2] == b"\x1f\x8b":
        try:
            yield "gzip", gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return
    elif data[:5] == b"%PDF-":
        start = data.find(b"stream")
        while start >= 0:
            body = start + len(b"stream") + (2 if data[start + 6 : start + 8] == b"\r\n" else 1)
            with suppress(zlib.error):
                yield f"stream {start}", zlib.decompressobj().decompress(data[body:])
            start = data.find(b"stream", body)


def main() -> None:
    """Searches the folders given; exit code 1 when a canary was found."""
    found = search_folders([Path(name) for name in sys.argv[1:]])
    for hit in found:
        print(f"{hit.where}: {hit.what} ({hit.writing}) at {hit.at}")
    print(f"{len(found)} hits")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
