"""A door with callers of every kind before it: clients with scopes, without, closed, playing, bound; a partner with keys."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from tests.conftest import _empty
from tests.intake import made
from tests.intake.made import Organisation
from xinyong.kernel import clock
from xinyong.security import clients, partners, signatures
from xinyong.security.access import system
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry
from xinyong.security.signatures import Message

SYSTEM = system("test")
HOME = "127.0.0.1"
ALL = ("query:authorised", "read:catalogue", "read:public", "read:shared", "read:submissions", "submit:admin-penalty-org",
       "submit:organisation-register")  # fmt: skip

Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def pem(key: Key) -> str:
    """The public half of a key."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def ask(form: dict[str, str], **extra: Any) -> Any:
    """A form put to /oauth/token."""
    return Client().post(
        "/oauth/token", urlencode(form), content_type="application/x-www-form-urlencoded", **extra
    )  # fmt: skip


@dataclass(slots=True)
class Program:
    """A client's program: asks for its token once, then calls."""

    client_id: str
    secret: str
    address: str = HOME
    key: Key | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, scope: str = "", **form: str) -> Any:
        """What /oauth/token answers."""
        wanted = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        if scope:
            wanted["scope"] = scope
        return ask(wanted | form, REMOTE_ADDR=self.address)

    def token(self, scope: str = "") -> str:
        """A token, kept."""
        if scope not in self.tokens:
            self.tokens[scope] = json.loads(self.ask(scope).content)["access_token"]
        return self.tokens[scope]

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None, **extra: Any) -> Any:
        """The answer to a call with the token."""
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {self.token() if token is None else token}"} | extra.pop("headers", {})
        if self.key is not None:
            message = Message(method, f"http://testserver/api/v1{path}", headers, content)
            signatures.sign(
                message, private=self.key, key_id=self.client_id, tag=signatures.CLIENT_TAG, now=clock.now(),
                also=("authorization",),
            )  # fmt: skip
        return Client().generic(
            method, f"/api/v1{path}", content, content_type="application/json" if content else "",
            headers=headers, REMOTE_ADDR=extra.pop("address", self.address), **extra,
        )  # fmt: skip

    def get(self, path: str, **extra: Any) -> Any:
        """A call that only looks."""
        return self.call("GET", path, **extra)


@dataclass(slots=True)
class Node:
    """A partner's program."""

    code: str
    key_id: str
    key: Key
    seq: int = 0

    def signed(self, content: bytes, *, now: datetime | None = None, **options: Any) -> Message:
        """A message ready to send."""
        message = Message(
            "POST", "http://testserver/api/v1/exchange/messages", {"Content-Type": "application/json"}, content
        )
        choices = {"private": self.key, "key_id": self.key_id, "tag": signatures.PARTNER_TAG} | options
        signatures.sign(message, now=now or clock.now(), **choices)
        return message

    def content(self, *, seq: int | None = None, kind: str = "ping", number: str = "", **parts: Any) -> bytes:
        """A message's body, the next in order unless told."""
        import uuid

        if seq is None:
            self.seq += 1
            seq = self.seq
        body = {"id": number or str(uuid.uuid4()), "seq": seq, "message": {"kind": kind} | parts}
        return json.dumps(body).encode()


def send(message: Message, *, address: str = HOME) -> Any:
    """Puts a message through the door as it is."""
    return Client().generic(
        message.method, message.url.removeprefix("http://testserver"), message.body,
        content_type=message.headers.get("Content-Type", "application/json"), headers=message.headers,
        REMOTE_ADDR=address,
    )  # fmt: skip


@dataclass(slots=True)
class Door:
    """Who stands before the door, and what there is to see behind it."""

    unit: SourceUnit
    other: SourceUnit
    organisation: Organisation
    full: Program
    narrow: Program
    sandbox: Program
    stranger: Program
    node: Node

    def program(self, *, unit: SourceUnit | None = None, key: Key | None = None, **choices: Any) -> Program:
        """A new client."""
        wanted = {
            "name": "测试程序",
            "scopes": ALL,
            "networks": ["127.0.0.0/8"],
            "per_minute": 100_000,
            "per_day": 1_000_000,
        }
        view, secret = clients.register(
            department=(unit or self.unit).code, key_pem=pem(key) if key else "", by=SYSTEM, now=clock.now(),
            **(wanted | choices),
        )  # fmt: skip
        return Program(view.client_id, secret, key=key)


def before_the_door(partner: str = "city-9902") -> Door:
    """Makes everybody."""
    unit, other, who = made.department("云溪市示例接口局"), made.department(), made.organisation()
    made.register(who)
    now = clock.now()
    key = ed25519.Ed25519PrivateKey.generate()
    partners.register(code=partner, name="示例市信用平台", per_minute=1_000_000, per_day=1_000_000, by=SYSTEM, now=now)
    partners.add_key(partner, key_id=f"{partner}-1", public_pem=pem(key), valid_from=now - timedelta(days=1), by=SYSTEM)
    found = Door(
        unit, other, who, Program("", ""), Program("", ""), Program("", ""), Program("", ""),
        Node(partner, f"{partner}-1", key),
    )  # fmt: skip
    found.full = found.program()
    found.narrow = found.program(scopes=["read:catalogue"])
    found.sandbox = found.program(is_sandbox=True)
    found.stranger = found.program(unit=other)
    return found


@pytest.fixture(scope="module")
def door(django_db_setup: None, django_db_blocker: Any) -> Iterator[Door]:
    """Everybody, for a whole module; what they do is committed and emptied after it."""
    from django.conf import settings

    kept, settings.RATE_LIMITS_ON = settings.RATE_LIMITS_ON, False
    with django_db_blocker.unblock():
        yield before_the_door()
        _empty()
    settings.RATE_LIMITS_ON = kept


@pytest.fixture
def noted(door: Door) -> Callable[[], list[AuditEntry]]:
    """Entries of the log since the last call."""
    last = [_last()]

    def since() -> list[AuditEntry]:
        found = list(AuditEntry.objects.filter(id__gt=last[0]).order_by("id"))
        last[0] = _last()
        return found

    return since


def _last() -> int:
    return AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving(application: Callable[..., Any]) -> Iterator[str]:
    """The address of a server of this process, on a port of its own, for a while."""
    server: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address(door: Door) -> Iterator[str]:
    """The program, served."""
    from django.db import connections

    from xinyong.config.wsgi import application

    def closing(environ: dict[str, object], start: object) -> object:
        try:
            return application(environ, start)
        finally:
            connections.close_all()

    with serving(closing) as place:
        yield place


@pytest.fixture
def worker(door: Door) -> Iterator[None]:
    """A worker that does what is handed in, as soon as it is."""
    from django.db import connections

    from xinyong.intake import submit

    stop = threading.Event()

    def works() -> None:
        while not stop.wait(0.1):
            for submission_id in submit.unfinished():
                submit.run(submission_id, by=SYSTEM)
            connections.close_all()

    thread = threading.Thread(target=works)
    thread.start()
    yield
    stop.set()
    thread.join()
