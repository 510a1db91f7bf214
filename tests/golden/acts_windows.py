"""Reporting windows: their rules, exceptions, who looks at them, the morning's reminders."""

from datetime import date, timedelta

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import made
from xinyong.intake import duties, locks, told, windows
from xinyong.intake.windows import Rule
from xinyong.kernel import clock
from xinyong.security.audit import Event

_ITEM, _MAY = "admin-penalty-org", date(2026, 5, 1)


def _owed(world: World) -> None:
    duties.assign(
        item_id=_ITEM, source_code=world.unit.code, starts_on=_MAY, by=made.SYSTEM, at=clock.now() - timedelta(days=30)
    )


def _granted(world: World) -> int:
    return locks.grant(
        item_id=_ITEM, source_code=world.unit.code, day=_MAY, until=clock.today() + timedelta(days=9),
        reason="系统迁移耽误，准予补报", by=world.actor("operator"), at=clock.now(),
    )[0]  # fmt: skip


@act(Event.WINDOW_RULE_SET)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(
        windows.set_rule(
            item_id=_ITEM, source_code=world.unit.code, rule=Rule(due_days=6, grace_days=2, lock_days=4), since=_MAY, by=by,
            at=clock.now(),
        )
    )  # fmt: skip


@act(Event.WINDOW_EXCEPTION_GRANTED)
def _(world: World) -> Deed:
    _owed(world)
    return lambda: {"exception": _granted(world)}


@act(Event.WINDOW_EXCEPTION_WITHDRAWN)
def _(world: World) -> Deed:
    _owed(world)
    made_one, by = _granted(world), world.actor("operator")

    def deed() -> dict[str, object]:
        locks.withdraw(made_one, by=by, at=clock.now())
        return {"exception": made_one}

    return deed


@act(Event.WINDOWS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(windows.listing(seen_by=by, at=clock.now()))


@act(Event.REMINDERS_TOLD)
def _(world: World) -> Deed:
    _owed(world)
    return lambda: void(told.remind(by=made.SYSTEM, at=clock.now()))
