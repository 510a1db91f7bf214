"""What somebody typed into the search box, read in every way it can be meant. Pure functions."""

import re
import unicodedata
from dataclasses import dataclass

from xinyong.kernel import names

#: Shorter pieces of a code fit too many to be worth showing.
CODE_FRAGMENT = 6
_LONGEST = 200
_CODE = re.compile(r"[0-9A-Z]{6,50}")
_LETTERS = re.compile(r"[a-z]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


@dataclass(frozen=True, slots=True)
class Query:
    """``parts``: keys of the blank-separated pieces; ``key``: all of them joined. ``code``: the text as a piece of a code,
    ``letters``: as pinyin or initials; empty when it cannot be that. ``is_traditional``: written in other characters
    than its key."""

    parts: tuple[str, ...]
    key: str
    code: str
    letters: str
    is_traditional: bool


def read(text: str) -> Query:
    """Reads a query; blank or unreadable text gives an empty key."""
    plain = unicodedata.normalize("NFKC", text)[:_LONGEST].replace("\x00", "")
    parts = tuple(part for part in (names.key(piece) for piece in plain.split()) if part)
    key = "".join(parts)
    code = re.sub(r"[\s\-–—_.]", "", plain).upper()
    letters = re.sub(r"[\s'’\-]", "", plain).lower()
    return Query(
        parts=parts,
        key=key,
        code=code if _CODE.fullmatch(code) and any(char.isdigit() for char in code) else "",
        letters=letters if _LETTERS.fullmatch(letters) else "",
        is_traditional=not set(_HAN.findall(plain)) <= set(key),
    )
