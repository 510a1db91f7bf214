"""Notices: who looks at them, who reads them, where they go, what arrives and what does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import override_settings

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import made
from tests.workflow.receivers import mail_server
from xinyong.kernel import clock
from xinyong.security import identity
from xinyong.security.audit import Event
from xinyong.workflow import channels, notices, outbox
from xinyong.workflow.kinds import Kind
from xinyong.workflow.models import Message

_FACTS = {"period": "2026-05", "due": "2026-06-09", "item_zh": "行政处罚", "item_en": "Penalties"}


@contextmanager
def _mail(port: int) -> Iterator[None]:
    with override_settings(
        MAIL={**settings.MAIL, "host": "127.0.0.1", "port": port, "security": "off", "from": "city@example.cn"}
    ):
        yield


def _told(world: World) -> int:
    unit = identity.source_unit(world.unit.code).id
    made_one = notices.tell(
        Kind.OVERDUE,
        department_id=unit,
        facts=_FACTS,
        link="/office/windows/",
        key="golden",
        by=made.SYSTEM,
        at=clock.now(),
    )
    assert made_one is not None
    return made_one


def _waiting(world: World, *, attempts: int = 0) -> Message:
    """A message that waits to be sent."""
    _set(world, mail="immediate")
    with _mail(1):
        _told(world)
    Message.objects.update(attempts=attempts)
    return Message.objects.get()


def _set(world: World, *, mail: str) -> None:
    channels.set_up(
        world.unit.code,
        mail=mail,
        addresses=["office@example.cn"],
        webhook="",
        by=world.actor("unit-admin"),
        at=clock.now(),
    )


@act(Event.NOTICES_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(notices.inbox(seen_by=by))


@act(Event.NOTICES_VIEWED, "what could not be delivered")
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(outbox.undelivered(seen_by=by))


@act(Event.NOTICES_READ)
def _(world: World) -> Deed:
    made_one, by = _told(world), world.actor("clerk")
    return lambda: void(notices.mark_read([made_one], by=by, at=clock.now()))


@act(Event.CHANNELS_SET)
def _(world: World) -> Deed:
    return lambda: void(_set(world, mail="daily"))


@act(Event.NOTICE_SENT)
def _(world: World) -> Deed:
    message = _waiting(world)

    def deed() -> dict[str, Any]:
        with mail_server() as box, _mail(box.port):
            outbox.deliver_due(now=clock.now() + timedelta(seconds=1), by=made.SYSTEM)
        return {"message": message.ref}

    return deed


@act(Event.NOTICE_GIVEN_UP)
def _(world: World) -> Deed:
    message = _waiting(world, attempts=outbox.GIVE_UP_AFTER - 1)

    def deed() -> dict[str, Any]:
        with _mail(1):
            outbox.deliver_due(now=clock.now() + timedelta(seconds=1), by=made.SYSTEM)
        return {"message": message.ref}

    return deed


@act(Event.NOTICE_RESENT)
def _(world: World) -> Deed:
    message, by = _waiting(world, attempts=3), world.actor("operator")

    def deed() -> dict[str, Any]:
        outbox.resend(message.pk, by=by, at=clock.now())
        return {"message": message.ref}

    return deed
