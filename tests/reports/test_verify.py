"""Genuine, superseded, altered, unknown: by file and by check code (T11)."""

import io
import random
import zlib

import pikepdf
import pytest

from tests.reports.conftest import OnFile
from xinyong.kernel import clock
from xinyong.reports import issue, verify
from xinyong.reports.verify import Verdict
from xinyong.security.access import PUBLIC


def give(on_file: OnFile) -> issue.Issued:
    return issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())


def test_the_file_as_given_out_is_genuine(on_file: OnFile) -> None:
    issued = give(on_file)
    answer = verify.file(issued.pdf)
    assert (answer.verdict, answer.number, answer.subject_name) == (Verdict.GENUINE, issued.number, on_file.name)
    assert answer.is_genuine


def test_a_path_is_as_good_as_bytes(on_file: OnFile, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "report.pdf"
    path.write_bytes(give(on_file).pdf)
    assert verify.file(path).verdict is Verdict.GENUINE


def test_no_changed_byte_passes(on_file: OnFile) -> None:
    pdf = give(on_file).pdf
    chance = random.Random(11)
    for _ in range(300):
        at = chance.randrange(len(pdf))
        changed = pdf[:at] + bytes([pdf[at] ^ (1 << chance.randrange(8))]) + pdf[at + 1 :]
        assert verify.file(changed).verdict is Verdict.ALTERED


@pytest.mark.parametrize("added", [b"\n", b"%%EOF", b"\x00" * 100], ids=["newline", "end", "zeros"])
def test_bytes_added_or_cut_off_make_it_altered(on_file: OnFile, added: bytes) -> None:
    pdf = give(on_file).pdf
    assert verify.file(pdf + added).verdict is Verdict.ALTERED
    assert verify.file(pdf[: -len(added)]).verdict is Verdict.ALTERED


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_saved_again_by_another_program_is_altered(on_file: OnFile, packed: bool) -> None:
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(give(on_file).pdf)) as pdf:
        if packed:
            text = bytes(pdf.Root.Metadata.read_bytes())
            pdf.Root.Metadata = pikepdf.Stream(pdf, zlib.compress(text), Filter=pikepdf.Name.FlateDecode)
            del pdf.trailer["/Info"]
        pdf.save(saved, fix_metadata_version=False)
    assert verify.file(saved.getvalue()).verdict is Verdict.ALTERED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7 something else",
        b"report-number:20261121171503K7M2PQ9X",  # the form of ours, never given out
        b"stream\n" + zlib.compress(b"\x00" * 50_000_000),  # a bomb costs no more than a look
        b"stream\nnot packed" * 1000,
    ],
)
def test_a_file_without_our_number_is_unknown(db: None, data: bytes) -> None:
    assert verify.file(data).verdict is Verdict.UNKNOWN


def test_a_newer_report_supersedes_and_says_when_and_whether_facts_changed(on_file: OnFile) -> None:
    first = give(on_file)
    second = give(on_file)
    answer = verify.file(first.pdf)
    assert (answer.verdict, answer.newer_at, answer.is_newer_same) == (Verdict.SUPERSEDED, second.issued_at, True)
    assert "没有变化" in answer.zh
    on_file.add("admin-licence-org", {"XK_WSH": "另一件"}, until=None, number="4")
    third = give(on_file)
    answer = verify.file(first.pdf)
    assert (answer.newer_at, answer.is_newer_same) == (third.issued_at, False)
    assert "以新报告为准" in answer.zh
    assert verify.file(third.pdf).verdict is Verdict.GENUINE


def test_a_check_code_is_read_as_people_type_it(on_file: OnFile) -> None:
    issued = give(on_file)
    typed = " ".join(issued.check_code[at : at + 4] for at in range(0, 26, 4)).lower()
    answer = verify.code(typed)
    assert (answer.verdict, answer.number, answer.counts) == (Verdict.GENUINE, issued.number, answer.counts)
    assert answer.counts is not None
    assert answer.counts["1.1"] == 1
    give(on_file)
    assert verify.code(issued.check_code).verdict is Verdict.SUPERSEDED


@pytest.mark.parametrize("check_code", ["", "A" * 26, "a" * 5000, "' OR 1=1 --", "\x00" * 26, "../../etc"])
def test_a_check_code_nobody_gave_out_is_unknown(db: None, check_code: str) -> None:
    answer = verify.code(check_code)
    assert answer.verdict is Verdict.UNKNOWN
    assert not answer.is_genuine
