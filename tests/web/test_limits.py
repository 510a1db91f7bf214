"""Rate limits: a bucket empties and refills; neighbours share one; addresses are not kept."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory

from xinyong.kernel.clock import ZONE
from xinyong.security import gate
from xinyong.web import limits
from xinyong.web.limits import Limit, TooMany, take

NOW = datetime(2026, 11, 21, 10, tzinfo=ZONE)
THREE = Limit("test", burst=3, per_minute=6)

pytestmark = pytest.mark.django_db


def _taken(address: str, at: datetime, limit: Limit = THREE) -> bool:
    try:
        take(limit, address=address, now=at)
    except TooMany:
        return False
    return True


def test_a_burst_is_allowed_then_one_token_every_ten_seconds() -> None:
    assert [_taken("192.0.2.1", NOW) for _ in range(4)] == [True, True, True, False]
    assert not _taken("192.0.2.1", NOW + timedelta(seconds=9))
    assert _taken("192.0.2.1", NOW + timedelta(seconds=10))
    assert [_taken("192.0.2.1", NOW + timedelta(hours=1)) for _ in range(4)] == [True, True, True, False]


def test_the_refusal_says_how_long_to_wait() -> None:
    for _ in range(3):
        take(THREE, address="192.0.2.1", now=NOW)
    with pytest.raises(TooMany) as refused:
        take(THREE, address="192.0.2.1", now=NOW + timedelta(seconds=4))
    assert refused.value.facts["retry_after"] == 6
    assert refused.value.status == 429


def test_a_clock_set_back_gives_nobody_tokens() -> None:
    for _ in range(3):
        take(THREE, address="192.0.2.1", now=NOW)
    assert not _taken("192.0.2.1", NOW - timedelta(minutes=5))


def test_other_clients_have_their_own_bucket_until_their_neighbourhood_is_spent() -> None:
    allowed = [_taken(f"192.0.2.{host}", NOW) for host in range(1, 18)]
    assert allowed == [True] * (3 * limits.NEIGHBOURHOOD) + [False] * (17 - 3 * limits.NEIGHBOURHOOD)
    assert _taken("198.51.100.1", NOW)


@pytest.mark.parametrize("address", ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"])
def test_one_ipv6_subscriber_is_one_client(address: str) -> None:
    for _ in range(3):
        take(THREE, address="2001:db8:1:2::5", now=NOW)
    assert not _taken(address, NOW)


def test_limits_of_different_names_do_not_touch() -> None:
    for _ in range(3):
        take(THREE, address="192.0.2.1", now=NOW)
    assert _taken("192.0.2.1", NOW, Limit("other", burst=1, per_minute=1))


def test_no_address_is_kept_and_unused_buckets_are_forgotten() -> None:
    take(THREE, address="192.0.2.77", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM rate_bucket")
        assert all(len(bytes(key)) == 16 and b"192" not in bytes(key) for (key,) in cursor.fetchall())
    assert limits.sweep(now=NOW + timedelta(minutes=59)) == 0
    assert limits.sweep(now=NOW + timedelta(hours=2)) == 2


def test_too_many_look_ups_get_a_page_that_says_what_to_do(client: Client, settings: object) -> None:
    settings.RATE_LIMITS_ON = True  # type: ignore[attr-defined]
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"look-up": (2, 6)}  # type: ignore[attr-defined]
    answers = [client.get("/search", REMOTE_ADDR="203.0.113.9") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "10"
    assert "请等 10 秒，再打开" in answers[2].content.decode()


@pytest.fixture
def one_look(settings: Any) -> None:
    settings.RATE_LIMITS_ON = True
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"look-up": (1, 1)}


def _looks(client: Client, *forwarded: str, peer: str = "192.0.2.1") -> list[int]:
    return [
        client.get("/search", REMOTE_ADDR=peer, **({"HTTP_X_FORWARDED_FOR": one} if one else {})).status_code
        for one in forwarded
    ]


def test_without_a_proxy_of_ours_nobody_is_believed_about_an_address(client: Client, one_look: None) -> None:
    assert _looks(client, "203.0.113.1", "203.0.113.2", "") == [200, 429, 429]


def test_behind_a_proxy_each_client_has_its_own_bucket(client: Client, one_look: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    assert _looks(client, "198.51.100.7", "203.0.113.8", "198.51.100.7") == [200, 200, 429]


def test_behind_a_proxy_made_up_addresses_do_not_help(client: Client, one_look: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    made_up = [f"10.{n}.0.1, 8.8.{n}.8, 198.51.100.7" for n in range(3)]
    assert _looks(client, *made_up) == [200, 429, 429]
    settings.TRUSTED_PROXIES = 2  # who comes around the outer proxy is the peer of the inner one
    assert _looks(client, "203.0.113.1", "203.0.113.2", peer="192.0.2.77") == [200, 429]
    assert _looks(client, "1.2.3.4, 203.0.113.5, 10.0.0.1", "5.6.7.8, 203.0.113.5, 10.0.0.2") == [200, 429]


@pytest.mark.parametrize(("forwarded", "proxies", "address"), [
    ("203.0.113.5", 0, "192.0.2.1"), ("203.0.113.5", 1, "203.0.113.5"), ("", 1, "192.0.2.1"), (" , ", 1, "192.0.2.1"),
    ("2001:db8::5", 1, "2001:db8::5"), ("nonsense", 1, None), ("1.1.1.1, 203.0.113.5, 10.0.0.1", 2, "203.0.113.5"),
])  # fmt: skip
def test_the_log_and_the_limits_know_one_address(
    settings: Any, rf: RequestFactory, forwarded: str, proxies: int, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    request.user, request.session = AnonymousUser(), {}
    assert gate.client_address(request) == gate.actor_of(request).address == address
