"""Which candidate comes first, and why it was found. Pure functions over candidates that the look-ups brought.

Bands by kind of match, the order of the issue: exact name, code, beginning of the current name, trade name, former name,
fragment, pinyin, initials. Within a band a shorter name and an existing organisation come first. Bands do not overlap.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from xinyong.kernel import names
from xinyong.subjects import pinyin
from xinyong.subjects.query import Query


class MatchedBy(StrEnum):
    """Why a hit is a hit."""

    CODE = "code"
    EXACT_NAME = "exact-name"
    FORMER_NAME = "former-name"
    PREFIX = "prefix"
    TRADE_NAME = "trade-name"
    FRAGMENT = "fragment"
    PINYIN = "pinyin"
    INITIALS = "initials"
    TRADITIONAL = "traditional"


_BAND = {
    MatchedBy.EXACT_NAME: 1.0, MatchedBy.CODE: 0.92, MatchedBy.PREFIX: 0.84, MatchedBy.TRADE_NAME: 0.76,
    MatchedBy.FORMER_NAME: 0.68, MatchedBy.FRAGMENT: 0.60, MatchedBy.PINYIN: 0.52, MatchedBy.INITIALS: 0.44,
}  # fmt: skip
_STATUS_COST = {"active": 0.0, "provisional": 0.005, "moved_out": 0.01, "revoked": 0.015, "cancelled": 0.02}
_LENGTH_COST, _LONG = 0.03, 40
_LATE_COST = 0.01  # the match stands inside, not at the beginning
_INEXACT_COST = 0.01  # a former name that is not the whole query


class Row(NamedTuple):
    """One name of one organisation, as a look-up brings it. ``matched`` is that name, or the number that was found."""

    subject_id: int
    code: str
    name: str
    subject_class: str
    status: str
    region_code: str
    matched: str
    name_key: str
    trade_name: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """An organisation found. ``matched_text`` is the name or code that matched, ``marked`` the half-open span of
    characters in it to mark (None: mark nothing). ``score`` is 0–1 and orders hits of one query only."""

    subject_id: int
    code: str
    name: str
    subject_class: str
    status: str
    region_code: str
    matched_by: MatchedBy
    matched_text: str
    score: float
    marked: tuple[int, int] | None = None


def by_code(row: Row, query: Query) -> Hit:
    """A hit by unified code, organisation code or another number."""
    at = row.matched.find(query.code)
    band = 1.0 if row.matched == query.code else _BAND[MatchedBy.CODE]
    return _hit(row, MatchedBy.CODE, band, row.matched, (at, at + len(query.code)), rest=0)


def by_name(row: Row, query: Query) -> Hit | None:
    """A hit by characters of the name; None when the name does not hold what was typed."""
    key = query.key
    at = row.name_key.find(key)
    if at < 0 and not all(part in row.name_key for part in query.parts):
        return None
    is_whole, is_trade = row.name_key == key, row.trade_name == key
    if not row.is_current:
        kind = MatchedBy.FORMER_NAME
    elif is_whole:
        kind = MatchedBy.EXACT_NAME
    elif at == 0:
        kind = MatchedBy.PREFIX
    elif is_trade:
        kind = MatchedBy.TRADE_NAME
    else:
        kind = MatchedBy.FRAGMENT
    band = _BAND[kind]
    if kind is MatchedBy.FORMER_NAME:
        band -= 0 if is_whole else _INEXACT_COST if at == 0 or is_trade else 2 * _INEXACT_COST
    elif at < 0:
        band -= _LATE_COST
    shown = MatchedBy.TRADITIONAL if query.is_traditional and row.is_current else kind
    marked = (at, at + len(key)) if at >= 0 and len(row.matched) == len(row.name_key) else None
    return _hit(row, shown, band, row.matched, marked, rest=len(row.name_key) - len(key))


def by_pinyin(row: Row, query: Query, *, is_sure: bool) -> Hit | None:
    """A hit by syllables in a row; None when they do not stand there (``is_sure``: the look-up was proof)."""
    if not is_sure and _span(MatchedBy.PINYIN, row.name_key, query.letters) is None:
        return None
    return _by_sound(row, MatchedBy.PINYIN)


def by_initials(row: Row, query: Query, *, is_sure: bool) -> Hit | None:
    """A hit by initials in a row; None when they do not stand there (``is_sure``: the look-up was proof)."""
    if not is_sure and _span(MatchedBy.INITIALS, row.name_key, query.letters) is None:
        return None
    return _by_sound(row, MatchedBy.INITIALS)


def mark(hit: Hit, query: Query) -> Hit:
    """A hit by sound with the characters marked that sound so: done for the hits that are shown, not for all."""
    if hit.matched_by not in {MatchedBy.PINYIN, MatchedBy.INITIALS}:
        return hit
    key = names.key(hit.matched_text)
    if len(key) != len(hit.matched_text):
        return hit
    return replace(hit, marked=_span(hit.matched_by, key, query.letters))


def best(hits: list[Hit]) -> list[Hit]:
    """One hit an organisation, its best; the best organisation first, in an order that paging can rely on."""
    top: dict[int, Hit] = {}
    for hit in hits:
        held = top.get(hit.subject_id)
        if held is None or hit.score > held.score:
            top[hit.subject_id] = hit
    return sorted(top.values(), key=lambda hit: (-hit.score, hit.name, hit.subject_id))


def _by_sound(row: Row, kind: MatchedBy) -> Hit:
    return _hit(row, kind, _BAND[kind], row.matched, None, rest=len(row.name_key))


def _span(kind: MatchedBy, key: str, letters: str) -> tuple[int, int] | None:
    """The characters that sound like ``letters``: whole syllables from the first on, or initials."""
    spelled = pinyin.syllables(key)
    if kind is MatchedBy.INITIALS:
        at = pinyin.initials(spelled).find(letters)
        return None if at < 0 else (at, at + len(letters))
    whole, ends, at = "".join(spelled), [0, *accumulate(map(len, spelled))], -1
    while (at := whole.find(letters, at + 1)) >= 0:
        if at in ends:
            return ends.index(at), bisect_left(ends, at + len(letters))
    return None


def _hit(
    row: Row, kind: MatchedBy, band: float, matched: str, marked: tuple[int, int] | None, *, rest: int
) -> Hit:  # fmt: skip
    cost = _STATUS_COST.get(row.status, 0.02) + _LENGTH_COST * min(rest, _LONG) / _LONG
    return Hit(
        row.subject_id, row.code, row.name, row.subject_class, row.status, row.region_code, kind, matched,
        round(band - cost, 4), marked,
    )  # fmt: skip
