"""电子签名 Signing what is given out: PAdES B-B over the PDF, a compact JWS over the JSON of a statement; one key for both.

The key lies in a file, in a PKCS#11 token, or, where none is set, is a demonstration's (reports/_demo_key.py), which says so
in its certificate and on the paper. The signature is an incremental update: the pages stay byte for byte as they were typeset, so
PDF/A-2 and PDF/UA-1 stay. The certificates between signer and root go in; the root does not: whoever verifies brings it.
Source: ETSI EN 319 142-1 (PAdES B-B), RFC 7515 (JWS), 《电子签名法》第十三条 (what makes a signature reliable).
Settings: XINYONG_SIGNING_KEY, XINYONG_SIGNING_CERTIFICATES, XINYONG_SIGNING_PASSPHRASE_FILE, XINYONG_SIGNING_TSA.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from xinyong.reports import _keys
from xinyong.reports._keys import NoPaperKey, TimeStampRefused

__all__ = ["JWS_TYPE", "NoPaperKey", "Signer", "TimeStampRefused", "chain_pem", "install", "sign_json", "sign_pdf", "signer",
           "trust_pem", "trust_place"]  # fmt: skip

#: What a statement's JSON calls itself (the header ``typ``).
JWS_TYPE = "xinyong-statement+jws"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs now, in words: for pages, papers and the command line. ``ends_on`` is the certificate's last day."""

    subject: str
    issuer: str
    fingerprint: str  # SHA-256 of the certificate, hex
    ends_at: datetime
    is_demo: bool


def signer() -> Signer:
    """Who signs now. Raises NoPaperKey."""
    key = _keys.current()
    return Signer(
        subject=_plain(key.certificate.subject),
        issuer=_plain(key.certificate.issuer),
        fingerprint=key.certificate.fingerprint(hashes.SHA256()).hex(),
        ends_at=key.certificate.not_valid_after_utc,
        is_demo=key.is_demo,
    )


def trust_pem() -> str:
    """The root certificate that signatures are verified against, as published. Raises NoPaperKey."""
    return _keys.current().root.public_bytes(Encoding.PEM).decode("ascii")


def chain_pem() -> str:
    """The signing certificate and what leads to the root. Raises NoPaperKey."""
    key = _keys.current()
    return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in (key.certificate, *key.between, key.root))


def sign_pdf(pdf: bytes, *, number: str, facts: str, at: datetime) -> bytes:
    """The PDF with a signature over all of it, dated ``at``. The signature names the report's number and the digest of its
    facts. Raises NoPaperKey, TimeStampRefused."""
    from xinyong.reports import _pades  # loaded where something is signed: it takes half a second

    return _pades.sign(
        pdf, _keys.current(), at=at, reason=f"report-number:{number} facts-sha256:{facts}",
        location=settings.SITE_ORIGIN, tsa=settings.SIGNING["tsa"],
    )  # fmt: skip


def sign_json(payload: Mapping[str, Any]) -> str:
    """The payload as a compact JWS, with the certificates in its header (x5c). Raises NoPaperKey."""
    key = _keys.current()
    public = key.certificate.public_key()
    is_curve = isinstance(public, ec.EllipticCurvePublicKey)
    header = {
        "alg": "ES256" if is_curve else "RS256", "typ": JWS_TYPE,
        "x5c": [base64.b64encode(one.public_bytes(Encoding.DER)).decode("ascii") for one in (key.certificate, *key.between)],
    }  # fmt: skip
    said = b".".join(_encoded(_dumps(part)) for part in (header, payload))
    signature = key.sign(said)
    if is_curve:
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(32) + s.to_bytes(32)
    return (said + b"." + _encoded(signature)).decode("ascii")


def trust_place() -> Path:
    """Where this installation keeps the root certificate for ``xinyong verify``."""
    return _keys.trust_place()


def install() -> None:
    """Makes the demonstration's key where no other is set, and keeps the root where ``xinyong verify`` finds it. Called at
    set-up, and safe to call again. Raises NoPaperKey."""
    place = _keys.trust_place()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.write_text(trust_pem(), encoding="ascii")


def _plain(name: x509.Name) -> str:
    """A name as people read it; RFC 4514 writes marks before its commas."""
    return ", ".join(str(one.value) for one in reversed(list(name)))


def _dumps(part: Mapping[str, Any]) -> bytes:
    return json.dumps(part, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
