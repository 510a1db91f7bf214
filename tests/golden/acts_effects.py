"""What follows: a basis that was annulled, the end of an authorisation by the clock, answers that go with it, what a partner gets."""

import secrets
from datetime import date, timedelta

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import PARTNER, World
from tests.intake import made
from xinyong.kernel import clock
from xinyong.rights import annulment, consent, consent_end, queries, supplied, whose
from xinyong.rights.annulment import AnnulmentView, Said
from xinyong.security import scope
from xinyong.security.access import Actor, Role
from xinyong.security.audit import Event

_ITEM = "admin-penalty-person"


def _row(world: World) -> int:
    """A submission of the own department whose second row brought a penalty."""
    rows = [made.penalty_row(world.organisation, world.unit)]
    return made.hand_in(world.file("annulled.csv", rows), "admin-penalty-org", world.unit).id


def _noted(world: World, submission_id: int, by: Actor) -> AnnulmentView:
    said = Said(
        "revoked",
        "（2026）云0102行终12号",
        "云溪市中级人民法院",
        date(2026, 6, 15),
        f"撤销对 {world.person.number} 的处罚决定",
    )
    with scope.acting(by):
        return annulment.note(submission_id, 2, said, token=secrets.token_urlsafe(18), by=by, at=clock.now())


@act(Event.ANNULMENT_NOTED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: {"annulment": _noted(world, world.submission.id, by).id}


@act(Event.RECORD_ANNULLED, lasting="the loader's connection")
def _(world: World) -> Deed:
    noted, by = _noted(world, _row(world), world.actor("operator")), world.actor("clerk")

    def deed() -> dict[str, object]:
        with scope.acting(by):
            annulment.withdraw(noted.id, by=by, at=clock.now())
        return {"annulment": noted.id}

    return deed


@act(Event.ANNULMENTS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(annulment.listing(seen_by=by, at=clock.now()))


@act(Event.REMINDERS_TOLD, "of annulments")
def _(world: World) -> Deed:
    _noted(world, world.submission.id, world.actor("operator"))
    return lambda: void(annulment.follow(by=made.SYSTEM, at=clock.now() + timedelta(days=10)))


def _given(world: World) -> tuple[int, str]:
    about = whose.find(certificate=world.person.number, by=world.actor("reader"))
    by = Actor(role=Role.SUBJECT, name="somebody", account_id=1, subject=about.id)
    with scope.acting(by):
        given = consent.give_unasked(
            world.unit.code, purpose="licensing", items=[_ITEM], days=1, by=by, at=clock.now()
        )  # fmt: skip
    return given.id, given.number


@act(Event.CONSENT_ENDED)
def _(world: World) -> Deed:
    _, number = _given(world)

    def deed() -> dict[str, object]:
        consent_end.end_due(by=made.SYSTEM, at=clock.now() + timedelta(days=2))
        return {"receipt": number}

    return deed


@act(Event.ANSWERS_ERASED)
def _(world: World) -> Deed:
    consent_id, number = _given(world)
    about = whose.find(certificate=world.person.number, by=world.actor("reader"))
    program = Actor(role=Role.CLIENT, name=world.program.client_id, department=world.unit.code)
    with scope.acting(program):
        queries.query(
            about, purpose="licensing", note="云市监许申〔2026〕12号", items=[_ITEM], seen_by=program, at=clock.now()
        )
    by = Actor(role=Role.SUBJECT, name="somebody", account_id=1, subject=about.id)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            consent.withdraw(consent_id, by=by, at=clock.now())
        from xinyong.records.models import Erasure

        proof = Erasure.objects.latest("id")
        return {"receipt": number, "proof": proof.pk, "run": proof.run_id, "root": bytes(proof.root).hex()}

    return deed


@act(Event.PARTNER_SUPPLIED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    return lambda: supplied.say(PARTNER, items=["admin-penalty-org"], by=by, at=clock.now())
