"""Wrong passwords and codes: how many are too many, without shutting the owner out.

Counted for a pair: the account named and the network it is tried from (IPv4 /24, IPv6 /56), or the device when it carries
the cookie of an earlier sign-in. Five wrong tries close that pair for a quarter of an hour. Somebody who tries from one
place cannot keep the owner out at another; trying from many places at once is slowed for networks that never signed in to
this account, and for nobody else. A name nobody has is counted like any other. Everything is in PostgreSQL: it holds across
processes and restarts. Names and addresses are kept only as keyed digests.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from xinyong.kernel import sql
from xinyong.kernel.errors import Conflict
from xinyong.security import encryption

TRIES = 5
CLOSED = timedelta(minutes=15)
#: Failures older than this count no more.
_FORGET = timedelta(hours=1)
#: So many failures from anywhere before networks that never signed in have to wait, and how long at most.
CALM = 10
_LONGEST = timedelta(minutes=15)
#: A network that signed in so recently is known.
_KNOWN_FOR = timedelta(days=90)


class TooManyTries(Conflict):
    """Too many wrong tries here; ``facts["retry_after"]`` is how many seconds to wait."""

    code = "security.too-many-tries"
    status = 429


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted: say what came of it with ``wrong``, ``right`` or ``signed_in``."""

    here: bytes
    anywhere: bytes


def take(username: str, *, address: str | None, device: str, now: datetime) -> Try:
    """Counts one try for this name from this place, before anything is checked. ``device`` is what a device that has signed
    in to this account carries, or "". Raises TooManyTries."""
    name = username.strip().casefold()
    place = f"device\x1f{device}" if device else f"network\x1f{_network(address)}"
    one = Try(_key(f"{name}\x1f{place}"), _key(f"{name}\x1fanywhere"))
    row = _row("take_here", _here(one, now))
    closed_until, succeeded_at = row if row else (None, None)
    if closed_until is not None:
        raise closed(closed_until - now)
    is_known = bool(device) or (succeeded_at is not None and now - succeeded_at <= _KNOWN_FOR)
    values = _anywhere(one, now) | {"is_known": is_known}
    if _row("take_anywhere", values) is None:
        _run("give_back", {"key": one.here, "anywhere": one.here})
        until = _row("wait_anywhere", values)
        raise _slowed(until[0] - now if until else timedelta(seconds=1))
    return one


def wrong(one: Try, *, now: datetime) -> timedelta | None:
    """It was wrong. Returns for how long this place is closed now, None when there are tries left."""
    row = _row("close_here", _here(one, now))
    return CLOSED if row else None


def right(one: Try) -> None:
    """The password was right, and the second factor is still to come: the try is given back."""
    _run("give_back", {"key": one.here, "anywhere": one.anywhere})


def signed_in(one: Try, *, now: datetime) -> None:
    """Signed in: this place is known, its failures are forgotten."""
    right(one)
    _run("clear_here", {"key": one.here, "now": now})


def of_late(username: str, *, since: datetime | None) -> int:
    """How many wrong tries this account had of late, from anywhere, for its owner to know."""
    row = _row("of_late", {"key": _key(f"{username.strip().casefold()}\x1fanywhere"), "since": since})
    return int(row[0]) if row else 0


def sweep(*, now: datetime) -> int:
    """Forgets what says nothing any more; returns how many. A nightly job calls it."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.load(__file__, "lockout.sql")["sweep"],
            {"failed_before": now - timedelta(days=1), "known_since": now - _KNOWN_FOR},
        )
        return int(cursor.rowcount)


def closed(left: timedelta) -> TooManyTries:
    """The error for a place that is closed for so long."""
    minutes = max(1, math.ceil(left.total_seconds() / 60))
    return TooManyTries(
        f"连续 {TRIES} 次不正确，此账号在您所在的网络上暂停登录，请 {minutes} 分钟后再试。在登录过的电脑上或其他网络不受影响；"
        "忘记密码请联系信用中心。",
        f"{TRIES} wrong tries: from your network this account cannot sign in for {minutes} minutes. A computer that has "
        "signed in before, and other networks, are not affected. If the password is forgotten, ask the credit centre.",
        retry_after=math.ceil(left.total_seconds()),
    )


def _slowed(left: timedelta) -> TooManyTries:
    seconds = max(1, math.ceil(left.total_seconds()))
    return TooManyTries(
        f"此账号近来有多次失败的登录，从没有登录过的网络登录须稍等。请 {seconds} 秒后再试，或用登录过的电脑。",
        f"There were many failed tries for this account; a network it never signed in from has to wait. Try again in "
        f"{seconds} seconds, or use a computer that has signed in before.",
        retry_after=seconds,
    )


def _here(one: Try, now: datetime) -> dict[str, Any]:
    return {"key": one.here, "now": now, "forget": now - _FORGET, "tries": TRIES, "until": now + CLOSED}


def _anywhere(one: Try, now: datetime) -> dict[str, Any]:
    longest = _LONGEST.total_seconds()
    return {"key": one.anywhere, "now": now, "forget": now - _FORGET, "calm": CALM, "longest": longest}


def _network(address: str | None) -> str:
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 56}", strict=False))


def _key(what: str) -> bytes:
    return encryption.digest(what, kind="attempt")


def _run(name: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.load(__file__, "lockout.sql")[name], values)


def _row(name: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql.load(__file__, "lockout.sql")[name], values)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found
