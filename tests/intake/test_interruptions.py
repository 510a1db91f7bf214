"""What ends the reading process or a rule does not end the queue: it is bounded, said, and what is fine goes in."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.intake import made
from xinyong.intake import _poison, _reader, interruptions, jobs, read, space, submit, validate
from xinyong.intake.models import Finding, Interruption, WaitingRow
from xinyong.intake.validate import Checked
from xinyong.kernel import outages
from xinyong.kernel.errors import Conflict
from xinyong.records.models import Record
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("lasting_db", "on_the_day")
ITEM = "admin-penalty-org"


@pytest.fixture
def unit(lasting_db: None) -> SourceUnit:
    return made.department()


def _received(path: Path, unit: SourceUnit) -> int:
    return submit.receive(
        path, item_id=ITEM, source_code=unit.code, file_name=path.name, by=made.SYSTEM, received_at=made.NOW
    ).id


def _rows(unit: SourceUnit, count: int) -> list[made.Row]:
    who = made.organisation()
    return [made.penalty_row(who, unit) | {"CF_WSH": made.document()} for _ in range(count)]


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whoever reads a file is killed at once, as the system does that is short of memory."""
    made_, real = [], _reader.Reader

    class Doomed(real):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            assert _reader._server._process is not None
            pid = _reader._server._process.pid
            while not made_ or made_[-1] not in (found := _children(pid)):
                if found := _children(pid):
                    os.kill(found[0], signal.SIGKILL)
                    made_.append(found[0])
                    return

    monkeypatch.setattr(read, "Reader", Doomed)
    return made_


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_file_whose_reader_is_killed_three_times_is_refused_and_says_why(
    unit: SourceUnit, file: Callable[..., Path], killed: list[int]
) -> None:
    number = _received(file(_rows(unit, 20_000)), unit)
    for tries in (1, 2):
        with pytest.raises(interruptions.Interrupted) as broke:
            submit.run(number, by=made.SYSTEM)
        assert (broke.value.facts["cause"], broke.value.facts["tries"]) == ("reader-killed", tries)
        assert broke.value.next_at is not None
        Interruption.objects.update(next_at=made.NOW)
    done = submit.run(number, by=made.SYSTEM)
    assert done.status == "refused"
    assert done.refusal is not None
    assert done.refusal["code"] == "intake.not-workable"
    assert "连续 3 次" in done.refusal["zh"]
    assert len(killed) == 3
    assert interruptions.counts() == (0, 0)


def test_a_row_on_which_a_rule_fails_is_refused_alone(
    unit: SourceUnit, file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _rows(unit, 40)
    rows[7]["CF_NR"] = rows[31]["CF_NR"] = "引擎在此出错"
    real = validate._check_source

    def fails(checked: Checked, plan: Any) -> None:
        if "引擎在此出错" in checked.columns["CF_NR"].to_pylist():
            raise ValueError("Conversion Error: value out of range")
        real(checked, plan)

    monkeypatch.setattr(validate, "_check_source", fails)
    done = made.hand_in(file(rows), ITEM, unit)
    assert (done.status, done.counts.accepted, done.counts.rejected) == ("deposited", 38, 2)
    found = (
        Finding.objects.filter(submission_id=done.id, severity="error")
        .order_by("row_no")
        .values_list("row_no", "rule", "severity")
    )
    assert list(found) == [(9, _poison.RULE, "error"), (33, _poison.RULE, "error")]
    kept = WaitingRow.objects.filter(submission_id=done.id).values_list("row", flat=True)
    assert all("引擎" not in str(row) for row in kept)  # what could not be checked is not kept
    assert Record.objects.filter(submission_id=done.id).count() == 38


def test_an_error_of_the_program_on_every_row_is_no_rows_fault_and_is_held_in_the_end(
    unit: SourceUnit, file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a rule of ours is broken")

    monkeypatch.setattr(validate, "_check_source", fails)
    number = _received(file(_rows(unit, 3)), unit)
    # The first chunk is checked while the file is still read: the error may come before the reading is done or after, and one that
    # comes later than the last counts anew.
    for _ in range(2 * 8):
        with pytest.raises(interruptions.Interrupted) as broke:
            submit.run(number, by=made.SYSTEM)
        if broke.value.next_at is None:
            break
        Interruption.objects.update(next_at=made.NOW)
    assert (broke.value.next_at, broke.value.facts["tries"]) == (None, 8)
    assert interruptions.waits_until(number) == (True, None)
    with pytest.raises(interruptions.Interrupted, match="已暂停"):
        submit.run(number, by=made.SYSTEM)
    monkeypatch.undo()
    jobs.try_again(number, by=made.SYSTEM)
    assert submit.run(number, by=made.SYSTEM).status == "deposited"
    with pytest.raises(interruptions.NotInterrupted):
        jobs.try_again(number, by=made.SYSTEM)


def test_a_file_for_which_there_is_no_room_is_not_taken_and_work_waits(
    unit: SourceUnit, file: Callable[..., Path], settings: Any
) -> None:
    path = file(_rows(unit, 2))
    number = _received(path, unit)
    settings.DISK_SPARE = 2**60
    with pytest.raises(space.NoRoom) as told:
        _received(file(_rows(unit, 2)), unit)
    assert (told.value.status, told.value.facts["retry_after"]) == (507, 120)
    with pytest.raises(interruptions.Interrupted):
        submit.run(number, by=made.SYSTEM)
    (seen,) = interruptions.unfinished(seen_by=made.SYSTEM)
    assert (seen.submission_id, seen.cause, seen.stage, seen.tries) == (number, "disk-full", "read", 1)
    assert all(one.state is space.State.BAD for one in space.disks())
    settings.DISK_SPARE = 0
    assert submit.run(number, by=made.SYSTEM).status == "deposited"
    assert next(one.submission_id for one in interruptions.over(seen_by=made.SYSTEM)) == number


def test_every_cause_and_stage_has_its_words() -> None:
    assert set(interruptions.SAID) == set(Interruption.Cause)
    assert set(interruptions.STAGES) == set(Interruption.Stage)
    assert {one.value for one in outages.Outage} < set(Interruption.Cause.values)


def test_errors_are_told_apart_by_what_was_lacking() -> None:
    away = type("OperationalError", (Exception,), {})
    stated = {
        "53100": outages.Outage.DATABASE_FULL, "57P01": outages.Outage.DATABASE_AWAY, "08006": outages.Outage.DATABASE_AWAY,
        "53300": outages.Outage.DATABASE_AWAY, "40P01": None, "23505": None, "55P03": None,
    }  # fmt: skip
    for state, outage in stated.items():
        cause = away("x")
        cause.sqlstate = state  # type: ignore[attr-defined]
        outer = away("x")
        outer.__cause__ = cause
        assert outages.of(outer) is outage, state
    assert outages.of(away("the server closed the connection")) is outages.Outage.DATABASE_AWAY
    assert outages.of(OSError(28, "full")) is outages.Outage.DISK_FULL
    assert outages.of(OSError(2, "no such file")) is None
    assert outages.of(Conflict("x", "x")) is None
    assert outages.said(MemoryError()) is None
