"""A key-encryption key in a PKCS#11 token (hardware security module, server cipher machine): it never leaves the token.

The token encrypts the data keys (CKM_AES_GCM, 256 bits) and gives back 32 bytes when the platform starts; it is not asked
again for rows. It can also hold the private key that signs papers (``sign``). Tested with SoftHSM. Tokens with SM4 name their
mechanisms each their own way and are not supported here.
Settings: XINYONG_PKCS11_LIBRARY, XINYONG_PKCS11_TOKEN, XINYONG_PKCS11_KEY, XINYONG_PKCS11_PIN_FILE.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from django.conf import settings
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass

from xinyong.kernel.errors import Conflict
from xinyong.security.keys import NoKey, wrong_key

_NONCE: Final = 12
_TAG_BITS: Final = 128
_ID_BYTES: Final = 4
_lock = Lock()
_opened: dict[str, tuple[int, Any]] = {}  # library path → (process, library)


class NoToken(Conflict):
    """The token cannot be used: its library, the token itself or the PIN."""

    code = "security.no-token"


@dataclass(frozen=True, slots=True)
class _InToken:
    """A key of the token, by token, label and number. ``label`` is what a data key remembers of it."""

    token: str
    name: str
    number: int

    @property
    def label(self) -> str:
        return f"pkcs11:{self.token}:{self.name}:{self.number}"

    def wrap(self, key: bytes, about: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        with _session(self.token) as session:
            found = _key(session, self)
            sealed: bytes = found.encrypt(
                key, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, about, _TAG_BITS)
            )
        return nonce + sealed

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        parameters = GCMParams(wrapped[:_NONCE], about, _TAG_BITS)
        with _session(self.token) as session:
            found = _key(session, self)
            try:
                plain: bytes = found.decrypt(wrapped[_NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
            except (pkcs11.exceptions.EncryptedDataInvalid, pkcs11.exceptions.GeneralError) as error:
                raise wrong_key(self.label) from error
        return plain


def current() -> _InToken:
    """The newest key of the set name; the first one is made when there is none. Raises NoToken."""
    with _session() as session:
        numbers = _numbers(session)
    return _InToken(settings.KEYS["token"], settings.KEYS["key"], max(numbers)) if numbers else make()


def named(label: str) -> _InToken:
    """The key that wrapped something. Raises NoToken, NoKey when it was removed from the token."""
    _, *token, name, number = label.split(":")
    found = _InToken(":".join(token), name, int(number))
    with _session(found.token) as session:
        _key(session, found)
    return found


def make() -> _InToken:
    """A new key in the token: AES, 256 bits, made there, sensitive and never extractable. Raises NoToken."""
    chosen = settings.KEYS
    with _session(is_writing=True) as session:
        number = max(_numbers(session), default=0) + 1
        session.generate_key(
            KeyType.AES, 256, label=chosen["key"], id=number.to_bytes(_ID_BYTES), store=True,
            template={
                Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.ENCRYPT: True, Attribute.DECRYPT: True,
                Attribute.WRAP: False, Attribute.UNWRAP: False,
            },
        )  # fmt: skip
    return _InToken(chosen["token"], chosen["key"], number)


def is_extractable() -> bool:
    """True when the token would give its key away: such a key does not protect what it wraps."""
    found = current()
    with _session(found.token) as session:
        return bool(_key(session, found)[Attribute.EXTRACTABLE])


def sign(said: bytes, *, label: str) -> bytes:
    """The signature of a private key of the token over bytes, with SHA-256: DER for ECDSA on P-256, PKCS#1 v1.5 for RSA. The
    key stays in the token. Raises NoToken, NoKey when there is no such private key."""
    with _session() as session:
        try:
            key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
        except (pkcs11.exceptions.NoSuchKey, pkcs11.exceptions.MultipleObjectsReturned) as error:
            raise NoKey(
                f"令牌中没有（或不止一个）名为 {label} 的私钥。请检查 XINYONG_SIGNING_KEY。",
                f"The token holds no private key named {label}, or more than one. Check XINYONG_SIGNING_KEY.",
            ) from error
        if key.key_type is KeyType.RSA:
            made: bytes = key.sign(said, mechanism=Mechanism.SHA256_RSA_PKCS)
            return made
        pair = key.sign(hashlib.sha256(said).digest(), mechanism=Mechanism.ECDSA)
        half = len(pair) // 2
        return encode_dss_signature(int.from_bytes(pair[:half]), int.from_bytes(pair[half:]))


@contextmanager
def _session(token_label: str = "", *, is_writing: bool = False) -> Iterator[Any]:
    chosen = settings.KEYS
    wanted = token_label or chosen["token"]
    pin = _pin(chosen["pin_file"])
    with _lock:
        library = _library(chosen["library"])
        try:
            token = library.get_token(token_label=wanted)
        except pkcs11.exceptions.NoSuchToken as error:
            raise NoToken(
                f"密码设备库中没有名为 {wanted} 的令牌。请接好设备，检查 XINYONG_PKCS11_TOKEN。",
                f"There is no token named {wanted}. Connect the device, and check XINYONG_PKCS11_TOKEN.",
            ) from error
        try:
            session = token.open(rw=is_writing, user_pin=pin)
        except pkcs11.exceptions.PinIncorrect as error:
            raise _refused(
                "PIN 不正确。请检查 XINYONG_PKCS11_PIN_FILE 中的内容；多次输错会锁定令牌。",
                "The PIN is wrong. Check what XINYONG_PKCS11_PIN_FILE holds; a token locks after some wrong tries.",
            ) from error
        except pkcs11.exceptions.PinLocked as error:
            raise _refused(
                "PIN 已锁定。请令牌的安全管理员（SO）解锁。",
                "The PIN is locked. The token's security officer unlocks it.",
            ) from error
        except pkcs11.exceptions.PKCS11Error as error:
            raise _refused(
                f"令牌无法打开（{type(error).__name__}）。请检查设备。", f"It does not open ({type(error).__name__})."
            ) from error
        try:
            yield session
        finally:
            session.close()


def _library(path: str) -> Any:
    """The token's library in this process. A process that was forked has to start it anew."""
    known = _opened.get(path)
    if known is not None and known[0] == os.getpid():
        return known[1]
    try:
        library = pkcs11.lib(path)
        if known is not None:
            library.reinitialize()
    except pkcs11.exceptions.PKCS11Error as error:
        raise NoToken(
            f"无法加载密码设备的库 {path or '（未设置）'}。请安装设备厂商的 PKCS#11 库，检查 XINYONG_PKCS11_LIBRARY。",
            f"The library {path or '(not set)'} does not load. Install the vendor's PKCS#11 library, and check "
            "XINYONG_PKCS11_LIBRARY.",
        ) from error
    _opened[path] = (os.getpid(), library)
    return library


def _pin(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NoToken(
            f"读不到 PIN 文件 {path or '（未设置）'}。请检查 XINYONG_PKCS11_PIN_FILE（权限 0600）。",
            f"The PIN file {path or '(not set)'} cannot be read. Check XINYONG_PKCS11_PIN_FILE (mode 0600).",
        ) from error


def _numbers(session: Any) -> list[int]:
    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: settings.KEYS["key"]}
    return [int.from_bytes(found[Attribute.ID]) for found in session.get_objects(wanted)]


def _key(session: Any, wanted: _InToken) -> Any:
    try:
        return session.get_key(
            object_class=ObjectClass.SECRET_KEY, label=wanted.name, id=wanted.number.to_bytes(_ID_BYTES)
        )
    except (pkcs11.exceptions.NoSuchKey, pkcs11.exceptions.MultipleObjectsReturned) as error:
        raise NoKey(
            f"令牌中没有密钥 {wanted.label}（可能已被删除）。数据密钥由它加密，请恢复令牌的备份。",
            f"The key {wanted.label} is not in the token; it may have been removed. The data keys are wrapped with it: restore "
            "the token's backup.",
        ) from error


def _refused(zh: str, en: str) -> NoToken:
    return NoToken(f"令牌拒绝：{zh}", f"The token refuses. {en}")
