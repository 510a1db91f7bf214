"""The desk of doubtful data: what is settled goes in by the way of every row, stays with who and why, and can be undone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.intake import made
from tests.intake.made import OPERATOR, HandIn, Organisation
from xinyong.intake import again, doubts, lineage, settle, views
from xinyong.intake.doubts import Asked, DoubtRow
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock, codes
from xinyong.records import dossier, history
from xinyong.records.view import RecordView
from xinyong.security import audit
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.subjects import resolve

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
ITEM = "admin-penalty-org"
#: A mobile number that is nobody's stands in a text that would be published: a doubt, no error.
DOUBT = {"CF_SY": "未按规定公示价格，联系 13800138000"}
MONTH = timedelta(days=30)


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


def records(who: Organisation) -> list[RecordView]:
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    return [record for section in file.sections for record in section.records if record.item_id == ITEM]


def now(view: SubmissionView) -> SubmissionView:
    return views.find(view.id, seen_by=made.SYSTEM)


def states(view: SubmissionView) -> tuple[int, int, int, int]:
    """Accepted, doubtful, rejected, open."""
    one = now(view)
    assert one.counts.is_whole
    return (one.counts.accepted, one.counts.doubtful, one.counts.rejected, one.open_rows)


Waiting = Callable[..., tuple[Organisation, SubmissionView, DoubtRow]]


@pytest.fixture
def waiting(unit: SourceUnit, hand_in: HandIn) -> Waiting:
    """An organisation, a submission of one row about it that waits, and the row at the desk."""

    def submit(
        *, wrong_code: bool = False, is_registered: bool = True, **changes: str
    ) -> tuple[Organisation, SubmissionView, DoubtRow]:
        # A mistyped code may have two readings (of every 31 about one has): these have one.
        tries = (made.organisation() for _ in range(100))
        who = next(one for one in tries if codes.suggest(made.mistyped(one.code), codes.Kind.USCC) == one.code)
        if is_registered:
            made.register(who)
        code = {"CF_XDR_SHXYM": made.mistyped(who.code)} if wrong_code else {}
        view = hand_in([made.penalty_row(who, unit, **code, **changes)], ITEM, unit)
        return who, view, next(one for one in doubts.rows(seen_by=OPERATOR, limit=1000) if one.submission_id == view.id)

    return submit


def test_an_accepted_suggestion_brings_the_row_in_under_the_right_code_and_says_who(
    waiting: Waiting, unit: SourceUnit
) -> None:
    who, view, row = waiting(wrong_code=True)
    assert (row.outcome, row.can_accept, states(view)) == ("rejected", True, (0, 0, 1, 1))
    assert [one.found.suggestion for one in row.findings if one.found.suggestion] == [who.code]
    assert settle.accept([row.id], by=clerk(unit)) == settle.Settled(1, ())
    (record,) = records(who)
    assert states(view) == (1, 0, 0, 0)
    (version,) = history.of(who.code, record.ref, as_of=made.TODAY, seen_by=OPERATOR)[0]
    assert (version.submission_id, version.row_no) == (view.id, 2)
    (act,) = lineage.acts_of(view.id, [2])[2]
    assert (act.kind, act.by_name, act.by_role, act.finding_id) == (
        "accepted", "clerk", "source_unit", next(one.id for one in row.findings if one.found.suggestion),
    )  # fmt: skip


def test_pressed_twice_it_goes_in_once_and_a_row_without_suggestion_is_told(waiting: Waiting) -> None:
    who, view, row = waiting(wrong_code=True)
    _, _, other = waiting(**DOUBT)
    done = settle.accept([row.id, row.id, other.id, 10**12], by=OPERATOR)
    assert done.went_in == 1
    assert [one[0] for one in done.left] == [other.id, 10**12]
    assert "没有可以直接采纳的建议" in done.left[0][1]
    again_ = settle.accept([row.id], by=OPERATOR)
    assert (again_.went_in, len(records(who)), states(view)) == (0, 1, (1, 0, 0, 0))


def test_a_suggested_code_that_nobody_has_invents_no_organisation(waiting: Waiting) -> None:
    who, view, row = waiting(wrong_code=True, is_registered=False)
    done = settle.accept([row.id], by=OPERATOR)
    assert done.went_in == 0
    assert "没有登记" in done.left[0][1]
    assert (resolve.by_codes([who.code]).num_rows, lineage.acts_of(view.id, [2]), states(view)) == (0, {}, (0, 0, 1, 1))


def test_a_row_with_another_fault_stays_and_keeps_no_act(waiting: Waiting) -> None:
    who, view, row = waiting(wrong_code=True, CF_JDRQ="2026年13月5日")
    done = settle.accept([row.id], by=OPERATOR)
    assert done.went_in == 0
    assert "还有其他问题" in done.left[0][1]
    assert (records(who), lineage.acts_of(view.id, [2]), states(view)) == ([], {}, (0, 0, 1, 1))


def test_an_accepted_suggestion_undone_the_row_waits_again_where_it_was_counted(
    waiting: Waiting, unit: SourceUnit
) -> None:
    who, view, row = waiting(wrong_code=True)
    settle.accept([row.id], by=clerk(unit))
    (act,) = lineage.acts_of(view.id, [2])[2]
    settle.undo(act.id, submission_id=view.id, by=clerk(unit))
    assert (records(who), states(view)) == ([], (0, 0, 1, 1))
    with pytest.raises(settle.AlreadyUndone):
        settle.undo(act.id, submission_id=view.id, by=OPERATOR)
    assert settle.accept([row.id], by=OPERATOR).went_in == 1
    assert (len(records(who)), states(view)) == (1, (1, 0, 0, 0))


def test_a_waived_doubt_lets_the_row_in_until_its_day_and_then_it_waits_again_openly(waiting: Waiting) -> None:
    who, view, row = waiting(**DOUBT)
    until = made.TODAY + MONTH
    settle.waive(view.id, 2, reason="号码是单位公开的办公电话", until=until, by=OPERATOR)
    assert (len(records(who)), states(view)) == (1, (1, 0, 0, 0))
    assert settle.end_waivers(today=until - timedelta(days=1), by=made.SYSTEM) == 0
    assert settle.end_waivers(today=until, by=made.SYSTEM) == 1
    assert settle.end_waivers(today=until, by=made.SYSTEM) == 0
    assert (records(who), states(view)) == ([], (0, 1, 0, 1))
    (standing,) = [one for one in doubts.rows(seen_by=OPERATOR, limit=1000) if one.id == row.id]
    assert standing.standing is not None
    assert standing.standing.kind == "ended"
    kinds = [(one.kind, one.is_undone) for one in lineage.acts_of(view.id, [2])[2]]
    assert kinds == [("waived", True), ("ended", False)]


def test_a_waiver_ends_quietly_when_the_department_has_reported_the_datum_anew(
    waiting: Waiting, unit: SourceUnit, hand_in: HandIn
) -> None:
    document = made.document()
    who, view, _ = waiting(**DOUBT, CF_WSH=document)
    act = settle.waive(view.id, 2, reason="公开的办公电话", until=made.TODAY + MONTH, by=OPERATOR)
    hand_in([made.penalty_row(who, unit, CF_WSH=document)], ITEM, unit)
    with pytest.raises(settle.AlreadyUndone):
        settle.undo(act, submission_id=view.id, by=OPERATOR)
    assert settle.end_waivers(today=made.TODAY + MONTH, by=made.SYSTEM) == 1
    assert (len(records(who)), states(view)) == (1, (1, 0, 0, 0))
    assert [one.kind for one in lineage.acts_of(view.id, [2])[2]] == ["waived", "ended"]


def test_an_error_is_not_waived_nor_whose_row_it_is(waiting: Waiting) -> None:
    _, wrong, _ = waiting(wrong_code=True)
    with pytest.raises(settle.NotWaivable):
        settle.waive(wrong.id, 2, reason="请通融一次", until=made.TODAY + MONTH, by=OPERATOR)
    who, unlinked, _ = waiting(CF_XDR_SHXYM=made.registration_number())
    with pytest.raises(again.StillWrong):
        settle.waive(unlinked.id, 2, reason="就是这家单位", until=made.TODAY + MONTH, by=OPERATOR)
    assert (records(who), lineage.acts_of(unlinked.id, [2])) == ([], {})


@pytest.mark.parametrize(
    ("reason", "days", "error"),
    [("好", 30, settle.NoteNeeded), ("字" * 201, 30, settle.NoteNeeded), ("理由充分", 0, settle.BadDate), ("理由充分", 400, settle.BadDate)],
)  # fmt: skip
def test_a_waiver_needs_its_reason_and_an_end(waiting: Waiting, reason: str, days: int, error: type[Exception]) -> None:
    _, view, _ = waiting(**DOUBT)
    with pytest.raises(error):
        settle.waive(view.id, 2, reason=reason, until=made.TODAY + timedelta(days=days), by=OPERATOR)
    assert states(view) == (0, 1, 0, 1)


def test_a_row_sent_back_shows_its_deadline_to_both_sides_and_is_overdue_after_it(
    waiting: Waiting, unit: SourceUnit
) -> None:
    _, view, row = waiting(**DOUBT)
    due, someone = made.TODAY + timedelta(days=5), made.person()
    settle.send_back(view.id, 2, note=f"请核对联系电话，勿填 {someone.number}", due=due, by=OPERATOR)
    for who in (OPERATOR, clerk(unit)):
        (seen,) = [one for one in doubts.rows(seen_by=who, limit=1000) if one.id == row.id]
        assert seen.standing is not None
        assert (seen.standing.kind, seen.standing.until, seen.is_overdue) == ("sent-back", due, False)
        assert someone.number not in seen.standing.note
    with time_machine.travel(clock.now() + timedelta(days=6)):
        (late,) = [one for one in doubts.rows(seen_by=OPERATOR, limit=1000) if one.id == row.id]
    assert late.is_overdue


def test_a_department_passes_on_and_a_later_act_says_how_it_stands(waiting: Waiting, unit: SourceUnit) -> None:
    _, view, _ = waiting(**DOUBT)
    act = settle.pass_on(view.id, 2, note="这是公开的办公电话", by=clerk(unit))
    settle.send_back(view.id, 2, note="请附说明材料", due=made.TODAY + MONTH, by=OPERATOR)
    with pytest.raises(settle.UnknownAct):
        settle.undo(lineage.acts_of(view.id, [2])[2][-1].id, submission_id=view.id, by=clerk(unit))
    settle.undo(act, submission_id=view.id, by=clerk(unit))
    assert [(one.kind, one.is_undone) for one in lineage.acts_of(view.id, [2])[2]] == [
        ("passed-on", True), ("sent-back", False), ("undone", False),
    ]  # fmt: skip


def test_a_warning_is_confirmed_with_its_reason_and_opened_again(unit: SourceUnit, hand_in: HandIn) -> None:
    who = made.organisation()  # nobody registered it: the row goes in with a warning
    view = hand_in([made.penalty_row(who, unit)], ITEM, unit)
    (warning,) = [one for one in views.findings(view.id, seen_by=OPERATOR) if one.found.rule == "V05-new-subject"]
    act = settle.confirm(view.id, warning.id, reason="主体刚刚设立，代码已核对", by=clerk(unit))
    (closed,) = [one for one in views.findings(view.id, seen_by=OPERATOR) if one.id == warning.id]
    assert closed.closed_at is not None
    with pytest.raises(settle.NothingWarned):
        settle.confirm(view.id, warning.id, reason="再确认一次", by=clerk(unit))
    settle.undo(act, submission_id=view.id, by=clerk(unit))
    (opened,) = [one for one in views.findings(view.id, seen_by=OPERATOR) if one.id == warning.id]
    assert opened.closed_at is None


def test_another_department_reaches_nothing_and_cannot_waive(waiting: Waiting, unit: SourceUnit) -> None:
    _, view, row = waiting(**DOUBT)
    stranger = clerk(made.department())
    assert row.id not in [one.id for one in doubts.rows(seen_by=stranger, limit=1000)]
    assert row.id not in [one.id for one in doubts.rows(seen_by=stranger, asked=Asked(source_code=unit.code))]
    assert settle.accept([row.id], by=stranger).went_in == 0
    with pytest.raises(views.UnknownSubmission):
        settle.pass_on(view.id, 2, note="请信用中心定夺", by=stranger)
    with pytest.raises(NotAllowed):
        settle.waive(view.id, 2, reason="自己放行自己", until=made.TODAY + MONTH, by=clerk(unit))
    for role in (Role.AUDITOR, Role.PUBLIC, Role.READER, Role.CLIENT):
        with pytest.raises(NotAllowed):
            doubts.rows(seen_by=Actor(role=role, name="somebody"))


def test_the_desk_is_filtered_and_goes_on_page_by_page(waiting: Waiting, unit: SourceUnit) -> None:
    _, _, one = waiting(**DOUBT)
    _, _, two = waiting(wrong_code=True)
    rule = "V12-personal-number-in-public-text"
    assert rule in doubts.rules(seen_by=OPERATOR)
    ids = [row.id for row in doubts.rows(seen_by=OPERATOR, asked=Asked(rule=rule, item_id=ITEM), limit=1000)]
    assert one.id in ids
    assert two.id not in ids
    assert doubts.rows(seen_by=OPERATOR, asked=Asked(days=3)) == []
    assert doubts.rows(seen_by=OPERATOR, asked=Asked(item_id="organisation-register")) == []
    assert [row.id for row in doubts.rows(seen_by=OPERATOR, after=one.id, limit=1)] == [two.id]
    assert [row.id for row in doubts.rows(seen_by=OPERATOR, asked=Asked(source_code=unit.code), after=one.id)] == [
        two.id
    ]


def test_the_desk_is_asked_for_what_was_passed_on_sent_back_or_is_overdue(waiting: Waiting, unit: SourceUnit) -> None:
    def standing(state: str) -> list[int]:
        return [one.id for one in doubts.rows(seen_by=OPERATOR, asked=Asked(state=state), limit=1000)]

    _, view, row = waiting(**DOUBT)
    assert row.id not in standing("passed-on")
    settle.pass_on(view.id, 2, note="这是公开的办公电话", by=clerk(unit))
    assert row.id in standing("passed-on")
    act = settle.send_back(view.id, 2, note="请附说明材料", due=made.TODAY + timedelta(days=2), by=OPERATOR)
    assert (row.id in standing("passed-on"), row.id in standing("sent-back")) == (False, True)
    assert row.id not in standing("overdue")
    with time_machine.travel(clock.now() + timedelta(days=3)):
        assert row.id in standing("overdue")
    settle.undo(act, submission_id=view.id, by=OPERATOR)
    assert row.id in standing("passed-on")


def test_a_waiver_is_seen_by_both_sides_while_it_holds_and_by_nobody_else(waiting: Waiting, unit: SourceUnit) -> None:
    _, view, _ = waiting(**DOUBT)
    act = settle.waive(view.id, 2, reason="公开的办公电话", until=made.TODAY + MONTH, by=OPERATOR)
    held = doubts.Waiver(view.id, 2, "operator", "公开的办公电话", made.TODAY + MONTH)
    assert held in doubts.waivers(seen_by=OPERATOR)
    assert held in doubts.waivers(seen_by=clerk(unit))
    assert doubts.waivers(seen_by=clerk(made.department())) == []
    settle.undo(act, submission_id=view.id, by=OPERATOR)
    assert held not in doubts.waivers(seen_by=OPERATOR)


def test_each_act_leaves_one_entry_that_names_the_row_and_not_what_it_says(waiting: Waiting, unit: SourceUnit) -> None:
    _, view, _ = waiting(**DOUBT)
    settle.send_back(view.id, 2, note="请核对联系电话", due=made.TODAY + MONTH, by=OPERATOR)
    settle.pass_on(view.id, 2, note="电话是公开的", by=clerk(unit))
    act = settle.waive(view.id, 2, reason="公开的办公电话", until=made.TODAY + MONTH, by=OPERATOR)
    settle.undo(act, submission_id=view.id, by=OPERATOR)
    log: list[Any] = [one for one in audit.entries(seen_by=made.AUDITOR, limit=500) if one.object_ref == f"{view.id}/2"]
    assert [(one.event, one.actor, one.purpose) for one in reversed(log)] == [
        ("row-sent-back", "operator", "请核对联系电话"), ("row-passed-on", "clerk", "电话是公开的"),
        ("doubt-waived", "operator", "公开的办公电话"), ("row-act-undone", "operator", ""),
    ]  # fmt: skip


def test_a_row_that_its_department_corrects_after_it_was_sent_back_is_closed(
    waiting: Waiting, unit: SourceUnit, hand_in: HandIn
) -> None:
    who, view, row = waiting(**DOUBT, CF_WSH=made.document())
    settle.send_back(view.id, 2, note="请删去电话", due=made.TODAY + MONTH, by=OPERATOR)
    document = next(text for code, text in again.values(_row(row)).items() if code == "CF_WSH")
    hand_in([made.penalty_row(who, unit, CF_WSH=document)], ITEM, unit)
    assert now(view).open_rows == 0
    with pytest.raises(settle.NotWaiting):
        settle.pass_on(view.id, 2, note="已经更正了", by=clerk(unit))


def _row(row: DoubtRow) -> Any:
    from xinyong.intake.models import WaitingRow

    return WaitingRow.objects.get(pk=row.id)
