"""No sequence of grants, moves, delegations, consents and time gives anybody what they must not have (security.md T27, §3-13).

Hypothesis plays people and somebody who writes into the tables as the program's role; what stands in the tables after each
step is judged by a second implementation, in Python, that shares nothing with the triggers and verbs.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.security.people_made import Hall, start
from xinyong.kernel.errors import XinyongError
from xinyong.security import approvals, grants, people, separation
from xinyong.security.access import APART, Role
from xinyong.security.approvals import Kind

#: Sequences: as the suite plays them, and as evidence.
SEQUENCES = {"suite": 16, "evidence": 10_000}
NAMES = (
    "system", "safety", "safety2", "auditor", "operator", "operator2", "chief", "clerk", "other chief", "newcomer", "stranger"
)  # fmt: skip
ROLES = tuple(role for roles in APART for role in sorted(roles))
REGIONS = ("", "990100", "990102", "990103", "990102003")
ITEMS: tuple[tuple[str, ...], ...] = ((), ("honour",), ("honour", "other"))
_GROUPS = {role.value: number for number, roles in enumerate(APART) for role in roles}
_AUDIT = _GROUPS["auditor"]
_YEAR = timedelta(days=365)
FOREVER = datetime.max.replace(tzinfo=start().tzinfo)

names = st.sampled_from(NAMES)
givers = st.sampled_from(("chief", "safety", "safety2", "other chief", *NAMES))
operators = st.sampled_from(("operator", "operator2", "operator", "operator2", *NAMES))
#: "own" is the unit where the other serves: what makes sense, and so is more often done than refused.
units = st.sampled_from(["own", "own", "own", None, 0, 1])
regions, items_given = st.sampled_from(("", "", "", *REGIONS)), st.sampled_from(((), (), *ITEMS))
numbers = st.integers(min_value=0, max_value=40)


@dataclass(slots=True)
class Played:
    """What a run did: how many sequences, how many steps were done and refused."""

    sequences: int = 0
    done: int = 0
    refused: int = 0
    seen: set[str] = field(default_factory=set)


def made_hall() -> Hall:
    """Two units, everybody in place; two who have nothing yet."""
    hall = Hall(start())
    first, second = hall.unit(), hall.unit()
    for name, role, unit in (
        ("system", Role.SYSTEM_ADMIN, None), ("safety", Role.SECURITY_ADMIN, None), ("safety2", Role.SECURITY_ADMIN, None),
        ("auditor", Role.AUDITOR, None), ("operator", Role.OPERATOR, None), ("operator2", Role.OPERATOR, None),
        ("chief", Role.UNIT_ADMIN, first), ("clerk", Role.SOURCE_UNIT, first), ("other chief", Role.UNIT_ADMIN, second),
    ):  # fmt: skip
        hall.owner_makes(name, role, unit)
    hall.admit("newcomer", first, hall.actor("system"))
    hall.admit("stranger", second, hall.actor("system"))
    return hall


def table(name: str) -> list[dict[str, Any]]:
    """A table as it stands."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM security_{name} ORDER BY id")
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def wrongs(now: datetime) -> list[str]:
    """Everything in the tables that must not be, judged from the rows alone."""
    given = {one["id"]: one for one in table("grant")}
    posts = {one["id"]: one for one in table("post")}
    asked = {one["id"]: one for one in table("approval")}
    spans = {key: _span(one, posts, given) for key, one in given.items()}
    found = [text for one in given.values() for text in _wrong_grant(one, given, posts, asked, spans)]
    ordered = sorted(given.values(), key=lambda one: one["id"])
    for number, one in enumerate(ordered):
        for other in ordered[number + 1 :]:
            if one["account_id"] == other["account_id"] and _too_close(one, other, spans):
                found.append(f"two of three: {one['role']} and {other['role']}")
    for one in asked.values():
        if one["decided_by_id"] == one["asked_by_id"]:
            found.append("decided their own request")
        by, of = given.get(one["decided_under_id"]), given[one["asked_under_id"]]
        for each, person in ((by, one["asked_by_id"]), (of, one["decided_by_id"])):
            source = given.get(each["delegated_from_id"]) if each else None
            if source is not None and source["account_id"] == person:
                found.append("decided through a delegate")
        if one["used_at"] and (
            one["outcome"] != "approved" or not one["decided_at"] <= one["used_at"] < one["expires_at"]
        ):
            found.append("used without consent")
    return found


def _span(one: dict[str, Any], posts: dict[int, Any], given: dict[int, Any]) -> tuple[datetime, datetime]:
    post = posts[one["post_id"]]
    first = max(one["valid_from"], post["valid_from"])
    last = min(one["valid_to"] or FOREVER, one["ended_at"] or FOREVER, post["valid_to"] or FOREVER)
    if one["delegated_from_id"]:
        source = _span(given[one["delegated_from_id"]], posts, given)
        first, last = max(first, source[0]), min(last, source[1])
    return first, last


def _too_close(one: dict[str, Any], other: dict[str, Any], spans: dict[int, tuple[datetime, datetime]]) -> bool:
    mine, theirs = spans[one["id"]], spans[other["id"]]
    if _GROUPS[one["role"]] == _GROUPS[other["role"]] or mine[0] >= mine[1] or theirs[0] >= theirs[1]:
        return False
    if mine[0] < theirs[1] and theirs[0] < mine[1]:
        return True
    earlier, later = (one, other) if mine[1] <= theirs[0] else (other, one)
    between = spans[later["id"]][0] - spans[earlier["id"]][1]
    both = _GROUPS[one["role"]] < 3 and _GROUPS[other["role"]] < 3
    return (both or _GROUPS[later["role"]] == _AUDIT) and between < _YEAR


def _wrong_grant(
    one: dict[str, Any], given: dict[int, Any], posts: dict[int, Any], asked: dict[int, Any],
    spans: dict[int, tuple[datetime, datetime]],
) -> list[str]:  # fmt: skip
    found = []
    post = posts[one["post_id"]]
    if (
        post["account_id"] != one["account_id"]
        or (one["department_id"] or post["department_id"]) != post["department_id"]
    ):
        found.append("a right of another unit than the post's")
    if one["granted_by_id"] is None:
        return found
    under = given[one["granted_under_id"]]
    first, last = spans[under["id"]]
    if one["granted_by_id"] == one["account_id"] or under["account_id"] != one["granted_by_id"]:
        found.append("gave to themselves, or under another's right")
    if not first <= one["given_at"] <= last:
        found.append("gave without holding a right")
    inside = all(
        one["region"].startswith(digits) for digits in [under["region"].rstrip("0") if under["region"] else ""]
    )
    if under["department_id"] not in {None, one["department_id"]} or not inside:
        found.append("gave outside their unit or division")
    if under["items"] and not (one["items"] and set(one["items"]) <= set(under["items"])):
        found.append("gave items they do not have")
    if one["delegated_from_id"]:
        if one["role"] != under["role"] or _GROUPS[one["role"]] != 3 or under["delegated_from_id"]:
            found.append("delegated what cannot be")
        if not one["valid_to"] or one["valid_to"] - one["given_at"] > timedelta(days=90):
            found.append("a delegation without its end")
        if post["department_id"] != posts[under["post_id"]]["department_id"]:
            found.append("delegated to another unit")
    elif under["role"] == "unit_admin":
        if one["role"] not in {"source_unit", "reader"}:
            found.append("a unit administrator gave more than work")
        source = given.get(under["delegated_from_id"])
        if source is not None and source["account_id"] == one["account_id"]:
            found.append("a delegate gave to the one they stand in for")
    elif under["role"] != "security_admin":
        found.append(f"{under['role']} gave rights")
    elif _GROUPS[one["role"]] < 3:
        consent = asked.get(one["approval_id"])
        if consent is None or consent["used_at"] is None or consent["decided_by_id"] in {
            one["granted_by_id"], one["account_id"], None
        }:  # fmt: skip
            found.append("an administrator made by one person")
    return found


class Town(RuleBasedStateMachine):
    """People with rights, people without, and time. Whatever is refused leaves everything as it was."""

    hall: Hall
    played = Played()

    def __init__(self) -> None:
        super().__init__()
        self._block = transaction.atomic()
        self._block.__enter__()
        self.now = self.hall.now
        Town.played.sequences += 1

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._block.__exit__(None, None, None)

    def attempt(self, what: str, verb: Any, **arguments: Any) -> None:
        """Does it or is refused; either way the rest goes on."""
        try:
            with transaction.atomic():
                verb(**arguments)
        except (XinyongError, DatabaseError):
            Town.played.refused += 1
        else:
            Town.played.done += 1
            Town.played.seen.add(what)

    def actor(self, name: str, which: int = 0) -> Any:
        held = grants.active(self.hall.ids[name], at=self.now)
        chosen = held[which % len(held)].id if held else None
        return grants.actor(self.hall.ids[name], name=name, at=self.now, chosen=chosen)

    def a_grant(self, which: int) -> dict[str, Any]:
        every = table("grant")
        return every[which % len(every)]

    def unit(self, which: str | int | None, whose: str = "") -> str | None:
        if isinstance(which, str):
            last = [one["department_id"] for one in table("post") if one["account_id"] == self.hall.ids[whose]][-1]
            return next((one.code for one in self.hall.units if one.id == last), None)
        return None if which is None else self.hall.units[which].code

    @rule(much=st.sampled_from([timedelta(hours=1), timedelta(days=1), timedelta(days=40), timedelta(days=200)]))
    def wait(self, much: timedelta) -> None:
        self.now += much

    @rule(
        by=givers, to=names, role=st.sampled_from((Role.READER, Role.SOURCE_UNIT, *ROLES)), unit=units, region=regions,
        items=items_given, which=numbers, days=st.sampled_from([None, 1, 100, 500]),
        later=st.sampled_from([0, 0, 0, 100, 400]),
    )  # fmt: skip
    def give(
        self, by: str, to: str, role: Role, unit: str | int | None, region: str, items: tuple[str, ...], which: int,
        days: int | None, later: int,
    ) -> None:  # fmt: skip
        first = self.now + timedelta(days=later)
        self.attempt(
            "give", grants.give, to=self.hall.ids[to], role=role, department=self.unit(unit, to), region=region, items=items,
            valid_from=first, valid_to=first + timedelta(days=days) if days else None, reason="x", by=self.actor(by, which),
            at=self.now,
        )  # fmt: skip

    @rule(by=st.sampled_from(["safety", "safety2", "chief", "operator"]), to=names, role=st.sampled_from(
        [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR]), second=names)  # fmt: skip
    def make_an_administrator(self, by: str, to: str, role: Role, second: str) -> None:
        payload = grants.administrator_payload(
            to=self.hall.ids[to], role=role, department=None, region="", items=(), valid_to=None
        )

        def both() -> None:
            asked = approvals.ask(
                Kind.GRANT_ADMINISTRATOR, payload, object_ref="x", reason="x", by=self.actor(by), at=self.now
            )
            approvals.decide(asked.id, agrees=True, by=self.actor(second), at=self.now)
            grants.give(to=self.hall.ids[to], role=role, reason="x", by=self.actor(by), at=self.now)

        self.attempt("administrator", both)

    @rule(by=names, to=names, which=numbers, days=st.sampled_from([1, 90, 91]), region=st.sampled_from(REGIONS))
    def delegate(self, by: str, to: str, which: int, days: int, region: str) -> None:
        actor = self.actor(by, which)
        self.attempt(
            "delegate", grants.delegate, grant_id=actor.grant_id or 0, to=self.hall.ids[to],
            valid_to=self.now + timedelta(days=days), region=region, reason="x", by=actor, at=self.now,
        )  # fmt: skip

    @rule(by=names, which=numbers, under=numbers)
    def end(self, by: str, which: int, under: int) -> None:
        self.attempt(
            "end", grants.end, grant_id=self.a_grant(which)["id"], reason="x", by=self.actor(by, under), at=self.now
        )

    @rule(by=st.sampled_from(["system", "system", *NAMES]), who=names, unit=st.sampled_from([None, 0, 1]))
    def move(self, by: str, who: str, unit: int | None) -> None:
        self.attempt(
            "move",
            people.move,
            account_id=self.hall.ids[who],
            department=self.unit(unit),
            by=self.actor(by),
            at=self.now,
        )

    @rule(by=operators, second=operators, kind=st.sampled_from(list(Kind)), which=numbers, under=numbers)
    def ask_and_decide(self, by: str, second: str, kind: Kind, which: int, under: int) -> None:
        def both() -> None:
            asked = approvals.ask(kind, {"n": which}, object_ref="x", reason="x", by=self.actor(by, which), at=self.now)
            approvals.decide(asked.id, agrees=True, by=self.actor(second, under), at=self.now)
            approvals.use(kind, {"n": which}, by=self.actor(by, which), at=self.now)

        self.attempt("consent", both)

    @rule(
        to=names, role=st.sampled_from(ROLES), unit=st.sampled_from([None, 0, 1]), region=regions, items=items_given,
        under=numbers, is_delegation=st.booleans(), days=st.sampled_from([None, 1, 90, 400]),
        is_honest=st.booleans(), consent=numbers,
    )  # fmt: skip
    def write_into_the_table(
        self, to: str, role: Role, unit: int | None, region: str, items: tuple[str, ...], under: int, is_delegation: bool,
        days: int | None, is_honest: bool, consent: int,
    ) -> None:  # fmt: skip
        source = self.a_grant(under)
        consents = [one["id"] for one in table("approval")]
        by = source["account_id"] if is_honest else self.hall.ids[NAMES[under % len(NAMES)]]

        def insert() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO security_grant (account_id, post_id, role, department_id, region, items, valid_from, "
                    "valid_to, reason, given_at, given_by, granted_by_id, granted_under_id, delegated_from_id, approval_id, "
                    "ended_by, end_reason) SELECT account_id, id, %s, %s, %s, %s, %s, %s, '', %s, 'x', %s, %s, %s, %s, '', ''"
                    " FROM security_post WHERE account_id = %s ORDER BY id DESC LIMIT 1",
                    [
                        role.value, None if unit is None else self.hall.units[unit].id, region, list(items), self.now,
                        self.now + timedelta(days=days) if days else None, self.now, by, source["id"],
                        source["id"] if is_delegation else None, consents[consent % len(consents)] if consents else None,
                        self.hall.ids[to],
                    ],
                )  # fmt: skip

        self.attempt("written", insert)

    @rule(which=numbers, change=st.sampled_from([
        "ended_at = NULL", "role = 'operator'", "valid_to = NULL", "department_id = NULL", "items = '{}'", "region = ''",
        "granted_by_id = NULL, granted_under_id = NULL",
    ]))  # fmt: skip
    def change_the_table(self, which: int, change: str) -> None:
        def update() -> None:
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE security_grant SET {change} WHERE id = %s", [self.a_grant(which)["id"]])

        self.attempt("changed", update)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert wrongs(self.now) == []
        given = {one["id"]: one for one in table("grant")}
        posts = {one["id"]: one for one in table("post")}
        spans = {key: _span(one, posts, given) for key, one in given.items()}
        expected = {key for key, (first, last) in spans.items() if first <= self.now < last}
        assert _held(self.now) == expected
        groups: dict[int, set[int]] = {}
        for key in expected:
            groups.setdefault(given[key]["account_id"], set()).add(_GROUPS[given[key]["role"]])
        assert all(len(one) == 1 for one in groups.values())


def _held(now: datetime) -> set[int]:
    """What the database says are rights: what every request asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM security_grant WHERE grant_holds(id, %s)", [now])
        return {key for (key,) in cursor.fetchall()}


def play(sequences: int) -> Played:
    """That many sequences of at most twenty steps; raises when one of them ends badly."""
    Town.hall, Town.played = made_hall(), Played()
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Town,
        settings=settings(
            max_examples=sequences, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink], database=None, derandomize=sequences < 1000,
        ),
    )  # fmt: skip
    return Town.played


@pytest.mark.django_db
def test_no_sequence_of_steps_climbs() -> None:
    played = play(SEQUENCES[os.environ.get("XINYONG_TEST_PROFILE", "suite")])
    assert "changed" not in played.seen
    assert len(played.seen) >= 3
    assert played.refused > 0


@pytest.mark.parametrize(
    ("to", "role", "said"),
    [("chief", "source_unit", "gave to themselves"), ("newcomer", "operator", "more than work"),
     ("auditor", "reader", "two of three"), ("stranger", "reader", "another unit")],
)  # fmt: skip
def test_without_the_triggers_the_second_opinion_finds_the_climb(
    lasting_db: None, to: str, role: str, said: str
) -> None:
    with separation.as_owner(), transaction.atomic():
        hall = made_hall()
        chief = hall.actor("chief")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE security_grant DISABLE TRIGGER grant_within_bounds")
            cursor.execute("ALTER TABLE security_grant DROP CONSTRAINT grant_by_another")
            cursor.execute(
                "INSERT INTO security_grant (account_id, post_id, role, department_id, region, items, valid_from, reason, "
                "given_at, given_by, granted_by_id, granted_under_id, ended_by, end_reason) SELECT account_id, id, %s, %s, '', "
                "'{}', %s, '', %s, 'x', %s, %s, '', '' FROM security_post WHERE account_id = %s",
                [role, hall.units[0].id, hall.now, hall.now, chief.account_id, chief.grant_id, hall.ids[to]],
            )
        found = wrongs(hall.now)
        transaction.set_rollback(True)
    assert any(said in one for one in found), found
