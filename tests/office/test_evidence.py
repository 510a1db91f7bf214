"""The evidence pages, the files anybody may take, receipts; and what stops when nothing can be proved."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection

from tests.intake import made
from tests.office.conftest import Office
from xinyong.kernel import clock
from xinyong.security import separation
from xinyong.security.ledger import health, notes, receipts, sequencer, signing, tiles, witness, witnesses

pytestmark = pytest.mark.usefixtures("on_the_day")


@pytest.fixture(autouse=True)
def on_the_day(office: Office) -> Iterator[None]:
    """The office's day; a checkpoint of today."""
    health._seen.clear()
    with time_machine.travel(made.NOW + timedelta(hours=1), tick=True):
        yield
    health._seen.clear()


def keys() -> list[notes.PublicKey]:
    return [signing.signers()[0].public]


def receipt(browsers: Office, role: str = "clerk") -> dict[str, Any]:
    found = browsers[role].get(f"/office/submissions/{browsers.submission.id}/receipt.json")
    assert found.status_code == 200, found.body
    return dict(json.loads(found.body))


def test_a_department_proves_what_it_handed_in(
    browsers: Office, noted: Callable[[], list[str]], tmp_path: Path
) -> None:
    given = receipt(browsers)
    assert noted() == ["receipt-taken"]
    kinds = [one["kind"] for one in given["statements"]]
    assert kinds == ["submission-received", "submission-deposited"]
    assert given["statements"][0]["unit"] == browsers.unit.code
    assert given["statements"][1]["rows"] == 3
    digest = given["statements"][0]["sha256"]
    verdict = receipts.verify(json.dumps(given), keys=keys(), file_digest=digest)
    assert verdict.fails == []
    assert len(verdict.holds) == 4
    assert receipts.verify(json.dumps(given), keys=keys(), file_digest="0" * 64).fails


def test_no_byte_of_a_receipt_can_be_changed(browsers: Office) -> None:
    given = receipt(browsers)
    for path, value in (
        (["statements", 0, "bytes"], 1),
        (["statements", 1, "accepted"], 999),
        (["signed"], given["signed"].replace('"rows": 3', '"rows": 4')),
        (["checkpoint"], given["checkpoint"].replace("number ", "number 1")),
        (["leaves", 0, "position"], given["leaves"][0]["position"] + 1),
        (["leaves", 0, "position"], -1),
        (["leaves", 0, "ref"], 77),
        (["leaves", 1, "salt"], "00" * 16),
        (["leaves", 1, "proof"], given["leaves"][1]["proof"][:-1]),
        (["leaves", 0, "proof"], [*given["leaves"][0]["proof"], "AAAA"]),
        (["leaves", 0], None),
        (["leaves", 1], given["leaves"][0]),
    ):
        changed: Any = copy.deepcopy(given)
        place = changed
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != value
        place[path[-1]] = value
        assert not receipts.verify(json.dumps(changed), keys=keys()).is_genuine, path
    with pytest.raises(receipts.NotAReceipt):
        receipts.verify('{"form": "xinyong-receipt/1"}', keys=keys())


def test_a_receipt_trusts_only_the_key_that_is_given(browsers: Office) -> None:
    stranger = notes.Signer(signing.origin(), notes.LOG, bytes(32)).public
    assert not receipts.verify(json.dumps(receipt(browsers)), keys=[stranger]).is_genuine


@pytest.mark.parametrize(
    ("role", "status"), [("clerk", 200), ("stranger", 404), ("operator", 200), ("auditor", 200), ("public", 302)]
)
def test_a_receipt_is_its_department_s(browsers: Office, role: str, status: int) -> None:
    assert browsers[role].get(f"/office/submissions/{browsers.submission.id}/receipt.json").status_code == status


def test_everybody_sees_how_the_log_stands_and_looks_up_a_receipt(browsers: Office) -> None:
    given = receipt(browsers)
    page = browsers["public"].get("/evidence/", {"receipt": f" {given['id'].upper()} "})
    text = page.body.decode()
    assert page.status_code == 200
    assert text.count("最新检查点已包含") == 2
    assert "目前没有独立见证方" in text
    assert browsers.unit.code not in text
    assert "没有这个编号" in browsers["public"].get("/evidence/", {"receipt": "0" * 32}).body.decode()
    assert "回执编号是" in browsers["public"].get("/evidence/", {"receipt": "12"}).body.decode()


def test_the_files_of_the_log_are_there_for_anybody(browsers: Office) -> None:
    published = sequencer.publish(now=clock.now())
    client = browsers["public"]
    assert client.get("/evidence/checkpoint").body.decode() == published.note
    assert notes.public_key(client.get("/evidence/key").body.decode().splitlines()[0]) == keys()[0]
    size = published.checkpoint.size
    number, width = divmod(size, 256)
    tile = client.get(f"/evidence/{tiles.path_of(0, number, width)}")
    assert (tile.status_code, len(tile.body)) == (200, 32 * width)
    for wrong in (
        "0/x000/000",
        "0/../../keys/master",
        "0/000.p/0",
        "0/000.p/300",
        "9/000",
        "0/999",
        "0/%2e%2e/checkpoint",
    ):
        assert client.get(f"/evidence/tile/{wrong}").status_code == 404
    assert client.get("/evidence/witnessed").status_code == 404


def test_a_witness_is_shown_once_it_is_known(browsers: Office, tmp_path: Path) -> None:
    sequencer.publish(now=clock.now())
    other = witness.Witness(tmp_path / "state", "audit.example/w1")
    seen = other.look(witness.source(str(signing.home())), keys()[0], at=int(clock.now().timestamp()))
    tiles.put(signing.home() / "witness" / "one.note", seen.note.encode())
    assert witnesses.all_seen() == []
    witnesses.add(other.signer.public)
    assert "audit.example/w1" in browsers["public"].get("/evidence/").body.decode()
    assert browsers["public"].get("/evidence/witnessed").body.decode() == seen.note
    assert "audit.example/w1" in browsers["auditor"].get("/office/evidence/").body.decode()
    (signing.home() / "witness" / "keys").unlink()


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("clerk", 403), ("operator", 403), ("public", 302)])
def test_the_state_of_the_log_is_for_auditors_and_administrators(browsers: Office, role: str, status: int) -> None:
    assert browsers[role].get("/office/evidence/").status_code == status


def test_when_nothing_can_be_signed_what_is_not_public_stays_closed(browsers: Office, settings: Any) -> None:
    sequencer.publish(now=clock.now())
    path = Path(settings.XINYONG_HOME) / "keys" / "log-signing"
    kept = path.read_text()
    settings.LOG_LIMIT_MINUTES = 5
    try:
        path.write_text("not a key")
        assert _looked(browsers).status_code == 200  # the limit is not over
        with time_machine.travel(clock.now() + timedelta(minutes=10), tick=True):
            refused = _looked(browsers)
            assert refused.status_code == 503
            assert "非公开数据暂停查询" in refused.body.decode()
            assert "签名密钥" in refused.body.decode()
            assert refused["Retry-After"] == "300"
            assert browsers["public"].get("/").status_code == 200
            assert browsers["public"].get("/evidence/").status_code == 200
            state = browsers["auditor"].get("/office/evidence/")
            assert state.status_code == 200
            assert "签发停止" in state.body.decode()
            path.write_text(kept)
            assert _looked(browsers).status_code == 200  # signs again by itself
    finally:
        path.write_text(kept)


def _looked(browsers: Office) -> Any:
    health._seen.clear()
    return browsers["clerk"].get("/office/submissions/")


def test_when_no_entry_can_be_made_nothing_is_shown(browsers: Office) -> None:
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$;"
            "CREATE TRIGGER disk_full BEFORE INSERT ON security_auditentry FOR EACH ROW EXECUTE FUNCTION disk_full()"
        )
    try:
        refused = browsers["clerk"].get("/office/submissions/")
        assert refused.status_code == 503
        assert browsers.submission.file_name not in refused.body.decode()
        assert "无法写入操作日志" in refused.body.decode()
        assert browsers["public"].get("/").status_code == 200
    finally:
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION disk_full() CASCADE")


def test_a_database_put_back_is_not_signed(browsers: Office) -> None:
    sequencer.publish(now=clock.now())
    signed = (signing.home() / tiles.CHECKPOINT).read_text("utf-8")
    later = notes.read_checkpoint(notes.read_note(signed).text)
    ahead = notes.Checkpoint(later.origin, later.size + 5, later.root, later.number + 1, later.at)
    tiles.put(signing.home() / tiles.CHECKPOINT, ahead.signed(signing.signers()).encode())
    with pytest.raises(sequencer.RolledBack):
        sequencer.publish(now=clock.now())
    assert "签发停止" in browsers["auditor"].get("/office/evidence/").body.decode()
    tiles.put(signing.home() / tiles.CHECKPOINT, signed.encode())
    sequencer.publish(now=clock.now())
    assert health.now(clock.now()).trouble is None


def test_after_a_rotation_either_key_verifies(browsers: Office) -> None:
    old = keys()[0]
    signing.add_key()
    new = keys()[0]
    published = sequencer.publish(now=clock.now())
    assert new != old
    for one in (old, new):
        assert notes.trusted(published.note, keys=[one])[0] == published.checkpoint
    assert receipts.verify(json.dumps(receipt(browsers)), keys=[old]).is_genuine
