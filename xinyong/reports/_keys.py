"""Where the key that signs papers comes from: a file of PEM or PKCS#12, a PKCS#11 token, or the demonstration's own."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from django.conf import settings

from xinyong.kernel.errors import Conflict
from xinyong.reports import _demo_key

_TOKEN = "pkcs11:"  # noqa: S105 - a prefix, no secret
_lock = Lock()
_kept: dict[tuple[Any, ...], "PaperKey"] = {}


class NoPaperKey(Conflict):
    """The key that signs papers cannot be used: the file, its permissions, its passphrase, or its certificates."""

    code = "reports.no-paper-key"


class TimeStampRefused(Conflict):
    """The time stamping authority that is set gave no time stamp: nothing is given out without it."""

    code = "reports.no-time-stamp"


@dataclass(frozen=True, slots=True)
class PaperKey:
    """A key with its certificates. ``sign`` gives the raw signature over bytes with SHA-256: DER for ECDSA, PKCS#1 v1.5 for
    RSA. ``between`` leads from the certificate to the root, which it does not hold."""

    certificate: x509.Certificate
    between: tuple[x509.Certificate, ...]
    root: x509.Certificate
    sign: Callable[[bytes], bytes]
    is_demo: bool = False


def current() -> PaperKey:
    """The key that is set, read once for as long as nothing of it changes. Raises NoPaperKey, and what a token says."""
    chosen = settings.SIGNING
    place = chosen["key"]
    changed = tuple(_changed_at(one) for one in (place, chosen["certificates"])) if place else ()
    mark = (str(settings.XINYONG_HOME), place, chosen["certificates"], os.getpid(), *changed)
    with _lock:
        if mark not in _kept:
            made = _of_settings() if place else _demo()
            _kept.clear()
            _kept[mark] = made
        return _kept[mark]


def forget() -> None:
    """The key is read anew when it is next used: for tests that change it."""
    with _lock:
        _kept.clear()


def trust_place() -> Path:
    """The root certificate as this installation keeps it for ``xinyong verify``."""
    return Path(settings.XINYONG_HOME) / "reports" / "trust.pem"


def _demo() -> PaperKey:
    private, certificate, root = _demo_key.kept(settings.SITE_NAME)
    return PaperKey(certificate, (), root, partial(_signed, private), is_demo=True)


def _of_settings() -> PaperKey:
    chosen = settings.SIGNING
    extra = _certificates(chosen["certificates"]) if chosen["certificates"] else []
    if chosen["key"].startswith(_TOKEN):
        from xinyong.security import hsm  # its library is loaded only where a token is used

        label = chosen["key"].removeprefix(_TOKEN)
        return _whole(extra, lambda said: hsm.sign(said, label=label))
    private, found = _read(Path(chosen["key"]), chosen["passphrase_file"])
    key = _whole([*found, *extra], partial(_signed, private))
    if key.certificate.public_key() != private.public_key():
        raise _no_key(
            "签名证书与私钥不是一对。请把签名证书放在证书文件的最前面。",
            "The signing certificate does not belong to the private key. Put the signing certificate first in the file.",
        )
    return key


def _read(path: Path, passphrase_file: str) -> tuple[Any, list[x509.Certificate]]:
    """The private key and the certificates of a file that nobody but its owner can read."""
    try:
        if path.stat().st_mode & 0o077:
            raise _no_key(
                f"私钥文件 {path} 的权限过宽。请改为只有本程序的用户可读：chmod 600。",
                f"Others can read the key file {path}. Make it its owner's alone: chmod 600.",
            )
        raw = path.read_bytes()
        secret = Path(passphrase_file).read_text("utf-8").strip().encode() if passphrase_file else None
    except OSError as error:
        raise _no_key(
            f"读不到私钥文件或口令文件（{error.strerror}）。请检查 XINYONG_SIGNING_KEY 和 XINYONG_SIGNING_PASSPHRASE_FILE。",
            f"The key file or its passphrase file cannot be read ({error.strerror}). Check XINYONG_SIGNING_KEY and "
            "XINYONG_SIGNING_PASSPHRASE_FILE.",
        ) from error
    try:
        if b"-----BEGIN" in raw:
            certificates = x509.load_pem_x509_certificates(raw) if b"-----BEGIN CERTIFICATE" in raw else []
            return load_pem_private_key(raw, secret), certificates
        private, own, others = pkcs12.load_key_and_certificates(raw, secret)
    except (ValueError, TypeError) as error:
        raise _no_key(
            f"私钥文件 {path} 打不开：格式应为 PEM 或 PKCS#12，口令要对。",
            f"The key file {path} does not open: it should be PEM or PKCS#12, and the passphrase right.",
        ) from error
    return private, [one for one in (own, *others) if one is not None]


def _certificates(place: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(Path(place).read_bytes())
    except (OSError, ValueError) as error:
        raise _no_key(
            f"读不到证书文件 {place}。请检查 XINYONG_SIGNING_CERTIFICATES（PEM，签名证书在最前，根证书在最后）。",
            f"The file of certificates {place} cannot be read. Check XINYONG_SIGNING_CERTIFICATES (PEM, the signing certificate "
            "first, the root last).",
        ) from error


def _whole(certificates: Sequence[x509.Certificate], sign: Callable[[bytes], bytes]) -> PaperKey:
    """The key with its certificates in the order in which they lead to a root. The first is the signer's."""
    if not certificates:
        raise _no_key(
            "没有签名证书。请设置 XINYONG_SIGNING_CERTIFICATES。",
            "There is no signing certificate. Set XINYONG_SIGNING_CERTIFICATES.",
        )
    first, *rest = certificates
    if not _is_fit(first):
        raise _no_key(
            "签名证书的密钥须为 RSA（2048 位以上）或 ECDSA P-256。", "The certificate's key must be RSA (2048 bits or more) or ECDSA P-256."
        )  # fmt: skip
    path = [first]
    while path[-1].issuer != path[-1].subject:
        above = next((one for one in rest if one.subject == path[-1].issuer and one not in path), None)
        if above is None:
            raise _no_key(
                f"证书链不完整：缺少 {path[-1].issuer.rfc4514_string()} 的证书，直到自签的根证书。",
                f"The chain is not whole: the certificate of {path[-1].issuer.rfc4514_string()} is missing, up to a self-signed root.",
            )
        path.append(above)
    if len(path) == 1:
        return PaperKey(first, (), first, sign)
    return PaperKey(first, tuple(path[1:-1]), path[-1], sign)


def _is_fit(certificate: x509.Certificate) -> bool:
    """True for keys that every verifier named in the documentation accepts: RSA from 2048 bits, ECDSA on P-256."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return public.key_size >= 2048
    return isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1)


def _signed(private: Any, said: bytes) -> bytes:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(said, ec.ECDSA(hashes.SHA256()))
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(said, padding.PKCS1v15(), hashes.SHA256())


def _changed_at(place: str) -> float:
    """When a file was last changed; 0 for what is none."""
    path = Path(place)
    return path.stat().st_mtime if place and path.is_file() else 0.0


def _no_key(zh: str, en: str) -> NoPaperKey:
    return NoPaperKey(zh, en)
