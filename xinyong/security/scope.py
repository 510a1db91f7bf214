"""What the database lets the present actor see (row-level security): the second wall behind every query's own filter.

An actor's scope is told to the connection in settings of ours (``xinyong.…``) that the policies read; without a scope a
policy lets nothing through. A web process has none but within a request (the gate opens it, its end closes it); commands and the
worker act as the platform itself and say so once (``stand_as``). What is set is set outside any transaction, so that a
rollback cannot bring the last actor's scope back, and holds for the session: a pooler in front of PostgreSQL must pool
sessions, not transactions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.signals import request_finished
from django.db import DatabaseError, connection
from django.db.backends.signals import connection_created

from xinyong.kernel import clock
from xinyong.security.access import Actor, Role, significant
from xinyong.security.models import Department

#: setting → value, as the policies read them.
Settings = tuple[str, str, str, str, str, str]
_NOBODY: Settings = ("", "", "", "", "", "")
_SET = "SELECT " + ", ".join(
    f"set_config('xinyong.{name}', %s, false)" for name in ("role", "unit", "reach", "items", "today", "subject")
)

_present: ContextVar[Settings] = ContextVar("scope", default=_NOBODY)
_standing: list[Settings] = [_NOBODY]


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Within, the database shows what this actor may see; afterwards what it showed before."""
    wanted = of(actor)
    token = _present.set(wanted)
    try:
        _tell(wanted)
        yield
    finally:
        _present.reset(token)
        _tell(_now())


@contextmanager
def answering(actor: Actor) -> Iterator[None]:
    """As ``acting``, for a request: the connection learns that it is over once the answer is sent (``leave``), so that nobody
    waits for that. Where an answer is still being made while it is sent, ``leave`` before."""
    leave()
    wanted = of(actor)
    token = _present.set(wanted)
    connection.xinyong_left_on = True  # type: ignore[attr-defined]
    try:
        _tell(wanted)
        yield
    finally:
        _present.reset(token)


def leave(**_: Any) -> None:
    """Whoever was ``answering`` is gone from this thread's connection; a connection that cannot be told is closed."""
    if not getattr(connection, "xinyong_left_on", False):
        return
    try:
        if connection.connection is not None:  # a new one learns it as it opens
            _tell(_now())
    except DatabaseError:
        if connection.in_atomic_block:
            return  # a request leaves no transaction open; whoever began this one asks again after it
        connection.close()
    connection.xinyong_left_on = False  # type: ignore[attr-defined]


def stand_as(actor: Actor) -> None:
    """From now on this process is the actor where nobody else is: for commands and the worker, at their start."""
    _standing[0] = of(actor)
    if connection.connection is not None:
        _tell(_now())


def of(actor: Actor) -> Settings:
    """The scope of an actor as the policies read it. ``reach`` holds the departments within or above their division."""
    unit = ""
    if actor.department is not None:
        unit = str(Department.objects.filter(code=actor.department).values_list("pk", flat=True).first() or "")
    items = ",".join(sorted(actor.items)) if actor.items is not None else ""
    reach = ",".join(str(one) for one in reach_of(actor.region)) if actor.region else ""
    subject = str(actor.subject) if actor.subject is not None else ""
    return (actor.role.value, unit, reach, items, clock.today().isoformat(), subject)


def reach_of(region: str) -> list[int]:
    """Departments whose data a division's people share: its own, those below it, and those above it, whose work covers
    it; not its neighbours'. Ids in order, −1 when there is none."""
    own = significant(region)
    found = [
        pk
        for pk, code in Department.objects.order_by("pk").values_list("pk", "region_code")
        if code and (significant(code).startswith(own) or own.startswith(significant(code)))
    ]
    return found or [-1]


def _now() -> Settings:
    present = _present.get()
    if present != _NOBODY:
        return present
    standing = _standing[0]
    return standing if standing == _NOBODY else (*standing[:4], clock.today().isoformat(), standing[5])


def _tell(what: Settings) -> None:
    if connection.connection is None and what == _NOBODY:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SET, what)


def tell_new_connection(sender: Any, connection: Any, **_: Any) -> None:
    """A connection that was just opened learns who is acting: it may replace one that broke within a request."""
    what = _now()
    if what != _NOBODY:
        with connection.cursor() as cursor:
            cursor.execute(_SET, what)


def install() -> None:
    """Hangs ``tell_new_connection`` on Django's connections, ``leave`` on the end of its requests."""
    connection_created.connect(tell_new_connection, dispatch_uid="xinyong.scope")
    request_finished.connect(leave, dispatch_uid="xinyong.scope")


def is_platform() -> bool:
    """True when nobody but the platform itself is acting."""
    return _now()[0] == Role.SYSTEM.value
