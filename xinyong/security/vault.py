"""Whole files encrypted at rest, in frames, so that a file of any size is sealed and opened in bounded memory.

Form: ``XYV2``, 8 random bytes, then frames of 4-byte length and AES-256-GCM ciphertext. The nonce is the random bytes
and the frame's number; the associated data name the context, the number and whether it is the last, so frames cannot
be cut off, swapped or moved to another file. In a frame: 4 bytes of length and the block in LZ4, or zeros and the block as
it is; departments' tables take a fifth of their size so, and a large file waits for the disk more than for anything.
"""

import hashlib
import os
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xinyong.kernel import clock
from xinyong.security import encryption

_MAGIC = b"XYV2"
_FRAME = 1 << 20
#: Seconds after which an unfinished file is nobody's.
_FORGOTTEN = 24 * 3600
_CODEC = pa.Codec("lz4_raw")


def keep(source: Path, folder: Path, place: Callable[[str], Path], *, context: str) -> tuple[str, int]:
    """Seals ``source`` under its own digest, at ``place(digest)`` within ``folder``; returns SHA-256 and size. Content that
    is there already stays as it is. Digest and sealing run side by side: each reads the file once."""
    for left in folder.glob("*.part"):  # by a process that was killed
        if clock.now().timestamp() - left.stat().st_mtime > _FORGOTTEN:
            left.unlink(missing_ok=True)
    fresh = folder / f"{os.urandom(8).hex()}.part"
    with ThreadPoolExecutor(1) as side:
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


def put(source: Path, target: Path, *, context: str) -> None:
    """Seals ``source`` into ``target``, whole or not at all, and on disk when it returns."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    _write(source, temporary, context=context)
    _settle(temporary, target)


def _write(source: Path, target: Path, *, context: str) -> None:
    cipher = AESGCM(encryption.key("vault"))
    prefix = os.urandom(8)
    with source.open("rb") as plain, target.open("wb") as sealed:
        sealed.write(_MAGIC + prefix)
        number, block = 0, plain.read(_FRAME)
        while True:
            following = plain.read(_FRAME)
            about = _about(context, number, is_last=not following)
            frame = cipher.encrypt(_nonce(prefix, number), _packed(block), about)
            sealed.write(struct.pack(">I", len(frame)))
            sealed.write(frame)
            if not following:
                break
            number, block = number + 1, following


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
    cipher = AESGCM(encryption.key("vault"))
    with source.open("rb") as sealed, target.open("wb") as plain:
        if sealed.read(4) != _MAGIC:
            raise encryption.unreadable()
        prefix = sealed.read(8)
        number, head = 0, sealed.read(4)
        while head:
            frame = sealed.read(struct.unpack(">I", head)[0])
            head = sealed.read(4)
            try:
                block = cipher.decrypt(_nonce(prefix, number), frame, _about(context, number, is_last=not head))
                plain.write(_unpacked(block))
            except InvalidTag as error:
                raise encryption.unreadable() from error
            number += 1
        if number == 0:
            raise encryption.unreadable()


def digest_of(source: Path) -> tuple[str, int]:
    """SHA-256 and size of a plain file."""
    with source.open("rb") as plain:
        digest = hashlib.file_digest(plain, "sha256")
    return digest.hexdigest(), source.stat().st_size


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + struct.pack(">I", number)


def _about(context: str, number: int, *, is_last: bool) -> bytes:
    return f"{context}\x1f{number}\x1f{int(is_last)}".encode()
