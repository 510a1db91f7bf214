"""The one change that mends a code: a look-alike, a transposition, a wrong or missing check character, a doubled one.

A suggestion follows its standard completely and is never applied by the program. Between two natural persons nothing is
guessed: a citizen ID gets a suggestion only when exactly one change mends it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import product
from math import prod
from typing import Final

from xinyong.kernel import code_checks as checks
from xinyong.kernel import code_tables as tables
from xinyong.kernel import divisions
from xinyong.kernel.code_judgement import Terms, assess
from xinyong.kernel.code_tables import PERSONAL, Kind

#: Letters that GB 32100 never uses, with the characters they are written for, most likely first.
_FORBIDDEN: Final = {"O": "0QD", "I": "1L", "S": "5", "V": "UY", "Z": "2"}
#: Where digits are due; pairs that differ in a worn print or a careless hand.
_DIGIT_FOR: Final = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "S": "5", "Z": "2", "B": "8", "G": "6"}
_CONFUSED: Final = {
    "8": "B",
    "B": "8",
    "0": "DQ",
    "D": "0",
    "Q": "0",
    "6": "G",
    "G": "6",
    "1": "L7",
    "L": "1",
    "7": "1",
}
#: Cyrillic and Greek capitals that look like Latin ones (after upper-casing), and invisible characters.
_LOOK_ALIKE: Final = dict(zip("АВЕКМНОРСТУХІЅЈΑΒΕΗΚΜΝΟΡΤΥΧΙΖ", "ABEKMHOPCTYXISJABEHKMNOPTYXIZ", strict=True))
_INVISIBLE: Final = dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202c\u202d\u202e", "")
_MOST_READINGS: Final = 64
_FIRST_YEAR: Final = 2015
_TYPED: Final = str.maketrans({**_LOOK_ALIKE, **_INVISIBLE, **dict.fromkeys("–—−‐‑‒", "")})


def suggest(text: str, kind: Kind | None = None, *, today: date | None = None) -> str | None:
    """A valid code of ``kind`` (found out when None) one change away from ``text``, or None.

    Nothing is suggested for a valid code, nor for digits a spreadsheet destroyed: those are gone.
    """
    code = checks.canonical(text)
    terms = Terms(today=today)
    found = assess(code, kind, terms)
    if tables.REASON_TABLE[found.reason][0] is tables.Verdict.VALID or found.reason in _HOPELESS:
        return None
    if found.reason in ("old-15-digit-id", "ambiguous-15-digits"):
        # Where an organisation's code is due, a person's number would be refused as well.
        return _eighteen(code) if kind is None or kind in PERSONAL else None
    if found.reason == "other-kind" and kind is Kind.ORG_CODE and found.kind is Kind.USCC:
        return code[8:17]
    if found.reason in ("not-ascii", "illegal-character"):
        return _cleaned(code, kind, terms)
    return _mended(code, found.kind if kind is None or found.kind in PERSONAL else kind, terms)


_HOPELESS: Final = frozenset(
    {"empty", "number-lost-digits", "placeholder", "placeholder-allowed", "all-zeros", "also-citizen-id"}
    | {"citizen-id-instead", "old-registration-number", "organisation-code-instead"}
)


def _eighteen(code: str) -> str:
    """GB 11643-1999: the century 19 put in, the check character added."""
    first = f"{code[:6]}19{code[6:]}"
    return first + checks.citizen_check(first)


def _cleaned(code: str, kind: Kind | None, terms: Terms) -> str | None:
    """Look-alikes of other scripts as the Latin letters they stand for; stray marks dropped."""
    typed = checks.canonical(code.upper().translate(_TYPED))
    for candidate in (typed, "".join(c for c in typed if c.isascii() and c.isalnum())):
        found = assess(candidate, kind, terms)
        if found.reason == "":
            return candidate
    return None


def _mended(code: str, kind: Kind, terms: Terms) -> str | None:
    if kind is not Kind.USCC:
        return _only_change(code, kind, terms)
    if len(code) == 17:
        return _holding(code + checks.check_character(code), terms) if checks.is_uscc_alphabet(code) else None
    if len(code) == 19:
        return _one([code[:at] + code[at + 1 :] for at in range(19)], terms)
    if len(code) != 18:
        return None
    if not checks.is_uscc_alphabet(code) or not checks.is_digits(code[2:8]):
        return next((c for c in _look_alikes(code) if _holding(c, terms)), None)
    # A transposition that closes both checks over a real division is stronger evidence (1 in 31 by chance) than the
    # check character alone, which any wrong character would also call for.
    return (
        _one([c for c in _transpositions(code) if _holding(c, terms) and _has_division(c)], terms)
        or _holding(code[:17] + checks.check_character(code[:17]), terms)
        or _one(_transpositions(code), terms)
        or _one(_confusions(code), terms)
    )


def _holding(code: str, terms: Terms) -> str | None:
    """The code when nothing at all is wrong with it."""
    return code if assess(code, Kind.USCC, terms).reason == "" else None


def _one(candidates: Iterable[str], terms: Terms) -> str | None:
    good = {candidate for candidate in candidates if _holding(candidate, terms)}
    return good.pop() if len(good) == 1 else None


def _only_change(code: str, kind: Kind, terms: Terms) -> str | None:
    """Codes with one weak check: a suggestion only when a single change of all mends them."""
    expect = Kind.CITIZEN_ID if kind in PERSONAL else kind
    body = len(code) - 1
    check = _CHECKS.get((expect, len(code)))
    candidates = {*_transpositions(code), _digits_for(code, body) if expect is not Kind.ORG_CODE else _zero_one(code)}
    if check is not None and (expect is Kind.ORG_CODE or checks.is_digits(code[:body])) and checks.is_alnum(code):
        candidates.add(code[:body] + check(code[:body]))
    good = {c for c in candidates - {code} if assess(c, expect, terms).reason == ""}
    return good.pop() if len(good) == 1 else None


#: Check by kind and length. Old 15-digit citizen IDs have none.
_CHECKS: Final[dict[tuple[Kind, int], Callable[[str], str]]] = {
    (Kind.CITIZEN_ID, 18): checks.citizen_check,
    (Kind.ORG_CODE, 9): checks.org_check,
    (Kind.REGISTRATION_15, 15): checks.registration_check,
}


def _look_alikes(code: str) -> Iterator[str]:
    """Readings of the characters that cannot stand where they stand: each letter read alike throughout, then any mixture."""
    for reading in (_DIGIT_FOR, {**_DIGIT_FOR, "V": "U"}):
        yield "".join(reading.get(c, c) if _cannot_stand(place, c) else c for place, c in enumerate(code))
    places = [_readings(place, c) for place, c in enumerate(code)]
    if prod(map(len, places)) <= _MOST_READINGS:
        for mixture in product(*places):
            yield "".join(mixture)


def _readings(place: int, character: str) -> str:
    if not _cannot_stand(place, character):
        return character
    return _DIGIT_FOR.get(character, character) if place < 8 else _FORBIDDEN.get(character, character)


def _cannot_stand(place: int, character: str) -> bool:
    if 2 <= place < 8:
        return not character.isdigit()
    return character in _FORBIDDEN or (place < 2 and character in "LQDBG")


def _transpositions(code: str) -> list[str]:
    """Neighbours exchanged."""
    return [
        code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1) if code[at] != code[at + 1]
    ]


def _confusions(code: str) -> Iterator[str]:
    """One character read as another that resembles it."""
    for at, character in enumerate(code):
        for other in _CONFUSED.get(character, ""):
            yield code[:at] + other + code[at + 1 :]


def _digits_for(code: str, body: int) -> str:
    return "".join(_DIGIT_FOR.get(c, c) for c in code[:body]) + code[body:]


def _zero_one(code: str) -> str:
    return code.replace("O", "0").replace("I", "1")


def _has_division(code: str) -> bool:
    """True for a registering division in force since the codes are given (2015); 99 is set aside for fictitious places."""
    found = divisions.builtin().of(code[2:8])
    return code[2:4] == "99" or (found is not None and (found.valid_to is None or found.valid_to >= _FIRST_YEAR))
