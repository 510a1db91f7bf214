"""Names as an attacker writes them for a PDF: control characters, characters that reorder, markup of the typesetter, operators
and actions of PDF; put into every place of a report, and looked for in what came out (security.md T24)."""

import io
import random
import re
import subprocess
import unicodedata
from collections.abc import Iterator

import pikepdf

from tests.reports import factories as make
from xinyong.reports import _font, chapters, printable, render

_HAN = "云溪市青禾食品有限公司星河商贸建筑物流农业科技中心医院学校合作社龙腾飞宇航海纳百川聚贤"
_HOSTILE = (
    "\u202e", "\u202d", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u200b", "\u200d", "\ufeff", "\u00ad",
    "\x00", "\x07", "\x08", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\ue000", "\uffff", "\U000e0041", "\u3164", "\u2800",
    "/JS (app.alert(1))", "/OpenAction << /S /JavaScript >>", ") Tj ET", "<< /URI (http://evil.example) >>", "endstream endobj",
    "%PDF-1.7", "javascript:alert(1)", "http://evil.example/x", "https://evil.example", "mailto:a@evil.example",
    '#link("http://evil.example")[点]', "#eval(\"1+1\")", '#read("/etc/passwd")', "$x^2$", "*粗*", "_斜_", "@ref", "<label>", "= 标题",
    "#pagebreak()", "\\u{41}", "`raw`", "]", "}", "#{", '"', "'", "\\", "مرحبا", "שלום", "ＡＢＣ１２３", "𠮷", "𪚥", "㐀",
)  # fmt: skip
#: Keys of PDF that do something.
ACTIVE = frozenset(
    {
        "/JS", "/JavaScript", "/OpenAction", "/AA", "/URI", "/Launch", "/EmbeddedFiles", "/AcroForm", "/XFA", "/GoToR",
        "/GoToE", "/SubmitForm", "/ImportData", "/RichMedia", "/Rendition",
    }
)  # fmt: skip
_A_REPORT = 100


def names(count: int, *, seed: int = 24) -> Iterator[str]:
    """Names that differ; the same for the same seed."""
    chance = random.Random(seed)
    for n in range(count):
        parts = chance.choices(_HAN, k=chance.randrange(4, 14))
        for one in chance.choices(_HOSTILE, k=chance.randrange(1, 4)):
            parts.insert(chance.randrange(len(parts) + 1), one)
        yield f"〔{n}〕{''.join(parts)}"


def faults(made: list[str]) -> list[str]:
    """Sets the names into reports, a hundred in each: what is active in them, and names that do not read as they should."""
    found = []
    for at in range(0, len(made), _A_REPORT):
        some = made[at : at + _A_REPORT]
        pdf = _report(some)
        found += [f"{key} in report {at // _A_REPORT}" for key in active(pdf)]
        text = _plain(
            subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        )
        found += [ascii(one) for one in some if _plain(_printed(one)) not in text]
    return found


def _report(some: list[str]) -> bytes:
    former, facts, numbers = some[1::3], some[2::3], some[3::3]
    records = [make.penalty(n, facts=one) for n, one in enumerate(facts)]
    records += [make.penalty(n + 500, document_no=one) for n, one in enumerate(numbers)]
    found = make.file_of(*records, name=some[0], former=tuple(former))
    content = chapters.content_of(found, collected=make.ALL, issuer="信用中国(云溪)")
    return render.pdf(content, make.stamp())


def _printed(name: str) -> str:
    return printable.covered(printable.visible(name), _font.glyphs())


def _plain(text: str) -> str:
    """Without what a line break adds or takes, and in one form of each character."""
    return re.sub(r"[\s\u200b\u00ad]", "", unicodedata.normalize("NFKC", text))


def active(pdf: bytes) -> list[str]:
    """What acts in a PDF, in its objects and in what stands inside them."""
    found: set[str] = set()

    def look(one: object, depth: int = 0) -> None:
        if isinstance(one, pikepdf.Array):
            for inner in one:
                look(inner, depth + 1)
        elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            for key, inner in one.items():
                found.update(ACTIVE & {key, str(inner) if isinstance(inner, pikepdf.Name) else ""})
                if not getattr(inner, "is_indirect", False) and depth < 20:
                    look(inner, depth + 1)

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for one in opened.objects:
            look(one)
    return sorted(found)
