"""The arithmetic of the codes: canonical form, check characters, the date in a citizen ID. Knows no verdicts."""

import re
import unicodedata
from datetime import date
from typing import Final

from xinyong.kernel import code_tables as tables

#: Longer cells are no codes: they are cut before the costly normalisation (a cell may be megabytes of combining marks).
LONGEST: Final = 100
_DROPPED: Final = {ord(character): None for character in " \t\r\n\f\v-\u00a0\u3000－"}
_USCC_VALUE: Final = {character: value for value, character in enumerate(tables.USCC_ALPHABET)}
_ORG_VALUE: Final = {character: value for value, character in enumerate(tables.ORG_ALPHABET)}
_ALNUM: Final = re.compile(r"[0-9A-Z]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_SPREADSHEET_NUMBER: Final = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}")


def canonical(text: str) -> str:
    """Width, case, blanks and hyphens unified: NFKC, upper case, blanks and ``-`` dropped.

    Characters that NFKC does not turn into ASCII stay as they are, so that a look-alike never becomes a code. What is longer
    than 100 characters is cut there: it is no code.
    """
    if len(text) > 4 * LONGEST:
        text = text.translate(_DROPPED)
        if len(text) > 4 * LONGEST:
            return text[:LONGEST].upper()
    if text.isascii():
        return text.upper().translate(_DROPPED)[:LONGEST]
    folded = unicodedata.normalize("NFKC", text)
    if folded.isascii():
        return folded.upper().translate(_DROPPED)[:LONGEST]
    # str.upper() would turn the dotless i (U+0131) into I: letters outside ASCII keep their case.
    bare = "".join(c.upper() if c.isascii() else c for c in folded).translate(_DROPPED)
    return unicodedata.normalize("NFC", bare)[:LONGEST]  # without its blank "A ´" is one letter


def is_alnum(code: str) -> bool:
    """True for ASCII digits and capital letters only."""
    return _ALNUM.fullmatch(code) is not None


def is_digits(code: str) -> bool:
    """True for ASCII digits only (``str.isdigit`` also takes other scripts)."""
    return _DIGITS.fullmatch(code) is not None


def is_spreadsheet_number(code: str) -> bool:
    """True for scientific notation (``9.11309E+17``): what a spreadsheet leaves of a long code typed as a number."""
    return _SPREADSHEET_NUMBER.fullmatch(code) is not None


def check_character(first17: str) -> str:
    """The 18th character of a unified social credit code (GB 32100, GB/T 17710 MOD 31). KeyError for other letters."""
    total = sum(_USCC_VALUE[c] * w for c, w in zip(first17, tables.USCC_WEIGHTS, strict=True))
    return tables.USCC_ALPHABET[-total % 31]


def org_check(first8: str) -> str:
    """The 9th character of an organisation code (GB 11714). KeyError for what is no digit or capital letter."""
    rest = -sum(_ORG_VALUE[c] * w for c, w in zip(first8, tables.ORG_WEIGHTS, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def citizen_check(first17: str) -> str:
    """The 18th character of a citizen ID (GB 11643, ISO 7064 MOD 11-2)."""
    return tables.CITIZEN_CHECKS[sum(int(c) * w for c, w in zip(first17, tables.CITIZEN_WEIGHTS, strict=True)) % 11]


def registration_check(first14: str) -> str:
    """The 15th digit of a business registration number (GS 15-2006, ISO 7064 MOD 11,10)."""
    carry = 10
    for digit in first14:
        carry = ((carry + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - carry) % 10)


def is_uscc_alphabet(code: str) -> bool:
    """True when every character belongs to the GB 32100 alphabet."""
    return all(c in _USCC_VALUE for c in code)


def birth_date(digits8: str) -> date | None:
    """The date written YYYYMMDD, or None when there is no such day."""
    try:
        return date(int(digits8[:4]), int(digits8[4:6]), int(digits8[6:8]))
    except ValueError:
        return None
