"""How a personal value is shown where it may not be shown whole: one function for every page, file, finding and log line.

What stays visible must leave at least a million candidates (security.md F13). A resident's number shown as its first six
and last four digits leaves some 3,300: birth dates within a century, divided by the check digit. So birth date *and* tail
go, and of the number its place alone stays: some 4 × 10⁷ remain. The number of stars tells nothing about a name.
"""

import re
from enum import StrEnum
from typing import Final

from xinyong.kernel import code_checks as checks
from xinyong.kernel import code_judgement as judgement
from xinyong.kernel import names, word_lists
from xinyong.kernel.code_checks import canonical
from xinyong.kernel.code_tables import PERSONAL, Kind

#: Candidates that a masked value leaves at the least.
CANDIDATES: Final = 1_000_000
#: What stands for a text of which nothing is shown.
HIDDEN: Final = "****"

_PLACE: Final = 6
_LONG_ENOUGH: Final = 9  # of a foreign or military document with two characters shown, seven remain: ten million
_PHONE: Final = re.compile(r"(?:\+|00)?86[-\s]?(?=1[3-9])|[^0-9]")
_CARD: Final = re.compile(r"[^0-9]")
_CARD_HEAD, _CARD_LENGTHS = 6, range(16, 20)
_AREA: Final = re.compile(
    r"(?:[^\s\d]{2,8}?(?:自治区|特别行政区|省))?(?:[^\s\d]{2,8}?(?:自治州|地区|市|盟))?(?:[^\s\d]{1,8}?(?:区|县|旗|市))?"
)
_HAN: Final = re.compile("[\u3400-\u9fff〇\U00020000-\U000323af]")


class Personal(StrEnum):
    """What a personal value is. The values are those of the catalogue's ``masking``."""

    NAME = "name"
    CERTIFICATE = "certificate"
    PHONE = "phone"
    BANK_CARD = "bank-card"
    ADDRESS = "address"
    ALL = "all"


def mask(text: str, what: Personal) -> str:
    """The value as it may be shown. Empty stays empty.

    name: the surname (佘**); certificate: of a resident's number the place (130902************), of an organisation's code the
    first eight and last four characters, of others at most two; phone: the network (138********); bank card: the bank (622848**********);
    address: down to the county (河北省沧州市新华区****); all: nothing.
    """
    if not text.strip():
        return ""
    if what is Personal.NAME:
        return _name(text)
    if what is Personal.CERTIFICATE:
        return certificate(text)
    if what is Personal.PHONE:
        digits = _PHONE.sub("", text)
        return digits[:3] + "*" * 8 if len(digits) >= 10 else "*" * 8
    if what is Personal.BANK_CARD:
        digits = _CARD.sub("", text)
        return digits[:_CARD_HEAD] + "*" * (len(digits) - _CARD_HEAD) if len(digits) in _CARD_LENGTHS else "*" * 16
    if what is Personal.ADDRESS:
        found = _AREA.match(text.strip())
        area = found[0] if found else ""
        return area + HIDDEN if area != text.strip() else area
    return HIDDEN


def certificate(text: str, kind: Kind | None = None) -> str:
    """A certificate's number, of this kind or of the kind it looks like. Whatever is not surely an organisation's code is
    treated as a person's."""
    code = canonical(text)
    if kind is None:
        found = judgement.assess(code, None)
        kind = found.kind if found.kind in PERSONAL or found.reason == "" else Kind.UNKNOWN
    if kind in PERSONAL:
        shown = _PLACE if checks.is_digits(code[:_PLACE]) and len(code) in (15, 18) else 0
    elif kind is Kind.USCC and len(code) == 18:
        return f"{code[:8]}{'*' * 6}{code[14:]}"
    else:
        shown = 2 if len(code) >= _LONG_ENOUGH else 0
    return code[:shown] + "*" * (len(code) - shown)


def _name(text: str) -> str:
    shown = names.normalise(text)
    if not _HAN.search(shown):
        return f"{shown[0]}***" if len(shown) > 1 else "***"
    if len(shown) == 1:
        return "**"
    kept = 2 if len(shown) > 2 and shown[:2] in word_lists.words("compound-surnames") else 1
    return f"{shown[:kept]}**"
