"""Three crawlers, from one address and from many, on a simulated clock: ten minutes bring them no more than the bound says.

Small limits, so that the suite has the time; the shipped ones, on a running server: tools/evidence/portal.py (S3-37, T7).
"""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.intake import made
from tests.portal import crawlers
from tests.portal.crawlers import Crawler, Page
from xinyong.web import limits, lookups, proof

#: Shown in ten minutes: 25 at once and one a minute.
SHOWN = (25, 1)
BOUND = 35


@pytest.fixture
def ask(town: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch) -> crawlers.Ask:
    settings.RATE_LIMITS_ON = True
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"look-up": (20, 3), "shown": SHOWN, "proof": (2, 0.2)}
    monkeypatch.setattr(proof, "BITS", 4)
    monkeypatch.setattr(lookups, "BOUGHT", 10)
    limits.sweep(now=made.NOW + timedelta(days=1))
    browser = Client()

    def answer(method: str, path: str, address: str, form: dict[str, str]) -> Page:
        send = browser.post if method == "POST" else browser.get
        got = send(path, form, REMOTE_ADDR=address) if form else send(path, REMOTE_ADDR=address)
        return Page(got.status_code, got.content.decode(), int(got.headers.get("Retry-After", 0)))

    return answer


def made_by(strategy: str, town: list[str]) -> Crawler:
    seeds = ("科技", "有限", "云溪", "星河", "瑞祥", "宏达", "鑫盛", "恒泰")
    return {
        "codes": lambda: crawlers.by_codes(town),
        "links": crawlers.by_links,
        "names": lambda: crawlers.by_names(seeds),
    }[strategy]()


def crawl(crawler: Crawler, addresses: list[str], ask: crawlers.Ask, *, minutes: float = 10) -> int:
    with time_machine.travel(made.NOW + timedelta(hours=1), tick=False) as clock:
        crawlers.simulate(
            [(crawler, address) for address in addresses], ask, seconds=60 * minutes,
            move=lambda at: clock.move_to(made.NOW + timedelta(hours=1, seconds=at)),
        )  # fmt: skip
    assert crawler.persons == set()
    return len(crawler.found)


@pytest.mark.parametrize("strategy", ["codes", "links", "names"])
def test_one_address_gets_no_more_than_the_bound(town: list[str], ask: crawlers.Ask, strategy: str) -> None:
    crawler = made_by(strategy, town)
    found = crawl(crawler, ["203.0.113.5"], ask)
    assert 10 <= found <= BOUND
    assert crawler.refused
    assert crawler.found <= set(town)


def test_addresses_of_one_network_get_four_times_that_together(town: list[str], ask: crawlers.Ask) -> None:
    found = crawl(made_by("names", town), [f"198.51.100.{n}" for n in range(1, 9)], ask, minutes=4)
    assert BOUND < found <= limits.NEIGHBOURHOOD * (SHOWN[0] + 4 * SHOWN[1])


def test_without_the_bound_the_same_crawler_has_everybody(town: list[str], ask: crawlers.Ask, settings: Any) -> None:
    settings.RATE_LIMITS_ON = False
    assert crawl(made_by("codes", town), ["203.0.113.5"], ask, minutes=1 / 15) >= 2 * BOUND
