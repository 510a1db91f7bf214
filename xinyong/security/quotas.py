"""配额 Quotas of machines, a minute and a day, counted in PostgreSQL before a call does anything.

A call that either quota refuses is counted by neither. Days and minutes are Beijing's; what is left and until when goes
out with every answer (``RateLimit-*``). Source: ASVS 5.0 V2.4.1; draft-ietf-httpapi-ratelimit-headers.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict
from xinyong.security.access import Action, Actor, Role, require

_SQL = sql.load(__file__, "quotas.sql")
_LENGTH = {"minute": timedelta(minutes=1), "day": timedelta(days=1)}
_KEPT_DAYS = 400
_OFFICIALS_MINUTE = 60


class QuotaSpent(Conflict):
    """The caller's quota of this minute or day is used up. ``facts["retry_after"]`` is how many seconds to wait."""

    code = "security.quota-spent"
    status = 429


@dataclass(frozen=True, slots=True)
class Left:
    """What remains of the quota that ends first: ``most`` calls in ``span``, ``left`` of them, ``seconds`` until anew."""

    span: str
    most: int
    left: int
    seconds: int
    per_minute: int
    per_day: int


def take(caller: str, *, per_minute: int, per_day: int, now: datetime) -> Left:
    """Counts one call of ``caller`` ("client:xy-…", "partner:…"). Raises QuotaSpent."""
    lefts = []
    with transaction.atomic():
        for span, most in (("minute", per_minute), ("day", per_day)):
            used = _take(caller, span, most, now)
            if used is None:
                raise _spent(span, most, _seconds(span, now))
            lefts.append(Left(span, most, most - used, _seconds(span, now), per_minute, per_day))
    return min(lefts, key=lambda one: one.left / one.most)


def take_of_official(by: Actor, what: str, *, per_day: int, now: datetime) -> None:
    """Counts one act of an official; the platform itself is not counted, nor a program, whose calls are at the door. Raises QuotaSpent."""
    if by.role not in {Role.SYSTEM, Role.CLIENT}:
        who = f"{what}:{by.account_id}" if by.account_id is not None else f"{what}:{by.role.value}:{by.name}"
        take(who[:90], per_minute=_OFFICIALS_MINUTE, per_day=per_day, now=now)


def spend(what: str, *, megabytes: float, per_day: int, now: datetime) -> None:
    """Counts what a caller sends today ("sent:xy-…"), in whole KiB. Raises QuotaSpent when it is more than is left."""
    amount, most = math.ceil(megabytes * 1024), per_day * 1024
    if _take(what, "day", most, now, amount) is None:
        seconds = _seconds("day", now)
        raise QuotaSpent(
            f"加上这一份，今天报送的数据量将超过 {per_day} MB 的配额。请等 {seconds} 秒（次日零时）再报，或请系统管理员调整。",
            f"With this, more than {per_day} MB would be handed in today. Wait {seconds} seconds, until midnight, or ask the "
            "administrator for more.",
            retry_after=seconds, span="day", most=per_day,
        )  # fmt: skip


def used(caller: str, *, days: int, now: datetime, seen_by: Actor) -> list[tuple[date, int]]:
    """Calls a day over the last ``days``, the latest first; days without any are left out. Raises NotAllowed."""
    require(seen_by, Action.MANAGE_CLIENTS)
    with connection.cursor() as cursor:
        cursor.execute(_SQL["by_day"], {"caller": caller, "since": now - timedelta(days=days)})
        return [(clock.day(at), count) for at, count in cursor.fetchall()]


def sweep(*, now: datetime) -> int:
    """Forgets minutes that are over and days of long ago; returns how many. The hourly job calls it."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["sweep"],
            {"minutes_before": now - timedelta(hours=1), "days_before": now - timedelta(days=_KEPT_DAYS)},
        )
        return int(cursor.rowcount)


def _take(caller: str, span: str, most: int, now: datetime, amount: int = 1) -> int | None:
    values: dict[str, str | int | datetime] = {
        "caller": caller,
        "span": span,
        "starts_at": _start(span, now),
        "most": most,
        "amount": amount,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL["take"], values)
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _start(span: str, now: datetime) -> datetime:
    local = now.astimezone(clock.ZONE)
    return local.replace(second=0, microsecond=0) if span == "minute" else local.replace(
        hour=0, minute=0, second=0, microsecond=0
    )  # fmt: skip


def _seconds(span: str, now: datetime) -> int:
    return max(1, int((_start(span, now) + _LENGTH[span] - now).total_seconds() + 0.999))


def _spent(span: str, most: int, seconds: int) -> QuotaSpent:
    zh, en = ("每分钟", "minute") if span == "minute" else ("每天", "day")
    return QuotaSpent(
        f"已用完{zh} {most} 次的配额，请等 {seconds} 秒再调用。如长期不够，请联系系统管理员调整。",
        f"The quota of {most} calls a {en} is used up. Wait {seconds} seconds, or ask the administrator for more.",
        retry_after=seconds, span=span, most=most,
    )  # fmt: skip
