"""The command line of the catalogue and its tables: exit codes and stable JSON keys."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.catalogue import samples
from xinyong.catalogue import load, publish, tables
from xinyong.operations import command
from xinyong.security import audit
from xinyong.security.access import Actor, Role, system

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _installed() -> None:
    publish.install_library(by=system("test"))


def run(*arguments: str) -> Result:
    """One command; an unexpected exception fails the test."""
    return CliRunner().invoke(command.group, list(arguments), catch_exceptions=False)


def answer(*arguments: str) -> Any:
    """The JSON document a command prints."""
    return json.loads(run(*arguments, "--json").stdout)


def test_list_shows_every_item_with_version_and_status() -> None:
    rows = answer("catalogue", "list")
    assert {row["item_id"] for row in rows} == set(load.library())
    assert set(rows[0]) == {
        "item_id", "version", "status", "title_zh", "title_en", "effective_from", "published_at", "published_by",
    }  # fmt: skip
    assert "admin-penalty-org" in run("catalogue", "list").stdout


def test_show_prints_fields_rules_and_bases() -> None:
    text = run("catalogue", "show", "admin-penalty-org").stdout
    assert "CF_NR_FK" in text
    assert "未核对原文" in text
    assert (
        load.item_from_data(answer("catalogue", "show", "honour", "--version", "1"), file="-")
        == load.library()["honour"]
    )


def test_check_lists_every_problem_and_ends_with_1(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(samples.ITEM, encoding="utf-8")
    bad.write_text(
        samples.ITEM.replace("检查结果, en: Result", "血型, en: Result").replace("JCRQ <= today", "JCRQ <="), "utf-8"
    )
    assert run("catalogue", "check", str(good)).exit_code == 0
    result = run("catalogue", "check", str(bad))
    assert result.exit_code == 1
    assert "bad.yaml:" in result.stdout
    found = answer("catalogue", "check", str(bad))
    assert not found["valid"]
    assert [set(one) for one in found["problems"]] == [{"file", "line", "path", "zh", "en"}] * 2


def test_publish_then_diff_against_a_file(tmp_path: Path) -> None:
    first, second = tmp_path / "v1.yaml", tmp_path / "v2.yaml"
    first.write_text(samples.ITEM, encoding="utf-8")
    changed = samples.ITEM.replace("version: 1", "version: 2").replace("2026-01-01", "2026-02-01").replace("64", "128")
    second.write_text(changed, encoding="utf-8")
    assert answer("catalogue", "publish", str(first))["version"] == 1
    assert run("catalogue", "diff", "site-safety", str(first)).exit_code == 0
    result = run("catalogue", "diff", "site-safety", str(second))
    assert result.exit_code == 1
    assert "由“64”改为“128”" in result.stdout
    assert run("catalogue", "publish", str(second)).exit_code == 0
    changes = answer("catalogue", "diff", "site-safety", "1", "2")
    assert {one["path"] for one in changes} == {"version", "effective_from", "fields.JCBH.length"}
    assert set(changes[0]) == {"path", "kind", "before", "after", "sentence_zh", "sentence_en"}


def test_a_file_is_kept_as_a_draft_for_two_to_publish(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(samples.ITEM, encoding="utf-8")
    assert answer("catalogue", "draft", str(path)) == {"item": "site-safety", "version": 1, "status": "draft"}
    assert "草稿" in run("catalogue", "draft", str(path)).stdout


def test_publishing_the_same_version_again_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(samples.ITEM, encoding="utf-8")
    run("catalogue", "publish", str(path))
    with pytest.raises(publish.Frozen):
        run("catalogue", "publish", str(path))


@pytest.mark.parametrize("form", ["json-schema", "table-schema", "workbook", "yaml"])
def test_export_writes_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    found = answer("catalogue", "export", "honour", "--format", form, "-o", str(path))
    assert found == {"item": "honour", "version": 1, "format": form, "file": str(path), "bytes": path.stat().st_size}
    if form == "yaml":
        assert load.load_item(path) == load.library()["honour"]


def test_export_without_a_file_goes_to_stdout() -> None:
    schema = json.loads(run("catalogue", "export", "honour", "--format", "json-schema").stdout)
    assert schema["$id"] == "urn:xinyong:catalogue:honour:1"


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    assert run("catalogue", "diff", "honour", "one", "two").exit_code == 2
    assert run("catalogue", "diff", "honour", str(tmp_path / "none.yaml")).exit_code == 2
    assert run("catalogue", "export", "honour", "--format", "pdf").exit_code == 2


def test_calendar_is_imported_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "2027.csv"
    path.write_text(samples.notice(), encoding="utf-8")
    assert "没有正式安排" in run("calendar", "show", "2027").stdout
    assert answer("calendar", "import", str(path)) == {"rows": 19, "covers_until": "2027-12-31"}
    rows = answer("calendar", "show", "2027")
    assert set(rows[0]) == {"day", "is_working", "name", "source", "is_provisional"}
    assert "provisional" not in run("calendar", "show", "2027").stdout


def test_days_without_a_years_notice_are_shown_as_provisional() -> None:
    day = tables.WorkingDay(date(2031, 1, 27), False, "春节调休（预计）", "内部估计", is_provisional=True)
    tables.import_working_days([day], by=system("test"))
    shown = run("calendar", "show", "2031").stdout
    assert "2031-01-27 星期一 放假 holiday" in shown
    assert "（暂定 provisional）" in shown
    assert "No official table for 2031" in shown


def test_exceptions_are_added_and_listed() -> None:
    assert run("exceptions", "list").stdout.startswith("没有例外代码")
    answer("exceptions", "add", "91990102MA00000071", "--reason", "试点期发放")
    assert [row["code"] for row in answer("exceptions", "list")] == ["91990102MA00000071"]


def test_an_exception_is_known_to_the_code_command_on_request_and_can_be_removed() -> None:
    code = "91990102MA00000071"
    answer("exceptions", "add", code, "--reason", "试点期发放")
    assert answer("code", code)[0]["verdict"] == "invalid"
    (judged,) = answer("code", "--exceptions-from-database", code)
    assert (judged["verdict"], judged["reason"], judged["suggestion"]) == ("doubtful", "legally-issued-exception", None)
    assert answer("exceptions", "remove", code.lower()) == {"code": code.lower(), "removed": True}
    assert answer("exceptions", "list") == []
    assert answer("code", "--exceptions-from-database", code)[0]["verdict"] == "invalid"
    log = audit.entries(seen_by=Actor(role=Role.AUDITOR, name="auditor"), event="table-changed", limit=2)
    assert [(one.object_ref, one.facts) for one in log] == [(code, {"is_removed": True}), (code, {})]
    with pytest.raises(tables.UnknownException):
        run("exceptions", "remove", code)


def test_a_version_is_retired(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(samples.ITEM, encoding="utf-8")
    run("catalogue", "publish", str(path))
    retired = answer("catalogue", "retire", "site-safety", "1")
    assert set(retired) == {"item", "version", "status", "retired_at"}
    assert retired["status"] == "retired"
    with pytest.raises(publish.OutOfOrder):
        run("catalogue", "retire", "site-safety", "1")


def test_the_reference_pages_are_up_to_date() -> None:
    root = Path(__file__).parents[2]
    tool = [sys.executable, "tools/catalogue_reference.py", "--check"]
    done = subprocess.run(tool, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_whole_catalogue_leaves_and_comes_back_first_dry(tmp_path: Path) -> None:
    whole = tmp_path / "all.yaml"
    assert answer("catalogue", "export", "--all", "-o", str(whole))["items"] == len(load.library())
    same = answer("catalogue", "import", str(whole), "--dry-run")
    assert {one["step"] for one in same["items"]} == {"same"}
    item = tmp_path / "item.yaml"
    item.write_text(samples.ITEM, encoding="utf-8")
    dry = run("catalogue", "import", str(item), "--dry-run")
    assert "新事项" in dry.stdout
    assert "没有保存" in dry.stdout
    assert publish.versions("site-safety") == []
    assert run("catalogue", "import", str(item)).exit_code == 0
    assert [one.status for one in publish.versions("site-safety")] == ["draft"]
    publish.publish("site-safety", 1, by=system("test"))
    item.write_text(samples.ITEM.replace("source: 检查机关", "source: 别的机关"), encoding="utf-8")
    taken = run("catalogue", "import", str(item), "--json")
    assert (taken.exit_code, json.loads(taken.stdout)["items"][0]["step"]) == (1, "taken")
    assert run("catalogue", "export").exit_code == 2


def test_the_effect_of_a_file_is_told_and_nothing_kept(tmp_path: Path) -> None:
    item = tmp_path / "item.yaml"
    item.write_text(samples.ITEM, encoding="utf-8")
    told = run("catalogue", "impact", str(item))
    assert told.exit_code == 0
    assert "共 0 条现行记录" in told.stdout
    assert answer("catalogue", "impact", str(item))["records"] == 0
    assert publish.versions("site-safety") == []
