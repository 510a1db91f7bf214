"""What departments declare, what they owe, the rates, and the bulletin."""

from datetime import date

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from xinyong.analytics import bulletins, export, rates, rows
from xinyong.analytics.rates import By
from xinyong.intake import declared, duties, supply, supply_view
from xinyong.kernel import clock, periods
from xinyong.security.audit import Event

_ITEM = "admin-penalty-org"
_MAY, _JUNE = periods.month("2026-05"), periods.month("2026-06")


@act(Event.TOTAL_DECLARED)
def _(world: World) -> Deed:
    by = world.actor("clerk")

    def deed() -> dict[str, object]:
        declared.declare(
            item_id=_ITEM, source_code=world.unit.code, period=_JUNE, number=12, note="含简易程序以外的全部决定", by=by,
            at=clock.now(),
        )  # fmt: skip
        return _declaration()

    return deed


@act(Event.TOTAL_TAKEN_BACK)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    where = {"item_id": _ITEM, "source_code": world.unit.code, "period": _JUNE, "by": by, "at": clock.now()}
    declared.report_zero(**where)

    def deed() -> dict[str, object]:
        declared.take_back(**where)
        return _declaration()

    return deed


@act(Event.SPOT_CHECKED)
def _(world: World) -> Deed:
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        declared.spot_check(
            item_id=_ITEM, source_code=world.unit.code, period=_JUNE, checked=20, found=19, by=by, at=clock.now()
        )
        return _declaration()

    return deed


@act(Event.DECLARATIONS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(declared.lines(_JUNE, seen_by=by, as_of=clock.now()))


@act(Event.DECLARATIONS_VIEWED, "the history of one")
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(declared.history(item_id=_ITEM, source_code=world.unit.code, period=_JUNE, seen_by=by))


@act(Event.DUTY_SET)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(
        duties.assign(
            item_id=_ITEM, source_code=world.unit.code, starts_on=date(2026, 1, 1), ends_on=date(2026, 7, 1), by=by,
            at=clock.now(),
        )
    )  # fmt: skip


@act(Event.DUTIES_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(duties.listing(seen_by=by))


@act(Event.SUPPLY_SET)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(
        supply.grant(
            item_id=_ITEM, source_code=world.unit.code, starts_on=date(2026, 1, 1), ends_on=date(2026, 7, 1),
            basis="三定方案载明的职责", by=by, at=clock.now(),
        )
    )  # fmt: skip


@act(Event.SUPPLY_SET, "the mode of an item")
def _(world: World) -> Deed:
    by = world.actor("operator")
    words = {"item_id": "honour", "basis": "目录载明的提供单位", "by": by, "at": clock.now()}
    return lambda: void(supply.set_mode(mode="granted", **words))


@act(Event.SUPPLIES_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(supply_view.listing(seen_by=by, on=clock.today()))


@act(Event.SUPPLIES_VIEWED, "whom a switch would refuse")
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(supply_view.effect(_ITEM, seen_by=by, at=clock.now()))


@act(Event.RATES_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("auditor")
    return lambda: void(rates.overview(_JUNE, by=By.DEPARTMENT, as_of=clock.now(), seen_by=by))


@act(Event.RATES_VIEWED, "the rows behind a figure")
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(rows.of(rows.Asked("late", key=world.unit.code), _JUNE, as_of=clock.now(), seen_by=by))


@act(Event.RATES_EXPORTED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    to = world.folder / "rates.csv"
    return lambda: void(export.write(_JUNE, by=By.DEPARTMENT, to=to, seen_by=by, as_of=clock.now()))


@act(Event.BULLETIN_ISSUED)
def _(world: World) -> Deed:
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        return {"bulletin's digest": bulletins.issue(_MAY, by=by, at=clock.now()).digest}

    return deed


@act(Event.BULLETIN_VIEWED)
def _(world: World) -> Deed:
    bulletins.issue(_MAY, by=world.actor("operator"), at=clock.now())
    by = world.actor("clerk")
    return lambda: void(bulletins.find(_MAY, seen_by=by))


@act(Event.BULLETIN_VIEWED, "the list of them")
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(bulletins.listing(seen_by=by))


def _declaration() -> dict[str, object]:
    from xinyong.intake.models import Declaration

    return {"declaration": Declaration.objects.latest("id").pk}
