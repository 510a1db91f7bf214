"""Rows that no code links: candidates with reasons, a judgement that brings the row in, and its undoing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.intake import made
from tests.intake.made import OPERATOR, HandIn, Organisation
from xinyong.intake import desk, returned, views
from xinyong.intake.desk import DeskRow
from xinyong.intake.views import SubmissionView
from xinyong.records import archive, dossier
from xinyong.records.view import RecordView
from xinyong.security import audit
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.subjects import matching

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


@pytest.fixture
def waiting(unit: SourceUnit, hand_in: HandIn) -> Callable[..., tuple[Organisation, SubmissionView, DeskRow]]:
    """An organisation, a submission whose one row names it beside a number nobody has, and the row at the desk."""

    def submit(**changes: str) -> tuple[Organisation, SubmissionView, DeskRow]:
        who = made.organisation()
        made.register(who)
        row = made.penalty_row(who, unit, CF_XDR_SHXYM=made.registration_number(), **changes)
        view = hand_in([row], "admin-penalty-org", unit)
        return who, view, next(one for one in desk.rows(seen_by=OPERATOR, limit=1000) if one.submission_id == view.id)

    return submit


def records(who: Organisation) -> list[RecordView]:
    """The penalties of somebody."""
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    return [record for section in file.sections for record in section.records if record.item_id == "admin-penalty-org"]


def newest(view: SubmissionView) -> SubmissionView:
    """The submission as it is now."""
    return views.submission(view.id, seen_by=made.SYSTEM)


def test_a_row_without_a_usable_code_waits_with_candidates_and_their_reasons(waiting: Any) -> None:
    who, view, row = waiting()
    assert view.counts.doubtful == 1
    assert row.name == who.name
    assert "有效代码" in row.problem_zh
    assert "No valid code" in row.problem_en
    assert row.candidates[0].code == who.code
    assert row.candidates[0].reasons[0].code == "same-name"
    assert records(who) == [], "a name alone never links"


def test_judged_the_same_the_row_goes_in_as_if_it_had_come_with_its_code(waiting: Any, unit: SourceUnit) -> None:
    who, view, row = waiting(CF_NR_FK="0.123456", 内部编号="A-17")
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    (record,) = records(who)
    assert record.document_no == row.document_no
    assert record.publish_until == made.day("2027-06-08")
    assert next(one.text for one in record.fields if one.code == "CF_NR_FK") == "0.123456"
    now = newest(view)
    assert (now.counts.accepted, now.counts.doubtful, now.open_rows) == (1, 0, 0)
    assert now.counts.is_whole
    assert all(one.closed_at for one in views.findings(view.id, seen_by=made.SYSTEM))
    assert row.id not in [one.id for one in desk.rows(seen_by=OPERATOR, limit=1000)]


def test_a_representatives_certificate_survives_the_wait_sealed(waiting: Any) -> None:
    from django.db import connection

    from xinyong.security import encryption

    someone = made.person()
    who, _, row = waiting(CF_FR_ZJLX="身份证", CF_FR_ZJHM=someone.number)
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    (record,) = records(who)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed, payload::text FROM record WHERE key_digest = %s", [bytes.fromhex(record.ref)])
        sealed, payload = cursor.fetchone()
    assert someone.number in encryption.unseal(sealed, context="record.sealed").decode()
    assert someone.number not in payload


def test_pressed_twice_it_happens_once(waiting: Any) -> None:
    who, view, row = waiting()
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    with pytest.raises(desk.UnknownRow):
        desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    assert newest(view).counts.accepted == 1
    assert len(records(who)) == 1


def test_undone_the_datum_is_withdrawn_and_the_row_waits_again_and_can_be_judged_anew(waiting: Any) -> None:
    who, view, row = waiting()
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    (record,) = records(who)
    judged = next(one for one in desk.judged(seen_by=OPERATOR, limit=100) if one.submission_id == view.id)
    assert (judged.subject_code, judged.judged_by) == (who.code, "operator")

    desk.undo(judged.judgement_id, by=OPERATOR)
    assert records(who) == []
    now = newest(view)
    assert (now.counts.accepted, now.counts.doubtful, now.open_rows) == (0, 1, 1)
    assert not any(one.closed_at for one in views.findings(view.id, seen_by=made.SYSTEM))
    with pytest.raises(matching.AlreadyUndone):
        desk.undo(judged.judgement_id, by=OPERATOR)

    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    (again,) = records(who)
    assert again.ref == record.ref
    states = [
        (one.version, one.state) for one in archive.versions(key_digest=bytes.fromhex(record.ref), seen_by=made.SYSTEM)
    ]
    assert states == [(1, 1), (2, 2), (3, 1)], "nothing is ever taken out of the archive"
    assert newest(view).counts.accepted == 1


def test_each_judgement_and_each_undoing_leaves_one_audit_entry(waiting: Any) -> None:
    who, view, row = waiting()
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    judged = next(one for one in desk.judged(seen_by=OPERATOR, limit=100) if one.submission_id == view.id)
    desk.undo(judged.judgement_id, by=OPERATOR)
    log = [
        (one.event, one.actor)
        for one in audit.entries(seen_by=made.AUDITOR, limit=500)
        if one.facts.get("submission") == view.id
    ]
    assert log == [("link-undone", "operator"), ("link-judged", "operator")]


def test_judged_another_the_row_goes_on_waiting_and_undoing_that_changes_nothing_else(waiting: Any) -> None:
    who, view, row = waiting()
    desk.judge(row.id, subject_code=who.code, is_same=False, by=OPERATOR)
    assert records(who) == []
    assert newest(view).open_rows == 1
    (one,) = matching.judgements(view.id, row.row_no, seen_by=OPERATOR)
    desk.undo(one.id, by=OPERATOR)
    assert newest(view).counts.accepted == 0
    assert newest(view).counts.doubtful == 1


def test_undoing_another_does_not_open_a_row_that_its_source_has_corrected(
    waiting: Any, unit: SourceUnit, hand_in: HandIn
) -> None:
    who, view, row = waiting()
    desk.judge(row.id, subject_code=who.code, is_same=False, by=OPERATOR)
    corrected = hand_in([made.penalty_row(who, unit, CF_WSH=row.document_no)], "admin-penalty-org", unit)
    assert corrected.corrects == view.id
    (one,) = matching.judgements(view.id, row.row_no, seen_by=OPERATOR)
    desk.undo(one.id, by=OPERATOR)
    assert newest(view).open_rows == 0


def test_a_row_with_other_faults_is_left_to_its_source_and_keeps_no_judgement(
    unit: SourceUnit, hand_in: HandIn, waiting: Any
) -> None:
    who, view, row = waiting()
    earlier = made.department()
    hand_in([made.penalty_row(who, earlier, CF_WSH=row.document_no, CF_CFJGDM=unit.code)], "admin-penalty-org", earlier)
    with pytest.raises(desk.StillWrong):
        desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    assert matching.judgements(view.id, row.row_no, seen_by=OPERATOR) == []
    assert newest(view).open_rows == 1


@pytest.mark.parametrize("role", [Role.SOURCE_UNIT, Role.AUDITOR, Role.PUBLIC])
def test_only_the_credit_centre_looks_at_the_desk(role: Role) -> None:
    with pytest.raises(NotAllowed):
        desk.rows(seen_by=Actor(role=role, name="somebody"))
    with pytest.raises(NotAllowed):
        desk.judge(1, subject_code="x", is_same=True, by=Actor(role=role, name="somebody"))


def test_feedback_of_a_judged_submission_can_still_be_taken(waiting: Any, tmp_path: Path) -> None:
    who, view, row = waiting()
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    text = returned.write(view.id, to=tmp_path / "back.csv", seen_by=made.SYSTEM).read_text(encoding="utf-8-sig")
    assert row.document_no in text
