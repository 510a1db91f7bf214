"""``xinyong tasks``: import, list, remind."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from click.testing import CliRunner, Result

from tests.intake import made
from xinyong.operations import command


@pytest.fixture
def run(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(command, "with_database", lambda: None)

    def done(*arguments: str) -> Result:
        return CliRunner().invoke(command.group, ["tasks", *arguments], catch_exceptions=False)

    with time_machine.travel(made.NOW, tick=True):
        yield done


def test_a_plan_comes_in_once_and_is_reminded_of(run: Any, tmp_path: Path) -> None:
    unit = made.department("云溪市某某局")
    plan = tmp_path / "plan.txt"
    rows = [f"旧事|{unit.name}|5月底前", f"近事|{unit.name}|6月20日前", "无主的事| |"]
    plan.write_text("云溪市2026年计划\n目标任务|责任单位|完成时间\n" + "\n".join(rows), encoding="utf-8")
    assert "不能导入 kept out 0" in run("import", str(plan), "--dry-run").output
    assert "没有任务" in run("list").output
    assert "没有逾期" in run("remind").output
    first = json.loads(run("import", str(plan), "--json").output)
    assert (first["title"], first["added"], first["known"], first["kept_out"]) == ("云溪市2026年计划", 3, 0, 0)
    assert [(one["row"], one["code"]) for one in first["doubts"]] == [
        (5, "owners-from-above"), (5, "deadline-from-above"),
    ]  # fmt: skip
    assert json.loads(run("import", str(plan), "--json").output)["added"] == 0
    late = run("remind", "--days", "7", "--json")
    assert late.exit_code == 1
    (owed,) = json.loads(late.output)["owners"]
    assert (owed["name"], [(one["text"], one["is_overdue"]) for one in owed["tasks"]]) == (
        unit.name, [("旧事", True), ("近事", False), ("无主的事", False)],
    )  # fmt: skip
    assert "✗   1  2026-05-31" in run("remind").output
    assert run("remind", "--on", "2026-05-01").exit_code == 0
    assert [one["text"] for one in json.loads(run("list", "--deadline", "overdue", "--json").output)] == ["旧事"]
    run("list", "--xlsx", str(tmp_path / "tasks.xlsx"))
    assert openpyxl.load_workbook(tmp_path / "tasks.xlsx").active.max_row == 4


def test_a_line_that_cannot_be_a_task_ends_with_one(run: Any, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text("目标任务,责任单位,完成时间\n无主的事,,待定\n好事,某局,待定\n", encoding="utf-8")
    done = run("import", str(plan))
    assert done.exit_code == 1
    assert "第 2 行" in done.output
