"""Duties about persons' data: impact assessments, the register of processing activities, erasing what is over."""

from datetime import timedelta

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import made
from xinyong.analytics import processing
from xinyong.catalogue import assessment, publish
from xinyong.catalogue.assessment import Answers, AssessmentView, Reason
from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.security import approvals
from xinyong.security.access import Actor
from xinyong.security.audit import Event

_ITEM = "admin-penalty-person"
_SAID = "依据行政处罚法归集，只限目录规定的数据项，方式必要并与目的相称。"


def _write(world: World, by: Actor) -> AssessmentView:
    return assessment.write(
        title=f"当事人 {world.person.number} 一类的评估", items=[publish.current(_ITEM)],
        reasons=[Reason.SENSITIVE, Reason.SHARING], answers=Answers(_SAID, _SAID, _SAID),
        valid_until=clock.today() + timedelta(days=100), by=by, at=clock.now(),
    )  # fmt: skip


@act(Event.ASSESSMENT_WRITTEN)
def _(world: World) -> Deed:
    by = world.actor("operator")

    def deed() -> dict[str, object]:
        one = _write(world, by)
        return {"assessment": one.id, "text": one.digest, "until": one.valid_until.isoformat()}

    return deed


@act(Event.ASSESSMENT_IN_FORCE)
def _(world: World) -> Deed:
    by = world.actor("operator")
    one = _write(world, by)
    asked = assessment.ask(one.id, reason="年度评估", by=by, at=clock.now())
    approvals.decide(asked.id, agrees=True, by=world.actor("second-operator"), at=clock.now())

    def deed() -> dict[str, object]:
        assessment.put_in_force(one.id, by=by, at=clock.now())
        return {"assessment": one.id, "text": one.digest, "request": asked.id, "digest": asked.digest[:16]}

    return deed


@act(Event.ASSESSMENT_IN_FORCE, "by the owner alone")
def _(world: World) -> Deed:
    one = _write(world, made.SYSTEM)

    def deed() -> dict[str, object]:
        assessment.put_in_force(one.id, by=made.SYSTEM, at=clock.now())
        return {"assessment": one.id, "text": one.digest}

    return deed


@act(Event.DATA_DUTIES_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("auditor")
    return lambda: void(processing.register(seen_by=by, on=clock.today()))


@act(Event.PROCESSING_EXPORTED)
def _(world: World) -> Deed:
    by = world.actor("auditor")
    return lambda: void(processing.plain(seen_by=by, on=clock.today()))


@act(Event.ERASING_BEGUN)
def _(world: World) -> Deed:
    return lambda: {"run": erased.begin(erased.ORIGINALS, ended_by=made.TODAY, grace_days=30, by=made.SYSTEM)}


@act(Event.CONTENT_ERASED, lasting="the owner's connection, chunk by chunk")
def _(world: World) -> Deed:
    rows = [made.person_row(made.person(), world.unit, CF_JDRQ="2019-03-01")]
    made.hand_in(world.file("over", rows), _ITEM, world.unit)

    def deed() -> dict[str, object]:
        (proof,) = erased.run(today=made.TODAY, grace_days=30, by=made.SYSTEM)
        return {"proof": proof.id, "root": proof.root, "run": proof.run}

    return deed
