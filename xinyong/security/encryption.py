"""Field encryption (AES-256-GCM) and the keyed digest (HMAC-SHA-256) that finds a person without showing one.

Keys lie in ``<home>/keys`` (mode 0600), never in the database. A sealed value is ``version(1) nonce(12) ciphertext+tag``.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from xinyong.kernel.errors import Conflict
from xinyong.security import keys

_VERSION = b"\x01"


class Unreadable(Conflict):
    """A sealed value does not open: another key, or altered bytes."""

    code = "security.unreadable"


def seal(plain: bytes, *, context: str) -> bytes:
    """Encrypts ``plain``. ``context`` names what it is (table.column); a value moved elsewhere does not open."""
    nonce = os.urandom(12)
    return _VERSION + nonce + AESGCM(key("seal")).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """The plain bytes of a sealed value. Raises Unreadable when key, context or bytes are wrong."""
    raw = bytes(sealed)
    try:
        if raw[:1] != _VERSION:
            raise InvalidTag
        return AESGCM(key("seal")).decrypt(raw[1:13], raw[13:], context.encode())
    except InvalidTag as error:
        raise unreadable() from error


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
    return hmac.new(key("digest"), f"{kind}\x1f{text}".encode(), hashlib.sha256).digest()[:16]


def digest_column(values: Iterable[str | None], *, kind: str) -> list[bytes | None]:
    """``digest`` over a column; None stays None."""
    return [None if value is None else digest(value, kind=kind) for value in values]


@cache
def key(use: str) -> bytes:
    """The 32-byte key of one use ("seal", "digest", "vault"), derived from the installation's master key."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"xinyong/{use}/1".encode()).derive(
        keys.master(settings.XINYONG_HOME)
    )
