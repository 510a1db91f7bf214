"""The pages and the command line of docking, against a real server that the test starts."""

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import translation

from tests.intake import departments, made
from tests.intake.departments import COLUMNS, PASSWORD, READER, Server
from tests.office.conftest import Office
from xinyong.intake import docked, docking, jobs
from xinyong.operations import command
from xinyong.operations import docking as commands

pytestmark = pytest.mark.usefixtures("networks")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with departments.postgresql() as running:
        yield running


@pytest.fixture
def networks(settings: Any) -> None:
    settings.DOCKING_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)


def _form(server: Server, office: Office, **changes: Any) -> dict[str, Any]:
    return {
        "name": "云溪市监管处罚库", "department": office.unit.code, "dialect": "postgresql", "host": "127.0.0.1",
        "port": server.port, "database": "dept", "username": READER, "password": PASSWORD, "tls": "off",
    } | changes  # fmt: skip


def test_an_operator_docks_a_table_on_the_pages_alone(browsers: Office, server: Server, noted: Any) -> None:
    client, name = browsers["operator"], server.table()
    server.insert(name, departments.rows(browsers.unit, 3))
    assert "本单位没有对接数据库" in browsers["stranger"].get("/office/docking/").content.decode()
    refused = client.post("/office/docking/new", _form(server, browsers, password=""))
    assert refused.status_code == 400
    assert "二者取一" in refused.content.decode()
    noted()
    made_it = client.post("/office/docking/new", _form(server, browsers))
    assert noted() == ["docking-declared"]
    database = made_it["Location"]
    tested = client.post(f"{database}act", {"act": "test"}).content.decode()
    assert "连接成功" in tested
    assert f"<code>{name}</code>" in tested
    assert PASSWORD not in tested

    which = {"item": "admin-penalty-org", "table": name, "schema": ""}
    page = client.get(f"{database}tables/new", which).content.decode()
    chosen = {}
    for place, column in enumerate(["id", *COLUMNS, "gxsj"]):
        assert f'name="column-{place}"' in page
        chosen[f"column-{place}"] = COLUMNS.get(column, "")
    given = which | chosen | {"watermark": "gxsj", "key": "id", "every_minutes": 60, "daily_at": "", "overlap": ""}
    wrong = client.post(f"{database}tables/new", given | {"watermark": ""})
    assert wrong.status_code == 400
    assert "请选择水位列" in wrong.content.decode()
    table = client.post(f"{database}tables/new", given)["Location"]
    page = client.get(table).content.decode()
    assert "未启用" in page
    preview = client.get(f"{table}preview").content.decode()
    assert "3 行可以入库" in preview

    noted()
    client.post(f"{table}act", {"act": "start"})
    assert noted() == ["docking-changed"]
    number = int(table.rstrip("/").rpartition("/")[2])
    jobs.pull(number)
    page = client.get(table).content.decode()
    assert "运行中" in page
    assert "/office/submissions/" in page
    server.run(f"ALTER TABLE {name} DROP COLUMN nr")
    for _ in range(3):
        jobs.pull(number)
    page = client.get("/office/docking/").content.decode()
    assert "连续拉取失败" in page
    assert "已没有这些列：nr" in page
    assert "已没有这些列" in client.get(f"{table}preview").content.decode()

    own, strange = (browsers[role].get("/office/docking/").content.decode() for role in ("clerk", "stranger"))
    assert name in own
    assert "登记数据库" not in own
    assert name not in strange
    assert browsers["stranger"].get(table).status_code == 404
    client.post(f"{table}act", {"act": "remove"})
    assert docked.table(number, seen_by=made.SYSTEM).state == "active"  # not without being sure
    client.post(f"{table}act", {"act": "remove", "sure": "1"})
    client.post(f"{database}act", {"act": "remove", "sure": "1"})
    assert "已删去" in client.get(database).content.decode()


def test_a_connection_that_fails_says_why_on_the_page(browsers: Office, server: Server) -> None:
    client = browsers["operator"]
    database = client.post("/office/docking/new", _form(server, browsers, name="错的", password="wrong-secret"))[
        "Location"
    ]
    failed = client.post(f"{database}act", {"act": "test"})
    assert failed.status_code == 409
    assert "拒绝登录" in failed.content.decode()
    assert "wrong-secret" not in failed.content.decode()
    changed = client.post(f"{database}change", _form(server, browsers, password="", port=1))
    assert changed.status_code == 400
    client.post(f"{database}change", _form(server, browsers))
    assert "连接成功" in client.post(f"{database}act", {"act": "test"}).content.decode()


def test_the_command_line_does_it_all(
    office: Office, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "with_database", lambda: None)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    name = server.table()
    server.insert(name, departments.rows(office.unit, 2))

    def run(*arguments: str, code: int = 0, typed: str = "") -> Any:
        done = CliRunner().invoke(commands.docking, [*arguments, "--json"], input=typed)
        assert done.exit_code == code, (arguments, done.output, done.exception)
        assert PASSWORD not in done.output
        return json.loads(done.stdout[done.stdout.index("[" if arguments[0] in {"list", "columns"} else "{") :])

    way = [
        "--dialect",
        "postgresql",
        "--host",
        "127.0.0.1",
        "--port",
        str(server.port),
        "--database",
        "dept",
        "--user",
        READER,
    ]
    added = run(
        "add", "命令行库", "--department", office.unit.code, *way, "--tls", "off", "--password-file", str(secret)
    )
    database = str(added["database"])
    typed = run("change", database, *way, "--tls", "off", typed=PASSWORD + "\n")
    assert typed == {"number": int(database), "state": "changed"}
    assert name in run("test", database)["tables"]
    assert len(run("columns", database, name, "--item", "admin-penalty-org")) == len(COLUMNS) + 2
    pairs = [part for column, code in COLUMNS.items() for part in ("--column", f"{column}={code}")]
    mapped = run(
        "map", database, name, "--item", "admin-penalty-org", "--watermark", "gxsj", "--daily", "02:30", *pairs
    )
    table = str(mapped["table"])
    assert run("preview", table)["accepted"] == 2
    assert [one["accepted"] for one in run("run", table)["submissions"]] == [2]
    assert run("run", table)["submissions"] == []
    assert run("resume", table, "--again")["state"] == "active"
    assert [one["unchanged"] for one in run("run", table)["submissions"]] == [2]
    assert run("pause", table)["state"] == "paused"
    listed = next(one for one in run("list") if one["id"] == int(database))
    assert (listed["tables"][0]["state"], listed["tables"][0]["rows"]) == ("paused", 4)
    run("remove", table)
    run("remove", database, "--database")
    with translation.override("zh-hans"), pytest.raises(docking.DockingRemoved):
        docking.resume(int(table), by=made.SYSTEM, now=made.NOW)
