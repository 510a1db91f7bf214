"""办结反馈 What whoever a case is about says of its end: settled stays closed, not settled opens it again, once, for somebody else."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.rights.complaining import decided, explained, owner
from tests.rights.conftest import Hall
from tests.rights.objecting import CENTRE, SECOND, Matter, desk, lodge, matter, own, paper, refusal, refused, token
from xinyong.kernel import clock
from xinyong.records.view import Mark
from xinyong.rights import (
    appeal,
    appeal_desk,
    complaint_desk,
    feedback,
    objection,
    objection_desk,
    remedies,
    repair,
    repair_desk,
)
from xinyong.rights.appeal import Said
from xinyong.rights.feedback import Given
from xinyong.rights.repair import Application
from xinyong.security import scope
from xinyong.security.access import Actor, NotAllowed, Role, system
from xinyong.workflow import cases
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.models import CaseStep

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def one(tmp_path: Path, settings: Any) -> Matter:
    settings.REMEDY_PROFILE = "shanghai"
    return matter(tmp_path)


def says(by: Actor, case: CaseView, *, is_settled: bool, text: str = "", **other: Any) -> Given:
    how = {"after": case.after, "token": token(), "by": by, "at": clock.now()} | other
    with scope.acting(by):
        return feedback.give(case.procedure.kind, case.id, is_settled=is_settled, text=text, **how)


def again(case: CaseView, by: Actor = CENTRE) -> CaseView:
    with scope.acting(by):
        return cases.again(case.id, kind=None, by=by, at=clock.now(), calendar=objection.tables.calendar())


def test_settled_stays_closed_and_does_not_move_the_end(one: Matter) -> None:
    first = refused(one)
    given = says(one.by, first, is_settled=True, text="已经清楚了")
    assert not given.is_reopened
    assert (given.case.is_open, given.case.ended_at, given.case.steps[-1].action) == (False, first.ended_at, "settled")
    assert refusal(lambda: says(one.by, given.case, is_settled=False, text="还是不对")) == "rights.feedback-given"


def test_not_settled_opens_an_objection_again_for_somebody_else_with_its_mark(one: Matter) -> None:
    first = refused(one)
    given = says(one.by, first, is_settled=False, text="没有说明为什么金额无误")
    assert given.is_reopened
    assert (given.case.state.id, given.case.is_open) == ("received", True)
    assert Mark.DISPUTED in one.shown.marks
    assert [each.action for each in given.case.steps] == ["lodge", "refuse", "reopen"], "nothing is taken back"
    refuse = partial(objection_desk.decide, outcome="refuse", changes={}, reason="附上决定书原件，金额一致")
    assert refusal(lambda: desk(CENTRE, refuse, given.case)) == "workflow.step-not-yours"
    now = desk(SECOND, refuse, given.case)
    assert (now.state.id, Mark.DISPUTED in one.shown.marks) == ("refused", False)
    assert refusal(lambda: says(one.by, now, is_settled=False, text=" ")) == "workflow.reason-missing"
    last = says(one.by, now, is_settled=False, text="仍不同意这个结论")
    assert (last.is_reopened, last.case.is_open, last.case.steps[-1].action) == (False, False, "unsettled"), "once only"


def test_the_same_desk_may_go_on_with_everything_but_the_decision(one: Matter) -> None:
    now = says(one.by, refused(one), is_settled=False, text="没有说明理由").case
    now = desk(CENTRE, objection_desk.forward, now)
    now = desk(one.source, objection_desk.answer, now, outcome="refuse", changes={}, reason="与决定书一致")
    refuse = partial(objection_desk.decide, outcome="refuse", changes={}, reason="与决定书一致")
    assert refusal(lambda: desk(CENTRE, refuse, now)) == "workflow.step-not-yours"
    assert desk(SECOND, refuse, now).state.id == "refused"


def test_a_correction_that_did_not_settle_it_waits_for_another(one: Matter) -> None:
    first = desk(CENTRE, objection_desk.decide, lodge(one), outcome="accept", changes={}, reason="予以更正")
    one.hand_in(CF_NR_FK="0.1")
    first = desk(CENTRE, objection_desk.finish, first)
    now = says(one.by, first, is_settled=False, text="行为描述也写错了").case
    assert Mark.DISPUTED in one.shown.marks
    now = desk(
        SECOND, objection_desk.decide, now, outcome="accept", changes={"CF_WFXW": "未按时年报"}, reason="予以更正"
    )
    finish = partial(desk, SECOND, objection_desk.finish)
    assert refusal(lambda: finish(now)) == "rights.not-corrected-yet", "what came in before counts no more"
    one.hand_in(CF_WFXW="未按时年报")
    assert finish(now).state.id == "upheld"


def test_nobody_is_asked_of_an_open_or_withdrawn_case_or_past_the_days(one: Matter) -> None:
    case = lodge(one)
    assert refusal(lambda: says(one.by, case, is_settled=True)) == "rights.feedback-not-asked"
    gone = own(one, objection.withdraw, case, reason="")
    assert refusal(lambda: says(one.by, gone, is_settled=True)) == "rights.feedback-not-asked"
    first = refused(one)
    with time_machine.travel(clock.now() + timedelta(days=16), tick=True):
        assert refusal(lambda: says(one.by, first, is_settled=False, text="不同意")) == "rights.feedback-too-late"
        assert refusal(lambda: says(one.by, first, is_settled=True)) == "rights.feedback-too-late"
    with time_machine.travel(clock.now() + timedelta(days=15), tick=True):
        assert says(one.by, first, is_settled=False, text="不同意这个结论").is_reopened


def test_only_whose_case_it_is_says_so_and_of_its_kind(one: Matter, tmp_path: Path) -> None:
    first = refused(one)
    with pytest.raises(NotAllowed):
        says(CENTRE, first, is_settled=True)
    stranger = replace(one.by, subject=-5)
    assert refusal(lambda: says(stranger, first, is_settled=True)) == "workflow.unknown-case"
    with scope.acting(one.by):
        wrong = partial(feedback.give, "repair", first.id, after=first.after, token=token(), by=one.by, at=clock.now())
        assert refusal(lambda: wrong(is_settled=True)) == "workflow.unknown-case"


def test_a_form_sent_again_opens_it_once(one: Matter) -> None:
    first, form = refused(one), token()
    for _ in range(2):
        given = says(one.by, first, is_settled=False, text="没有说明理由", token=form)
    assert given.is_reopened
    assert (
        refusal(lambda: says(one.by, first, is_settled=False, text="别的理由说明", token=form)) == "workflow.form-used"
    )
    with scope.acting(system("tests")):
        assert CaseStep.objects.filter(case_id=first.id, action="reopen").count() == 1


def test_an_appeal_under_way_keeps_it_closed_and_a_case_open_again_is_not_appealed(one: Matter) -> None:
    first = refused(one)
    appealing = partial(appeal.lodge, first.id, Said("facts", "没有核对原件"), by=one.by, at=clock.now())
    with scope.acting(one.by):
        case, _ = appealing(token=token())
    assert refusal(lambda: says(one.by, first, is_settled=False, text="没有说明理由")) == "rights.appeal-open"
    desk(one.by, appeal.withdraw, case, reason="")
    says(one.by, first, is_settled=False, text="没有说明理由")
    with scope.acting(one.by):
        assert refusal(lambda: appealing(token=token())) == "rights.not-appealable"


def test_a_dismissed_appeal_is_examined_again_by_another(one: Matter) -> None:
    first = refused(one)
    with scope.acting(one.by):
        case, _ = appeal.lodge(first.id, Said("facts", "没有核对原件"), token=token(), by=one.by, at=clock.now())
    case = desk(SECOND, appeal_desk.decide, case, outcome="dismiss", reason="与原件一致")
    now = says(one.by, case, is_settled=False, text="没有回答程序问题").case
    assert now.state.id == "received"
    dismiss = partial(appeal_desk.decide, outcome="dismiss", reason="程序没有逾期")
    assert refusal(lambda: desk(SECOND, dismiss, now)) == "workflow.step-not-yours"
    assert desk(replace(SECOND, name="third", account_id=903), dismiss, now).state.id == "dismissed"


def test_a_complaint_is_opened_again_and_founded_after_all(fresh: Hall) -> None:
    who, first = owner(fresh), decided(fresh, "unfounded")
    now = explained(fresh, says(who, first, is_settled=False, text="没有看到申请书").case)
    found = partial(complaint_desk.decide, outcome="founded", reason="单位拿不出申请书")
    assert refusal(lambda: desk(CENTRE, found, now)) == "workflow.step-not-yours"
    now = desk(SECOND, found, now)
    assert says(who, now, is_settled=True, text="问题解决了").case.steps[-1].action == "settled"


def test_a_repaired_record_still_shown_somewhere_is_looked_into(one: Matter) -> None:
    with time_machine.travel(datetime.fromisoformat("2026-11-02T10:00:00+08:00"), tick=True):
        with scope.acting(one.by):
            first, _ = repair.apply(
                one.shown.ref, Application("corrected", "罚款已缴清", "示例法人"), papers=[paper(one.folder)], token=token(),
                by=one.by, at=clock.now(),
            )  # fmt: skip
        first = desk(one.source, repair_desk.accept, first)
        first = desk(one.source, repair_desk.grant, first, reason="已缴清")
        assert first.state.id == "repaired"
        now = says(one.by, first, is_settled=False, text="某网站仍在公示").case
        assert now.state.id == "checking"
        repair_desk.follow(by=system("hourly"), at=clock.now())
        assert again(now).state.id == "checking", "no clock closes what somebody has to look into"
        done = desk(CENTRE, repair_desk.checked, now, reason="已请该网站撤下")
        assert done.state.id == "repaired"
        assert says(one.by, done, is_settled=True).case.steps[-1].action == "settled"


def test_what_is_left_to_do_stands_on_the_page(one: Matter) -> None:
    case = lodge(one)
    assert remedies.after(case, on=clock.today()) is None
    first = refused_of(case)
    after = remedies.after(again(first), on=clock.today())
    assert after is not None
    assert (after.may_say, after.is_reopening, after.is_review_first) == (True, True, False)
    assert after.until == date(2026, 6, 30)
    assert after.appeal_until == date(2026, 8, 14)
    assert after.may_appeal
    later = remedies.after(again(first), on=date(2026, 8, 15))
    assert later is not None
    assert (later.may_say, later.may_appeal) == (False, False)


def refused_of(case: CaseView) -> CaseView:
    return desk(CENTRE, objection_desk.decide, case, outcome="refuse", changes={}, reason="与处罚决定书一致")


def test_the_office_counts_what_was_said_by_kind(one: Matter, tmp_path: Path) -> None:
    counted = partial(feedback.tallies, since=date(2026, 6, 1), until=date(2026, 7, 1), seen_by=CENTRE)

    def objections() -> tuple[int, int, int]:
        found = next(each for each in counted() if each.kind == "objection")
        return found.closed, found.settled, found.unsettled

    before = objections()
    now = says(one.by, refused(one), is_settled=False, text="没有说明理由").case
    now = desk(SECOND, objection_desk.decide, now, outcome="refuse", changes={}, reason="附上原件，一致")
    says(one.by, now, is_settled=True)
    own(one, objection.withdraw, lodge(one), reason="")
    assert tuple(b - a for a, b in zip(before, objections(), strict=True)) == (2, 1, 1), (
        "what was withdrawn is not asked"
    )
    assert [each.kind for each in counted()] == ["objection", "repair", "complaint", "appeal"]
    with pytest.raises(NotAllowed):
        counted(seen_by=one.source)
    with pytest.raises(NotAllowed):
        counted(seen_by=Actor(role=Role.READER, name="reader"))
