"""Files that come in parts: in order, once, over a break, a kill and a full disk; nobody else's; not for ever."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.intake import made
from xinyong.intake import jobs, staging, uploads
from xinyong.intake.models import Upload
from xinyong.intake.uploads import UploadView
from xinyong.kernel.errors import XinyongError
from xinyong.security import vault
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit

ITEM = "admin-penalty-org"
pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def unit() -> SourceUnit:
    return made.department()


@pytest.fixture
def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=71, department=unit.code)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(uploads, "PART", 1000)
    return 1000


def begin(content: bytes, by: Actor, **changes: Any) -> UploadView:
    given = {
        "item_id": ITEM, "source_code": by.department, "file_name": "处罚.csv", "size": len(content),
        "mark": hashlib.sha256(content).hexdigest(), "by": by, "at": made.NOW,
    }  # fmt: skip
    return uploads.begin(**given | changes)


def put(seen: UploadView, content: bytes, by: Actor, offset: int | None = None) -> UploadView:
    at = seen.offset if offset is None else offset
    part = content[at : at + seen.part_size]
    return uploads.put(seen.id, offset=at, digest=hashlib.sha256(part).hexdigest(), content=part, by=by, at=made.NOW)


def whole(content: bytes, part: int) -> str:
    return uploads.together(
        [hashlib.sha256(content[at : at + part]).hexdigest() for at in range(0, len(content), part)]
    )


def rows(unit: SourceUnit, tmp_path: Path, count: int = 8) -> bytes:
    who = made.organisation()
    path = made.csv_file(tmp_path / "rows.csv", [made.penalty_row(who, unit) for _ in range(count)])
    return path.read_bytes()


def test_parts_become_the_submission_that_the_file_would_be(
    unit: SourceUnit, clerk: Actor, tmp_path: Path, small_parts: int
) -> None:
    content = rows(unit, tmp_path)
    seen = begin(content, clerk)
    assert (seen.offset, seen.part_size) == (0, small_parts)
    while seen.offset < seen.size:
        seen = put(seen, content, clerk)
    kept = sorted((settings.XINYONG_HOME / "intake" / "uploads" / str(seen.id)).iterdir())
    assert len(kept) == -(-len(content) // small_parts)
    assert content[:300] not in b"".join(one.read_bytes() for one in kept), "sealed"
    entered, is_new = jobs.finish_upload(seen.id, digest=whole(content, small_parts), by=clerk, at=made.NOW)
    assert is_new
    assert entered.file_size == len(content)
    assert staging.original_path(hashlib.sha256(content).hexdigest()).exists()
    assert not kept[0].exists()
    again, is_new = jobs.finish_upload(seen.id, digest=whole(content, small_parts), by=clerk, at=made.NOW)
    assert (again.id, is_new) == (entered.id, False)
    assert uploads.unfinished(by=clerk) == []


def test_a_part_sent_twice_is_kept_once_and_one_out_of_turn_is_told_where_to_go_on(
    clerk: Actor, small_parts: int
) -> None:
    content = os.urandom(2500)
    seen = put(begin(content, clerk), content, clerk)
    assert put(seen, content, clerk, offset=0).offset == 1000
    for wrong in (2000, 500):
        with pytest.raises(uploads.NotHere) as told:
            put(seen, content, clerk, offset=wrong)
        assert told.value.facts["expected"] == 1000
    with pytest.raises(uploads.NotHere):  # other content where a part is kept already
        put(seen, bytes(2500), clerk, offset=0)
    assert uploads.find(seen.id, by=clerk).offset == 1000


@pytest.mark.parametrize("spoil", [lambda part: part[:-1], lambda part: part + b"x", lambda part: b"x" + part[1:]])
def test_a_broken_part_is_not_kept(clerk: Actor, small_parts: int, spoil: Callable[[bytes], bytes]) -> None:
    content = os.urandom(1500)
    seen, part = begin(content, clerk), content[:1000]
    digest, bad = hashlib.sha256(part).hexdigest(), spoil(part)
    with pytest.raises(uploads.PartBroken):
        uploads.put(seen.id, offset=0, digest=digest, content=bad, by=clerk, at=made.NOW)
    with pytest.raises(XinyongError):  # rightly signed, wrongly long (the last one is as long as it must be)
        uploads.put(
            seen.id, offset=0, digest=hashlib.sha256(part[:9]).hexdigest(), content=part[:9], by=clerk, at=made.NOW
        )
    assert uploads.find(seen.id, by=clerk).offset == 0


def test_the_same_file_begun_again_goes_on_and_another_persons_is_another(
    clerk: Actor, unit: SourceUnit, small_parts: int
) -> None:
    content = os.urandom(1500)
    seen = put(begin(content, clerk), content, clerk)
    assert begin(content, clerk) == seen
    colleague = Actor(role=Role.SOURCE_UNIT, name="colleague", account_id=72, department=unit.code)
    assert begin(content, colleague).offset == 0
    for verb in (lambda: uploads.find(seen.id, by=colleague), lambda: uploads.cancel(seen.id, by=colleague)):
        with pytest.raises(uploads.UnknownUpload):
            verb()
    with pytest.raises(NotAllowed):
        begin(content, clerk, source_code=made.department().code)


def test_a_file_that_is_not_whole_or_another_is_not_handed_in(clerk: Actor, small_parts: int) -> None:
    content = os.urandom(1500)
    seen = put(begin(content, clerk), content, clerk)
    with pytest.raises(uploads.NotWhole):
        jobs.finish_upload(seen.id, digest=whole(content, 1000), by=clerk, at=made.NOW)
    seen = put(seen, content, clerk)
    with pytest.raises(uploads.NotWhole):
        jobs.finish_upload(seen.id, digest="0" * 64, by=clerk, at=made.NOW)
    part = settings.XINYONG_HOME / "intake" / "uploads" / str(seen.id) / "00001.sealed"
    vault.put_block(b"something else", part, context="intake.part")
    with pytest.raises(uploads.NotWhole):
        jobs.finish_upload(seen.id, digest=whole(content, 1000), by=clerk, at=made.NOW)
    assert uploads.find(seen.id, by=clerk).offset == 1500, "nothing is lost by a refusal"


def test_limits_of_size_number_and_department(clerk: Actor, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (0, settings.UPLOAD_LIMIT + 1):
        with pytest.raises(uploads.BadUpload):
            begin(b"x", clerk, size=size)
    with pytest.raises(uploads.BadUpload):
        begin(b"x", clerk, mark="../../etc")
    settings.UPLOADS_OPEN = 5000
    begin(b"one", clerk, size=3000)
    with pytest.raises(uploads.TooManyUploads):
        begin(b"two", clerk, size=3000)
    settings.UPLOADS_OPEN = 10**12
    monkeypatch.setattr(uploads, "_MOST_OPEN", 1)
    with pytest.raises(uploads.TooManyUploads):
        begin(b"two", clerk)


def test_a_full_disk_is_said_and_loses_nothing(
    clerk: Actor, unit: SourceUnit, tmp_path: Path, small_parts: int, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    content = rows(unit, tmp_path)
    seen = put(begin(content, clerk), content, clerk)
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(uploads.NoRoom) as told:
        put(seen, content, clerk)
    assert told.value.status == 507
    monkeypatch.setattr(os, "fsync", real)
    assert uploads.find(seen.id, by=clerk).offset == 1000
    while seen.offset < seen.size:
        seen = put(seen, content, clerk)
    assert jobs.finish_upload(seen.id, digest=whole(content, 1000), by=clerk, at=made.NOW)[1]
    settings.DISK_SPARE = 2**60
    with pytest.raises(uploads.NoRoom):
        begin(b"more", clerk)


def test_what_nobody_goes_on_with_ends_after_a_day(clerk: Actor, small_parts: int) -> None:
    content = os.urandom(1500)
    seen = put(begin(content, clerk), content, clerk)
    folder = settings.XINYONG_HOME / "intake" / "uploads" / str(seen.id)
    orphan = folder.with_name("999999")
    orphan.mkdir()
    uploads.sweep(now=made.NOW + timedelta(hours=23))
    assert folder.exists()
    assert not orphan.exists(), "an upload that was cancelled while the process was killed"
    uploads.sweep(now=made.NOW + timedelta(hours=25))
    assert not folder.exists()
    with pytest.raises(uploads.UnknownUpload):
        uploads.find(seen.id, by=clerk)


_KILLED = """
import django, hashlib, os, signal, sys
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from tests.intake import made
from xinyong.intake import uploads
from xinyong.security import scope, vault
from xinyong.security.access import Actor, Role
scope.stand_as(made.SYSTEM)
by = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=71, department=sys.argv[3])
content = bytes.fromhex(sys.argv[4])
real = vault.put_block
def put_block(*args, **kwargs):
    real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)  # the part lies on the disk, and does not count yet
vault.put_block = put_block
uploads.put(int(sys.argv[2]), offset=0, digest=hashlib.sha256(content).hexdigest(), content=content, by=by, at=made.NOW)
"""


def test_a_killed_process_loses_no_part_that_counted_and_its_part_is_sent_again(
    clerk: Actor, unit: SourceUnit, tmp_path: Path, small_parts: int
) -> None:
    from django.db import connection

    content = rows(unit, tmp_path)
    seen = begin(content, clerk)
    name = str(connection.settings_dict["NAME"])
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, name, str(seen.id), unit.code, content[:1000].hex()],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "xinyong.config.settings"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert uploads.find(seen.id, by=clerk).offset == 0
    while seen.offset < seen.size:
        seen = put(seen, content, clerk)
    entered, _ = jobs.finish_upload(seen.id, digest=whole(content, 1000), by=clerk, at=made.NOW)
    assert entered.file_size == len(content)
    assert Upload.objects.get(pk=seen.id).submission_id == entered.id
