"""Machines beyond the places of a process are asked to come back; nothing of them is read, counted or kept."""

import json
from typing import Any

import pytest
from django.test import Client, override_settings

from tests.exchange.conftest import Door
from xinyong.exchange.api import catalogue
from xinyong.exchange.crowds import Crowded, Places

PATH = "/api/v1/catalogue/items/admin-penalty-org"


def test_who_finds_no_place_is_asked_to_come_back_and_later_does(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    current, headers = catalogue.publish.current, {"Authorization": f"Bearer {door.full.token()}"}
    with override_settings(API_AT_ONCE=1):
        client = Client(headers=headers)

        def meanwhile(item_id: str) -> Any:
            told.append(client.get(PATH))
            return current(item_id)

        with monkeypatch.context() as patched:
            patched.setattr(catalogue.publish, "current", meanwhile)
            assert client.get(PATH).status_code == 200
        (refused,) = told
        assert (refused.status_code, json.loads(refused.content)["code"]) == (429, "exchange.crowded")
        assert 1 <= int(refused["Retry-After"]) <= 3
        assert [client.get(PATH).status_code for _ in range(3)] == [200, 200, 200]


def test_places_are_counted_and_none_means_any_number() -> None:
    two = Places(2)
    assert [two.take(), two.take()] == [True, True]
    with pytest.raises(Crowded):
        two.take()
    two.give_back()
    assert two.take()
    assert [Places(0).take() for _ in range(5)] == [False] * 5
