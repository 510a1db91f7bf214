"""Sound files of every format with something changed: bytes, runs, ends, and within containers the parts themselves."""

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache

from tests.intake.hostile import others, texts, workbooks

_TOKENS = (
    b"<", b">", b"&", b'"', b"'", b"=", b",", b"\n", b"\r", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf", b"]]>", b"<!DOCTYPE x>",
    b"</row>", b"<row r='1'>", b"<c t='s'>", b"<v>", b"</v>", b"-1", b"99999999999999999999", b"1e308", b"NaN", b"{", b"}", b"[", b"]",
    b"\\u0000", b"\\ud800", b"PK\x01\x02", b"PK\x05\x06", b"PAR1", b"\x81\x30\x81\x30", "甲".encode(), "甲".encode("gbk"), b"%s%n", b"=1+1",
)  # fmt: skip


@cache
def seeds() -> dict[str, bytes]:
    """Format → a small sound file."""
    header, row = texts.HEADER, "甲公司,91X,2026-01-05\n"
    objects = [dict(zip(others.NAMES, others.ROW, strict=True))] * 8
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in workbooks.parts().items():
            out.writestr(name, content)
    return {
        "xlsx": book.getvalue(),
        "csv": (header + row * 20 + '"甲,乙","a""b",2026\n').encode(),
        "gb18030": (header + row * 20).encode("gb18030"),
        "utf-16": (header + row * 20).encode("utf-16"),
        "json": json.dumps(objects, ensure_ascii=False).encode(),
        "jsonl": "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects).encode(),
        "xls": others.made(others.old_workbook(8)),
        "parquet": others.made(others.sound),
    }


#: how often each format is drawn; workbooks most, because they are what departments send
_DRAWN = (
    "xlsx",
    "xlsx",
    "xlsx parts",
    "xlsx parts",
    "xlsx parts",
    "csv",
    "csv",
    "gb18030",
    "utf-16",
    "json",
    "jsonl",
    "xls",
    "parquet",
    "parquet",
)


def files(count: int, *, seed: int = 20) -> Iterator[tuple[str, bytes]]:
    """So many mutated files, each with its format; the same each time."""
    chance = random.Random(seed)
    for number in range(count):
        kind = _DRAWN[number % len(_DRAWN)]
        if kind == "xlsx parts":
            yield "xlsx", _with_parts(chance)
        else:
            yield kind, mutated(seeds()[kind], chance)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with one to four changes."""
    for _ in range(chance.randrange(1, 5)):
        content = chance.choice(_CHANGES)(content, chance)
    return content


def _with_parts(chance: random.Random) -> bytes:
    """A workbook whose container is sound and whose parts are not: what is behind the checksums."""
    parts = {
        name: content.encode() if isinstance(content, str) else content for name, content in workbooks.parts().items()
    }
    for _ in range(chance.randrange(1, 3)):
        name = chance.choice([*parts, "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
        if name in parts:
            parts[name] = mutated(parts[name], chance)
    if chance.random() < 0.1:
        del parts[chance.choice([*parts])]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _flip(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content or b"x")
    for _ in range(chance.randrange(1, 9)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut_out(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + content[start + chance.randrange(1, 40) :]


def _cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _insert(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(_TOKENS) * chance.choice((1, 1, 1, 2, 50)) + content[at:]


def _double(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    end = start + chance.randrange(1, 200)
    return content[:end] + content[start:end] * chance.choice((1, 3, 60)) + content[end:]


def _swap(content: bytes, chance: random.Random) -> bytes:
    one, other = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    size = chance.randrange(1, 30)
    return content[:one] + content[other : other + size] + content[one + size :]


def _number(content: bytes, chance: random.Random) -> bytes:
    """Four bytes become a number at the edge of what they can say."""
    at = chance.randrange(len(content) + 1)
    edge = chance.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000))
    return content[:at] + edge.to_bytes(4, chance.choice(("little", "big"))) + content[at + 4 :]


_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip,
    _flip,
    _cut_out,
    _cut_off,
    _insert,
    _insert,
    _double,
    _swap,
    _number,
)
