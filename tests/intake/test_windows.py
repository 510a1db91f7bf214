"""Reporting windows: due by working days, locked when the operator says so, opened by an exception; data are never lost."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction

from tests.intake import made
from xinyong.intake import declared, doubts, duties, jobs, locks, revert, settle, submit, told, views, windows
from xinyong.intake.models import WaitingRow, WindowException, WindowRule
from xinyong.intake.windows import Rule, State
from xinyong.kernel import clock, periods
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.workflow import notices
from xinyong.workflow.kinds import Kind
from xinyong.workflow.models import Notice

ITEM = "admin-penalty-org"
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
LOCKING = Rule(due_days=3, grace_days=2, lock_days=1)
pytestmark = pytest.mark.usefixtures("lasting_db")


@pytest.fixture
def unit() -> Iterator[SourceUnit]:
    with time_machine.travel(made.NOW, tick=True):
        unit = made.department()
        duties.assign(
            item_id=ITEM, source_code=unit.code, starts_on=date(2026, 5, 1), by=made.OPERATOR,
            at=datetime(2026, 4, 30, tzinfo=clock.ZONE),
        )  # fmt: skip
        yield unit


def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


def lock(unit: SourceUnit, rule: Rule = LOCKING, since: date = MAY) -> None:
    windows.set_rule(item_id=ITEM, source_code=unit.code, rule=rule, since=since, by=made.OPERATOR, at=clock.now())


def window(unit: SourceUnit, day: date = MAY, at: datetime | None = None) -> windows.Window:
    return windows.one(ITEM, unit.code, day, seen_by=clerk(unit), at=at or clock.now())


def hand_in(unit: SourceUnit, path: Path, *rows: made.Row, **options: Any) -> views.SubmissionView:
    return made.hand_in(made.csv_file(path, list(rows)), ITEM, unit, **options)


def grant(unit: SourceUnit, until: date = date(2026, 6, 30)) -> int:
    return jobs.grant_exception(
        item_id=ITEM,
        source_code=unit.code,
        day=MAY,
        until=until,
        reason="系统迁移耽误",
        by=made.OPERATOR,
        at=clock.now(),
    )[0]


def kinds(unit: SourceUnit) -> list[str]:
    return list(Notice.objects.filter(department_id=unit.id).order_by("id").values_list("kind", flat=True))


def in_may(unit: SourceUnit, **changes: str) -> made.Row:
    who = made.organisation()
    made.register(who)
    return made.penalty_row(who, unit, CF_JDRQ="2026-05-20", **changes)


def test_a_duty_is_monthly_and_never_locked_unless_somebody_says_so(unit: SourceUnit) -> None:
    found = window(unit)
    # seven working days after 31 May 2026; the 15th of June is past it
    assert (found.due_on, found.grace_until, found.open_until) == (date(2026, 6, 9), date(2026, 6, 9), None)
    assert (found.state, found.name) == (State.OVERDUE, "2026-05")
    assert (window(unit, JUNE).state, window(unit, JUNE).due_on) == (State.OPEN, date(2026, 7, 9))
    with pytest.raises(windows.UnknownWindow):
        window(unit, date(2026, 4, 1))


@pytest.mark.parametrize(
    ("day", "state", "left"),
    [("2026-06-01", State.OPEN, 2), ("2026-06-03", State.OPEN, 0), ("2026-06-04", State.GRACE, 0), ("2026-06-05", State.GRACE, 0),
     ("2026-06-06", State.OVERDUE, 0), ("2026-06-08", State.OVERDUE, 0), ("2026-06-09", State.LOCKED, 0)],
)  # fmt: skip
def test_a_window_goes_its_way_by_working_days(unit: SourceUnit, day: str, state: State, left: int) -> None:
    lock(unit)
    with time_machine.travel(datetime.fromisoformat(f"{day}T09:00:00+08:00")):
        found = window(unit, at=clock.now())
    assert (found.state, found.days_left) == (state, left)


def test_what_is_reported_in_full_is_done(unit: SourceUnit, tmp_path: Path) -> None:
    say = {"item_id": ITEM, "source_code": unit.code, "period": periods.month("2026-05"), "by": clerk(unit)}
    declared.report_zero(**say, at=clock.now())
    assert window(unit).state == State.DONE
    declared.declare(**say, number=2, at=clock.now())
    hand_in(unit, tmp_path / "1.csv", in_may(unit))
    assert (window(unit).state, window(unit).arrived, window(unit).said) == (State.OVERDUE, 1, 2)
    hand_in(unit, tmp_path / "2.csv", in_may(unit))
    assert window(unit).state == State.DONE


def test_a_quarter_is_one_window(unit: SourceUnit) -> None:
    with pytest.raises(windows.BadRule):
        lock(unit, Rule(every="quarter"), since=MAY)
    lock(unit, Rule(every="quarter", due_days=5), since=date(2026, 4, 1))
    assert (window(unit).name, window(unit).due_on) == ("2026Q2", date(2026, 7, 7))
    assert [one.name for one in windows.listing(seen_by=clerk(unit), at=clock.now())] == ["2026Q2"]


@pytest.mark.parametrize(
    "rule", [Rule(due_days=0), Rule(due_days=126), Rule(grace_days=-1), Rule(lock_days=-1), Rule("week")]
)
def test_a_rule_out_of_bounds_is_refused(unit: SourceUnit, rule: Rule) -> None:
    with pytest.raises((windows.BadRule, KeyError)):
        lock(unit, rule)
    assert WindowRule.objects.count() == 0


def test_a_rule_is_added_and_the_one_before_stays(unit: SourceUnit) -> None:
    lock(unit)
    lock(unit)
    lock(unit, Rule(due_days=10), since=JUNE)
    assert [one.version for one in WindowRule.objects.all()] == [1, 2]
    assert (window(unit).open_until, window(unit, JUNE).open_until) == (date(2026, 6, 8), None)
    with pytest.raises(windows.RuledMeanwhile):
        windows.set_rule(
            item_id=ITEM, source_code=unit.code, rule=Rule(), since=MAY, after=1, by=made.OPERATOR, at=clock.now()
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        WindowRule.objects.update(due_days=1)
    with pytest.raises(NotAllowed):
        windows.set_rule(item_id=ITEM, source_code=unit.code, rule=Rule(), since=MAY, by=clerk(unit), at=clock.now())


def test_a_locked_period_takes_nothing_in_and_keeps_the_file(unit: SourceUnit, tmp_path: Path) -> None:
    lock(unit)
    rows = [in_may(unit), in_may(unit) | {"CF_JDRQ": "2026年6月8日"}]
    found = hand_in(unit, tmp_path / "a.csv", *rows)
    assert (found.status, found.refusal["code"]) == ("refused", "intake.window-locked")
    assert "2026-05 的报送窗口已锁定，其中有 1 行" in found.refusal["zh"]
    assert window(unit).arrived == window(unit, JUNE).arrived == 0
    assert kinds(unit) == ["refused"]
    with pytest.raises(locks.WindowLocked):
        submit.check(
            tmp_path / "a.csv", item_id=ITEM, file_name="a.csv", received_at=clock.now(), by=clerk(unit), source_code=unit.code
        )  # fmt: skip
    assert hand_in(unit, tmp_path / "b.csv", rows[1]).status == "deposited", "June is open"


def test_an_exception_takes_up_what_was_refused_and_ends_by_itself(unit: SourceUnit, tmp_path: Path) -> None:
    lock(unit)
    refused = hand_in(unit, tmp_path / "a.csv", in_may(unit))
    grant(unit)
    assert window(unit).state == State.EXCEPTED
    assert submit.run(refused.id, by=made.SYSTEM).status == "deposited"
    assert hand_in(unit, tmp_path / "b.csv", in_may(unit)).status == "deposited"
    told_of = [one for one in kinds(unit) if one != "findings"]  # both came late, which is warned of
    assert told_of == ["refused", "exception-granted"]
    with time_machine.travel(datetime(2026, 7, 1, 9, tzinfo=clock.ZONE)):
        assert window(unit, at=clock.now()).state == State.LOCKED
        late = hand_in(unit, tmp_path / "c.csv", in_may(unit), at=clock.now())
    assert late.status == "refused"


def test_an_exception_that_is_withdrawn_holds_no_more(unit: SourceUnit, tmp_path: Path) -> None:
    lock(unit)
    made_one = grant(unit)
    jobs.withdraw_exception(made_one, by=made.OPERATOR, at=clock.now())
    with pytest.raises(locks.UnknownException):
        jobs.withdraw_exception(made_one, by=made.OPERATOR, at=clock.now())
    assert window(unit).state == State.LOCKED
    assert hand_in(unit, tmp_path / "a.csv", in_may(unit)).status == "refused"
    assert kinds(unit) == ["exception-granted", "exception-withdrawn", "refused"]
    assert WindowException.objects.count() == 2
    with pytest.raises(NotAllowed):
        jobs.withdraw_exception(grant(unit), by=clerk(unit), at=clock.now())


@pytest.mark.parametrize(
    ("until", "reason"),
    [("2026-06-14", "迟报补报"), ("2026-12-31", "迟报补报"), ("2026-06-20", "无"), ("2026-06-20", "字" * 201)],
)
def test_an_exception_needs_a_reason_and_an_end(unit: SourceUnit, until: str, reason: str) -> None:
    lock(unit)
    with pytest.raises(locks.BadException):
        locks.grant(
            item_id=ITEM, source_code=unit.code, day=MAY, until=date.fromisoformat(until), reason=reason, by=made.OPERATOR,
            at=clock.now(),
        )  # fmt: skip
    assert WindowException.objects.count() == 0


def test_what_was_received_before_the_lock_goes_in_after_it(unit: SourceUnit, tmp_path: Path) -> None:
    lock(unit)
    path = made.csv_file(tmp_path / "a.csv", [in_may(unit)])
    entered = submit.receive(
        path, item_id=ITEM, source_code=unit.code, file_name="a.csv", by=made.SYSTEM,
        received_at=datetime(2026, 6, 8, 23, 59, tzinfo=clock.ZONE),
    )  # fmt: skip
    assert submit.run(entered.id, by=made.SYSTEM).status == "deposited"


def test_a_waiting_row_of_a_locked_period_waits_for_an_exception(unit: SourceUnit, tmp_path: Path) -> None:
    typed = in_may(unit)
    code = typed["CF_XDR_SHXYM"]
    found = hand_in(unit, tmp_path / "a.csv", typed | {"CF_XDR_SHXYM": made.mistyped(code)})
    (row,) = doubts.rows(seen_by=clerk(unit), limit=9)
    assert row.can_accept
    lock(unit)
    done = settle.accept([row.id], by=clerk(unit))
    assert done.went_in == 0
    assert "2026-05 的报送窗口已锁定" in done.left[0][1]
    grant(unit)
    assert settle.accept([row.id], by=clerk(unit)).went_in == 1
    assert WaitingRow.objects.get(submission_id=found.id).closed_at is not None


def test_taking_back_is_never_locked(unit: SourceUnit, tmp_path: Path) -> None:
    found = hand_in(unit, tmp_path / "a.csv", in_may(unit))
    lock(unit)
    revert.begin(found.id, reason="整批报错，撤回", by=clerk(unit))
    revert.finish(found.id, by=made.SYSTEM)
    assert window(unit).arrived == 0


def test_departments_are_told_of_findings_and_of_rows_sent_back(unit: SourceUnit, tmp_path: Path) -> None:
    found = hand_in(unit, tmp_path / "a.csv", in_may(unit), in_may(unit) | {"CF_JDRQ": "2026-02-30"})
    hand_in(unit, tmp_path / "b.csv", in_may(unit) | {"CF_JDRQ": "2026-06-08"})
    assert kinds(unit) == ["findings"], "once for a submission, and not for one without"
    row = WaitingRow.objects.get(submission_id=found.id)
    settle.send_back(found.id, row.row_no, note="请核对日期", due=date(2026, 6, 20), by=made.OPERATOR)
    newest = notices.inbox(seen_by=clerk(unit))[0]
    assert (newest.kind, newest.link) == (Kind.SENT_BACK, f"/office/submissions/{found.id}/rows/{row.row_no}/")
    assert "请于 2026-06-20 前更正。说明：请核对日期" in newest.body_zh


def test_the_morning_tells_what_is_near_and_what_is_overdue_once(unit: SourceUnit) -> None:
    def morning(day: str) -> tuple[int, int]:
        with time_machine.travel(datetime.fromisoformat(f"{day}T07:00:00+08:00")):
            return told.remind(by=made.SYSTEM, at=clock.now())

    assert [morning(day) for day in ("2026-06-01", "2026-06-05", "2026-06-08", "2026-06-09", "2026-06-10", "2026-06-11")] == [
        (0, 0), (1, 0), (0, 0), (0, 0), (0, 1), (0, 0),
    ]  # fmt: skip
    assert kinds(unit) == ["deadline-near", "overdue"]


def test_a_unit_sees_its_own_windows_and_the_operator_all_filtered(unit: SourceUnit) -> None:
    other = made.department()
    duties.assign(item_id=ITEM, source_code=other.code, starts_on=JUNE, by=made.OPERATOR, at=clock.now())

    def seen(by: Actor, **asked: str) -> list[tuple[str, str]]:
        return [(one.source_code, one.name) for one in windows.listing(seen_by=by, at=clock.now(), **asked)]

    assert seen(clerk(unit)) == [(unit.code, "2026-05"), (unit.code, "2026-06")]
    assert len(seen(made.OPERATOR)) == 3
    assert seen(made.OPERATOR, source_code=other.code) == [(other.code, "2026-06")]
    assert seen(made.OPERATOR, state="overdue") == [(unit.code, "2026-05")]
    assert seen(made.OPERATOR, item_id="admin-licence-org") == []
    with pytest.raises(NotAllowed):
        windows.one(ITEM, unit.code, MAY, seen_by=clerk(other), at=clock.now())


def test_a_lock_counts_only_where_the_unit_owes(unit: SourceUnit, tmp_path: Path) -> None:
    lock(unit, since=date(2026, 4, 1))
    april = in_may(unit) | {"CF_JDRQ": "2026-04-20"}
    assert hand_in(unit, tmp_path / "a.csv", april).status == "deposited"
    assert window(unit).open_until is not None
    assert timedelta(days=92) == locks.LONGEST
