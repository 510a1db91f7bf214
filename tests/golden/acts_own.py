"""What organisations declare of themselves, who acts for them, who checks it."""

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import HOME, World
from tests.intake import declaring, made
from xinyong.intake import jobs, submit, voluntary, voluntary_desk
from xinyong.intake.voluntary import Proof
from xinyong.intake.voluntary_view import DeclarationView
from xinyong.kernel import clock
from xinyong.security import gate, identity, mandates, scope
from xinyong.security.access import Actor
from xinyong.security.audit import Event
from xinyong.security.models import Account
from xinyong.subjects.mandates import Given

_KEPT = "rows go in by connections of their own"


def _mandate(world: World) -> Given:
    return declaring.mandate(world.organisation, world.folder, by=world.actor("operator"))


def _drawn(given: Given) -> dict[str, object]:
    return {"mandate": given.mandate.id, "account": given.mandate.username, "until": given.mandate.valid_to.isoformat()}


def _speaker(given: Given) -> Actor:
    return gate.actor_for(Account.objects.get(pk=given.mandate.account_id), address=HOME)


def _declared(world: World, by: Actor) -> DeclarationView:
    n = next(declaring._numbers)
    with scope.acting(by):
        made_one, _ = jobs.declare(
            declaring.QUALIFICATION, declaring.facts(),
            proofs_given=[Proof(declaring.picture(world.folder / f"own-{n}.png"), f"{world.persons[0].number}.png")],
            commitment=voluntary.COMMITMENT, by=by, at=clock.now(),
        )  # fmt: skip
    return made_one


def _size(one: DeclarationView) -> int:
    from xinyong.intake.models import Submission

    return Submission.objects.get(pk=one.id).file_size


def _digest(table: str) -> str:
    from xinyong.intake.models import DeclarationProof
    from xinyong.security.models import Mandate

    if table == "mandate":
        return Mandate.objects.latest("id").proof_digest
    return DeclarationProof.objects.latest("id").digest


@act(Event.MANDATE_GIVEN)
def _(world: World) -> Deed:
    def deed() -> dict[str, object]:
        given = _mandate(world)
        return _drawn(given) | {"digest": _digest("mandate")}

    return deed


@act(Event.MANDATE_ENDED)
def _(world: World) -> Deed:
    given, by = _mandate(world), world.actor("operator")

    def deed() -> dict[str, object]:
        reason = f"经办人 {world.persons[0].number} 离职"
        mandates.end(given.mandate.id, reason=reason, by=by, at=clock.now())
        return _drawn(given)

    return deed


@act(Event.MANDATES_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(mandates.listing(seen_by=by, at=clock.now()))


@act(Event.DECLARATION_MADE)
def _(world: World) -> Deed:
    given = _mandate(world)
    by = _speaker(given)
    identity.subjects_unit()  # made when it is first needed, not by a declaration

    def deed() -> dict[str, object]:
        one = _declared(world, by)
        return {"declaration": one.id, "size": _size(one), "account": given.mandate.username}

    return deed


@act(Event.DECLARATION_CHECKED, lasting=_KEPT)
def _(world: World) -> Deed:
    one = _declared(world, _speaker(_mandate(world)))
    submit.run(one.id, by=made.SYSTEM)
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        voluntary_desk.check(
            one.id,
            after=1,
            unit="云溪市信用中心",
            basis=f"与 {world.persons[0].number} 提供的证书一致",
            by=by,
            at=clock.now(),
        )
        return {"declaration": one.id}

    return deed


@act(Event.DECLARATION_REFUSED, lasting=_KEPT)
def _(world: World) -> Deed:
    one = _declared(world, _speaker(_mandate(world)))
    submit.run(one.id, by=made.SYSTEM)
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        reason = f"{world.persons[0].number} 的证书查无此证"
        jobs.refuse_declared(one.id, after=1, reason=reason, by=by, at=clock.now())
        return {"declaration": one.id}

    return deed


@act(Event.DECLARATION_WITHDRAWN, lasting=_KEPT)
def _(world: World) -> Deed:
    given = _mandate(world)
    by = _speaker(given)
    one = _declared(world, by)
    submit.run(one.id, by=made.SYSTEM)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            jobs.withdraw_declared(one.id, reason=f"{world.persons[0].number} 要求撤回", by=by, at=clock.now())
        return {"declaration": one.id, "account": given.mandate.username}

    return deed


@act(Event.OWN_VIEWED)
def _(world: World) -> Deed:
    given = _mandate(world)
    by = _speaker(given)

    def deed() -> dict[str, object]:
        with scope.acting(by):
            voluntary.listing(by=by, at=clock.now())
        return {"account": given.mandate.username}

    return deed


@act(Event.PROOF_OPENED)
def _(world: World) -> Deed:
    one, by = _declared(world, _speaker(_mandate(world))), world.actor("operator")

    def deed() -> dict[str, object]:
        voluntary_desk.proof(one.id, 1, to=world.folder / "opened", seen_by=by)
        return {"declaration": one.id, "digest": _digest("proof")}

    return deed


@act(Event.PROOF_OPENED, "of a mandate")
def _(world: World) -> Deed:
    given, by = _mandate(world), world.actor("operator")

    def deed() -> dict[str, object]:
        mandates.proof(given.mandate.id, to=world.folder / "opened", seen_by=by)
        return _drawn(given) | {"digest": _digest("mandate")}

    return deed
