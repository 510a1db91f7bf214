"""Pulling from a department's database: real PostgreSQL and MariaDB servers, which the tests start."""

import dataclasses
import ipaddress
import os
import random
import stat
import subprocess
import sys
import time as time_of_death
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from tests.conftest import ROOT
from tests.intake import departments, made
from tests.intake.departments import COLUMNS, PASSWORD, Server
from xinyong.intake import _failures, _network, _source, docked, docking, jobs, pulling, staging, submit, supply, views
from xinyong.intake.docking import Schedule
from xinyong.intake.models import DockedTable, Pull, Submission
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.security.access import NotAllowed
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
#: Kills in the suite; ``XINYONG_TEST_PROFILE=evidence`` makes it forty.
KILLS = 1 if hypothesis.settings().max_examples < 1000 else 40
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


def declared(server: Server, unit: SourceUnit, of: str, **options: Any) -> int:
    """A docked table: number."""
    number = len(docked.databases(seen_by=made.SYSTEM))
    database = docking.declare(
        name=f"示例库{number}", department=unit.code, access=server.access(), by=made.SYSTEM, now=made.NOW
    )
    given = {
        "item_id": "admin-penalty-org", "columns": COLUMNS, "watermark": "gxsj", "key": "id", "schedule": HOURLY,
        "table": of,
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


def test_a_table_filled_anew_each_night_is_not_handed_in_again_and_again(
    pg: Server, unit: SourceUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its rows bear one instant and are too many to remember."""
    monkeypatch.setattr(pulling, "_MOST_SEEN", 5)
    name = pg.table()
    pg.insert(name, departments.rows(unit, 12, step=0))
    table = declared(pg, unit, name, slice_rows=5)
    assert sum(all_of(table)) == 12
    assert [all_of(table), all_of(table)] == [[0], [0]]
    pg.insert(name, departments.rows(unit, 1, first=13, step=0))
    assert sum(all_of(table)) == 13
    assert all_of(table) == [0]
    assert went_in(unit)["accepted"] == 13


def test_rows_without_a_key_where_one_is_declared_stop_the_pull(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    server.insert(name, departments.rows(unit, 3000))
    server.run(f"UPDATE {name} SET frdb = NULL WHERE id = 2")
    assert _failed(declared(server, unit, name, key="frdb")) == "intake.bad-docking"


_PULL = """
import ipaddress, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
settings.DOCKING_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
from xinyong.intake import _source, pulling, submit
from xinyong.kernel import clock
from xinyong.security import scope
from xinyong.security.access import system
scope.stand_as(system("test"))
print("ready", flush=True)
while pulling.pull(int(sys.argv[2]), by=system("test"), now=clock.now()).is_more:
    pass
print("done", flush=True)
"""


def test_killed_anywhere_and_started_again_nothing_is_lost_and_nothing_comes_twice(
    server: Server, unit: SourceUnit
) -> None:
    """kill -9 of a real process, at random moments, until it comes to its end."""
    from django.db import connection

    name, chance, rows = server.table(), random.Random(), 2000
    server.insert(name, departments.rows(unit, rows, step=0.01))
    table = declared(server, unit, name, slice_rows=200)
    killed, is_done = 0, False
    while not is_done:
        process = subprocess.Popen(
            [sys.executable, "-c", _PULL, connection.settings_dict["NAME"], str(table)], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, env=os.environ | {"DJANGO_SETTINGS_MODULE": "xinyong.config.settings"}, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if killed < KILLS:
            time_of_death.sleep(chance.uniform(0.05, 0.6))
            process.kill()
        said, _ = process.communicate(timeout=120)
        is_done = "done" in said
        assert is_done or process.returncode == -9
        killed += not is_done
    assert killed >= 1
    handed_in = Submission.objects.filter(source_id=unit.id)
    assert handed_in.count() == rows // 200
    assert sum(one.rows for one in docked.pulls(table, seen_by=made.SYSTEM, limit=1000)) == rows
    found: list[str] = []
    for one in handed_in:
        path = staging.open_original(one.content_digest, settings.XINYONG_HOME / "one.parquet")
        found += pq.read_table(path, columns=["doc_no"]).column(0).to_pylist()
        path.unlink()
    assert len(found) == len(set(found)) == rows
    assert sum(all_of(table)) == 0
    assert list((settings.XINYONG_HOME / "intake" / "pulling").iterdir()) == []


def test_a_preview_judges_and_masks_and_keeps_nothing(server: Server, unit: SourceUnit) -> None:
    name = server.table()
    person = made.person()
    good = departments.rows(unit, 1)[0]
    bad = departments.rows(unit, 1, first=2)[0] | {"jdrq": None, "wfxw": f"当事人{person.number}", "gxsj": None}
    server.insert(name, [good, bad])
    table = declared(server, unit, name)
    found = pulling.preview(table, by=made.SYSTEM)
    assert (found.trial.counts.rows_read, found.trial.counts.accepted) == (2, 1)
    assert found.has_unmarked
    assert found.headers[0] == ("doc_no", "CF_WSH")
    assert {row[0] for row in found.rows} == {good["doc_no"], bad["doc_no"]}
    assert person.number not in repr(found)
    assert Submission.objects.filter(source_id=unit.id).count() == 0
    assert list((settings.XINYONG_HOME / "intake" / "pulling").iterdir()) == []


def test_columns_are_known_by_their_names_and_their_comments(server: Server, unit: SourceUnit) -> None:
    name = f"named_{unit.id}_{server.dialect}"
    if server.dialect == "mysql":
        server.run(f"CREATE TABLE {name} (CF_WSH varchar(10), a varchar(10) COMMENT '行政相对人名称', b blob, c int)")
    else:
        server.run(f'CREATE TABLE {name} ("CF_WSH" varchar(10), a varchar(10), b bytea, c int)')
        server.run(f"COMMENT ON COLUMN {name}.a IS '行政相对人名称'")
        server.run(f"GRANT SELECT ON {name} TO {departments.READER}")
    database = DockedTable.objects.get(pk=declared(server, unit, server.table())).database_id
    found = pulling.suggest(database, item_id="admin-penalty-org", table=name, by=made.SYSTEM)
    assert [(one.name, one.field) for one in found] == [("CF_WSH", "CF_WSH"), ("a", "CF_XDR_MC"), ("b", ""), ("c", "")]
    assert {one.name: one.kind for one in found}["b"] == "unfit"
    assert name in pulling.try_out(database, by=made.SYSTEM).tables


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": {"doc_no": "CF_WSH"}}, "必填"),
        ({"columns": COLUMNS | {"nothing": "CF_CFJG2"}}, "CF_CFJG2"),
        ({"columns": COLUMNS | {"'; DROP TABLE x; --": ""}}, "没有这些列"),
        ({"watermark": "nr"}, "水位列"),
        ({"watermark": "absent"}, "没有这些列"),
        ({"key": "gxsj"}, "主键列"),
        ({"table": "nowhere; SELECT 1"}, "不在"),
        ({"schedule": Schedule()}, "二者取一"),
        ({"schedule": Schedule(60, time(2))}, "二者取一"),
        ({"schedule": Schedule(1)}, "分钟"),
        ({"slice_rows": 0}, "每批"),
    ],
)
def test_what_cannot_be_pulled_is_not_declared(
    pg: Server, unit: SourceUnit, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(XinyongError) as raised:
        declared(pg, unit, pg.table(), **options)
    assert said in raised.value.zh


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "::1", "::ffff:169.254.169.254", "/var/run/postgresql",
        "127.0.0.1 user=postgres", "no-such-host.invalid", "[::]", "-oProxyCommand=x",
    ],
)  # fmt: skip
def test_only_the_configured_networks_are_called(host: str, settings: Any) -> None:
    with pytest.raises(_network.HostRefused):
        _network.checked(host, 5432)
    settings.DOCKING_NETWORKS = tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "::/0")))
    if host not in {"10.0.0.1", "::1"}:
        with pytest.raises(_network.HostRefused):
            _network.checked(host, 5433)


def test_no_network_no_docking_and_never_our_own_database(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "localhost")
    monkeypatch.setitem(settings.DATABASES["default"], "PORT", "5432")
    with pytest.raises(_network.HostRefused):
        _network.checked("127.0.0.1", 5432)
    assert _network.checked("127.0.0.1", 5433) == "127.0.0.1"
    settings.DOCKING_NETWORKS = ()
    with pytest.raises(_network.DockingOff):
        _network.checked("127.0.0.1", 5433)


def test_the_connection_goes_to_the_address_that_was_judged(
    server: Server, unit: SourceUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers differently the second time is not asked a second time."""
    import socket

    real, asked = socket.getaddrinfo, []

    def answer(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return real(host, *arguments, **options)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "192.0.2.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    database = docking.declare(
        name=f"改名库 {server.dialect}", department=unit.code, access=server.access(host="rebinding.example"),
        by=made.SYSTEM, now=made.NOW,
    )  # fmt: skip
    assert pulling.try_out(database, by=made.SYSTEM).server
    assert asked == ["rebinding.example"]


def test_the_old_password_never_goes_to_another_server(pg: Server, unit: SourceUnit) -> None:
    database = DockedTable.objects.get(pk=declared(pg, unit, pg.table())).database_id
    docking.change(database, access=pg.access(password="", database="other"), by=made.SYSTEM)
    for changes in ({"host": "127.0.0.2"}, {"port": 1}, {"username": "other"}, {"dialect": "mysql"}):
        with pytest.raises(docking.BadDatabase):
            docking.change(database, access=pg.access(password="", **changes), by=made.SYSTEM)


def test_a_password_may_stay_in_a_file_of_one_folder_only(
    pg: Server, unit: SourceUnit, tmp_path: Path, settings: Any
) -> None:
    database = DockedTable.objects.get(pk=declared(pg, unit, pg.table())).database_id
    kept = pg.access(password="", password_file="dept")
    with pytest.raises(docking.BadDatabase):
        docking.change(database, access=kept, by=made.SYSTEM)
    settings.DOCKING_SECRETS = str(tmp_path)
    (tmp_path / "dept").write_text(f"{PASSWORD}\n", encoding="utf-8")
    docking.change(database, access=kept, by=made.SYSTEM)
    assert pulling.try_out(database, by=made.SYSTEM).server
    assert DockedTable.objects.get(database=database).database.sealed is None
    for name in ("../dept", "/etc/passwd", ".dept", "absent"):
        with pytest.raises(docking.BadDatabase):
            docking.change(database, access=dataclasses.replace(kept, password_file=name), by=made.SYSTEM)


def test_the_password_stands_nowhere(server: Server, unit: SourceUnit, caplog: pytest.LogCaptureFixture) -> None:
    from django.db import connection

    caplog.set_level("DEBUG")
    name = server.table()
    server.insert(name, departments.rows(unit, 1))
    table = declared(server, unit, name)
    database = DockedTable.objects.get(pk=table).database_id
    jobs.pull(table)
    server.run(f"DROP TABLE {name}")
    jobs.pull(table)
    docking.change(database, access=server.access(password=PASSWORD + "2"), by=made.SYSTEM)
    jobs.pull(table)
    texts = [caplog.text, repr(docked.databases(seen_by=made.SYSTEM)), Path("/proc/self/cmdline").read_text()]
    with connection.cursor() as cursor:
        for kept in (
            "security_auditentry",
            "intake_dockeddatabase",
            "intake_dockedtable",
            "intake_pull",
            "procrastinate_jobs",
        ):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {kept} t")
            texts += [text for (text,) in cursor.fetchall()]
    assert len(docked.pulls(table, seen_by=made.SYSTEM)) == 3
    assert [text for text in texts if PASSWORD in text or "w@rd" in text] == []


def test_rows_on_their_way_lie_in_a_private_file_that_is_gone_afterwards(
    pg: Server, unit: SourceUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = pg.table()
    pg.insert(name, departments.rows(unit, 1))
    table = declared(pg, unit, name)
    modes: list[int] = []

    def look(path: Path, **options: Any) -> Any:
        modes.extend(stat.S_IMODE(os.stat(one).st_mode) for one in (path, path.parent))
        raise docking.removed()

    monkeypatch.setattr(submit, "receive", look)
    with pytest.raises(docking.DockingRemoved):
        pull(table)
    assert modes == [0o600, 0o700]
    assert list((settings.XINYONG_HOME / "intake" / "pulling").iterdir()) == []
    assert DockedTable.objects.get(pk=table).mark == ""


def test_the_clock_asks_for_what_is_due_and_a_failure_is_kept_and_tried_later(pg: Server, unit: SourceUnit) -> None:
    name = pg.table()
    pg.insert(name, departments.rows(unit, 2))
    table = declared(pg, unit, name)
    assert table not in pulling.due(now=clock.now())
    jobs.start_pulling(table, by=made.SYSTEM)
    assert table in pulling.due(now=clock.now())
    jobs.pull_due(0)  # asked for already: once is enough
    assert _asked(table) == 1
    pg.run(f"ALTER TABLE {name} RENAME TO {name}_away")
    due = []
    for _ in range(3):
        jobs.pull(table)
        kept = DockedTable.objects.get(pk=table)
        due.append(round((kept.next_at - clock.now()) / timedelta(minutes=1)))
    assert due == [60, 60, 60]
    assert kept.failures == 3
    found = docked.table(table, seen_by=made.SYSTEM)
    assert found.is_troubled
    assert found.last is not None
    assert found.last.code == "intake.table-changed"
    assert pulling.failing() >= 1
    pg.run(f"ALTER TABLE {name}_away RENAME TO {name}")
    jobs.pull(table)
    found = docked.table(table, seen_by=made.SYSTEM)
    assert (found.failures, found.rows, found.is_troubled) == (0, 2, False)
    assert [one.rows for one in docked.pulls(table, seen_by=made.SYSTEM)] == [2, 0, 0, 0]
    docking.pause(table, by=made.SYSTEM)
    assert table not in pulling.due(now=LATER + timedelta(days=9))
    events = AuditEntry.objects.filter(object_kind="docked-table", object_ref=str(table)).order_by("id")
    assert list(events.exclude(event="docking-viewed").values_list("event", "outcome")) == [
        ("docking-declared", "done"), ("docking-changed", "done"), *[("docking-pulled", "refused")] * 3,
        ("docking-pulled", "done"), ("docking-changed", "done"),
    ]  # fmt: skip


def _asked(table: int) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'intake.pull' AND args = %s::jsonb AND status = 'todo'",
            [f'{{"table_id": {table}}}'],
        )
        return int(cursor.fetchone()[0])


def test_a_failed_daily_pull_is_tried_sooner_than_tomorrow(pg: Server, unit: SourceUnit) -> None:
    table = declared(pg, unit, pg.table(), schedule=Schedule(daily_at=time(2, 30)))
    docking.resume(table, by=made.SYSTEM, now=made.NOW)
    pull(table)
    assert DockedTable.objects.get(pk=table).next_at == datetime(2026, 6, 16, 2, 30, tzinfo=clock.ZONE)
    pauses = []
    for _ in range(5):
        pulling.note_failure(table, docking.unknown(1), by=made.SYSTEM, started_at=made.NOW, now=made.NOW)
        pauses.append((DockedTable.objects.get(pk=table).next_at - made.NOW) // timedelta(minutes=1))
    assert pauses == [5, 15, 60, 240, 240]


def test_a_slice_of_what_the_unit_may_not_report_is_a_failed_pull_and_comes_once_it_is_granted(
    pg: Server, unit: SourceUnit
) -> None:
    name, words = pg.table(), {"item_id": "admin-penalty-org", "basis": "三定方案载明的职责", "by": made.OPERATOR}
    pg.insert(name, departments.rows(unit, 2))
    table = declared(pg, unit, name)
    supply.set_mode(mode="granted", at=clock.now(), **words)
    try:
        jobs.pull(table)
        with pytest.raises(supply.NotGranted):
            pulling.preview(table, by=made.SYSTEM)
        with pytest.raises(supply.NotGranted):
            declared(pg, unit, name)
        found = docked.table(table, seen_by=made.SYSTEM)
        assert found.last is not None
        assert (found.failures, found.mark, found.last.code) == (1, "", "intake.not-granted")
        assert "/office/supply/" in found.last.reason_zh
        assert Submission.objects.filter(source_id=unit.id).count() == 0
        supply.grant(source_code=unit.code, starts_on=made.TODAY, at=clock.now(), **words)
        assert pull(table).rows == 2, "nothing was lost"
    finally:
        supply.set_mode(mode="open", at=clock.now(), **words)
    assert went_in(unit)["accepted"] == 2


def test_a_department_sees_its_own_pulls_and_manages_none(pg: Server, unit: SourceUnit) -> None:
    from xinyong.security.access import Actor, Role

    table = declared(pg, unit, pg.table())
    other = made.department()
    clerk, stranger = (Actor(role=Role.SOURCE_UNIT, name="clerk", department=one.code) for one in (unit, other))
    assert docked.table(table, seen_by=clerk).source_code == unit.code
    assert {one.source_code for one in docked.databases(seen_by=clerk)} == {unit.code}
    assert docked.databases(seen_by=stranger) == []
    for call in (docked.table, docked.pulls):
        with pytest.raises(docking.UnknownDocking):
            call(table, seen_by=stranger)
    for verb in (docking.pause, docking.rewind, docking.remove_table, pulling.preview):
        with pytest.raises(NotAllowed):
            verb(table, by=clerk)


def test_what_is_removed_is_closed_and_its_history_stays(pg: Server, unit: SourceUnit) -> None:
    name = pg.table()
    pg.insert(name, departments.rows(unit, 1))
    table = declared(pg, unit, name)
    pull(table)
    kept = DockedTable.objects.get(pk=table).database
    docking.remove(kept.pk, by=made.SYSTEM, now=made.NOW)
    docking.remove(kept.pk, by=made.SYSTEM, now=made.NOW)
    assert _failed(table) == "intake.docking-removed"
    assert len(docked.pulls(table, seen_by=made.SYSTEM)) == 1
    assert docking.password(type(kept).objects.get(pk=kept.pk)) == ""
    with pytest.raises(docking.DockingRemoved):
        docking.resume(table, by=made.SYSTEM, now=made.NOW)
    assert docking.declare(  # its name is free again
        name=kept.name, department=unit.code, access=pg.access(), by=made.SYSTEM, now=made.NOW
    )
    with pytest.raises(docking.NameTaken):
        docking.declare(name=kept.name, department=unit.code, access=pg.access(), by=made.SYSTEM, now=made.NOW)


def test_what_was_pulled_is_never_edited(pg: Server, unit: SourceUnit) -> None:
    from django.db import DatabaseError

    name = pg.table()
    pg.insert(name, departments.rows(unit, 1))
    pull(declared(pg, unit, name))
    with pytest.raises(DatabaseError):
        Pull.objects.filter(source_id=unit.id).update(rows=7)


def test_the_statements_of_sql_server_and_oracle_compile() -> None:
    """No such server is at hand: what is sent is looked at, and was never answered."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import mssql, oracle

    columns = {
        name: _source.Column(name, kind, type_, "")
        for name, kind, type_ in (
            ("GXSJ", "moment", sa.DateTime()), ("ID", "number", sa.Integer()), ("名称 x", "text", sa.String()),
        )
    }  # fmt: skip
    table = _source.Table("DBO", "T_CF", "GXSJ", "ID", columns)
    window = _source.Window(made.NOW, after=(made.NOW, 7))
    statement = table.select(["名称 x"]).where(table.within(window)).limit(5)
    said = " ".join(str(statement.compile(dialect=mssql.dialect())).split())
    assert (
        said.startswith("SELECT TOP __[POSTCOMPILE_param_1] [DBO].[T_CF].[GXSJ] AS c0") or "FROM [DBO].[T_CF]" in said
    )
    assert "[名称 x] AS c2" in said
    assert "[GXSJ] = %(GXSJ_3)s AND" in said or "ORDER BY" in said
    told = " ".join(str(statement.compile(dialect=oracle.dialect())).split())
    assert '"名称 x"' in told
    assert 'ORDER BY "DBO"."T_CF"."GXSJ", "DBO"."T_CF"."ID"' in told
    assert "FETCH FIRST" in told or "ROWNUM" in told
