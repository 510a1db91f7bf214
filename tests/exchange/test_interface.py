"""The interface under made-up input: every operation, every caller, nothing fails, every answer is as described (B3)."""

import inspect

import pytest
from ninja import Schema

from tests.exchange.conftest import Door
from tests.exchange.fuzz import fuzz
from xinyong.exchange import api
from xinyong.exchange.api import catalogue
from xinyong.exchange.door import WAYS


def test_every_operation_answers_everybody_as_described_and_none_fails(door: Door) -> None:
    found = fuzz(door, examples=4, others=1)
    assert found.failures == []
    assert found.worst < 500
    roles = {role for role, _ in found.seen}
    assert roles == {"anonymous", "full", "narrow", "sandbox", "disabled", "partner"}
    assert {name for _, name in found.seen} == {*WAYS, "token"}
    assert len(found.seen) == len(roles) * (len(WAYS) + 1)
    assert found.reached >= {*WAYS, "token"} - {"submission_cancel"}  # which takes one that still waits


def test_a_planted_failure_is_found(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(item_id: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(catalogue.publish, "current", broken)
    found = fuzz(door, examples=2, only="catalogue_item", roles=("full",))
    assert found.worst == 500
    assert any("Server error" in one for one in found.failures)


def test_no_two_parts_of_the_description_bear_the_same_name() -> None:
    names = [
        name
        for module in api.__all__
        for name, one in vars(getattr(api, module)).items()
        if inspect.isclass(one) and issubclass(one, Schema) and one.__module__.endswith(f".{module}")
    ]
    assert len(names) == len(set(names)) > 15
