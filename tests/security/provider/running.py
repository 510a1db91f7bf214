"""The provider in a process of its own, for a module of tests."""

import http.cookiejar
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, free_port

BACK = "http://testserver/office/sign-in/outside/back"
CITIZEN_BACK = "http://testserver/office/sign-in/citizen/back"


@dataclass(frozen=True, slots=True)
class Provider:
    """The running provider."""

    issuer: str
    port: int
    home: Path

    def knows(self, **people: dict[str, Any]) -> None:
        """Says what the provider's claims are of each of its people from now on."""
        (self.home / "people.json").write_text(json.dumps(people), encoding="utf-8")

    def answer(self, address: str, *, who: str = "wang") -> str:
        """What a browser is sent back with after signing in there: the address it is led to."""
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), _NoRedirects
        )
        there = f"http://127.0.0.1:{self.port}"
        form = urllib.parse.urlencode({"username": who, "password": "provider password"}).encode()
        _led(opener, f"{there}/sign-in/", form)
        return _led(opener, address)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _led(opener: urllib.request.OpenerDirector, address: str, form: bytes | None = None) -> str:
    try:
        opener.open(address, form, timeout=10).close()
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 302:
                return str(error.headers["Location"])
            raise
    raise AssertionError("no redirection")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    home, port = tmp_path_factory.mktemp("provider"), free_port()
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.security.provider", str(port), "xinyong", "client secret", f"{BACK} {CITIZEN_BACK}"], cwd=ROOT,
            env=os.environ | {"PROVIDER_HOME": str(home), "PROVIDER_AMR": "pwd,otp", "OAUTHLIB_INSECURE_TRANSPORT": "1"},
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    (home / "secret").write_text("client secret\n")
    one = Provider(f"http://127.0.0.1:{port}/o", port, home)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{one.issuer}/.well-known/openid-configuration", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None, (home / "log").read_text()
                time.sleep(0.2)
        os.environ["TEST_PROVIDER_SECRET"] = str(home / "secret")
        yield one
    finally:
        process.kill()
        process.wait()
