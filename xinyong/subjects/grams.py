"""The words that search looks up: what is kept of a name in ``grams``, and what a query asks of it. Pure functions.

Every kind of look-up is a necessary condition over exact or prefix lexemes; the finder rechecks the text itself.

- ``星河``: two neighbouring characters of the name key (fragments of two and more characters)
- ``xing-he``: two neighbouring syllables (pinyin fragments; a single syllable by prefix ``xing-``)
- ``.xhkj``: four initials in a row, fewer at the end (initials; three letters by prefix); ``.xh``: two in a row
- ``=星河``: the whole trade name (字号)
- ``c:enterprise``, ``r:990101``, ``r:9901``: class and region, so that a filter narrows the look-up and not its result
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from xinyong.subjects import pinyin

_WINDOW = 4
#: A name key is indexed up to this many characters; longer ones are not names.
LONGEST = 200
#: Terms that are asked together. Each list of a common lexeme is read wherever a rare one points: three narrow enough.
_TOGETHER = 3

#: Picks from lexemes those worth asking together.
Rarest = Callable[[list[str]], list[str]]


def of_name(name_key: str, *, trade_key: str) -> str:
    """The lexemes of one name, separated by blanks (a name key holds none). Class and region are added by the database
    (function ``subject_places``), which knows them when they change."""
    key = name_key[:LONGEST]
    spelled = pinyin.syllables(key)
    letters = "".join([syllable[0] for syllable in spelled])
    found = {"." + letters[at : at + _WINDOW] for at in range(len(letters))}
    for at in range(len(key) - 1):
        found.add("." + letters[at : at + 2])
        found.add(key[at : at + 2])
        found.add(f"{spelled[at]}-{spelled[at + 1]}")
    if key:
        found.add(f"{spelled[-1]}-")
    if trade_key:
        found.add("=" + trade_key)
    return " ".join(found)


def filters(*, subject_class: str | None, region_code: str | None) -> list[str]:
    """Query terms that narrow to a class and to a region (a province-wide filter narrows nothing here)."""
    terms = [quoted(f"c:{subject_class}")] if subject_class else []
    region = region_stem(region_code or "")[:6]
    if len(region) in {4, 6}:
        terms.append(quoted(f"r:{region}"))
    return terms


def region_stem(region_code: str) -> str:
    """The digits that say something: 990000 → 99, 990100 → 9901, 990101 → 990101, 990101003000 → 990101003."""
    stem = region_code
    while len(stem) > 6 and stem.endswith("000"):
        stem = stem[:-3]
    while 2 < len(stem) <= 6 and stem.endswith("00"):
        stem = stem[:-2]
    return stem


def of_fragments(parts: Iterable[str], *, rarest: Rarest) -> str:
    """Query for fragments in characters; empty when no part has two."""
    return _every(rarest([part[at : at + 2] for part in parts for at in range(len(part) - 1)]))


def of_trade_name(trade_key: str) -> str:
    """Query for a whole trade name."""
    return quoted("=" + trade_key)


def of_syllables(whole: list[str], begun: str, *, rarest: Rarest) -> str:
    """Query for syllables in a row, the last one perhaps only begun."""
    terms = _every(rarest([f"{first}-{second}" for first, second in pairwise(whole)]))
    if whole and begun:
        last = quoted(f"{whole[-1]}-{begun}") + ":*"
        return f"{terms} & {last}" if terms else last
    return terms or quoted(f"{whole[0]}-" if whole else begun) + ":*"


def of_initials(letters: str, *, rarest: Rarest) -> str:
    """Query for two or more initials in a row."""
    if len(letters) == 2:
        return quoted("." + letters)
    if len(letters) < _WINDOW:
        return quoted("." + letters) + ":*"
    return _every(rarest(["." + letters[at : at + _WINDOW] for at in range(len(letters) - _WINDOW + 1)]))


def is_sure(words: str) -> bool:
    """True when a name that answers the query needs no second look: each way is one lexeme."""
    return " & " not in words


def rarest_by(common: Mapping[str, float]) -> Rarest:
    """Picks the terms worth asking, by how often the common lexemes stand; all when nothing is known of that."""
    most = _TOGETHER if common else None
    return lambda lexemes: sorted(dict.fromkeys(lexemes), key=lambda lexeme: common.get(lexeme, 0.0))[:most]


def quoted(lexeme: str) -> str:
    """A lexeme as text search reads it, whatever characters it holds."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _every(lexemes: Iterable[str]) -> str:
    return " & ".join(quoted(lexeme) for lexeme in lexemes)
