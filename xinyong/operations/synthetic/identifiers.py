"""Valid codes by the column: what kernel.codes judges one by one is made here a million at a time.

Every code is a one-to-one function of the organisation's number, so no two organisations share one.
Basis: GB 32100-2015 (unified social credit code), GB 11714-1997 (organisation code), GS 15-2006 (registration number),
GB 11643-1999 (citizen identification number).
"""

import numpy as np
import pyarrow.compute as pc

from xinyong.operations.synthetic import draw

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int64)
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_ORG_VALUES = np.array([int(letter, 36) for letter in _ALPHABET], dtype=np.int64)
_ORG_CHECKS = "0123456789X"
_CITIZEN_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CITIZEN_CHECKS = "10X98765432"
#: Prime to 10^8 and to 31^6: multiplying by it scatters the numbers without a collision.
_SCATTER = 48_271_157


def organisation_places(seed: int, index: draw.Whole, is_new: draw.Flags, series: draw.Whole) -> draw.Whole:
    """The first eight characters of organisation codes, as places in the alphabet: eight digits before October 2015,
    afterwards M, a letter for the registering system (``series``, a place) and six characters."""
    old = (index * _SCATTER + seed * 7_919) % 10**8
    new = (index * _SCATTER + seed * 7_919) % 31**6
    places = draw.radix(np.where(is_new, new, old), 31, 8)
    places[~is_new] = draw.radix(old[~is_new], 10, 8)
    places[is_new, 0] = _ALPHABET.index("M")
    places[is_new, 1] = series[is_new]
    return places


def organisation_check(places: draw.Whole) -> draw.Whole:
    """The check value of each organisation code (10 stands for X)."""
    checks: draw.Whole = (11 - (_ORG_VALUES[places] * _ORG_WEIGHTS).sum(axis=1) % 11) % 11
    return checks


def organisation_codes(places: draw.Whole) -> draw.Texts:
    """Nine-character organisation codes."""
    letters = _ALPHABET.index("X")
    check = organisation_check(places)
    return draw.characters(np.column_stack([places, np.where(check == 10, letters, check)]), _ALPHABET)


def credit_codes(heads: draw.Whole, divisions: draw.Whole, places: draw.Whole) -> draw.Texts:
    """Unified social credit codes from heads (two places), six-digit divisions and organisation code places."""
    check = organisation_check(places)
    body = np.column_stack(
        [heads, draw.radix(divisions, 10, 6), places, np.where(check == 10, _ALPHABET.index("X"), check)]
    )
    last = (31 - (body * _WEIGHTS).sum(axis=1) % 31) % 31
    return draw.characters(np.column_stack([body, last]), _ALPHABET)


def head(text: str) -> tuple[int, int]:
    """The places of the two characters a credit code starts with."""
    return _ALPHABET.index(text[0]), _ALPHABET.index(text[1])


def series(letter: str) -> int:
    """The place of the letter after M in new organisation codes."""
    return _ALPHABET.index(letter)


def registration_numbers(seed: int, index: draw.Whole, divisions: draw.Whole) -> draw.Texts:
    """Fifteen-digit registration numbers as given before October 2015 (check by ISO 7064 MOD 11,10)."""
    body = np.column_stack(
        [draw.radix(divisions, 10, 6), draw.radix((index * _SCATTER + seed * 104_729) % 10**8, 10, 8)]
    )
    product = np.full(len(index), 10, dtype=np.int64)
    for place in range(14):
        total = (product % 11 + body[:, place]) % 10
        product = np.where(total == 0, 10, total) * 2
    last = (11 - product % 11) % 10
    return draw.characters(np.column_stack([body, last]), _ALPHABET)


def citizen_numbers(seed: int, index: draw.Whole, divisions: draw.Whole, born: draw.Whole) -> draw.Texts:
    """Citizen identification numbers of invented persons, born on these days. Made when the city is made; none is
    ever written into the repository."""
    years, months, days = draw.parts_of(born)
    order = draw.below(seed, "citizen/order", index, 999) + 1
    body = np.column_stack(
        [draw.radix(divisions, 10, 6), draw.radix(years, 10, 4), draw.radix(months, 10, 2), draw.radix(days, 10, 2),
         draw.radix(order, 10, 3)]
    )  # fmt: skip
    last = (body * _CITIZEN_WEIGHTS).sum(axis=1) % 11
    return draw.join(draw.characters(body, _ALPHABET), draw.take(list(_CITIZEN_CHECKS), last))


def unsound(codes: draw.Texts) -> draw.Texts:
    """The same codes with a wrong check character."""
    last = pc.utf8_slice_codeunits(codes, 17, 18)
    return draw.join(pc.utf8_slice_codeunits(codes, 0, 17), pc.if_else(pc.equal(last, "1"), "2", "1"))
