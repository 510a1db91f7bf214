"""Persons' numbers out of texts that people read long after: log lines, error sentences, names of files, audit entries."""

import re
from typing import Final

#: Whatever may be an identity number, and mobile numbers. Organisations' codes of digits alone go too.
_MAYBE: Final = re.compile(r"\d{14,17}[\dXx]|(?<!\d)1[3-9]\d{9}(?!\d)")
#: An identity number by its shape (a division, a birth date), and mobile numbers.
_LIKELY: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"
)
GONE: Final = "***"


def scrubbed(text: str) -> str:
    """A line for a log: whatever may be an identity or a mobile number is gone, place and all."""
    return _MAYBE.sub(GONE, text)


def unnumbered(text: str) -> str:
    """A sentence or a name that somebody has to understand: likely identity numbers and mobile numbers are gone,
    organisations' codes stay."""
    return _LIKELY.sub(GONE, text)
