"""Secrets: refused when anybody could guess them, their owner's alone, and given to no other program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xinyong.config import env, postgres


@pytest.mark.parametrize("text", ["", "secret", "x" * 64, "django-insecure", "abcabcabc" * 8])
def test_a_session_secret_that_could_be_guessed_stops_the_start(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "session").write_text(text, encoding="utf-8")
    monkeypatch.setenv("XINYONG_SECRET_KEY_FILE", str(tmp_path / "session"))
    with pytest.raises(SystemExit, match="easy to guess"):
        env.session_secret()


def test_a_session_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINYONG_HOME", str(tmp_path))
    assert env.session_secret() == env.session_secret()
    assert (tmp_path / "keys" / "session").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["XINYONG_CIPHER", "XINYONG_DIGEST", "XINYONG_KEY_PROVIDER"])
def test_a_setting_of_keys_that_is_none_of_the_known_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "rot13")
    with pytest.raises(SystemExit, match=name):
        env.keys()


def test_programs_of_others_are_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINYONG_MASTER_KEY", "ab" * 32)
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hidden@/x")
    given: dict[str, str] = {}

    def run(*_: object, **options: dict[str, str]) -> subprocess.CompletedProcess[str]:
        given.update(options["env"])
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(postgres.subprocess, "run", run)
    postgres._run("pg_ctl", "status")
    assert "PATH" in given
    assert not any("hidden" in value or "abab" in value for value in given.values())


def test_no_start_without_the_master_key_that_the_environment_should_hold(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); from xinyong.security import providers; providers.current()"],
        env=os.environ | {"XINYONG_KEY_PROVIDER": "environment", "XINYONG_MASTER_KEY": "0" * 64,
                          "DJANGO_SETTINGS_MODULE": "xinyong.config.settings", "XINYONG_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert said.returncode != 0
    assert "placeholder" in said.stderr
