"""Who comes in at the machines' door, and how: a token, a signature, or openly; never a session, whatever cookie is sent.

An operation declares all of it in one line: ``@operation("GET", "/whoami", action=…, by=Entrance.TOKEN, scope=…)``. The
middleware reads that from the view, settles who calls before the gate looks, counts the quota, and dresses the answer:
``RateLimit-*``, ``no-store``, the sandbox's mark, the signature on what a partner gets.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from xinyong.exchange import bodies, crowds, refusals
from xinyong.exchange.interface import Api
from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, XinyongError
from xinyong.kernel.strict_json import MEGABYTE
from xinyong.security import partners, quotas, scope, signatures, tokens
from xinyong.security.access import Action, Actor, Role, access, require
from xinyong.security.gate import client_address
from xinyong.security.partners import Peer
from xinyong.security.signatures import Message
from xinyong.security.tokens import Caller
from xinyong.web import limits
from xinyong.web import refusals as log_lines
from xinyong.web.problems import problem

View = TypeVar("View", bound=Callable[..., Any])


class Entrance(StrEnum):
    """How a caller proves who it is."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 (no secret)
    SIGNATURE = "signature"


class NotInSandbox(Forbidden):
    """A sandbox client called what the sandbox does not play."""

    code = "exchange.not-in-sandbox"


@dataclass(frozen=True, slots=True)
class Way:
    """What an operation declares. ``sandbox`` answers in its place for sandbox clients; without one they are refused,
    unless the operation says ``SAME``. ``takes``: content types of its body, at most ``most`` bytes; where that is more
    than memory should hold, the body is taken to disk (``spooled``)."""

    methods: tuple[str, ...]
    action: Action
    by: Entrance
    scope: str = ""
    sandbox: Callable[..., Any] | None = None
    name: str = ""
    takes: tuple[str, ...] = ("application/json",)
    most: int = MEGABYTE


@dataclass(slots=True)
class Call:
    """One call under way."""

    way: Way
    message: Message | None = None
    caller: Caller | None = None
    peer: Peer | None = None
    left: quotas.Left | None = None
    folder: "TemporaryDirectory[str] | None" = None
    sha256: bytes = b""


def SAME() -> None:  # noqa: N802 (a mark, not a function)
    """Says that an operation answers sandbox clients as everybody: it tells nothing that is not public."""


api = Api()
WAYS: dict[str, Way] = {}


def operation(
    method: str,
    path: str,
    *,
    action: Action,
    by: Entrance,
    returns: Any,
    summary: str,
    scope: str = "",
    sandbox: Callable[..., Any] | None = None,
    takes: tuple[str, ...] = ("application/json",),
    most: int = MEGABYTE,
    more: dict[str, Any] | None = None,
) -> Callable[[View], View]:
    """Makes a function an operation of the interface, under its own name. ``returns`` is the schema of 200, or a schema for
    each status; ``more`` goes into the description as it is."""

    def declare(view: View) -> View:
        name = view.__name__
        assert name not in WAYS, f"two operations are named {name}"
        WAYS[name] = Way((method,), action, by, scope, sandbox, name, takes, most)

        @wraps(view)
        def played(request: HttpRequest, **values: Any) -> Any:
            made = call(request)
            if made.caller is None or not made.caller.is_sandbox or sandbox is SAME:
                return view(request, **values)
            if sandbox is None:
                raise NotInSandbox(
                    "沙箱客户端不能调用此接口。", "A sandbox client cannot call this.", operation=name
                )  # fmt: skip
            return sandbox(request, **values)

        api.api_operation(
            [method], path, response=returns if isinstance(returns, dict) else {200: returns}, operation_id=name,
            url_name=name, summary=summary, description=" ".join((view.__doc__ or "").split()), openapi_extra=more,
        )(played)  # fmt: skip
        return view

    return declare


def patterns() -> list[URLPattern]:
    """The addresses of all operations, each view with its ways by method and an action: what the gate reads."""
    found: dict[str, URLPattern] = {}
    at: dict[str, list[Way]] = {}
    for one in api.urls[0]:
        if isinstance(one, URLPattern) and one.name in WAYS:
            found.setdefault(str(one.pattern), one)
            at.setdefault(str(one.pattern), []).append(WAYS[str(one.name)])
    for path, one in found.items():
        one.callback = declared(one.callback, *at[path])
    assert sum(len(ways) for ways in at.values()) == len(WAYS), "an operation without an address"
    return list(found.values())


def declared(view: View, *ways: Way) -> View:
    """A view with its ways in, one for each method; it runs within the machine's own scope of the database. The gate behind
    us looks at the first one's action; what the call's own way asks for was settled here before."""

    @wraps(view)
    def scoped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with scope.acting(actor(request)):
            return view(request, *args, **kwargs)

    scoped.xinyong_ways = {method: way for way in ways for method in way.methods}  # type: ignore[attr-defined]
    return cast(View, access(ways[0].action)(scoped))


def call(request: HttpRequest) -> Call:
    """The call a request is (the middleware has made it)."""
    return cast(Call, request.machine_call)  # type: ignore[attr-defined]


def actor(request: HttpRequest) -> Actor:
    """Who calls."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def spooled(request: HttpRequest) -> Path:
    """The raw body on disk, taken there once; it is gone with the answer. Raises LengthNeeded, BodyCut."""
    made = _spool(request)
    assert made.folder is not None
    return Path(made.folder.name, "body")


def _spool(request: HttpRequest) -> Call:
    made = call(request)
    if made.folder is None:
        made.folder = TemporaryDirectory(prefix="xinyong-received-")
        with _aside(request):
            made.sha256 = bodies.spool(request, Path(made.folder.name, "body"))
    return made


def _receive(request: HttpRequest) -> None:
    """Takes a small body in while others have the turn. Raises BodyCut."""
    if request.META.get("CONTENT_LENGTH") not in {None, "", "0"} and not hasattr(request, "_body"):
        with _aside(request):
            bodies.receive(request)


def _aside(request: HttpRequest) -> AbstractContextManager[None]:
    entry: crowds.Entry | None = getattr(request, "machine_entry", None)
    return entry.aside() if entry is not None else nullcontext()


class Machines:
    """Settles who calls, for views that declare a way. It stands before the gate, which then finds a machine's actor and
    no session's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._crowd = crowds.Crowd()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
            made = getattr(request, "machine_call", None)
            return response if made is None else _dressed(request, response, made)
        finally:
            if entry := getattr(request, "machine_entry", None):
                entry.leave()
            folder = getattr(getattr(request, "machine_call", None), "folder", None)
            if folder is not None:
                folder.cleanup()

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """None lets the call through; a problem is its answer."""
        ways: Mapping[str, Way] | None = getattr(view, "xinyong_ways", None)
        if ways is None and not getattr(view, "xinyong_is_for_machines", False):
            return None
        try:
            request.machine_entry = self._crowd.enter()  # type: ignore[attr-defined]
        except crowds.Crowded as error:
            log_lines.note(request, error.code)
            return problem(error)
        if ways is None:
            return None
        way = ways.get(request.method or "") or next(iter(ways.values()))
        made = Call(way)
        request.machine_call = made  # type: ignore[attr-defined]
        request.actor = Actor(role=Role.PUBLIC, name="public", address=client_address(request))  # type: ignore[attr-defined]
        try:
            refusals.check_form(request, methods=tuple(ways), most=way.most, content=way.takes)
            _come_in(request, made)
            require(actor(request), way.action)
            if made.caller is not None and way.scope:
                tokens.require_scope(made.caller, way.scope)
            if way.most <= MEGABYTE:
                _receive(request)
        except XinyongError as error:
            return _refused(request, made, error)
        return None


def _come_in(request: HttpRequest, made: Call) -> None:
    now, address = clock.now(), actor(request).address
    if made.way.by is Entrance.OPEN:
        return
    if made.way.by is Entrance.TOKEN:
        word, _, token = request.headers.get("Authorization", "").partition(" ")
        made.caller = tokens.caller(token.strip() if word.lower() == "bearer" else "", address=address, now=now)
        if made.caller.key_pem:
            _check_binding(request, made, made.caller)
        name, per_minute, per_day = f"client:{made.caller.client_id}", made.caller.per_minute, made.caller.per_day
        request.actor = made.caller.actor  # type: ignore[attr-defined]
    else:
        made.message = message_of(request)
        made.peer = partners.recognise(made.message, address=address, now=now)
        name, per_minute, per_day = f"partner:{made.peer.code}", made.peer.per_minute, made.peer.per_day
        request.actor = made.peer.actor  # type: ignore[attr-defined]
    made.left = quotas.take(name, per_minute=per_minute, per_day=per_day, now=now)


def _check_binding(request: HttpRequest, made: Call, caller: Caller) -> None:
    """A bound client's token is worth nothing without a fresh signature by its key, over the token too."""
    made.message = message_of(request, on_disk=made.way.most > MEGABYTE)
    said = signatures.read(made.message, tag=signatures.CLIENT_TAG)
    if said.key_id != caller.client_id:
        raise tokens.refused()
    now = clock.now()
    signatures.check(
        made.message, said, public_pem=caller.key_pem, tag=signatures.CLIENT_TAG, now=now, also=("authorization",)
    )
    partners.see_nonce(f"client:{caller.client_id}", said, now=now)


def message_of(request: HttpRequest, *, on_disk: bool = False) -> Message:
    """The request as a signature sees it; a large body by its digest, which is taken when it is asked for."""
    message = Message((request.method or "").upper(), request.build_absolute_uri(), dict(request.headers))
    if not on_disk:
        _receive(request)
        message.body = request.body
    elif request.META.get("CONTENT_LENGTH") not in {None, "", "0"}:
        message.body_sha256 = lambda: _spool(request).sha256
    return message


def _refused(request: HttpRequest, made: Call, error: XinyongError) -> HttpResponse:
    """The problem, after the entry in the log. Who cannot say who it is can only make so many entries."""
    log_lines.note(request, error.code)
    if isinstance(error, quotas.QuotaSpent) or error.status in {405, 413, 415}:
        response = problem(error)
        if "allow" in error.facts:
            response["Allow"] = str(error.facts["allow"])
        return response
    if made.caller is None and made.peer is None and settings.RATE_LIMITS_ON:
        try:
            limits.take(limits.named("machine-refused"), address=actor(request).address or "", now=clock.now())
        except limits.TooMany as many:
            return problem(many)
    refusals.note(error, by=made.caller.actor if made.caller else actor(request), operation=made.way.name)
    response = problem(error)
    if error.status == 401:
        response["WWW-Authenticate"] = (
            'Bearer realm="xinyong"' if made.way.by is Entrance.TOKEN else 'Signature realm="xinyong"'
        )
    return response


def _dressed(request: HttpRequest, response: HttpResponse, made: Call) -> HttpResponse:
    response.headers.setdefault("Cache-Control", "no-store")
    if made.caller is not None and made.caller.is_sandbox:
        response["X-Xinyong-Sandbox"] = "1"
    if made.left is not None:
        response["RateLimit-Limit"] = str(made.left.most)
        response["RateLimit-Remaining"] = str(made.left.left)
        response["RateLimit-Reset"] = str(made.left.seconds)
        response["RateLimit-Policy"] = f"{made.left.per_minute};w=60, {made.left.per_day};w=86400"
    if made.peer is not None and made.message is not None:
        _sign(response, made.message)
    return response


def _sign(response: HttpResponse, message: Message) -> None:
    reply = signatures.Reply(response.status_code, dict(response.headers), response.content, message)
    signatures.sign_reply(reply, now=clock.now())
    for name in ("Content-Digest", "Signature-Input", "Signature"):
        response[name] = reply.headers[name]
