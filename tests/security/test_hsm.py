"""The key-encryption key in a token (SoftHSM): it wraps, it stays there, and what is missing is said."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from xinyong.security import encryption, keyring, keys, providers, reseal
from xinyong.security.access import system

LIBRARY = next(
    (
        path
        for path in (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/softhsm/libsofthsm.so"))
        if path.exists()
    ),
    None,
)
PIN, BY = "24681357", system("test")
pytestmark = [
    pytest.mark.skipif(
        LIBRARY is None or not shutil.which("softhsm2-util"),
        reason="SoftHSM is not installed and could not be: tools/tokens.sh installs Debian's softhsm2 where apt is possible",
    ),
    pytest.mark.usefixtures("lasting_db"),
]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token of the module's own, and the file with its PIN."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "xinyong", "--pin", PIN, "--so-pin", PIN[::-1]],
        check=True, capture_output=True,
    )  # fmt: skip
    pin = folder / "pin"
    pin.write_text(PIN + "\n")
    pin.chmod(0o600)
    yield pin
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def chosen(token: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The token is the provider; afterwards the suite's file is again."""
    encryption.seal(b"", context="test")  # there are data keys, wrapped by the file's
    asked = {
        "provider": "pkcs11",
        "library": str(LIBRARY),
        "token": "xinyong",
        "key": "xinyong-kek",
        "pin_file": str(token),
    }
    monkeypatch.setattr(settings, "KEYS", settings.KEYS | asked)
    keyring.forget()
    yield settings.KEYS
    settings.KEYS |= asked | {"provider": "file"}
    reseal.rewrap(by=BY)


def test_the_token_wraps_the_data_keys_and_they_open_with_it_alone(chosen: dict[str, str]) -> None:
    sealed = encryption.seal(b"somebody", context="test")
    label, count = reseal.rewrap(by=BY)
    assert label.startswith("pkcs11:xinyong:xinyong-kek:")
    assert {one.wrapped_by for one in keyring.all_keys()} == {label}
    assert count == len(keyring.all_keys())
    keyring.forget()
    assert encryption.unseal(sealed, context="test") == b"somebody"


def test_the_key_never_leaves_the_token(chosen: dict[str, str], token: Path) -> None:
    import pkcs11
    from pkcs11 import Attribute

    from xinyong.security import hsm

    number = int(providers.current().label.rpartition(":")[2])
    assert not hsm.is_extractable()
    with pkcs11.lib(str(LIBRARY)).get_token(token_label="xinyong").open(user_pin=PIN) as session:
        (found,) = session.get_objects({Attribute.LABEL: "xinyong-kek", Attribute.ID: number.to_bytes(4)})
        assert (found[Attribute.SENSITIVE], found[Attribute.NEVER_EXTRACTABLE]) == (True, True)
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            found[Attribute.VALUE]


def test_a_new_key_in_the_token_takes_over_and_the_old_one_may_go(chosen: dict[str, str]) -> None:
    import pkcs11
    from pkcs11 import Attribute

    sealed = encryption.seal(b"somebody", context="test")
    first, _ = reseal.rewrap(by=BY)
    second, _ = reseal.rewrap(by=BY, is_new=True)
    assert int(second.rpartition(":")[2]) == int(first.rpartition(":")[2]) + 1
    with pkcs11.lib(str(LIBRARY)).get_token(token_label="xinyong").open(rw=True, user_pin=PIN) as session:
        for found in session.get_objects({Attribute.ID: int(first.rpartition(":")[2]).to_bytes(4)}):
            found.destroy()
    keyring.forget()
    assert encryption.unseal(sealed, context="test") == b"somebody"
    with pytest.raises(keys.NoKey, match="removed"):
        providers.named(first)


def test_a_wrapped_key_that_was_altered_or_moved_does_not_open(chosen: dict[str, str]) -> None:
    wrapper = providers.current()
    wrapped = wrapper.wrap(b"k" * 32, b"number 1")
    assert wrapper.unwrap(wrapped, b"number 1") == b"k" * 32
    for damaged, about in ((wrapped, b"number 2"), (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"number 1")):
        with pytest.raises(keys.WrongKey):
            wrapper.unwrap(damaged, about)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pin_file": "wrong"}, "The PIN is wrong"),
        ({"pin_file": "/nowhere/pin"}, "PIN file"),
        ({"pin_file": ""}, "not set"),
        ({"token": "another"}, "no token named another"),
        ({"library": "/nowhere/libpkcs11.so"}, "does not load"),
        ({"library": ""}, "not set"),
    ],
)
def test_what_is_wrong_with_the_token_is_said(
    chosen: dict[str, str], changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    from xinyong.security import hsm

    if changes.get("pin_file") == "wrong":
        (tmp_path / "pin").write_text("00000000")
        changes = {"pin_file": str(tmp_path / "pin")}
    kept = dict(chosen)
    chosen |= changes
    with pytest.raises(hsm.NoToken, match=said) as error:
        providers.current()
    chosen |= kept
    assert error.value.zh
    assert PIN not in str(error.value)


def test_a_process_that_was_forked_uses_the_token_too(chosen: dict[str, str]) -> None:
    wrapper = providers.current()
    wrapped = wrapper.wrap(b"k" * 32, b"x")
    child = os.fork()
    if not child:
        os._exit(0 if wrapper.unwrap(wrapped, b"x") == b"k" * 32 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_private_key_of_the_token_signs_papers_and_never_leaves_it(
    token: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pkcs11
    from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
    from pkcs11.util.rsa import encode_rsa_public_key

    from tests.reports.papers import Authority
    from xinyong.kernel import clock
    from xinyong.reports import _keys, _pades, offline, signing

    asked = {"library": str(LIBRARY), "token": "xinyong", "pin_file": str(token)}
    monkeypatch.setattr(settings, "KEYS", settings.KEYS | asked)
    plain = tmp_path / "plain.pdf"
    import pikepdf

    page = pikepdf.new()
    page.add_blank_page()
    page.save(plain)
    with pkcs11.lib(str(LIBRARY)).get_token(token_label="xinyong").open(rw=True, user_pin=PIN) as session:
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
        )
        curve, private = parameters.generate_keypair(store=True, label="paper-ec")
        ring, _ = session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="paper-rsa")
        assert private[pkcs11.Attribute.EXTRACTABLE] is False
        publics = {"paper-ec": encode_ec_public_key(curve), "paper-rsa": encode_rsa_public_key(ring)}
    for label, encoded in publics.items():
        authority = Authority("云溪市信用中心")
        public = load_der_public_key(encoded) if label == "paper-ec" else _rsa(encoded)
        certificate = authority.certificate(Of(public))
        chain = tmp_path / f"{label}.pem"
        chain.write_bytes(certificate.public_bytes(Encoding.PEM) + authority.root.public_bytes(Encoding.PEM))
        monkeypatch.setattr(
            settings, "SIGNING", settings.SIGNING | {"key": f"pkcs11:{label}", "certificates": str(chain)}
        )
        made = _pades.sign(plain.read_bytes(), _keys.current(), at=clock.now(), reason="x", location="", tsa="")
        told = offline.look(made, trust=[authority.root], at=clock.now())
        assert told.fails == []
        assert len(told.holds) == 2
        assert signing.sign_json({"a": 1}).count(".") == 2
    monkeypatch.setattr(settings, "SIGNING", settings.SIGNING | {"key": "pkcs11:nobody"})
    with pytest.raises(keys.NoKey):
        _keys.current().sign(b"x")


class Of:
    """Somebody's public key, where a maker of certificates asks for the private one."""

    def __init__(self, public: Any) -> None:
        self._public = public

    def public_key(self) -> Any:
        return self._public


def _rsa(encoded: bytes) -> Any:
    from asn1crypto.keys import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    found = RSAPublicKey.load(encoded)
    return RSAPublicNumbers(found["public_exponent"].native, found["modulus"].native).public_key()
