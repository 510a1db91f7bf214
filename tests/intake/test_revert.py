"""A submission taken back as a whole: nothing of it shows, what it replaced stands again, and it can come anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.intake import made
from tests.intake.made import OPERATOR, HandIn, Organisation
from xinyong.intake import jobs, revert, submit, views
from xinyong.intake.revert import Effect
from xinyong.intake.views import SubmissionView
from xinyong.records import dossier, evidence, withdrawal
from xinyong.records.view import RecordView
from xinyong.security import audit, separation
from xinyong.security.access import Actor, FactorNeeded, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.ledger import store

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

PENALTY = "admin-penalty-org"


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


def records(who: Organisation) -> list[RecordView]:
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    return [record for section in file.sections for record in section.records if record.item_id == PENALTY]


def says(who: Organisation) -> list[str]:
    """What the penalties on file say."""
    return [one.text for record in records(who) for one in record.fields if one.code == "CF_NR"]


def tally(unit: SourceUnit) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(records), 0) FROM records_tally WHERE source_id = %s", [unit.id])
        return int(cursor.fetchone()[0])


def taken_back(view: SubmissionView, by: Actor = OPERATOR) -> SubmissionView:
    revert.begin(view.id, reason="报错了所属月份", by=by)
    return revert.finish(view.id, by=by)


def registered() -> Organisation:
    who = made.organisation()
    made.register(who)
    return who


def test_nothing_of_it_shows_and_the_same_file_can_come_again(unit: SourceUnit, file: Callable[..., Path]) -> None:
    who, path, before = registered(), None, tally(unit)
    path = file([made.penalty_row(who, unit) for _ in range(3)])
    first = made.hand_in(path, PENALTY, unit)
    assert (len(records(who)), tally(unit)) == (3, before + 3)
    assert revert.preview(first.id, seen_by=OPERATOR) == Effect(3, 0)

    done = taken_back(first)
    assert (done.status, done.facts["reverted"]["withdrawn"], done.revert_reason) == ("reverted", 3, "报错了所属月份")
    assert (records(who), tally(unit)) == ([], before)

    again = made.hand_in(path, PENALTY, unit)
    assert again.id != first.id
    assert (again.counts.accepted, len(records(who)), tally(unit)) == (3, 3, before + 3)
    assert made.hand_in(path, PENALTY, unit).id == again.id


def test_what_it_had_replaced_stands_again_and_what_replaced_it_stays(unit: SourceUnit, hand_in: HandIn) -> None:
    one, two = registered(), registered()
    rows = [made.penalty_row(who, unit, CF_NR="罚款一千元") for who in (one, two)]
    hand_in(rows, PENALTY, unit)
    wrong = hand_in([row | {"CF_NR": "罚款一万元"} for row in rows], PENALTY, unit)
    hand_in([rows[1] | {"CF_NR": "罚款二千元"}], PENALTY, unit)
    assert (says(one), says(two)) == (["罚款一万元"], ["罚款二千元"])
    assert revert.preview(wrong.id, seen_by=OPERATOR) == Effect(0, 1, 1)
    taken_back(wrong)
    assert (says(one), says(two)) == (["罚款一千元"], ["罚款二千元"])


def test_nothing_falls_back_to_what_was_taken_back_itself(unit: SourceUnit, hand_in: HandIn) -> None:
    who = registered()
    row = made.penalty_row(who, unit, CF_NR="甲")
    first = hand_in([row], PENALTY, unit)
    second = hand_in([row | {"CF_NR": "乙"}], PENALTY, unit)
    third = hand_in([row | {"CF_NR": "丙"}], PENALTY, unit)
    taken_back(second)
    assert says(who) == ["丙"]
    taken_back(third)
    assert says(who) == ["甲"]
    taken_back(first)
    assert says(who) == []


def test_another_department_may_bring_what_was_taken_back(hand_in: HandIn) -> None:
    mine, theirs, who = made.department(), made.department(), registered()
    row = made.penalty_row(who, mine)
    wrong = hand_in([row], PENALTY, mine)
    taken_back(wrong)
    row |= made.penalty_row(who, theirs, CF_WSH=row["CF_WSH"])
    assert hand_in([row], PENALTY, theirs).counts.accepted == 1
    assert len(records(who)) == 1


def test_rows_it_had_corrected_wait_again_and_its_own_wait_no_more(unit: SourceUnit, hand_in: HandIn) -> None:
    who = registered()
    row = made.penalty_row(who, unit)
    faulty = hand_in([row | {"CF_JDRQ": "2026-02-30"}], PENALTY, unit)
    mended = hand_in([row, made.penalty_row(who, unit, CF_JDRQ="2026-02-31")], PENALTY, unit)
    assert (views.find(faulty.id, seen_by=OPERATOR).open_rows, mended.open_rows) == (0, 1)
    taken_back(mended)
    assert [views.find(one.id, seen_by=OPERATOR).open_rows for one in (faulty, mended)] == [1, 0]


def test_killed_halfway_it_is_finished_and_nothing_is_taken_back_twice(
    unit: SourceUnit, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = registered()
    view = hand_in([made.penalty_row(who, unit) for _ in range(7)], PENALTY, unit)
    monkeypatch.setattr(revert, "_TOGETHER", 2)
    real, calls = withdrawal.take_back, []

    def killed(*args: Any, **kwargs: Any) -> Effect:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(withdrawal, "take_back", killed)
    with pytest.raises(KeyboardInterrupt):
        taken_back(view)
    assert len(records(who)) == 3
    assert list(revert.unfinished()) == [view.id]
    monkeypatch.setattr(withdrawal, "take_back", real)
    asked: list[int] = []
    monkeypatch.setattr(jobs.take_back, "defer", lambda submission_id: asked.append(submission_id))
    jobs.resume()
    assert asked == [view.id]
    done = revert.finish(view.id, by=OPERATOR)
    assert (done.facts["reverted"]["withdrawn"], records(who), list(revert.unfinished())) == (7, [], [])
    assert revert.finish(view.id, by=OPERATOR).facts == done.facts


def test_the_evidence_holds_after_it(unit: SourceUnit, hand_in: HandIn) -> None:
    who = registered()
    row = made.penalty_row(who, unit, CF_NR="甲")
    hand_in([row], PENALTY, unit)
    taken_back(hand_in([row | {"CF_NR": "乙"}, made.penalty_row(who, unit)], PENALTY, unit))
    with separation.as_owner(), store.own() as own:
        assert [str(one) for one in evidence.findings(own, "sha256")] == []


def test_asked_twice_it_happens_once_with_one_entry_that_says_why(unit: SourceUnit, hand_in: HandIn) -> None:
    view = hand_in([made.penalty_row(registered(), unit)], PENALTY, unit)
    taken_back(view)
    taken_back(view)
    log = [e for e in audit.entries(seen_by=made.AUDITOR, event="submission-reverted") if e.object_ref == str(view.id)]
    assert [(one.purpose, one.facts["accepted"]) for one in log] == [("报错了所属月份", 1)]


@pytest.mark.parametrize("reason", ["", "错", "x" * 201])
def test_without_a_reason_nothing_is_taken_back(unit: SourceUnit, hand_in: HandIn, reason: str) -> None:
    view = hand_in([made.penalty_row(registered(), unit)], PENALTY, unit)
    with pytest.raises(revert.ReasonNeeded):
        revert.begin(view.id, reason=reason, by=OPERATOR)
    assert views.find(view.id, seen_by=OPERATOR).status == "deposited"


def test_a_register_is_corrected_not_taken_back(unit: SourceUnit, hand_in: HandIn) -> None:
    view = hand_in([made.register_row(registered(), unit)], "organisation-register", unit)
    with pytest.raises(revert.RegisterStays):
        revert.preview(view.id, seen_by=OPERATOR)
    with pytest.raises(revert.RegisterStays):
        revert.begin(view.id, reason="报错了所属月份", by=OPERATOR)
    assert views.find(view.id, seen_by=OPERATOR).status == "deposited"


def test_what_did_not_go_in_is_not_taken_back(unit: SourceUnit, file: Callable[..., Path]) -> None:
    received = submit.receive(
        file([made.penalty_row(registered(), unit)]), item_id=PENALTY, source_code=unit.code, file_name="x.csv",
        by=made.SYSTEM, received_at=made.NOW,
    )  # fmt: skip
    for call in (
        lambda: revert.preview(received.id, seen_by=OPERATOR),
        lambda: revert.begin(received.id, reason="报错了所属月份", by=OPERATOR),
        lambda: revert.finish(received.id, by=OPERATOR),
    ):
        with pytest.raises(revert.NotDeposited):
            call()


def test_only_its_own_department_or_the_centre_takes_it_back_with_a_fresh_factor(
    unit: SourceUnit, hand_in: HandIn
) -> None:
    view = hand_in([made.penalty_row(registered(), unit)], PENALTY, unit)
    other = made.department()
    own = Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)
    with pytest.raises(views.UnknownSubmission):
        revert.begin(view.id, reason="报错了所属月份", by=Actor(role=Role.SOURCE_UNIT, name="x", department=other.code))
    with pytest.raises(NotAllowed):
        revert.begin(view.id, reason="报错了所属月份", by=Actor(role=Role.AUDITOR, name="x"))
    stale = Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code, is_fresh=False)
    with pytest.raises(FactorNeeded):
        revert.begin(view.id, reason="报错了所属月份", by=stale)
    assert taken_back(view, own).status == "reverted"
