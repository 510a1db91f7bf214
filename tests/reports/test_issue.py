"""A report is given out once, with number, register row and audit entry, and holds what the public may see today."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.reports.conftest import ENDED_PENALTY, LICENCE, PUBLIC_PENALTY, OnFile
from xinyong.kernel import clock
from xinyong.reports import compose, issue
from xinyong.reports.content import Availability, canonical, facts_digest
from xinyong.reports.models import IssuedReport
from xinyong.security.access import PUBLIC, system
from xinyong.security.models import AuditEntry
from xinyong.subjects.registry import UnknownSubject


def give(on_file: OnFile, **changed: object) -> issue.Issued:
    asked = {"as_of": on_file.today, "seen_by": PUBLIC, "issued_at": clock.now()} | changed
    return issue.issue(on_file.code, **asked)  # type: ignore[arg-type]


def test_a_report_holds_what_is_public_today_and_not_what_has_ended(on_file: OnFile) -> None:
    text = canonical(give(on_file).content).decode()
    assert PUBLIC_PENALTY in text
    assert LICENCE in text
    assert ENDED_PENALTY not in text
    assert "云溪市老禾食品厂" in text


def test_an_ordinary_report_is_the_same_whoever_asks(on_file: OnFile) -> None:
    assert facts_digest(give(on_file).content) == facts_digest(give(on_file, seen_by=system("test")).content)


def test_kinds_nobody_has_reported_yet_are_not_collected(on_file: OnFile) -> None:
    chapters = {one.number: one for one in give(on_file).content.chapters}
    assert chapters[1].parts[0].availability is Availability.PRESENT
    assert chapters[4].parts[0].availability is Availability.NOT_COLLECTED


def test_issuing_leaves_one_register_row_and_one_audit_entry(on_file: OnFile) -> None:
    issued = give(on_file)
    row = IssuedReport.objects.get(number=issued.number)
    assert (row.subject_id, row.subject_name, row.file_digest) == (on_file.subject_id, on_file.name, issued.file_digest)
    assert row.counts["1.2"] == 1
    entry = AuditEntry.objects.get(event="report-issued")
    assert (entry.object_ref, entry.role) == (issued.number, "public")


def test_number_and_check_code_have_their_form_and_never_repeat(on_file: OnFile) -> None:
    moment = datetime(2026, 11, 21, 9, 15, 3, tzinfo=clock.ZONE)
    given = [give(on_file, issued_at=moment) for _ in range(5)]
    assert all(re.fullmatch(r"20261121091503[2-9A-Z]{8}", one.number) for one in given)
    assert all(re.fullmatch(r"[A-Z2-7]{26}", one.check_code) for one in given)
    assert len({one.number for one in given}) == len({one.check_code for one in given}) == 5


def test_the_public_cannot_go_back_to_a_day_when_more_was_public(on_file: OnFile) -> None:
    with pytest.raises(compose.NotToday):
        give(on_file, as_of=on_file.today - timedelta(days=30))
    assert not IssuedReport.objects.exists()


def test_asking_for_an_earlier_day_does_not_bring_back_what_has_ended_since(on_file: OnFile) -> None:
    content = give(on_file, as_of=on_file.today - timedelta(days=1), seen_by=system("test")).content
    assert ENDED_PENALTY not in canonical(content).decode()


def test_a_day_in_the_future_is_refused(on_file: OnFile) -> None:
    with pytest.raises(compose.DateInFuture):
        give(on_file, as_of=on_file.today + timedelta(days=1), seen_by=system("test"))


def test_an_unknown_kind_is_refused(on_file: OnFile) -> None:
    with pytest.raises(compose.UnknownKind):
        give(on_file, kind="special")


def test_an_issuing_time_without_zone_is_refused(on_file: OnFile) -> None:
    with pytest.raises(issue.InstantWithoutZone):
        give(on_file, issued_at=clock.now().replace(tzinfo=None))


def test_an_unknown_organisation_gets_no_report(on_file: OnFile) -> None:
    with pytest.raises(UnknownSubject):
        give(replace(on_file, code="91990102MA0NONE00X"))


@pytest.mark.parametrize("change", ["UPDATE reports_issuedreport SET number = 'x'", "DELETE FROM reports_issuedreport"])
def test_the_register_only_grows(on_file: OnFile, change: str) -> None:
    give(on_file)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        transaction.get_connection().cursor().execute(change)


def test_a_number_that_is_taken_is_drawn_again(on_file: OnFile, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter("A" * 16 + "B" * 8)
    monkeypatch.setattr(issue.secrets, "choice", lambda _: next(drawn))
    moment = datetime(2026, 11, 21, 9, 15, 3, tzinfo=clock.ZONE)
    numbers = [give(on_file, issued_at=moment).number for _ in range(2)]
    assert [number[14:] for number in numbers] == ["AAAAAAAA", "BBBBBBBB"]
    assert AuditEntry.objects.filter(event="report-issued").count() == 2
