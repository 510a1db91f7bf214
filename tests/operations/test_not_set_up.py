"""A data directory that nobody has set up yet: sentences, not tracebacks."""

import json
import os
import subprocess
import sys
from pathlib import Path


def xinyong(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "xinyong.config", *arguments], env=environment | {"XINYONG_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_doctor_says_what_is_missing_and_other_commands_what_to_do(tmp_path: Path) -> None:
    looked = xinyong(tmp_path, "doctor", "--json")
    assert looked.returncode == 1
    checks = json.loads(looked.stdout)
    assert checks["migrations"]["state"] == "bad"
    assert "xinyong setup" in checks["migrations"]["advice"]
    asked = xinyong(tmp_path, "search", "云溪")
    assert asked.returncode == 3
    assert "operations.not-set-up" in asked.stderr
    assert "Traceback" not in asked.stderr
