"""A full disk, a database that restarts, a killed process at each stage of a submission: what was begun is finished later, nothing
lost, nothing twice. Real faults: a small file system of its own, a server that is ended without warning, SIGKILL."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from tests.conftest import ROOT
from tests.intake import made
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="small file systems are mounted as Linux does")

ROWS = 400
#: Where a fault strikes: before the first, second … call of what a stage does.
STAGES = {
    "receive": ("staging", "keep_original"),
    "enter": ("receipt", "received"),
    "read": ("staging", "open_original"),
    "check": ("work", "look_ahead"),
    "deposit": ("deposit", "deposit"),
    "finish": ("submit", "_finish"),
    "receipt": ("receipt", "deposited"),
}
IS_EVIDENCE = settings().max_examples >= 1000

#: One process that has everything loaded and keeps the server up; each deed is a child of it, so that a kill costs no start.
_DRIVER = """
import json, os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "xinyong.config.settings"
from xinyong.config import postgres
postgres.ensure_running(quick_and_unsafe=True)
import django
django.setup()
from django.conf import settings
from django.db import connection
from tests.intake import striking
from xinyong.security import identity, scope
from xinyong.security.access import system
identity.register_department(code=sys.argv[1], name=sys.argv[2], by=system("test"))
place = {key.lower(): settings.DATABASE_AS["owner"][key] for key in ("HOST", "PORT", "NAME", "USER")}
connection.close()
striking.get_ready()
print(json.dumps(place), flush=True)
for line in sys.stdin:
    out, into = os.pipe()
    if not os.fork():
        os.close(out)
        os.write(into, json.dumps(striking.answer(json.loads(line))).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.wait()[1])
    print(json.dumps({"code": code} | (json.loads(said) if said else {})), flush=True)
"""


@dataclass(slots=True)
class Place:
    """An installation of its own, its driver, and a small disk for what intake keeps."""

    folder: Path
    unit: SourceUnit
    database: dict[str, str]
    driver: "subprocess.Popen[str]"

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """What became of a deed in a process of its own; its exit code is ``code``."""
        assert self.driver.stdin is not None
        assert self.driver.stdout is not None
        self.driver.stdin.write(json.dumps({"do": do} | more) + "\n")
        self.driver.stdin.flush()
        for line in self.driver.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        raise AssertionError("the driver has ended")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        place = self.database
        with psycopg.connect(host=place["host"], port=place["port"], user=place["user"], dbname=place["name"]) as own:
            return own.execute(statement, values).fetchall()

    @property
    def disk(self) -> Path:
        return self.folder / "intake"


@contextmanager
def _small_disk(at: Path, megabytes: int) -> Iterator[None]:
    """A file system of a few megabytes; where the machine lets nobody mount, the test is skipped."""
    at.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(at)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, install: Callable[[Path], Path]) -> Iterator[Place]:
    folder = install(tmp_path_factory.mktemp("faults"))
    unit = SourceUnit(0, made.code_of("11"), "云溪市示例管理局", "", "", frozenset())
    chosen = {
        "XINYONG_HOME": str(folder),
        "DATABASE_URL": "",
        "XINYONG_CHUNK_ROWS": "100",
        "XINYONG_DISK_SPARE_MB": "1",
    }
    with _small_disk(folder / "intake", 48), (folder / "driver.log").open("wb") as log:
        driver = subprocess.Popen(
            [sys.executable, "-c", _DRIVER, unit.code, unit.name], env=os.environ | chosen,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
        )  # fmt: skip
        assert driver.stdin is not None
        assert driver.stdout is not None
        try:
            line = next((line for line in driver.stdout if line.startswith("{")), "")
            assert line, (folder / "driver.log").read_text(errors="replace")[-3000:]
            yield Place(folder, unit, json.loads(line), driver)
        finally:
            driver.stdin.close()
            driver.wait(60)
            driver.stdout.close()


def _file(place: Place, name: str) -> tuple[Path, int]:
    """A file of ROWS rows about organisations nobody knows, one in ten of them wrong; how many are right."""
    known = [made.organisation() for _ in range(40)]
    template = made.penalty_row(known[0], place.unit)
    rows = [
        template
        | {"CF_XDR_MC": who.name, "CF_XDR_SHXYM": who.code, "CF_WSH": made.document()}
        | ({"CF_JDRQ": "2026-02-30"} if number % 10 == 9 else {})
        for number in range(ROWS)
        for who in [known[number % 40]]
    ]
    return made.csv_file(place.folder / f"{name}.csv", rows), ROWS - ROWS // 10


def _check(place: Place, file: Path, good: int) -> None:
    """Archive, ledger, tallies, receipts, audit log and folders: everything there, once."""
    ((number, *counts),) = place.rows(
        "SELECT id, status, rows_read, accepted, rejected FROM intake_submission WHERE file_name = %s", file.name
    )
    assert counts == ["deposited", ROWS, good, ROWS - good]
    assert place.rows(
        "SELECT count(*), count(DISTINCT (subject_id, key_digest)), count(DISTINCT row_no) FROM record WHERE submission_id = %s",
        number,
    ) == [(good, good, good)]  # fmt: skip
    assert place.rows("SELECT sum(rows), sum(accepted) FROM intake_chunk WHERE submission_id = %s", number) == [
        (ROWS, good)
    ]
    waiting = "SELECT count(*), count(DISTINCT row_no) FROM intake_waitingrow WHERE submission_id = %s"
    assert place.rows(waiting, number) == [(ROWS - good, ROWS - good)]
    for event in ("file-received", "submission-deposited"):
        entries = "SELECT count(*) FROM security_auditentry WHERE event = %s AND object_ref = %s"
        assert place.rows(entries, event, str(number)) == [(1,)], event
    assert place.rows(
        "SELECT count(*), count(DISTINCT kind) FROM security_statement WHERE object_ref = %s", _about(place, number)
    ) == [(2, 2)]  # fmt: skip
    assert place.rows("SELECT 1 FROM intake_interruption WHERE submission_id = %s AND ended_at IS NULL", number) == []
    left = [
        one.relative_to(place.disk) for one in place.disk.rglob("*") if one.is_file() and "originals" not in one.parts
    ]
    assert left == []
    assert list(place.disk.rglob("*.part")) == []


def _about(place: Place, number: int) -> str:
    ((item, digest),) = place.rows("SELECT item_id, content_digest FROM intake_submission WHERE id = %s", number)
    return hashlib.sha256("\n".join((place.unit.code, item, digest)).encode()).hexdigest()[:32]


def _strike(place: Place, stage: str, fault: str) -> tuple[dict[str, Any], Path, int]:
    """A submission during which the fault strikes at a stage; what the process said, the file, its good rows."""
    file, good = _file(place, f"{fault.partition(':')[0]}-{stage}")
    module, name = STAGES[stage]
    call = random.SystemRandom().randint(2, 5) if stage == "deposit" else 1
    strike = {"module": module, "name": name, "call": call, "fault": fault, "disk": str(place.disk)}
    return place.ask("submit", file=str(file), source=place.unit.code, strike=strike), file, good


def _again(place: Place, file: Path) -> dict[str, Any]:
    """What sender and worker do next: the sender hands in again, the worker goes on once its time has come."""
    return place.ask("submit", file=str(file), source=place.unit.code, is_now=True)


def _free(place: Place) -> None:
    (place.disk / "full").unlink(missing_ok=True)


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_interrupts_with_a_sentence_and_the_work_goes_on_when_there_is_room(
    place: Place, stage: str
) -> None:
    said, file, good = _strike(place, stage, "disk")
    try:
        if stage in ("finish", "receipt"):  # the database has room: nothing of what is left needs the small disk
            assert said["error"] is None
        elif stage == "deposit" and said["error"] is None:
            pass  # all that was left had been read and checked before the disk was full
        elif stage in ("receive", "enter"):
            assert stage == "enter" or said["error"] == "intake.no-room", said
        else:
            assert said["error"] == "intake.interrupted", said
            assert said["facts"]["cause"] == "disk-full"
            assert said["zh"].count("磁盘") == 1
            assert "自动继续" in said["zh"]
            still = place.ask("go on", file=str(file))  # while it is full, another try does no harm
            assert (still["error"], still["facts"]["tries"]) == ("intake.interrupted", 2)
    finally:
        _free(place)
    assert _again(place, file)["error"] is None
    _check(place, file, good)


def test_a_database_that_ends_without_warning_is_met_again_and_the_work_finished(place: Place) -> None:
    for stage in _drawn(2):
        said, file, good = _strike(place, stage, "database")
        assert said["error"] in {"intake.interrupted", "kernel.database-away"}, (stage, said)
        assert said["error"] != "intake.interrupted" or said["facts"]["cause"] == "database-away", (stage, said)
        assert _again(place, file)["error"] is None, stage
        _check(place, file, good)


def test_a_process_killed_at_any_stage_is_taken_up_by_the_next(place: Place) -> None:
    for stage in _drawn(3):
        said, file, good = _strike(place, stage, "kill")
        assert said["code"] == -signal.SIGKILL, (stage, said)
        assert _again(place, file)["error"] is None, stage
        _check(place, file, good)


def _drawn(count: int) -> list[str]:
    """A few stages, others each time; all of them as evidence."""
    return [*STAGES] if IS_EVIDENCE else random.SystemRandom().sample([*STAGES], count)


def test_a_full_disk_of_the_database_interrupts_the_deposit_and_nothing_is_half_done(
    place: Place, tmp_path: Path
) -> None:
    space = place.folder / "pg-small"
    with _small_disk(space, 24):
        subprocess.run(["chown", "-R", f"{(place.folder / 'pg').stat().st_uid}", str(space)], check=True)
        with _owner(place) as own:
            own.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            own.execute("ALTER TABLE intake_waitingrow SET TABLESPACE small")
        try:
            said, file, good = _strike(place, "deposit", f"fill:{space}")
            if said["error"] is None:  # the last page had room for all of it
                pytest.fail("the table did not grow")
            assert (said["error"], said["facts"]["cause"]) == ("intake.interrupted", "database-full"), said
            (space / "full").unlink()
            assert _again(place, file)["error"] is None
            _check(place, file, good)
        finally:
            (space / "full").unlink(missing_ok=True)
            with _owner(place) as own:
                own.execute("ALTER TABLE intake_waitingrow SET TABLESPACE pg_default")
                own.execute("DROP TABLESPACE small")


def test_a_full_disk_of_the_write_ahead_log_ends_the_server_and_the_work_goes_on_when_it_is_back(place: Place) -> None:
    space, log = place.folder / "log-small", place.folder / "pg" / "server.log"
    with _small_disk(space, _megabytes(place.folder / "pg" / "pg_wal") + 24):
        assert place.ask("move log", to=str(space))["error"] is None
        said, file, good = _strike(place, "deposit", f"log:{space}")
        assert said["error"] in {"intake.interrupted", "kernel.database-away"}, said
        assert "PANIC:" in log.read_text(errors="replace")
        (space / "full").unlink()
        assert place.ask("start")["error"] is None
        assert _again(place, file)["error"] is None
        _check(place, file, good)
        assert place.ask("move log", to=str(place.folder / "pg" / "pg_wal"))["error"] is None


def _megabytes(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) >> 20


@contextmanager
def _owner(place: Place) -> Iterator[psycopg.Connection[Any]]:
    where = place.database
    with psycopg.connect(
        host=where["host"], port=where["port"], user=where["user"], dbname=where["name"], autocommit=True
    ) as own:
        yield own


def test_a_file_that_kills_its_worker_again_and_again_is_refused_and_can_be_handed_in_again(place: Place) -> None:
    file, good = _file(place, "poison")
    strike = {"module": "work", "name": "look_ahead", "call": 1, "fault": "kill", "disk": ""}
    for _ in range(5):
        said = place.ask("submit", file=str(file), source=place.unit.code, strike=strike, is_now=True)
        assert said["code"] == -signal.SIGKILL
    told = _again(place, file)
    assert (told["error"], told["status"], told["refusal"]) == (None, "refused", "intake.not-workable")
    with suppress(FileNotFoundError):
        assert list((place.disk / "begun").iterdir()) == []
    assert _again(place, file)["status"] == "deposited"  # what ended the process is gone
    ((number,),) = place.rows("SELECT id FROM intake_submission WHERE file_name = %s", file.name)
    assert place.rows("SELECT count(*) FROM record WHERE submission_id = %s", number) == [(good,)]
