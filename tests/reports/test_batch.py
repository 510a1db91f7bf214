"""A batch: one line each and what came of it; killed in the middle it goes on, and nothing is given out twice."""

import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from django.conf import settings

from tests.reports.conftest import OnFile
from tests.reports.test_special import OPERATOR, _code, own, wanted
from xinyong.kernel import clock
from xinyong.records.purpose import PurposeNeeded
from xinyong.reports import batch, jobs, offline, signing
from xinyong.reports.batch_view import BatchView
from xinyong.reports.models import BatchLine, IssuedReport
from xinyong.security.access import PUBLIC, Actor, NotAllowed, system
from xinyong.security.models import AuditEntry
from xinyong.subjects import registry

WHY = "tender: 云采〔2026〕8号"


def organisations(count: int, *, name: str = "云溪市批量{n}有限公司", start: int = 0) -> list[tuple[str, str]]:
    pairs = [(_code(f"91990102MA1BT{n:04d}"), name.format(n=n)) for n in range(start, start + count)]
    registry.register(
        pa.table(
            {"code": [code for code, _ in pairs], "name": [text for _, text in pairs], "status": ["active"] * count}
        ),
        known_at=clock.now(),
    )
    return pairs


def ask(
    given: Sequence[str], on_file: OnFile, *, by: Actor = OPERATOR, purpose: str = WHY, **other: object
) -> BatchView:
    asked = wanted(on_file, **({"domains": ("market",)} | other))
    return batch.ask(given, asked, by=by, at=clock.now(), purpose=purpose)


def done(made: BatchView, by: Actor = OPERATOR) -> BatchView:
    batch.run(made.id)
    return batch.find(made.id, seen_by=by)


def archive(made: BatchView, tmp_path: Path, by: Actor = OPERATOR) -> zipfile.ZipFile:
    path = tmp_path / "all.zip"
    batch.take(made.id, to=path, by=by)
    return zipfile.ZipFile(path)


def test_each_line_says_what_came_of_it_and_no_name_is_guessed(on_file: OnFile, tmp_path: Path) -> None:
    organisations(2, name="云溪市同名商行")
    ((code, name),) = organisations(1, start=7)
    given = [on_file.code, name, "云溪市同名商行", "云溪市没有公司", "云溪市老禾食品厂", "91990102MA0NONE00X", code]
    seen = done(ask(given, on_file))
    assert [one.outcome for one in seen.lines] == [
        "issued", "issued", "ambiguous", "unknown", "repeated", "unknown", "repeated"
    ]  # fmt: skip
    assert (seen.state, seen.done, seen.counts["issued"]) == ("done", 7, 2)
    assert seen.lines[0].found == 2
    with archive(seen, tmp_path) as found:
        files = sorted(one for one in found.namelist() if one.endswith(".pdf"))
        assert files == [f"0001-{on_file.code}.pdf", f"0002-{code}.pdf"]
        roots = offline.roots(signing.trust_pem().encode())
        for one in files:
            assert offline.look(found.read(one), trust=roots, at=clock.now()).answer == "genuine"
        book = openpyxl.load_workbook(io.BytesIO(found.read("索引 index.xlsx")))
    rows = list(book["索引"].iter_rows(min_row=2, values_only=True))
    assert [row[2] for row in rows] == [
        "已出具", "已出具", "名称不唯一，未作猜测", "没有查到", "与前面的行是同一主体", "没有查到", "与前面的行是同一主体"
    ]  # fmt: skip
    assert rows[0][5] == seen.lines[0].report_number
    assert "请改用代码" in str(rows[2][8])


def test_branches_that_are_known_are_covered_and_stand_in_the_index(on_file: OnFile, tmp_path: Path) -> None:
    organisations(1, name=f"{on_file.name}溪东分公司", start=30)
    seen = done(ask([on_file.code], on_file, with_branches=True))
    assert [name for _, name in seen.lines[0].branches] == [f"{on_file.name}溪东分公司"]
    assert "其他分支机构没有检索" in seen.lines[0].note
    with archive(seen, tmp_path) as found:
        book = openpyxl.load_workbook(io.BytesIO(found.read("索引 index.xlsx")))
    assert f"{on_file.name}溪东分公司" in [row[2] for row in book["分支机构"].iter_rows(values_only=True)]


def test_an_organisation_gets_its_own_and_its_branches_and_no_stranger_s(on_file: OnFile) -> None:
    ((branch, _),) = organisations(1, name=f"{on_file.name}溪西分店", start=31)
    ((stranger, _),) = organisations(1, start=32)
    seen = done(ask([on_file.code, branch, stranger], on_file, by=own(on_file), purpose=""), by=own(on_file))
    assert [one.outcome for one in seen.lines] == ["issued", "issued", "refused"]
    assert not IssuedReport.objects.filter(subject_code=stranger).exists()
    with pytest.raises(batch.UnknownBatch):
        batch.find(seen.id, seen_by=OPERATOR)
    other = Actor(
        role=own(on_file).role, name="x", account_id=99, subject=on_file.subject_id, subject_code=on_file.code
    )
    with pytest.raises(batch.UnknownBatch):
        batch.find(seen.id, seen_by=other)


def test_too_few_too_many_and_those_who_may_not_are_refused(on_file: OnFile) -> None:
    for given in ([], ["x"] * (batch.MOST + 1)):
        with pytest.raises(batch.NothingGiven):
            ask(given, on_file)
    with pytest.raises(PurposeNeeded):
        ask(["x"], on_file, purpose=" ")
    with pytest.raises(NotAllowed):
        ask(["x"], on_file, by=PUBLIC)


def test_a_list_is_read_as_people_paste_it() -> None:
    text = '\ufeff91990102MA0000007T,云溪市甲公司\r\n\r\n  云溪市乙公司\t备注\n"云溪市丙公司"\n'
    assert batch.lines_of(text) == ["91990102MA0000007T", "云溪市乙公司", "云溪市丙公司"]


#: A worker of its own, which is killed.
_WORK = """
import sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
django.setup()
from xinyong.reports import batch
from xinyong.security import scope
from xinyong.security.access import system
scope.stand_as(system("worker"))
batch.run(int(sys.argv[1]))
"""


def test_killed_in_the_middle_it_goes_on_and_nothing_is_given_out_twice(on_file: OnFile, tmp_path: Path) -> None:
    from django.db import connection

    pairs = organisations(12, start=100)
    made = ask([code for code, _ in pairs], on_file)
    kills = 0
    for _ in range(2):
        command = [sys.executable, "-c", _WORK, str(made.id), str(connection.settings_dict["NAME"])]
        with subprocess.Popen(
            command, env=os.environ | {"DJANGO_SETTINGS_MODULE": "xinyong.config.settings"}
        ) as worker:
            before, until = _count(made), time.monotonic() + 60
            while _count(made) < before + 2 and worker.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            if worker.poll() is None:
                worker.kill()
                kills += 1
    assert kills
    assert 0 < _count(made) < 12
    assert made.id in batch.unfinished()
    seen = done(made)
    assert (seen.state, seen.counts) == ("done", {"issued": 12})
    assert made.id not in batch.unfinished()
    rows = IssuedReport.objects.filter(subject_code__in=[code for code, _ in pairs])
    assert rows.count() == 12 == AuditEntry.objects.filter(event="report-issued").count()
    with archive(seen, tmp_path) as found:
        digests = {
            offline.look(found.read(one), trust=[], at=clock.now()).digest for one in found.namelist() if "pdf" in one
        }
    assert digests == set(rows.values_list("file_digest", flat=True))


def _count(made: BatchView) -> int:
    return BatchLine.objects.filter(batch_id=made.id).exclude(outcome="").count()


def test_run_again_a_batch_that_is_done_does_nothing(on_file: OnFile) -> None:
    seen = done(ask([on_file.code], on_file))
    batch.run(seen.id)
    assert IssuedReport.objects.count() == 1


def test_the_work_is_asked_for_with_the_batch_and_again_when_a_worker_starts(on_file: OnFile) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    made = jobs.ask([on_file.code], wanted(on_file), by=OPERATOR, at=clock.now(), purpose=WHY)
    jobs.resume()
    asked = ProcrastinateJob.objects.filter(task_name="reports.batch", args={"batch_id": made.id})
    assert asked.count() == 2


def test_files_are_sealed_and_go_after_their_days_while_the_register_stays(on_file: OnFile, tmp_path: Path) -> None:
    seen = done(ask([on_file.code], on_file))
    (file,) = (settings.XINYONG_HOME / "reports" / "batches" / str(seen.id)).iterdir()
    assert b"%PDF" not in file.read_bytes()
    assert batch.sweep(by=system("nightly"), at=clock.now()) == 0
    later = clock.now() + timedelta(days=settings.BATCH_KEEP_DAYS, hours=1)
    assert batch.sweep(by=system("nightly"), at=later) == 1
    assert not file.exists()
    with pytest.raises(batch.NotReady):
        batch.take(seen.id, to=tmp_path / "x", by=OPERATOR)
    assert IssuedReport.objects.count() == 1
    assert AuditEntry.objects.filter(event="report-batch-removed").count() == 1
