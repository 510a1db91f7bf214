"""Limits of the public pages: token buckets in PostgreSQL, one per client and one per network, shared by all processes.

Why: the portal shows one organisation to one reader; copying the whole archive is what the open-data catalogue is for
(ASVS 5.0 V2.4.1, security.md row 37). How much is allowed stands in ``settings.RATE_LIMITS``; ``settings.RATE_LIMITS_ON``
turns it all off, for measurements or when a proxy in front does it. Addresses are kept only as keyed digests.
"""

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict
from xinyong.security import encryption
from xinyong.security.gate import client_address

View = TypeVar("View", bound=Callable[..., HttpResponse])

#: A network (an office or a village behind one router) may do this many times what one client may.
NEIGHBOURHOOD = 4


class TooMany(Conflict):
    """More requests than one visitor makes. ``facts["retry_after"]`` is how many seconds to wait."""

    code = "web.too-many-requests"
    status = 429


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket: ``burst`` tokens at once, then ``per_minute``."""

    name: str
    burst: float
    per_minute: float


def limited(name: str) -> Callable[[View], View]:
    """Takes a token of the limit ``name`` (see ``settings.RATE_LIMITS``) before the view runs."""

    def declare(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if settings.RATE_LIMITS_ON:
                take(named(name), address=client_address(request) or "", now=clock.now())
            return view(request, *args, **kwargs)

        return cast(View, checked)

    return declare


def named(name: str) -> Limit:
    """The limit of this name as the settings have it."""
    burst, per_minute = settings.RATE_LIMITS[name]
    return Limit(name=name, burst=burst, per_minute=per_minute)


def take(limit: Limit, *, address: str, now: datetime, cost: int = 1) -> None:
    """Takes ``cost`` tokens from the client's bucket and from its network's; whom their own bucket refuses, costs the
    neighbours nothing. Raises TooMany when one holds less."""
    values = _values(limit, address, now) | {"cost": float(cost)}
    with connection.cursor() as cursor:
        cursor.execute(_statement("take"), values)
        (is_client_in, is_network_in) = cursor.fetchone()
    if is_client_in and is_network_in:
        return
    client, far = levels(limit, address=address, now=now)
    lacking = cost - client if not is_client_in else (cost - far) / NEIGHBOURHOOD
    wait = max(1, math.ceil(lacking * 60 / limit.per_minute))
    raise TooMany(
        f"查询太快了。请等 {wait} 秒再试。如需批量数据，请联系信用中心申请数据接口，不必逐页抓取。",
        f"Too many requests. Please wait {wait} seconds. If you need data in bulk, ask the credit centre for the "
        "data interface; there is no need to fetch page by page.",
        retry_after=wait,
        limit=limit.name,
    )


def give_back(limit: Limit, *, address: str, now: datetime, tokens: int) -> None:
    """Puts tokens into both buckets, never more than they hold: what a proof of work buys."""
    with connection.cursor() as cursor:
        cursor.execute(_statement("give_back"), _values(limit, address, now) | {"tokens": float(tokens)})


def levels(limit: Limit, *, address: str, now: datetime) -> tuple[float, float]:
    """Tokens in the client's bucket and in its network's."""
    with connection.cursor() as cursor:
        cursor.execute(_statement("levels"), _values(limit, address, now))
        held: dict[bytes, float] = {bytes(key): level for key, level in cursor.fetchall()}
    values = _values(limit, address, now)
    return held.get(values["client"], limit.burst), held.get(values["network"], limit.burst * NEIGHBOURHOOD)


def first_time(name: str, what: str, *, now: datetime) -> bool:
    """True the first time ``what`` is shown (a solved puzzle); it is remembered until the buckets are swept."""
    with connection.cursor() as cursor:
        cursor.execute(_statement("first_time"), {"key": _key(name, what), "now": now})
        return bool(cursor.rowcount)


def network(address: str) -> str:
    """The network of an address, as a keyed digest in hex: tells networks apart and names none."""
    return encryption.digest(_places(address)[1], kind="rate-limit").hex()


def sweep(*, now: datetime) -> int:
    """Forgets buckets unused for an hour; returns how many. The hourly job calls it."""
    with connection.cursor() as cursor:
        cursor.execute(_statement("sweep"), {"before": now - timedelta(hours=1)})
        return int(cursor.rowcount)


def _values(limit: Limit, address: str, now: datetime) -> dict[str, Any]:
    client, far = _places(address)
    return {
        "client": _key(limit.name, client), "network": _key(limit.name, far), "now": now, "burst": float(limit.burst),
        "factor": float(NEIGHBOURHOOD), "rate": limit.per_minute / 60,
    }  # fmt: skip


def _key(name: str, place: str) -> bytes:
    return encryption.digest(f"{name}\x1f{place}", kind="rate-limit")


def _places(address: str) -> tuple[str, str]:
    """The client (IPv4 address, IPv6 /64) and its network (IPv4 /24, IPv6 /48)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown", "unknown-net"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    near, far = (32, 24) if parsed.version == 4 else (64, 48)
    return (
        str(ipaddress.ip_network(f"{parsed}/{near}", strict=False)),
        str(ipaddress.ip_network(f"{parsed}/{far}", strict=False)),
    )


def _statement(name: str) -> str:
    return sql.load(__file__, "limits.sql")[name]
