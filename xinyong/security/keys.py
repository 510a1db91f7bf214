"""Key-encryption keys that lie in a file or in the environment: a master key, and what is derived from it.

``<home>/keys/master`` is made at first use (mode 0600); the environment's comes from its operator. A key that anybody could
guess is refused. A token's keys: security/hsm.py; which one is used: security/providers.py.
"""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from xinyong.kernel.errors import Conflict
from xinyong.kernel.secrets_kept import kept
from xinyong.security import ciphers

_LENGTH: Final = 32
#: Fewer different bytes than this are no key but somebody's placeholder (a random key has some 30).
_VARIETY: Final = 12


class NoKey(Conflict):
    """The key that opens or wraps the data keys is missing, broken, or one that anybody could guess."""

    code = "security.no-key"


class WrongKey(Conflict):
    """A wrapped data key does not open with the key it names: altered bytes."""

    code = "security.wrong-key"


class Wrapper(Protocol):
    """A key-encryption key. ``label`` names it in every data key it wrapped."""

    @property
    def label(self) -> str:
        """provider:name."""

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """The data key, encrypted. ``about`` says which one it is."""

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The data key. Raises WrongKey."""


def master(home: Path) -> bytes:
    """The 32-byte master key of this installation, from ``<home>/keys/master`` (mode 0600); made when absent.

    Raises NoKey.
    """
    path = home / "keys" / "master"
    return whole(kept(path, fresh), str(path))


@dataclass(frozen=True, slots=True)
class Master:
    """A master key in this process's memory. It encrypts nothing itself; keys for each cipher are derived from it."""

    provider: str
    key: bytes
    algorithm: str

    def __repr__(self) -> str:
        return f"<{self.label}>"

    @property
    def label(self) -> str:
        return f"{self.provider}:{hmac.digest(self.key, b'xinyong/mark', 'sha256').hex()[:16]}"

    def wrap(self, key: bytes, about: bytes) -> bytes:
        head, nonce = bytes([ciphers.ALGORITHMS[self.algorithm][0]]), secrets.token_bytes(ciphers.NONCE)
        return head + nonce + self._sealer(self.algorithm).encrypt(nonce, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        used = next((name for name, (number, _) in ciphers.ALGORITHMS.items() if wrapped[:1] == bytes([number])), None)
        try:
            if used is None:
                raise InvalidTag
            return self._sealer(used).decrypt(wrapped[1 : 1 + ciphers.NONCE], wrapped[1 + ciphers.NONCE :], about)
        except InvalidTag as error:
            raise wrong_key(self.label) from error

    def _sealer(self, algorithm: str) -> ciphers.Sealer:
        return ciphers.sealer(algorithm, derived(self.key, f"kek/{algorithm}", length=ciphers.ALGORITHMS[algorithm][1]))


def fresh() -> str:
    """A new master key, as its file holds it."""
    return secrets.token_hex(_LENGTH)


def derived(key: bytes, use: str, *, length: int = _LENGTH) -> bytes:
    """A key for one use out of a master key."""
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=f"xinyong/{use}/1".encode()).derive(key)


def wrong_key(label: str) -> WrongKey:
    """The error for a wrapped data key that was altered."""
    return WrongKey(
        f"数据密钥无法用 {label} 打开：内容被改动。请从备份恢复表 security_datakey。",
        f"A data key does not open with {label}: its bytes were altered. Restore the table security_datakey from a backup.",
    )


def masters() -> list[Master]:
    """Every master key within reach: the files, the one before included, and the environment's."""
    chosen: dict[str, Any] = settings.KEYS
    cipher = chosen["cipher"]
    folder, found = settings.XINYONG_HOME / "keys", []
    for path in sorted(folder.glob("master*")):
        with suppress(NoKey):  # of a file that another process is just making: the next look finds it
            found.append(Master("file", whole(path.read_text(encoding="ascii").strip(), str(path)), cipher))
    for name, text in (("XINYONG_MASTER_KEY", chosen["master"]), ("XINYONG_MASTER_KEY_OLD", chosen["master_old"])):
        if text:
            found.append(Master("environment", from_environment(name, text), cipher))
    return found


def from_environment(name: str, text: str) -> bytes:
    if not text:
        raise NoKey(
            f"没有设置 {name}。请把 64 位十六进制的主密钥放入该环境变量（生成：openssl rand -hex 32），并另行妥善备份。",
            f"{name} is not set. Put a master key of 64 hexadecimal digits there (openssl rand -hex 32 makes one), and keep a "
            "copy of it in a safe place.",
        )
    return whole(text, name)


def whole(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _LENGTH:
        raise NoKey(
            f"主密钥 {where} 不完整（应为 64 位十六进制），不能用来加密。请从备份恢复。",
            f"The master key {where} is not whole (64 hexadecimal digits) and encrypts nothing. Restore it from a backup.",
        )
    if len(set(key)) < _VARIETY:
        raise NoKey(
            f"主密钥 {where} 是谁都能猜到的占位值，拒绝使用。请用 openssl rand -hex 32 生成。",
            f"The master key {where} is a placeholder that anybody could guess and is refused. Make one: openssl rand -hex 32.",
        )
    return key
