"""Killed before any step of picking files up, and started again: nothing lost, nothing twice."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from tests.conftest import ROOT
from tests.intake import made
from xinyong.security.identity import SourceUnit

ITEM = "admin-penalty-org"
#: Of each so many steps one is tried in the suite, every one with ``XINYONG_TEST_PROFILE=evidence``.
EVERY = 120 if settings().max_examples < 1000 else 1

#: Keeps the server and forks, for each line it reads, a process that scans once and is killed before its n-th step: a change
#: in the file system, or a statement to the database (0: never). Says the steps that were made, or that it was killed.
_DRIVER = """
import json, os, signal, sys, time
from xinyong.config import postgres
postgres.ensure_running(quick_and_unsafe=True)
os.environ["DJANGO_SETTINGS_MODULE"] = "xinyong.config.settings"
import django
django.setup()
import duckdb, numpy, pyarrow, pyarrow.compute, psycopg, xlsxwriter, openpyxl
from django.conf import settings
from django.db import connection
from xinyong.intake import drop_desk, jobs, submit
from xinyong.operations.setup import prepare
from xinyong.security import identity, scope
from xinyong.security.access import system
prepare()
me = system("drop scan")
scope.stand_as(me)
identity.register_department(code=sys.argv[1], name=sys.argv[2], by=me)
drop_desk.open_folders(sys.argv[1], by=me)
place = {key.lower(): settings.DATABASE_AS["owner"][key] for key in ("HOST", "PORT", "NAME", "USER")}
connection.close()
print(json.dumps(place), flush=True)
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}

def scan(kill_at):
    steps = [0]
    def step():
        steps[0] += 1
        if steps[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
    def heard(event, given):
        if event in CHANGES or event == "open" and isinstance(given[2], int) and given[2] & os.O_CREAT:
            step()
    def asked(execute, *given):
        step()
        return execute(*given)
    sys.addaudithook(heard)
    scope.stand_as(me)
    with connection.execute_wrapper(asked):
        jobs.look()
        for submission_id in drop_desk.unworked(seen_by=me):
            submit.run(submission_id, by=me)
        last = jobs.look()
    return {"steps": steps[0], "problems": last.problems, "busy": last.is_busy}

for line in sys.stdin:
    kill_at = int(line)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, json.dumps(scan(kill_at)).encode())
            os._exit(0)
        except BaseException as error:
            os.write(writer, json.dumps({"error": repr(error)}).encode())
            os._exit(1)
    os.close(writer)
    said = os.fdopen(reader).read()
    _, status = os.waitpid(child, 0)
    print(json.dumps({"killed": os.WIFSIGNALED(status), "said": json.loads(said) if said else None}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Home:
    """An installation of its own with one watched folder, and how to look into it."""

    box: Path
    work: Path
    unit: SourceUnit
    database: dict[str, str]
    driver: "subprocess.Popen[str]"

    def scan(self, kill_at: int = 0) -> dict[str, Any]:
        """One ``xinyong drop scan``, killed before that step."""
        assert self.driver.stdin is not None
        assert self.driver.stdout is not None
        self.driver.stdin.write(f"{kill_at}\n")
        self.driver.stdin.flush()
        return json.loads(next(line for line in self.driver.stdout if line.startswith('{"killed"')))

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query gives."""
        place = self.database
        with psycopg.connect(host=place["host"], port=place["port"], user=place["user"], dbname=place["name"]) as own:
            return own.execute(statement, values).fetchall()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, install: Callable[[Path], Path]) -> Iterator[Home]:
    folder = install(tmp_path_factory.mktemp("drop-kill"))
    unit = SourceUnit(0, made.code_of("11"), "云溪市示例管理局", "", "", frozenset())
    drops = folder / "drop"
    drops.mkdir()
    driver = subprocess.Popen(
        [sys.executable, "-c", _DRIVER, unit.code, unit.name],
        env=os.environ | {"XINYONG_HOME": str(folder), "DATABASE_URL": "", "XINYONG_DROP_FOLDERS": str(drops),
                          "XINYONG_DROP_STILL_SECONDS": "0"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, errors="replace", cwd=ROOT,
    )  # fmt: skip
    assert driver.stdout is not None
    assert driver.stdin is not None
    try:
        line = next((line for line in driver.stdout if line.startswith("{")), "")
        yield Home(drops / unit.code, drops / ".work", unit, json.loads(line), driver)
    finally:
        driver.stdin.close()
        driver.wait(60)
        driver.stdout.close()


def _deliver(home: Home, name: str) -> tuple[bytes, bytes]:
    """A sound file of three rows with its control file, and one that is not what its control file says."""
    rows = [made.penalty_row(made.organisation(), home.unit) for _ in range(3)]
    good = made.csv_file(home.box / "in" / ITEM / f"good-{name}.csv", rows)
    (good.parent / f"{good.name}.ctl.json").write_text(json.dumps({"rows": 3}))
    bad = made.csv_file(home.box / "in" / ITEM / f"bad-{name}.csv", rows[:1])
    (bad.parent / f"{bad.name}.ctl.json").write_text(json.dumps({"sha256": "0" * 64}))
    return good.read_bytes(), bad.read_bytes()


def _check(home: Home, name: str, good: bytes, bad: bytes) -> None:
    assert home.rows(
        "SELECT s.status, s.accepted, (SELECT count(*) FROM record r WHERE r.submission_id = s.id)"
        " FROM intake_submission s WHERE s.file_name = %s", f"good-{name}.csv",
    ) == [("deposited", 3, 3)]  # fmt: skip
    assert home.rows(
        "SELECT file_name, status FROM intake_dropfile WHERE file_name LIKE %s ORDER BY 1", f"%-{name}.csv"
    ) == [(f"bad-{name}.csv", "quarantined"), (f"good-{name}.csv", "done")]
    assert home.rows(
        "SELECT count(*) FROM security_auditentry a JOIN intake_dropfile d ON a.object_ref = d.ticket"
        " WHERE a.event = 'drop-quarantined' AND d.file_name = %s", f"bad-{name}.csv",
    ) == [(1,)]  # fmt: skip
    (done,) = home.box.glob(f"done/*/good-{name}.*.csv")
    assert done.read_bytes() == good
    (aside,) = home.box.glob(f"quarantine/bad-{name}.*.csv")
    assert aside.read_bytes() == bad
    assert aside.with_name(f"{aside.name}.txt").exists()
    (receipt,) = home.box.glob(f"receipts/good-{name}.*.receipt.json")
    assert [one["kind"] for one in json.loads(receipt.read_text("utf-8"))["statements"]] == [
        "submission-received", "submission-deposited",
    ]  # fmt: skip
    assert len(list(home.box.glob(f"feedback/good-{name}.*.feedback.xlsx"))) == 1
    assert [one for one in home.box.rglob("*") if one.is_file() and one.name.startswith(".")] == []
    assert list((home.box / "in" / ITEM).iterdir()) == []
    assert list(home.work.iterdir()) == []


def test_killed_before_any_step_and_started_again_nothing_is_lost_and_nothing_is_there_twice(home: Home) -> None:
    content = _deliver(home, "calm")
    calm = home.scan()
    assert calm["said"]["problems"] == [], calm
    _check(home, "calm", *content)
    steps = calm["said"]["steps"]
    assert steps > 100
    killed = 0
    for kill_at in range(random.SystemRandom().randint(1, min(EVERY, 60)), steps + 1, EVERY):
        content = _deliver(home, str(kill_at))
        killed += home.scan(kill_at)["killed"]
        for _ in range(50):
            again = home.scan()
            assert again["said"], again
            if not again["said"]["busy"] and not list(home.work.iterdir()):
                break
        _check(home, str(kill_at), *content)
    assert killed > 0.8 * (steps // EVERY)  # the last ones may come after the end: not every run has as many steps
