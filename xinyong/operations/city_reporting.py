"""What the synthetic city's departments owe and what they say they decided: so that its rates have denominators.

Said through the same verbs as a department's clerk uses. Most report what they decided, all but a few cases; some months one
says nothing, or reports more than it declared.
"""

import hashlib
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

from xinyong.kernel import clock
from xinyong.kernel.periods import Period, add_months, month_of
from xinyong.security.access import Actor

#: Closed months for which totals are declared, items of which every department with any owes some each month.
_MONTHS = 4
_OWED = ("admin-licence-org", "admin-penalty-org")
_SINCE = -24
#: The first departments have windows with grace and a lock: the oldest months shown are locked, one of them is open again.
_LOCKING = 2


def say(*, today: date, by: Actor) -> None:
    """Duties of whoever reported licences or penalties of the last months, and the totals of those months. Said again, it
    changes nothing."""
    from xinyong.intake import declared, duties, told
    from xinyong.security import identity

    months = [month_of(add_months(today.replace(day=1), -back)) for back in range(_MONTHS, 0, -1)]
    begin = add_months(today.replace(day=1), _SINCE)
    pairs: dict[tuple[str, str], dict[Period, int]] = {}
    for month in months:
        for line in declared.lines(month, seen_by=by, as_of=clock.now()):
            if line.item_id in _OWED and line.arrived:
                pairs.setdefault((line.source_code, line.item_id), {})[month] = line.arrived
    said = {(one.source_id, one.item_id, month) for month in months for one in declared.words(month, as_of=clock.now())}
    for (source_code, item_id), arrived in sorted(pairs.items()):
        unit_id = identity.source_unit(source_code).id
        duties.assign(item_id=item_id, source_code=source_code, starts_on=begin, by=by, at=_morning(begin))
        for month in months:
            number = _decided(arrived.get(month, 0), f"{source_code}/{item_id}/{month.start}")
            if number is not None and (unit_id, item_id, month) not in said:
                assert month.end is not None
                declared.declare(
                    item_id=item_id, source_code=source_code, period=month, number=number, by=by,
                    at=_morning(month.end + timedelta(days=4)),
                )  # fmt: skip

    _lock(sorted(source for source, item in pairs if item == _OWED[1])[:_LOCKING], today=today, by=by)
    told.remind(by=by, at=clock.now())


def _lock(units: list[str], *, today: date, by: Actor) -> None:
    """Windows of penalties of some units, since three months, locked five working days after they are overdue."""
    from xinyong.intake import jobs, windows

    first = add_months(today.replace(day=1), -3)
    for place, unit in enumerate(units):
        rule = windows.Rule(due_days=7, grace_days=3, lock_days=5)
        windows.set_rule(item_id=_OWED[1], source_code=unit, rule=rule, since=first, by=by, at=clock.now())
        found = windows.one(_OWED[1], unit, first, seen_by=by, at=clock.now())
        if place == 0 and found.exception is None:
            jobs.grant_exception(
                item_id=_OWED[1], source_code=unit, day=first, until=clock.today() + timedelta(days=30),
                reason="办案系统升级，准予补报当月漏报数据", by=by, at=clock.now(),
            )  # fmt: skip


def _decided(arrived: int, what: str) -> int | None:
    """How many were decided of which so many arrived; None where nobody says."""
    chance = hashlib.sha256(what.encode()).digest()
    if chance[0] < 10:
        return None
    if chance[0] < 20:
        return arrived - arrived // 50  # a case counted twice, or decided elsewhere: over-reporting is shown
    return arrived + arrived * (chance[1] % 5) // 100


def _morning(day: date) -> datetime:
    return datetime.combine(day, time_of_day(10), tzinfo=clock.ZONE)
