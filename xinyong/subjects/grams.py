"""The words that search looks up: what is kept of a name in ``grams``, and what a query asks of it. Pure functions.

Every kind of look-up is a necessary condition over exact or prefix lexemes; the finder rechecks the text itself.

- ``星河``: two neighbouring characters of the name key (fragments of two and more characters)
- ``xing-he``: two neighbouring syllables (pinyin fragments; a single syllable by prefix ``xing-``)
- ``.xhkj``: four initials in a row, fewer at the end (initials; two or three letters by prefix)
- ``=星河``: the whole trade name (字号)
- ``c:enterprise``, ``r:990101``, ``r:9901``: class and region, so that a filter narrows the look-up and not its result

Pairs inside the legal form (有限公司) stand in four names out of five and would make the longest lists for nothing, so
they are left out of the index and of the query alike.
"""

from collections.abc import Iterable
from itertools import pairwise

from xinyong.subjects import pinyin

#: Pairs of the legal forms of companies.
_FORM_PAIRS = frozenset({"有限", "限公", "公司", "限责", "责任", "任公", "股份", "份有"})
_WINDOW = 4
#: A name key is indexed up to this many characters; longer ones are not names.
LONGEST = 200


def of_name(name_key: str, *, trade_key: str) -> str:
    """The lexemes of one name, separated by blanks (a name key holds none). Class and region are added by the database
    (function ``subject_places``), which knows them when they change."""
    key = name_key[:LONGEST]
    spelled = pinyin.syllables(key)
    letters = "".join([syllable[0] for syllable in spelled])
    found = {"." + letters[at : at + _WINDOW] for at in range(len(letters))}
    for at in range(len(key) - 1):
        pair = key[at : at + 2]
        if pair not in _FORM_PAIRS:
            found.add(pair)
            found.add(f"{spelled[at]}-{spelled[at + 1]}")
    if key and key[-2:] not in _FORM_PAIRS:
        found.add(f"{spelled[-1]}-")
    if trade_key:
        found.add("=" + trade_key)
    return " ".join(found)


def filters(*, subject_class: str | None, region_code: str | None) -> list[str]:
    """Query terms that narrow to a class and to a region (a province-wide filter narrows nothing here)."""
    terms = [quoted(f"c:{subject_class}")] if subject_class else []
    region = region_stem(region_code or "")
    if len(region) in {4, 6}:
        terms.append(quoted(f"r:{region}"))
    return terms


def region_stem(region_code: str) -> str:
    """The digits that say something: 990000 → 99, 990100 → 9901, 990101 → 990101."""
    stem = region_code[:6]
    while len(stem) > 2 and stem.endswith("00"):
        stem = stem[:-2]
    return stem


def of_fragments(parts: Iterable[str]) -> list[str]:
    """Query terms of fragments in characters: names that hold all of ``parts`` hold all of these. Empty when the parts
    say nothing the index knows (one character, or only a legal form)."""
    pairs = [part[at : at + 2] for part in parts for at in range(len(part) - 1)]
    return [quoted(pair) for pair in dict.fromkeys(pairs) if pair not in _FORM_PAIRS]


def of_trade_name(trade_key: str) -> str:
    """Query term of a whole trade name."""
    return quoted("=" + trade_key)


def of_syllables(whole: list[str], begun: str) -> list[str]:
    """Query terms of syllables in a row, the last one perhaps only begun."""
    rows = [f"{first}-{second}" for first, second in pairwise(whole)]
    terms = [quoted(row) for row in dict.fromkeys(rows) if row not in _form_syllables()]
    if whole and begun:
        terms.append(quoted(f"{whole[-1]}-{begun}") + ":*")
    elif len(whole) == 1:
        terms.append(quoted(f"{whole[0]}-") + ":*")
    elif begun:
        terms.append(quoted(begun) + ":*")
    return terms


def of_initials(letters: str) -> list[str]:
    """Query terms of two or more initials in a row."""
    if len(letters) < _WINDOW:
        return [quoted("." + letters) + ":*"]
    windows = [letters[at : at + _WINDOW] for at in range(len(letters) - _WINDOW + 1)]
    return [quoted("." + window) for window in dict.fromkeys(windows)]


def every(terms: Iterable[str]) -> str:
    """A query all of whose terms must hold."""
    return " & ".join(terms)


def quoted(lexeme: str) -> str:
    """A lexeme as text search reads it, whatever characters it holds."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _form_syllables() -> frozenset[str]:
    return frozenset("-".join(pinyin.syllables(pair)) for pair in _FORM_PAIRS)
