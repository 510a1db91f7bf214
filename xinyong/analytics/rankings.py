"""Ranking: a composite of weighted rates, ties, groups that can be compared, and who stays in the last places. Pure.

The weights and how many last places count are the city's own (settings); no official ones were found [M]. A rate above
100 % counts as 100 %: nobody climbs by declaring too little. A rate that a unit does not have falls out and the others
weigh more; with none at all it has no rank.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from xinyong.analytics.definitions import rate
from xinyong.analytics.rates import Line
from xinyong.kernel.errors import Invalid

#: Scores are compared as they are printed: 97.53.
_PRINTED = Decimal("0.01")


class BadWeights(Invalid):
    """The setting of weights cannot be used."""

    code = "analytics.bad-weights"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a group. ``score`` 0 to 100, ``rank`` from 1; both None for who has no figure at all."""

    key: str
    name: str
    group: str
    score: Decimal | None
    rank: int | None
    size: int
    rates: tuple[str, ...]


def weights(text: str) -> dict[str, int]:
    """``"reporting:30 compliance:30"`` as rate → weight. Raises BadWeights, UnknownRate."""
    found: dict[str, int] = {}
    for part in text.split():
        name, sign, number = part.partition(":")
        if not sign or not number.isascii() or not number.isdecimal() or int(number) == 0 or not rate(name).is_up_good:
            raise BadWeights(
                f"权重写法有误：“{part}”。应写成 指标:权重，权重为正整数，且指标越高越好。",
                f"Bad weight {part!r}: write rate:weight, a positive whole number, of a rate whose rise is good.",
            )
        found[name] = int(number)
    if not found:
        raise BadWeights("没有设定排名权重。", "No weights are set.")
    return found


def score(line: Line, weighed: Mapping[str, int]) -> Decimal | None:
    """The composite, 0 to 100 with two decimals; None when none of its rates is there."""
    parts = [
        (min(value, Decimal(1)), weight)
        for name, weight in weighed.items()
        if (value := _value(line, name)) is not None
    ]
    whole = sum(weight for _, weight in parts)
    if not whole:
        return None
    exact = sum((value * weight for value, weight in parts), Decimal(0)) * 100 / whole
    return exact.quantize(_PRINTED, ROUND_HALF_UP)


def rank(lines: Iterable[Line], weighed: Mapping[str, int]) -> list[Place]:
    """The places of each group, best first; equal scores share a rank and the next rank is skipped. Who has no score
    stands last, without rank."""
    groups: dict[str, list[tuple[Line, Decimal | None]]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append((line, score(line, weighed)))
    return [place for group in sorted(groups) for place in _ranked(group, groups[group], weighed)]


def last(places: Sequence[Place], count: int) -> dict[str, set[str]]:
    """Group → who stands in its last ``count`` places: fewer than so many are worse. Where all are equal nobody is last;
    a group of one has no last."""
    found: dict[str, set[str]] = {}
    for group in {one.group for one in places}:
        scores = [(one.key, one.score) for one in places if one.group == group and one.score is not None]
        values = [value for _, value in scores]
        if len(set(values)) > 1:
            best = max(values)
            found[group] = {key for key, own in scores if own != best and sum(value < own for value in values) < count}
    return found


def _ranked(group: str, held: list[tuple[Line, Decimal | None]], weighed: Mapping[str, int]) -> list[Place]:
    values = [value for _, value in held if value is not None]
    made = [
        Place(
            line.key, line.zh, group, value, None if value is None else 1 + sum(other > value for other in values), len(values),
            tuple(line.figures[name].percent if name in line.figures else "—" for name in weighed),
        )
        for line, value in held
    ]  # fmt: skip
    return sorted(made, key=lambda one: (one.rank is None, one.rank or 0, one.key))


def _value(line: Line, name: str) -> Decimal | None:
    figure = line.figures.get(name)
    return figure.value if figure else None
