"""Persons: their accounts, what is on file of them, what they are told, what is erased; organisations they claim."""

from datetime import timedelta

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import HOME, World
from tests.intake import declaring, made
from xinyong.kernel import clock
from xinyong.records import claiming, erasure, own, telling
from xinyong.records.models import AccountErasure
from xinyong.reports import everything
from xinyong.security import gate, identity, persons, scope
from xinyong.security.access import Actor, Role
from xinyong.security.audit import Event
from xinyong.security.models import Account
from xinyong.security.persons import Identity
from xinyong.subjects import claims
from xinyong.workflow import _to_subjects, subject_channels
from xinyong.workflow.models import SubjectChannel
from xinyong.workflow.subject_kinds import SubjectKind

_KEPT = "rows go in by connections of their own"
_ANYBODY = Actor(role=Role.PUBLIC, name="public", address=HOME)


def _somebody() -> Identity:
    one = made.person()
    return persons.identity(one.name, one.number, today=clock.today())


def _person(world: World) -> Actor:
    view, _ = persons.admit(_somebody(), by=world.actor("operator"), at=clock.now())
    return gate.actor_for(Account.objects.get(pk=view.account_id), address=HOME)


def _claim(world: World, by: Actor) -> claims.ClaimView:
    proof = declaring.picture(world.folder / f"claim-{by.name}.png")
    return claiming.claim(
        world.organisation.code, kind="legal", last_on=clock.today() + timedelta(days=90), proof=proof,
        proof_name=f"{world.persons[0].number}.png", by=by, at=clock.now(),
    )  # fmt: skip


@act(Event.PERSON_ADMITTED)
def _(world: World) -> Deed:
    by, who = world.actor("operator"), _somebody()

    def deed() -> dict[str, object]:
        view, _ = persons.admit(who, by=by, at=clock.now())
        return {"account": view.username}

    return deed


@act(Event.PERSON_ADMITTED, "by the provider")
def _(world: World) -> Deed:
    who = _somebody()

    def deed() -> dict[str, object]:
        account = persons.admit_outside(
            who, issuer="https://id.example", outside="7", represents=[], by=_ANYBODY, at=clock.now()
        )
        return {"account": account.username}

    return deed


@act(Event.PERSONS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(persons.listing(seen_by=by))


@act(Event.ABOUT_ME_VIEWED)
def _(world: World) -> Deed:
    by = _person(world)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            own.about(by=by, as_of=clock.today())
        return {"account": by.name}

    return deed


@act(Event.ABOUT_ME_TAKEN)
def _(world: World) -> Deed:
    by = _person(world)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            everything.of_oneself(by=by, at=clock.now())
        return {"account": by.name}

    return deed


@act(Event.PERSON_ERASED)
def _(world: World) -> Deed:
    by = _person(world)
    subject_channels.set_up(mail="somebody@example.cn", webhook="", kinds=list(SubjectKind), by=by, at=clock.now())

    def deed() -> dict[str, object]:
        erasure.on_request(by=by, at=clock.now())
        return {"account": by.name, "erasure": AccountErasure.objects.latest("id").pk}

    return deed


@act(Event.CLAIM_MADE)
def _(world: World) -> Deed:
    by = _person(world)

    def deed() -> dict[str, object]:
        one = _claim(world, by)
        return {"claim": one.id, "account": by.name, "digest": _digest(one.id)}

    return deed


@act(Event.CLAIM_REFUSED)
def _(world: World) -> Deed:
    one, by = _claim(world, _person(world)), world.actor("operator")

    def deed() -> dict[str, object]:
        claims.refuse(one.id, reason=f"{world.persons[0].number} 的证明没有盖章", by=by, at=clock.now())
        return {"claim": one.id}

    return deed


@act(Event.CLAIMS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(claims.listing(seen_by=by))


@act(Event.SUBJECTS_TOLD)
def _(world: World) -> Deed:
    identity.subjects_unit()  # made when it is first needed, not by telling
    return lambda: void(telling.tell(today=clock.today(), by=made.SYSTEM, at=clock.now()))


@act(Event.OWN_CHANNELS_SET)
def _(world: World) -> Deed:
    by = _person(world)

    def deed() -> dict[str, object]:
        subject_channels.set_up(mail="somebody@example.cn", webhook="", kinds=list(SubjectKind), by=by, at=clock.now())
        return {"account": by.name}

    return deed


@act(Event.CONTACT_VERIFIED)
def _(world: World) -> Deed:
    by = _person(world)
    subject_channels.set_up(mail="somebody@example.cn", webhook="", kinds=[], by=by, at=clock.now())
    token = _to_subjects.token(SubjectChannel.objects.latest("id"))

    def deed() -> dict[str, object]:
        subject_channels.verify(token, by=by, at=clock.now())
        return {"account": by.name}

    return deed


def _digest(claim_id: int) -> str:
    from xinyong.subjects.models import Claim

    return Claim.objects.get(pk=claim_id).proof_digest
