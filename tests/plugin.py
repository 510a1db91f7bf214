"""Loaded before Django's settings: the suite has its own data directory and its own embedded server (fsync off).

With ``-n`` every worker has both to itself, and is dealt whole modules: their fixtures are set up once. The directory
lies in the one that is named, and is never that one itself: tests empty it.
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_GIVEN = os.environ.get("XINYONG_HOME") or str(Path(__file__).parent.parent / "var" / "test")
_HOME = os.environ.setdefault("XINYONG_TEST_HOME", os.path.abspath(_GIVEN))  # workers inherit it
# Tests ask many times from one address; those about limits turn them on.
os.environ.setdefault("XINYONG_RATE_LIMITS", "0")
# A server for each worker, with little in it; and dropping a table looks through all of a cache.
os.environ.setdefault("XINYONG_DATABASE_MEMORY_MB", "256")
os.environ["XINYONG_HOME"] = os.path.join(_HOME, os.environ.get("PYTEST_XDIST_WORKER", "alone"))

#: What takes longest begins first, or one worker would finish long after the others: here whatever took 25 s or more. A folder
#: stays together: its modules share a running city, or a world.
LONGEST = (
    "tests/journeys/",
    "tests/matrix/",
    "tests/golden/",
    "tests/operations/test_city.py",
    "tests/intake/test_docking.py",
    "tests/operations/test_serve.py",
    "tests/intake/test_kill.py",
    "tests/intake/test_offline.py",
    "tests/rights/test_queries.py",
    "tests/reports/test_verify_command.py",
    "tests/intake/test_faults.py",
    "tests/exchange/test_interface.py",
    "tests/records/test_erased.py",
    "tests/intake/test_drop.py",
    "tests/rights/test_objection.py",
    "tests/intake/test_interruptions.py",
    "tests/office/test_access.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of ours: the authorisation matrix as it is, to be read and committed; sizes that evidence raises."""
    parser.addoption(
        "--interleaved", type=int, default=80, help="requests of two tenants (tests/security/test_scope.py)"
    )
    parser.addoption("--write-matrix", action="store_true", help="write tests/matrix/expected.csv anew")
    parser.addoption("--write-golden", action="store_true", help="write tests/golden/entries.json anew")


def pytest_configure(config: pytest.Config) -> None:
    """Starts the server, except in the process that only deals tests out: that one compiles what all read."""
    from xinyong.config import postgres
    from xinyong.web import messages

    if config.getoption("numprocesses", None):
        messages.compile_messages()
    else:
        postgres.ensure_running(quick_and_unsafe=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that asks for no database gets none, also where a fixture of its module has opened it: else it would pass or
    fail with its place in the random order."""
    from pytest_django.plugin import blocking_manager_key

    asked = {"django_db_setup", "db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    if asked or item.get_closest_marker("django_db"):
        yield
        return
    with item.config.stash[blocking_manager_key].block():
        yield


def pytest_collection_finish(session: pytest.Session) -> None:
    """What collecting has made lives as long as the process: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """At the end everything may go."""
    gc.unfreeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For workers the longest first; the rest, and everything without workers, stays in its random order."""
    if hasattr(config, "workerinput"):
        order = {one: place for place, one in enumerate(LONGEST)}
        items.sort(key=lambda item: order.get(_together(item.nodeid), len(order)))


def _together(nodeid: str) -> str:
    """What one worker does in one go: a module, or a whole folder."""
    return next((one for one in LONGEST if nodeid.startswith(one)), nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deals out modules in the order in which they were collected."""
    from xdist.scheduler import LoadScopeScheduling

    class Modules(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _together(nodeid)

    config.option.loadscopereorder = False
    return Modules(config, log)
