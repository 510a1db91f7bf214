"""Rate limits of the public pages: token buckets in PostgreSQL, one per client and one per neighbourhood.

Why: the portal shows one organisation to one reader; copying the whole archive is what the open-data catalogue is for
(ASVS 5.0 V2.4.1). How much is allowed stands in ``settings.RATE_LIMITS``; ``settings.RATE_LIMITS_ON`` turns it all off,
for measurements or when a proxy in front does it. Addresses are kept only as keyed digests.
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

#: A neighbourhood (an office or a village behind one router) may do this many times what one client may.
NEIGHBOURHOOD = 5


class TooMany(Conflict):
    """More requests than one visitor makes. ``facts["retry_after"]`` is how many seconds to wait."""

    code = "web.too-many-requests"
    status = 429


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket: ``burst`` requests at once, then ``per_minute``."""

    name: str
    burst: int
    per_minute: int


def limited(name: str) -> Callable[[View], View]:
    """Takes a token of the limit ``name`` (see ``settings.RATE_LIMITS``) before the view runs."""

    def declare(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if settings.RATE_LIMITS_ON:
                burst, per_minute = settings.RATE_LIMITS[name]
                limit = Limit(name=name, burst=burst, per_minute=per_minute)
                take(limit, address=client_address(request) or "", now=clock.now())
            return view(request, *args, **kwargs)

        return cast(View, checked)

    return declare


def take(limit: Limit, *, address: str, now: datetime) -> None:
    """Takes one token from the client's bucket and one from its neighbourhood's. Raises TooMany when one is empty."""
    client, neighbourhood = _places(address)
    wider = Limit(limit.name, limit.burst * NEIGHBOURHOOD, limit.per_minute * NEIGHBOURHOOD)
    for bucket, place in ((limit, client), (wider, neighbourhood)):
        wait = _take(bucket, place, now)
        if wait:
            raise TooMany(
                f"查询太快了。请等 {wait} 秒再试。如需批量数据，请联系信用中心申请数据接口，不必逐页抓取。",
                f"Too many requests. Please wait {wait} seconds. If you need data in bulk, ask the credit centre for the "
                "data interface; there is no need to fetch page by page.",
                retry_after=wait,
                limit=limit.name,
            )


def sweep(*, now: datetime) -> int:
    """Forgets buckets unused for an hour; returns how many. The nightly job calls it."""
    with connection.cursor() as cursor:
        cursor.execute(_statement("sweep"), {"before": now - timedelta(hours=1)})
        return int(cursor.rowcount)


def _take(limit: Limit, place: str, now: datetime) -> int:
    rate = limit.per_minute / 60
    key = encryption.digest(f"{limit.name}\x1f{place}", kind="rate-limit")
    values: dict[str, bytes | float | datetime] = {"key": key, "burst": float(limit.burst), "rate": rate, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_statement("take"), values)
        if cursor.fetchone() is not None:
            return 0
        cursor.execute(_statement("level"), values)
        row = cursor.fetchone()
    return max(1, math.ceil((1 - row[0]) / rate)) if row else 1


def _places(address: str) -> tuple[str, str]:
    """The client (IPv4 address, IPv6 /64) and its neighbourhood (IPv4 /24, IPv6 /48)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown", "unknown-net"
    near, far = (32, 24) if parsed.version == 4 else (64, 48)
    return (
        str(ipaddress.ip_network(f"{parsed}/{near}", strict=False)),
        str(ipaddress.ip_network(f"{parsed}/{far}", strict=False)),
    )


def _statement(name: str) -> str:
    return sql.load(__file__, "limits.sql")[name]
