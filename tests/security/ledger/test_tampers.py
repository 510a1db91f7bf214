"""Whatever a superuser of the database does to history, a verification with a checkpoint kept elsewhere says so, and where."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.conftest import _empty
from tests.intake import made
from tests.security.ledger import tampers
from xinyong.records import evidence
from xinyong.security import audit, separation
from xinyong.security.access import system
from xinyong.security.ledger import notes, sequencer, signing, statements, store
from xinyong.security.ledger.findings import Kind
from xinyong.security.ledger.notes import Checkpoint, PublicKey

#: How many tampers: a sample here, a thousand as evidence.
COUNT = 1000 if os.environ.get("XINYONG_TEST_PROFILE") == "evidence" else 44


@dataclass(frozen=True, slots=True)
class History:
    """A log with some hundred leaves, as a third party holds its head."""

    trusted: Checkpoint
    keys: list[PublicKey]
    snapshots: list[tampers.Snapshot]
    folder: Path


@contextmanager
def superuser() -> Iterator[Any]:
    """The database's own administrator at work, whom no right and no trigger stops."""
    with separation.as_owner(), store.own() as connection:
        yield connection


def write_history(folder: Path) -> History:
    """Two submissions and some hundred entries over two hours, a checkpoint now and then."""
    with time_machine.travel(made.NOW, tick=True) as traveller, store.reader() as connection:
        unit = made.department()
        snapshots, corrected = [], {}
        for step in range(6):
            for number in range(70):
                audit.enter(
                    audit.Event.SUBMISSION_VIEWED, by=system(f"clerk-{number % 5}"), object_kind="submission",
                    object_ref=str(number), rows=number, note=None if number % 3 else "改",
                )  # fmt: skip
            statements.make("submission-received", about=f"submission:{step}", facts={"size": step})
            if step in {1, 3}:
                rows = []
                for _ in range(12):
                    who = made.organisation()
                    made.register(who)
                    rows.append(made.penalty_row(who, unit, 备注=f"自带 {step}"))
                rows += [one | {"CF_NR": "罚款，已更正"} for one in corrected.get(step - 2, [])]
                corrected[step] = rows[:3]
                made.hand_in(made.csv_file(folder / f"{step}.csv", rows), "admin-penalty-org", unit)
            published = sequencer.publish(now=made.NOW + timedelta(minutes=25 * step, seconds=30))
            traveller.shift(timedelta(minutes=25))
            connection.execute("COMMIT")
            snapshots.append(tampers.snapshot(connection))
    trusted, _ = notes.trusted(published.note, keys=[signing.signers()[0].public])
    return History(trusted, [signing.signers()[0].public], snapshots[:-1], signing.home())


@pytest.fixture(scope="module")
def history(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[History]:
    """A history that all tests of the module share; each undoes what it did to it."""
    with django_db_blocker.unblock():
        _empty()
        yield write_history(tmp_path_factory.mktemp("history"))
        _empty()


def missed(history: History, count: int, *, seed: int, folder: Path | None) -> list[str]:
    """Tampers that were not found, or not where they were; empty is right."""
    chance = random.Random(seed)
    every = [*tampers.ALL, tampers.roll_back(history.snapshots)]
    wrong = []
    with superuser() as connection:
        for turn in range(count):
            tamper = every[turn % len(every)]
            while True:
                connection.execute("BEGIN; SET LOCAL session_replication_role = replica")
                done = tamper(connection, chance)
                if done:
                    break
                connection.execute("ROLLBACK")
            name, places = done
            found = evidence.verify(connection, history.trusted, keys=history.keys, folder=folder).findings
            connection.execute("ROLLBACK")
            if not any(place in str(one) for one in found for place in places):
                wrong.append(f"{tamper.__name__}: {name}: wanted {places}, found {[str(one) for one in found[:5]]}")
    return wrong


def test_a_log_nobody_touched_is_whole(history: History) -> None:
    with superuser() as connection:
        report = evidence.verify(connection, history.trusted, keys=history.keys, folder=history.folder)
    assert [str(one) for one in report.findings] == []
    assert report.leaves == history.trusted.size > 420
    assert report.rows == 27


def test_every_tamper_is_found_and_located(history: History) -> None:
    assert missed(history, COUNT, seed=7, folder=history.folder) == []


def test_without_tiles_every_tamper_is_still_found(history: History) -> None:
    with superuser() as connection:
        for tamper in tampers.ALL:
            connection.execute("BEGIN; SET LOCAL session_replication_role = replica")
            done = tamper(connection, random.Random(3))
            found = evidence.verify(connection, history.trusted, keys=history.keys).findings
            connection.execute("ROLLBACK")
            assert found or done is None, tamper.__name__


def test_an_earlier_state_is_called_rolled_back(history: History) -> None:
    with superuser() as connection:
        connection.execute("BEGIN; SET LOCAL session_replication_role = replica")
        tampers.roll_back(history.snapshots)(connection, random.Random(1))
        kinds = {one.kind for one in evidence.verify(connection, history.trusted, keys=history.keys).findings}
        connection.execute("ROLLBACK")
    assert Kind.ROLLED_BACK in kinds
