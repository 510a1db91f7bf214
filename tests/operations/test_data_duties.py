"""The duties about persons' data at the command line."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from tests.catalogue import samples
from tests.intake import made
from xinyong.analytics import processing as register
from xinyong.catalogue import assessment, publish
from xinyong.kernel import clock
from xinyong.operations import data_duties
from xinyong.security import separation


@pytest.fixture
def sent(lasting_db: None, tmp_path: Path) -> Iterator[Path]:
    """A file about a person whose record is over and one row that waits."""
    with time_machine.travel(made.NOW, tick=True):
        unit = made.department()
        rows = [
            made.person_row(made.person(), unit, CF_JDRQ="2019-03-01"),
            made.person_row(made.person(), unit, CF_WSH=""),
        ]
        made.hand_in(made.csv_file(tmp_path / "a.csv", rows), "admin-penalty-person", unit)
        yield tmp_path


def _said(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)  # type: ignore[arg-type]


def test_what_is_over_is_erased_and_its_proofs_are_checked(sent: Path) -> None:
    assert "还没有删除凭证" in _said(data_duties.records, "erased").output
    made_now = json.loads(_said(data_duties.records, "erase", "--json").output)
    assert [(one["what"], one["count"]) for one in made_now] == [("records", 1), ("waiting-rows", 1)]
    assert "没有期满的内容" in _said(data_duties.records, "erase").output
    checked = _said(data_duties.records, "erased", "--check", "--json")
    assert checked.exit_code == 0
    assert {one["holds"] for one in json.loads(checked.output)} == {True}
    with separation.owner() as own:
        own.execute("SET session_replication_role = replica")
        own.execute("UPDATE record_erased SET leaf = sha256('x')")
    wrong = _said(data_duties.records, "erased", "--check")
    assert wrong.exit_code == 1
    assert "✗" in wrong.output


def test_the_register_is_printed_and_says_by_its_exit_code_what_lacks_an_assessment(sent: Path) -> None:
    found = _said(data_duties.processing, "--json")
    assert found.exit_code == 1
    lines = json.loads(found.output)["activities"]
    assert "✗ admin-penalty-person" in _said(data_duties.processing).output
    assert _said(data_duties.processing, "-o", str(sent / "r.xlsx")).output.startswith("✓")
    assert (sent / "r.xlsx").read_bytes().startswith(b"PK")
    samples.assessed(*(one for one in publish.items() if assessment.reasons_of(one)))
    for key in register.activities():
        if any(one["id"] == key and one["is_lacking"] for one in lines):
            _assess(key)
    assert _said(data_duties.processing).exit_code == 0


def _assess(activity: str) -> None:

    said = "为识别同一自然人所必需，仅用证件种类和号码的键控摘要，手段相称。"
    one = assessment.write(
        title="平台活动评估", items=[], activity=activity, reasons=[assessment.Reason.SENSITIVE],
        answers=assessment.Answers(said, said, said), valid_until=clock.today() + timedelta(days=9), by=made.SYSTEM,
        at=clock.now(),
    )  # fmt: skip
    assessment.put_in_force(one.id, by=made.SYSTEM, at=clock.now())
