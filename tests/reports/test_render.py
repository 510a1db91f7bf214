"""The PDF and the page: archival, accessible, inert, and exactly the words that are on file."""

import io
import random
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pikepdf
import pytest

from tests.reports import factories as make
from tests.reports import hostile_names
from xinyong.catalogue.schema import Section
from xinyong.records.view import Dossier
from xinyong.reports import _font, chapters, printable, render
from xinyong.reports.content import ReportContent

needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
MARKUP = '#strong[癸] $x^2$ *a* _b_ `c` <b>d</b> @ref \\ "q" -- ... ~ // e /* f */ #sys.inputs https://evil.example'


def report(found: Dossier) -> ReportContent:
    return chapters.content_of(found, collected=frozenset({Section.LICENCE, Section.PENALTY}), issuer="信用中国(云溪)")


def full() -> ReportContent:
    licences = [make.licence(n) for n in range(1, 8)]
    return report(make.file_of(make.registration(), *licences, make.penalty(1), make.honour(1), former=("云溪老禾厂",)))


def text_of(pdf: bytes) -> str:
    """The text of a PDF with all blanks taken out: lines break where the page ends, not where the name does."""
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s", "", done.stdout.decode())


@pytest.fixture(scope="module")
def made() -> bytes:
    return render.pdf(full(), make.stamp())


def test_the_pdf_declares_archival_and_accessible_form(made: bytes) -> None:
    with pikepdf.open(io.BytesIO(made)) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert metadata["pdfuaid:part"] == "1"
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "zh-CN"
        assert metadata["dc:title"] == f"公共信用信息报告 {make.NAME}"


def test_the_pdf_holds_nothing_active(made: bytes) -> None:
    assert hostile_names.active(made) == []


def test_every_font_is_embedded(made: bytes) -> None:
    with pikepdf.open(io.BytesIO(made)) as pdf:
        fonts = [
            one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"
        ]
        assert fonts
        assert all(font.keys() & {"/FontFile2", "/FontFile3"} for font in fonts)


def test_number_and_check_code_stand_in_the_metadata(made: bytes) -> None:
    stamp = make.stamp()
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.open_metadata()["pdf:Keywords"] == f"report-number:{stamp.number}, check-code:{stamp.check_code}"


def test_the_same_content_and_stamp_give_the_same_bytes(made: bytes) -> None:
    assert render.pdf(full(), make.stamp()) == made


@needs_pdftotext
def test_the_cover_says_what_a_reader_must_know(made: bytes) -> None:
    text = text_of(made)
    for words in (
        "20261121171503K7M2PQ9X",
        "2026-11-2117:15:03",
        "信用中国(云溪)",
        "91990102MA0TEST017",
        "不含评分、评级",
    ):
        assert words in text
    for words in ("查询期内无相关信息", "本平台尚未归集该类信息", "第7条", "报告结束", "曾用名"):
        assert words in text
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert f"第{len(pdf.pages)}页/共{len(pdf.pages)}页" in text


@needs_pdftotext
@pytest.mark.parametrize(
    "name",
    [
        "云溪市青禾食品有限公司",
        "𠮷野家（云溪）餐饮有限公司",
        "㐀㐁⼀⺠氏豈ﬁﬀ①Ⅷ",
        "云溪“老禾”·Lab–X—Y",
        "ＡＢＣ（１２３）",
        "有限公司(集团)－云溪～分公司",
        "がｶﾞ한국",
        MARKUP,
        "长" * 400,
        "W" * 200,
    ],
)
def test_a_name_comes_out_of_the_pdf_as_it_went_in(name: str) -> None:
    text = text_of(render.pdf(report(make.file_of(make.licence(1, text=name + "。"), name=name)), make.stamp()))
    assert text.count(re.sub(r"\s", "", name)) >= 3  # cover, registration, record


@needs_pdftotext
def test_names_of_rare_characters_come_out_as_they_went_in() -> None:
    """300 names drawn from all Han blocks (a sample; 10,000 were run once): the font's glyph or the code point."""
    chance = random.Random(24)
    blocks = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0xF900, 0xFA6D), (0x30000, 0x3134A)]
    names = ["".join(chr(chance.randint(*chance.choice(blocks))) for _ in range(12)) for _ in range(300)]
    records = [make.licence(n, text=name) for n, name in enumerate(names)]
    text = text_of(render.pdf(report(make.file_of(*records)), make.stamp()))
    assert [name for name in names if printable.covered(printable.visible(name), _font.glyphs()) not in text] == []


@needs_pdftotext
def test_a_character_the_font_lacks_is_never_blank() -> None:
    content = report(make.file_of(name="云溪\U00020bb8\U0003134a阿ش公司"))
    assert "云溪〔U+20BB8〕〔U+3134A〕阿〔U+0634〕公司" in text_of(render.pdf(content, make.stamp()))


def test_very_long_records_break_over_pages() -> None:
    pdf = render.pdf(report(make.file_of(make.penalty(1, facts="事实" * 4000), make.penalty(2))), make.stamp())
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert len(opened.pages) > 4


def test_an_empty_file_makes_a_short_whole_report() -> None:
    with pikepdf.open(io.BytesIO(render.pdf(report(make.file_of()), make.stamp()))) as opened:
        assert len(opened.pages) <= 3


def test_several_threads_make_reports_at_once() -> None:
    names = [f"云溪市第{n}食品厂" for n in range(6)]

    def one(name: str) -> str:
        with pikepdf.open(io.BytesIO(render.pdf(report(make.file_of(name=name)), make.stamp()))) as opened:
            return str(opened.open_metadata()["dc:title"])

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(one, names)) == [f"公共信用信息报告 {name}" for name in names]


def test_the_page_says_the_same_and_escapes_markup() -> None:
    content = report(make.file_of(make.licence(1, text=MARKUP), make.penalty(1)))
    page = render.html(content)
    assert "&lt;b&gt;d&lt;/b&gt;" in page
    assert "<b>d</b>" not in page
    for words in ("查询期内无相关信息", "本平台尚未归集该类信息", "第 1 条", "网页预览", make.NAME, "不含评分、评级"):
        assert words in page


def test_the_page_of_an_issued_report_carries_number_and_qr() -> None:
    stamp = make.stamp()
    page = render.html(full(), stamp)
    assert stamp.number in page
    assert "<svg" in page
    assert "网页预览" not in page


def test_a_masked_value_says_so() -> None:
    record = make.licence(1)
    masked = replace(record, fields=(replace(record.fields[2], text="张*", is_masked=True),))
    assert "已脱敏" in render.html(report(make.file_of(masked)))
