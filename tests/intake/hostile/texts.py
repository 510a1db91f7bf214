"""Hostile text files, and files that are none."""

from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], object]
HEADER = "行政相对人名称,统一社会信用代码,许可决定日期\n"


def raw(content: bytes | str) -> Maker:
    """A file with this content."""
    encoded = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(encoded)


def large(content: Callable[[], bytes | str]) -> Maker:
    """A file whose content is made when the file is."""
    return lambda path: raw(content())(path)


def wide(count: int) -> Maker:
    """One header row of very many columns."""
    return lambda path: path.write_text(HEADER.strip() + "," + ",".join(f"c{n}" for n in range(count)) + "\n甲\n")


REFUSED: dict[str, Maker] = {
    "empty": raw(b""),
    "blanks only": raw(b" \r\n\t \n"),
    "byte order mark only": raw(b"\xef\xbb\xbf"),
    "a million columns": wide(1_000_000),
    "two thousand columns": wide(2_000),
    "giant cell": large(lambda: HEADER + '"' + "长" * 3_000_000 + '",1,2\n'),
    "giant cell in the header": large(lambda: "标题" * 2_000_000 + "\n" + HEADER),
    "giant line without line ends": large(lambda: b"a" * 3_000_000),
    "open quotation mark at the start": raw('"' + HEADER + "甲,1,2\n" * 1000),
    "open quotation mark far above the end": large(lambda: HEADER + '甲,1,"2\n' + "甲,1,2\n" * 300_000),
    "open quotation mark in the last row": raw(HEADER + '甲,1,"2\n'),
    "zero bytes": raw(HEADER.encode() + b"\x00" * 1000),
    "one zero byte far below": large(lambda: HEADER.encode() + b"a,b,c\n" * 1_000_000 + b"a,\x00,c\n"),
    "no encoding": raw(HEADER.encode() + b"\xff\xfe\xff,1,2\n"),
    "UTF-8 mark, GBK text": raw(b"\xef\xbb\xbf" + HEADER.encode("gb18030")),
    "UTF-8 cut within a character": raw((HEADER + "甲,1,乙").encode()[:-1]),
    "UTF-16 cut within a character": raw((HEADER + "甲,1,乙").encode("utf-16")[:-1]),
    "lone surrogate in UTF-16": raw(HEADER.encode("utf-16") + b"\x00\xd8,\x00\n\x00"),
    "two encodings": raw(HEADER.encode() + "乙,1,2\n".encode("gb18030") + b"\xff\xff\n"),
    "header only": raw(HEADER),
    "full-width commas": raw("行政相对人名称，统一社会信用代码，许可决定日期\n甲，1，2\n"),
    "PDF": raw(b"%PDF-1.7\n" + bytes(100)),
    "picture": raw(b"\x89PNG\r\n\x1a\n" + bytes(100)),
    "program": raw(b"\x7fELF" + bytes(100)),
    "gzip": raw(b"\x1f\x8b\x08" + bytes(100)),
    "web page": raw("<html><table><tr><td>行政相对人名称</td></tr></table></html>"),
    "XML spreadsheet": raw("<?xml version='1.0'?><Workbook/>"),
    "random bytes": large(lambda: bytes((n * 7919 + n // 251) % 256 for n in range(100_000))),
    "compound file, no workbook": large(lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(10_000)),
    "compound file with macros": raw(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "_VBA_PROJECT_CUR".encode("utf-16-le") + bytes(1000)
    ),
    "compound file, broken workbook": raw(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "Workbook".encode("utf-16-le") + bytes(1000)
    ),
    "Parquet, cut": raw(b"PAR1" + bytes(1000)),
    "Parquet, footer lies": raw(b"PAR1" + bytes(1000) + b"\xff\xff\xff\x7fPAR1"),
    "JSON of brackets": large(lambda: "[" * 200_000),
    "JSON of objects": large(lambda: '{"a":' * 200_000),
    "JSON with a giant number": large(lambda: '[{"行政相对人名称": ' + "9" * 5_000_000 + "}"),
    "JSON cut": raw('[{"行政相对人名称": "甲"}, {"行政相'),
    "JSON Lines with a giant line": large(lambda: '{"行政相对人名称": "' + "甲" * 2_000_000 + '"}\n'),
    "JSON key twice": raw('[{"行政相对人名称": "甲", "行政相对人名称": "乙"}]'),
}

READ: dict[str, Maker] = {
    "carriage returns only": raw(HEADER.replace("\n", "\r") + "甲公司,1,2\r乙,1,2\r"),
    "mixed line ends": raw(HEADER + "甲公司,1,2\r\n乙,1,2\r丙,1,2"),
    "formulas as text": raw(HEADER + "甲公司,=HYPERLINK(1),@SUM(A1)\n"),
    "stray quotation marks": raw(HEADER + '甲公司,5"管,"6"7"\n'),
    "rows of every width": raw(HEADER + "甲公司,1,2\n" + "".join("x," * n + "\n" for n in range(60))),
    "half a million blank rows": large(lambda: HEADER + "甲公司,1,2\n" + ",,\n" * 500_000),
    "control characters": raw(HEADER + "甲公司,\x01\x02\x1f,2\n"),
    "right-to-left marks and joiners": raw(
        "\u200b行政相对人名称\u200f,统一社会信用代码,许可决定日期\n甲公司,\u202e1,2\n"
    ),
    "number of a thousand digits": raw('[{"行政相对人名称": "甲公司", "统一社会信用代码": ' + "9" * 1000 + "}]"),
}
