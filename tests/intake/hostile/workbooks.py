"""Hostile workbooks: each maker writes one file; a sound workbook written by hand is the common ground."""

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], object]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
HEADER = ("行政相对人名称", "统一社会信用代码", "许可决定日期")
HEADER_ROW = (
    "<row r='1'>"
    + "".join(
        f"<c r='{column}1' t='inlineStr'><is><t>{text}</t></is></c>" for column, text in zip("ABC", HEADER, strict=True)
    )
    + "</row>"
)
GOOD_ROW = "<row r='2'><c r='A2' t='inlineStr'><is><t>甲公司</t></is></c><c r='B2' t='s'><v>0</v></c></row>"


def parts(rows: str = HEADER_ROW + GOOD_ROW, *, before: str = "", after: str = "") -> dict[str, str | bytes]:
    """The parts of a small sound workbook with these rows."""
    return {
        "[Content_Types].xml": f"{DECLARATION}<Types xmlns='{_PACKAGE}/content-types'>"
        "<Default Extension='xml' ContentType='application/xml'/></Types>",
        "_rels/.rels": f"{DECLARATION}<Relationships xmlns='{_PACKAGE}/relationships'>"
        f"<Relationship Id='r1' Type='{_OFFICE}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"{DECLARATION}<workbook xmlns='{MAIN}' xmlns:r='{_OFFICE}'>"
        "<sheets><sheet name='许可' sheetId='1' r:id='r1'/></sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"{DECLARATION}<Relationships xmlns='{_PACKAGE}/relationships'>"
        f"<Relationship Id='r1' Type='{_OFFICE}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>",
        "xl/sharedStrings.xml": f"{DECLARATION}<sst xmlns='{MAIN}'><si><t>91X</t></si></sst>",
        "xl/worksheets/sheet1.xml": f"{DECLARATION}<worksheet xmlns='{MAIN}'>{before}<sheetData>{rows}</sheetData>"
        f"{after}</worksheet>",
    }


def pack(path: Path, files: dict[str, str | bytes]) -> None:
    """Writes the parts as a container."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, content in files.items():
            out.writestr(name, content)


def changed(**contents: str | bytes) -> Maker:
    """The sound workbook with parts replaced; named by what they hold."""
    names = {
        "sheet": "xl/worksheets/sheet1.xml",
        "texts": "xl/sharedStrings.xml",
        "book": "xl/workbook.xml",
        "rels": "xl/_rels/workbook.xml.rels",
        "styles": "xl/styles.xml",
    }
    return lambda path: pack(path, parts() | {names[key]: content for key, content in contents.items()})


def with_rows(rows: str, *, before: str = "", after: str = "") -> Maker:
    """The sound workbook with other rows."""
    return lambda path: pack(path, parts(rows, before=before, after=after))


def with_part(name: str, content: str | bytes = b"x") -> Maker:
    """The sound workbook with one part more."""
    return lambda path: pack(path, parts() | {name: content})


def sheet(rows: str, head: str = "") -> str:
    return f"{DECLARATION}{head}<worksheet xmlns='{MAIN}'><sheetData>{rows}</sheetData></worksheet>"


def bomb(path: Path) -> None:
    """A few hundred kilobytes that inflate to 300 MB of XML."""
    row = "<row>" + "<c t='n'><v>1</v></c>" * 100 + "</row>"
    piece = (row * 400).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, content in parts().items():
            if not name.endswith("sheet1.xml"):
                out.writestr(name, content)
        with out.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(f"{DECLARATION}<worksheet xmlns='{MAIN}'><sheetData>{HEADER_ROW}".encode())
            for _ in range(300_000_000 // len(piece)):
                part.write(piece)
            part.write(b"</sheetData></worksheet>")


def lying_size(path: Path) -> None:
    """The directory declares 100 bytes for a part of 20 MB."""
    pack(path, parts() | {"xl/media/x.xml": b"<a>" + b" " * 20_000_000 + b"</a>"})
    content = path.read_bytes()
    path.write_bytes(content.replace((20_000_007).to_bytes(4, "little"), (100).to_bytes(4, "little")))


def truncated(share: float) -> Maker:
    """The first part of a sound file, as after a broken upload."""

    def make(path: Path) -> None:
        pack(path, parts())
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return make


def flipped(seed: int) -> Maker:
    """A sound file with a few bytes changed."""

    def make(path: Path) -> None:
        pack(path, parts())
        content = bytearray(path.read_bytes())
        chance = random.Random(seed)
        for _ in range(8):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(b"PK\x03\x04" + bytes(content[4:]))

    return make


def encrypted_ole(path: Path) -> None:
    """The outline of a workbook saved with a password: a compound file with an EncryptedPackage."""
    name = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + bytes(512) + name + bytes(4096))


def encrypted_entry(path: Path) -> None:
    """A container whose entries ask for a password."""
    pack(path, parts())
    content = bytearray(path.read_bytes())
    place = 0
    while (place := content.find(b"PK\x01\x02", place)) >= 0:
        content[place + 8] |= 1
        place += 4
    path.write_bytes(bytes(content))


def doubled_part(path: Path) -> None:
    """Two parts of one name: two readers would see two workbooks."""
    with zipfile.ZipFile(path, "w") as out:
        for name, content in parts().items():
            out.writestr(name, content)
        info = zipfile.ZipInfo("XL/worksheets/sheet1.xml")
        out.writestr(info, sheet(HEADER_ROW))


def many_parts(path: Path) -> None:
    pack(path, parts() | {f"xl/media/{number}.png": b"" for number in range(2_000)})


def nested_archives(path: Path) -> None:
    """An archive of archives instead of a workbook."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("0.txt", bytes(1_000_000))
    pack(path, {f"{number}.zip": inner.getvalue() for number in range(20)})


def many_merged(path: Path) -> None:
    merged = "".join(f"<mergeCell ref='D{n}:E{n}'/>" for n in range(1, 300_001))
    with_rows(HEADER_ROW + GOOD_ROW, after=f"<mergeCells>{merged}</mergeCells>")(path)


def giant_cell(path: Path) -> None:
    with_rows(HEADER_ROW + f"<row r='2'>{cell('A2', '长' * 1_500_000)}</row>")(path)


def endless_row(path: Path) -> None:
    with_rows(HEADER_ROW + "<row r='2'>" + "".join(cell(f"A{n}", f"{n * 7919}") for n in range(250_000)) + "</row>")(
        path
    )


ENTITIES = (
    "<!DOCTYPE worksheet [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
    "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
)
QUADRATIC = "<!DOCTYPE sst [<!ENTITY a '" + "a" * 50_000 + "'>]>"
EXTERNAL = "<!DOCTYPE sst [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"


def cell(reference: str, text: str) -> str:
    return f"<c r='{reference}' t='inlineStr'><is><t>{text}</t></is></c>"


#: name → maker; refused
REFUSED: dict[str, Maker] = {
    "entities in the sheet": changed(sheet=sheet(HEADER_ROW + f"<row r='2'>{cell('A2', '&c;')}</row>", ENTITIES)),
    "quadratic entities in the shared texts": changed(
        texts=f"{DECLARATION}{QUADRATIC}<sst xmlns='{MAIN}'><si><t>" + "&a;" * 20_000 + "</t></si></sst>"
    ),
    "external entity": changed(texts=f"{DECLARATION}{EXTERNAL}<sst xmlns='{MAIN}'><si><t>&a;</t></si></sst>"),
    "document type in the workbook part": changed(book=parts()["xl/workbook.xml"][:56] + "<!DOCTYPE x>"),  # type: ignore[operator]
    "document type beyond the first piece": changed(sheet=sheet(HEADER_ROW) + " " * 1_048_570 + "<!DOCTYPE x>"),
    "sheet in UTF-16": changed(sheet=sheet(HEADER_ROW + GOOD_ROW).replace("UTF-8", "UTF-16").encode("utf-16")),
    "sheet in UTF-7": changed(sheet=sheet(HEADER_ROW + GOOD_ROW).replace("UTF-8", "UTF-7")),
    "macros": with_part("xl/vbaProject.bin"),
    "external links": with_part("xl/externalLinks/externalLink1.xml", "<externalLink/>"),
    "ActiveX": with_part("xl/activeX/activeX1.xml", "<a/>"),
    "embedded program": with_part("xl/embeddings/oleObject1.bin"),
    "macro sheet": with_part("xl/macrosheets/sheet1.xml", "<a/>"),
    "path upwards": with_part("xl/../../../etc/cron.d/x"),
    "absolute path": with_part("/etc/passwd"),
    "path upwards with backslashes": with_part("..\\..\\x.xml"),
    "doubled part": doubled_part,
    "many parts": many_parts,
    "bomb of 300 MB": bomb,
    "lying size": lying_size,
    "encrypted compound file": encrypted_ole,
    "encrypted entries": encrypted_entry,
    "archive of archives": nested_archives,
    "word document": lambda path: pack(path, {"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}),
    "open document": lambda path: pack(path, {"mimetype": "application/vnd.oasis", "content.xml": "<office/>"}),
    "binary workbook": lambda path: pack(path, {"[Content_Types].xml": "<T/>", "xl/workbook.bin": b"1"}),
    "empty archive": lambda path: pack(path, {}),
    "no workbook part": lambda path: pack(
        path, {key: value for key, value in parts().items() if key != "xl/workbook.xml"}
    ),
    "no sheet part": lambda path: pack(
        path, {key: value for key, value in parts().items() if not key.endswith("sheet1.xml")}
    ),
    "no sheets listed": changed(book=f"{DECLARATION}<workbook xmlns='{MAIN}'><sheets/></workbook>"),
    "workbook part no XML": changed(book="not xml"),
    "relations no XML": changed(rels="<<<<"),
    "styles no XML": changed(styles="<styleSheet><unclosed>"),
    "shared texts cut": changed(texts=f"{DECLARATION}<sst xmlns='{MAIN}'><si><t>91X</t></si>"),
    "sheet cut": changed(sheet=sheet(HEADER_ROW + GOOD_ROW)[:-40]),
    "sheet no XML": changed(sheet=b"\x00\x01\x02\x03" * 100),
    "shared text out of range": with_rows(HEADER_ROW + "<row r='2'><c r='A2' t='s'><v>99</v></c></row>"),
    "shared text below zero": with_rows(HEADER_ROW + "<row r='2'><c r='A2' t='s'><v>-1</v></c></row>"),
    "shared text no number": with_rows(HEADER_ROW + "<row r='2'><c r='A2' t='s'><v>x</v></c></row>"),
    "row beyond the last": with_rows(HEADER_ROW + "<row r='99999999'><c t='n'><v>1</v></c></row>"),
    "row numbers backwards": with_rows(HEADER_ROW.replace("'1'", "'5'") + GOOD_ROW),
    "row number no number": with_rows(HEADER_ROW + "<row r='x'><c t='n'><v>1</v></c></row>"),
    "column beyond the last": with_rows(HEADER_ROW + f"<row r='2'>{cell('ZZZZ2', 'x')}</row>"),
    "column of strange letters": with_rows(HEADER_ROW + f"<row r='2'>{cell('中2', 'x')}</row>"),
    "style no number": with_rows(HEADER_ROW + "<row r='2'><c r='A2' s='x'><v>1</v></c></row>"),
    "16,384 named columns": with_rows(
        HEADER_ROW[:-6] + "".join(f"<c t='inlineStr'><is><t>列{n}</t></is></c>" for n in range(16_000)) + "</row>"
    ),
    "giant cell": giant_cell,
    "endless row": endless_row,
    "zero character by escape": with_rows(HEADER_ROW + f"<row r='2'>{cell('A2', 'a_x0000_b')}</row>"),
    "rubbish after the rows": with_rows(HEADER_ROW + GOOD_ROW, after="<oops>" * 5),
    "header and nothing else": with_rows(HEADER_ROW),
    "no header": with_rows(GOOD_ROW),
    "header in the 60th row": with_rows(
        "".join(f"<row r='{n}'>{cell(f'A{n}', '说明')}</row>" for n in range(1, 60)) + HEADER_ROW.replace("1'", "60'")
    ),
    **{f"truncated at {share:.0%}": truncated(share) for share in (0.1, 0.5, 0.9, 0.99)},
}

#: name → maker; read, with the name in the first row
READ: dict[str, Maker] = {
    "sound": with_rows(HEADER_ROW + GOOD_ROW),
    "dimension A1:A1": with_rows(HEADER_ROW + GOOD_ROW, before="<dimension ref='A1:A1'/>"),
    "dimension to the end of the world": with_rows(HEADER_ROW + GOOD_ROW, before="<dimension ref='A1:XFD1048576'/>"),
    "300,000 merged cells": many_merged,
    "style out of range": with_rows(HEADER_ROW + GOOD_ROW.replace("t='s'", "t='n' s='999'")),
    "last row far away": with_rows(HEADER_ROW + GOOD_ROW + "<row r='1048576'><c t='n'><v>1</v></c></row>"),
    "deeply nested markup": with_rows(HEADER_ROW + GOOD_ROW, before="<a>" * 2_000 + "</a>" * 2_000),
    "bytes before the archive's end": with_part("docProps/app.xml", "<a/>"),
}
