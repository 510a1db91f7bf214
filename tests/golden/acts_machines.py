"""Programs of departments and nodes of other cities."""

import json
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.exchange.conftest import pem, send
from tests.golden.acts import Deed, act, answered
from tests.golden.acts_people import void
from tests.golden.world import HOME, PARTNER, World
from xinyong.kernel import clock
from xinyong.security import clients, partners
from xinyong.security.audit import Event


@act(Event.CLIENT_REGISTERED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")

    def deed() -> dict[str, object]:
        view, _ = clients.register(
            name="新客户端", department=world.unit.code, scopes=["read:public"], networks=["198.51.100.0/24"],
            items=["honour"], by=by, now=clock.now(),
        )  # fmt: skip
        return {"new client": view.client_id}

    return deed


@act(Event.CLIENT_CHANGED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(clients.change(world.program.client_id, per_minute=7, scopes=["read:public"], by=by))


@act(Event.CLIENT_SECRET_ROTATED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(clients.rotate(world.program.client_id, by=by, now=clock.now()))


@act(Event.CLIENT_DISABLED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: clients.disable(world.program.client_id, by=by, now=clock.now())


@act(Event.CLIENTS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(clients.clients(seen_by=by))


@act(Event.CLIENTS_VIEWED, "one of them")
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(clients.client(world.program.client_id, seen_by=by))


@act(Event.CLIENTS_VIEWED, "a node")
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(partners.partner(PARTNER, seen_by=by))


@act(Event.CLIENTS_VIEWED, "all nodes")
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(partners.partners(seen_by=by))


@act(Event.TOKEN_ISSUED)
def _(world: World) -> Deed:
    return lambda: void(answered(world.program.ask("read:public")))


@act(Event.TOKEN_REFUSED)
def _(world: World) -> Deed:
    return lambda: void(answered(world.program.ask("read:public", client_secret="0123456789." + "x" * 43), 401))


@act(Event.TOKEN_REFUSED, "a client nobody has")
def _(world: World) -> Deed:
    return lambda: void(answered(world.program.ask(client_id=world.person.number), 401))


@act(Event.CALL_REFUSED)
def _(world: World) -> Deed:
    token = json.loads(world.program.ask("read:catalogue").content)["access_token"]
    return lambda: void(answered(world.program.get(f"/submissions/{world.submission.id}", token=token), 403))


@act(Event.CALL_REFUSED, "without a token")
def _(world: World) -> Deed:
    return lambda: void(answered(world.program.get("/whoami", token="nobodys-token-at-all"), 401))


@act(Event.PARTNER_REGISTERED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(partners.register(code="city-9903", name="邻市平台", by=by, now=clock.now()))


@act(Event.PARTNER_DISABLED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: partners.disable(PARTNER, by=by)


@act(Event.PARTNER_KEY_ADDED)
def _(world: World) -> Deed:
    by, key, now = world.actor("system-admin"), pem(ed25519.Ed25519PrivateKey.generate()), clock.now()

    def deed() -> dict[str, object]:
        end = now + timedelta(days=365)
        partners.add_key(PARTNER, key_id=f"{PARTNER}-2", public_pem=key, valid_from=now, valid_to=end, by=by)
        return {"begin": now.isoformat(), "end": end.isoformat()}

    return deed


@act(Event.PARTNER_KEY_ENDED)
def _(world: World) -> Deed:
    by, now = world.actor("system-admin"), clock.now()

    def deed() -> dict[str, object]:
        partners.end_key(world.node.key_id, at=now, by=by)
        return {"end": now.isoformat()}

    return deed


@act(Event.MESSAGE_ACCEPTED)
def _(world: World) -> Deed:
    def deed() -> dict[str, object]:
        content = world.node.content(seq=1)
        _sent(world, content, 200)
        return {"message": json.loads(content)["id"]}

    return deed


@act(Event.MESSAGE_ACCEPTED, "sent again")
def _(world: World) -> Deed:
    content = world.node.content(seq=1)
    _sent(world, content, 200)

    def deed() -> dict[str, object]:
        _sent(world, content, 200)
        return {"message": json.loads(content)["id"]}

    return deed


@act(Event.MESSAGE_REFUSED)
def _(world: World) -> Deed:
    _sent(world, world.node.content(seq=5), 200)

    def deed() -> dict[str, object]:
        content = world.node.content(seq=4)
        _sent(world, content, 409)
        return {"message": json.loads(content)["id"]}

    return deed


@act(Event.MESSAGE_REFUSED, "a wrong signature")
def _(world: World) -> Deed:
    def deed() -> None:
        message = world.node.signed(world.node.content(seq=1))
        message.body += b" "
        answered(send(message, address=HOME), 401)

    return deed


def _sent(world: World, content: bytes, status: int) -> Any:
    return void(answered(send(world.node.signed(content), address=HOME), status))
