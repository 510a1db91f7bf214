"""The how-to's commands run as they stand, against a server that listens."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.exchange.conftest import Door

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "api-clients.md"


def _blocks(language: str) -> str:
    return "\n".join(
        re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_the_commands_of_the_guide_work_as_they_stand(door: Door, address: str) -> None:
    given = {
        "XINYONG": address, "CLIENT_ID": door.full.client_id, "CLIENT_SECRET": door.full.secret,
        "CODE": door.organisation.code,
    }  # fmt: skip
    script = _blocks("bash")
    assert script.count("curl") >= 6
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=os.environ | given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for part in (
        door.full.client_id,
        "admin-penalty-org",
        door.organisation.name,
        '"sight": "shared"',
        "token-refused",
    ):
        assert part in done.stdout


def test_the_partners_program_of_the_guide_gets_a_signed_answer(door: Door, address: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(door.node.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    given = {"XINYONG": address, "KEY_ID": door.node.key_id, "KEY_FILE": str(key)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _blocks("python")],
        env=os.environ | given,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("200 ")
    assert "xinyong-reply" in done.stdout
