"""Hostile files of the other formats: Parquet, JSON, XLS, and text tables that try to pass for something else."""

import json
import random
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt

from tests.intake.hostile.texts import HEADER, Maker, large, raw

NAMES = HEADER.strip().split(",")
ROW = ("甲公司", "91X", "2026-01-05")


def parquet(columns: dict[str, Any] | pa.Table, **options: Any) -> Maker:
    """A Parquet file of these columns."""

    def make(path: Path) -> None:
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)

    return make


def sound(path: Path) -> None:
    """A small sound Parquet file."""
    parquet({name: [cell] * 50 for name, cell in zip(NAMES, ROW, strict=True)})(path)


def changed(seed: int, make: Callable[[Path], object] = sound) -> Maker:
    """A file with a few bytes changed."""

    def write(path: Path) -> None:
        make(path)
        content = bytearray(path.read_bytes())
        chance = random.Random(seed)
        for _ in range(6):
            content[chance.randrange(4, len(content))] = chance.randrange(256)
        path.write_bytes(bytes(content))

    return write


def cut(share: float, make: Callable[[Path], object]) -> Maker:
    """The first part of a file."""

    def write(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return write


def _footer(change: Callable[[bytes], bytes]) -> Maker:
    def write(path: Path) -> None:
        sound(path)
        content = path.read_bytes()
        size = struct.unpack("<I", content[-8:-4])[0]
        body, footer = content[: -8 - size], content[-8 - size : -8]
        path.write_bytes(body + change(footer) + content[-8:])

    return write


def _text_column(values: list[bytes]) -> pa.Array:
    """Bytes that call themselves UTF-8."""
    offsets = np.cumsum([0, *map(len, values)]).astype(np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    )


def many_times(value: str, rows: int) -> Maker:
    """One text said millions of times in a few kilobytes."""

    def make(path: Path) -> None:
        column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value]))
        schema = pa.table(dict.fromkeys(NAMES, column))
        pq.write_table(schema, path, compression="zstd", row_group_size=rows)

    return make


def old_workbook(
    rows: int = 1, *, sheets: int = 1, far: tuple[int, int] | None = None, cell: str = "甲公司", formula: str = ""
) -> Maker:
    """An XLS file."""

    def make(path: Path) -> None:
        book = xlwt.Workbook(encoding="utf-8")
        for number in range(sheets):
            sheet = book.add_sheet(f"表{number}")
            for column, name in enumerate(NAMES):
                sheet.write(0, column, name)
            for row in range(1, rows + 1):
                sheet.write(row, 0, cell)
            if far:
                sheet.write(*far, "远")
            if formula:
                sheet.write(1, 1, xlwt.Formula(formula))
        book.save(str(path))

    return make


def _with(find: bytes, replacement: bytes, make: Callable[[Path], object]) -> Maker:
    def write(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        assert find in content
        path.write_bytes(content.replace(find, replacement))

    return write


def _objects(text: str) -> Maker:
    return raw(text)


_GOOD = '{"行政相对人名称": "甲公司", "统一社会信用代码": "91X"}'
_PAIR = '"统一社会信用代码": "1"'
_BIG_ENDIAN = HEADER.encode("utf-16-be")

REFUSED: dict[str, Maker] = {
    # Parquet
    **{f"Parquet cut at {share:.0%}": cut(share, sound) for share in (0.05, 0.3, 0.6, 0.9, 0.99)},
    "Parquet of no text": parquet({NAMES[0]: _text_column([b"\xff\xfe\xfd", b"ok"]), NAMES[1]: ["1", "2"]}),
    "Parquet of lone surrogates": parquet({NAMES[0]: _text_column([b"\xed\xa0\x80"]), NAMES[1]: ["1"]}),
    "Parquet of bytes": parquet({NAMES[0]: [b"\xff\xfe"], NAMES[1]: [b"\x00"]}),
    "Parquet with a zero character": parquet({NAMES[0]: ["甲\0公司"], NAMES[1]: ["1"]}),
    "Parquet of lists": parquet({NAMES[0]: [["甲"]], NAMES[1]: ["1"]}),
    "Parquet of structures": parquet({NAMES[0]: [{"a": "甲"}], NAMES[1]: ["1"]}),
    "Parquet of maps": parquet({NAMES[0]: pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())), NAMES[1]: ["1"]}),
    "Parquet without rows": parquet({name: pa.array([], pa.string()) for name in NAMES}),
    "Parquet without columns": parquet(pa.table({})),
    "Parquet of 2,000 columns": parquet({**{name: ["1"] for name in NAMES}, **{f"c{n}": [1] for n in range(2_000)}}),
    "Parquet with a name of 100,000 characters": parquet({**{name: ["1"] for name in NAMES}, "长" * 100_000: [1]}),
    "Parquet of other columns": parquet({"a": ["1"], "b": ["2"]}),
    "Parquet footer of zeros": _footer(lambda footer: bytes(len(footer))),
    "Parquet footer of ones": _footer(lambda footer: b"\xff" * len(footer)),
    "Parquet footer reversed": _footer(lambda footer: footer[::-1]),
    "Parquet footer of nested structures": _footer(lambda footer: b"\x1c" * len(footer)),
    "Parquet with an encrypted footer": _with(b"PAR1", b"PARE", sound),
    "Parquet, twice the magic": raw(b"PAR1PAR1"),
    "Parquet, footer larger than the file": raw(b"PAR1" + b"\x15\x00" * 40 + struct.pack("<I", 1 << 30) + b"PAR1"),
    "Parquet that says one text 60 million times": many_times("云溪市示例", 60_000_000),
    "Parquet that says a long text a million times": many_times("长" * 100_000, 1_000_000),
    # JSON
    "JSON with NaN": _objects('[{"行政相对人名称": NaN, ' + _PAIR + "}]"),
    "JSON with Infinity": _objects('[{"行政相对人名称": -Infinity, ' + _PAIR + "}]"),
    "JSON with a zero character": _objects('[{"行政相对人名称": "甲\\u0000", ' + _PAIR + "}]"),
    "JSON with a zero character in a key": _objects('[{"行政相对人名称\\u0000": "甲", ' + _PAIR + "}]"),
    "JSON with a lone surrogate": _objects('[{"行政相对人名称": "甲\\ud83d", ' + _PAIR + "}]"),
    "JSON with surrogates the wrong way round": _objects('[{"行政相对人名称": "\\ude00\\ud83d", ' + _PAIR + "}]"),
    "JSON with an escaped key twice": _objects('[{"行政相对人名称": "甲", "\\u884c政相对人名称": "乙", ' + _PAIR + "}]"),
    "JSON nested 40 deep": _objects('[{"行政相对人名称": ' + "[" * 40 + "]" * 40 + ", " + _PAIR + "}]"),
    "JSON Lines nested 40 deep": _objects('{"行政相对人名称": ' + "[" * 40 + "]" * 40 + ", " + _PAIR + "}\n" + _GOOD + "\n"),
    "JSON with a comma too many": _objects("[" + _GOOD + ",]"),
    "JSON with comments": _objects("[/* 注 */" + _GOOD + "]"),
    "JSON in single quotation marks": _objects("[{'行政相对人名称': '甲'}]"),
    "JSON, two arrays": _objects("[" + _GOOD + "][" + _GOOD + "]"),
    "JSON, rubbish after the array": _objects("[" + _GOOD + "] x"),
    "JSON with a raw line end in a text": _objects('[{"行政相对人名称": "甲\n公司", ' + _PAIR + "}]"),
    "JSON with a bad escape": _objects('[{"行政相对人名称": "\\x41", ' + _PAIR + "}]"),
    "JSON with a short escape": _objects('[{"行政相对人名称": "\\u12", ' + _PAIR + "}]"),
    "JSON of numbers": _objects("[1, 2, 3]"),
    "JSON of texts": _objects('["甲", "乙"]'),
    "JSON of arrays": _objects('[["甲", "1"]]'),
    "JSON, an object among numbers": _objects("[" + _GOOD + ", 5]"),
    "JSON, empty array": _objects("[]"),
    "JSON, empty object": _objects("{}"),
    "JSON, array of empty objects": _objects("[{}, {}, {}]"),
    "JSON, nothing but an opening bracket": _objects("["),
    "JSON, nothing but a brace": _objects("{"),
    "JSON with a key of 100,000 characters": _objects('[{"' + "长" * 100_000 + '": 1, ' + _PAIR + ', "行政相对人名称": 1}]'),
    "JSON of 5,000 keys": large(lambda: json.dumps([{**dict.fromkeys(NAMES, "1"), **{f"k{n}": 1 for n in range(5_000)}}])),
    "JSON of a million empty arrays": large(lambda: "[" + "[]," * 1_000_000 + "[]]"),
    "JSON of a million empty objects": large(lambda: "[" + "{}," * 1_000_000 + "{}]"),
    "JSON that opens a million texts": large(lambda: '["' + '","' * 1_000_000),
    "JSON of a million backslashes": large(lambda: '["' + "\\" * 1_000_001 + '"]'),
    "JSON Lines, second line no object": _objects(_GOOD + "\n[1]\n"),
    "JSON Lines, second line cut": _objects(_GOOD + "\n" + _GOOD[:-5] + "\n"),
    "JSON Lines, second line of brackets": large(lambda: _GOOD + "\n" + "[" * 900_000 + "\n"),
    "JSON Lines with a key twice": _objects(_GOOD + '\n{"行政相对人名称": "甲", "行政相对人名称": "乙"}\n'),
    "JSON in Latin-1 rubbish": raw(b'[{"\xe9\xff\xfe": 1}]'),
    # XLS
    **{f"XLS cut at {share:.0%}": cut(share, old_workbook()) for share in (0.05, 0.3, 0.6)},
    "XLS of macros": _with(b"W\0o\0r\0k\0b\0o\0o\0k\0", b"_\0V\0B\0A\0_\0P\0R\0O\0", old_workbook()),
    "XLS encrypted": _with(b"W\0o\0r\0k\0b\0o\0o\0k\0", "EncryptedPackage".encode("utf-16-le")[:16], old_workbook()),
    "XLS, no stream called workbook": _with(b"W\0o\0r\0k\0b\0o\0o\0k\0", b"W\0o\0r\0d\0D\0o\0c\0u\0", old_workbook()),
    "XLS of 250 sheets": old_workbook(sheets=250),
    "XLS, header and nothing else": old_workbook(rows=0),
    "XLS, sector table of ones": lambda path: (old_workbook()(path), _overwrite(path, 76, b"\xff" * 436)),
    "XLS, sector table that points to itself": lambda path: (old_workbook()(path), _overwrite(path, 76, bytes(436))),
    "XLS, directory far away": lambda path: (old_workbook()(path), _overwrite(path, 48, b"\xf0\xff\xff\x7f")),
    "XLS, sectors of 2⁶⁵ bytes": lambda path: (old_workbook()(path), _overwrite(path, 30, b"\x41\x00")),
    # text that is not what it says
    "CSV of 1,000 columns and a million short rows": large(
        lambda: HEADER.strip() + "," + ",".join(f"c{n}" for n in range(900)) + "\n" + "x,1\n" * 300_000
    ),
    "CSV, header repeated as a bomb of quotation marks": large(lambda: HEADER + '"' * 1_500_001 + "\n"),
    "CSV of quotation marks only": large(lambda: '"' * 300_001),
    "CSV of commas only": large(lambda: "," * 500_000),
    "CSV of line ends only": large(lambda: "\n" * 500_000),
    "UTF-16 mark and an odd byte": raw(b"\xff\xfe" + HEADER.encode("utf-16-le") + b"\x01"),
    "UTF-16 big end, cut": raw(b"\xfe\xff" + _BIG_ENDIAN + b"\x4e"),
    "UTF-32": raw((HEADER + "甲,1,2\n").encode("utf-32")),
    "UTF-7": raw((HEADER + "甲,1,2\n").encode("utf-7")),
    "overlong UTF-8": raw(HEADER.encode() + b"\xc0\xaf,1,2\n" + b"\xff\xff\n"),
    "surrogates in UTF-8": raw(HEADER.encode() + b"\xed\xa0\x80,\xff\xff,2\n"),
    "beyond Unicode in UTF-8": raw(HEADER.encode() + b"\xf5\x80\x80\x80,\xff\xff,2\n"),
    "GB18030, then a byte of nothing": raw(HEADER.encode("gb18030") + b"\x81\x30\x81,1,2\n"),
    "Big5": raw(HEADER.encode() + "繁體,1,2\n".encode("big5") + b"\xff\xff\n"),
    "HTML that calls itself a workbook": raw("<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table></table></html>"),
    "MHTML": raw("MIME-Version: 1.0\nContent-Type: multipart/related\n\n--a\n"),
    "SYLK": raw("ID;PWXL;N;E\nC;Y1;X1;K\"=cmd|'/C calc'!A0\"\nE\n"),
    "RTF": raw("{\\rtf1\\ansi 甲}"),
    "7-Zip": raw(b"7z\xbc\xaf\x27\x1c" + bytes(60)),
    "RAR": raw(b"Rar!\x1a\x07\x01\x00" + bytes(60)),
    "SQLite": raw(b"SQLite format 3\x00" + bytes(100)),
    "Windows program": raw(b"MZ\x90\x00" + bytes(100)),
    "JPEG": raw(b"\xff\xd8\xff\xe0" + bytes(100)),
    "GIF": raw(b"GIF89a" + bytes(100)),
    "bitmap": raw(b"BM" + bytes(100)),
    "XML with entities": raw("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    "shell script": raw("#!/bin/sh\nrm -rf /\n"),
    "a path of a device": raw("/dev/zero\n"),
}  # fmt: skip

READ: dict[str, Maker] = {
    "Parquet, sound": sound,
    "Parquet of every type": parquet(
        {
            NAMES[0]: ["甲公司"],
            NAMES[1]: [1],
            NAMES[2]: pa.array([1], pa.timestamp("ns", "Asia/Shanghai")),
            "d": [1.5],
            "n": [None],
            "b": [True],
        }
    ),
    "Parquet of numbers beyond bounds": parquet(
        {
            NAMES[0]: ["甲公司"],
            NAMES[1]: [float("inf")],
            NAMES[2]: [float("nan")],
            "u": pa.array([2**64 - 1], pa.uint64()),
        }
    ),
    "Parquet of the year 292,277": parquet(
        {NAMES[0]: ["甲公司"], NAMES[1]: ["1"], NAMES[2]: pa.array([2**31 - 1], pa.date32())}
    ),
    "Parquet of a thousand row groups": parquet(
        {name: [cell] * 1000 for name, cell in zip(NAMES, ROW, strict=True)}, row_group_size=1
    ),
    "Parquet, a text many times": many_times("甲公司", 200_000),
    "JSON, numbers beyond bounds": _objects(
        '[{"行政相对人名称": "甲公司", "统一社会信用代码": 1e999999, "许可决定日期": -0.0}]'
    ),
    "JSON, escapes for everything": raw(json.dumps([dict(zip(NAMES, ROW, strict=True))], ensure_ascii=True)),
    "JSON, pairs of surrogates": _objects('[{"行政相对人名称": "甲公司", "统一社会信用代码": "\\ud83d\\ude00"}]'),
    "JSON nested 20 deep": _objects('[{"行政相对人名称": "甲公司", "统一社会信用代码": ' + "[" * 20 + "]" * 20 + "}]"),
    "JSON Lines with blank lines": _objects("\n\n" + _GOOD + "\n\n\r\n" + _GOOD + "\n"),
    "JSON, keys of JavaScript": _objects(
        '[{"__proto__": 1, "constructor": 2, "行政相对人名称": "甲公司", ' + _PAIR + "}]"
    ),
    "XLS, sound": old_workbook(),
    "XLS, a cell far away": old_workbook(far=(5_000, 200)),
    "XLS, formulas": old_workbook(formula='HYPERLINK("http://example.invalid","x")'),
    "XLS, control characters": old_workbook(rows=1, cell="甲公司"),
    "GBK that is UTF-8 as well": raw(HEADER.encode() + "甲公司,浣犲ソ,2\n".encode()),
    "GB18030 of four bytes": raw((HEADER + "甲公司,𠮷野㐂,2\n").encode("gb18030")),
    "UTF-8 with a mark": raw(b"\xef\xbb\xbf" + (HEADER + "甲公司,1,2\n").encode()),
    "UTF-16 without a mark": raw(
        "\n".join(["XK_XDR_MC,XK_WSH,XK_JDRQ", "甲公司,1,2"] + ["a,b,c"] * 30).encode("utf-16-le")
    ),
    "private-use characters": raw(HEADER + "甲公司,\ue000\uf8ff,2\n"),
    "non-characters": raw(HEADER + "甲公司,\ufdd0\uffff,2\n"),
    "combining marks without end": raw(HEADER + "甲公司,a" + "\u0301" * 5_000 + ",2\n"),
    "every blank there is": raw(HEADER + "甲公司,\u00a0\u1680\u2003\u202f\u205f\u3000,2\n"),
    "line separators in cells": raw(HEADER + "甲公司,a\u2028b\u2029c\x85d,2\n"),
    "tabs instead of commas": raw(HEADER.replace(",", "\t") + "甲公司\t1\t2\n"),
    "file names as cells": raw(HEADER + "甲公司,../../etc/passwd,%00\n"),
    "markup as cells": raw(HEADER + "甲公司,<script>alert(1)</script>,{{7*7}}\n"),
    "SQL as cells": raw(HEADER + "甲公司,'; DROP TABLE records_record; --,\\copy\n"),
    "formats as cells": raw(HEADER + "甲公司,%s%n%x{0.__class__},$(id)\n"),
}


def _overwrite(path: Path, at: int, content: bytes) -> None:
    whole = bytearray(path.read_bytes())
    whole[at : at + len(content)] = content
    path.write_bytes(bytes(whole))


def made(make: Maker) -> bytes:
    """The content of the file a maker writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        make(path)
        return path.read_bytes()
