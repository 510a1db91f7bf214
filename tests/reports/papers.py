"""Certificate authorities of the tests' own, and one that stamps time over HTTP."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from xinyong.reports import _keys

_NOW = datetime.now(UTC)


class Authority:
    """A root, perhaps with one authority between, that issues certificates of ten years around today."""

    def __init__(self, label: str, *, between: bool = False, name: x509.Name | None = None, usage: str = "") -> None:
        self._usage = usage
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        root_name = name or _name(f"{label} root")
        self.root = _made(root_name, root_name, self._root_key, self._root_key, is_authority=True)
        self._issuer, self._issuing = root_name, self._root_key
        self.between: tuple[x509.Certificate, ...] = ()
        if between:
            self._issuing = ec.generate_private_key(ec.SECP256R1())
            self._issuer = _name(f"{label} between")
            self.between = (_made(self._issuer, root_name, self._issuing, self._root_key, is_authority=True),)

    @property
    def above(self) -> tuple[x509.Certificate, ...]:
        """What leads to the root, and the root."""
        return (*self.between, self.root)

    def certificate(self, private: Any) -> x509.Certificate:
        """A certificate for a key."""
        return _made(_name("云溪市信用中心 报告签名"), self._issuer, private, self._issuing, usage=self._usage)

    def key(self) -> _keys.PaperKey:
        """A key with a certificate of this authority."""
        private = ec.generate_private_key(ec.SECP256R1())
        return _keys.PaperKey(self.certificate(private), self.between, self.root, partial(_keys._signed, private))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _made(
    subject: x509.Name, issuer: x509.Name, private: Any, issuing: Any, *, is_authority: bool = False, usage: str = ""
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - timedelta(days=3650))
        .not_valid_after(_NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority, content_commitment=not is_authority, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if usage:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(issuing, hashes.SHA256())


@contextmanager
def stamping(authority: Authority) -> Iterator[str]:
    """A time stamping authority on the loopback interface, by the library's own maker of stamps."""
    from pyhanko.sign.timestamps import DummyTimeStamper
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    private = rsa.generate_private_key(65537, 2048)
    store = SimpleCertificateStore()
    store.register(asn1.Certificate.load(authority.root.public_bytes(Encoding.DER)))
    maker = DummyTimeStamper(
        tsa_cert=asn1.Certificate.load(authority.certificate(private).public_bytes(Encoding.DER)),
        tsa_key=asn1_keys.PrivateKeyInfo.load(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        certs_to_embed=store,
    )

    class Stamps(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            answer = asyncio.run(maker.async_request_tsa_response(asked)).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *given: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Stamps)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
