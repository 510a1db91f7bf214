"""What organisations object to, and what is done about it."""

from tests.golden.acts import Deed, act
from tests.golden.acts_own import _mandate, _speaker
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import declaring, made
from xinyong.kernel import clock
from xinyong.records import dossier
from xinyong.rights import objection, objection_desk, reminders
from xinyong.rights.objection import Said
from xinyong.security import scope
from xinyong.security.access import PUBLIC, Actor
from xinyong.security.audit import Event
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import Paper

_TOKEN = "token-of-a-form-of-ours"


def _lodged(world: World, by: Actor) -> CaseView:
    file = dossier.of(world.organisation.code, as_of=clock.today(), seen_by=PUBLIC)
    ref = next(one.ref for section in file.sections for one in section.records if one.declared is None)
    person = world.persons[0].number
    paper = Paper(declaring.picture(world.folder / "paper.png"), f"{person}.png")
    said = Said("wrong", f"与 {person} 的决定书不一致", {})
    with scope.acting(by):
        case, _ = objection.lodge(ref, said, papers=[paper], token=_TOKEN, by=by, at=clock.now())
    return case


def _drawn(case: CaseView) -> dict[str, object]:
    from xinyong.workflow.models import CaseDocument

    kept = CaseDocument.objects.get(case_id=case.id)
    return {"case": case.id, "digest": kept.digest, "short": kept.digest[:16]}


@act(Event.CASE_OPENED)
def _(world: World) -> Deed:
    by = _speaker(_mandate(world))

    def deed() -> dict[str, object]:
        return _drawn(_lodged(world, by)) | {"account": by.name}

    return deed


@act(Event.CASE_STEP)
def _(world: World) -> Deed:
    case, by = _lodged(world, _speaker(_mandate(world))), world.actor("operator")

    def deed() -> dict[str, object]:
        reason = f"{world.persons[0].number} 的记录与决定书一致"
        objection_desk.decide(
            case.id,
            outcome="refuse",
            changes={},
            reason=reason,
            after=case.after,
            token=_TOKEN + "-2",
            by=by,
            at=clock.now(),
        )
        return _drawn(case)

    return deed


@act(Event.CASE_VIEWED)
def _(world: World) -> Deed:
    case, by = _lodged(world, _speaker(_mandate(world))), world.actor("operator")

    def deed() -> dict[str, object]:
        objection_desk.find(case.id, seen_by=by, at=clock.now())
        return _drawn(case)

    return deed


@act(Event.CASES_LISTED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(objection_desk.inbox(text=world.persons[0].number, seen_by=by, at=clock.now()))


@act(Event.PROOF_OPENED, "of an objection")
def _(world: World) -> Deed:
    case, by = _lodged(world, _speaker(_mandate(world))), world.actor("operator")

    def deed() -> dict[str, object]:
        objection_desk.paper(case.id, 1, to=world.folder / "opened", seen_by=by)
        return _drawn(case)

    return deed


@act(Event.REMINDERS_TOLD, "of objections")
def _(world: World) -> Deed:
    return lambda: void(reminders.follow(by=made.SYSTEM, at=clock.now()))
