"""Notes are C2SP's; a witness signs what only grew, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.security.ledger.test_merkle import Memory, hashed
from xinyong.security.ledger import merkle, notes, tiles
from xinyong.security.ledger.notes import LOG, WITNESS, Checkpoint, Signer
from xinyong.security.ledger.witness import Folder, Split, Unreachable, Witness

LOGS_KEY = Signer("credit.example/log", LOG, bytes(range(32)))


class Log:
    """A log of files, without a database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tree, self.number = folder, Memory(), 0

    def publish(self, leaves: list[bytes]) -> Checkpoint:
        """Grows by these leaves and signs."""
        before = len(self.tree.levels[0])
        self.tree.add(leaves)
        size, self.number = before + len(leaves), self.number + 1
        checkpoint = Checkpoint(LOGS_KEY.name, size, merkle.root(self.tree, size), self.number, 1_800_000_000 + size)
        tiles.write(self.folder, self.tree, before, size)
        tiles.put(self.folder / tiles.CHECKPOINT, checkpoint.signed([LOGS_KEY]).encode())
        return checkpoint


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness", "audit.example/w1")


def test_a_witness_cosigns_growth(log: Log, witness: Witness) -> None:
    for step in (1, 300, 77_000, 0):
        checkpoint = log.publish(hashed(step))
        seen = witness.look(Folder(log.folder), LOGS_KEY.public, at=1_800_000_500)
        held, signatures = notes.trusted(seen.note, keys=[LOGS_KEY.public, witness.signer.public], witnesses=1)
        assert held == checkpoint
        assert signatures[witness.signer.public] == 1_800_000_500


def test_a_log_put_back_is_refused_and_both_checkpoints_are_kept(log: Log, witness: Witness, tmp_path: Path) -> None:
    log.publish(hashed(300))
    witness.look(Folder(log.folder), LOGS_KEY.public, at=1)
    earlier = Log(tmp_path / "earlier")
    earlier.number = 7
    earlier.publish(hashed(200))
    with pytest.raises(Split):
        witness.look(Folder(earlier.folder), LOGS_KEY.public, at=2)
    (refused,) = (witness.state / "refused").iterdir()
    assert set(json.loads(refused.read_text("utf-8"))) == {"log", "problem", "kept", "shown"}
    assert witness.last(LOGS_KEY.public) is not None


@pytest.mark.parametrize("size", [300, 301, 5_000])
def test_another_history_is_refused(log: Log, witness: Witness, tmp_path: Path, size: int) -> None:
    log.publish(hashed(300))
    witness.look(Folder(log.folder), LOGS_KEY.public, at=1)
    other = Log(tmp_path / "other")
    other.publish([])
    other.publish([merkle.leaf_hash(b"other"), *hashed(size)[1:]])
    with pytest.raises(Split):
        witness.look(Folder(other.folder), LOGS_KEY.public, at=2)


def test_tiles_that_do_not_fit_the_checkpoint_prove_nothing(log: Log, witness: Witness) -> None:
    log.publish(hashed(300))
    witness.look(Folder(log.folder), LOGS_KEY.public, at=1)
    log.publish(hashed(300))
    for tile in (log.folder / "tile").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(len(tile.read_bytes())))
    with pytest.raises(Split):
        witness.look(Folder(log.folder), LOGS_KEY.public, at=2)
    with pytest.raises(Unreachable):
        witness.look(Folder(log.folder / "nowhere"), LOGS_KEY.public, at=3)


def test_a_checkpoint_of_another_key_is_not_the_log_s(log: Log, witness: Witness) -> None:
    log.publish(hashed(5))
    stranger = Signer(LOGS_KEY.name, LOG, bytes(32))
    with pytest.raises(notes.NotSigned):
        witness.look(Folder(log.folder), stranger.public, at=1)


def test_a_second_process_is_a_witness_too(log: Log, tmp_path: Path) -> None:
    """Its own key and directory, no database; it ends with 1 when the log was put back."""
    log.publish(hashed(300))

    def look(place: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "xinyong.config", "witness", "--log", str(place), "--key", str(LOGS_KEY.public), "--state",
             str(tmp_path / "state"), "--name", "audit.example/w2", "--deliver", str(tmp_path / "delivered")],
            env=os.environ | {"XINYONG_HOME": str(tmp_path / "home")}, capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip

    assert look(log.folder).returncode == 0
    (delivered,) = (tmp_path / "delivered").iterdir()
    key = Witness(tmp_path / "state", "audit.example/w2").signer.public
    notes.trusted(delivered.read_text("utf-8"), keys=[LOGS_KEY.public, key], witnesses=1)
    earlier = Log(tmp_path / "earlier")
    earlier.publish(hashed(200))
    refused = look(earlier.folder)
    assert refused.returncode == 1
    assert "0 →" not in refused.stdout
    assert "回退" in refused.stderr


EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def test_the_specification_s_own_checkpoint_reads() -> None:
    note = notes.read_note(EXAMPLE)
    assert notes.read_checkpoint(note.text).size == 20_852_163
    assert note.signatures[0][1].hex() == "033de0ae"


@pytest.mark.parametrize(
    "wrong",
    ["", "x", EXAMPLE.replace("20852163", "020852163"), EXAMPLE.replace("20852163", "-1"), EXAMPLE.replace("=\n\n", "\n\n"),
     EXAMPLE.replace("\n\n", "\n"), EXAMPLE.replace("— ", "- "), EXAMPLE.replace("2I=", "2J="), EXAMPLE[:-1],
     EXAMPLE.replace("20852163", "٢")],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(wrong: str) -> None:
    with pytest.raises(notes.Unreadable):
        notes.read_checkpoint(notes.read_note(wrong).text)


def test_a_signature_s_every_byte_counts() -> None:
    whole = Checkpoint(LOGS_KEY.name, 9, bytes(32), 1, 2).signed([LOGS_KEY])
    assert notes.trusted(whole, keys=[LOGS_KEY.public])[0].size == 9
    for wrong in (
        whole.replace("\n9\n", "\n8\n"),
        whole.replace("time 2", "time 3"),
        whole.replace("number 1", "number 2"),
    ):
        with pytest.raises(notes.NotSigned):
            notes.trusted(wrong, keys=[LOGS_KEY.public])
    with pytest.raises(notes.NotSigned):
        notes.trusted(whole, keys=[LOGS_KEY.public], witnesses=1)
    other = Signer(LOGS_KEY.name, WITNESS, LOGS_KEY.seed)
    by_witness = Checkpoint(LOGS_KEY.name, 9, bytes(32)).signed([other])
    with pytest.raises(notes.NotSigned):
        notes.trusted(by_witness, keys=[LOGS_KEY.public, other.public])


def test_public_keys_are_read_as_they_are_printed() -> None:
    assert notes.public_key(f"{LOGS_KEY.public}\n") == LOGS_KEY.public
    for wrong in (
        "",
        "a+b+c",
        str(LOGS_KEY.public).replace("+", "-"),
        str(LOGS_KEY.public)[:-5],
        f"x{LOGS_KEY.public}",
    ):
        with pytest.raises(notes.Unreadable):
            notes.public_key(wrong)
