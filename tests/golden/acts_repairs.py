"""What organisations ask to have repaired, what recipients acknowledge, trainings and interviews."""

from tests.golden.acts import Deed, act
from tests.golden.acts_own import _mandate, _speaker
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import declaring, made
from xinyong.kernel import clock
from xinyong.records import dossier
from xinyong.rights import guidance, recipients, repair, repair_desk
from xinyong.rights.repair import Application
from xinyong.security import clients, scope
from xinyong.security.access import PUBLIC, Actor, Role
from xinyong.security.audit import Event
from xinyong.workflow.cases import Paper

_TOKEN = "token-of-a-form-of-ours"


def _granted(world: World) -> None:
    """A repair that rests on a court's ruling, so that no publicity has to have passed."""
    by = _speaker(_mandate(world))
    file = dossier.of(world.organisation.code, as_of=clock.today(), seen_by=PUBLIC)
    adverse = [one for section in file.sections for one in section.records if one.is_adverse]
    paper = Paper(declaring.picture(world.folder / "paper.png"), "ruling.png")
    with scope.acting(by):
        said = Application("restructuring", "法院已批准重整计划", "示例法人")
        case, _ = repair.apply(adverse[0].ref, said, papers=[paper], token=_TOKEN, by=by, at=clock.now())
    centre = world.actor("operator")
    case = repair_desk.accept(case.id, papers=[paper], after=1, token=_TOKEN + "-2", by=centre, at=clock.now())
    repair_desk.grant(case.id, papers=[paper], after=2, token=_TOKEN + "-3", by=centre, at=clock.now())


@act(Event.REPAIR_ACKNOWLEDGED)
def _(world: World) -> Deed:
    view, _ = clients.register(
        name="银行", department=world.unit.code, scopes=("read:public",), networks=("127.0.0.0/8",), by=made.SYSTEM,
        now=clock.now(),
    )  # fmt: skip
    _granted(world)
    bank = Actor(role=Role.CLIENT, name=view.client_id, department=world.unit.code)
    ids = [one.id for one in recipients.pending(by=bank)]

    def deed() -> dict[str, object]:
        recipients.acknowledge(ids, by=bank, at=clock.now())
        from xinyong.rights.models import Recipient

        return {"client": bank.name, "case": Recipient.objects.get(pk=ids[0]).case_id}

    return deed


@act(Event.GUIDANCE_ENTERED)
def _(world: World) -> Deed:
    return lambda: {"entry": _entered(world)}


@act(Event.GUIDANCE_TAKEN_BACK)
def _(world: World) -> Deed:
    entry = _entered(world)

    def deed() -> dict[str, object]:
        guidance.take_back(entry, by=world.actor("operator"), at=clock.now())
        return {"entry": entry}

    return deed


@act(Event.GUIDANCE_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(guidance.latest(seen_by=by))


@act(Event.REMINDERS_TOLD, "of repairs")
def _(world: World) -> Deed:
    return lambda: void(repair_desk.follow(by=made.SYSTEM, at=clock.now()))


def _entered(world: World) -> int:
    return guidance.enter(
        subject_code=world.organisation.code, kind=guidance.INTERVIEW, held_on=clock.today(), unit="云溪市信用中心",
        note=f"见 {world.persons[0].number}", token=_TOKEN, by=world.actor("operator"), at=clock.now(),
    )  # fmt: skip
