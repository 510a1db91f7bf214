"""PAdES over a PDF, with a key of ours wherever it lies. The field it makes has no size: nothing is drawn on a page."""

import asyncio
from datetime import datetime
from io import BytesIO
from typing import Any

import urllib3
from asn1crypto import tsp
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, Signer, fields
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from xinyong.reports._keys import PaperKey, TimeStampRefused

FIELD = "XinyongSignature"
_DIGEST = "sha256"
_LONGEST_SIGNATURE = 512  # bytes: RSA of 4096 bits
_PATIENCE = urllib3.Timeout(connect=3, read=10)
_LARGEST_STAMP = 1 << 20
#: Room for a signature by certificate: with one key and its certificates it is always the same.
_ROOM: dict[str, int] = {}


class _Writer(IncrementalPdfFileWriter):
    """Leaves the metadata as they were typeset: PDF/A wants both of their forms to agree, and their date is the kernel
    clock's."""

    def _update_meta(self) -> None:
        pass


class _OwnKey(Signer):
    """The library's signer around a key of ours."""

    def __init__(self, key: PaperKey) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(_asn1(one) for one in key.between)
        super().__init__(signing_cert=_asn1(key.certificate), cert_registry=store, embed_roots=False)
        self._sign = key.sign

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """The raw signature; a dry run only asks how long it can be."""
        assert digest_algorithm == _DIGEST
        return bytes(_LONGEST_SIGNATURE) if dry_run else self._sign(data)


class _Authority(TimeStamper):
    """A time stamping authority (RFC 3161) at the one address that is set; no redirect is followed."""

    def __init__(self, address: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._address = address

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """What the authority answers. Raises TimeStampRefused."""
        pool = urllib3.PoolManager(timeout=_PATIENCE, retries=False)
        try:
            answer = pool.request(
                "POST", self._address, body=req.dump(), redirect=False, preload_content=False,
                headers={"Content-Type": "application/timestamp-query"},
            )  # fmt: skip
            content = answer.read(_LARGEST_STAMP)
        except urllib3.exceptions.HTTPError as error:
            raise _refused() from error
        finally:
            pool.clear()
        if answer.status != 200 or answer.headers.get("Content-Type") != "application/timestamp-reply":
            raise _refused()
        return tsp.TimeStampResp.load(content)


def sign(pdf: bytes, key: PaperKey, *, at: datetime, reason: str, location: str, tsa: str) -> bytes:
    """The PDF with its signature, B-B; with the address of a time stamping authority B-T. Raises TimeStampRefused."""
    metadata = PdfSignatureMetadata(
        field_name=FIELD, md_algorithm=_DIGEST, subfilter=fields.SigSeedSubFilter.PADES, reason=reason,
        location=location, certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )  # fmt: skip
    field = fields.SigFieldSpec(FIELD, on_page=0, readable_field_name="出具单位的电子签名 Signature of the issuer")
    signer = PdfSigner(
        metadata, signer=_OwnKey(key), new_field_spec=field, timestamper=_Authority(tsa) if tsa else None
    )
    known = "" if tsa else key.certificate.fingerprint(hashes.SHA256()).hex()
    return asyncio.run(_signed(_Writer(BytesIO(pdf)), signer, at, known))


async def _signed(writer: IncrementalPdfFileWriter, signer: PdfSigner, at: datetime, known: str) -> bytes:
    """``known`` names what the room for the signature depends on; "" where it is asked for each time (a stamp's size is the
    authority's). Asking signs once for nothing, a fifth of what a paper takes."""
    session = signer.init_signing_session(writer)
    session.system_time = at
    found = await session.perform_presign_validation(writer)
    size = _ROOM.get(known) or await session.estimate_signature_container_size(found)
    if known:
        _ROOM[known] = size
    document = session.prepare_tbs_document(validation_info=found, bytes_reserved=size)
    digest, made = document.digest_tbs_document(output=BytesIO())
    await document.perform_signature(
        document_digest=digest.document_digest, pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=at)
    )
    assert isinstance(made, BytesIO)
    return made.getvalue()


def _asn1(certificate: Any) -> Any:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def _refused() -> TimeStampRefused:
    return TimeStampRefused(
        "时间戳机构没有给出时间戳，报告没有出具。请稍后重试，或检查 XINYONG_SIGNING_TSA。",
        "The time stamping authority gave no time stamp; nothing was issued. Try later, or check XINYONG_SIGNING_TSA.",
    )
