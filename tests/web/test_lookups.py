"""Look-ups: free at first, then for a proof of work or some patience; and a bound on what is shown that no proof moves."""

import hashlib
import itertools
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client, RequestFactory

from xinyong.kernel.clock import ZONE
from xinyong.web import limits, lookups, proof
from xinyong.web.limits import TooMany

NOW = datetime(2026, 11, 21, 10, tzinfo=ZONE)
ME, NEIGHBOUR, STRANGER = "192.0.2.7", "192.0.2.8", "198.51.100.9"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock_and_limits(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two look-ups, puzzles that are solved in no time, and a clock that a test moves."""
    settings.RATE_LIMITS_ON = True
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"look-up": (2, 6), "shown": (30, 6), "proof": (2, 0.6)}
    monkeypatch.setattr(lookups, "BOUGHT", 1)
    monkeypatch.setattr(proof, "BITS", 6)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def solve(seed: str, bits: int) -> str:
    """What a browser does."""
    for counter in itertools.count():
        digest = hashlib.sha256(f"{seed}:{counter}".encode()).digest()
        if int.from_bytes(digest) >> (256 - bits) == 0:
            return str(counter)
    raise AssertionError


def ask(client: Client, address: str = ME, path: str = "/search") -> Any:
    return client.get(path, REMOTE_ADDR=address)


def puzzle(answer: Any) -> dict[str, str]:
    """The form of the page that asks for a proof, solved."""
    html = answer.content.decode()
    fields = {n: unescape(v) for n, v in re.findall(r'name="(token|next)" value="([^"]*)"', html)}
    seed, bits = re.search(r'data-seed="(\w+)" data-bits="(\d+)"', html).groups()  # type: ignore[union-attr]
    return fields | {"counter": solve(seed, int(bits)), "bits": bits}


def send(client: Client, solved: dict[str, str], address: str = ME) -> Any:
    return client.post("/continue/", solved, REMOTE_ADDR=address)


def test_a_proof_of_work_opens_the_page_that_was_asked_for(client: Client) -> None:
    assert [ask(client).status_code for _ in range(2)] == [200, 200]
    asked = ask(client, path="/search?person=1&x=%22%3E")
    assert (asked.status_code, asked["Retry-After"], asked["Cache-Control"]) == (429, "10", "no-store")
    answer = send(client, puzzle(asked))
    assert (answer.status_code, answer["Location"]) == (303, "/search?person=1&x=%22%3E")
    assert ask(client).status_code == 200
    assert ask(client).status_code == 429


def test_without_javascript_it_is_enough_to_wait(client: Client, clock_and_limits: Any) -> None:
    asked = [ask(client) for _ in range(3)][-1].content.decode()
    assert "请等 10 秒，再打开您要的页面" in asked
    assert '<form class="proof" id="proof"' in asked
    assert " hidden>" in asked  # only the script shows it
    clock_and_limits.shift(10)
    assert ask(client).status_code == 200


def test_each_further_puzzle_is_harder_until_there_are_no_more(client: Client) -> None:
    bits = []
    for _ in range(2):
        while (asked := ask(client)).status_code == 200:
            pass
        solved = puzzle(asked)
        bits.append(int(solved["bits"]))
        assert send(client, solved).status_code == 303
    while (asked := ask(client)).status_code == 200:
        pass
    assert bits == [6, 7]
    assert b"data-seed" not in asked.content
    assert "请等" in asked.content.decode()


def _worn(client: Client, address: str = ME) -> Any:
    while (asked := ask(client, address)).status_code == 200:
        pass
    return asked


@pytest.mark.parametrize("fault", ["twice", "late", "elsewhere", "wrong", "altered", "easier", "empty", "long"])
def test_a_proof_is_good_once_in_time_and_in_its_network(client: Client, clock_and_limits: Any, fault: str) -> None:
    asked = _worn(client)
    solved, address = puzzle(asked), ME
    if fault == "twice":
        assert send(client, solved).status_code == 303
    elif fault == "late":
        clock_and_limits.shift(proof.GOOD_FOR + 1)
    elif fault == "elsewhere":
        address = STRANGER
    elif fault == "wrong":
        seed = re.search(r"(?<=data-seed=\")\w+", asked.content.decode())[0]  # type: ignore[index]
        solved["counter"] = next(str(n) for n in range(99) if not proof.is_solution(seed, str(n), 6))
    elif fault == "altered":
        solved["token"] = solved["token"][:-1] + ("A" if solved["token"][-1] != "A" else "B")
    elif fault == "easier":
        solved["token"] = "WyJhIiwwLCJiIl0:" + solved["token"].split(":", 1)[1]
    elif fault == "empty":
        solved = {}
    else:
        solved["counter"] = "9" * 5000
    assert send(client, solved, address).status_code == 400


def test_a_neighbour_may_send_what_another_solved_but_not_both(client: Client) -> None:
    solved = puzzle(_worn(client))  # an address changes within its network on the way: a phone
    assert [send(client, solved, who).status_code for who in (NEIGHBOUR, ME)] == [303, 400]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/continue/", ""])
def test_after_a_proof_nobody_is_led_elsewhere(client: Client, target: str) -> None:
    answer = send(client, puzzle(_worn(client)) | {"next": target})
    assert (answer.status_code, answer["Location"]) == (303, "/")


def test_what_is_shown_is_bounded_and_no_proof_moves_that(rf: RequestFactory, clock_and_limits: Any) -> None:
    request = rf.get("/", REMOTE_ADDR=ME)
    lookups.shown(request, 20)
    lookups.shown(request, 10)
    with pytest.raises(TooMany) as refused:
        lookups.shown(request, 10)
    assert refused.value.facts["retry_after"] == 100
    limits.give_back(limits.named("look-up"), address=ME, now=NOW, tokens=50)
    with pytest.raises(TooMany):
        lookups.shown(request, 1)
    clock_and_limits.shift(100)
    lookups.shown(request, 10)


def test_whom_their_own_limit_stops_costs_the_neighbours_nothing(rf: RequestFactory) -> None:
    lookups.shown(rf.get("/", REMOTE_ADDR=ME), 30)
    for _ in range(50):
        with pytest.raises(TooMany):
            lookups.shown(rf.get("/", REMOTE_ADDR=ME), 30)
    _, network = limits.levels(limits.named("shown"), address=ME, now=NOW)
    assert network == 30 * limits.NEIGHBOURHOOD - 30


def test_a_network_shares_four_times_what_one_has(rf: RequestFactory) -> None:
    for host in range(limits.NEIGHBOURHOOD):
        lookups.shown(rf.get("/", REMOTE_ADDR=f"203.0.113.{host}"), 30)
    with pytest.raises(TooMany):
        lookups.shown(rf.get("/", REMOTE_ADDR="203.0.113.99"), 1)
    lookups.shown(rf.get("/", REMOTE_ADDR=STRANGER), 30)


def test_an_ipv4_address_written_as_ipv6_is_the_same_client(rf: RequestFactory) -> None:
    lookups.shown(rf.get("/", REMOTE_ADDR=ME), 30)
    with pytest.raises(TooMany):
        lookups.shown(rf.get("/", REMOTE_ADDR=f"::ffff:{ME}"), 1)


def test_switched_off_nothing_is_counted(rf: RequestFactory, settings: Any) -> None:
    settings.RATE_LIMITS_ON = False
    for _ in range(20):
        lookups.shown(rf.get("/", REMOTE_ADDR=ME), 30)
        assert lookups.look_up(lambda request: HttpResponse())(rf.get("/", REMOTE_ADDR=ME)).status_code == 200


def test_the_shipped_limits_keep_twenty_addresses_below_five_thousand_organisations(settings: Any) -> None:
    from xinyong.config import settings as shipped

    burst, per_minute = shipped.RATE_LIMITS["shown"]
    client = burst + 10 * per_minute
    assert 20 * client <= 5_000  # 0.5 % of a million, wherever the twenty stand
    assert 5 * limits.NEIGHBOURHOOD * client <= 5_000  # five whole networks
