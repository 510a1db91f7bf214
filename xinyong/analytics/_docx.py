"""A plain DOCX: title, headings, paragraphs, tables whose head repeats on every page. Written with the standard library, so
that the same blocks and instant give the same bytes (docs/decisions/0022).

Basis: ISO/IEC 29500-1 (WordprocessingML), -2 (packages).
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape  # nosec B406  writes XML, reads none

from xinyong.analytics.layout import Block, Grid, Heading, Text

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    _HEAD + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    '<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>'
    '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_RELATIONS = (
    _HEAD + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    '<Relationship Id="r2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)
_OF_DOCUMENT = (
    _HEAD + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
    "</Relationships>"
)
#: Sizes in half points, space in twentieths of a point. 仿宋 and 黑体 are what official papers are set in.
_STYLES = "".join(
    [
        _HEAD, f"<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr>",
        '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="仿宋"/><w:sz w:val="24"/>',
        '<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>',
        '<w:spacing w:after="120" w:line="360" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>',
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>',
        '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:pPr><w:jc w:val="center"/></w:pPr>',
        '<w:rPr><w:rFonts w:eastAsia="黑体"/><w:sz w:val="40"/></w:rPr></w:style>',
        '<w:style w:type="paragraph" w:styleId="Subtitle"><w:name w:val="Subtitle"/><w:pPr><w:jc w:val="center"/></w:pPr></w:style>',
        '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:keepNext/><w:outlineLvl w:val="0"/></w:pPr>',
        '<w:rPr><w:rFonts w:eastAsia="黑体"/><w:sz w:val="30"/></w:rPr></w:style>',
        '<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:pPr><w:keepNext/><w:outlineLvl w:val="1"/></w:pPr>',
        '<w:rPr><w:rFonts w:eastAsia="黑体"/></w:rPr></w:style>',
        '<w:style w:type="paragraph" w:styleId="Small"><w:name w:val="Small"/><w:pPr><w:spacing w:after="60" w:line="280" w:lineRule="auto"/></w:pPr>',
        '<w:rPr><w:sz w:val="18"/></w:rPr></w:style></w:styles>',
    ]
)  # fmt: skip
_EDGES = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
#: Width of the text on A4 with 25 mm margins, in twentieths of a point.
_WIDTH = 9070


def document(*, title: str, subtitle: str, author: str, blocks: Sequence[Block], at: datetime) -> bytes:
    """The file. ``at`` is the instant it says it was made."""
    body = [_paragraph(title, "Title"), _paragraph(subtitle, "Subtitle"), *(_block(one) for one in blocks)]
    page = (
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" w:bottom="1418" w:left="1418" '
        'w:header="850" w:footer="850" w:gutter="0"/></w:sectPr>'
    )
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS,
        "docProps/core.xml": _core(f"{title} {subtitle}", author, at),
        "word/document.xml": f"{_HEAD}<w:document {_W}><w:body>{''.join(body)}{page}</w:body></w:document>",
        "word/styles.xml": _STYLES,
        "word/_rels/document.xml.rels": _OF_DOCUMENT,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _block(one: Block) -> str:
    if isinstance(one, Heading):
        return _paragraph(one.text, f"Heading{one.level}")
    if isinstance(one, Text):
        return _paragraph(one.text, "Small" if one.is_small else "Normal")
    return _grid(one)


def _grid(one: Grid) -> str:
    whole = sum(one.widths)
    widths = [_WIDTH * share // whole for share in one.widths]
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row(one.head, widths, frozenset(), "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>")
    rows = "".join(_row(row, widths, one.numbers, "<w:trPr><w:cantSplit/></w:trPr>") for row in one.rows)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{_EDGES}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/><w:tblCaption w:val="{_quoted(one.caption)}"/></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{head}{rows}</w:tbl>{_paragraph('', 'Small')}"
    )


def _row(cells: Sequence[str], widths: Sequence[int], numbers: frozenset[int], properties: str) -> str:
    made = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{_paragraph(text, "Small", is_right=place in numbers)}</w:tc>'
        for place, (text, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"<w:tr>{properties}{made}</w:tr>"


def _paragraph(text: str, style: str, *, is_right: bool = False) -> str:
    side = '<w:jc w:val="right"/>' if is_right else ""
    run = f'<w:r><w:t xml:space="preserve">{escape(_allowed(text))}</w:t></w:r>' if text else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{side}</w:pPr>{run}</w:p>'


def _core(title: str, author: str, at: datetime) -> str:
    moment = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(_allowed(title))}</dc:title><dc:creator>{escape(_allowed(author))}</dc:creator>"
        f'<dc:language>zh-CN</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{moment}</dcterms:modified></cp:coreProperties>'
    )


def _quoted(text: str) -> str:
    return escape(_allowed(text), {'"': "&quot;"})


def _allowed(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return "".join(
        one for one in text if one in "\t\n" or (one >= " " and not "\ud800" <= one <= "\udfff" and one < "\ufffe")
    )
