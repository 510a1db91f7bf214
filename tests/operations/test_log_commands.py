"""The commands about evidence: what they print, how they end, what a stranger to the database can do with their files."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection

from tests.intake import conftest as shared
from tests.intake import made
from tests.operations import test_cli_contract as contract
from xinyong.security import separation
from xinyong.security.ledger import health, signing

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
module_db = shared.module_db
on_the_day = shared.on_the_day
xinyong = contract.xinyong
Xinyong = Callable[..., Any]


@pytest.fixture(scope="module")
def submission(module_db: None, on_the_day: None, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A file of two rows, handed in and worked on."""
    shared._empty()
    unit, who = made.department(), made.organisation()
    made.register(who)
    rows = [made.penalty_row(who, unit), made.penalty_row(who, unit)]
    return made.hand_in(made.csv_file(tmp_path_factory.mktemp("log") / "a.csv", rows), "admin-penalty-org", unit).id


@pytest.fixture
def kept(xinyong: Xinyong, submission: int, tmp_path: Path) -> list[str]:
    """What an auditor has kept: a checkpoint and the public key, as options."""
    assert xinyong("log", "publish").code == 0
    (tmp_path / "kept.txt").write_text((signing.home() / "checkpoint").read_text("utf-8"), "utf-8")
    (tmp_path / "key.txt").write_text(xinyong("log", "key").out, "utf-8")
    return ["--checkpoint", str(tmp_path / "kept.txt"), "--key", str(tmp_path / "key.txt")]


def test_the_log_s_state(xinyong: Xinyong, kept: list[str]) -> None:
    said = xinyong("log", "status", "--json")
    assert said.code == 0
    assert set(said.json) == {
        "origin", "size", "number", "signed_at", "waiting", "age_seconds", "is_well", "trouble", "witnesses",
    }  # fmt: skip
    with time_machine.travel(made.NOW + timedelta(days=1)):
        assert xinyong("log", "status").code == 1


def test_a_database_that_was_altered_ends_with_1_and_says_where(xinyong: Xinyong, kept: list[str]) -> None:
    whole = xinyong("verify-log", *kept, "--json")
    assert (whole.code, whole.json["rows"], whole.json["findings"]) == (0, 2, [])
    assert set(whole.json) == {
        "is_whole", "leaves", "rows", "checkpoint_size", "checkpoints", "waiting", "witnesses", "seconds", "findings",
    }  # fmt: skip
    _as_superuser("UPDATE security_auditentry SET actor = actor || '!' WHERE id = 1")
    found = xinyong("verify-log", *kept, "--json")
    _as_superuser("UPDATE security_auditentry SET actor = rtrim(actor, '!') WHERE id = 1")
    assert found.code == 1
    assert [(one["kind"], one["where"]) for one in found.json["findings"]] == [("altered", "security_auditentry id=1")]
    assert xinyong("verify-log", *kept).code == 0


def test_keys_come_from_the_command_line_only(xinyong: Xinyong, kept: list[str], tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.txt"
    stranger.write_text("xinyong.log/0000000000000000+0cf6ee35+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")
    assert xinyong("verify-log", *kept[:2], "--key", str(stranger)).code == 3
    assert xinyong("verify-log", *kept[:2]).code == 2


def test_exported_files_are_verified_without_a_database(xinyong: Xinyong, kept: list[str], tmp_path: Path) -> None:
    assert xinyong("export-log", str(tmp_path / "out")).code == 0
    there = [*kept, "--files", str(tmp_path / "out")]
    assert xinyong("verify-log", *there).code == 0
    leaves = tmp_path / "out" / "leaves.jsonl.gz"
    import gzip

    lines = gzip.decompress(leaves.read_bytes()).decode().splitlines(keepends=True)
    for wrong in (
        lines[:-9],
        lines[1:],
        [lines[1], lines[0], *lines[2:]],
        [lines[0].replace("audit", "other"), *lines[1:]],
    ):
        leaves.write_bytes(gzip.compress("".join(wrong).encode()))
        assert xinyong("verify-log", *there).code == 1
    leaves.unlink()
    assert xinyong("verify-log", *there).code == 3


def test_a_receipt_and_what_it_proves(xinyong: Xinyong, kept: list[str], submission: int, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    assert xinyong("receipt", str(submission), "-o", str(file)).code == 0
    assert xinyong("verify-receipt", str(file), *kept[2:]).code == 0
    said = xinyong("verify-receipt", str(file), *kept[2:], "--file", str(file), "--json")
    assert said.code == 1
    assert set(said.json) == {"is_genuine", "statements", "holds", "fails"}
    text = json.loads(file.read_text("utf-8"))
    assert "submission:" not in json.dumps(text)


def test_a_rotated_key_is_stated_in_the_log(xinyong: Xinyong, kept: list[str]) -> None:
    fresh = xinyong("log", "rotate-key").out.strip()
    assert fresh in xinyong("log", "key").out
    assert xinyong("verify-log", *kept).code == 0


def _as_superuser(statement: str) -> None:
    health._seen.clear()
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
