"""Signed messages by RFC 9421: what partners send, what bound clients call, what we answer.

A signature counts when it covers the method, the whole target address and, where there is a body, its digest (RFC 9530,
SHA-256 over the raw bytes); says when it was made and when it ends, at most five minutes apart from our clock; and carries
a nonce, the key's id and our tag. The algorithm is the key's, never the message's. Ed25519 and ECDSA P-256.
Source: RFC 9421 §3.2, §7.2; ASVS 5.0 V4.1.5; security.md §3-32, T12.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import http_sf
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.conf import settings
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    InvalidSignature,
    MappingKeyResolver,
    VerificationKey,
    algorithms,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, Invalid
from xinyong.kernel.secrets_kept import kept

#: A signature is good from its making on for at most this long, and our clocks may be this far apart.
WINDOW = timedelta(minutes=5)
PARTNER_TAG, CLIENT_TAG, REPLY_TAG = "xinyong-exchange", "xinyong-client", "xinyong-reply"
_COVERED = ("@method", "@target-uri")
_ALGORITHMS: dict[str, type[HTTPSignatureAlgorithm]] = {
    "ed25519": algorithms.ED25519,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
}


class SignatureMissing(Forbidden):
    """The message carries no signature with our tag, or more than one."""

    code = "security.signature-missing"
    status = 401


class SignatureMalformed(Forbidden):
    """``Signature``, ``Signature-Input`` or ``Content-Digest`` is not what the standard says, or lacks a part we ask for."""

    code = "security.signature-malformed"
    status = 401


class NotCovered(Forbidden):
    """The signature does not cover all it must: method, target address, the body's digest."""

    code = "security.not-covered"
    status = 401


class SignatureWrong(Forbidden):
    """The signature does not fit the message and the key."""

    code = "security.signature-wrong"
    status = 401


class DigestWrong(Forbidden):
    """The body is not the one whose digest was signed."""

    code = "security.digest-wrong"
    status = 401


class OutsideWindow(Forbidden):
    """The signature was made too long ago or in the future, has ended, or was to last too long."""

    code = "security.outside-window"
    status = 401


class UnfitKey(Invalid):
    """A key of another kind than Ed25519 or ECDSA P-256."""

    code = "security.unfit-key"


@dataclass(slots=True)
class Message:
    """A request as the signature sees it. ``url`` is whole; ``body`` the raw bytes. In place of a large body stands
    ``body_sha256``, which takes it to disk: only when the signature, which covers the digest, has turned out to be good."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""
    body_sha256: Callable[[], bytes] | None = None


@dataclass(slots=True)
class Reply:
    """An answer to be signed, and the request it answers."""

    status_code: int
    headers: dict[str, str]
    body: bytes
    request: Message


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says of itself, before or after it was checked."""

    key_id: str
    nonce: str
    created_at: datetime
    expires_at: datetime
    covered: frozenset[str] = field(default=frozenset())


def read(message: Message, *, tag: str) -> Signed:
    """What the one signature with our tag says of itself; nothing is checked yet. Raises SignatureMissing, -Malformed."""
    headers = {name.lower(): value for name, value in message.headers.items()}
    if not headers.get("signature-input") or not headers.get("signature"):
        raise _missing()
    try:
        inputs = _dictionary(headers["signature-input"])
        ours = [parameters for _, parameters in inputs.values() if parameters.get("tag") == tag]
        covered = [
            frozenset(str(one) for one, qualifiers in items if not qualifiers)
            for items, parameters in inputs.values()
            if parameters.get("tag") == tag
        ]
    except (ValueError, TypeError, UnicodeError) as error:
        raise _malformed("Signature-Input") from error
    if len(ours) != 1:
        raise _missing()
    found = ours[0]
    key_id, nonce, created, expires = (found.get(name) for name in ("keyid", "nonce", "created", "expires"))
    if not isinstance(key_id, str) or not 1 <= len(key_id) <= 80:
        raise _malformed("keyid")
    if not isinstance(nonce, str) or not 16 <= len(nonce) <= 64 or not nonce.isascii() or not nonce.isprintable():
        raise _malformed("nonce")
    if type(created) is not int or type(expires) is not int:
        raise _malformed("created, expires")
    try:
        made, ends = (datetime.fromtimestamp(at, clock.ZONE) for at in (created, expires))
    except (ValueError, OverflowError, OSError) as error:
        raise _malformed("created, expires") from error
    return Signed(key_id, nonce, made, ends, covered[0])


def check(
    message: Message, said: Signed, *, public_pem: str, tag: str, now: datetime, also: Iterable[str] = ()
) -> None:
    """Checks coverage (``also``: further components), time, signature and digest, in this order.

    Raises NotCovered, OutsideWindow, SignatureWrong, DigestWrong.
    """
    has_body = bool(message.body) or message.body_sha256 is not None
    wanted = {*_COVERED, *also} | ({"content-digest"} if has_body else set())
    lacking = sorted(wanted - said.covered)
    if lacking:
        raise NotCovered(
            f"签名没有覆盖：{'、'.join(lacking)}。",
            f"The signature does not cover {', '.join(lacking)}.",
            lacking=" ".join(lacking),
        )
    lasts = said.expires_at - said.created_at
    if not (now - WINDOW <= said.created_at <= now + WINDOW and now <= said.expires_at and lasts <= 2 * WINDOW):
        raise OutsideWindow(
            "签名不在有效时间内：created 与本平台时间相差不得超过 5 分钟，expires 未到且距 created 不超过 10 分钟。请校准时钟后重新签名。",
            "The signature is outside its time: created within five minutes of our clock, expires ahead and at most ten "
            "minutes later. Set your clock and sign again.",
        )
    _check_signature(message, said, public_pem, tag)
    if has_body:
        _check_digest(message)


def sign(
    message: Message, *, private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, key_id: str, tag: str,
    now: datetime, nonce: str | None = None, lasts: timedelta = WINDOW, also: Iterable[str] = (),
) -> None:  # fmt: skip
    """Signs a request in place: what a partner's or client's program does, and our own tests and examples."""
    signer = HTTPMessageSigner(
        signature_algorithm=_ALGORITHMS[algorithm_of(private.public_key())],
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: private}),
    )
    signer.sign(
        message, key_id=key_id, created=now, expires=now + lasts, nonce=nonce or secrets.token_urlsafe(24), label="sig1",
        tag=tag, covered_component_ids=[*_COVERED, *also],
        body=message.body or None, use_existing_digest="Content-Digest" in message.headers,
    )  # fmt: skip


def sign_reply(reply: Reply, *, now: datetime) -> None:
    """Signs our answer in place, with this node's key, over its status, body and the request's own signature."""
    covered = ["@status", "content-type", "content-digest", '"@target-uri";req']
    if any(name.lower() == "signature" for name in reply.request.headers):
        covered.append('"signature";req')
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={node_key_id(): node_key()}),
    )
    signer.sign(
        reply, key_id=node_key_id(), created=now, expires=now + WINDOW, nonce=secrets.token_urlsafe(24), label="sig1",
        tag=REPLY_TAG, covered_component_ids=covered, body=reply.body,
    )  # fmt: skip


def algorithm_of(key: object) -> str:
    """The algorithm's name for a public key. Raises UnfitKey."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ecdsa-p256-sha256"
    raise UnfitKey(
        "只接受 Ed25519 或 ECDSA P-256 公钥。", "Only Ed25519 and ECDSA P-256 keys are accepted."
    )  # fmt: skip


def node_key() -> ed25519.Ed25519PrivateKey:
    """The key this node signs its answers with, from ``<home>/keys/node-signing`` (mode 0600); made when absent."""
    home: Path = settings.XINYONG_HOME
    seed = kept(home / "keys" / "node-signing", lambda: secrets.token_hex(32))
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def node_public_pem() -> str:
    """The public half of ``node_key``, which partners keep."""
    return node_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def node_key_id() -> str:
    """The id of ``node_key``: the beginning of its digest."""
    raw = node_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"node-{hashlib.sha256(raw).hexdigest()[:16]}"


class _Verifier(HTTPMessageVerifier):
    """The library's verifier without its own look at the clock: the window is checked before, by ours."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """Done in ``check``."""


def _check_signature(message: Message, said: Signed, public_pem: str, tag: str) -> None:
    key = load_pem_public_key(public_pem.encode())
    keys: dict[str, VerificationKey] = {said.key_id: key}  # type: ignore[dict-item]  # algorithm_of refuses other kinds
    verifier = _Verifier(
        signature_algorithm=_ALGORITHMS[algorithm_of(key)],
        key_resolver=MappingKeyResolver(public_keys=keys, private_keys={}),
    )
    try:
        verifier.verify(message, max_age=None, expect_tag=tag)
    except (HTTPMessageSignaturesException, ValueError, TypeError) as error:
        raise SignatureWrong(
            "签名与报文或密钥不符。请核对密钥、所签内容和代理是否改动了地址或请求头。",
            "The signature does not fit message and key. Check the key, what was signed, and whether a proxy changed it.",
        ) from error


def _check_digest(message: Message) -> None:
    written = next((value for name, value in message.headers.items() if name.lower() == "content-digest"), "")
    try:
        said = _dictionary(written).get("sha-256")
        if said is None:
            raise InvalidSignature("no sha-256")
        if message.body_sha256 is None:
            ContentDigest.verify(written, message.body)
        elif said[0] != message.body_sha256():
            raise InvalidSignature("another sha-256")
    except (HTTPMessageSignaturesException, ValueError, TypeError) as error:
        raise DigestWrong(
            "正文与所签的 Content-Digest（sha-256）不符。正文在途中可能被改动。",
            "The body is not the one whose Content-Digest (sha-256) was signed; it may have been changed on its way.",
        ) from error


def _dictionary(text: str) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], http_sf.parse(text.encode("ascii"), tltype="dictionary"))


def _missing() -> SignatureMissing:
    return SignatureMissing(
        "报文没有本平台要求的签名（RFC 9421，tag 应为约定值，且只有一个）。",
        "The message carries no signature as we ask for it (RFC 9421, with our tag, exactly one).",
    )


def _malformed(part: str) -> SignatureMalformed:
    return SignatureMalformed(
        f"签名头中的 {part} 缺失或格式不对。", f"In the signature's headers, {part} is missing or malformed.", part=part
    )
