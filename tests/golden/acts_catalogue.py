"""The catalogue and the tables beside it."""

from datetime import date

from tests.catalogue import samples
from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import made
from xinyong.catalogue import load, publish, recheck, tables
from xinyong.catalogue.tables import WorkingDay
from xinyong.intake import impact, jobs
from xinyong.kernel import clock, codes
from xinyong.security import approvals, identity
from xinyong.security.audit import Event


@act(Event.CATALOGUE_DRAFTED)
def _(world: World) -> Deed:
    by, item = world.actor("operator"), load.load_item(samples.ITEM)
    return lambda: {"text": publish.draft(item, by=by).digest}


@act(Event.CATALOGUE_PUBLISHED)
def _(world: World) -> Deed:
    by, item = world.actor("operator"), load.load_item(samples.ITEM)
    drafted = publish.draft(item, by=by)
    asked = publish.ask_to_publish(item.id, item.version, reason="年度修订", by=by)
    approvals.decide(asked.id, agrees=True, by=world.actor("second-operator"), at=clock.now())

    def deed() -> dict[str, object]:
        publish.publish(item.id, item.version, by=by)
        return {"request": asked.id, "digest": asked.digest[:16], "text": drafted.digest}

    return deed


@act(Event.CATALOGUE_PUBLISHED, "by the owner alone")
def _(world: World) -> Deed:
    item = load.load_item(samples.ITEM)
    drafted = publish.draft(item, by=made.SYSTEM)

    def deed() -> dict[str, object]:
        publish.publish(item.id, item.version, by=made.SYSTEM)
        return {"text": drafted.digest}

    return deed


@act(Event.CATALOGUE_RETIRED)
def _(world: World) -> Deed:
    by, item = world.actor("operator"), load.load_item(samples.ITEM)
    publish.draft(item, by=made.SYSTEM)
    publish.publish(item.id, item.version, by=made.SYSTEM)
    return lambda: void(publish.retire(item.id, item.version, by=by))


@act(Event.CATALOGUE_RETIRED, "on a day to come")
def _(world: World) -> Deed:
    by, item = world.actor("operator"), load.load_item(samples.ITEM)
    publish.draft(item, by=made.SYSTEM)
    publish.publish(item.id, item.version, by=made.SYSTEM)
    on = date(2031, 3, 4)
    return lambda: void(publish.retire(item.id, item.version, on=on, reason="上级目录不再列入", by=by))


@act(Event.CATALOGUE_DISCARDED)
def _(world: World) -> Deed:
    by, item = world.actor("operator"), load.load_item(samples.ITEM)
    drafted = publish.draft(item, by=made.SYSTEM)

    def deed() -> dict[str, object]:
        publish.discard(item.id, item.version, by=by)
        return {"text": drafted.digest}

    return deed


@act(Event.CATALOGUE_RECHECK_ASKED)
def _(world: World) -> Deed:
    by, item = world.actor("operator"), load.load_item(samples.ITEM)
    drafted = publish.draft(item, by=made.SYSTEM)

    def deed() -> dict[str, object]:
        jobs.recheck_later(item.id, item.version, by=by)
        return {"text": drafted.digest}

    return deed


@act(Event.CATALOGUE_RECHECKED)
def _(world: World) -> Deed:
    item = load.load_item(samples.ITEM)
    drafted = publish.draft(item, by=made.SYSTEM)
    jobs.recheck_later(item.id, item.version, by=made.SYSTEM)

    def deed() -> dict[str, object]:
        impact.run(item.id, item.version, by=made.SYSTEM)
        return {"text": drafted.digest}

    return deed


@act(Event.CATALOGUE_RECHECKED, "not finished")
def _(world: World) -> Deed:
    item = load.load_item(samples.ITEM)
    drafted = publish.draft(item, by=made.SYSTEM)
    jobs.recheck_later(item.id, item.version, by=made.SYSTEM)

    def deed() -> dict[str, object]:
        recheck.finish(item.id, item.version, digest=drafted.digest, effect=None, by=made.SYSTEM)
        return {"text": drafted.digest}

    return deed


@act(Event.TABLE_CHANGED, "working days")
def _(world: World) -> Deed:
    by = world.actor("operator")
    day = WorkingDay(date(2031, 3, 4), is_working=False, name="调休", source="示例通知", is_provisional=True)
    return lambda: void(tables.import_working_days([day], by=by))


@act(Event.TABLE_CHANGED, "an exception")
def _(world: World) -> Deed:
    by, code = world.actor("operator"), _wrong(world)

    def deed() -> dict[str, object]:
        tables.add_exception(code, reason="试点期发放", by=by)
        return {"code": code}

    return deed


@act(Event.TABLE_CHANGED, "an exception less")
def _(world: World) -> Deed:
    by, code = world.actor("operator"), _wrong(world)
    tables.add_exception(code, reason="试点期发放", by=by)

    def deed() -> dict[str, object]:
        tables.remove_exception(code, by=by)
        return {"code": code}

    return deed


@act(Event.TABLE_CHANGED, "divisions")
def _(world: World) -> Deed:
    row = {
        "code": "990109", "name": "云岭区", "level": 3, "parent_code": "990100", "valid_from": date(2020, 1, 1),
        "valid_to": None, "successor_code": "",
    }  # fmt: skip
    return lambda: void(identity.load_regions([row], source="示例区划 2026", by=made.SYSTEM))


def _wrong(world: World) -> str:
    """The organisation's code with another last character: it fails its check and nothing else."""
    body, last = world.organisation.code[:-1], world.organisation.code[-1]
    assert codes.check_character(body) == last
    return body + ("0" if last != "0" else "1")
