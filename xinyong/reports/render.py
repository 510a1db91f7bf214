"""The two forms of a report: a page fragment and a PDF (PDF/A-2a and PDF/UA-1, tagged, fonts embedded).

The PDF is set by typst from ``report.typ``. What a report says reaches the template as JSON and is only ever text
there: markup in a name stays inert (T24).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import segno
import typst
from django.template.loader import render_to_string

from xinyong.kernel import clock
from xinyong.reports import _font, printable
from xinyong.reports.content import Bilingual, Entry, Line, ReportContent, Stamp

_TEMPLATE = Path(__file__).with_name("report.typ")
Value = TypeVar("Value")
STANDARDS: list[Any] = ["a-2a", "ua-1"]
#: Where the root certificate is published.
TRUST_PATH = "/.well-known/xinyong-reports.pem"

#: A value wider than this (in half-width columns) takes the whole row of a record's table.
WIDE = 30
#: A run of so many characters without a place to break a line gets one (U+200B, which the template prints as nothing
#: where a line may end): it must not run out of its cell.
_RUN_LENGTH = 16
_UNBROKEN = r"[^\s\u2e80-\uffff\U00020000-\U0003ffff]"
_RUN = re.compile(f"{_UNBROKEN}{{{_RUN_LENGTH}}}(?={_UNBROKEN})")
#: Characters of the name that fit into the page head.
_HEAD = 30


def html(content: ReportContent, stamp: Stamp | None = None) -> str:
    """The report as a page fragment (``reports/report.html``); without a stamp it says that it is a preview."""
    picture = _qr_svg(stamp.verify_url) if stamp else ""
    return render_to_string("reports/report.html", {"report": content, "stamp": stamp, "qr_svg": picture})


def pdf(content: ReportContent, stamp: Stamp) -> bytes:
    """The report as PDF. The same content and stamp give the same bytes."""
    return typeset(_TEMPLATE, _data(content, stamp), at=stamp.issued_at)


def typeset(template: Path, data: Mapping[str, Any], *, at: datetime) -> bytes:
    """A PDF by a typst template of ours, which gets ``data`` and ``font`` as JSON in ``sys.inputs.data``; dated ``at``. The
    same data and instant give the same bytes. Texts should be ``printable_in_font``."""
    text = json.dumps({"font": _font.FAMILY, **data}, ensure_ascii=False, separators=(",", ":"))
    # A compiler of its own for every call: one compiler refuses a second thread. The fonts are what costs, and shared.
    compiler = typst.Compiler(root=str(template.parent), font_paths=_font.fonts(), ignore_system_fonts=True)
    made = compiler.compile(
        _template(template),
        format="pdf",
        sys_inputs={"data": text},
        pdf_standards=STANDARDS,
        timestamp=int(at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made


def printable_in_font(value: Value) -> Value:
    """The same value, every text in it such that it prints as it reads: what the font lacks, and what shows nothing or
    reorders, as its code point."""
    glyphs = _font.glyphs()
    return printable.everywhere(value, lambda text: printable.covered(printable.visible(text), glyphs))


@cache
def _template(path: Path) -> bytes:
    return path.read_bytes()


def _data(content: ReportContent, stamp: Stamp) -> dict[str, Any]:
    """What the template prints: every text printable with the font, laid out in rows."""
    glyphs = _font.glyphs()
    content = printable.everywhere(content, lambda text: printable.covered(text, glyphs))
    return {
        "title": pair(content.title),
        "issuer": content.issuer,
        "name": breakable(content.name),
        "short_name": content.name if len(content.name) <= _HEAD else content.name[:_HEAD] + "…",
        "code": content.code,
        "code_grouped": content.code_grouped,
        "as_of": content.as_of.isoformat(),
        "labels": [pair(one) for one in content.labels],
        "rows": rows_of((*content.registration, *content.former_names)),
        "counts": [asdict(one) for one in content.counts],
        "statements": [pair(one) for one in content.statements],
        "chapters": [
            {
                "number": chapter.number,
                "title": pair(chapter.title),
                "hints": [pair(one) for one in chapter.hints],
                "parts": [
                    {
                        "title": pair(part.title),
                        "availability": part.availability.value,
                        "total": part.total,
                        "entries": [entry_data(one) for one in part.entries],
                    }
                    for part in chapter.parts
                ],
            }
            for chapter in content.chapters
        ],
        **stamped(stamp),
    }


def stamped(stamp: Stamp) -> dict[str, Any]:
    """What every kind of paper prints of its stamp."""
    issued = stamp.issued_at.astimezone(clock.ZONE)
    facts = [f"facts-sha256:{stamp.facts}"] if stamp.facts else []
    return {
        "number": stamp.number,
        "check_code": " ".join(stamp.check_code[at : at + 4] for at in range(0, len(stamp.check_code), 4)),
        "keywords": [f"report-number:{stamp.number}", f"check-code:{stamp.check_code}", *facts],
        "issued_at": f"{issued:%Y-%m-%d %H:%M:%S}",
        "qr": _qr_svg(stamp.verify_url),
        "verify_url": stamp.verify_url,
        "facts": " ".join(stamp.facts[at : at + 8] for at in range(0, len(stamp.facts), 8)),
        "signer": printable_in_font(stamp.signer),
        "is_demo": stamp.is_demo,
        "trust_url": stamp.verify_url.partition("/verify/")[0] + TRUST_PATH,
    }


def breakable(text: str) -> str:
    return _RUN.sub("\\g<0>\u200b", text) if len(text) > _RUN_LENGTH else text


def entry_data(entry: Entry) -> dict[str, Any]:
    rows = rows_of(entry.lines)
    return {
        "number": entry.number,
        "title": breakable(entry.title),
        "kind": pair(entry.kind),
        "marks": [pair(one) for one in entry.marks],
        "is_adverse": entry.is_adverse,
        "rows": rows,
        "notes": [_line(one) for one in entry.notes],
        "is_long": sum(_width(line.text) for line in entry.lines) > 3000,
    }


def pair(words: Bilingual) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _line(line: Line) -> dict[str, Any]:
    return {"zh": line.zh, "en": line.en, "text": breakable(line.text), "is_masked": line.is_masked}


def rows_of(lines: tuple[Line, ...]) -> list[list[dict[str, Any]]]:
    """Lines laid out in rows of two, or of one where the value is wide or has no neighbour."""
    rows: list[list[dict[str, Any]]] = []
    for line in lines:
        is_wide = _width(line.text) > WIDE
        cell = _line(line) | {"wide": is_wide}
        if rows and not is_wide and len(rows[-1]) == 1 and not rows[-1][0]["wide"]:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


def _qr_svg(text: str) -> str:
    """The QR code as SVG paths; error correction M survives a fold or a stamp across it."""
    return str(segno.make(text, error="m", micro=False).svg_inline(border=0, dark="#1a2433", omitsize=True))
