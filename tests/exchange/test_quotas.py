"""Quotas: never exceeded, however many call at once; what is left goes out with every answer."""

from datetime import datetime, timedelta

import pytest
import time_machine

from tests.exchange.conftest import SYSTEM, Door
from tools.evidence import clients as evidence
from xinyong.kernel import clock
from xinyong.security import quotas, tokens
from xinyong.security.models import QuotaUse
from xinyong.security.quotas import QuotaSpent

NOON = datetime(2026, 6, 15, 12, 0, 10, tzinfo=clock.ZONE)


def test_fifty_threads_never_get_more_than_the_quota(door: Door) -> None:
    with time_machine.travel(NOON, tick=False):
        assert evidence.raced(door.program(per_minute=60), threads=50, calls=2) == {200: 60, 429: 40}


def test_what_is_left_goes_out_with_every_answer_and_waits_are_told(door: Door) -> None:
    program = door.program(per_minute=3, per_day=1000)
    with time_machine.travel(NOON, tick=False) as machine:
        answers = [program.get("/whoami") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one["RateLimit-Remaining"] for one in answers[:3]] == ["2", "1", "0"]
        assert (answers[0]["RateLimit-Limit"], answers[0]["RateLimit-Reset"]) == ("3", "50")
        assert answers[0]["RateLimit-Policy"] == "3;w=60, 1000;w=86400"
        assert answers[3]["Retry-After"] == "50"
        assert answers[3].json()["code"] == "security.quota-spent"
        machine.shift(50)
        assert program.get("/whoami").status_code == 200


def test_a_day_ends_at_midnight_in_beijing_and_a_refused_call_is_not_counted(door: Door) -> None:
    choices = {"per_minute": 1, "per_day": 3}
    for minute in range(3):
        quotas.take("t:1", now=NOON + timedelta(minutes=minute), **choices)
        with pytest.raises(QuotaSpent):
            quotas.take("t:1", now=NOON + timedelta(minutes=minute), **choices)
    with pytest.raises(QuotaSpent) as spent:
        quotas.take("t:1", now=NOON + timedelta(minutes=4), **choices)
    assert spent.value.facts["span"] == "day"
    assert quotas.take("t:1", now=NOON + timedelta(hours=12), **choices).left == 0
    assert [used for _, used in quotas.used("t:1", days=3, now=NOON + timedelta(days=1), seen_by=SYSTEM)] == [1, 3]


def test_minutes_that_are_over_and_tokens_that_ended_are_forgotten(door: Door) -> None:
    quotas.take("t:2", per_minute=5, per_day=5, now=NOON)
    quotas.sweep(now=NOON + timedelta(hours=2))
    assert list(QuotaUse.objects.filter(caller="t:2").values_list("span", flat=True)) == ["day"]
    door.full.ask()
    assert tokens.sweep(now=clock.now() + timedelta(minutes=11)) >= 1
    door.full.tokens.clear()
