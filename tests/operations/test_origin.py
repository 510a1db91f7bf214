"""The public address: where the server listens is what a report at the command line prints, unless somebody says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xinyong.operations import serve

_ASK = """
import json
from xinyong.config import settings
print(json.dumps([settings.SITE_ORIGIN, getattr(settings, "SECURE_PROXY_SSL_HEADER", None)]))
"""


def _ask(home: Path, **environment: str) -> Any:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINYONG_")}
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env=kept | {"XINYONG_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_servers_address_is_remembered_and_the_variable_wins(tmp_path: Path, settings: Any) -> None:
    settings.XINYONG_HOME, settings.SITE_ORIGIN = tmp_path, "http://127.0.0.1:8765"
    assert _ask(tmp_path)[0] == "http://127.0.0.1:8000"
    serve.remember_origin()
    assert _ask(tmp_path)[0] == "http://127.0.0.1:8765"
    assert _ask(tmp_path, XINYONG_ORIGIN="https://credit.example/")[0] == "https://credit.example"


@pytest.mark.parametrize(("https", "proxies", "header"), [
    ("1", "1", ["HTTP_X_FORWARDED_PROTO", "https"]), ("1", "0", None), ("0", "1", None),
])  # fmt: skip
def test_a_proxys_word_on_the_scheme_is_taken_only_behind_one(
    tmp_path: Path, https: str, proxies: str, header: list[str] | None
) -> None:
    assert _ask(tmp_path, XINYONG_HTTPS=https, XINYONG_PROXIES=proxies)[1] == header
