"""The how-to of handing in: its commands and its program run as they stand, against a server that listens and a worker."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from tests.exchange.conftest import Door
from xinyong.intake.models import Submission
from xinyong.kernel import clock

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "submit-by-api.md"


def _blocks(language: str) -> str:
    return "\n".join(
        re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_commands_and_program_of_the_guide_work_as_they_stand(
    door: Door, address: str, worker: None, tmp_path: Path
) -> None:
    given = os.environ | {
        "XINYONG": address, "CLIENT_ID": door.full.client_id, "CLIENT_SECRET": door.full.secret,
        "CODE": door.organisation.code, "NAME": door.organisation.name, "UNIT": door.unit.name, "UNIT_CODE": door.unit.code,
        "TODAY": clock.today().isoformat(), "PYTHONPATH": str(GUIDE.parents[2]),
    }  # fmt: skip
    script = _blocks("bash")
    assert script.count("curl") >= 9
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=given, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for part in (
        '"is_test": true',
        '"status": "deposited"',
        '"outcome": "rejected"',
        "2026年13月5日",
        "intake.already-begun",
    ):
        assert part in done.stdout
    assert openpyxl.load_workbook(tmp_path / "feedback.xlsx").worksheets
    assert (tmp_path / "receipt.json").read_text(encoding="utf-8").startswith('{"receipt"')
    before = Submission.objects.count()
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", _blocks("python")],
        env=given,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert "deposited Counts(rows_read=1, accepted=0, doubtful=0, rejected=1" in told.stdout
    assert "('CF_JDRQ', " in told.stdout
    assert (tmp_path / "feedback-again.xlsx").stat().st_size > 1000
    assert Submission.objects.count() == before  # the program's file was handed in before, under the same key
