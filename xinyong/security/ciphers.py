"""The ciphers that seal: AES-256-GCM, and SM4-GCM (GB/T 32907) where commercial cryptography is asked for.

Each has a number that stands in every value it sealed, so that values of both lie side by side and both open.
"""

import os
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AES_256_GCM: Final = "aes-256-gcm"
SM4_GCM: Final = "sm4-gcm"
HMAC_SHA256: Final = "hmac-sha-256"
HMAC_SM3: Final = "hmac-sm3"

#: algorithm → (its number in sealed values, bytes of its key).
ALGORITHMS: Final[dict[str, tuple[int, int]]] = {AES_256_GCM: (1, 32), SM4_GCM: (2, 16)}
#: algorithm → (its number, bytes of its key), of keyed digests.
DIGESTS: Final[dict[str, tuple[int, int]]] = {HMAC_SHA256: (1, 32), HMAC_SM3: (2, 32)}

NONCE: Final = 12
_TAG: Final = 16
_BLOCK: Final = 1 << 24


class Sealer(Protocol):
    """Encrypts and authenticates. ``about`` is authenticated and not kept: whoever opens has to say it again."""

    def encrypt(self, nonce: bytes, plain: bytes, about: bytes) -> bytes:
        """Ciphertext and tag. A nonce serves once under a key."""

    def decrypt(self, nonce: bytes, sealed: bytes, about: bytes) -> bytes:
        """The plain bytes. Raises InvalidTag."""


class _Sm4:
    """SM4 in Galois/counter mode, with the face of ``AESGCM``."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, plain: bytes, about: bytes) -> bytes:
        """Ciphertext and tag."""
        made = Cipher(self._key, modes.GCM(nonce)).encryptor()
        made.authenticate_additional_data(about)
        return made.update(plain) + made.finalize() + made.tag

    def decrypt(self, nonce: bytes, sealed: bytes, about: bytes) -> bytes:
        """The plain bytes. Raises InvalidTag."""
        if len(sealed) < _TAG:
            raise InvalidTag
        made = Cipher(self._key, modes.GCM(nonce, sealed[-_TAG:])).decryptor()
        made.authenticate_additional_data(about)
        return made.update(sealed[:-_TAG]) + made.finalize()


def sealer(algorithm: str, key: bytes) -> Sealer:
    """The cipher with a key. Raises KeyError for an algorithm that is not one of ours."""
    if len(key) != ALGORITHMS[algorithm][1]:
        raise ValueError(f"{algorithm} takes a key of {ALGORITHMS[algorithm][1]} bytes")
    return AESGCM(key) if algorithm == AES_256_GCM else _Sm4(key)


def digester(algorithm: str, key: bytes) -> hmac.HMAC:
    """A keyed digest to copy for each text. Raises KeyError for an algorithm that is not one of ours."""
    return hmac.HMAC(key, {HMAC_SHA256: hashes.SHA256, HMAC_SM3: hashes.SM3}[algorithm]())


def fresh(algorithm: str) -> bytes:
    """A new key from the system's random source."""
    return os.urandom((ALGORITHMS | DIGESTS)[algorithm][1])
