"""Watched folders: what goes to quarantine, what an operator decides, what is looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from django.test import override_settings

from tests.golden.acts import Deed, NotDone, act, answered
from tests.golden.world import World
from tests.intake import made
from xinyong.intake import drop, drop_desk, jobs
from xinyong.intake.models import DropFile, Interruption
from xinyong.kernel import clock
from xinyong.security import identity
from xinyong.security.audit import Event

_ITEM = "admin-penalty-org"
_turns = count()


@contextmanager
def _folders(root: Path) -> Iterator[None]:
    """The disk's clock is not the test's, so nothing waits to have stood still."""
    with override_settings(DROP_FOLDERS=root, DROP_STILL_SECONDS=-(10**9)):
        yield


def _aside(world: World) -> DropFile:
    """A file in quarantine, as the database has it."""
    return DropFile.objects.create(
        ticket=f"{next(_turns):032x}", source_id=identity.source_unit(world.unit.code).id, item_id=_ITEM, file_name="a.csv",
        status=DropFile.Status.QUARANTINED, reason={"code": "", "zh": "", "en": ""}, taken_at=clock.now(),
    )  # fmt: skip


@act(Event.DROP_QUARANTINED)
def _(world: World) -> Deed:
    root = world.folder / f"drop-{next(_turns)}"
    inbox = root / world.unit.code / "in" / _ITEM
    inbox.mkdir(parents=True)
    made.csv_file(inbox / "a.csv", [made.penalty_row(world.organisation, world.unit)])
    (inbox / "a.csv.ctl.json").write_text('{"sha256": "no digest"}')
    size = (inbox / "a.csv").stat().st_size

    def deed() -> dict[str, object]:
        with _folders(root):
            seen = drop.look(now=clock.now(), by=made.SYSTEM, hand_in=jobs.hand_in)
        if seen.problems:
            raise NotDone(seen.problems[0]["en"])
        return {"ticket": DropFile.objects.latest("id").ticket, "file's size": size}

    return deed


@act(Event.DROP_RELEASED)
def _(world: World) -> Deed:
    row, by = _aside(world), world.actor("operator")

    def deed() -> dict[str, object]:
        drop_desk.release(row.pk, by=by)
        return {"ticket": row.ticket}

    return deed


@act(Event.DROP_DISCARDED)
def _(world: World) -> Deed:
    row, by = _aside(world), world.actor("operator")

    def deed() -> dict[str, object]:
        drop_desk.discard(row.pk, by=by)
        return {"ticket": row.ticket}

    return deed


@act(Event.WORK_TRIED_AGAIN)
def _(world: World) -> Deed:
    entered, by = world.submission, world.actor("operator")
    Interruption.objects.create(
        submission_id=entered.id, source_id=identity.source_unit(world.unit.code).id, item_id=entered.item_id, stage="read",
        cause="disk-full", tries=1, since=clock.now(), at=clock.now(), next_at=clock.now(),
    )  # fmt: skip

    def deed() -> None:
        jobs.try_again(entered.id, by=by)

    return deed


@act(Event.DROP_OPENED)
def _(world: World) -> Deed:
    root = world.folder / f"drop-{next(_turns)}"

    def deed() -> None:
        with _folders(root):
            drop_desk.open_folders(world.unit.code, by=made.SYSTEM)

    return deed


@act(Event.DROPS_VIEWED)
def _(world: World) -> Deed:
    browser = world.browser("operator")

    def deed() -> None:
        answered(browser.get("/office/drops/"))

    return deed
