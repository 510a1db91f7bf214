"""Who may look: asking a subject, its yes and no, queries by it and in an emergency, the log it reads, alarms and their review."""

from dataclasses import replace
from datetime import timedelta

from django.test import override_settings

from tests.golden.acts import Deed, act
from tests.golden.acts_own import _mandate, _speaker
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import made
from xinyong.kernel import clock
from xinyong.records import opt_outs
from xinyong.rights import access_log, alarms, consent, queries, whose
from xinyong.rights.consent_view import ConsentView
from xinyong.rights.whose import Whose
from xinyong.security import scope
from xinyong.security.access import Actor, Role
from xinyong.security.audit import Event

_ITEM = "admin-penalty-person"


def _about(world: World) -> Whose:
    return whose.find(certificate=world.person.number, by=world.actor("reader"))


def _person(world: World) -> Actor:
    """The person themselves."""
    return Actor(role=Role.SUBJECT, name="somebody", account_id=1, subject=_about(world).id)


def _asked(world: World) -> int:
    by = world.actor("reader")
    with scope.acting(by):
        return consent.ask(
            _about(world), purpose="licensing", items=[_ITEM], days=30, without=f"改为核验 {world.person.number} 的原件", by=by,
            at=clock.now(),
        ).id  # fmt: skip


def _given(world: World) -> ConsentView:
    by = _person(world)
    with scope.acting(by):
        return consent.give_unasked(
            world.unit.code, purpose="licensing", items=[_ITEM], days=30, by=by, at=clock.now()
        )  # fmt: skip


@act(Event.CONSENT_ASKED)
def _(world: World) -> Deed:
    return lambda: {"request": _asked(world), "person's keyed digest": _about(world).ref}


@act(Event.CONSENT_GIVEN)
def _(world: World) -> Deed:
    asked, by = _asked(world), _person(world)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            return {"receipt": consent.give(asked, by=by, at=clock.now()).number}

    return deed


@act(Event.CONSENT_REFUSED)
def _(world: World) -> Deed:
    asked, by = _asked(world), _person(world)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            consent.refuse(asked, by=by, at=clock.now())
        return {"request": asked}

    return deed


@act(Event.ASKING_ALLOWED)
def _(world: World) -> Deed:
    asked, by = _asked(world), _person(world)
    with scope.acting(by):
        consent.refuse(asked, by=by, at=clock.now())

    def deed() -> dict[str, object]:
        with scope.acting(by):
            consent.let_ask(asked, by=by, at=clock.now())
        return {"request": asked}

    return deed


@act(Event.CONSENT_WITHDRAWN)
def _(world: World) -> Deed:
    given, by = _given(world), _person(world)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            consent.withdraw(given.id, by=by, at=clock.now())
        return {"receipt": given.number}

    return deed


@act(Event.CONSENTS_VIEWED)
def _(world: World) -> Deed:
    by = _speaker(_mandate(world))

    def deed() -> dict[str, object]:
        with scope.acting(by):
            consent.of_subject(by=by, at=clock.now())
        return {"account": by.name}

    return deed


@act(Event.CONSENTS_VIEWED, "of a unit")
def _(world: World) -> Deed:
    by = world.actor("reader")
    return lambda: void(consent.of_unit(by=by, at=clock.now()))


@act(Event.AUTHORISED_QUERIED)
def _(world: World) -> Deed:
    given, by = _given(world), world.actor("reader")

    def deed() -> dict[str, object]:
        about, note = _about(world), f"云市监许申〔2026〕12号 {world.person.number}"
        with scope.acting(by):
            queries.query(about, purpose="licensing", note=note, items=[_ITEM], seen_by=by, at=clock.now())
        return {"receipt": given.number, "person's keyed digest": about.ref}

    return deed


@act(Event.GLASS_BROKEN)
def _(world: World) -> Deed:
    by, about = world.actor("reader"), _about(world)

    def deed() -> dict[str, object]:
        reason = f"火灾现场寻找 {world.person.number}"
        with scope.acting(by):
            queries.break_glass(about, items=[_ITEM], reason=reason, seen_by=by, at=clock.now())
        return {"person's keyed digest": about.ref}

    return deed


@act(Event.ACCESS_LOG_VIEWED)
def _(world: World) -> Deed:
    by = _speaker(_mandate(world))

    def deed() -> dict[str, object]:
        with scope.acting(by):
            access_log.of(by=by, at=clock.now())
        return {"account": by.name}

    return deed


@act(Event.ACCESS_LOG_VIEWED, "by a program")
def _(world: World) -> Deed:
    by = replace(world.actor("reader"), role=Role.CLIENT, name="viewer")
    now = clock.now()
    return lambda: void(
        access_log.usage(world.organisation.code, since=None, until=now, offset=0, limit=10, seen_by=by, at=now)
    )


def _emergency(world: World) -> int:
    from xinyong.rights.models import Alarm

    by = world.actor("reader")
    with scope.acting(by):
        queries.break_glass(_about(world), items=[_ITEM], reason="火灾现场寻找", seen_by=by, at=clock.now())
    return Alarm.objects.latest("id").pk


@act(Event.ALARMS_RAISED)
def _(world: World) -> Deed:
    by, given = world.actor("reader"), _given(world)
    now = clock.now()
    alarms.watch(now=now, by=made.SYSTEM)
    with scope.acting(by):
        queries.query(_about(world), purpose="licensing", note="云市监许申〔2026〕12号", seen_by=by, at=now)

    def deed() -> dict[str, object]:
        with override_settings(LOOKS_AN_HOUR=0):
            alarms.watch(now=now + timedelta(minutes=1), by=made.SYSTEM)
        return {"receipt": given.number, "person's keyed digest": _about(world).ref}

    return deed


@act(Event.ALARMS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("security-admin")
    return lambda: void(alarms.listing(seen_by=by, at=clock.now()))


@act(Event.ALARM_REVIEWED)
def _(world: World) -> Deed:
    one, by = _emergency(world), world.actor("security-admin")

    def deed() -> dict[str, object]:
        note = f"核对了 {world.person.number} 的接警记录"
        alarms.review(one, outcome="in-order", note=note, by=by, at=clock.now())
        return {"alarm": one}

    return deed


@act(Event.HONOURS_LEFT_OUT)
def _(world: World) -> Deed:
    by = _speaker(_mandate(world))

    def deed() -> dict[str, object]:
        with scope.acting(by):
            opt_outs.say("honours", is_out=True, by=by, at=clock.now())
        return {"account": by.name}

    return deed
