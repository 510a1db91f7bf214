"""申诉 Against the end of an objection, a repair or a complaint: when, who may examine it, and what goes back where."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.rights.complaining import THIRD, decided, owner
from tests.rights.conftest import Hall
from tests.rights.objecting import (
    CENTRE,
    SECOND,
    Matter,
    desk,
    is_marked,
    lodge,
    matter,
    on,
    own,
    paper,
    refusal,
    refused,
    token,
)
from xinyong.kernel import clock
from xinyong.rights import (
    appeal,
    appeal_desk,
    complaint,
    complaint_desk,
    objection,
    objection_desk,
    overdue,
    repair,
    repair_desk,
)
from xinyong.rights.appeal import Said
from xinyong.rights.repair import Application
from xinyong.security import scope
from xinyong.security.access import Actor, NotAllowed, Role, system
from xinyong.workflow import cases, notices, subject_notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.kinds import Kind
from xinyong.workflow.models import CaseStep
from xinyong.workflow.subject_kinds import SubjectKind

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
FOURTH = Actor(role=Role.OPERATOR, name="fourth", account_id=905)
INSTRUCTION = "请核对罚款决定书原件后重新作出结论"


@pytest.fixture
def one(tmp_path: Path, settings: Any) -> Matter:
    settings.REMEDY_PROFILE = "shanghai"
    return matter(tmp_path)


def appealed(by: Actor, case: CaseView, **other: Any) -> CaseView:
    said = Said(other.pop("ground", "facts"), other.pop("statement", "决定书写的是 0.1 万元，没有核对"))
    with scope.acting(by):
        return appeal.lodge(case.id, said, **({"token": token(), "by": by, "at": clock.now()} | other))[0]


def again(case: CaseView, by: Actor = CENTRE) -> CaseView:
    with scope.acting(by):
        return cases.again(case.id, kind=None, by=by, at=clock.now(), calendar=objection.tables.calendar())


def upheld(case: CaseView, by: Actor = SECOND, **other: Any) -> CaseView:
    return desk(by, appeal_desk.decide, case, **({"outcome": "uphold", "reason": INSTRUCTION} | other))


def dismissed(case: CaseView, by: Actor = SECOND) -> CaseView:
    return desk(by, appeal_desk.decide, case, outcome="dismiss", reason="与决定书原件一致")


def told(by: Actor) -> list[str]:
    with scope.acting(by):
        return [one.kind for one in subject_notices.inbox(seen_by=by)]


def test_an_upheld_appeal_sends_the_objection_back_to_another_desk_which_carries_it_out(one: Matter) -> None:
    first = refused(one)
    case = appealed(one.by, first)
    assert is_marked(one), "disputed again while it is examined"
    assert refusal(lambda: upheld(case, CENTRE)) == "rights.decided-before"
    with scope.acting(CENTRE):
        assert appeal_desk.find(case.id, seen_by=CENTRE, at=clock.now()).may == frozenset()
    with scope.acting(SECOND):
        seen = appeal_desk.find(case.id, seen_by=SECOND, at=clock.now())
    assert [one.action for one in seen.first.steps] == ["lodge", "refuse"], "the whole course of the first"
    assert seen.record is not None
    assert seen.record.ref == one.shown.ref
    case = upheld(desk(SECOND, appeal_desk.take_up, case))
    assert case.state.id == "upheld"
    now = again(first)
    assert (now.state.id, now.is_open, now.steps[-1].action, now.steps[-1].reason) == (
        "received", True, "appeal-return", INSTRUCTION,
    )  # fmt: skip
    assert is_marked(one)
    assert [term.started_at for term in now.terms if term.is_running] == [now.steps[-1].at] * 2, "the clock runs anew"
    decide = partial(objection_desk.decide, outcome="accept", changes={"CF_NR_FK": "0.1"}, reason="以决定书为准")
    assert refusal(lambda: desk(CENTRE, decide, now)) == "workflow.step-not-yours", "not who refused it"
    now = desk(THIRD, decide, now)
    assert refusal(lambda: desk(THIRD, objection_desk.finish, now)) == "rights.not-corrected-yet"
    one.hand_in(CF_NR_FK="0.1")
    assert desk(THIRD, objection_desk.finish, now).state.id == "upheld"
    assert not is_marked(one)
    assert told(one.by)[:3] == [
        SubjectKind.OBJECTION_ANSWERED, SubjectKind.APPEAL_ANSWERED, SubjectKind.APPEAL_MOVED,
    ]  # fmt: skip


def test_a_dismissed_appeal_leaves_everything_and_is_the_last(one: Matter) -> None:
    first = refused(one)
    case = dismissed(appealed(one.by, first))
    assert (case.state.id, again(first).state.id, is_marked(one)) == ("dismissed", "refused", False)
    assert refusal(lambda: appealed(one.by, first)) == "rights.appealed-already"
    assert case.procedure.remedies is not None
    assert "行政复议" in case.procedure.remedies.zh


def test_another_kinds_steps_are_taken_neither_in_it_nor_by_it(one: Matter) -> None:
    first = refused(one)
    case = appealed(one.by, first)
    verdict: dict[str, Any] = {"outcome": "refuse", "changes": {}, "reason": "与决定书一致"}
    desks: list[tuple[Any, CaseView, dict[str, Any]]] = [
        (objection_desk.ask, case, {"reason": "请补充决定书"}), (objection_desk.decide, case, verdict), (objection_desk.take_over, case, {}),
        (repair_desk.ask, case, {"reason": "请补充决定书"}), (complaint_desk.take_up, case, {}), (appeal_desk.take_up, first, {}),
    ]  # fmt: skip
    for verb, which, said in desks:  # CENTRE refused the objection: no other desk's door leads to the appeal
        assert refusal(partial(desk, CENTRE, verb, which, **said)) == "workflow.unknown-case"
    for withdraw in (objection.withdraw, repair.withdraw, complaint.withdraw):
        assert refusal(partial(own, one, withdraw, case, reason="不申诉了")) == "workflow.unknown-case"
    assert (again(case).after, again(case).is_open, is_marked(one)) == (1, True, True)


def test_each_end_can_be_appealed_against_once(one: Matter) -> None:
    first = refused(one)
    upheld(appealed(one.by, first))
    assert refusal(lambda: appealed(one.by, first)) == "rights.not-appealable", "it is open"
    now = desk(THIRD, objection_desk.decide, again(first), outcome="refuse", changes={}, reason="原件与记录一致")
    case = appealed(one.by, now)
    assert refusal(lambda: dismissed(case, SECOND)) == "rights.decided-before", "whose appeal sent it back"
    assert dismissed(case, FOURTH).state.id == "dismissed"


def test_the_reviewer_examines_no_appeal_either(one: Matter) -> None:
    first = own(one, objection.ask_review, refused(one), reason="请再核对原件")
    first = desk(SECOND, objection_desk.decide, first, outcome="refuse", changes={}, reason="维持原结论")
    case = appealed(one.by, first)
    assert refusal(lambda: dismissed(case, SECOND)) == "rights.decided-before"
    assert dismissed(case, THIRD).state.id == "dismissed"


def test_review_first_or_either_is_the_profiles_word(one: Matter, settings: Any, tmp_path: Path) -> None:
    first = refused(one)
    case = appealed(one.by, first)
    review = partial(own, one, objection.ask_review, first, reason="请再核对原件")
    assert refusal(review) == "rights.appeal-open", "not both at once"
    desk(one.by, appeal.withdraw, case, reason="")
    assert not is_marked(one)
    assert review().state.id == "review"
    assert refusal(lambda: appealed(one.by, first)) == "rights.not-appealable"
    settings.REMEDY_PROFILE = "zhejiang"
    other = matter(tmp_path)
    first = refused(other)
    assert refusal(lambda: appealed(other.by, first)) == "rights.review-first"
    first = own(other, objection.ask_review, first, reason="请再核对原件")
    first = desk(SECOND, objection_desk.decide, first, outcome="refuse", changes={}, reason="维持原结论")
    assert appealed(other.by, first).state.id == "received"


def test_the_term_is_the_procedures_and_the_day_of_closing_is_not_counted(one: Matter) -> None:
    first = refused(one)
    assert first.closing is not None
    last = first.closing.at + timedelta(days=60)
    with time_machine.travel(last + timedelta(days=1), tick=True):
        assert refusal(lambda: appealed(one.by, first)) == "rights.appeal-too-late"
    with time_machine.travel(last, tick=True):
        assert appealed(one.by, first).state.id == "received"


def test_what_cannot_be_appealed_against(one: Matter) -> None:
    open_case = lodge(one)
    assert refusal(lambda: appealed(one.by, open_case)) == "rights.not-appealable"
    withdrawn = own(one, objection.withdraw, open_case, reason="")
    assert refusal(lambda: appealed(one.by, withdrawn)) == "rights.not-appealable"
    first = refused(one)
    assert refusal(lambda: appealed(one.by, first, ground="because")) == "rights.appeal-ground"
    assert refusal(lambda: appealed(one.by, first, statement="不")) == "workflow.reason-missing"
    stranger = replace(one.by, subject=-5)
    assert refusal(lambda: appealed(stranger, first)) == "workflow.unknown-case"
    case = appealed(one.by, first)
    assert refusal(lambda: appealed(one.by, case)) == "rights.not-appealable", "an appeal has no appeal"
    assert (
        refusal(lambda: desk(SECOND, appeal_desk.decide, case, outcome="x", reason="没有")) == "rights.appeal-outcome"
    )
    assert refusal(lambda: upheld(case, reason=" ")) == "workflow.reason-missing"
    with pytest.raises(NotAllowed):
        upheld(case, one.source)
    with pytest.raises(NotAllowed):
        upheld(case, Actor(role=Role.AUDITOR, name="auditor"))


def test_a_form_sent_again_appeals_and_returns_once(one: Matter) -> None:
    first, form = refused(one), token()
    case = appealed(one.by, first, token=form)
    assert appealed(one.by, first, token=form).id == case.id
    form = token()
    for _ in range(2):
        upheld(case, token=form)
    assert refusal(lambda: dismissed(case, THIRD)) == "workflow.case-moved-meanwhile"
    with scope.acting(system("tests")):
        assert CaseStep.objects.filter(case_id=first.id, action="appeal-return").count() == 1
        assert CaseStep.objects.filter(case_id=case.id).count() == 2


def test_a_denied_repair_goes_back_to_the_body_that_determined(one: Matter) -> None:
    with on("2026-11-02"):
        with scope.acting(one.by):
            first, _ = repair.apply(
                one.shown.ref, Application("corrected", "罚款已缴清", "示例法人"), papers=[paper(one.folder)], token=token(),
                by=one.by, at=clock.now(),
            )  # fmt: skip
        first = desk(one.source, repair_desk.accept, first)
        first = desk(one.source, repair_desk.deny, first, reason="缴款凭证不全")
        assert not is_marked(one)
        upheld(appealed(one.by, first), CENTRE, reason="凭证已齐，请重新审查")
        assert not is_marked(one), "a repair's appeal disputes nothing"
        now = again(first, one.source)
        assert now.state.id == "accepted"
        assert refusal(lambda: desk(one.source, repair_desk.grant, now)) == "workflow.step-not-yours"
        with scope.acting(one.source):
            heard = [each.kind for each in notices.inbox(seen_by=one.source)]
        assert heard[0] == Kind.CASE_AGAIN
        other = replace(one.source, name="second-clerk", account_id=906)
        assert desk(other, repair_desk.grant, now, reason="凭证已核对").state.id in {"syncing", "repaired"}


def test_an_unfounded_complaint_goes_back_too(fresh: Hall) -> None:
    who, first = owner(fresh), decided(fresh, "unfounded")
    case = appealed(who, first, ground="reasons")
    assert case.subject_name == "自然人"
    with scope.acting(SECOND):
        assert appeal_desk.find(case.id, seen_by=SECOND, at=clock.now()).record is None
    upheld(case)
    now = again(first)
    assert now.state.id == "received"
    now = desk(CENTRE, complaint_desk.forward, now)
    teller = Actor(role=Role.READER, name="teller", account_id=904, department=fresh.bank.code)
    now = desk(teller, complaint_desk.explain, now, reason="没有找到申请书")
    found = partial(complaint_desk.decide, outcome="founded", reason="没有申请书")
    assert refusal(lambda: desk(CENTRE, found, now)) == "workflow.step-not-yours"
    assert desk(SECOND, found, now).state.id == "founded"
    assert refusal(lambda: appealed(who, again(now))) == "rights.not-appealable", "founded is what was asked for"


def test_what_is_over_is_escalated(one: Matter) -> None:
    case = appealed(one.by, refused(one))
    with time_machine.travel(clock.now() + timedelta(days=40), tick=True):
        for _ in range(2):
            overdue.follow(by=system("hourly"), at=clock.now())
        with scope.acting(SECOND):
            listed = appeal_desk.inbox(is_over=True, seen_by=SECOND, at=clock.now(), limit=500)
    assert case.id in [one.case.id for one in listed.lines]
    assert [one.action for one in again(case).steps] == ["lodge", "escalate"]


def test_more_papers_are_asked_for_and_added(one: Matter) -> None:
    case = desk(SECOND, appeal_desk.ask, appealed(one.by, refused(one)), reason="请附决定书原件")
    case = desk(one.by, appeal.add, case, papers=[paper(one.folder)], note="决定书原件")
    with scope.acting(one.by):
        assert [each.party for each in appeal.find(case.id, by=one.by, at=clock.now()).case.documents] == ["subject"]
        assert [each.id for each in appeal.listing(by=one.by, at=clock.now())] == [case.id]
