"""Notes beside a datum: what counts as the same value."""

import pytest

from xinyong.records import annotations


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("0.10", "0.1"), ("1,000", "1000"), ("1000.00", "1 000"), ("0", "0.0"), ("甲 公司", "甲公司"), ("-1.50", "-1.5")],
)
def test_a_value_set_otherwise_is_no_other_value(said: str, wanted: str) -> None:
    assert annotations.is_same(said, wanted)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("0012", "12"), ("0.1", "0.01"), ("10", "1"), ("1,00", "100"), ("", "0"), ("１", "1"), ("1e3", "1000")],
)
def test_what_is_no_amount_is_compared_as_it_stands(said: str, wanted: str) -> None:
    assert not annotations.is_same(said, wanted)
