"""When the register learns a name, the rows that waited for it go in by themselves."""

from typing import Any

import pytest

from tests.intake import made
from tests.intake.made import OPERATOR, HandIn, Organisation
from xinyong.intake import desk, views
from xinyong.intake.views import SubmissionView
from xinyong.records import dossier
from xinyong.security import audit
from xinyong.security.identity import SourceUnit
from xinyong.subjects import matching

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
PENALTY, REGISTER = "admin-penalty-org", "organisation-register"


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


def renamed(who: Organisation) -> Organisation:
    """The same organisation under a name it did not have."""
    return Organisation(who.code, made.organisation().name)


def misnamed(hand_in: HandIn, unit: SourceUnit, **changes: str) -> tuple[Organisation, SubmissionView]:
    """A registered organisation under its coming name, and a submission whose one row waits for that name."""
    who = made.organisation()
    made.register(who)
    coming = renamed(who)
    view = hand_in([made.penalty_row(coming, unit, **changes)], PENALTY, unit)
    assert view.counts.accepted == 0
    return coming, view


def documents(who: Organisation) -> list[str]:
    """Numbers of the penalties on file."""
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    return [one.document_no for section in file.sections for one in section.records if one.item_id == PENALTY]


def now(view: SubmissionView) -> SubmissionView:
    """The submission as it is now."""
    return views.find(view.id, seen_by=made.SYSTEM)


def test_a_row_goes_in_when_the_register_brings_its_name(unit: SourceUnit, hand_in: HandIn) -> None:
    who, view = misnamed(hand_in, unit)
    assert {one.found.rule for one in views.findings(view.id, seen_by=made.SYSTEM)} == {"V05-name-mismatch"}
    hand_in([made.register_row(who, unit)], REGISTER, unit)
    assert len(documents(who)) == 1
    assert (now(view).counts.accepted, now(view).counts.doubtful, now(view).open_rows) == (1, 0, 0)
    assert all(one.closed_at for one in views.findings(view.id, seen_by=made.SYSTEM))
    (one,) = matching.judgements(view.id, 2, seen_by=OPERATOR)
    assert (one.judged_by, one.verdict) == ("register", "same")
    assert [reason["code"] for reason in one.reasons] == ["name-now-registered"]
    log = [e for e in audit.entries(seen_by=made.AUDITOR, event="link-judged") if e.facts["submission"] == view.id]
    assert [(e.actor, e.role) for e in log] == [("register", "system")]
    hand_in([made.register_row(who, unit, FDDBR="另一人")], REGISTER, unit)
    assert len(documents(who)) == 1, "and only once"


def test_what_the_register_brought_can_be_undone_and_stays_with_the_desk(unit: SourceUnit, hand_in: HandIn) -> None:
    who, view = misnamed(hand_in, unit)
    hand_in([made.register_row(who, unit)], REGISTER, unit)
    (one,) = matching.judgements(view.id, 2, seen_by=OPERATOR)
    desk.undo(one.id, by=OPERATOR)
    hand_in([made.register_row(who, unit, FDDBR="另一人")], REGISTER, unit)
    assert documents(who) == []
    assert now(view).open_rows == 1


@pytest.mark.parametrize("changes", [{"CF_JDRQ": "2026-02-30"}, {"CF_XDR_SHXYM": ""}], ids=["a wrong date", "no code"])
def test_a_row_with_another_fault_goes_on_waiting(unit: SourceUnit, hand_in: HandIn, changes: dict[str, str]) -> None:
    who, view = misnamed(hand_in, unit, **changes)
    hand_in([made.register_row(who, unit)], REGISTER, unit)
    assert documents(who) == []
    assert now(view).open_rows == 1


def test_another_name_brings_nothing_in_nor_does_a_row_a_person_has_judged(unit: SourceUnit, hand_in: HandIn) -> None:
    who, view = misnamed(hand_in, unit)
    hand_in([made.register_row(renamed(who), unit)], REGISTER, unit)
    assert documents(who) == []
    row = next(one for one in desk.rows(seen_by=OPERATOR, limit=1000) if one.submission_id == view.id)
    desk.judge(row.id, subject_code=who.code, is_same=False, by=OPERATOR)
    hand_in([made.register_row(who, unit)], REGISTER, unit)
    assert documents(who) == []
    assert now(view).open_rows == 1


def test_one_call_takes_so_many_and_the_next_the_rest(unit: SourceUnit, hand_in: HandIn, monkeypatch: Any) -> None:
    monkeypatch.setattr(desk, "MOST_AGAIN", 2)
    monkeypatch.setattr(desk, "_LOOKED_AT", 1)
    waiting = [misnamed(hand_in, unit) for _ in range(3)]
    hand_in([made.register_row(who, unit) for who, _ in waiting], REGISTER, unit)
    assert sum(len(documents(who)) for who, _ in waiting) == 2
    assert desk.link_again() == 1
    assert [len(documents(who)) for who, _ in waiting] == [1, 1, 1]
    assert desk.link_again() == 0
