"""Pulling from a department's database: real PostgreSQL and MariaDB servers, which the tests start."""

import dataclasses
import ipaddress
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.intake import departments, made
from tests.intake.departments import COLUMNS, PASSWORD, Server
from xinyong.intake import _failures, _source, docked, docking, pulling, staging, submit, views
from xinyong.intake.docking import Schedule
from xinyong.intake.models import DockedTable, Submission
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.security.identity import SourceUnit

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HOURLY = Schedule(every_minutes=60)
#: The tests' today is in June 2026, the servers' clocks are not.
LATER = made.NOW + timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day", "networks")


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str], Server]]:
    """Each server, started when it is first asked for."""
    with ExitStack() as stack:
        running: dict[str, Server] = {}

        def ask(dialect: str) -> Server:
            if dialect == "mysql" and departments.program() is None:
                pytest.skip("no MariaDB: install the package mariadb-server (tools/departments.sh)")
            if dialect not in running:
                running[dialect] = stack.enter_context(
                    getattr(departments, {"mysql": "mariadb"}.get(dialect, dialect))()
                )
            return running[dialect]

        yield ask


@pytest.fixture(params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    return servers(request.param)


@pytest.fixture
def pg(servers: Callable[[str], Server]) -> Server:
    return servers("postgresql")


@pytest.fixture
def networks(settings: Any) -> None:
    settings.DOCKING_NETWORKS = LOOPBACK


@pytest.fixture
def unit(module_db: None) -> SourceUnit:
    return made.department()


def at(year: int, month: int, day: int) -> datetime:
    """Midnight of a day, without zone, as departments keep it."""
    return datetime.fromisoformat(f"{year}-{month:02d}-{day:02d}")


def declared(server: Server, unit: SourceUnit, table: str, **options: Any) -> int:
    """A docked table: number."""
    number = len(docked.databases(seen_by=made.SYSTEM))
    database = docking.declare(
        name=f"示例库{number}", department=unit.code, access=server.access(), by=made.SYSTEM, now=made.NOW
    )
    given = {
        "item_id": "admin-penalty-org", "columns": COLUMNS, "watermark": "gxsj", "key": "id", "schedule": HOURLY,
        "table": table,
    }  # fmt: skip
    return docking.declare_table(database, **(given | options), by=made.SYSTEM, now=made.NOW)


def pull(table: int) -> pulling.Pulled:
    """One slice, pulled and worked on."""
    done = pulling.pull(table, by=made.SYSTEM, now=clock.now())
    if done.submission is not None:
        submit.run(done.submission.id, by=made.SYSTEM)
    return done


def all_of(table: int) -> list[int]:
    """Everything, slice by slice: rows of each."""
    found = []
    while True:
        done = pull(table)
        found.append(done.rows)
        if not done.is_more:
            return found


def went_in(unit: SourceUnit) -> dict[str, int]:
    """Counts over the unit's submissions."""
    of_unit = views.submissions(seen_by=made.SYSTEM, source_code=unit.code, limit=1000)
    assert {one.status for one in of_unit} <= {"deposited"}
    sums = [dataclasses.asdict(one.counts) for one in of_unit]
    return {name: sum(one[name] for one in sums) for name in (sums[0] if sums else {})}


def original(done: pulling.Pulled, folder: Path) -> dict[str, list[str | None]]:
    """The file that was handed in, as it is kept."""
    assert done.submission is not None
    digest = Submission.objects.get(pk=done.submission.id).content_digest
    return pq.read_table(staging.open_original(digest, folder / "original.parquet")).to_pydict()


def test_what_is_pulled_says_what_the_department_has(server: Server, unit: SourceUnit, tmp_path: Path) -> None:
    """Codes with their zeros, decimals, dates, nothing, and characters beyond the first plane."""
    name = server.table()
    one, two = departments.rows(unit, 2)
    one |= {"fkje": Decimal("0.200000"), "wfxw": "𠮷𡈽 示例\t“引号” 'x' \\ 😀", "Bz 注": None, "frdb": "007"}
    two |= {"fkje": Decimal("12345678.5"), "Bz 注": "", "nr": "第一行\n第二行", "jdrq": "2026-01-02"}
    server.insert(name, [one, two])
    table = declared(server, unit, name)
    done = pull(table)
    found = original(done, tmp_path)
    assert list(found) == list(COLUMNS)
    assert found["fkje"] == ["0.200000", "12345678.500000"]
    assert found["wfxw"][0] == one["wfxw"]
    assert found["frdb"][0] == "007"
    assert found["jdrq"] == ["2026-06-08", "2026-01-02"]
    assert found["Bz 注"] == [None, ""]
    assert found["nr"][1] == "第一行\n第二行"
    assert went_in(unit) == {
        "rows_read": 2,
        "accepted": 2,
        "doubtful": 0,
        "rejected": 0,
        "duplicate": 0,
        "unchanged": 0,
    }


def test_rows_of_one_instant_are_cut_by_their_key_and_none_is_lost(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 25, step=0))
    table = declared(server, unit, name, slice_rows=10)
    assert all_of(table) == [10, 10, 5]
    assert went_in(unit)["accepted"] == 25


def test_without_a_key_a_slice_takes_all_of_its_last_instant(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    rows = departments.rows(unit, 6) + departments.rows(unit, 8, first=7, at=at(2026, 6, 2), step=0)
    server.insert(name, rows + departments.rows(unit, 3, first=15, at=at(2026, 6, 3)))
    table = declared(server, unit, name, slice_rows=10, key="")
    assert all_of(table) == [14, 3]
    assert went_in(unit) == {
        "rows_read": 17, "accepted": 17, "doubtful": 0, "rejected": 0, "duplicate": 0, "unchanged": 0,
    }  # fmt: skip


def test_a_row_whose_transaction_ended_late_is_found_and_nothing_else_comes_again(
    server: Server, unit: SourceUnit
) -> None:
    name = server.table()
    rows = departments.rows(unit, 5)
    server.insert(name, [*rows[:2], *rows[3:]])
    table = declared(server, unit, name)
    assert all_of(table) == [4]
    assert all_of(table) == [0]  # the overlap was read again, and nothing of it is new
    server.insert(name, [rows[2]])  # entered before the last, committed after
    assert all_of(table) == [1]
    assert went_in(unit)["accepted"] == 5
    assert went_in(unit)["unchanged"] == 0


def test_a_row_that_is_changed_and_changed_back_is_handed_in_each_time(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 1))
    table = declared(server, unit, name)
    for number, words in enumerate(("罚款0.2万元", "罚款0.3万元", "罚款0.2万元")):
        server.run(f"UPDATE {name} SET nr = %s, gxsj = %s", words, at(2026, 6, 2 + number))
        assert all_of(table) == [1]
    assert [one.status for one in views.submissions(seen_by=made.SYSTEM, source_code=unit.code)] == ["deposited"] * 3
    assert went_in(unit)["accepted"] == 3  # versions of one datum


def test_a_row_of_the_far_future_stops_no_other(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 1, at=at(2099, 1, 1)))
    table = declared(server, unit, name)
    assert all_of(table) == [0]
    server.insert(name, departments.rows(unit, 2, first=2))
    assert all_of(table) == [2]


def test_numbers_serve_as_watermarks(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 7))
    table = declared(server, unit, name, watermark="id", key="", slice_rows=3, overlap=2)
    assert all_of(table) == [3, 3, 1]
    server.insert(name, departments.rows(unit, 1, first=8))
    assert all_of(table) == [0, 1]  # a slice of the overlap, of which nothing is new
    assert went_in(unit)["accepted"] == 8


def test_days_serve_as_watermarks(server: Server, unit: SourceUnit) -> None:
    """More rows of the same day come later in the day."""
    name = server.table()
    server.insert(name, departments.rows(unit, 3))
    table = declared(server, unit, name, watermark="jdrq")
    assert all_of(table) == [3]
    server.insert(name, departments.rows(unit, 2, first=4))
    assert all_of(table) == [2]
    assert went_in(unit)["accepted"] == 5


def test_a_view_is_pulled_as_a_table_is(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 4))
    server.run(f"CREATE VIEW v_{name} AS SELECT * FROM {name} WHERE id > 1")
    if server.dialect == "postgresql":
        server.run(f"GRANT SELECT ON v_{name} TO {departments.READER}")
    assert all_of(declared(server, unit, f"v_{name}")) == [3]


def test_read_from_the_beginning_again_everything_is_unchanged(pg: Server, unit: SourceUnit) -> None:
    name = pg.table()
    pg.insert(name, departments.rows(unit, 3))
    table = declared(pg, unit, name)
    assert all_of(table) == [3]
    docking.rewind(table, by=made.SYSTEM)
    assert all_of(table) == [3]
    assert went_in(unit) == {
        "rows_read": 6, "accepted": 3, "doubtful": 0, "rejected": 0, "duplicate": 0, "unchanged": 3,
    }  # fmt: skip


def _failed(table: int) -> str:
    """The code of what went wrong; no secret stands in what is said of it."""
    with pytest.raises(XinyongError) as raised:
        pull(table)
    assert PASSWORD not in str(raised.value)
    assert PASSWORD not in repr(raised.value.facts)
    assert raised.value.__cause__ is None
    return raised.value.code


def test_each_failure_says_what_and_moves_nothing(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 2))
    table = declared(server, unit, name)
    database = DockedTable.objects.get(pk=table).database_id

    docking.change(database, access=server.access(password="wrong"), by=made.SYSTEM)
    assert _failed(table) == "intake.database-sign-in"
    docking.change(database, access=server.access(database="nowhere"), by=made.SYSTEM)
    assert _failed(table) == "intake.database-sign-in"
    docking.change(database, access=server.access(port=departments.free_port()), by=made.SYSTEM)
    assert _failed(table) == "intake.database-unreachable"
    docking.change(database, access=server.access(), by=made.SYSTEM)
    server.run(f"ALTER TABLE {name} DROP COLUMN nr")
    assert _failed(table) == "intake.table-changed"
    server.run(f"DROP TABLE {name}")
    assert _failed(table) == "intake.table-changed"
    assert Submission.objects.filter(source_id=unit.id).count() == 0
    assert DockedTable.objects.get(pk=table).mark == ""


def test_a_table_that_may_not_be_read_says_so(pg: Server, unit: SourceUnit) -> None:
    name = pg.table()
    table = declared(pg, unit, name)
    pg.run(f"REVOKE SELECT ON {name} FROM {departments.READER}")
    assert _failed(table) == "intake.table-not-readable"


def test_the_server_itself_refuses_our_session_to_write(server: Server, unit: SourceUnit) -> None:
    """Even where the department has given the account more than it should."""
    name = server.table()
    server.insert(name, departments.rows(unit, 1))
    server.run(
        f"GRANT INSERT, UPDATE, DELETE ON {name} TO {departments.READER}"
        + ("@'%'" if server.dialect == "mysql" else "")
    )
    table = declared(server, unit, name)
    kept = DockedTable.objects.get(pk=table).database
    for statement in (f"DELETE FROM {name}", f"UPDATE {name} SET nr = ''", f"INSERT INTO {name} (id) VALUES (99)"):
        with pytest.raises(_failures.WriteRefused), _source.session(docking.place(kept), docking.password(kept)) as own:
            own.exec_driver_sql(statement)
    assert server.run(f"SELECT count(*), max(nr) FROM {name}") == [(1, "罚款0.2万元")]


def test_encryption_is_as_declared_or_there_is_no_connection(
    servers: Callable[[str], Server], unit: SourceUnit
) -> None:
    server, bare = servers("mysql"), servers("postgresql")
    database = docking.declare(
        name="加密示例库", department=unit.code, access=server.access(tls="verify", ca_pem=server.authority),
        by=made.SYSTEM, now=made.NOW,
    )  # fmt: skip
    found = pulling.try_out(database, by=made.SYSTEM)
    assert found.is_encrypted
    assert found.server.startswith("MariaDB 10.") or found.server.startswith("MariaDB 1")
    docking.change(database, access=server.access(tls="verify"), by=made.SYSTEM)  # an authority that nobody here knows
    with pytest.raises(_failures.NotEncrypted):
        pulling.try_out(database, by=made.SYSTEM)
    docking.change(database, access=server.access(tls="require"), by=made.SYSTEM)
    assert pulling.try_out(database, by=made.SYSTEM).is_encrypted
    docking.change(database, access=bare.access(tls="require"), by=made.SYSTEM)  # its build has no TLS
    with pytest.raises(_failures.NotEncrypted):
        pulling.try_out(database, by=made.SYSTEM)
    docking.change(database, access=bare.access(), by=made.SYSTEM)
    assert not pulling.try_out(database, by=made.SYSTEM).is_encrypted
