"""Persons' data are in the sealed places and nowhere else: canaries planted, everything searched."""

import base64
import gzip
import io
import json
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection

from tests.conftest import _empty
from tests.intake import made
from tests.security import canary_run
from tests.security.canary_run import Run
from tools import canaries
from xinyong.kernel import codes
from xinyong.kernel.masking import Personal, mask
from xinyong.security import separation

COUNT = 60


@pytest.fixture(scope="module")
def planted(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with django_db_blocker.unblock(), time_machine.travel(made.NOW, tick=True):
        yield canary_run.run(COUNT, tmp_path_factory.mktemp("canaries"))
        _empty()


def _told(hits: list[canaries.Hit]) -> list[str]:
    return sorted({f"{hit.what} in {hit.where} as {hit.writing}" for hit in hits})


def test_the_canaries_went_in_by_every_way(planted: Run) -> None:
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM record WHERE sealed IS NOT NULL")
        records = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM intake_waitingrow WHERE sealed IS NOT NULL")
        waiting = cursor.fetchone()[0]
    assert records >= COUNT // 6 * 2
    assert waiting >= COUNT // 6
    assert "attempt-failed" in planted.log.getvalue()


def test_no_page_report_address_message_or_log_line_holds_one(planted: Run) -> None:
    assert _told(planted.hits()) == []


def test_no_table_and_no_file_of_the_installation_holds_one(planted: Run) -> None:
    assert _told(planted.stored()) == []


def test_one_that_is_planted_is_found(planted: Run, tmp_path: Path) -> None:
    """The negative control, in the database and in a file. The table is unlogged: nothing of it stays for the next search."""
    one = canaries.canary(1)
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE planted (said text)")
        try:
            cursor.execute("INSERT INTO planted VALUES (%s)", [f"met {one.name} today"])
            found = canary_run.in_database()
        finally:
            cursor.execute("DROP TABLE planted")
    # What a connection did last is seen too: by the owner alone, and no statement of the program's names a person.
    assert {"name in table public.planted as utf-8"} <= set(_told(found))
    (tmp_path / "a.log").write_text(f"x {one.number} y")
    assert [hit.what for hit in canaries.search_folders([tmp_path])] == ["number"]


@pytest.mark.parametrize("what", ["number", "name", "phone"])
def test_every_writing_is_found(what: str) -> None:
    value: str = getattr(canaries.canary(7), what)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sheet1.xml", f"<c>{value}</c>")
    writings = {
        "zip": packed.getvalue(), "gzip": gzip.compress(value.encode()), "reversed": value[::-1].encode(),
        "json": json.dumps([value]).encode(), "url": urllib.parse.quote(value).encode(), "repr": repr(value.encode()).encode(),
    }  # fmt: skip
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        raw = f"前{value}后".encode(encoding)
        writings |= {
            encoding: raw,
            f"hex {encoding}": raw.hex().encode(),
            f"HEX {encoding}": raw.hex().upper().encode(),
        }
        for shift in range(3):
            writings[f"base64 {encoding} {shift}"] = base64.b64encode(b"z" * shift + raw)
    missed = [
        name
        for name, data in writings.items()
        if not canaries.search(b"..." + data if name not in ("zip", "gzip") else data, "x")
    ]
    assert missed == []


def test_what_is_masked_or_cut_short_is_told_apart() -> None:
    one = canaries.canary(7)
    shown = [mask(one.number, Personal.CERTIFICATE), mask(one.name, Personal.NAME), mask(one.phone, Personal.PHONE)]
    assert canaries.search(" ".join(shown).encode(), "x") == []
    assert [hit.what for hit in canaries.search(one.number[6:].encode(), "x")] == ["tail"]
    assert codes.judge(one.number).verdict is codes.Verdict.VALID
    assert len({bird.number for bird in canaries.canaries(3_000)}) == 3_000


def test_a_digest_that_reads_like_a_name_in_base64_is_none() -> None:
    """Four letters of a surname in base64 are hex digits; in a digest they occur by chance."""
    digest = b"90f81efab406" + b"0" * 52
    assert canaries.search(b"\\\\x" + digest + b"\t", "x") == []
    assert canaries.search(digest[:8] + b"Z" + digest[9:], "x") != []
