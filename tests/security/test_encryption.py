"""What is sealed opens only with its key, in its place, unaltered."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.security import encryption, keys, vault

pytestmark = pytest.mark.usefixtures("django_db_setup")


@given(st.binary(max_size=400), st.text(min_size=1, max_size=20))
def test_what_is_sealed_opens_again(plain: bytes, context: str) -> None:
    sealed = encryption.seal(plain, context=context)
    assert encryption.unseal(sealed, context=context) == plain
    assert len(plain) < 8 or plain not in sealed


def test_a_value_moved_to_another_place_does_not_open() -> None:
    sealed = encryption.seal(b"secret", context="subject.sealed")
    with pytest.raises(encryption.Unreadable):
        encryption.unseal(sealed, context="record.sealed")


@given(st.integers(min_value=0, max_value=40), st.integers(min_value=1, max_value=255))
def test_one_altered_byte_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(encryption.seal(b"0123456789abc", context="x"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(encryption.Unreadable):
        encryption.unseal(bytes(sealed), context="x")


def test_equal_texts_have_equal_digests_and_kinds_are_kept_apart() -> None:
    assert encryption.digest("a", kind="person") == encryption.digest("a", kind="person")
    assert encryption.digest("a", kind="person") != encryption.digest("a", kind="name")
    assert encryption.digest_column(["a", None], kind="person") == [encryption.digest("a", kind="person"), None]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_file_of_any_size_is_sealed_and_opened(tmp_path: Path, size: int) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    vault.put(plain, tmp_path / "sealed", context="test")
    assert vault.digest_of(plain)[1] == len(plain.read_bytes())
    vault.take(tmp_path / "sealed", tmp_path / "again", context="test")
    assert (tmp_path / "again").read_bytes() == plain.read_bytes()


def test_a_sealed_file_that_was_cut_swapped_or_altered_does_not_open(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(os.urandom(2 << 20) + b"c" * 10)  # what cannot be made smaller lies in frames of known size
    vault.put(plain, tmp_path / "sealed", context="test")
    whole = (tmp_path / "sealed").read_bytes()
    frame, front = 4 + 4 + (1 << 20) + 16, vault.HEAD + 8
    cut = whole[: front + 2 * frame]
    swapped = (
        whole[:front]
        + whole[front + frame : front + 2 * frame]
        + whole[front : front + frame]
        + whole[front + 2 * frame :]
    )
    altered = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    for damaged in (cut, swapped, altered, b"", b"XYV2", b"XYV3", whole[: vault.HEAD]):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(encryption.Unreadable):
            vault.take(tmp_path / "damaged", tmp_path / "out", context="test")


def test_the_key_lies_in_the_data_directory_for_its_owner_only() -> None:
    from django.conf import settings

    encryption.digest("x", kind="test")
    assert (settings.XINYONG_HOME / "keys" / "master").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"\0" * 3_000_000, bytes(range(256)) * 9_000, os.urandom(2_500_000)])
def test_a_kept_file_lies_under_its_digest_once_and_comes_back(content: bytes, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(content)
    kept = tmp_path / "kept"
    kept.mkdir()
    for _ in range(2):
        digest, size = vault.keep(plain, kept, lambda name: kept / f"{name}.sealed", context="test")
        assert (digest, size) == (hashlib.sha256(content).hexdigest(), len(content))
        assert [each.name for each in kept.iterdir()] == [f"{digest}.sealed"]
    vault.take(kept / f"{digest}.sealed", tmp_path / "again", context="test")
    assert (tmp_path / "again").read_bytes() == content


def test_what_a_killed_process_left_unfinished_goes_and_what_another_is_writing_stays(tmp_path: Path) -> None:
    plain, left, held = tmp_path / "plain", tmp_path / "left.part", tmp_path / "held.part"
    for each in (plain, left, held):
        each.write_bytes(b"1")
    script = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        vault.keep(plain, tmp_path, lambda name: tmp_path / name, context="test")
        assert (left.exists(), held.exists()) == (False, True)
        holder.kill()
    vault.keep(plain, tmp_path, lambda name: tmp_path / name, context="test")
    assert not held.exists()


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 33, "no hex", "00" * 32, "0123456789abcdef" * 4])
def test_a_key_file_that_is_not_whole_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "master").write_text(content)
    with pytest.raises(keys.NoKey):
        keys.master(tmp_path)


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as many:
        made = set(many.map(lambda _: keys.master(tmp_path), range(64)))
    assert [len(key) for key in made] == [32]
    assert [each.name for each in (tmp_path / "keys").iterdir()] == ["master"]
    assert (tmp_path / "keys" / "master").stat().st_mode & 0o777 == 0o600
