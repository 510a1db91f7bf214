"""Machines beyond the places of a process are asked to come back; nothing of them is read, counted or kept."""

import json
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from tests.conftest import ROOT
from tests.exchange.conftest import Door
from tests.exchange.test_handing_in import body, rows_of
from xinyong.exchange import bodies
from xinyong.exchange.api import catalogue
from xinyong.exchange.crowds import Crowded, Entry, Places, Turns

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


def test_one_at_a_time_has_the_turn_and_who_waited_long_enough_goes_on_without_it(tmp_path: Path) -> None:
    here, elsewhere = (
        Turns(tmp_path / "turn", patience=0.05) for _ in range(2)
    )  # two processes open the file for themselves
    assert here.take()
    assert not here.take()
    assert not elsewhere.take()
    here.give_back()
    assert elsewhere.take()
    elsewhere.give_back()
    assert here.take()


def test_whoever_waits_has_the_turn_as_soon_as_it_is_given_back(tmp_path: Path) -> None:
    here, elsewhere = (Turns(tmp_path / "turn", patience=30) for _ in range(2))
    among, most, done = 0, 0, 0

    def work(turns: Turns) -> None:
        nonlocal among, most, done
        for _ in range(20):
            assert turns.take()
            among += 1
            most = max(most, among)
            time.sleep(0.001)
            among, done = among - 1, done + 1
            turns.give_back()

    assert here.take()
    waiting = [threading.Thread(target=work, args=[one]) for one in (here, here, elsewhere)]
    for one in waiting:
        one.start()
    time.sleep(0.05)
    assert done == 0
    here.give_back()
    for one in waiting:
        one.join(60)
    assert (done, most) == (60, 1)


def test_a_process_that_ends_gives_the_turn_back(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from xinyong.exchange.crowds import Turns\n"
        "assert Turns(Path(sys.argv[1])).take(); print('taken', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "turn")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"taken\n"
        here = Turns(tmp_path / "turn", patience=0.05)
        assert not here.take()
        other.kill()
    assert here.take()


def test_where_the_file_cannot_be_had_nobody_waits_and_later_it_is(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "folder" / "turn", patience=30)
    began = time.monotonic()
    assert [turns.take(), turns.take()] == [False, False]
    assert time.monotonic() - began < 15, "the second did not wait for the first"
    (tmp_path / "folder").mkdir()
    assert turns.take()


def test_while_a_body_comes_in_others_have_the_turn(tmp_path: Path) -> None:
    here, elsewhere = (Turns(tmp_path / "turn", patience=0.05) for _ in range(2))
    entry = Entry(Places(1), here)
    assert not elsewhere.take()
    with entry.aside():
        assert elsewhere.take()
        elsewhere.give_back()
    assert not elsewhere.take()
    entry.leave()
    assert elsewhere.take()
    elsewhere.give_back()


def test_a_body_that_comes_slowly_holds_nobody_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one machine's rows come in, another one's question is answered; afterwards the rows are taken."""
    told: list[int] = []
    spool, headers = bodies.spool, {"Authorization": f"Bearer {door.full.token()}"}
    with override_settings(API_AT_ONCE=2):
        client, other = Client(headers=headers), Turns(Path(settings.XINYONG_HOME, "machines.turn"), patience=0.05)

        def slowly(request: Any, to: Path) -> bytes:
            told.append(other.take())
            other.give_back()
            return spool(request, to)

        monkeypatch.setattr(bodies, "spool", slowly)
        answer = client.post(
            "/api/v1/submissions", body(rows_of(door)), content_type="application/json",
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )  # fmt: skip
    assert (told, answer.status_code) == ([True], 202), answer.content
    assert other.take(), "the request that is over has given the turn back"
    other.give_back()
