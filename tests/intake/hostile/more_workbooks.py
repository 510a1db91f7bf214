"""Further hostile workbooks: containers that two programs would read in two ways, sheets that cost more than they weigh."""

import io
import struct
import zipfile
from pathlib import Path

from tests.intake.hostile.workbooks import (
    DECLARATION,
    GOOD_ROW,
    HEADER,
    HEADER_ROW,
    MAIN,
    Maker,
    cell,
    changed,
    pack,
    parts,
    sheet,
    with_part,
    with_rows,
)


def symbolic_link(path: Path) -> None:
    """An entry that is a link to a file of ours."""
    pack(path, parts())
    with zipfile.ZipFile(path, "a") as out:
        info = zipfile.ZipInfo("xl/media/image1.png")
        info.external_attr = 0o120777 << 16
        out.writestr(info, "/etc/passwd")


def packed_by(method: int) -> Maker:
    """A container compressed in a way that no spreadsheet program uses."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as out:
            for name, content in parts().items():
                out.writestr(name, content)

    return make


def names_disagree(path: Path) -> None:
    """The directory names a part otherwise than the part itself does."""
    pack(path, parts())
    content = path.read_bytes()
    at = content.rfind(b"xl/worksheets/sheet1.xml")
    path.write_bytes(content[:at] + b"xl/worksheets/sheet2.xml" + content[at + 24 :])


def wrong_checksum(path: Path) -> None:
    """A part whose checksum is another one's."""
    pack(path, parts())
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 16 : at + 20] = b"\x00\x01\x02\x03"
    path.write_bytes(bytes(content))


def two_directories(path: Path) -> None:
    """Two archives one after the other: which of them is the workbook?"""
    first, second = io.BytesIO(), io.BytesIO()
    for out, files in ((first, {"a.txt": "x"}), (second, {"b.txt": "y"})):
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    path.write_bytes(first.getvalue() + second.getvalue())


def long_comment(path: Path) -> None:
    """A comment of 65 KB that holds a second end of directory."""
    pack(path, parts())
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, 10, 10, 0) + b"x" * 60_000


def sparse(path: Path) -> None:
    """900 headers, and 200,000 rows of one cell: a few kilobytes that ask for 180 million cells."""
    wide = "".join(f"<c t='inlineStr'><is><t>列{n}</t></is></c>" for n in range(900))
    with_rows(HEADER_ROW[:-6] + wide + "</row>" + "<row><c t='n'><v>1</v></c></row>" * 200_000)(path)


def stacked(rows: str) -> str:
    return HEADER_ROW + rows


def many_sheets(path: Path) -> None:
    """300 sheets, all the same part."""
    names = "".join(f"<sheet name='s{n}' sheetId='{n}' r:id='r1'/>" for n in range(1, 301))
    book = str(parts()["xl/workbook.xml"])
    start, end = book.index("<sheet "), book.index("</sheets>")
    changed(book=book[:start] + names + book[end:])(path)


def shared_bomb(path: Path) -> None:
    """Shared texts that alone exceed the memory: a hundred megabytes of short ones."""
    piece = "<si><t>a</t></si>" * 50_000
    pack(path, parts())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, content in parts().items():
            if not name.endswith("sharedStrings.xml"):
                out.writestr(name, content)
        with out.open("xl/sharedStrings.xml", "w") as part:
            part.write(f"{DECLARATION}<sst xmlns='{MAIN}'>".encode())
            for _ in range(120):
                part.write(piece.encode())
            part.write(b"</sst>")


_DOCTYPE = "<!DOCTYPE worksheet>"
_LONG = "9" * 10_000

REFUSED: dict[str, Maker] = {
    "symbolic link": symbolic_link,
    "packed with bzip2": packed_by(zipfile.ZIP_BZIP2),
    "packed with LZMA": packed_by(zipfile.ZIP_LZMA),
    "names that disagree": names_disagree,
    "wrong checksum": wrong_checksum,
    "two archives in one file": two_directories,
    "directory in the comment": long_comment,
    "macros under another name": with_part("xl/VBAPROJECT.BIN"),
    "macros in a folder of their own": with_part("custom/vbaProject.bin"),
    "data connections": with_part("xl/connections.xml", "<connections/>"),
    "query tables": with_part("xl/queryTables/queryTable1.xml", "<queryTable/>"),
    "a user interface of its own": with_part("customUI/customUI14.xml", "<customUI/>"),
    "dialog sheet": with_part("xl/dialogsheets/sheet1.xml", "<a/>"),
    "name with a zero character": with_part("xl/a\\..\\b.xml"),
    "name of 300 characters": with_part("xl/" + "a" * 300 + ".xml"),
    "path of a drive upwards": with_part("xl/worksheets/../../../x"),
    "document type without entities": changed(sheet=sheet(HEADER_ROW + GOOD_ROW, _DOCTYPE)),
    "document type in the relations": changed(rels=f"{DECLARATION}{_DOCTYPE}<Relationships/>"),
    "document type in the styles": changed(styles=f"{DECLARATION}{_DOCTYPE}<styleSheet/>"),
    "entity in a part nobody reads": with_part("docProps/core.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"),
    "document type in a drawing": with_part("xl/drawings/vmlDrawing1.vml", "<!DOCTYPE x><x/>"),
    "parameter entities": changed(
        texts=f"{DECLARATION}<!DOCTYPE sst [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]><sst xmlns='{MAIN}'/>"
    ),
    "encoding with blanks around the sign": changed(
        sheet=sheet(HEADER_ROW + GOOD_ROW).replace('encoding="UTF-8"', 'encoding = "cp037"')
    ),
    "encoding of one byte": changed(sheet=sheet(HEADER_ROW + GOOD_ROW).replace("UTF-8", "ISO-8859-1")),
    "sheet in GBK": changed(sheet=sheet(HEADER_ROW + GOOD_ROW).replace("UTF-8", "GBK").encode("gbk")),
    "sheet in UTF-8 that is none": changed(sheet=sheet(HEADER_ROW + GOOD_ROW).encode("gb18030")),
    "sheet with a zero byte": changed(sheet=sheet(HEADER_ROW + GOOD_ROW).encode() + b"\x00"),
    "sheet of another document": changed(sheet="<html><body>x</body></html>"),
    "sheet empty": changed(sheet=""),
    "sheet of blanks": changed(sheet=" " * 100_000),
    "shared texts of another document": changed(texts="<html/>"),
    "shared texts too many": shared_bomb,
    "undefined entity": changed(sheet=sheet(HEADER_ROW + f"<row r='2'>{cell('A2', '&nichts;')}</row>")),
    "character that XML forbids": changed(sheet=sheet(HEADER_ROW + f"<row r='2'>{cell('A2', '&#1;')}</row>")),
    "surrogate by reference": changed(sheet=sheet(HEADER_ROW + f"<row r='2'>{cell('A2', '&#xD800;')}</row>")),
    "surrogate by escape": with_rows(
        stacked(f"<row r='2'>{cell('A2', 'a_xD800_')}<c r='B2'><v>1</v></c></row><row r='3'>")
    ),
    "row number of 10,000 digits": with_rows(stacked(f"<row r='{_LONG}'><c><v>1</v></c></row>")),
    "row number below zero": with_rows(stacked("<row r='-2'><c><v>1</v></c></row>")),
    "row number twice": with_rows(stacked(GOOD_ROW + GOOD_ROW)),
    "shared text of 10,000 digits": with_rows(stacked(f"<row r='2'><c r='A2' t='s'><v>{_LONG}</v></c></row>")),
    "style of 10,000 digits": with_rows(stacked(f"<row r='2'><c r='A2' s='{_LONG}'><v>1</v></c></row>")),
    "column of 10,000 letters": with_rows(stacked(f"<row r='2'>{cell('A' * 10_000 + '2', 'x')}</row>")),
    "a sheet within a sheet": with_rows(stacked(f"<worksheet xmlns='{MAIN}'><sheetData>")),
    "sparse": sparse,
    "300 sheets": many_sheets,
    "relation to nothing": changed(rels=f"{DECLARATION}<Relationships/>"),
    "relation to another computer": changed(
        rels=str(parts()["xl/_rels/workbook.xml.rels"]).replace(
            "Target='worksheets/sheet1.xml'",
            "Target='http://127.0.0.1:9/xl/worksheets/sheet1.xml' TargetMode='External'",
        )
    ),
    "relation upwards": changed(
        rels=str(parts()["xl/_rels/workbook.xml.rels"]).replace(
            "worksheets/sheet1.xml", "../../../etc/worksheets/passwd"
        )
    ),
    "workbook part of another document": changed(book="<html/>"),
    "workbook of chart sheets": changed(
        rels=str(parts()["xl/_rels/workbook.xml.rels"]).replace("worksheets/sheet1.xml", "chartsheets/sheet1.xml")
    ),
    **{
        f"header of {len(name)} strange characters": with_rows(
            "<row r='1'>" + cell("A1", name) + cell("B1", HEADER[1]) + "</row>" + GOOD_ROW.replace("甲公司", "")
        )
        for name in ("长" * 3_000,)
    },
}

READ: dict[str, Maker] = {
    "hyperlinks to other computers": with_part(
        "xl/worksheets/_rels/sheet1.xml.rels",
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r9' "
        "Type='h' Target='http://example.invalid/' TargetMode='External'/></Relationships>",
    ),
    "formulas that fetch": with_rows(
        HEADER_ROW
        + GOOD_ROW.replace(
            "</row>", "<c r='C2' t='str'><f>WEBSERVICE(\"http://example.invalid\")</f><v>x</v></c></row>"
        )
    ),
    "DDE formula": with_rows(
        HEADER_ROW + GOOD_ROW.replace("</row>", "<c r='C2'><f>cmd|'/C calc'!A0</f><v>1</v></c></row>")
    ),
    "numbers beyond bounds": with_rows(
        HEADER_ROW + GOOD_ROW + "<row r='3'><c><v>1e999</v></c><c><v>nan</v></c><c><v>-1e-999</v></c></row>"
    ),
    "dates beyond bounds": changed(
        sheet=sheet(HEADER_ROW + GOOD_ROW + "<row r='3'><c s='0'><v>99999999999</v></c><c s='0'><v>-5</v></c></row>"),
        styles=f"{DECLARATION}<styleSheet xmlns='{MAIN}'><cellXfs><xf numFmtId='14'/></cellXfs></styleSheet>",
    ),
    "format code of 100,000 brackets": changed(
        styles=f"{DECLARATION}<styleSheet xmlns='{MAIN}'><numFmts><numFmt numFmtId='200' formatCode='{'[' * 100_000}'/></numFmts>"
        "<cellXfs><xf numFmtId='200'/></cellXfs></styleSheet>"
    ),
    "format code of quotation marks": changed(
        styles=f"{DECLARATION}<styleSheet xmlns='{MAIN}'><numFmts><numFmt numFmtId='200' formatCode='"
        + "&quot;" * 50_001
        + "'/></numFmts><cellXfs><xf numFmtId='200'/></cellXfs></styleSheet>"
    ),
    "markup of other names within rows": with_rows(HEADER_ROW + GOOD_ROW.replace("<c r='A2'", "<x/><c r='A2'", 1)),
    "phonetic guides": with_rows(
        HEADER_ROW + GOOD_ROW.replace("<t>甲公司</t>", "<t>甲公司</t><rPh sb='0' eb='1'><t>ジャ</t></rPh>")
    ),
    "blank rows, a hundred thousand": with_rows(HEADER_ROW + GOOD_ROW + "<row/>" * 100_000),
    "cells without a reference": with_rows(HEADER_ROW + GOOD_ROW.replace(" r='A2'", "").replace(" r='B2'", "")),
    "part of 30 MB nobody reads": with_part("xl/media/x.bin", b"\0" * 30_000_000),
    "processing instructions": with_rows(HEADER_ROW + GOOD_ROW, before="<?php system('id') ?>"),
    "marked sections": with_rows(HEADER_ROW + GOOD_ROW.replace("甲公司", "<![CDATA[甲公司]]>")),
}
