"""Codes made for the tests: fictitious, both checks right."""

import random
from datetime import date, timedelta

from xinyong.kernel import codes
from xinyong.kernel.code_tables import CATEGORIES, ORG_ALPHABET, USCC_ALPHABET

_ORG_LETTERS = "".join(letter for letter in ORG_ALPHABET if letter in USCC_ALPHABET)


def organisation_code(rng: random.Random) -> str:
    """Nine characters with the right check, in the letters a unified code may hold."""
    first = "".join(rng.choice(_ORG_LETTERS) for _ in range(8))
    return first + codes.org_check(first)


def uscc(rng: random.Random, head: str | None = None, division: str | None = None) -> str:
    """A valid unified social credit code."""
    place = division or f"99{rng.randrange(10_000):04}"
    first = (head or rng.choice(sorted(CATEGORIES))) + place + organisation_code(rng)
    return first + codes.check_character(first)


def citizen_id(rng: random.Random, place: str = "990102", born: date | None = None) -> str:
    """A valid citizen ID of the fictitious place 99."""
    day = born or date(1940, 1, 1) + timedelta(days=rng.randrange(30_000))
    first = f"{place}{day:%Y%m%d}{rng.randrange(1_000):03}"
    return first + codes.citizen_check(first)


def registration_number(rng: random.Random, place: str = "990102") -> str:
    """A 15-digit business registration number with the right check; its middle is no date."""
    first = f"{place}{rng.choice('6789')}{rng.randrange(10**7):07}"
    first = first[:8] + "99" + first[10:]
    return first + codes.registration_check(first)
