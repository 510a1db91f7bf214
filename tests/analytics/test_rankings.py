"""Ranking: ties, groups, caps, last places."""

from decimal import Decimal

import pytest

from xinyong.analytics import rankings
from xinyong.analytics.rates import Figure, Line

WEIGHTS = {"reporting": 30, "timeliness": 70}


def _line(
    key: str, timeliness: tuple[int, int | None], reporting: tuple[int, int | None] = (0, None), group: str = "a"
) -> Line:
    figures = {"timeliness": Figure("timeliness", *timeliness), "reporting": Figure("reporting", *reporting)}
    return Line(key, key, key, figures, group)


def test_equal_scores_share_a_rank_and_the_next_is_skipped() -> None:
    lines = [
        _line("a", (9, 10)),
        _line("b", (10, 10)),
        _line("c", (90, 100)),
        _line("d", (1, 2)),
        _line("e", (0, None)),
    ]
    placed = rankings.rank(lines, WEIGHTS)
    assert [(one.key, one.rank, one.size) for one in placed] == [
        ("b", 1, 4), ("a", 2, 4), ("c", 2, 4), ("d", 4, 4), ("e", None, 4),
    ]  # fmt: skip


def test_groups_are_ranked_apart() -> None:
    placed = rankings.rank([_line("a", (1, 2)), _line("b", (1, 3), group="z")], WEIGHTS)
    assert [(one.key, one.group, one.rank, one.size) for one in placed] == [("a", "a", 1, 1), ("b", "z", 1, 1)]


def test_more_than_declared_buys_no_place() -> None:
    assert rankings.score(_line("a", (1, 2), (300, 100)), WEIGHTS) == Decimal("65.00")


def test_a_rate_that_is_not_there_leaves_its_weight_to_the_others() -> None:
    assert rankings.score(_line("a", (3, 4)), WEIGHTS) == Decimal("75.00")
    assert rankings.score(_line("a", (0, None)), WEIGHTS) is None


@pytest.mark.parametrize(
    ("scores", "count", "last"),
    [
        ([10, 9, 8], 1, {"2"}),
        ([10, 8, 8], 1, {"1", "2"}),
        ([10, 9, 8, 7], 2, {"2", "3"}),
        ([10, 8, 8, 7], 2, {"1", "2", "3"}),
        ([9, 9, 9], 1, set()),
        ([9], 1, set()),
        ([9, 8], 5, {"1"}),
    ],
)
def test_who_is_last(scores: list[int], count: int, last: set[str]) -> None:
    placed = rankings.rank([_line(str(n), (score, 10)) for n, score in enumerate(scores)], WEIGHTS)
    assert rankings.last(placed, count).get("a", set()) == last


def test_weights_are_read_from_the_setting() -> None:
    assert rankings.weights("reporting:30 timeliness:70") == WEIGHTS
    for wrong in ("", "reporting", "reporting:-1", "reporting:0", "late:10"):
        with pytest.raises(rankings.BadWeights):
            rankings.weights(wrong)
