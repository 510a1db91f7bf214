"""Departments, accounts, rights, and what takes two."""

from datetime import timedelta

from django.db import transaction
from django.test import RequestFactory

from tests.golden.acts import Deed, act, answered
from tests.golden.world import PASSWORD, World
from tests.intake import made
from xinyong.kernel import clock
from xinyong.security import approvals, explain, grants, identity, people
from xinyong.security.access import Action, Role
from xinyong.security.approvals import Kind
from xinyong.security.audit import Event

_WHAT = {"items": ["honour"], "rows": 900}


@act(Event.DEPARTMENT_REGISTERED)
def _(world: World) -> Deed:
    by, code = world.actor("system-admin"), made.code_of("11")

    def deed() -> dict[str, object]:
        identity.register_department(code=code, name="云溪市示例文旅局", by=by)
        return {"new department": code}

    return deed


@act(Event.DEPARTMENT_REGISTERED, "another name")
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: void(identity.register_department(code=world.other.code, name="云溪市示例新税务局", by=by))


@act(Event.DEPARTMENT_REGISTERED, "opened again")
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    people.close_department(world.other.code, by=by, at=clock.now())
    return lambda: void(identity.register_department(code=world.other.code, name=world.other.name, by=by))


@act(Event.DEPARTMENT_CLOSED)
def _(world: World) -> Deed:
    by, now = world.actor("system-admin"), clock.now()
    return lambda: void(people.close_department(world.unit.code, reason="机构改革", by=by, at=now))


@act(Event.OFFICE_FOUNDED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: {"office": people.found_office(world.unit.code, "信用科", by=by)}


@act(Event.OFFICE_CLOSED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    office = people.found_office(world.unit.code, "信用科", by=by)

    def deed() -> dict[str, object]:
        people.close_office(office, by=by)
        return {"office": office}

    return deed


@act(Event.ACCOUNT_CREATED)
def _(world: World) -> Deed:
    by, now = world.actor("system-admin"), clock.now()
    return lambda: void(
        people.admit(
            username="newcomer", display_name=world.persons[-1].name, department=world.unit.code, by=by, at=now
        )
    )


@act(Event.ACCOUNT_CREATED, "by the owner, with a role")
def _(world: World) -> Deed:
    return lambda: void(
        identity.create_account(
            username="newcomer", password=PASSWORD, display_name=world.persons[-1].name, role=Role.READER.value,
            department=world.unit.code, by=made.SYSTEM,
        )
    )  # fmt: skip


@act(Event.ACCOUNT_MOVED)
def _(world: World) -> Deed:
    by, now, who = world.actor("system-admin"), clock.now(), world.accounts["clerk"]
    return lambda: void(people.move(who, department=world.other.code, reason="轮岗", by=by, at=now))


@act(Event.ACCOUNT_DISABLED)
def _(world: World) -> Deed:
    by, now, who = world.actor("system-admin"), clock.now(), world.accounts["clerk"]
    reason = f"退休 {world.persons[1].number}"  # what somebody types who does not know better
    return lambda: people.leave(who, reason=reason, by=by, at=now)


@act(Event.ACCOUNT_DISABLED, "by the owner")
def _(world: World) -> Deed:
    return lambda: identity.disable_account("clerk", by=made.SYSTEM)


@act(Event.PEOPLE_VIEWED)
def _(world: World) -> Deed:
    by, now = world.actor("unit-admin"), clock.now()
    return lambda: void(people.people(seen_by=by, at=now, text=world.persons[1].name))


@act(Event.PEOPLE_VIEWED, "one of them")
def _(world: World) -> Deed:
    by, now = world.actor("auditor"), clock.now()
    return lambda: void(people.person(world.accounts["clerk"], seen_by=by, at=now))


@act(Event.GRANT_GIVEN)
def _(world: World) -> Deed:
    to, by, now = world.newcomer(), world.actor("unit-admin"), clock.now()
    until = now + timedelta(days=30)

    def deed() -> dict[str, object]:
        made_ = grants.give(
            to=to.pk, role=Role.READER, department=world.unit.code, items=["honour"], valid_to=until, reason="工作需要",
            by=by, at=now,
        )  # fmt: skip
        return {"grant": made_.id, "end": until.isoformat()}

    return deed


@act(Event.GRANT_GIVEN, "of an administrator")
def _(world: World) -> Deed:
    now = clock.now()
    to = people.admit(username="newcomer", display_name="x", password=PASSWORD, department=None, by=made.SYSTEM, at=now)
    by, second = world.actor("security-admin"), world.actor("second-security-admin")
    payload = grants.administrator_payload(
        to=to, role=Role.AUDITOR, department=None, region="", items=(), valid_to=None
    )
    asked = approvals.ask(Kind.GRANT_ADMINISTRATOR, payload, object_ref=str(to), reason="新设", by=by, at=now)
    approvals.decide(asked.id, agrees=True, by=second, at=now)

    def deed() -> dict[str, object]:
        held = grants.give(to=to, role=Role.AUDITOR, reason="新设", by=by, at=now)
        return {"grant": held.id, "request": asked.id, "digest": asked.digest[:16], "newcomer": to}

    return deed


@act(Event.GRANT_ENDED)
def _(world: World) -> Deed:
    by, now, held = world.actor("security-admin"), clock.now(), world.actor("clerk").grant_id or 0
    return lambda: {"grant": grants.end(held, reason="不再需要", by=by, at=now).id}


@act(Event.GRANT_ENDED, "one's own, and what was delegated from it")
def _(world: World) -> Deed:
    to, by, now = world.newcomer(), world.actor("clerk"), clock.now()
    held = by.grant_id or 0
    grants.delegate(held, to=to.pk, valid_to=now + timedelta(days=7), reason="休假", by=by, at=now)
    return lambda: {"grant": grants.end(held, reason="不再需要", by=by, at=now).id}


@act(Event.GRANT_DELEGATED)
def _(world: World) -> Deed:
    to, by, now = world.newcomer(), world.actor("clerk"), clock.now()
    until, source = now + timedelta(days=7), by.grant_id or 0

    def deed() -> dict[str, object]:
        passed_on = grants.delegate(source, to=to.pk, valid_to=until, reason="休假", by=by, at=now)
        return {"grant": passed_on.id, "source": source, "end": until.isoformat()}

    return deed


@act(Event.GRANT_CHOSEN, keeps=("django_session",))
def _(world: World) -> Deed:
    held = grants.give(
        to=world.accounts["clerk"], role=Role.READER, department=world.unit.code, reason="工作需要", by=made.SYSTEM,
        at=clock.now(),
    )  # fmt: skip
    by, request = world.actor("clerk"), RequestFactory().get("/")
    request.session = world.browser("clerk").session

    def deed() -> dict[str, object]:
        identity.act_as(request, held.id, by=by)
        return {"grant": held.id}

    return deed


@act(Event.ACCESS_EXPLAINED)
def _(world: World) -> Deed:
    by, now = world.actor("security-admin"), clock.now()
    return lambda: void(explain.account("clerk", Action.SUBMIT, explain.Thing(), seen_by=by, at=now))


@act(Event.ACCESS_EXPLAINED, "of nobody")
def _(world: World) -> Deed:
    by, now = world.actor("security-admin"), clock.now()

    def deed() -> None:
        try:
            explain.account(world.person.number, Action.SUBMIT, explain.Thing(), seen_by=by, at=now)
        except people.UnknownAccount:
            return

    return deed


@act(Event.ACCESS_EXPLAINED, "of a role")
def _(world: World) -> Deed:
    by = world.actor("auditor")
    return lambda: void(explain.role(Role.READER, Action.SPECIAL_QUERY, explain.Thing(), seen_by=by))


@act(Event.APPROVAL_ASKED)
def _(world: World) -> Deed:
    return lambda: _named(_ask(world))


@act(Event.APPROVAL_GIVEN)
def _(world: World) -> Deed:
    asked, by = _ask(world), world.actor("second-operator")
    return lambda: _named(approvals.decide(asked.id, agrees=True, by=by, at=clock.now()))


@act(Event.APPROVAL_REFUSED)
def _(world: World) -> Deed:
    asked, by = _ask(world), world.actor("second-operator")
    return lambda: _named(approvals.decide(asked.id, agrees=False, reason="范围过大", by=by, at=clock.now()))


@act(Event.APPROVAL_USED)
def _(world: World) -> Deed:
    asked, by = _ask(world), world.actor("operator")
    approvals.decide(asked.id, agrees=True, by=world.actor("second-operator"), at=clock.now())

    def deed() -> dict[str, object]:
        with transaction.atomic():
            return _named(approvals.use(Kind.EXPORT_SHARED, _WHAT, by=by, at=clock.now()))

    return deed


@act(Event.APPROVAL_LAPSED)
def _(world: World) -> Deed:
    asked = _ask(world)

    def deed() -> dict[str, object]:
        approvals.note_lapsed(by=made.SYSTEM, at=asked.expires_at)
        return _named(asked)

    return deed


@act(Event.APPROVALS_VIEWED)
def _(world: World) -> Deed:
    _ask(world)
    browser = world.browser("second-operator")
    return lambda: void(answered(browser.get("/office/approvals/")))


@act(Event.APPROVALS_VIEWED, "one of them")
def _(world: World) -> Deed:
    asked, browser = _ask(world), world.browser("second-operator")

    def deed() -> dict[str, object]:
        answered(browser.get(f"/office/approvals/{asked.id}/"))
        return _named(asked)

    return deed


@act(Event.ACCESS_REFUSED)
def _(world: World) -> Deed:
    browser = world.browser("auditor")
    return lambda: void(answered(browser.get("/office/links/"), 403))


@act(Event.ACCESS_REFUSED, "not to be found")
def _(world: World) -> Deed:
    browser = world.browser("clerk")
    return lambda: void(answered(browser.get("/office/submissions/1/"), 404))


def void(_: object) -> None:
    """What a verb returns does not matter."""


def _ask(world: World) -> approvals.Request:
    return approvals.ask(
        Kind.EXPORT_SHARED, _WHAT, object_ref="honour", purpose=f"联合检查 {world.person.phone}", reason="联合检查",
        by=world.actor("operator"), at=clock.now(),
    )  # fmt: skip


def _named(asked: approvals.Request) -> dict[str, object]:
    return {"request": asked.id, "digest": asked.digest[:16]}
