"""Whole files encrypted at rest, in frames, so that a file of any size is sealed and opened in bounded memory.

Form: ``XYV3``, number of the cipher, number of the key (2 bytes), 8 random bytes, then frames of 4-byte length and
ciphertext. The nonce is the random bytes and the frame's number; the associated data name the head, the context, the number
and whether it is the last, so frames cannot be cut off, swapped or moved to another file. In a frame: 4 bytes of length and
the block in LZ4, or zeros and the block as it is; departments' tables take a fifth of their size so, and a large file waits
for the disk more than for anything. ``XYV2`` is the same without cipher and key: files from before keys had numbers.
"""

import fcntl
import hashlib
import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyarrow as pa
from cryptography.exceptions import InvalidTag

from xinyong.security import ciphers, encryption, keyring

MAGIC = b"XYV3"
_OLD_MAGIC = b"XYV2"
#: Bytes before the frames that say how to open them: magic, cipher, key.
HEAD = 7
_FRAME = 1 << 20
_CODEC = pa.Codec("lz4_raw")


def keep(source: Path, folder: Path, place: Callable[[str], Path], *, context: str) -> tuple[str, int]:
    """Seals ``source`` under its own digest, at ``place(digest)`` within ``folder``; returns SHA-256 and size. Content that
    is there already stays as it is. Digest and sealing run side by side: each reads the file once."""
    _sweep(folder)
    fresh = folder / f"{os.urandom(8).hex()}.part"
    with ThreadPoolExecutor(1) as side, _held(fresh):
        asked = side.submit(digest_of, source)
        try:
            _write(source, fresh, context=context)
            digest, size = asked.result()
            target = place(digest)
            if not target.exists():
                _settle(fresh, target)
        finally:
            fresh.unlink(missing_ok=True)
    return digest, size


def _sweep(folder: Path) -> None:
    """Removes what processes left that were killed while they sealed: nobody holds it any more."""
    for left in folder.glob("*.part"):
        with suppress(FileNotFoundError, BlockingIOError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink(missing_ok=True)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Makes an empty file, held as long as this lasts: the kernel lets go of it when the process is killed."""
    while True:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists():  # not swept between being made and being held
                yield
                return


def put(source: Path, target: Path, *, context: str) -> None:
    """Seals ``source`` into ``target``, whole or not at all, and on disk when it returns."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    with _held(temporary):
        _write(source, temporary, context=context)
        _settle(temporary, target)


def put_block(plain: bytes, target: Path, *, context: str) -> None:
    """The same of bytes that the caller holds and that were never in clear on the disk."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    with _held(temporary):
        try:
            _seal((_packed(block) for block in _blocks(io.BytesIO(plain))), temporary, context)
            _settle(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def blocks(source: Path, *, context: str) -> Iterator[bytes]:
    """The content of a sealed file, block by block. Raises encryption.Unreadable when key, context or bytes are wrong."""
    with source.open("rb") as sealed:
        for frame in _opened(sealed, context):
            yield _unpacked(frame)


def renew(path: Path, *, context: str) -> bool:
    """Seals a file anew under the key that seals now, frame by frame, its content never written in clear; False when it is
    already. Killed in between, it leaves the old file and a part that nobody reads."""
    with path.open("rb") as sealed:
        if sealed.read(HEAD) == head(keyring.current(keyring.VAULT)):
            return False
        sealed.seek(0)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        with _held(temporary):
            try:
                _seal(_opened(sealed, context), temporary, context)
                _settle(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
    return True


def head(key: keyring.DataKey) -> bytes:
    """What files sealed with a key begin with."""
    return MAGIC + bytes([ciphers.ALGORITHMS[key.algorithm][0]]) + key.number.to_bytes(2)


def _write(source: Path, target: Path, *, context: str) -> None:
    with source.open("rb") as plain:
        _seal((_packed(block) for block in _blocks(plain)), target, context)


def _blocks(plain: IO[bytes]) -> Iterator[bytes]:
    """The file's blocks; an empty file has one."""
    block = plain.read(_FRAME)
    yield block
    while block := plain.read(_FRAME):
        yield block


def _seal(frames: Iterable[bytes], target: Path, context: str) -> None:
    key = keyring.current(keyring.VAULT)
    assert key.sealer is not None
    front, prefix = head(key), os.urandom(8)
    with target.open("wb") as sealed:
        sealed.write(front + prefix)
        waiting: bytes | None = None
        number = 0
        for frame in frames:
            if waiting is not None:
                _put_frame(sealed, key.sealer, waiting, prefix, number, _about(front, context, number, is_last=False))
                number += 1
            waiting = frame
        assert waiting is not None
        _put_frame(sealed, key.sealer, waiting, prefix, number, _about(front, context, number, is_last=True))


def _put_frame(
    sealed: IO[bytes], sealer: ciphers.Sealer, frame: bytes, prefix: bytes, number: int, about: bytes
) -> None:
    made = sealer.encrypt(_nonce(prefix, number), frame, about)
    sealed.write(struct.pack(">I", len(made)))
    sealed.write(made)


def _settle(written: Path, target: Path) -> None:
    """Gives a written file its name once it is on disk."""
    with written.open("rb+") as file:
        os.fsync(file.fileno())
    written.replace(target)


def _packed(block: bytes) -> bytes:
    small: bytes = _CODEC.compress(block, asbytes=True)
    return struct.pack(">I", len(block)) + small if len(small) < len(block) else struct.pack(">I", 0) + block


def _unpacked(frame: bytes) -> bytes:
    (size,) = struct.unpack_from(">I", frame)
    if not size:
        return frame[4:]
    if size > _FRAME:
        raise encryption.unreadable()
    plain: bytes = _CODEC.decompress(frame[4:], decompressed_size=size, asbytes=True)
    return plain


def take(source: Path, target: Path, *, context: str) -> None:
    """Opens a sealed file into ``target``. Raises encryption.Unreadable when key, context or bytes are wrong."""
    with target.open("wb") as plain:
        for block in blocks(source, context=context):
            plain.write(block)


def _opened(sealed: IO[bytes], context: str) -> Iterator[bytes]:
    """The frames of a sealed file, open and still packed. Raises encryption.Unreadable."""
    front, sealer = _key_of(sealed)
    prefix = sealed.read(8)
    number, size = 0, sealed.read(4)
    while size:
        if len(size) < 4:
            raise encryption.unreadable()
        frame = sealed.read(struct.unpack(">I", size)[0])
        size = sealed.read(4)
        try:
            yield sealer.decrypt(_nonce(prefix, number), frame, _about(front, context, number, is_last=not size))
        except InvalidTag as error:
            raise encryption.unreadable() from error
        number += 1
    if number == 0:
        raise encryption.unreadable()


def _key_of(sealed: IO[bytes]) -> tuple[bytes, ciphers.Sealer]:
    magic = sealed.read(len(MAGIC))
    try:
        if magic == _OLD_MAGIC:
            front, key = b"", keyring.derived(keyring.VAULT)
        else:
            front = magic + sealed.read(HEAD - len(MAGIC))
            key = keyring.numbered(int.from_bytes(front[-2:]), keyring.VAULT)
            if front != head(key):
                raise encryption.unreadable()
    except keyring.UnknownKey as error:
        raise encryption.unreadable() from error
    assert key.sealer is not None
    return front, key.sealer


def digest_of(source: Path) -> tuple[str, int]:
    """SHA-256 and size of a plain file."""
    with source.open("rb") as plain:
        digest = hashlib.file_digest(plain, "sha256")
    return digest.hexdigest(), source.stat().st_size


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + struct.pack(">I", number)


def _about(front: bytes, context: str, number: int, *, is_last: bool) -> bytes:
    return front + f"{context}\x1f{number}\x1f{int(is_last)}".encode()
