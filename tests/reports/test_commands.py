"""``xinyong report`` and ``xinyong verify --register``."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from tests.reports.conftest import OnFile
from xinyong.operations import reports


def run_verify(path: Path) -> Result:
    return CliRunner().invoke(reports.verify, [str(path), "--register", "--json"])


def test_a_report_is_written_and_verified(on_file: OnFile, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    done = CliRunner().invoke(reports.report, [on_file.code, "-o", str(path), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said.keys() == {
        "number", "check_code", "verify_url", "code", "name", "as_of", "issued_at", "file", "bytes", "sha256", "facts_sha256",
        "counts",
    }  # fmt: skip
    assert (said["name"], said["bytes"]) == (on_file.name, path.stat().st_size)
    assert said["verify_url"].endswith(f"/verify/{said['check_code']}/")

    good = run_verify(path)
    answer = json.loads(good.output)
    assert (good.exit_code, answer["answer"]) == (0, "genuine")
    assert (answer["register"]["verdict"], answer["register"]["number"]) == ("genuine", said["number"])
    assert answer["register"].keys() == {
        "verdict", "is_genuine", "zh", "en", "number", "code", "name", "as_of", "issued_at", "newer_at", "is_newer_same",
        "revoked_at",
    }  # fmt: skip

    path.write_bytes(path.read_bytes() + b" ")
    altered = run_verify(path)
    assert (altered.exit_code, json.loads(altered.output)["register"]["verdict"]) == (1, "altered")


def test_a_report_says_its_number_to_people_too(on_file: OnFile, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    done = CliRunner().invoke(reports.report, [on_file.code, "-o", str(path)])
    assert on_file.name in done.output
    assert "✓" in CliRunner().invoke(reports.verify, [str(path), "--register"]).output


def test_a_file_that_is_none_of_ours_is_not_known_to_the_register(db: None, tmp_path: Path) -> None:
    path = tmp_path / "other.pdf"
    path.write_bytes(b"%PDF-1.7")
    done = run_verify(path)
    assert (done.exit_code, json.loads(done.output)["register"]["verdict"]) == (1, "unknown")
