"""A bulletin as PDF (PDF/A-2a and PDF/UA-1) and as DOCX, from its frozen text: the same edition gives the same bytes."""

from dataclasses import asdict
from pathlib import Path

from xinyong.analytics import _docx, layout
from xinyong.analytics.bulletins import Issued
from xinyong.reports.render import printable_in_font, typeset

_TEMPLATE = Path(__file__).with_name("bulletin.typ")


def pdf(one: Issued) -> bytes:
    """The bulletin as PDF."""
    made = [asdict(block) | {"kind": type(block).__name__.lower()} for block in layout.blocks(one)]
    for block in made:
        if "numbers" in block:
            block["numbers"] = sorted(block["numbers"])
    data = {
        "title": layout.TITLE, "subtitle": layout.subtitle(one), "issuer": str(one.content["issuer"]), "blocks": made,
        "digest": one.digest,
    }  # fmt: skip
    return typeset(_TEMPLATE, printable_in_font(data), at=one.issued_at)


def docx(one: Issued) -> bytes:
    """The bulletin as a document that an office goes on writing in."""
    return _docx.document(
        title=layout.TITLE, subtitle=layout.subtitle(one), author=str(one.content["issuer"]), blocks=layout.blocks(one),
        at=one.issued_at,
    )  # fmt: skip
