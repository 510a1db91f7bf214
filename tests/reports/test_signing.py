"""A paper proves itself: signed over every byte, by programs of others too; nothing changed, added or signed by somebody else passes."""

import random
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from django.conf import settings

from tests.reports import hostile_names
from tests.reports.conftest import OnFile
from tests.reports.papers import Authority
from xinyong.kernel import clock
from xinyong.reports import _keys, _pades, issue, offline, signing
from xinyong.reports.models import IssuedReport
from xinyong.reports.offline import Answer
from xinyong.security.access import PUBLIC

needs_pdfsig = pytest.mark.skipif(
    shutil.which("pdfsig") is None, reason="poppler-utils is not installed: tools/browser.sh"
)


@pytest.fixture
def issued(on_file: OnFile) -> issue.Issued:
    return issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())


def trust() -> list[x509.Certificate]:
    return offline.roots(signing.trust_pem().encode())


def look(data: bytes, roots: list[x509.Certificate] | None = None, at: datetime | None = None) -> offline.Told:
    return offline.look(data, trust=trust() if roots is None else roots, at=at or clock.now())


def pdfsig(path: Path, *more: str) -> str:
    done = subprocess.run(["pdfsig", *more, str(path)], capture_output=True, text=True, check=False)
    return done.stdout


def test_a_report_is_genuine_by_itself_and_says_what_was_not_checked(issued: issue.Issued) -> None:
    told = look(issued.pdf)
    assert (told.answer, told.number, told.check_code) == (Answer.GENUINE, issued.number, issued.check_code)
    assert (told.facts, told.verify_url) == (issued.facts, issued.verify_url)
    assert len(told.holds) == 3
    assert any("撤销" in zh and issued.verify_url in zh for zh, _ in told.open)
    assert told.is_demo
    assert "demo, no legal force" in told.signer


def test_the_register_holds_the_digest_of_the_signed_bytes(issued: issue.Issued) -> None:
    row = IssuedReport.objects.get(number=issued.number)
    assert (row.file_digest, row.content_digest) == (look(issued.pdf).digest, issued.facts)
    assert row.signer == signing.signer().fingerprint


@needs_pdfsig
def test_poppler_says_the_signature_is_valid_and_covers_the_whole_document(
    issued: issue.Issued, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(issued.pdf)
    said = pdfsig(path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    at = len(issued.pdf) // 2
    path.write_bytes(issued.pdf[:at] + bytes([issued.pdf[at] ^ 1]) + issued.pdf[at + 1 :])
    assert "Digest Mismatch" in pdfsig(path)


@needs_pdfsig
def test_poppler_trusts_it_once_the_root_is_installed(issued: issue.Issued, tmp_path: Path) -> None:
    if shutil.which("certutil") is None:
        pytest.skip("certutil is not installed (package libnss3-tools)")
    path, store, root = tmp_path / "report.pdf", tmp_path / "nss", tmp_path / "root.pem"
    path.write_bytes(issued.pdf)
    root.write_text(signing.trust_pem())
    store.mkdir()
    subprocess.run(["certutil", "-N", "-d", str(store), "--empty-password"], check=True)
    subprocess.run(["certutil", "-A", "-d", str(store), "-n", "root", "-t", "C,C,C", "-i", str(root)], check=True)
    assert "Certificate is Trusted" in pdfsig(path, "-nssdir", str(store))


def test_the_library_s_own_command_verifies_it_and_refuses_a_changed_one(issued: issue.Issued, tmp_path: Path) -> None:
    path, root = tmp_path / "report.pdf", tmp_path / "root.pem"
    path.write_bytes(issued.pdf)
    root.write_text(signing.trust_pem())
    good = pyhanko(path, root)
    assert good.returncode == 0, good.stderr
    assert good.stdout.strip().endswith(":VALID")
    path.write_bytes(issued.pdf.replace(b"/Title", b"/Titel", 1))
    assert pyhanko(path, root).returncode != 0


def pyhanko(path: Path, root: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "pyhanko",
        "sign",
        "validate",
        "--trust",
        str(root),
        "--trust-replace",
        "--executive-summary",
    ]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False, cwd=path.parent)


def test_the_signature_adds_an_update_and_leaves_the_typeset_bytes_as_they_were(
    on_file: OnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    typeset: list[bytes] = []
    plain = _pades.sign

    def kept(pdf: bytes, *given: object, **more: object) -> bytes:
        typeset.append(pdf)
        return plain(pdf, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(_pades, "sign", kept)
    issued = issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())
    assert issued.pdf.startswith(typeset[0])


def test_what_archival_and_accessible_form_asks_for_is_still_there_after_signing(issued: issue.Issued) -> None:
    with pikepdf.open(BytesIO(issued.pdf)) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"], metadata["pdfuaid:part"]) == ("2", "A", "1")
        assert metadata["pdf:Keywords"] == str(pdf.docinfo["/Keywords"])
        assert pdf.Root.MarkInfo.Marked
        assert not pdf.is_encrypted
        (field,) = pdf.Root.AcroForm.Fields
        # ISO 19005-2 6.3, 6.4: printed, not hidden; no appearance is to be made up; nothing runs.
        assert int(field.F) & 0b100
        assert not int(field.F) & 0b100011
        assert "/NeedAppearances" not in pdf.Root.AcroForm
        assert "/XFA" not in pdf.Root.AcroForm
        assert not {"/A", "/AA"} & set(field.keys())
        # ISO 14289-1 7.18: a widget that is drawn would stand in the structure; this one has no size, and says what it is.
        assert [float(one) for one in field.Rect] == [0, 0, 0, 0]
        assert "签名" in str(field.TU)
        assert pdf.check_pdf_syntax() == []
        assert not any(isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Filespec" for one in pdf.objects)
    assert hostile_names.active(issued.pdf) == ["/AcroForm"]  # the field of the signature, and nothing that acts


def test_no_changed_byte_passes(issued: issue.Issued) -> None:
    """A sample over the whole file, and closely over what no signature covers: the room for the signature itself."""
    pdf = issued.pdf
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+)", pdf)
    assert found
    start, end = int(found.group(1)), int(found.group(2))
    chance = random.Random(17)
    places = {
        *(chance.randrange(len(pdf)) for _ in range(60)), *(chance.randrange(start, end) for _ in range(60)),
        *range(start, start + 2300, 37), *(chance.randrange(end, len(pdf)) for _ in range(60)), 0, len(pdf) - 1,
    }  # fmt: skip
    passed = []
    for at in sorted(places):
        bit = chance.randrange(8)
        told = look(pdf[:at] + bytes([pdf[at] ^ (1 << bit)]) + pdf[at + 1 :])
        if told.answer is not Answer.ALTERED:
            passed.append((at, bit, told.answer, told.open))
    # A file that does not begin as a PDF does is none: of it nothing is told.
    assert [one for one in passed if not (one[0] < 5 and one[2] is Answer.UNTOLD)] == []


@pytest.mark.parametrize("added", [b"\n", b"%%EOF\n", b"\x00" * 64], ids=["newline", "end", "zeros"])
def test_bytes_added_or_cut_off_are_refused(issued: issue.Issued, added: bytes) -> None:
    assert look(issued.pdf + added).answer is Answer.ALTERED
    assert look(issued.pdf[: -len(added)]).answer is Answer.ALTERED


def test_an_update_appended_after_the_signature_is_refused(issued: issue.Issued) -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(issued.pdf))
    writer.root["/Lang"] = generic.TextStringObject("en")
    writer.update_root()
    made = BytesIO()
    writer.write(made)
    assert made.getvalue().startswith(issued.pdf)
    told = look(made.getvalue())
    assert told.answer is Answer.ALTERED
    assert "增补" in told.fails[0][0]


def test_a_second_signature_of_somebody_else_is_refused(issued: issue.Issued) -> None:
    other = Authority("别处").key()
    unlocked = issued.pdf
    try:
        twice = _pades.sign(unlocked, other, at=clock.now(), reason="x", location="", tsa="")
    except ValueError:
        return  # the first signature forbids any further one, and the library keeps to it
    assert look(twice).answer is Answer.ALTERED


def test_a_report_signed_by_another_authority_is_not_this_platform_s(issued: issue.Issued) -> None:
    roots = [Authority("别处").root]
    told = look(issued.pdf, roots)
    assert told.answer is Answer.ALTERED
    assert "根证书" in told.fails[0][0]


def test_a_forged_authority_of_the_same_name_is_not_believed(issued: issue.Issued) -> None:
    real = trust()[0]
    forged = Authority("", name=real.subject)
    typeset = issued.pdf[: issued.pdf.index(b"%%EOF") + 6]
    made = _pades.sign(
        typeset, forged.key(), at=clock.now(), reason=f"report-number:{issued.number} facts-sha256:{issued.facts}",
        location="", tsa="",
    )  # fmt: skip
    assert look(made, [forged.root]).answer is Answer.GENUINE  # it would be by its own root
    assert look(made).answer is Answer.ALTERED


def test_without_a_root_or_without_a_signature_nothing_can_be_told(issued: issue.Issued) -> None:
    assert look(issued.pdf, []).answer is Answer.UNTOLD
    assert look(issued.pdf[: issued.pdf.index(b"%%EOF") + 6]).answer is Answer.UNTOLD
    assert look(b"hello").answer is Answer.UNTOLD


def test_a_good_signature_over_something_else_is_no_report(issued: issue.Issued) -> None:
    plain = pikepdf.new()
    plain.add_blank_page()
    made = BytesIO()
    plain.save(made)
    signed = _pades.sign(made.getvalue(), _keys.current(), at=clock.now(), reason="a letter", location="", tsa="")
    told = look(signed)
    assert told.answer is Answer.UNTOLD
    assert "不是信用报告" in told.open[0][0]


def test_when_the_certificate_has_ended_the_question_stays_open(issued: issue.Issued) -> None:
    told = look(issued.pdf, at=datetime(2055, 1, 1, tzinfo=UTC))
    assert told.answer is Answer.UNTOLD
    assert any("过期" in zh for zh, _ in told.open)


@pytest.mark.parametrize("form", ["pem", "pkcs12"])
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_key_from_a_file_signs_with_its_whole_chain(
    on_file: OnFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, kind: str
) -> None:
    private = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else rsa.generate_private_key(65537, 2048)
    authority = Authority("云溪市信用中心", between=True)
    certificate = authority.certificate(private)
    path, secret = tmp_path / f"key.{form}", tmp_path / "passphrase"
    secret.write_text("云溪\n")
    sealed = BestAvailableEncryption("云溪".encode())
    if form == "pem":
        chain = b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, *authority.above))
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed) + chain)
    else:
        path.write_bytes(pkcs12.serialize_key_and_certificates(b"paper", private, certificate, authority.above, sealed))
    path.chmod(0o600)
    monkeypatch.setattr(settings, "SIGNING", settings.SIGNING | {"key": str(path), "passphrase_file": str(secret)})
    issued = issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())
    told = look(issued.pdf, [authority.root])
    assert told.answer is Answer.GENUINE, told.fails
    assert not told.is_demo
    assert not signing.signer().is_demo
    if shutil.which("pdfsig"):
        (tmp_path / "r.pdf").write_bytes(issued.pdf)
        assert "Signature is Valid" in pdfsig(tmp_path / "r.pdf")


def test_a_key_file_that_others_can_read_or_that_does_not_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, private = Authority("云溪市信用中心"), ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    own = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    whole = own + authority.certificate(private).public_bytes(Encoding.PEM) + authority.root.public_bytes(Encoding.PEM)
    monkeypatch.setattr(settings, "SIGNING", settings.SIGNING | {"key": str(path)})

    def refused(content: bytes, *, mode: int = 0o600) -> str:
        path.write_bytes(content)
        path.chmod(mode)
        _keys.forget()
        with pytest.raises(signing.NoPaperKey) as error:
            signing.signer()
        return error.value.zh

    assert "权限" in refused(whole, mode=0o640)
    assert "证书链" in refused(own + authority.certificate(private).public_bytes(Encoding.PEM))
    assert "没有签名证书" in refused(own)
    assert "打不开" in refused(b"-----BEGIN nothing")
    other = authority.certificate(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.PEM)
    assert "不是一对" in refused(own + other + authority.root.public_bytes(Encoding.PEM))
    path.unlink()
    _keys.forget()
    with pytest.raises(signing.NoPaperKey):
        signing.signer()


def test_the_demonstration_s_key_is_sealed_and_its_certificates_say_what_they_are(on_file: OnFile) -> None:
    signing.install()
    folder = settings.XINYONG_HOME / "reports" / "demo"
    assert b"PRIVATE KEY" not in (folder / "signing.sealed").read_bytes()
    for one in x509.load_pem_x509_certificates((folder / "certificates.pem").read_bytes()):
        assert "演示 demo, no legal force" in one.subject.rfc4514_string().replace("\\", "")
    assert (settings.XINYONG_HOME / "reports" / "trust.pem").read_text() == signing.trust_pem()


def test_the_signature_is_dated_by_the_clock_that_issued_it(on_file: OnFile) -> None:
    moment = clock.now() - timedelta(minutes=7)
    issued = issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=moment)
    assert look(issued.pdf).signed_at == moment.replace(microsecond=0)


def test_a_time_stamping_authority_that_is_set_is_asked_and_without_its_stamp_nothing_is_issued(
    on_file: OnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.reports.papers import stamping

    authority = Authority("时间戳机构", usage="time_stamping")
    with stamping(authority) as address:
        monkeypatch.setattr(settings, "SIGNING", settings.SIGNING | {"tsa": address})
        issued = issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())
        told = look(issued.pdf, [*trust(), authority.root])
        assert (told.answer, told.is_stamped) == (Answer.GENUINE, True), told.fails
    before = IssuedReport.objects.count()
    with pytest.raises(signing.TimeStampRefused):
        issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())
    assert IssuedReport.objects.count() == before


def test_a_key_is_a_partial_of_nothing_that_prints(on_file: OnFile) -> None:
    """What a traceback or a log line would show of a key in memory holds no key."""
    key = _keys.current()
    assert isinstance(key.sign, partial)
    assert "PRIVATE" not in repr(key).upper().replace("PRIVATEKEY OBJECT", "")
