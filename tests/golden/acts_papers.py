"""Papers: special reports and statements, batches of them, revocation, who looks at what was issued."""

from datetime import timedelta

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from xinyong.kernel import clock
from xinyong.reports import batch, given, issue, special
from xinyong.reports.batch_view import BatchView
from xinyong.reports.special import Wanted
from xinyong.security.access import PUBLIC
from xinyong.security.audit import Event

_WHY = "funds: 云财〔2026〕8号"


def _wanted() -> Wanted:
    today = clock.today()
    return Wanted(today - timedelta(days=365), today, ("market",))


def _asked(world: World) -> BatchView:
    purpose = f"{_WHY} {world.persons[0].number}"
    return batch.ask(
        [world.organisation.code], _wanted(), by=world.actor("operator"), at=clock.now(), purpose=purpose
    )  # fmt: skip


@act(Event.REPORT_ISSUED, "special")
def _(world: World) -> Deed:
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        issued = special.issue_special(
            world.organisation.code,
            _wanted(),
            by=by,
            issued_at=clock.now(),
            purpose=f"{_WHY} {world.persons[0].number}",
        )
        return {"number": issued.number}

    return deed


@act(Event.REPORT_REVOKED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    issued = issue.issue(world.organisation.code, as_of=clock.today(), seen_by=PUBLIC, issued_at=clock.now())

    def deed() -> dict[str, object]:
        given.revoke(issued.number, reason=f"{world.persons[0].number} 来电更正", by=by, at=clock.now())
        return {"number": issued.number}

    return deed


@act(Event.REPORTS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(given.listing(text=world.persons[0].number, seen_by=by))


@act(Event.REPORT_BATCH_ASKED)
def _(world: World) -> Deed:
    return lambda: {"batch": _asked(world).id}


@act(Event.REPORT_BATCH_TAKEN)
def _(world: World) -> Deed:
    made = _asked(world)
    batch.run(made.id)
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        batch.take(made.id, to=world.folder / "all.zip", by=by)
        return {"batch": made.id}

    return deed


@act(Event.REPORT_BATCH_REMOVED)
def _(world: World) -> Deed:
    made = _asked(world)
    batch.run(made.id)

    def deed() -> dict[str, object]:
        batch.sweep(by=world.actor("operator"), at=clock.now() + timedelta(days=4000))
        return {"batch": made.id}

    return deed
