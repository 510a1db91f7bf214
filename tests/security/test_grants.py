"""Rights are given within the giver's own, held by one post, passed on for a time, and gone when they end."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.security.people_made import OWNER, Hall, start
from xinyong.security import access, approvals, audit, grants, people
from xinyong.security.access import APART, Action, Role, may
from xinyong.security.grants import NotApart, NotGivable, OutsideScope

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall() -> Hall:
    """Two units; an administrator of each kind; a unit administrator, a clerk and a newcomer in the first unit."""
    hall = Hall(start())
    first, second = hall.unit(), hall.unit()
    system_admin = hall.owner_makes("system", Role.SYSTEM_ADMIN)
    hall.owner_makes("safety", Role.SECURITY_ADMIN)
    hall.owner_makes("safety2", Role.SECURITY_ADMIN)
    hall.owner_makes("auditor", Role.AUDITOR)
    hall.owner_makes("chief", Role.UNIT_ADMIN, first)
    hall.owner_makes("clerk", Role.SOURCE_UNIT, first)
    hall.admit("newcomer", first, system_admin)
    hall.admit("stranger", second, system_admin)
    return hall


def last_event() -> audit.Entry:
    return audit.entries(seen_by=OWNER, limit=1)[0]


def test_nobody_has_a_right_before_it_is_given(hall: Hall) -> None:
    newcomer = hall.actor("newcomer")
    assert newcomer.role is Role.PUBLIC
    assert newcomer.account_id == hall.ids["newcomer"]
    hall.give("newcomer", Role.SOURCE_UNIT, hall.actor("chief"), hall.units[0])
    actor = hall.actor("newcomer")
    assert (actor.role, actor.department) == (Role.SOURCE_UNIT, hall.units[0].code)
    assert last_event().event == "grant-given"


def test_rights_end_when_their_holder_moves(hall: Hall) -> None:
    clerk = hall.actor("clerk")
    assert may(clerk, Action.SUBMIT, department=hall.units[0].code)
    hall.wait(hours=1)
    ended = people.move(hall.ids["clerk"], department=hall.units[1].code, by=hall.actor("system"), at=hall.now)
    assert ended == 1
    assert last_event().event == "account-moved"
    assert hall.actor("clerk").role is Role.PUBLIC
    held = grants.of_account(hall.ids["clerk"], at=hall.now)
    assert [one.ended_at for one in held] == [hall.now]
    assert held[0].end_reason == "moved"
    assert grants.active(hall.ids["clerk"], at=hall.now - timedelta(minutes=1)), "the past can be asked about"
    hall.give("clerk", Role.SOURCE_UNIT, hall.actor("safety"), hall.units[1])
    assert hall.actor("clerk").department == hall.units[1].code


def test_rights_end_at_their_time_without_any_job(hall: Hall) -> None:
    until = hall.now + timedelta(hours=2)
    hall.give("newcomer", Role.READER, hall.actor("chief"), hall.units[0], valid_to=until)
    assert hall.actor("newcomer").role is Role.READER
    hall.wait(hours=2)
    assert hall.actor("newcomer").role is Role.PUBLIC


def test_a_right_that_begins_later_is_none_before(hall: Hall) -> None:
    hall.give("newcomer", Role.READER, hall.actor("chief"), hall.units[0], valid_from=hall.now + timedelta(days=1))
    assert hall.actor("newcomer").role is Role.PUBLIC
    hall.wait(days=1)
    assert hall.actor("newcomer").role is Role.READER


def test_leaving_and_a_closed_unit_end_everything(hall: Hall) -> None:
    hall.wait(hours=1)
    people.leave(hall.ids["clerk"], reason="退休", by=hall.actor("system"), at=hall.now)
    assert hall.actor("clerk").role is Role.PUBLIC
    assert people.close_department(hall.units[0].code, by=hall.actor("system"), at=hall.now) == 2
    assert hall.actor("chief").role is Role.PUBLIC
    assert last_event().facts["posts_ended"] == 2


Given = Callable[[Hall], object]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda h: h.give("chief", Role.SOURCE_UNIT, h.actor("chief"), h.units[0]), OutsideScope),
        (lambda h: h.give("newcomer", Role.UNIT_ADMIN, h.actor("chief"), h.units[0]), OutsideScope),
        (lambda h: h.give("newcomer", Role.OPERATOR, h.actor("chief")), OutsideScope),
        (lambda h: h.give("stranger", Role.READER, h.actor("chief"), h.units[1]), access.NotAllowed),
        (lambda h: h.give("stranger", Role.READER, h.actor("chief"), h.units[0]), NotGivable),
        (lambda h: h.give("newcomer", Role.READER, h.actor("system"), h.units[0]), access.NotAllowed),
        (lambda h: h.give("newcomer", Role.READER, h.actor("auditor"), h.units[0]), access.NotAllowed),
        (lambda h: h.give("safety", Role.OPERATOR, h.actor("safety")), OutsideScope),
        (lambda h: h.give("newcomer", Role.AUDITOR, h.actor("safety")), approvals.ConsentNeeded),
        (lambda h: h.give("system", Role.READER, h.actor("safety")), NotApart),
        (lambda h: h.give("auditor", Role.OPERATOR, h.actor("safety")), NotApart),
        (lambda h: h.give("newcomer", Role.SOURCE_UNIT, h.actor("safety")), NotGivable),
    ],
)  # fmt: skip
def test_what_lies_outside_the_givers_scope_is_refused(hall: Hall, attempt: Given, error: type[Exception]) -> None:
    before = audit.entries(seen_by=OWNER, limit=1)[0].id
    with pytest.raises(error):
        attempt(hall)
    assert audit.entries(seen_by=OWNER, limit=1)[0].id == before


def test_divisions_and_items_given_lie_inside_the_givers_own(hall: Hall) -> None:
    safety = hall.actor("safety")
    hall.give("newcomer", Role.UNIT_ADMIN, safety, hall.units[0], region="990102", items=["honour"])
    hall.admit("junior", hall.units[0], hall.actor("system"))
    newcomer = hall.actor("newcomer")
    with pytest.raises(OutsideScope):
        hall.give("junior", Role.READER, newcomer, hall.units[0])
    for region, items in (("990100", ["honour"]), ("990102", ["honour", "other"])):
        with pytest.raises(OutsideScope) as refused:
            hall.give("junior", Role.READER, newcomer, hall.units[0], region=region, items=items)
        assert refused.value.__cause__ is None, "the program itself said no; the table, which would, was not asked"
    held = hall.give("junior", Role.READER, newcomer, hall.units[0], region="990102003", items=["honour"])
    assert (held.region, held.items) == ("990102003", frozenset({"honour"}))


def test_an_administrator_is_made_by_two(hall: Hall) -> None:
    hall.admit("new auditor", None, hall.actor("system"))
    payload = grants.administrator_payload(
        to=hall.ids["new auditor"], role=Role.AUDITOR, department=None, region="", items=(), valid_to=None
    )
    safety = hall.actor("safety")
    asked = approvals.ask(
        approvals.Kind.GRANT_ADMINISTRATOR, payload, object_ref="new auditor", reason="轮岗", by=safety, at=hall.now
    )
    with pytest.raises(approvals.OwnRequest):
        hall.agree(asked, safety)
    hall.agree(asked, hall.actor("safety2"))
    with pytest.raises(approvals.ConsentNeeded):
        hall.give("newcomer", Role.AUDITOR, safety)
    hall.give("new auditor", Role.AUDITOR, safety)
    assert hall.actor("new auditor").role is Role.AUDITOR
    with pytest.raises(approvals.ConsentNeeded):
        hall.give("new auditor", Role.AUDITOR, safety)


def test_a_year_lies_between_two_administrators(hall: Hall) -> None:
    hall.wait(hours=1)
    (held,) = grants.active(hall.ids["system"], at=hall.now)
    grants.end(held.id, reason="轮岗", by=hall.actor("safety"), at=hall.now)
    with pytest.raises(NotApart):
        _by_owner(hall, "system", Role.AUDITOR)
    hall.wait(days=364)
    with pytest.raises(NotApart):
        _by_owner(hall, "system", Role.AUDITOR)
    hall.wait(days=2)
    _by_owner(hall, "system", Role.AUDITOR)
    assert hall.actor("system").role is Role.AUDITOR


def test_work_with_data_and_administration_may_follow_each_other_but_an_audit_waits(hall: Hall) -> None:
    hall.wait(hours=1)
    (held,) = grants.active(hall.ids["clerk"], at=hall.now)
    grants.end(held.id, reason="轮岗", by=hall.actor("safety"), at=hall.now)
    with pytest.raises(NotApart):
        _by_owner(hall, "clerk", Role.AUDITOR)
    _by_owner(hall, "clerk", Role.SYSTEM_ADMIN)


def _by_owner(hall: Hall, name: str, role: Role) -> grants.Held:
    return grants.insert_as_owner(to=hall.ids[name], role=role, department=None, by=OWNER, at=hall.now)


def test_a_delegation_has_an_end_stays_in_the_unit_and_ends_with_its_source(hall: Hall) -> None:
    chief = hall.actor("chief")
    source = chief.grant_id or 0
    month = hall.now + timedelta(days=30)

    def delegate(to: str, **more: object) -> grants.Held:
        given = {"valid_to": month, "reason": "休假"} | more
        return grants.delegate(source, to=hall.ids[to], by=chief, at=hall.now, **given)  # type: ignore[arg-type]

    for name, more, error in (
        ("chief", {}, OutsideScope), ("stranger", {}, NotGivable), ("newcomer", {"valid_to": hall.now}, NotGivable),
        ("newcomer", {"valid_to": hall.now + timedelta(days=91)}, NotGivable),
    ):  # fmt: skip
        with pytest.raises(error):
            delegate(name, **more)
    passed_on = delegate("newcomer")
    assert passed_on.delegated_by.startswith("chief")
    stand_in = hall.actor("newcomer")
    assert (stand_in.role, stand_in.department) == (Role.UNIT_ADMIN, hall.units[0].code)
    with pytest.raises(OutsideScope):
        grants.delegate(passed_on.id, to=hall.ids["clerk"], valid_to=month, reason="再委托", by=stand_in, at=hall.now)
    with pytest.raises(OutsideScope):
        hall.give("chief", Role.SOURCE_UNIT, stand_in, hall.units[0])
    hall.give("clerk", Role.READER, stand_in, hall.units[0])
    hall.wait(days=1)
    people.move(hall.ids["chief"], department=hall.units[1].code, by=hall.actor("system"), at=hall.now)
    assert hall.actor("newcomer").role is Role.PUBLIC
    assert grants.find(passed_on.id, at=hall.now).ended_at == hall.now


def test_administrators_do_not_delegate(hall: Hall) -> None:
    for name in ("system", "safety", "auditor"):
        actor = hall.actor(name)
        with pytest.raises((OutsideScope, access.NotAllowed)):
            grants.delegate(
                actor.grant_id or 0, to=hall.ids["newcomer"], valid_to=hall.now + timedelta(days=1), reason="x", by=actor,
                at=hall.now,
            )  # fmt: skip


def test_a_session_acts_under_one_grant_at_a_time(hall: Hall) -> None:
    reading = hall.give("clerk", Role.READER, hall.actor("chief"), hall.units[0])
    assert hall.actor("clerk").role is Role.SOURCE_UNIT, "the oldest"
    assert hall.actor("clerk", reading.id).role is Role.READER
    others = hall.give("newcomer", Role.READER, hall.actor("chief"), hall.units[0])
    assert hall.actor("clerk", others.id).role is Role.SOURCE_UNIT, "somebody else's is none"


def test_a_grant_ends_once_and_only_by_those_who_may(hall: Hall) -> None:
    held = hall.give("newcomer", Role.READER, hall.actor("chief"), hall.units[0])
    hall.wait(minutes=1)
    for name in ("clerk", "system", "auditor"):
        with pytest.raises(access.NotAllowed):
            grants.end(held.id, reason="x", by=hall.actor(name), at=hall.now)
    hall.give("stranger", Role.UNIT_ADMIN, hall.actor("safety"), hall.units[1])
    with pytest.raises(access.NotAllowed):
        grants.end(held.id, reason="x", by=hall.actor("stranger"), at=hall.now)
    chiefs = hall.actor("chief")
    grants.end(held.id, reason="不再需要", by=chiefs, at=hall.now)
    when = grants.find(held.id, at=hall.now).ended_at
    hall.wait(minutes=1)
    grants.end(held.id, reason="again", by=chiefs, at=hall.now)
    assert grants.find(held.id, at=hall.now).ended_at == when


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE security_grant SET role = 'auditor'",
        "UPDATE security_grant SET valid_to = NULL, ended_at = NULL",
        "UPDATE security_grant SET department_id = NULL",
        "UPDATE security_grant SET ended_at = NULL WHERE ended_at IS NOT NULL",
        "DELETE FROM security_grant",
        "TRUNCATE security_grant CASCADE",
        "UPDATE security_post SET valid_to = NULL",
        "UPDATE security_post SET department_id = NULL",
        "DELETE FROM security_post",
        "INSERT INTO security_post (account_id, title, valid_from, entered_by, ended_by, end_reason)"
        " SELECT account_id, '', valid_from, 'x', '', '' FROM security_post",
    ],
)
def test_no_statement_edits_a_grant_or_a_post(hall: Hall, statement: str) -> None:
    hall.wait(minutes=1)
    grants.end(hall.actor("clerk").grant_id or 0, reason="x", by=OWNER, at=hall.now)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("giver", "to", "role", "rule"),
    [
        ("chief", "chief", "source_unit", "grant_by_another"),
        ("chief", "newcomer", "unit_admin", "grant_within_role"),
        ("chief", "stranger", "reader", "grant_in_department"),
        ("system", "newcomer", "reader", "grant_within_role"),
        ("safety", "newcomer", "auditor", "grant_with_consent"),
        ("safety", "auditor", "operator", "grants_apart"),
        ("clerk", "newcomer", "source_unit", "grant_within_role"),
    ],
)
def test_the_database_refuses_what_comes_round_the_verbs(hall: Hall, giver: str, to: str, role: str, rule: str) -> None:
    by = hall.actor(giver)
    department = hall.units[0].id if role in {"source_unit", "unit_admin", "reader"} else None
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO security_grant (account_id, post_id, role, department_id, region, items, valid_from, reason, "
            "given_at, given_by, granted_by_id, granted_under_id, ended_by, end_reason) SELECT account_id, id, %s, %s, '', "
            "'{}', %s, '', %s, 'x', %s, %s, '', '' FROM security_post WHERE account_id = %s AND valid_to IS NULL",
            [role, department, hall.now, hall.now, by.account_id, by.grant_id, hall.ids[to]],
        )
    assert caught.value.__cause__.diag.constraint_name == rule  # type: ignore[union-attr]


def test_the_database_knows_the_same_groups_and_reaches() -> None:
    with connection.cursor() as cursor:
        for number, roles in enumerate(APART, start=1):
            for role in roles:
                cursor.execute("SELECT grant_group(%s)", [role.value])
                assert cursor.fetchone() == (number,)
        for region in ("", "990000", "990100", "990102", "990110", "100000", "990102003", "990102003201"):
            cursor.execute("SELECT grant_reach(%s)", [region])
            assert cursor.fetchone() == (access.significant(region),)


def test_the_offices_of_a_unit_are_its_own(hall: Hall) -> None:
    admin = hall.actor("system")
    office = people.found_office(hall.units[0].code, "信用科", by=admin)
    with pytest.raises(people.UnknownUnit):
        people.move(hall.ids["clerk"], department=hall.units[1].code, office=office, by=admin, at=hall.wait(hours=1))
    people.move(hall.ids["clerk"], department=hall.units[0].code, office=office, by=admin, at=hall.now)
    assert hall.actor("clerk").role is Role.PUBLIC, "another office is another post"
    line = people.person(hall.ids["clerk"], seen_by=admin, at=hall.now).line
    assert (line.office, line.department) == ("信用科", hall.units[0].code)
    people.close_office(office, by=admin)
    (first, *_) = people.units(seen_by=hall.actor("chief"), at=hall.now)
    assert first.offices == ()
    assert first.people == 3


def test_a_unit_administrator_sees_the_people_of_the_unit_only(hall: Hall) -> None:
    seen = {one.id for one in people.people(seen_by=hall.actor("chief"), at=hall.now)}
    assert seen == {hall.ids[name] for name in ("chief", "clerk", "newcomer")}
    with pytest.raises(people.UnknownAccount):
        people.person(hall.ids["stranger"], seen_by=hall.actor("chief"), at=hall.now)
    with pytest.raises(access.NotAllowed):
        people.people(seen_by=hall.actor("clerk"), at=hall.now)
    everybody = people.people(seen_by=hall.actor("auditor"), at=hall.now)
    assert len(everybody) == 8
    found = people.people(seen_by=hall.actor("auditor"), at=hall.now, text="safe")
    assert {one.display_name for one in found} == {"safety", "safety2"}


def test_who_had_left_comes_back_without_rights(hall: Hall) -> None:
    admin = hall.actor("system")
    username = people.person(hall.ids["clerk"], seen_by=admin, at=hall.now).line.username
    people.leave(hall.ids["clerk"], reason="借调", by=admin, at=hall.wait(hours=1))
    with pytest.raises(people.AccountExists):
        people.admit(
            username=people.person(hall.ids["chief"], seen_by=admin, at=hall.now).line.username, display_name="x",
            password="a long enough pass", department=None, by=admin, at=hall.now,
        )  # fmt: skip
    again = people.admit(
        username=username, display_name="clerk", password="a long enough pass", department=hall.units[0].code, by=admin,
        at=hall.wait(hours=1),
    )  # fmt: skip
    assert again == hall.ids["clerk"]
    assert hall.actor("clerk").role is Role.PUBLIC
