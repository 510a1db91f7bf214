"""The clocks: publicity, retention and list terms that end are noted with their reason, once a day.

Nothing is hidden by this job: the read path has the ends in its predicate and stops at midnight by itself. The job
writes down what ended and why, catches up on days it missed, and on records that were over before they arrived.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict
from xinyong.records.models import ClockRun
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

_SQL = sql.load(__file__, "records.sql")


class DayNotOver(Conflict):
    """A day can be closed only when it is over."""

    code = "records.day-not-over"


@dataclass(frozen=True, slots=True)
class Closing:
    """What ended with one day: ``day`` is the first day without it; counts by clock and reason. ``late`` ends of earlier
    days were noted with it: of records that arrived after those days were closed, or before there was a first run."""

    day: date
    ended: dict[str, dict[str, int]]
    late: int
    is_new: bool


def close(*, today: date, by: Actor) -> list[Closing]:
    """Notes everything that ended up to and including ``today`` (first day without it), day by day since the last run.

    Safe to run again: a day closed before is not closed twice, an end is noted once. Raises DayNotOver for a day in the future, whose closing
    would keep every day until then from ever being closed.
    """
    require(by, Action.OPERATE)
    if today > clock.today():
        raise _not_over(today)
    last = ClockRun.objects.order_by("-day").values_list("day", flat=True).first()
    day = last + timedelta(days=1) if last else today
    closings = []
    while day <= today:
        closings.append(close_day(day, today=today, by=by))
        day += timedelta(days=1)
    return closings or [close_day(today, today=today, by=by)]


@transaction.atomic
def close_day(day: date, *, today: date, by: Actor) -> Closing:
    """Notes what has ``day`` as its first day without, and what earlier days still lack. Raises DayNotOver for a day in the future."""
    require(by, Action.OPERATE)
    if day > today:
        raise _not_over(day)
    lists = [item.id for item in publish.items() if item.publicity.clock == "while_listed"]
    parameters: dict[str, Any] = {"day": day, "now": clock.now(), "lists": lists}
    with connection.cursor() as cursor:
        cursor.execute(_SQL["note_ends"], parameters)
        late = int(cursor.fetchone()[0])
        cursor.execute(_SQL["ended_counts"], parameters)
        ended: dict[str, dict[str, int]] = {}
        for which, reason, number in cursor.fetchall():
            ended.setdefault(which, {})[reason] = number
    _, is_new = ClockRun.objects.get_or_create(day=day, defaults={"at": clock.now(), "ended": ended})
    if is_new or late:
        total = sum(sum(reasons.values()) for reasons in ended.values())
        audit.enter(
            audit.Event.CLOCKS_RUN, by=by, object_kind="day", object_ref=day.isoformat(), ended=total, late=late
        )
    return Closing(day, ended, late, is_new)


def end_now(
    subject_id: int, ref: str, *, item_id: str, reason: str, on: date, noted_at: datetime
) -> int:  # fmt: skip
    """Notes that the clocks of a datum which was just withdrawn have ended, with the reason, of the version that stood last; an end that
    was noted before stays. Returns how many were noted. In the caller's transaction, who has asked who may."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["end_now"],
            {
                "subject_id": subject_id, "key_digest": bytes.fromhex(ref), "item_id": item_id, "reason": reason, "on": on,
                "noted_at": noted_at,
            },
        )  # fmt: skip
        return int(cursor.rowcount)


def _not_over(day: date) -> DayNotOver:
    return DayNotOver(f"{day} 还没有到，不能结算。", f"{day} has not come yet: nothing to close.")
