"""投诉 From a line of the access log to the decision: who sees what, who may not decide, what follows from a founded one."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import time_machine

from tests.rights.complaining import THIRD, WHY, decided, explained, lines, lodge, looked, own, owner, teller
from tests.rights.conftest import NOTE, PENALTY, Hall
from tests.rights.objecting import CENTRE, SECOND, desk, refusal, token
from xinyong.kernel import clock
from xinyong.records import dossier
from xinyong.rights import alarms, complaint, complaint_desk, overdue
from xinyong.rights.complaint import Said
from xinyong.rights.models import Alarm, ConsentWithdrawal
from xinyong.security import scope
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role, system
from xinyong.workflow import cases, notices, subject_notices
from xinyong.workflow.kinds import Kind
from xinyong.workflow.models import Case, CaseStep
from xinyong.workflow.subject_kinds import SubjectKind

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


def alarms_of(hall: Hall) -> list[Alarm]:
    with scope.acting(system("tests")):
        return list(Alarm.objects.filter(kind="complaint", actor=hall.program.name).order_by("id"))


def told(hall: Hall, of: str = "person") -> list[str]:
    who = owner(hall, of)
    with scope.acting(who):
        return [one.kind for one in subject_notices.inbox(seen_by=who)]


@pytest.mark.parametrize("of", ["person", "organisation"])
def test_from_the_line_to_founded_and_back_to_the_line(fresh: Hall, of: str) -> None:
    look = looked(fresh, of)
    case = lodge(fresh, of, look)
    assert (case.state.id, case.source_name, case.subject_name) == (
        "received", fresh.bank.name, fresh.organisation.name if of == "organisation" else "自然人",
    )  # fmt: skip
    line = lines(fresh, of)[0]
    assert line.complaint is not None
    assert (line.complaint.id, line.complaint.is_open) == (case.id, True)
    case = desk(CENTRE, complaint_desk.take_up, case)
    case = explained(fresh, case)
    case = desk(CENTRE, complaint_desk.decide, case, outcome="founded", reason="没有贷款申请，查询没有事由")
    assert (case.state.id, case.is_open) == ("founded", False)
    line = lines(fresh, of)[0]
    assert line.complaint is not None
    assert (line.complaint.state, line.complaint.ended_at) == ("founded", case.ended_at)
    assert told(fresh, of).count(SubjectKind.COMPLAINT_MOVED) == 3
    assert told(fresh, of)[0] == SubjectKind.COMPLAINT_ANSWERED
    [alarm] = alarms_of(fresh)[-1:]
    assert (alarm.department, alarm.reason, alarm.last_at) == (fresh.bank.code, "没有贷款申请，查询没有事由", line.at)
    assert alarm.due_on is not None
    who = owner(fresh, of)
    with scope.acting(who):
        seen = complaint.find(case.id, by=who, at=clock.now())
    assert seen.look is None, "the official, and the unit's matter, are not the subject's"
    assert NOTE not in repr(seen.line)
    assert fresh.program.name not in repr(seen.case)


def test_the_unit_reads_its_own_look_and_only_once_it_is_asked(fresh: Hall) -> None:
    case, clerk = lodge(fresh), teller(fresh)
    find = partial(complaint_desk.find, case.id, at=clock.now())

    def seen_by(who: Actor) -> complaint.SeenComplaint:
        with scope.acting(who):
            return find(seen_by=who)

    assert refusal(lambda: seen_by(clerk)) == "workflow.unknown-case"
    with scope.acting(clerk):
        assert not Case.objects.filter(pk=case.id).exists(), "the database holds it too"
    desk(CENTRE, complaint_desk.forward, case)
    seen = seen_by(clerk)
    assert seen.look is not None
    assert (seen.look.actor, seen.matter, seen.may) == (
        fresh.program.name, f"信贷审批、贷后管理 · {NOTE}", frozenset({"explain"}),
    )  # fmt: skip
    assert fresh.person.name not in repr(seen)
    assert fresh.person.number not in repr(seen)
    assert refusal(lambda: seen_by(fresh.reader)) == "workflow.unknown-case", "another unit's is nobody else's"
    with scope.acting(made_admin := Actor(role=Role.UNIT_ADMIN, name="admin", department=fresh.bank.code)):
        heard = notices.inbox(seen_by=made_admin)
    assert [one.kind for one in heard][:1] == [Kind.COMPLAINT]


def test_a_unit_decides_nothing_and_a_case_without_explanation_is_founded_by_nobody(fresh: Hall) -> None:
    case = lodge(fresh)
    found = partial(desk, outcome="founded", reason="没有事由")
    assert refusal(lambda: found(CENTRE, complaint_desk.decide, case)) == "workflow.step-not-now"
    case = explained(fresh, case)
    assert refusal(lambda: found(teller(fresh), complaint_desk.decide, case)) == "workflow.step-not-yours"
    assert refusal(lambda: desk(CENTRE, complaint_desk.decide, case, outcome="founded", reason=" ")) == (
        "workflow.reason-missing"
    )
    assert refusal(lambda: desk(CENTRE, complaint_desk.decide, case, outcome="maybe", reason=WHY)) == (
        "rights.complaint-outcome"
    )


def test_a_unit_that_says_nothing_is_gone_past(fresh: Hall) -> None:
    case = desk(CENTRE, complaint_desk.forward, lodge(fresh))
    case = desk(CENTRE, complaint_desk.recall, case, reason="催促后仍未说明")
    assert desk(CENTRE, complaint_desk.decide, case, outcome="founded", reason="单位没有说明").state.id == "founded"


def test_who_looked_never_decides_but_explains(fresh: Hall) -> None:
    fresh.looks("organisation", by=CENTRE, purpose="licensing", items=[PENALTY])
    case = lodge(fresh, "organisation", lines(fresh, "organisation")[0].id, ground="no-need")
    assert case.source_id == 0
    with scope.acting(CENTRE):
        assert complaint_desk.find(case.id, seen_by=CENTRE, at=clock.now()).may == {"explain-own"}
    for deed in (
        partial(desk, CENTRE, complaint_desk.take_up, case),
        partial(desk, CENTRE, complaint_desk.forward, case),
        partial(desk, CENTRE, complaint_desk.decide, case, outcome="unfounded", reason="没有问题"),
    ):
        assert refusal(deed) == "rights.own-look"
    assert refusal(lambda: desk(SECOND, complaint_desk.forward, case)) == "workflow.step-not-now", "there is no unit"
    case = desk(CENTRE, complaint_desk.explain, case, reason="办理许可时核对处罚情况")
    done = desk(SECOND, complaint_desk.decide, case, outcome="unfounded", reason="凭许可受理单核实，属履职需要")
    assert done.state.id == "unfounded"


def test_a_units_look_is_not_explained_by_the_centre(fresh: Hall) -> None:
    assert refusal(lambda: desk(CENTRE, complaint_desk.explain, lodge(fresh), reason=WHY)) == "workflow.step-not-now"


def test_a_founded_complaint_ends_the_authorisation_where_that_is_decided(fresh: Hall) -> None:
    case = explained(fresh, lodge(fresh))
    number = str(case.steps[0].facts["authorisation"])
    assert number
    desk(CENTRE, complaint_desk.decide, case, outcome="founded", reason="没有事由", ends_authorisation=True)
    with scope.acting(system("tests")):
        assert ConsentWithdrawal.objects.get(consent__number=number).withdrawn_by == f"complaint-{case.id}"
    assert refusal(lambda: fresh.looks()) == "rights.authorisation-withdrawn"


def test_an_authorisation_ends_with_a_founded_complaint_only(fresh: Hall) -> None:
    case = explained(fresh, lodge(fresh))
    deed = partial(desk, CENTRE, complaint_desk.decide, case, reason="没有事由", ends_authorisation=True)
    assert refusal(lambda: deed(outcome="unfounded")) == "rights.complaint-outcome"


def test_what_is_withheld_is_complained_about_once_it_is_shown(fresh: Hall) -> None:
    now = clock.now()
    fresh.looks(
        "organisation",
        by=fresh.reader,
        purpose="inspection",
        withheld_days=30,
        withheld_basis="现场检查前不宜告知",
        at=now,
    )
    shown = now + timedelta(days=30)
    look = lines(fresh, "organisation", at=shown)[0].id
    assert refusal(lambda: lodge(fresh, "organisation", look, at=now)) == "rights.unknown-look"
    assert lodge(fresh, "organisation", look, at=shown).state.id == "received"


def test_one_complaint_a_line_unless_it_was_withdrawn(fresh: Hall) -> None:
    look = looked(fresh)
    first = lodge(fresh, look=look)
    assert refusal(lambda: lodge(fresh, look=look)) == "workflow.case-already-open"
    own(fresh, complaint.withdraw, first, reason="")
    case = explained(fresh, lodge(fresh, look=look))
    desk(CENTRE, complaint_desk.decide, case, outcome="unfounded", reason="客户本人申请过")
    assert refusal(lambda: lodge(fresh, look=look)) == "rights.look-complained"
    assert lines(fresh)[0].at not in [one.first_at for one in alarms_of(fresh)]


def test_a_form_sent_again_lodges_and_decides_once(fresh: Hall) -> None:
    look, form = looked(fresh), token()
    case = lodge(fresh, look=look, token=form)
    assert lodge(fresh, look=look, token=form).id == case.id
    assert refusal(lambda: lodge(fresh, look=look, token=form, statement="别的话说一遍")) == "workflow.form-used"
    case, before, form = explained(fresh, case), len(alarms_of(fresh)), token()
    for _ in range(2):
        desk(CENTRE, complaint_desk.decide, case, outcome="founded", reason="没有事由", token=form)
    assert refusal(lambda: desk(SECOND, complaint_desk.decide, case, outcome="unfounded", reason="有事由")) == (
        "workflow.case-moved-meanwhile"
    )
    assert len(alarms_of(fresh)) == before + 1
    with scope.acting(system("tests")):
        assert CaseStep.objects.filter(case_id=case.id, action="find-founded").count() == 1


def test_what_cannot_be_complained_about(fresh: Hall) -> None:
    look, other = looked(fresh), looked(fresh, "organisation")
    assert refusal(lambda: lodge(fresh, look=other)) == "rights.unknown-look", "another's line is no line"
    assert refusal(lambda: lodge(fresh, look=10**15)) == "rights.unknown-look"
    assert refusal(lambda: lodge(fresh, look=look, ground="because")) == "rights.complaint-ground"
    assert refusal(lambda: lodge(fresh, look=look, statement=" 不 ")) == "workflow.reason-missing"
    assert refusal(lambda: lodge(fresh, look=look, token="x")) == "rights.form-without-token"
    stranger = replace(owner(fresh), subject=None)
    with scope.acting(stranger):
        deed = partial(complaint.lodge, look, Said("unlawful", WHY), token=token(), by=stranger, at=clock.now())
        assert refusal(deed) == "rights.unknown-look"
    with pytest.raises(NotAllowed):
        complaint.lodge(look, Said("unlawful", WHY), token=token(), by=CENTRE, at=clock.now())
    with pytest.raises(NotAllowed):
        complaint_desk.inbox(seen_by=Actor(role=Role.AUDITOR, name="auditor"), at=clock.now())


def test_what_the_public_printed_is_nobodys_wrong(fresh: Hall) -> None:
    from xinyong.security import audit

    dossier.of(fresh.organisation.code, as_of=clock.today(), seen_by=PUBLIC)
    audit.enter(
        audit.Event.REPORT_ISSUED,
        by=PUBLIC,
        object_kind="report",
        object_ref="XR-1",
        subject_code=fresh.organisation.code,
    )
    look = lines(fresh, "organisation")[0]
    assert look.is_public
    assert refusal(lambda: lodge(fresh, "organisation", look.id)) == "rights.public-look"


def test_papers_stay_with_the_parties_and_a_word_is_added_while_it_is_open(fresh: Hall) -> None:
    case = own(fresh, complaint.add, lodge(fresh), papers=(), note="从未去过这家银行")
    assert case.steps[-1].reason == "从未去过这家银行"
    assert refusal(lambda: own(fresh, complaint.add, case, papers=(), note=" ")) == "workflow.reason-missing"
    case = desk(CENTRE, complaint_desk.ask, case, reason="请说明是否委托过他人")
    assert told(fresh)[0] == SubjectKind.COMPLAINT_MOVED
    with scope.acting(who := owner(fresh)):
        assert [one.id for one in complaint.listing(by=who, at=clock.now())] == [case.id]
    with scope.acting(other := owner(fresh, "organisation")):
        assert complaint.listing(by=other, at=clock.now()) == []


def test_what_is_over_is_escalated_once_and_the_unit_told(fresh: Hall) -> None:
    case = desk(CENTRE, complaint_desk.forward, lodge(fresh))
    clerk = Actor(role=Role.UNIT_ADMIN, name="admin", department=fresh.bank.code)
    with time_machine.travel(clock.now() + timedelta(days=40), tick=True):
        overdue.follow(by=system("hourly"), at=clock.now())
        overdue.follow(by=system("hourly"), at=clock.now())
        with scope.acting(CENTRE):
            now = complaint_desk.find(case.id, seen_by=CENTRE, at=clock.now()).case
            listed = complaint_desk.inbox(is_over=True, seen_by=CENTRE, at=clock.now(), limit=500)
    assert sorted(one.facts["term"] for one in now.steps if one.action == "escalate") == ["explain", "whole"]
    assert case.id in [one.case.id for one in listed.lines]
    with scope.acting(clerk):
        heard = [one.kind for one in notices.inbox(seen_by=clerk) if one.link.endswith(f"/{case.id}/")]
    assert heard == [Kind.COMPLAINT_OVERDUE, Kind.COMPLAINT]


def test_what_stands_against_a_program_is_counted(fresh: Hall) -> None:
    before = alarms.founded(fresh.program.name)
    decided(fresh)
    assert alarms.founded(fresh.program.name) == before + 1


def test_another_desk_overtakes_nobody(fresh: Hall) -> None:
    case = lodge(fresh)
    desk(CENTRE, complaint_desk.take_up, case)
    assert refusal(lambda: desk(THIRD, complaint_desk.forward, case)) == "workflow.case-moved-meanwhile"
    with scope.acting(CENTRE):
        assert cases.steps_open(case, by=CENTRE)
