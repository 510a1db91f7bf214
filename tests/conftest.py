"""Fixtures of the whole suite: the database with the national catalogue, data that outlive a transaction, a running
city with a browser."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.register_profile("evidence", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=5000)
settings.load_profile(os.environ.get("XINYONG_TEST_PROFILE", "suite"))

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"

#: What setting up an installation brings; everything else is emptied after a test that commits.
_KEPT = {
    "django_migrations", "django_content_type", "catalogue_itemversion", "catalogue_workingdayoverride",
    "security_datakey",
}  # fmt: skip


_as_owner = ExitStack()
_installed: list[int] = []  # the last version of a catalogue item that set-up published


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """The suite's accounts guard nothing: the same algorithm at its smallest, not 100 MB and 0.15 s for each sign-in."""
    from xinyong.security.passwords import Argon2

    Argon2.time_cost, Argon2.memory_cost, Argon2.parallelism = 1, 64, 1


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """A test sees no names that the one before it left in this process's memory."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _canaries_nowhere() -> Iterator[None]:
    """The suite's persons are canaries (``made.person``). At the end none is in any file of the data directory but those that
    tests planted on purpose and took away: not in the program's log, the database server's, or what intake keeps. The tables
    and the server's own files are searched by tests/security/test_canaries.py and at full length by ``make evidence``."""
    import logging

    from django.conf import settings

    from tools import canaries
    from xinyong.web.logs import Careful

    handler = logging.FileHandler(settings.XINYONG_HOME / "suite.log", mode="w", encoding="utf-8")
    handler.setFormatter(Careful("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    handler.close()
    found = canaries.search_folders([Path(settings.XINYONG_HOME)], skip=("pg/base/*/*", "pg/pg_wal/*"))
    assert sorted({f"{one.what} in {one.where} as {one.writing}" for one in found}) == []


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """The owner makes the test database and takes it away; in between the suite runs as what runs in earnest."""
    from xinyong.security import separation

    _as_owner.enter_context(separation.as_owner())
    yield
    _as_owner.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database, with catalogue and calendar installed as every installation has them."""
    from django.conf import settings as django_settings
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from xinyong.operations.setup import prepare
    from xinyong.security import scope, separation
    from xinyong.security.access import system

    with django_db_blocker.unblock():
        # pytest-django makes a test database only when a collected test is marked django_db; without one, tests of
        # lasting_db would fill and empty the installation's own database.
        is_test = str(connection.settings_dict["NAME"]).startswith("test_")
        made = [] if is_test else setup_databases(0, interactive=False, aliases={"default"})
        shutil.rmtree(django_settings.XINYONG_HOME / "log", ignore_errors=True)  # of a run before, on another database
        shutil.rmtree(django_settings.XINYONG_HOME / "reports", ignore_errors=True)  # sealed under that one's keys
        prepare()
        _installed.append(_last_version())
        _as_owner.close()
        scope.stand_as(system("tests"))
    yield
    _as_owner.enter_context(separation.as_owner())
    if made:
        with django_db_blocker.unblock():
            teardown_databases(made, 0)


@pytest.fixture
def lasting_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database whose writes are committed (intake works on connections of its own); emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        _empty()


def _empty() -> None:
    """As after set-up: tables, received files, what this process remembers. Nothing a test did to its connection counts
    (an open transaction, a setting): it gets a new one, which says so when somebody else still holds a table."""
    from django.conf import settings
    from django.core.cache import cache
    from django.db import connection, transaction

    from xinyong.records import listing
    from xinyong.security import separation

    cache.clear()
    listing._kept.clear()
    shutil.rmtree(settings.XINYONG_HOME / "intake", ignore_errors=True)
    shutil.rmtree(settings.XINYONG_HOME / "analytics", ignore_errors=True)
    shutil.rmtree(settings.XINYONG_HOME / "security", ignore_errors=True)  # proofs of mandates
    shutil.rmtree(settings.XINYONG_HOME / "workflow", ignore_errors=True)  # papers of cases
    shutil.rmtree(settings.XINYONG_HOME / "subjects", ignore_errors=True)  # proofs of claims
    shutil.rmtree(
        settings.XINYONG_HOME / "reports" / "batches", ignore_errors=True
    )  # names that reports were asked for
    shutil.rmtree(settings.XINYONG_HOME / "log", ignore_errors=True)  # it would say that the database was put back
    connection.close()
    with separation.as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '60s'")
        # The append-only triggers refuse it, and so do foreign keys; a replica role is how a superuser says "not as the application".
        cursor.execute("SET LOCAL session_replication_role = replica")
        # Not TRUNCATE: that makes new files for every table, for all that refer to it and for each of their indexes.
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
            " AND pg_relation_size(c.oid) > 0"  # a look at each of 170 tables that no test ever wrote to costs 30 ms
        )
        tables = [name for (name,) in cursor.fetchall() if name not in _KEPT and not _is_queues(name)]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables))
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {name}")
        cursor.execute("DELETE FROM catalogue_itemversion WHERE id > %s", _installed)
        cursor.execute(
            "SELECT setval(format('%%I.%%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
            " WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename NOT SIMILAR TO %s",
            ["(" + "|".join(sorted(_KEPT)) + "|procrastinate)%"],
        )


def _last_version() -> int:
    from django.db.models import Max

    from xinyong.catalogue.models import ItemVersion

    return int(ItemVersion.objects.aggregate(last=Max("id"))["last"])


def _is_queues(table: str) -> bool:
    return table.startswith("procrastinate") and table != "procrastinate_jobs"


@pytest.fixture
def shared_data() -> Path:
    """Real inputs that are not part of the repository; the test is skipped where they are absent."""
    if not SHARED_DATA.exists():
        pytest.skip("the real input files are not on this machine")
    return SHARED_DATA


@dataclass(frozen=True, slots=True)
class City:
    """A running installation with a small synthetic city, in a process of its own."""

    url: str
    home: Path
    accounts: dict[str, str]  # user name → password
    secrets: dict[str, str]  # user name → authenticator secret
    process: subprocess.Popen[bytes]

    def xinyong(self, *arguments: str, code: int | None = 0) -> str:
        """Runs the console script against this city; checks its exit code unless None."""
        done = subprocess.run(
            [sys.executable, "-m", "xinyong.config", *arguments],
            env=os.environ | {"XINYONG_HOME": str(self.home)}, capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """The JSON a command prints."""
        return json.loads(self.xinyong(*arguments, "--json", code=code))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_INSTALL = """
from xinyong.config import postgres
postgres.ensure_running(quick_and_unsafe=True)
from xinyong.operations import command
command.with_database()
from xinyong.operations.setup import prepare
prepare()
"""


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Makes a folder the data directory of an installation of its own, as `xinyong setup` leaves it: set up once for all
    workers, then copied, for that costs a fiftieth."""
    base = tmp_path_factory.getbasetemp()
    first = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"

    def copy(folder: Path) -> Path:
        with first.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (first / "ready").exists():
                subprocess.run(
                    [sys.executable, "-c", _INSTALL], cwd=ROOT, check=True, capture_output=True,
                    env=os.environ | {"XINYONG_HOME": str(first), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "xinyong.config.settings"},
                )  # fmt: skip
                (first / "ready").touch()
        if not os.environ.get("DATABASE_URL"):
            subprocess.run(["cp", "-a", f"{first}/.", str(folder)], check=True)  # the server's files belong to its user
        return folder

    return copy


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, install: Callable[[Path], Path]) -> Iterator[City]:
    """Starts what `make run` starts, with 400 subjects and 3,000 records; ends it with Ctrl-C."""
    home = install(tmp_path_factory.mktemp("city"))
    port = free_port()
    log = home / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "xinyong.config", "run", "--port", str(port), "--subjects", "400", "--records", "3000"],
            env=os.environ | {"XINYONG_HOME": str(home)}, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, log)
        text = (home / "demo-accounts.txt").read_text(encoding="utf-8")
        lines = re.findall(r"^(\S+)\s+(\S+)\s+(\S+)", text, re.MULTILINE)
        accounts, secrets = ({one[0]: one[n] for one in lines} for n in (1, 2))
        yield City(url, home, accounts, secrets, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"xinyong run ended with {process.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the city did not answer:\n{log.read_text(errors='replace')[-4000:]}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium, Debian's own: its headless shell where there is one, for the whole browser draws windows that
    nobody sees, at three times the cost. Ended with the module: while Playwright runs, its event loop holds the thread,
    and Django refuses the database to whoever comes next."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--no-first-run", "--disable-quic",
            ],
        )  # fmt: skip
        yield chromium
        chromium.close()
