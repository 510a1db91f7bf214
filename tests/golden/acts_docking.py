"""Departments' databases. No server answers here: what needs one stands in tests/intake/test_docking.py."""

from contextlib import suppress

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from xinyong.intake import _network, docked, docking, pulling
from xinyong.intake.models import DockedTable
from xinyong.kernel import clock
from xinyong.security.audit import Event


def _database(world: World) -> int:
    access = docking.Access(dialect="postgresql", host="127.0.0.1", database="dept", username="reader", password="x")
    return docking.declare(
        name="示例库", department=world.unit.code, access=access, by=world.actor("operator"), now=clock.now()
    )


def _table(world: World) -> int:
    made = DockedTable.objects.create(
        database_id=_database(world), source_id=world.unit.id, item_id="admin-penalty-org", table="cf",
        columns=[["wsh", "CF_WSH"]], watermark="gxsj", is_number=False, overlap=600, slice_rows=1000, every_minutes=60,
        made_at=clock.now(), made_by="test",
    )  # fmt: skip
    return made.pk


@act(Event.DOCKING_DECLARED)
def _(world: World) -> Deed:
    return lambda: {"database": _database(world)}


@act(Event.DOCKING_CHANGED)
def _(world: World) -> Deed:
    table, by = _table(world), world.actor("operator")
    return lambda: void(docking.resume(table, by=by, now=clock.now())) or {"table": table}


@act(Event.DOCKING_REMOVED)
def _(world: World) -> Deed:
    table, by = _table(world), world.actor("operator")
    return lambda: void(docking.remove_table(table, by=by)) or {"table": table}


@act(Event.DOCKING_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(docked.databases(seen_by=by))


@act(Event.DOCKING_TRIED)
def _(world: World) -> Deed:
    database, by = _database(world), world.actor("operator")

    def deed() -> dict[str, object]:
        with suppress(_network.DockingOff):
            pulling.try_out(database, by=by)
        return {"database": database}

    return deed


@act(Event.DOCKING_PULLED, "and failed")
def _(world: World) -> Deed:
    table, by = _table(world), world.actor("operator")

    def deed() -> dict[str, object]:
        pulling.note_failure(table, docking.removed(), by=by, started_at=clock.now(), now=clock.now())
        return {"table": table}

    return deed
