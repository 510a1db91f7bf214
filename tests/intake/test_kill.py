"""Killed at any moment, started again: nothing lost, nothing twice. A real process on a data directory of its own."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
from hypothesis import settings

from tests.conftest import ROOT
from tests.intake import made
from tests.intake.made import Row
from xinyong.security.identity import SourceUnit

#: Kills in the suite; ``XINYONG_TEST_PROFILE=evidence`` makes it a hundred.
KILLS = 3 if settings().max_examples < 1000 else 100
ROWS, CHUNK_ROWS = 6000, 500

#: Keeps the server up between kills, as the platform's other processes would; fsync off, for the disk is not killed.
_KEEPER = """
import json, os, sys
from xinyong.config import postgres
postgres.ensure_running(quick_and_unsafe=True)
os.environ["DJANGO_SETTINGS_MODULE"] = "xinyong.config.settings"
import django
django.setup()
from django.conf import settings
from xinyong.operations.setup import prepare
from xinyong.security import identity
from xinyong.security.access import system
prepare()
identity.register_department(code=sys.argv[1], name=sys.argv[2], by=system("test"))
print(json.dumps({key.lower(): settings.DATABASE_AS["owner"][key] for key in ("HOST", "PORT", "NAME", "USER")}), flush=True)
sys.stdin.read()
"""
#: The console script, which says when its imports are done: kills before that prove nothing.
_SUBMIT = """
import duckdb, numpy, pyarrow, pyarrow.compute, psycopg, django
from xinyong.config.__main__ import main
print("ready", flush=True)
main()
"""


@dataclass(frozen=True, slots=True)
class Home:
    """An installation of its own and how to look into it."""

    folder: Path
    unit: SourceUnit
    database: dict[str, str]

    def start(self, file: Path) -> "subprocess.Popen[str]":
        """Starts ``xinyong submit``; returns when the process begins its work."""
        process = subprocess.Popen(
            [sys.executable, "-c", _SUBMIT, "submit", str(file), "--item", "admin-penalty-org", "--source", self.unit.code, "--json"],
            env=_environment(self.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query gives."""
        place = self.database
        with psycopg.connect(host=place["host"], port=place["port"], user=place["user"], dbname=place["name"]) as own:
            return own.execute(statement, values).fetchall()


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"XINYONG_HOME": str(home), "XINYONG_CHUNK_ROWS": str(CHUNK_ROWS), "DATABASE_URL": ""}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, install: Callable[[Path], Path]) -> Iterator[Home]:
    folder = install(tmp_path_factory.mktemp("kill"))
    unit = SourceUnit(0, made.code_of("11"), "云溪市示例管理局", "", "", frozenset())
    keeper = subprocess.Popen(
        [sys.executable, "-c", _KEEPER, unit.code, unit.name],
        env=_environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, errors="replace", cwd=ROOT,
    )  # fmt: skip
    assert keeper.stdout is not None
    try:
        line = next((line for line in keeper.stdout if line.startswith("{")), "")
        yield Home(folder, unit, json.loads(line))
    finally:
        _close(keeper.stdin)
        keeper.wait(60)
        keeper.stdout.close()


def _close(pipe: IO[str] | None) -> None:
    assert pipe is not None
    pipe.close()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must bring, whatever happens on the way."""

    accepted: int
    duplicate: int
    doubtful: int
    rejected: int


def _file(path: Path, home: Home, chance: random.Random) -> Expected:
    """A file of ROWS rows about 300 organisations nobody knows: repeats and contradictions across chunks, faults."""
    known = [made.organisation() for _ in range(300)]
    template = made.penalty_row(known[0], home.unit)
    rows: list[Row] = []
    good: list[Row] = []
    duplicate = doubtful = rejected = 0
    for _ in range(ROWS):
        fate = chance.random()
        if good and fate < 0.05:
            rows.append(chance.choice(good))
            duplicate += 1
        elif good and fate < 0.07:
            rows.append(chance.choice(good) | {"CF_NR": "另一内容"})
            doubtful += 1
        else:
            who = chance.choice(known)
            row = template | {"CF_XDR_MC": who.name, "CF_XDR_SHXYM": who.code, "CF_WSH": made.document()}
            if fate < 0.12:
                rows.append(row | {"CF_JDRQ": "2026-02-30"})
                rejected += 1
            else:
                rows.append(row)
                good.append(row)
    made.csv_file(path, rows)
    return Expected(len(good), duplicate, doubtful, rejected)


def _check(home: Home, file: Path, expected: Expected) -> None:
    """Nothing lost, nothing twice: archive, ledger, findings, waiting rows, tallies, audit log, folders."""
    ((number, *counts),) = home.rows(
        "SELECT id, status, rows_read, accepted, doubtful, rejected, duplicate, unchanged FROM intake_submission"
        " WHERE file_name = %s", file.name,
    )  # fmt: skip
    wanted = [ROWS, expected.accepted, expected.doubtful, expected.rejected, expected.duplicate, 0]
    assert counts == ["deposited", *wanted]
    assert home.rows(
        "SELECT count(*), count(DISTINCT (subject_id, key_digest)), max(version), count(DISTINCT row_no) FROM record"
        " WHERE submission_id = %s", number,
    ) == [(expected.accepted, expected.accepted, 1, expected.accepted)]  # fmt: skip
    ledger = home.rows(
        "SELECT count(*), sum(rows), sum(accepted), sum(doubtful), sum(rejected), sum(duplicate), sum(unchanged)"
        " FROM intake_chunk WHERE submission_id = %s", number,
    )  # fmt: skip
    assert ledger == [(2 * ROWS // CHUNK_ROWS, *wanted)]
    waiting = expected.doubtful + expected.rejected
    asked = "SELECT count(*), count(DISTINCT row_no) FROM {} WHERE submission_id = %s AND {}"
    assert home.rows(asked.format("intake_waitingrow", "true"), number) == [(waiting, waiting)]
    for severity, faulty in (("doubtful", expected.doubtful), ("error", expected.rejected)):
        assert home.rows(asked.format("intake_finding", f"severity = '{severity}'"), number) == [(faulty, faulty)]
    assert home.rows("SELECT sum(records) FROM records_tally WHERE submission_id = %s", number) == [
        (expected.accepted,)
    ]
    assert home.rows(
        "SELECT event, count(*) FROM security_auditentry WHERE object_kind = 'submission' AND object_ref = %s"
        " AND event IN ('file-received', 'submission-deposited') GROUP BY 1 ORDER BY 1", str(number),
    ) == [("file-received", 1), ("submission-deposited", 1)]  # fmt: skip
    assert list((home.folder / "intake" / "staging").iterdir()) == []
    assert [path for path in (home.folder / "intake" / "originals").rglob("*.part*") if path.is_file()] == []


def _is_done(process: "subprocess.Popen[str]") -> bool:
    """Waits for the process; True when it came to its report, False when it was killed before."""
    output, errors = process.communicate(timeout=120)
    is_done = '"rows_read"' in output and process.returncode == 1
    assert is_done or process.returncode == -signal.SIGKILL, f"{process.returncode}\n{output}\n{errors}"
    return is_done


def test_killed_at_random_moments_and_started_again_nothing_is_lost_and_nothing_is_there_twice(
    home: Home, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    calm = tmp_path / "calm.csv"
    expected = _file(calm, home, chance)
    process = home.start(calm)
    started = time.monotonic()
    assert _is_done(process)
    lasts = time.monotonic() - started
    _check(home, calm, expected)

    killed = files = 0
    while killed < KILLS:
        files += 1
        path = tmp_path / f"killed-{files}.csv"
        expected = _file(path, home, chance)
        is_done = False
        while not is_done:
            process = home.start(path)
            if killed < KILLS:
                time.sleep(chance.uniform(0.1, 1.0) * lasts)
                process.kill()
            is_done = _is_done(process)
            killed += not is_done
        _check(home, path, expected)
    assert files >= 1
