"""离线核验 Is a paper in hand genuine? By the paper itself and the root certificate of its issuer; no database, no network.

A PDF is genuine when its one signature covers every byte of it, was made with a certificate that leads to the root given, and the
number and digest of facts that the signature names are those the document carries. What lies in the file beside what is signed
(the room left for the signature, the certificates in it) may hold nothing but what has to be there: no byte is free to change.
A statement's JSON is genuine by the same rules for its JWS; the file of everything about oneself by the JWS of its seal, over the
digest of all the rest. Revocation cannot be known offline; the answer says so and where to ask.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import logging
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, PathBuildingError, PathError, ValidationError

from xinyong.kernel import clock
from xinyong.reports import signing

# What is wrong with a file is said in our own words; the library would print its traces as well.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)

#: Ours are some hundred kilobytes.
LARGEST = 50 * 1024 * 1024
_NUMBER = re.compile(r"report-number:(\d{14}[2-9A-Z]{8})")
_CHECK_CODE = re.compile(r"check-code:([A-Z2-7]{26})")
_FACTS = re.compile(r"facts-sha256:([0-9a-f]{64})")
_JWS = re.compile(rb"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\s*")
#: What the readers of PDF, CMS and certificates raise over bytes that none of their kind ever wrote.
_UNREADABLE = (
    PdfError, PathError, ValidationError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError,
    RecursionError, NotImplementedError, EOFError, zlib.error,
)  # fmt: skip
_USAGE = {"digital_signature"}


class Answer(StrEnum):
    """The answer in one word. ``UNTOLD``: nothing speaks against it, but something needed to say yes is missing."""

    GENUINE = "genuine"
    ALTERED = "altered"  # or not ours: not genuine
    UNTOLD = "untold"


@dataclass(slots=True)
class Told:
    """The answer with what was checked, each in Chinese and English. ``holds`` and ``fails`` were checked; ``open`` was not, or
    could not be. The facts below are the paper's own, to be believed only with a good answer."""

    kind: str = ""  # pdf, statement, everything
    holds: list[tuple[str, str]] = field(default_factory=list)
    fails: list[tuple[str, str]] = field(default_factory=list)
    open: list[tuple[str, str]] = field(default_factory=list)
    is_untold: bool = False
    is_demo: bool = False
    number: str = ""
    check_code: str = ""
    facts: str = ""
    signer: str = ""
    signed_at: datetime | None = None
    is_stamped: bool = False
    verify_url: str = ""
    statement: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    @property
    def answer(self) -> Answer:
        """Genuine only when nothing failed and nothing needed was missing."""
        if self.fails:
            return Answer.ALTERED
        return Answer.UNTOLD if self.is_untold or not self.holds else Answer.GENUINE


def look(data: bytes, *, trust: Sequence[x509.Certificate], at: datetime) -> Told:
    """What can be said of a file, given the root certificates that are trusted and the time."""
    told = Told(digest=hashlib.sha256(data).hexdigest())
    if len(data) > LARGEST:
        _untold(told, "文件过大，不像是报告。", "The file is too large to be a paper of ours.")
    elif data.startswith(b"%PDF-"):
        told.kind = "pdf"
        _look_at_pdf(told, data, trust, at)
    elif data.lstrip().startswith(b"{"):
        told.kind = "everything"
        _look_at_everything(told, data, trust, at)
    elif _JWS.fullmatch(data):
        told.kind = "statement"
        _look_at_statement(told, data, trust, at)
    else:
        _untold(
            told, "既不是 PDF，也不是本平台声明的 JSON（JWS）。", "Neither a PDF nor the JSON (JWS) of a statement."
        )
    if told.answer is Answer.GENUINE and not told.check_code:
        told.open.append(
            (
                "这份文件只给本人，不在任何登记册中，平台不留副本：没有更新和撤销可查。",
                "The file was for its subject alone and stands in no register; no copy is kept, so there is nothing to ask.",
            )
        )
        return told
    where = f"：{told.verify_url}" if told.verify_url else "的核验页面"
    told.open.append(
        (
            f"没有核验是否已被撤销、是否有更新的报告：这要问出具平台{where}。",
            "Not checked: whether it was revoked or superseded. Only the issuing platform knows"
            + (f": {told.verify_url}" if told.verify_url else "."),
        )
    )
    return told


def roots(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file. Raises ValueError."""
    return x509.load_pem_x509_certificates(pem)


# ---- PDF -------------------------------------------------------------------------------------------------------------


def _look_at_pdf(told: Told, data: bytes, trust: Sequence[x509.Certificate], at: datetime) -> None:
    try:
        reader = PdfFileReader(BytesIO(data))
        found = reader.embedded_signatures
        if not found and b"/ByteRange" in data:
            told.fails.append(
                ("电子签名无法读出，已被改动或损坏。", "The signature cannot be read: changed or damaged.")
            )
            return
        if not found:
            _untold(
                told, "文件没有电子签名，离线无法判断。", "The file carries no signature; offline nothing can be told."
            )
            _claims(told, reader, "")
            return
        if len(found) != 1:
            told.fails.append(
                ("文件带有不止一个签名，不是出具时的文件。", "It carries more than one signature: not as issued.")
            )
            return
        (one,) = found
        status = _status(one, trust, at)
        _covered(told, data, one, status)
        _signed(told, status, one, trust, at)
        if not told.fails:
            _claims(told, reader, str(one.sig_object.get("/Reason", "")))
    except _UNREADABLE as error:
        told.fails.append(_broken(error))


def _status(one: Any, trust: Sequence[x509.Certificate], at: datetime) -> Any:
    context = _context(trust, at)
    return validate_pdf_signature(one, signer_validation_context=context, skip_diff=True)


def _covered(told: Told, data: bytes, one: Any, status: Any) -> None:
    if status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        told.fails.append(
            (
                "签名没有覆盖整个文件：签名之后又有增补。",
                "The signature does not cover the whole file: something was added after it.",
            )
        )
        return
    if not status.intact:
        told.fails.append(("文件在签名之后被改动。", "The file was changed after it was signed."))
        return
    _, start, end, _ = (int(part) for part in one.byte_range)
    if not _is_lean(one, data[start:end]):
        told.fails.append(
            (
                "签名容器中有签名以外的内容，或被改动。",
                "The container of the signature holds something else, or was changed.",
            )
        )
        return
    told.holds.append(
        ("签名覆盖文件的每一个字节，签名后没有改动。", "The signature covers every byte; nothing changed since.")
    )


def _is_lean(one: Any, hole: bytes) -> bool:
    """True when the only bytes no signature covers are those the signature itself needs, in the one way to write them."""
    content = one.pkcs7_content
    message = cms.ContentInfo.load(content)
    exact = message.dump()
    written = b"<" + binascii.hexlify(exact).upper()
    if not (hole.startswith(written) and re.fullmatch(rb"0*>", hole[len(written) :])):
        return False
    signed = message["content"]
    if cms.ContentInfo.load(exact, strict=True).copy().dump(force=True) != exact or len(signed["signer_infos"]) != 1:
        return False
    info, leaf = signed["signer_infos"][0], one.signer_cert
    named = info["sid"].chosen  # readers of names do not mind capitals; here every byte is one way
    return (
        info["sid"].name == "issuer_and_serial_number"
        and (named["issuer"].dump(), named["serial_number"].dump())
        == (leaf.issuer.dump(), leaf["tbs_certificate"]["serial_number"].dump())
        and signed["version"].native == "v1"
        and signed["encap_content_info"]["content_type"].native == "data"
        and signed["encap_content_info"]["content"].native is None
        and [str(each["algorithm"].native) for each in signed["digest_algorithms"]] == ["sha256"]
        and not signed["crls"].native
        and info["version"].native == "v1"
        and info["digest_algorithm"]["algorithm"].native == "sha256"
        and {each["type"] for each in (info["unsigned_attrs"].native or ())} <= {"signature_time_stamp_token"}
    )


def _signed(told: Told, status: Any, one: Any, trust: Sequence[x509.Certificate], at: datetime) -> None:
    told.signer = status.signing_cert.subject.human_friendly
    told.is_demo = _is_demo(status.signing_cert.subject.native.get("common_name", ""))
    told.signed_at = status.signer_reported_dt
    told.is_stamped = status.timestamp_validity is not None
    if not status.valid:
        told.fails.append(("签名与证书不符。", "The signature does not fit its certificate."))
        return
    path = _path(told, status.signing_cert, one.other_embedded_certs, trust, at)
    if path is None:
        return
    given = {status.signing_cert.dump(), *(each.dump() for each in one.other_embedded_certs)}
    if given - path:
        told.fails.append(("签名中夹带了无关的证书。", "The signature carries certificates that do not belong to it."))


def _claims(told: Told, reader: PdfFileReader, reason: str) -> None:
    """Number, check code and digest of facts as the document carries them, against what the signature names."""
    info = reader.trailer["/Info"] if "/Info" in reader.trailer else {}  # noqa: SIM401 - get gives a reference, not the object
    words = str(info.get("/Keywords", ""))
    packed = reader.root["/Metadata"].data.decode("utf-8", "replace") if "/Metadata" in reader.root else ""
    for name, pattern in (("number", _NUMBER), ("check_code", _CHECK_CODE), ("facts", _FACTS)):
        found = pattern.search(words)
        setattr(told, name, found.group(1) if found else "")
    origin = str(reader.embedded_signatures[0].sig_object.get("/Location", "")) if reason else ""
    if origin and told.check_code:
        told.verify_url = f"{origin}/verify/{told.check_code}/"
    if not reason:
        return
    named, stated = _NUMBER.search(reason), _FACTS.search(reason)
    agrees = bool(told.number and told.facts and named and stated) and (
        (named.group(1), stated.group(1)) == (told.number, told.facts)  # type: ignore[union-attr]
        and all(mark in packed for mark in (told.number, told.check_code, told.facts))
    )
    if agrees:
        told.holds.append(
            ("编号和内容摘要与签名所指的一致。", "Number and digest of facts are those the signature names.")
        )
    else:
        _untold(
            told, "签名有效，但不是信用报告：没有签名所指的编号和内容摘要。",
            "The signature is good, but it is no report: it names no number and digest.",
        )  # fmt: skip


# ---- statement -------------------------------------------------------------------------------------------------------


def _look_at_statement(told: Told, data: bytes, trust: Sequence[x509.Certificate], at: datetime) -> None:
    try:
        head, body, mark = data.strip().split(b".")
        header, payload = json.loads(_plain(head)), json.loads(_plain(body))
        leaf, *others = [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in header["x5c"]]
        signature = _plain(mark)
        told.is_demo = _is_demo(_common(leaf))
        told.signer = leaf.subject.rfc4514_string()
        if header.get("typ") != signing.JWS_TYPE or set(header) != {"alg", "typ", "x5c"}:
            told.fails.append(("不是本平台声明的格式。", "Not a statement's form."))
            return
        if not _fits(leaf, header["alg"], head + b"." + body, signature):
            told.fails.append(
                ("签名与内容不符：内容或签名被改动。", "The signature does not fit: content or signature was changed.")
            )
            return
        told.holds.append(("签名与内容一致。", "The signature fits the content."))
        chosen = [asn1.Certificate.load(one.public_bytes(Encoding.DER)) for one in (leaf, *others)]
        path = _path(told, chosen[0], chosen[1:], trust, at)
        if path is not None and {one.dump() for one in chosen} - path:
            told.fails.append(("夹带了无关的证书。", "It carries certificates that do not belong to it."))
        _stated(told, payload)
    except _UNREADABLE as error:
        told.fails.append(_broken(error))


def _stated(told: Told, payload: dict[str, Any]) -> None:
    facts = payload["facts"]
    digest = _digest(facts)
    told.number, told.check_code, told.facts = payload["jti"], payload["check_code"], payload["facts_sha256"]
    told.verify_url, told.statement = f"{payload['iss']}/verify/{told.check_code}/", facts
    told.signed_at = datetime.fromtimestamp(payload["iat"], clock.ZONE)
    if digest == told.facts:
        told.holds.append(("所述事实与内容摘要一致。", "The stated facts have the digest that is named."))
    else:
        told.fails.append(("所述事实与内容摘要不符。", "The stated facts do not have the digest that is named."))


def _look_at_everything(told: Told, data: bytes, trust: Sequence[x509.Certificate], at: datetime) -> None:
    """The file of everything about oneself: its seal signs the digest of all the rest."""
    try:
        said = json.loads(data, object_pairs_hook=_once)
        seal = said.pop("seal")
        _look_at_statement(told, seal["jws"].encode("ascii"), trust, at)
        told.verify_url, stated, told.statement = "", told.statement, {}
        if (stated.get("kind"), stated.get("document_sha256"), said["number"]) == (
            "everything",
            _digest(said),
            told.number,
        ):
            told.holds.append(("文件内容与签名所指的摘要一致。", "What the file says has the digest that is signed."))
        else:
            told.fails.append(
                ("文件内容与签名所指的摘要不符，已被改动。", "What the file says is not what was signed.")
            )
    except _UNREADABLE as error:
        told.fails.append(_broken(error))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: another reader might take another of two."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _digest(said: Any) -> str:
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _fits(leaf: x509.Certificate, algorithm: str, said: bytes, signature: bytes) -> bool:
    """The algorithm is the key's, never only the header's word."""
    public = leaf.public_key()
    try:
        if isinstance(public, ec.EllipticCurvePublicKey) and algorithm == "ES256" and len(signature) == 64:
            pair = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
            public.verify(pair, said, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public, rsa.RSAPublicKey) and algorithm == "RS256":
            public.verify(signature, said, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _plain(part: bytes) -> bytes:
    """The bytes that base64url says, which must be written in the one way there is."""
    made = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(made).rstrip(b"=") != part:
        raise ValueError("not canonical base64url")
    return made


# ---- certificates ----------------------------------------------------------------------------------------------------


def _context(trust: Sequence[x509.Certificate], at: datetime) -> ValidationContext:
    return ValidationContext(
        trust_roots=[asn1.Certificate.load(one.public_bytes(Encoding.DER)) for one in trust],
        allow_fetching=False, revocation_mode="soft-fail", moment=at,
    )  # fmt: skip


def _path(
    told: Told,
    leaf: asn1.Certificate,
    others: Sequence[asn1.Certificate],
    trust: Sequence[x509.Certificate],
    at: datetime,
) -> set[bytes] | None:
    """The certificates that lead from the signer to a trusted root; None, and why, when there is no such way. A certificate
    that has ended since the signature was made leaves the question open: only a time stamp could close it."""
    if not trust:
        _untold(
            told, "没有可以信任的根证书：请用 --trust 给出。", "No root certificate to trust: give one with --trust."
        )
        return None
    for moment in (at, told.signed_at):
        if moment is None:
            continue
        try:
            validator = CertificateValidator(leaf, list(others), validation_context=_context(trust, moment))
            path = asyncio.run(validator.async_validate_usage(_USAGE))  # type: ignore[no-untyped-call]
        except ExpiredError:
            continue
        except (PathBuildingError, PathError, ValidationError):
            told.fails.append(
                (
                    "签名证书不是由所信任的根证书签发的：不是这个平台出具。",
                    "The signer's certificate does not lead to the root trusted: not this platform's.",
                )
            )
            return None
        if moment is at:
            told.holds.append(
                (
                    "签名证书由所信任的根证书签发，在有效期内。",
                    "The signer's certificate leads to the trusted root and is in its term.",
                )
            )
        else:
            _untold(
                told, "签名证书现已过期；签名自称作于有效期内，但没有时间戳可以证明。",
                "The signer's certificate has ended. The signature says it is older, which nothing proves.",
            )  # fmt: skip
        return {one.dump() for one in path}
    _untold(told, "签名证书不在有效期内。", "The signer's certificate is outside its term.")
    return None


def _is_demo(common: object) -> bool:
    return "demo, no legal force" in str(common)


def _common(leaf: x509.Certificate) -> str:
    found = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _untold(told: Told, zh: str, en: str) -> None:
    told.is_untold = True
    told.open.append((zh, en))


def _broken(error: Exception) -> tuple[str, str]:
    return (
        f"文件的结构或签名无法读出，已被改动或损坏（{type(error).__name__}）。",
        f"The file's structure or signature cannot be read: changed or damaged ({type(error).__name__}).",
    )
