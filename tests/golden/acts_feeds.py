"""Change feeds of the register: what comes, what is given up, what is looked at, what is taken back."""

from datetime import timedelta

from tests.golden.acts import Deed, act
from tests.golden.world import World
from tests.intake import made
from xinyong.intake import feed
from xinyong.kernel import clock
from xinyong.security.audit import Event
from xinyong.security.identity import SourceUnit
from xinyong.subjects import registry, succession

_REASON = "登记机关确认作废"


def _events(*parts: tuple[int, str, str, tuple[str, ...]]) -> list[feed.Change]:
    return [
        feed.Change(number, f"E-{number}", kind, clock.today() - timedelta(days=1), code, {}, successors)
        for number, kind, code, successors in parts
    ]


def _receive(unit: SourceUnit, events: list[feed.Change]) -> None:
    feed.receive(events, source_code=unit.code, by=made.SYSTEM, received_at=clock.now())


@act(Event.CHANGES_RECEIVED)
def _(world: World) -> Deed:
    def deed() -> None:
        # Beyond a gap: kept, and nothing is applied yet.
        _receive(world.unit, _events((3, "cancelled", world.organisation.code, ())))

    return deed


@act(Event.CHANGES_SKIPPED)
def _(world: World) -> Deed:
    by = world.actor("operator")

    def deed() -> None:
        feed.skip(source_code=world.unit.code, until=7, reason=_REASON, by=by, now=clock.now())

    return deed


@act(Event.FEEDS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")

    def deed() -> None:
        feed.feeds(seen_by=by, now=clock.now())

    return deed


@act(Event.SUCCESSION_UNDONE)
def _(world: World) -> Deed:
    by, other = world.actor("operator"), made.organisation()
    made.register(other)
    _receive(world.unit, _events((1, "absorbed", world.organisation.code, (other.code,))))
    (link,) = succession.of(registry.subject(other.code, seen_by=by).id, known_at=clock.now())

    def deed() -> dict[str, object]:
        succession.undo(link.id, reason=_REASON, by=by, at=clock.now())
        return {"succession": link.id}

    return deed
