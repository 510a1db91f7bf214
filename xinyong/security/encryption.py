"""Field encryption and the keyed digest (blind index) that finds a person without showing one.

Keys come from the ring (security/keyring.py). A sealed value is ``form(1) algorithm(1) key(2) nonce(12) ciphertext+tag``:
values of every key and both ciphers lie side by side and open. The four bytes in front and the context are authenticated.
"""

import os
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag

from xinyong.kernel.errors import Conflict
from xinyong.security import ciphers, keyring

FORM: Final = b"\x02"
#: The form of values sealed before data keys had numbers: ``form(1) nonce(12) ciphertext+tag``.
OLD_FORM: Final = b"\x01"
HEAD: Final = 4
_START: Final = HEAD + ciphers.NONCE
_DIGEST: Final = 16


class Unreadable(Conflict):
    """A sealed value does not open: another key, or altered bytes."""

    code = "security.unreadable"


def seal(plain: bytes, *, context: str) -> bytes:
    """Encrypts ``plain``. ``context`` names what it is (table.column); a value moved elsewhere does not open."""
    key = keyring.current(keyring.SEAL)
    front, nonce = head(key), os.urandom(ciphers.NONCE)
    assert key.sealer is not None
    return front + nonce + key.sealer.encrypt(nonce, plain, front + context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """The plain bytes of a sealed value. Raises Unreadable when key, context or bytes are wrong."""
    raw = bytes(sealed)
    try:
        if raw[:1] == FORM and len(raw) >= _START:
            key = keyring.numbered(int.from_bytes(raw[2:HEAD]), keyring.SEAL)
            front = head(key)
            if raw[:HEAD] == front and key.sealer is not None:
                return key.sealer.decrypt(raw[HEAD:_START], raw[_START:], front + context.encode())
        elif raw[:1] == OLD_FORM:
            key = keyring.derived(keyring.SEAL)
            assert key.sealer is not None
            return key.sealer.decrypt(raw[1 : 1 + ciphers.NONCE], raw[1 + ciphers.NONCE :], context.encode())
        raise InvalidTag
    except (InvalidTag, keyring.UnknownKey) as error:
        raise unreadable() from error


def head(key: keyring.DataKey) -> bytes:
    """What values sealed with a key begin with."""
    return FORM + bytes([ciphers.ALGORITHMS[key.algorithm][0]]) + key.number.to_bytes(2)


def unreadable() -> Unreadable:
    """The error for something sealed that does not open."""
    return Unreadable(
        "加密内容无法打开：密钥不符或内容被改动。请检查数据目录中的密钥文件是否与数据库配套。",
        "Sealed content does not open: wrong key or altered bytes. Check that the key files belong to this database.",
    )


def digest(text: str, *, kind: str) -> bytes:
    """16 bytes that are equal for equal ``text`` and tell nothing about it without the key (blind index).

    ``kind`` keeps different uses apart ("citizen-id", "name", …).
    """
    key = keyring.current(keyring.DIGEST)
    assert key.digester is not None
    made = key.digester.copy()
    made.update(f"{kind}\x1f{text}".encode())
    return made.finalize()[:_DIGEST]


def digest_column(values: Iterable[str | None], *, kind: str) -> list[bytes | None]:
    """``digest`` over a column; None stays None."""
    return [None if value is None else digest(value, kind=kind) for value in values]
