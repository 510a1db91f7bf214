"""Rows entered by hand: checked by the very rules of files, kept sealed, handed in as one, put right by hand."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.intake import made
from tests.intake.made import Organisation, Row
from xinyong.catalogue import publish
from xinyong.intake import correcting, entry, jobs, rows, submit, views
from xinyong.intake.models import EntryRow, Submission, WaitingRow
from xinyong.intake.views import SubmissionView
from xinyong.security import quotas
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit

ORGS, PERSONS = "admin-penalty-org", "admin-penalty-person"
pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def unit() -> SourceUnit:
    return made.department()


@pytest.fixture
def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=81, department=unit.code)


@pytest.fixture
def who() -> Organisation:
    one = made.organisation()
    made.register(one)
    return one


def handed_in(item: str, by: Actor) -> SubmissionView:
    """Hands the draft in and works on it."""
    entered, _ = jobs.hand_in_rows(item, by=by, at=made.NOW)
    return submit.run(entered.id, by=made.SYSTEM)


def test_a_draft_is_handed_in_as_one_submission_of_its_channel(
    clerk: Actor, unit: SourceUnit, who: Organisation
) -> None:
    for row in (made.penalty_row(who, unit), made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")):
        entry.keep(ORGS, row, by=clerk, at=made.NOW)
    done = handed_in(ORGS, clerk)
    assert (done.counts.accepted, done.counts.rejected) == (1, 1)
    assert Submission.objects.get(pk=done.id).channel == "manual"
    assert [one.row_no for one in rows.of(done.id, seen_by=clerk)] == [2], "as the draft numbers them"
    assert entry.draft(ORGS, by=clerk) == []
    with pytest.raises(entry.NothingEntered):
        jobs.hand_in_rows(ORGS, by=clerk, at=made.NOW)


@pytest.mark.parametrize(
    "changes",
    [{"CF_JDRQ": "2026-13-05"}, {"CF_XDR_SHXYM": "91990100MA00000000"}, {"CF_CFLB": "其他"}, {"CF_NR_FK": "两千元"}, {"CF_WSH": ""}],
)  # fmt: skip
def test_a_look_finds_what_the_check_of_a_file_finds(
    clerk: Actor, unit: SourceUnit, who: Organisation, changes: Row, tmp_path: Path
) -> None:
    row = made.penalty_row(who, unit, **changes)
    looked = entry.look(ORGS, [row], by=clerk, at=made.NOW)
    path = made.jsonl_file(tmp_path / "row.jsonl", [row])
    checked = submit.check(
        path, item_id=ORGS, source_code=unit.code, file_name="row.jsonl", by=clerk, received_at=made.NOW, is_apart=True
    )
    assert [one.message for one in looked.findings] == [one.message for one in checked.findings] != []
    assert [one.field for one in looked.findings] == [one.field for one in checked.findings]
    assert EntryRow.objects.filter(source_id=unit.id).count() == 0
    assert Submission.objects.filter(source_id=unit.id).count() == 0


def test_a_try_against_the_archive_stands_in_the_log_and_a_look_does_not(
    clerk: Actor, unit: SourceUnit, who: Organisation
) -> None:
    from xinyong.security.models import AuditEntry

    row = made.penalty_row(who, unit)
    entry.keep(ORGS, row, by=clerk, at=made.NOW)
    handed_in(ORGS, clerk)
    entry.keep(ORGS, row, by=clerk, at=made.NOW)
    before = AuditEntry.objects.count()
    assert entry.look(ORGS, [row], by=clerk, at=made.NOW).counts.accepted == 1, "it learns nothing from the archive"
    assert AuditEntry.objects.count() == before
    assert entry.check(ORGS, by=clerk, at=made.NOW).counts.unchanged == 1
    assert AuditEntry.objects.order_by("-id").values_list("event", flat=True)[0] == "file-tried"


def test_a_persons_row_lies_sealed_and_is_shown_masked(clerk: Actor, unit: SourceUnit) -> None:
    who = made.person()
    row_id = entry.keep(PERSONS, made.person_row(who, unit), by=clerk, at=made.NOW)
    stored = bytes(EntryRow.objects.get(pk=row_id).sealed)
    assert who.number.encode() not in stored
    assert who.name.encode() not in stored
    [seen] = entry.draft(PERSONS, by=clerk)
    assert seen.values["CF_XDR_ZJHM"] == who.number
    assert who.number not in repr(seen)
    assert "*" in seen.shown["CF_XDR_ZJHM"]
    assert handed_in(PERSONS, clerk).counts.accepted == 1
    assert who.number not in views.submissions(seen_by=clerk)[0].file_name


def test_what_may_never_be_collected_is_not_kept(clerk: Actor, unit: SourceUnit) -> None:
    row = made.person_row(made.person(), unit, CF_SY="其患有乙型肝炎，血型为AB型")
    with pytest.raises(entry.NeverCollected):
        entry.keep(PERSONS, row, by=clerk, at=made.NOW)
    assert entry.draft(PERSONS, by=clerk) == []


def test_nothing_outside_the_catalogue_is_kept(clerk: Actor, unit: SourceUnit, who: Organisation) -> None:
    row = made.penalty_row(who, unit, 承办人内部编号="A-1", CF_GSJZQ="2030-01-01")
    row_id = entry.keep(ORGS, row, by=clerk, at=made.NOW)
    assert {"承办人内部编号", "CF_GSJZQ"} & entry.row(ORGS, row_id, by=clerk).values.keys() == set()


def test_a_draft_is_its_writers_alone(clerk: Actor, unit: SourceUnit, who: Organisation) -> None:
    row_id = entry.keep(ORGS, made.penalty_row(who, unit), by=clerk, at=made.NOW)
    colleague = Actor(role=Role.SOURCE_UNIT, name="colleague", account_id=82, department=unit.code)
    assert entry.draft(ORGS, by=colleague) == []
    for verb in (
        lambda: entry.row(ORGS, row_id, by=colleague), lambda: entry.remove(ORGS, row_id, by=colleague),
        lambda: entry.keep(ORGS, made.penalty_row(who, unit), row_id=row_id, by=colleague, at=made.NOW),
        lambda: entry.row(PERSONS, row_id, by=clerk),
    ):  # fmt: skip
        with pytest.raises(entry.UnknownEntry):
            verb()


def test_who_may_not_hand_a_file_in_enters_nothing(unit: SourceUnit, who: Organisation) -> None:
    row = made.penalty_row(who, unit)
    for actor, refusal in (
        (made.OPERATOR, entry.OnlyUnits),
        (Actor(role=Role.AUDITOR, name="auditor", account_id=83), NotAllowed),
        (Actor(role=Role.SOURCE_UNIT, name="c", account_id=84, department=unit.code, items=frozenset({PERSONS})), NotAllowed),
    ):  # fmt: skip
        with pytest.raises(refusal):
            entry.keep(ORGS, row, by=actor, at=made.NOW)
        with pytest.raises(refusal):
            entry.look(ORGS, [row], by=actor, at=made.NOW)


def test_drafts_have_an_end_and_a_size_and_looks_a_pace(
    clerk: Actor, unit: SourceUnit, who: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "MOST_ROWS", 1)
    row = made.penalty_row(who, unit)
    entry.keep(ORGS, row, by=clerk, at=made.NOW)
    with pytest.raises(entry.DraftFull):
        entry.keep(ORGS, row, by=clerk, at=made.NOW)
    with pytest.raises(entry.NothingEntered):
        entry.keep(ORGS, {"CF_WSH": " "}, by=clerk, at=made.NOW)
    [seen] = entry.drafts(by=clerk)
    assert (seen.row_count, seen.ends_at) == (1, made.NOW + timedelta(days=7))
    entry.sweep(now=made.NOW + timedelta(days=7))
    assert len(entry.draft(ORGS, by=clerk)) == 1
    entry.sweep(now=made.NOW + timedelta(days=7, seconds=1))
    assert entry.draft(ORGS, by=clerk) == []
    monkeypatch.setattr(entry, "_PER_MINUTE", 1)
    quick = Actor(role=Role.SOURCE_UNIT, name="quick", account_id=85, department=unit.code)
    entry.look(ORGS, [row], by=quick, at=made.NOW)
    with pytest.raises(quotas.QuotaSpent):
        entry.look(ORGS, [row], by=quick, at=made.NOW)


def test_a_row_that_waits_is_opened_as_it_was_sent_put_right_and_closed(
    clerk: Actor, unit: SourceUnit, who: Organisation, tmp_path: Path
) -> None:
    sent = [made.penalty_row(who, unit), made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")]
    first = made.hand_in(made.csv_file(tmp_path / "处罚.csv", sent), ORGS, unit)
    item, row_id = correcting.begin(first.id, 3, by=clerk, at=made.NOW)
    assert correcting.begin(first.id, 3, by=clerk, at=made.NOW) == (item, row_id), "pressed twice"
    seen = entry.row(item, row_id, by=clerk)
    assert seen.values["CF_JDRQ"] == "2026年13月5日", "as it was typed, not as it was understood"
    assert seen.corrects == (first.id, 3)
    entry.keep(item, seen.values | {"CF_JDRQ": "2026-06-05"}, row_id=row_id, by=clerk, at=made.NOW)
    done = handed_in(item, clerk)
    assert (done.counts.accepted, done.corrects) == (1, first.id)
    assert views.submission(first.id, seen_by=clerk).open_rows == 0
    with pytest.raises(correcting.NothingToCorrect):
        correcting.begin(first.id, 3, by=clerk, at=made.NOW)
    with pytest.raises(correcting.NothingToCorrect):
        correcting.begin(first.id, 2, by=clerk, at=made.NOW)


def test_of_a_large_file_the_row_is_opened_as_it_was_understood(
    clerk: Actor, unit: SourceUnit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = made.person()
    sent = [made.person_row(person, unit, CF_JDRQ="2026-13-01")]
    first = made.hand_in(made.csv_file(tmp_path / "persons.csv", sent), PERSONS, unit)
    assert WaitingRow.objects.filter(submission_id=first.id).count() == 1
    monkeypatch.setattr(correcting, "_QUICK", 0)
    item, row_id = correcting.begin(first.id, 2, by=clerk, at=made.NOW)
    values = entry.row(item, row_id, by=clerk).values
    assert values["CF_XDR_ZJHM"] == person.number
    assert "CF_JDRQ" not in values
    stranger = Actor(role=Role.SOURCE_UNIT, name="s", account_id=86, department=made.department().code)
    with pytest.raises(views.UnknownSubmission):
        correcting.begin(first.id, 2, by=stranger, at=made.NOW)


def test_every_item_has_a_form() -> None:
    for item in publish.items():
        assert item.roles.subject_name in {one.code for one in entry.fields(item)}
