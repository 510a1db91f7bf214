"""Watched folders: what a department puts in comes out as receipt and feedback, or in quarantine with the reason."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from django.conf import settings as django_settings

from tests.intake import made
from tests.intake.made import OPERATOR, SYSTEM, Row
from xinyong.intake import _drop_places, drop, drop_desk, jobs, revert, submit, supply, views
from xinyong.intake.models import DropFile, Submission
from xinyong.kernel import clock
from xinyong.security import audit
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.ledger import receipts, signing

pytestmark = pytest.mark.usefixtures("module_db")

ITEM = "admin-penalty-org"


@dataclass(frozen=True, slots=True)
class Box:
    """A department's folder."""

    unit: SourceUnit
    path: Path

    def put(self, name: str, rows: list[Row], *, folder: str = ITEM) -> Path:
        return made.csv_file(self.path / "in" / folder / name, rows)

    def row(self, **changes: str) -> Row:
        return made.penalty_row(made.organisation(), self.unit, **changes)

    def names(self, folder: str) -> list[str]:
        return sorted(
            str(one.relative_to(self.path / folder)) for one in (self.path / folder).rglob("*") if not one.is_dir()
        )

    def reason(self) -> str:
        """The words beside the only file in quarantine."""
        (path,) = (self.path / "quarantine").glob("*.txt")
        return path.read_text("utf-8")


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    settings.DROP_FOLDERS, settings.DROP_STILL_SECONDS = tmp_path / "drop", 0
    return tmp_path / "drop"


@pytest.fixture
def box(root: Path, module_db: None) -> Box:
    unit = made.department()
    return Box(unit, drop_desk.open_folders(unit.code, by=SYSTEM))


def scan() -> drop.Look:
    """As ``xinyong drop scan``."""
    first = jobs.look()
    for submission_id in drop_desk.unworked(seen_by=SYSTEM):
        submit.run(submission_id, by=SYSTEM)
    last = jobs.look()
    return drop.Look(last.at, first.taken + last.taken, first.done + last.done, first.quarantined + last.quarantined,
                     folders=last.folders, problems=last.problems)  # fmt: skip


def test_a_file_is_taken_deposited_and_answered_with_receipt_and_feedback(box: Box, root: Path) -> None:
    path = box.put("九月.csv", [box.row(), box.row(CF_JDRQ="2026-02-30")])
    content = path.read_bytes()
    seen = scan()
    assert (seen.taken, seen.done, seen.quarantined, seen.problems) == (1, 1, 0, [])
    submission = Submission.objects.get(source__code=box.unit.code)
    assert (submission.channel, submission.received_by, submission.status) == ("folder", "drop-folder", "deposited")
    assert (submission.accepted, submission.rejected) == (1, 1)
    (number,) = DropFile.objects.filter(source__code=box.unit.code).values_list("ticket", flat=True)
    stem = f"九月.{number[:8]}"
    day = f"{clock.today():%Y-%m-%d}"
    assert box.names("in") == []
    assert box.names("done") == [f"{day}/{stem}.csv"]
    assert (box.path / "done" / day / f"{stem}.csv").read_bytes() == content
    assert box.names("feedback") == [f"{stem}.feedback.xlsx"]
    assert box.names("receipts") == [f"{stem}.receipt.json"]
    verdict = receipts.verify(
        (box.path / "receipts" / f"{stem}.receipt.json").read_text("utf-8"),
        keys=[one.public for one in signing.signers()], file_digest=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    assert verdict.is_genuine
    assert [one["kind"] for one in verdict.statements] == ["submission-received", "submission-deposited"]
    assert list((root / ".work").iterdir()) == []


def test_the_first_receipt_comes_at_once_and_the_second_when_the_rows_are_in(box: Box) -> None:
    box.put("a.csv", [box.row()])
    jobs.look()
    (name,) = box.names("receipts")
    read = lambda: json.loads((box.path / "receipts" / name).read_text("utf-8"))  # noqa: E731
    assert [one["kind"] for one in read()["statements"]] == ["submission-received"]
    jobs.look()  # nothing new to say
    assert box.names("feedback") == []
    scan()
    assert [one["kind"] for one in read()["statements"]] == ["submission-received", "submission-deposited"]


@pytest.mark.parametrize("name", ["a.csv.part", "a.csv.TMP", ".a.csv", "a.filepart", "a.csv~"])
def test_a_file_that_is_still_written_by_its_name_stays(name: str, box: Box) -> None:
    box.put(name, [box.row()])
    assert scan().taken == 0
    assert box.names("in") == [f"{ITEM}/{name}"]


def test_a_file_is_taken_when_it_has_not_changed_for_a_while_or_when_it_is_said_to_be_complete(
    box: Box, settings: Any
) -> None:
    settings.DROP_STILL_SECONDS = 30
    path = box.put("a.csv", [box.row()])
    os.utime(path, (0, 0))  # a transfer program that sets the old time back does not make it look old
    now = clock.now()
    look = lambda later: drop.look(now=now + timedelta(seconds=later), by=SYSTEM, hand_in=jobs.hand_in)  # noqa: E731
    assert look(20).taken == 0
    assert look(20).folders[-1]["waiting"] == 1
    assert look(40).taken == 1
    box.put("b.csv", [box.row()])
    (box.path / "in" / ITEM / "b.csv.ok").touch()
    assert look(2).taken == 0
    assert look(10).taken == 1
    scan()
    assert box.names("in") == []


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> str:
    made_digest = hashes.Hash(algorithm)
    made_digest.update(content)
    return made_digest.finalize().hex()


@pytest.mark.parametrize("form", ["json", "json-object", "xml"])
def test_a_control_file_names_item_rows_and_digest(form: str, box: Box) -> None:
    content = box.put("a.csv", [box.row(), box.row()], folder="").read_bytes()
    sha, sm3 = hashlib.sha256(content).hexdigest(), _digest(hashes.SM3(), content)
    said = {
        "json": json.dumps({"item": ITEM, "rows": 2, "sha256": sha.upper(), "sm3": sm3}),
        "json-object": json.dumps({"item": ITEM, "digest": {"algorithm": "SM3", "value": sm3}}),
        "xml": f'<?xml version="1.0" encoding="UTF-8"?><file><item>{ITEM}</item><rows>2</rows>'
        f'<digest algorithm="SHA-256">{sha}</digest></file>',
    }[form]
    (box.path / "in" / f"a.csv.ctl.{form[:4].removesuffix('-')}").write_text(said, "utf-8")
    assert scan().done == 1
    assert Submission.objects.get(source__code=box.unit.code).accepted == 2
    assert box.names("in") == []


@pytest.mark.parametrize(
    ("control", "word"),
    [
        ({"sha256": "0" * 64}, "SHA-256 摘要"),
        ({"digest": {"algorithm": "SM3", "value": "0" * 64}}, "SM3 摘要"),
        ({"rows": 3}, "控制文件写明 3 行，文件中有 1 行"),
        ({"item": "admin-licence-org"}, "却写明事项 admin-licence-org"),
        ({"sha256": "xyz"}, "控制文件无法读取"),
        ({"md5": "0" * 32}, "控制文件无法读取"),
        ({"digest": {"algorithm": "CRC", "value": "1"}}, "控制文件无法读取"),
        ("<a><digest algorithm='SHA-1'>1</digest></a>", "控制文件无法读取"),
        ([1], "控制文件无法读取"),
        ("", "控制文件无法读取"),
        ("<a><!DOCTYPE", "控制文件无法读取"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><item>&b;</item></a>', "控制文件无法读取"),
    ],
)
def test_a_file_that_is_not_as_its_control_file_says_goes_to_quarantine_and_nothing_of_it_goes_in(
    control: Any, word: str, box: Box
) -> None:
    content = box.put("a.csv", [box.row()]).read_bytes()
    text = control if isinstance(control, str) else json.dumps(control)
    (box.path / "in" / ITEM / ("a.csv.ctl.xml" if text[:1] == "<" else "a.csv.ctl.json")).write_text(text, "utf-8")
    assert scan().quarantined == 1
    assert not Submission.objects.filter(source__code=box.unit.code).exists()
    (file,) = (one for one in (box.path / "quarantine").iterdir() if one.suffix == ".csv")
    assert file.read_bytes() == content
    assert word in box.reason()
    assert "What to do:" in box.reason()
    assert box.names("in") == box.names("receipts") == []


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.csv", "甲,乙\n1,2\n".encode(), "没有以下必填列|表头"),
        ("a.pdf", b"%PDF-1.7\n" + b"x" * 100, ""),
        ("a.csv", b"", ""),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 50, ""),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine_with_its_receipt(
    name: str, content: bytes, word: str, box: Box
) -> None:
    import re

    (box.path / "in" / ITEM / name).write_bytes(content)
    seen = scan()
    assert (seen.quarantined, seen.problems) == (1, [])
    refusal = Submission.objects.get(source__code=box.unit.code).refusal
    assert refusal["zh"] in box.reason()
    assert refusal["en"] in box.reason()
    assert re.search(word, box.reason())
    receipt = json.loads(next((box.path / "receipts").iterdir()).read_text("utf-8"))
    assert [one["kind"] for one in receipt["statements"]][-1] == "submission-refused"


def test_an_item_must_be_named_and_must_exist(box: Box) -> None:
    box.put("a.csv", [box.row()], folder="")
    (box.path / "in" / "no-such-item").mkdir()
    box.put("b.csv", [box.row()], folder="no-such-item")
    assert scan().quarantined == 2
    reasons = {one.reason["code"] for one in DropFile.objects.filter(source__code=box.unit.code)}
    assert reasons == {"intake.drop-no-item", "catalogue.unknown-item"}


def test_links_and_pipes_are_never_followed_and_never_wait(box: Box, tmp_path: Path) -> None:
    outside = made.csv_file(tmp_path / "outside.csv", [box.row()])
    inbox = box.path / "in" / ITEM
    (inbox / "symbolic.csv").symlink_to(outside)
    (inbox / "hard.csv").hardlink_to(outside)
    os.mkfifo(inbox / "pipe.csv")
    (inbox / "dangling.csv").symlink_to(tmp_path / "nowhere")
    (box.path / "in" / "serious-dishonesty").rmdir()
    (box.path / "in" / "serious-dishonesty").symlink_to(tmp_path, target_is_directory=True)
    seen = scan()
    assert (seen.taken, seen.quarantined, seen.problems) == (5, 5, [])
    assert not Submission.objects.filter(source__code=box.unit.code).exists()
    assert {one.reason["code"] for one in DropFile.objects.filter(source__code=box.unit.code)} == {
        "intake.drop-not-a-plain-file"
    }
    kept = [one for one in (box.path / "quarantine").iterdir() if one.suffix == ".csv"]
    assert [one.name.startswith("hard.") for one in kept] == [True]  # the others hold no data of their own
    assert outside.exists()
    assert len(list((box.path / "quarantine").glob("*.txt"))) == 5


@pytest.mark.parametrize("folder", ["receipts", "feedback", "done", "quarantine", "in"])
def test_a_folder_that_was_made_a_link_gets_nothing_and_gives_nothing(folder: str, box: Box, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / ITEM).mkdir(parents=True)
    box.put("a.csv", [box.row()])
    box.put("b.pdf", [box.row()], folder="")
    (box.path / folder).rename(tmp_path / "aside")
    (box.path / folder).symlink_to(elsewhere, target_is_directory=True)
    seen = scan()
    assert any("改成链接" in one["zh"] for one in seen.problems)
    assert [one for one in elsewhere.rglob("*") if one.name != ITEM] == []
    (box.path / folder).unlink()
    (tmp_path / "aside").rename(box.path / folder)
    seen = scan()  # put right, it goes on by itself
    assert seen.problems == []
    assert {one.status for one in DropFile.objects.filter(source__code=box.unit.code)} == {"done", "quarantined"}


def test_the_same_content_twice_is_one_submission_and_two_answers(box: Box) -> None:
    rows = [box.row()]
    for name in ("a.csv", "a.csv", "b.csv"):
        box.put(name, rows)
        scan()
    assert Submission.objects.filter(source__code=box.unit.code).count() == 1
    assert DropFile.objects.filter(source__code=box.unit.code, status="done").count() == 3
    assert len(box.names("receipts")) == len(box.names("done")) == 3


def test_a_file_that_grows_while_it_is_copied_is_looked_at_again(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    path = box.put("a.csv", [box.row()])
    late = made.csv_file(path.with_name(".late.csv"), [box.row()]).read_bytes().partition(b"\n")[2]
    with path.open("ab") as writer:  # still open when the file is taken
        real, calls = os.fstat, []

        def fstat(handle: int) -> os.stat_result:
            seen = real(handle)
            if not calls and seen.st_ino == path_inode:
                calls.append(handle)
                writer.write(late)
                writer.flush()
            return seen

        path_inode = path.stat().st_ino
        monkeypatch.setattr(_drop_places.os, "fstat", fstat)
        assert jobs.look().taken == 1
        assert not DropFile.objects.filter(source__code=box.unit.code).exists()
    scan()
    assert Submission.objects.get(source__code=box.unit.code).rows_read == 2


@pytest.mark.parametrize(
    ("number", "word"), [(errno.ENOSPC, "磁盘已满"), (errno.EACCES, "没有读写权限"), (errno.EXDEV, "同一文件系统")]
)
@pytest.mark.parametrize("call", ["rename", "open", "fsync"])
def test_a_disk_that_is_full_or_closed_loses_nothing_and_is_told(
    number: int, word: str, call: str, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file system is an edge: here it fails, from some call on, as a full disk does."""
    content = box.put("a.csv", [box.row()]).read_bytes()
    real, told = getattr(os, call), 0
    for after in (0, 1, 3, 6):
        left = [after]

        def fail(*given: Any, left: list[int] = left, **options: Any) -> Any:
            is_ours = call != "open" or (given[1] & os.O_CREAT)
            if is_ours and left[0] <= 0:
                raise OSError(number, "edge")
            left[0] -= bool(is_ours)
            return real(*given, **options)

        with monkeypatch.context() as patched:
            patched.setattr(_drop_places.os, call, fail)
            problems = jobs.look().problems
        told += any(word in one["zh"] for one in problems)
    assert told
    scan()
    assert Submission.objects.filter(source__code=box.unit.code).count() == 1
    (done,) = box.names("done")
    assert (box.path / "done" / done).read_bytes() == content
    assert DropFile.objects.filter(source__code=box.unit.code).count() == 1


def test_what_is_strange_in_the_folders_is_told_to_the_operator(box: Box, root: Path) -> None:
    (root / "not-a-unit").mkdir()
    (box.path / "in" / ITEM / "deeper").mkdir()
    lonely = box.path / "in" / ITEM / "never.csv.ok"
    lonely.touch()
    now = clock.now() + timedelta(hours=2)
    seen = drop.look(now=now, by=SYSTEM, hand_in=jobs.hand_in)
    drop.note(seen)
    said = {one["folder"]: one["zh"] for one in seen.problems}
    assert "not-a-unit" in said
    assert "子目录" in said[f"{box.unit.code}/in/{ITEM}"]
    assert "没有对应的数据文件" in said[f"{box.unit.code}/in"]
    found = drop_desk.overview(now=clock.now(), seen_by=OPERATOR)
    assert found.problems == seen.problems
    (root).rename(root.with_name("unmounted"))
    assert "目录不存在" in jobs.look().problems[0]["zh"]


def test_the_operator_releases_or_discards_and_the_next_look_does_it(box: Box) -> None:
    box.put("a.csv", [box.row()], folder="")
    box.put("b.csv", [box.row()], folder="")
    scan()
    newest, oldest = [one for one in drop_desk.quarantined(seen_by=OPERATOR) if one.source_code == box.unit.code]
    with pytest.raises(Exception, match="目录中没有事项"):
        drop_desk.release(oldest.id, by=OPERATOR)
    drop_desk.release(oldest.id, by=OPERATOR, item_id=ITEM)
    drop_desk.discard(newest.id, by=OPERATOR)
    with pytest.raises(drop_desk.NotInQuarantine):
        drop_desk.discard(oldest.id, by=OPERATOR)
    seen = scan()
    assert (seen.done, seen.quarantined, seen.problems) == (1, 0, [])
    assert box.names("quarantine") == []
    assert sorted(DropFile.objects.filter(source__code=box.unit.code).values_list("status", flat=True)) == [
        "discarded", "done", "released",
    ]  # fmt: skip
    events = [one.event for one in audit.entries(seen_by=made.AUDITOR, limit=30) if one.object_kind == "drop"]
    assert {"drop-quarantined", "drop-released", "drop-discarded"} <= set(events)


def test_days_that_were_kept_long_enough_go(box: Box, settings: Any) -> None:
    for day in ("2026-01-01", f"{clock.today():%Y-%m-%d}"):
        (box.path / "done" / day).mkdir()
        (box.path / "done" / day / "x.csv").touch()
    (box.path / "done" / "mine").mkdir()
    scan()
    assert sorted(one.name for one in (box.path / "done").iterdir()) == sorted([f"{clock.today():%Y-%m-%d}", "mine"])


def test_no_number_of_a_person_stands_in_a_name_that_we_give(box: Box) -> None:
    number = made.person().number
    box.put(f"{number}罚单.csv", [box.row()])
    scan()
    for folder in ("done", "receipts", "feedback"):
        (name,) = box.names(folder)
        assert number not in name
    assert number not in DropFile.objects.get(source__code=box.unit.code).file_name


@pytest.mark.parametrize(
    "name", ["长" * 60 + ".csv", "a\nb.csv", "名称 带 空格.CSV", "no-ending", "..csv", "a" * 250, "引\"号'.csv"]
)
def test_a_name_of_any_kind_is_answered(name: str, box: Box) -> None:
    if len(name.encode()) > 255 or name.startswith("."):
        name = "x" + name[:80]
    box.put(name, [box.row()])
    seen = scan()
    assert (seen.done, seen.problems) == (1, [])
    assert len(box.names("receipts")) == 1


def test_a_name_that_is_no_text_is_answered(box: Box) -> None:
    rows = made.csv_file(box.path / "in" / ITEM / ".part", [box.row()])
    os.rename(os.fsencode(rows), os.fsencode(rows.parent) + b"/\xb9\xfa.csv")
    seen = scan()
    assert (seen.done, seen.problems) == (1, [])


def test_a_folder_whose_name_is_no_text_stops_nobody(box: Box) -> None:
    inbox = os.fsencode(box.path / "in")
    os.makedirs(inbox + b"/\xb9\xfa/\xc0")
    with open(inbox + b"/\xb9\xfa/a.csv", "wb") as file:
        file.write(b"x")
    box.put("b.csv", [box.row()])
    (box.path / "in" / "c.csv").write_bytes(b"x")
    (box.path / "in" / "c.csv.ctl.json").write_text(json.dumps({"item": "a" * 5000}))
    seen = scan()
    assert (seen.done, seen.quarantined) == (1, 2)
    assert [one["zh"] for one in seen.problems if "子目录" not in one["zh"]] == []
    assert drop_desk.overview(now=clock.now(), seen_by=OPERATOR).problems == seen.problems


def test_what_was_taken_back_meanwhile_is_answered_all_the_same(box: Box) -> None:
    box.put("a.csv", [box.row()])
    jobs.look()
    (number,) = drop_desk.unworked(seen_by=SYSTEM)
    submit.run(number, by=SYSTEM)
    revert.begin(number, reason="报错了所属月份", by=SYSTEM)
    revert.finish(number, by=SYSTEM)
    seen = jobs.look()
    assert (seen.done, seen.problems) == (1, [])
    assert box.names("feedback") == []
    assert len(box.names("receipts")) == 1


def test_two_looks_at_once_are_one(box: Box) -> None:
    from xinyong.security import separation

    box.put("a.csv", [box.row()])
    with separation.as_loader() as other:
        other.execute("SELECT pg_advisory_lock(7306, -1)")
        assert jobs.look().is_busy
        other.execute("SELECT pg_advisory_unlock(7306, -1)")
    assert scan().done == 1


def test_only_an_operator_looks_into_the_folders_of_all(box: Box) -> None:
    for role in (Role.SOURCE_UNIT, Role.AUDITOR, Role.SYSTEM_ADMIN, Role.READER):
        who = Actor(role=role, name="x", department=box.unit.code)
        with pytest.raises(NotAllowed):
            drop_desk.overview(now=clock.now(), seen_by=who)
        with pytest.raises(NotAllowed):
            drop_desk.release(1, by=who)


def test_where_no_folder_is_set_nothing_is_looked_at(settings: Any, module_db: None) -> None:
    settings.DROP_FOLDERS = None
    with pytest.raises(drop.NotOn):
        jobs.look()
    jobs.look_into_folders(timestamp=0)
    assert not drop_desk.overview(now=clock.now(), seen_by=OPERATOR).is_on
    assert django_settings.DROP_KEEP_DAYS > 0
    assert views.submissions(seen_by=SYSTEM, limit=1) is not None


@pytest.fixture
def closed() -> Iterator[None]:
    """The item is granted for the time of the test."""
    words: dict[str, Any] = {"item_id": ITEM, "basis": "三定方案载明的职责", "by": OPERATOR, "at": clock.now()}
    supply.set_mode(mode="granted", **words)
    yield
    supply.set_mode(mode="open", **words)


def test_what_a_unit_may_not_report_is_laid_aside_with_the_reason_and_goes_in_once_it_is_granted(
    closed: None, box: Box, root: Path
) -> None:
    assert not (box.path / "in" / ITEM).exists(), "no folder for what the unit may not report"
    assert (box.path / "in" / "admin-licence-org").exists()
    (box.path / "in" / ITEM).mkdir()
    box.put("处罚.csv", [box.row()])
    seen = scan()
    assert (seen.quarantined, seen.problems) == (1, [])
    laid = DropFile.objects.get(source_id=box.unit.id)
    assert (laid.status, laid.reason["code"]) == ("quarantined", "intake.not-granted")
    assert "/office/supply/" in box.reason()
    assert "[intake.not-granted]" in box.reason()
    assert Submission.objects.filter(source_id=box.unit.id).count() == 0
    supply.grant(
        item_id=ITEM, source_code=box.unit.code, starts_on=clock.today(), basis="三定方案载明的职责", by=OPERATOR, at=clock.now()
    )  # fmt: skip
    drop_desk.release(laid.pk, by=OPERATOR)
    scan()
    scan()
    assert Submission.objects.get(source_id=box.unit.id).accepted == 1
