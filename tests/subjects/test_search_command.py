"""``xinyong search`` on the command line."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from tests.subjects.conftest import code
from xinyong.operations import command
from xinyong.operations.subjects import search

Register = Callable[..., dict[str, int]]


@pytest.fixture(autouse=True)
def _database_is_up(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(command, "with_database", lambda: None)  # the suite has it open, inside a transaction


def test_hits_are_printed_as_lines_and_as_json_with_stable_keys(registered: Register) -> None:
    registered({"code": code(1), "name": "云溪市星河科技有限公司", "former_names": ["云溪市银汉店"], "status": "存续"})
    said = CliRunner().invoke(search, ["银汉"])
    assert said.exit_code == 0
    assert f"{code(1)}  云溪市星河科技有限公司  (云溪市银汉店)  存续  former-name" in said.output
    found = json.loads(CliRunner().invoke(search, ["xhkj", "--limit", "3", "--json"]).output)
    assert list(found) == ["query", "total", "is_capped", "hits"]
    assert list(found["hits"][0]) == [
        "code", "name", "subject_class", "status", "region_code", "matched_by", "matched_text", "score",
    ]  # fmt: skip
    assert found["hits"][0]["code"] == code(1)


def test_nothing_found_is_exit_code_one() -> None:
    said = CliRunner().invoke(search, ["没有这样的名字"])
    assert said.exit_code == 1
    assert "共 0 个主体" in said.output
