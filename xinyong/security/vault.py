"""Whole files encrypted at rest, in frames, so that a file of any size is sealed and opened in bounded memory.

Form: ``XYV1``, 8 random bytes, then frames of 4-byte length and AES-256-GCM ciphertext. The nonce is the random bytes
and the frame's number; the associated data name the context, the number and whether it is the last, so frames cannot
be cut off, swapped or moved to another file.
"""

import hashlib
import os
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xinyong.security import encryption

_MAGIC = b"XYV1"
_FRAME = 1 << 20


def put(source: Path, target: Path, *, context: str) -> None:
    """Seals ``source`` into ``target``, whole or not at all, and on disk when it returns."""
    cipher = AESGCM(encryption.key("vault"))
    prefix = os.urandom(8)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    with source.open("rb") as plain, temporary.open("wb") as sealed:
        sealed.write(_MAGIC + prefix)
        number, block = 0, plain.read(_FRAME)
        while True:
            following = plain.read(_FRAME)
            frame = cipher.encrypt(_nonce(prefix, number), block, _about(context, number, is_last=not following))
            sealed.write(struct.pack(">I", len(frame)))
            sealed.write(frame)
            if not following:
                break
            number, block = number + 1, following
        sealed.flush()
        os.fsync(sealed.fileno())
    temporary.replace(target)


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
                plain.write(cipher.decrypt(_nonce(prefix, number), frame, _about(context, number, is_last=not head)))
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
