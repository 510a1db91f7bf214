"""The log itself, its evidence, and keys."""

from pathlib import Path

from click.testing import CliRunner
from django.conf import settings

from tests.golden.acts import Deed, NotDone, act, answered
from tests.golden.acts_people import void
from tests.golden.world import World
from xinyong.kernel import clock
from xinyong.operations import log
from xinyong.security import log_export, reseal
from xinyong.security.audit import Asked, Event
from xinyong.security.ledger import signing


@act(Event.LOG_VIEWED)
def _(world: World) -> Deed:
    browser, asked = world.browser("auditor"), f"event=signed-in&actor={world.person.number}"
    return lambda: void(answered(browser.get(f"/office/log/?{asked}")))


@act(Event.LOG_EXPORTED)
def _(world: World) -> Deed:
    by, asked = world.actor("auditor"), Asked(actor=world.person.number, since=clock.today())

    def deed() -> dict[str, object]:
        log_export.write(world.folder / "log.csv", asked=asked, by=by)
        return {"day": clock.today().isoformat()}

    return deed


@act(Event.LOG_EXPORTED, "whole", lasting="the log is published first, on a connection of its own")
def _(world: World) -> Deed:
    return lambda: void(_command(log.export_log, str(world.folder / "whole")))


@act(Event.EVIDENCE_VIEWED)
def _(world: World) -> Deed:
    browser = world.browser("security-admin")
    return lambda: void(answered(browser.get("/office/evidence/")))


@act(Event.LOG_KEY_ADDED, lasting="the key stands in a file", effect=lambda world: key_file().read_bytes())
def _(world: World) -> Deed:
    def deed() -> dict[str, object]:
        _command(log.log, "rotate-key")
        return {"key": signing.signers()[0].public.id.hex()}

    return deed


@act(Event.KEYS_ROTATED)
def _(world: World) -> Deed:
    by = world.actor("security-admin")
    return lambda: {"data keys": ",".join(map(str, reseal.rotate(by=by)))}


@act(Event.KEYS_REWRAPPED, lasting="the owner's connection")
def _(world: World) -> Deed:
    by = world.actor("security-admin")

    def deed() -> dict[str, object]:
        label, count = reseal.rewrap(by=by, is_new=True)
        return {"key-encryption key": label[:80], "count": count}

    return deed


@act(Event.KEYS_RESEALED, lasting="the owner's connection, batch by batch")
def _(world: World) -> Deed:
    by = world.actor("security-admin")
    reseal.rotate(by=by)
    return lambda: {"count": reseal.run(by=by)}


def key_file() -> Path:
    """Where the log's signing keys stand."""
    return Path(settings.XINYONG_HOME) / "keys" / "log-signing"


def _command(command: object, *arguments: str) -> None:
    done = CliRunner().invoke(command, list(arguments))  # type: ignore[arg-type]
    if done.exception is not None:
        raise NotDone(str(done.exception)) from done.exception
