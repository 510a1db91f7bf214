"""What intake keeps of persons goes after their records: rows that waited, what findings quote, files as they were sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.intake import made
from xinyong.intake import erasing, returned, staging
from xinyong.intake.models import Finding, Submission, WaitingRow
from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.records.models import ErasedBeside, ErasureRun
from xinyong.security import audit
from xinyong.security.access import NotAllowed

ITEM = "admin-penalty-person"
OVER = "2018-08-01"  # over since 1 August 2023


@dataclass(frozen=True, slots=True)
class Filled:
    """Two files about persons: all of the first is over, with a row that waits; the second has one that stands."""

    over: int
    stands: int
    organisation: int


@pytest.fixture
def filled(lasting_db: None, tmp_path: Path) -> Iterator[Filled]:
    with time_machine.travel(made.NOW, tick=True):
        unit, who = made.department(), made.organisation()
        made.register(who)
        files = []
        for name, days in (("a.csv", (OVER, OVER, "")), ("b.csv", (OVER, "2026-06-01", ""))):
            rows = [made.person_row(made.person(), unit, CF_JDRQ=day) for day in days]
            rows[-1] |= {"CF_JDRQ": "2018-08-01", "CF_WSH": ""}
            files.append(made.hand_in(made.csv_file(tmp_path / name, rows), ITEM, unit))
        assert [(one.counts.accepted, one.counts.doubtful + one.counts.rejected) for one in files] == [(2, 1), (2, 1)]
        other = made.penalty_row(who, unit, CF_JDRQ=OVER), made.penalty_row(who, unit, CF_JDRQ=OVER, CF_WSH="")
        organisations = made.hand_in(made.csv_file(tmp_path / "c.csv", other), "admin-penalty-org", unit)
        yield Filled(files[0].id, files[1].id, organisations.id)


def _archive() -> None:
    assert [one.count for one in erased.run(today=clock.today(), grace_days=30, by=made.SYSTEM)] == [3]


def _run(**options: Any) -> list[erased.Proof]:
    given = {"today": clock.today(), "grace_days": 30, "originals_years": 5, "by": made.SYSTEM}
    return erasing.run(**given | options)


def _file_of(submission_id: int) -> Path:
    return staging.original_path(Submission.objects.get(pk=submission_id).content_digest)


def test_rows_that_waited_go_once_all_that_their_file_brought_is_gone(filled: Filled) -> None:
    assert _run() == []
    _archive()
    (proof,) = _run()
    assert (proof.what, proof.item_id, proof.count) == ("waiting-rows", ITEM, 1)
    gone = WaitingRow.objects.get(submission_id=filled.over)
    assert (gone.row, gone.sealed, gone.anchor_by_name, gone.anchor_by_code) == (None, None, None, None)
    assert gone.closed_at is not None
    assert set(
        Finding.objects.filter(submission_id=filled.over, row_no=gone.row_no).values_list("value", "suggestion")
    ) == {("", "")}
    assert WaitingRow.objects.get(submission_id=filled.stands).sealed is not None
    assert WaitingRow.objects.get(submission_id=filled.organisation).row is not None
    assert erasing.check(proof.id, seen_by=made.AUDITOR).holds
    assert _run() == []
    assert ErasureRun.objects.filter(what="waiting-rows").count() == 1


def test_the_file_as_it_was_sent_stays_its_years_and_then_says_that_it_is_gone(filled: Filled, tmp_path: Path) -> None:
    _archive()
    _run()
    assert _file_of(filled.over).exists()
    assert _run(originals_years=3) == []
    (proof,) = _run(originals_years=2)  # over since 1 August 2023; it is June 2026
    assert (proof.what, proof.count) == ("originals", 1)
    assert not _file_of(filled.over).exists()
    assert _file_of(filled.stands).exists()
    assert _file_of(filled.organisation).exists()
    with pytest.raises(staging.OriginalErased):
        returned.write(filled.over, to=tmp_path / "back.xlsx", seen_by=made.SYSTEM)
    assert erasing.check(proof.id, seen_by=made.OPERATOR).holds
    assert _run(originals_years=2) == []
    assert audit.entries(seen_by=made.AUDITOR, event="content-erased", limit=1)[0].facts["what"] == "originals"
    path = _file_of(filled.over)
    path.write_bytes(b"it came back")
    assert erasing.check(proof.id, seen_by=made.OPERATOR).left == 1


def test_a_file_removed_by_a_run_that_was_killed_is_noted_by_the_next(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    _archive()
    _run()

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erased, "finish", dies)
        with pytest.raises(KeyboardInterrupt):
            _run(originals_years=2)
    assert not _file_of(filled.over).exists()
    assert ErasedBeside.objects.filter(what="originals").count() == 1
    (proof,) = _run(originals_years=2)
    assert proof.count == 1
    assert ErasureRun.objects.filter(what="originals").count() == 1


def test_a_file_that_brought_nothing_is_over_when_the_items_years_are(lasting_db: None, tmp_path: Path) -> None:
    with time_machine.travel(made.NOW, tick=True) as day:
        unit = made.department()
        rows = [made.person_row(made.person(), unit, CF_WSH="")]
        sent = made.hand_in(made.csv_file(tmp_path / "a.csv", rows), ITEM, unit)
        assert sent.counts.accepted == 0
        day.shift(timedelta(days=5 * 365))
        assert _run() == []
        day.shift(timedelta(days=40))
        assert [(one.what, one.count) for one in _run()] == [("waiting-rows", 1)]


@pytest.mark.parametrize("by", [made.OPERATOR, made.AUDITOR], ids=lambda one: one.role.value)
def test_only_the_platform_itself_erases(by: Any, db: None) -> None:
    with pytest.raises(NotAllowed):
        _run(by=by)
