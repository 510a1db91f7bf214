"""The demonstration's own certificate authority and signing key: made once, the keys sealed, the names saying what they are.

What it signs proves nothing to anybody: it is there so that a demonstration works like an installation. The certificates are dated
back, since demonstrations are run on past days.
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings

from xinyong.security import encryption, vault

CONTEXT = "reports.demo-key"
#: Below the data directory; reports/models.py declares it to the rotation of keys.
PATTERN = "reports/demo/*.sealed"
LABEL = "演示 demo, no legal force"
_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)


def kept(site: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate, x509.Certificate]:
    """The signing key, its certificate and the root's; made when there are none. Raises encryption.Unreadable."""
    folder = Path(settings.XINYONG_HOME) / "reports" / "demo"
    place, shown = folder / "signing.sealed", folder / "certificates.pem"
    if not (place.exists() and shown.exists()):
        _make(folder, site)
    private = load_pem_private_key(b"".join(vault.blocks(place, context=CONTEXT)), None)
    certificate, root = x509.load_pem_x509_certificates(shown.read_bytes())
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    if certificate.public_key() != private.public_key():
        raise encryption.unreadable()
    return private, certificate, root


def _make(folder: Path, site: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(f"演示根证书 {LABEL}", site)
    usage = {
        "digital_signature": False, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    root = _certificate(
        root_name, root_name, root_key, root_key,
        (x509.BasicConstraints(ca=True, path_length=0), x509.KeyUsage(**usage | {"key_cert_sign": True, "crl_sign": True})),
    )  # fmt: skip
    leaf = _certificate(
        _name(f"信用报告签名 {LABEL}", site), root_name, key, root_key,
        (
            x509.BasicConstraints(ca=False, path_length=None),
            x509.KeyUsage(**usage | {"digital_signature": True, "content_commitment": True}),
        ),
    )  # fmt: skip
    # The root's key is not kept: nothing is ever issued under it again.
    vault.put_block(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), folder / "signing.sealed", context=CONTEXT
    )
    fresh = folder / "certificates.part"
    fresh.write_bytes(leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM))
    fresh.replace(folder / "certificates.pem")


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, issuing: ec.EllipticCurvePrivateKey,
    extensions: tuple[x509.ExtensionType, ...],
) -> x509.Certificate:  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(secrets.token_bytes(16)) >> 1)
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False)
    )
    for extension in extensions:
        made = made.add_extension(extension, critical=True)
    return made.sign(issuing, hashes.SHA256())


def _name(common: str, site: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, site[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
