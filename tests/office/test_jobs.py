"""Background work: the worker knows every job, does what was handed in, and a killed worker blocks nothing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from procrastinate.contrib.django import app

from tests.conftest import ROOT
from tests.intake import made
from tests.office.conftest import Office
from tests.office.test_audit import upload
from xinyong.intake import jobs, views
from xinyong.kernel import clock
from xinyong.web import limits


@pytest.fixture(autouse=True)
def _close_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's thread ends with its worker here, and with it the connection it would keep for the next job."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


def work() -> None:
    """What the worker does until nothing is left to do."""
    with app.replace_connector(app.connector.get_worker_connector()) as own:  # type: ignore[attr-defined]
        own.run_worker(wait=False, install_signal_handlers=False, listen_notify=False, delete_jobs="successful")


def test_the_worker_imports_every_module_of_jobs() -> None:
    there = {f"xinyong.{path.parent.name}.jobs" for path in (ROOT / "xinyong").glob("*/jobs.py")}
    assert set(settings.PROCRASTINATE_IMPORT_PATHS) == there
    app.perform_import_paths()
    assert {"intake.run", "records.close_clocks", "web.sweep_limits", "web.clear_sessions"} <= set(app.tasks)
    periodic = {name for name, _ in app.periodic_registry.periodic_tasks}
    assert {"records.close_clocks", "web.sweep_limits", "web.clear_sessions"} <= periodic


def test_what_is_handed_in_is_worked_on(browsers: Office, csv_of: Callable[..., Path]) -> None:
    number = upload(browsers["clerk"], csv_of(), browsers)
    assert views.submission(number, seen_by=made.SYSTEM).status == "received"
    work()
    assert views.submission(number, seen_by=made.SYSTEM).counts.accepted == 1


def test_work_that_a_killed_worker_left_is_done_by_the_next(browsers: Office, csv_of: Callable[..., Path]) -> None:
    number = upload(browsers["clerk"], csv_of(), browsers)
    with connection.cursor() as cursor:  # as kill -9 leaves the queue: taken, and never to be finished
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
    work()
    assert views.submission(number, seen_by=made.SYSTEM).status == "received"
    jobs.resume()
    work()
    assert views.submission(number, seen_by=made.SYSTEM).status == "deposited"


def test_limits_are_swept_by_a_job(browsers: Office) -> None:
    from xinyong.web.jobs import clear_sessions, sweep_limits

    long_ago = clock.now() - timedelta(hours=2)
    limits.take(limits.Limit("look-up", 5, 5), address="192.0.2.1", now=long_ago)
    sweep_limits.defer(timestamp=0)
    clear_sessions.defer(timestamp=0)
    work()
    assert limits.sweep(now=clock.now()) == 0
