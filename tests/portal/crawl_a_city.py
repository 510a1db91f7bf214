"""Crawls the city of this data directory, whose pages are being served, with the shipped limits; prints what was got as JSON.

    python -m tests.portal.crawl_a_city http://127.0.0.1:8000 --simulated 600 --real 120

Two measurements. *Simulated*: the program's own views in this process, on a clock that runs through the given seconds; proofs
of work cost the crawler nothing, so the figure does not depend on how quick its machine is. *Real*: HTTP against the running
server, which believes our X-Forwarded-For (XINYONG_PROXIES=1); proofs are really solved, by many up to 18 bits.
"""

import argparse
import json
import os
import random
import sys
import time
from datetime import timedelta
from typing import Any

import django


def main() -> None:
    """Both measurements, for every strategy and spread of addresses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--simulated", type=float, default=600)
    parser.add_argument("--real", type=float, default=120)
    parser.add_argument("--spread", action="append", choices=list(SPREADS), help="only these; all unless given")
    asked = parser.parse_args()
    django.setup()
    for one in SPREADS.keys() - set(asked.spread or SPREADS):
        del SPREADS[one]
    told = {"simulated": simulated(asked.simulated), "real": real(asked.url, asked.real)}
    print(json.dumps(told, ensure_ascii=False, indent=1))  # noqa: T201


#: name → (addresses, networks they stand in)
SPREADS = {"one address": (1, 1), "twenty in four networks": (20, 4), "twenty in twenty networks": (20, 20)}
STRATEGIES = ("codes", "links", "names")
_SEEDS = (
    "科技", "有限", "云溪", "商贸", "建筑", "物流", "餐饮", "农业", "中心", "医院", "学校", "合作", "装饰", "汽车",
    "电子", "食品", "服装", "宏达", "鑫盛", "恒泰",
)  # fmt: skip


def _codes() -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM subjects_subject WHERE code IS NOT NULL ORDER BY code")
        found = [code for (code,) in cursor.fetchall()]
    random.Random(37).shuffle(found)
    return found


def _crawlers(known: list[str], *, block: int, hardest: int) -> list[tuple[str, Any, list[str]]]:
    from tests.portal import crawlers

    made = []
    for s, strategy in enumerate(STRATEGIES):
        for p, (spread, (addresses, networks)) in enumerate(SPREADS.items()):
            crawler = {
                "codes": lambda: crawlers.by_codes(known),
                "links": crawlers.by_links,
                "names": lambda: crawlers.by_names(_SEEDS),
            }[strategy]()
            crawler.hardest = hardest if addresses > 1 else 23
            # Networks of its own for each run, crawler and spread: nobody's earlier look-ups count.
            at = [f"{block}.{os.getpid() % 250}.{s * 64 + p * 20 + n % networks}.{n + 1}" for n in range(addresses)]
            made.append((f"{strategy}, {spread}", crawler, at))
    return made


def _told(crawler: Any, seconds: float) -> dict[str, Any]:
    return {
        "organisations": len(crawler.found), "persons": len(crawler.persons), "asked": crawler.asked,
        "refused": crawler.refused, "proofs": crawler.solved, "seconds": round(seconds),
    }  # fmt: skip


def simulated(seconds: float) -> dict[str, Any]:
    """Each crawler by itself, through so many seconds of a simulated clock."""
    import time_machine
    from django.conf import settings
    from django.test import Client

    from tests.portal import crawlers
    from tests.portal.crawlers import Page
    from xinyong.kernel import clock
    from xinyong.web import proof

    settings.RATE_LIMITS_ON, settings.TRUSTED_PROXIES = True, 0
    proof.BITS = proof.HARDEST = 1
    browser, start, told = Client(), clock.now(), {}

    def ask(method: str, path: str, address: str, form: dict[str, str]) -> Page:
        answer = (browser.post if method == "POST" else browser.get)(path, form or None, REMOTE_ADDR=address)
        return Page(answer.status_code, answer.content.decode(), int(answer.headers.get("Retry-After", 0)))

    for name, crawler, addresses in _crawlers(_codes(), block=11, hardest=23):
        began = time.monotonic()
        with time_machine.travel(start, tick=False) as moved:
            crawlers.simulate(
                [(crawler, one) for one in addresses], ask, seconds=seconds,
                move=lambda at, moved=moved: moved.move_to(start + timedelta(seconds=at)),
            )  # fmt: skip
        told[name] = _told(crawler, time.monotonic() - began)
        print(name, told[name], file=sys.stderr)  # noqa: T201
    return told


def real(url: str, seconds: float) -> dict[str, Any]:
    """All crawlers at once against the running server."""
    from tests.portal import crawlers

    made = _crawlers(_codes(), block=12, hardest=18)
    crawlers.race(
        [(crawler, one) for _, crawler, addresses in made for one in addresses],
        crawlers.over_http(url),
        seconds=seconds,
    )
    return {name: _told(crawler, seconds) for name, crawler, _ in made}


if __name__ == "__main__":
    main()
