"""How much the embedded server keeps in memory: as much as is said, else a share of the machine's or the container's."""

import os
from pathlib import Path

import pytest
from django.db import connection

from xinyong.config import postgres


def _of(monkeypatch: pytest.MonkeyPatch, gib: float) -> int:
    """What it would be on a machine of so many GiB."""
    page = os.sysconf("SC_PAGE_SIZE")
    facts = {"SC_PAGE_SIZE": page, "SC_PHYS_PAGES": int(gib * 2**30) // page}
    monkeypatch.setattr(postgres.os, "sysconf", facts.__getitem__)
    return postgres.cache_mib()


@pytest.mark.parametrize(("gib", "mib"), [(1, 256), (2, 256), (8, 1024), (24, 3072), (64, 4096)])
def test_it_is_an_eighth_of_the_machine_within_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gib: float, mib: int
) -> None:
    monkeypatch.setenv("XINYONG_DATABASE_MEMORY_MB", "0")
    monkeypatch.setattr(postgres, "_CONTAINER", tmp_path / "nothing")
    assert _of(monkeypatch, gib) == mib


@pytest.mark.parametrize(("bound", "mib"), [("max\n", 3072), (f"{8 << 30}\n", 1024), (f"{1 << 60}\n", 3072)])
def test_a_container_has_what_it_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bound: str, mib: int
) -> None:
    monkeypatch.setenv("XINYONG_DATABASE_MEMORY_MB", "0")
    (tmp_path / "memory.max").write_text(bound)
    monkeypatch.setattr(postgres, "_CONTAINER", tmp_path / "memory.max")
    assert _of(monkeypatch, 24) == mib


def test_what_is_said_holds_and_the_server_has_it(lasting_db: None) -> None:
    if not postgres.is_embedded():
        pytest.skip("another server's memory is its owner's")
    with connection.cursor() as cursor:
        cursor.execute("SHOW shared_buffers")
        assert cursor.fetchone()[0] == f"{os.environ['XINYONG_DATABASE_MEMORY_MB']}MB"


@pytest.mark.parametrize("told", ["-5", "8", "much"])
def test_what_makes_no_cache_is_refused_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("XINYONG_DATABASE_MEMORY_MB", told)
    with pytest.raises(SystemExit, match="XINYONG_DATABASE_MEMORY_MB"):
        postgres.cache_mib()
