"""Proof of work (hashcash): who looks up more than a person does lets the browser compute for a moment.

A challenge is a signed text and nothing is kept of it: seed, difficulty, the network it was given to, when. It is solved
by a counter for which SHA-256 of ``seed:counter`` begins with so many zero bits: some hundred thousand tries for a browser
(static/web/proof-worker.js), one for us. Each is good once, for ten minutes, in its network. What it buys is more look-ups
(web/lookups.py); how many organisations are shown at most, no proof moves. Pure but for the signing key.
"""

import hashlib
import secrets
from dataclasses import dataclass

from django.core import signing

from xinyong.kernel.errors import Invalid

#: Zero bits of the first puzzle; each further one in the same ten minutes asks for one more, up to the hardest.
BITS, HARDEST = 18, 23
#: Seconds in which a challenge must be answered.
GOOD_FOR = 600
_SALT = "xinyong.web.proof"


class BadProof(Invalid):
    """No solution of a challenge of ours: altered, too late, from elsewhere, used before, or wrong."""

    code = "web.bad-proof"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A puzzle. ``token`` is its signed form, which comes back with the solution."""

    token: str
    seed: str
    bits: int


def challenge(*, network: str, solved: int) -> Challenge:
    """A new puzzle for somebody of ``network`` who solved so many in the last ten minutes."""
    seed, bits = secrets.token_hex(16), min(BITS + solved, HARDEST)
    return Challenge(signing.dumps([seed, bits, network], salt=_SALT), seed, bits)


def check(token: str, counter: str, *, network: str) -> str:
    """The seed of the puzzle that was solved: what may be used once. Raises BadProof."""
    try:
        seed, bits, given_to = signing.loads(token, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature as error:
        raise _bad() from error
    if given_to != network or not is_solution(seed, counter, bits):
        raise _bad()
    return str(seed)


def is_solution(seed: str, counter: str, bits: int) -> bool:
    """True when SHA-256 of ``seed:counter`` begins with so many zero bits. The counter is a short decimal number."""
    if not (counter.isascii() and counter.isdecimal() and len(counter) <= 15):
        return False
    value = int.from_bytes(hashlib.sha256(f"{seed}:{counter}".encode()).digest())
    return value < 1 << (256 - bits)


def used() -> BadProof:
    """The error for a solution that was shown before."""
    return _bad()


def _bad() -> BadProof:
    return BadProof(
        "验证已过期或不正确。请返回刚才的页面再试一次。",
        "This check has expired or is not right. Go back to the page and try again.",
    )
