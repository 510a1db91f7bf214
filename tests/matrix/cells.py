"""The cells of the matrix: which there are, how one is asked, how its answer is written down."""

import csv
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from tests.matrix.world import ABOUT, ARGUMENTS, ASKERS, OTHER_SUBJECT, OWN, OWNED, RELATIONS, World
from xinyong.security.access import BOUNDED, NEEDS_FRESH_FACTOR, POLICY, Action, Role
from xinyong.security.routes import Route, routes

TABLE = Path(__file__).parent / "expected.csv"
COLUMNS = ("route", "method", "relation", "state", *(role.value for role in ASKERS))
#: How a request stands beside an ordinary one: its second factor was shown long ago; its account was disabled meanwhile;
#: a purpose was said for the own subject's file.
ORDINARY, STALE, DISABLED, PURPOSED = "ordinary", "stale", "disabled", "purposed"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_SIGN_IN = "/office/sign-in"
_CONFIRM = "/office/confirm"


class UnknownParameter(KeyError):
    """An address has a parameter that tests/matrix/world.py has no value for: add one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix: an address, a method, whose thing it is about, how the asker stands."""

    route: Route
    method: str
    relation: str
    state: str = ORDINARY

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the line in the table."""
        return (self.route.pattern or "/", self.method, self.relation, self.state)


def rows() -> Iterator[Row]:
    """Every line there is, from the addresses the program answers."""
    for route in routes():
        names = [_name(route, one) for one in _PARAMETER.findall(route.pattern)]
        relations = tuple(RELATIONS) if OWNED & set(names) else (OWN,)
        for method in ("GET", "POST"):
            for relation in relations:
                yield Row(route, method, relation)
        if ABOUT & set(names):
            for relation in (OWN, OTHER_SUBJECT):
                yield Row(route, "GET", relation, PURPOSED)
        if route.action is not None and Role.PUBLIC not in POLICY[route.action]:
            if route.action in NEEDS_FRESH_FACTOR:
                yield Row(route, "GET", OWN, STALE)
                yield Row(route, "POST", OWN, STALE)
            yield Row(route, "GET", OWN, DISABLED)


def asked(row: Row, *, day: int) -> tuple[Role, ...]:
    """Who is asked of a line where not everybody is: all whom the policy lets in, and one whom it keeps out, by turns; where
    everybody gets the same (a public page, a disabled account), three of them. The others' cells are read against the policy."""
    may = POLICY.get(row.route.action, frozenset()) if row.route.action is not None else frozenset(ASKERS)
    if row.state == DISABLED or Role.PUBLIC in may or may >= frozenset(ASKERS):
        return _by_turns(ASKERS, 3, row, day)
    return (*(one for one in ASKERS if one in may), *_by_turns([one for one in ASKERS if one not in may], 1, row, day))


def _by_turns(roles: Sequence[Role], count: int, row: Row, day: int) -> tuple[Role, ...]:
    first = zlib.crc32("".join(row.key).encode()) + day * count
    return tuple(roles[(first + n) % len(roles)] for n in range(min(count, len(roles))))


def _name(route: Route, name: str) -> str:
    """A parameter's name; a department's code goes by the same name as an organisation's."""
    return "unit_code" if name == "code" and route.pattern.startswith("office/units/") else name


def address(route: Route, world: World, relation: str) -> str:
    """The route's address about the thing of this relation. Raises UnknownParameter."""

    def value(found: "re.Match[str]") -> str:
        name = _name(route, found.group(1))
        if name not in ARGUMENTS:
            raise UnknownParameter(f"{route.pattern}: {name}")
        return str(ARGUMENTS[name](world, relation))

    return "/" + _PARAMETER.sub(value, route.pattern.replace("^", "").replace("$", ""))


def ask(client: Client, row: Row, world: World, *, before: int) -> str:
    """The answer as the table writes it: the status, where a redirection leads to the sign-in or to the second factor, and
    how many entries it left in the audit log after the one numbered ``before``. Whatever it did is undone."""
    path, cookies = address(row.route, world, row.relation), SimpleCookie(client.cookies.output(header="", sep=";"))
    with transaction.atomic():
        if row.method == "GET":
            answer = client.get(path)
        elif path.startswith(("/api/", "/oauth/")):  # an empty form of the kind a machine sends, not the wrong kind
            kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
            answer = client.post(path, "{}" if path.startswith("/api/") else "", content_type=kind)
        else:
            answer = client.post(path)
        left = _entries(before)
        transaction.set_rollback(True)
    client.cookies = cookies  # signing out took the session's
    if answer.streaming:
        answer.close()  # closed by the client already where it is whole; again, it has the connection's health looked at
    return _written(answer, left)


def _written(answer: HttpResponse, entries: int) -> str:
    status = str(answer.status_code)
    to = answer.headers.get("Location", "")
    if to.startswith(_SIGN_IN):
        status += ">" + (to.removeprefix(_SIGN_IN).partition("?")[0].strip("/") or "sign-in")
    elif to.startswith(_CONFIRM):
        status += ">confirm"
    return f"{status}+{entries}" if entries else status


def last_entry() -> int:
    """The number of the newest entry in the audit log, 0 when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM security_auditentry")
        return int(cursor.fetchone()[0])


def _entries(after: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM security_auditentry WHERE id > %s", [after])
        return int(cursor.fetchone()[0])


def expected() -> dict[tuple[str, str, str, str], dict[str, str]]:
    """The reviewed table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (line["route"], line["method"], line["relation"], line["state"]): {
                role.value: line[role.value] for role in ASKERS
            }
            for line in csv.DictReader(file)
        }


def write(found: dict[tuple[str, str, str, str], dict[str, str]], to: Path = TABLE) -> None:
    """Writes a table; the reviewed one is written anew by ``pytest tests/matrix --write-matrix`` and read by a person."""
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for key in sorted(found):
            writer.writerow((*key, *(found[key][role.value] for role in ASKERS)))


def forbidden(row: Row, role: Role, answer: str) -> str:
    """What the policy itself says against an answer, whatever the table says; empty when nothing."""
    action = row.route.action
    if action is None or action is Action.SIGN_IN:
        return ""
    status = answer.partition("+")[0]
    is_let_in = status.startswith("2") or (status.startswith("3") and ">" not in status)
    if not is_let_in:
        return ""
    if role not in POLICY[action] and action is not Action.VIEW_PUBLIC:
        return f"{role} may not {action}"
    if row.state == DISABLED and role is not Role.PUBLIC and Role.PUBLIC not in POLICY[action]:
        return "a disabled account is let in"
    if row.state == STALE and action in NEEDS_FRESH_FACTOR:
        return f"{action} without a fresh factor"
    if row.relation == OTHER_SUBJECT and row.route.pattern.startswith("office/") and "+" in answer:
        return "a purpose said for one subject opens another's file"
    if row.relation not in (OWN, OTHER_SUBJECT) and action in BOUNDED.get(role, frozenset()):
        return f"{role} is let in to what is not its own"
    return ""
