"""``xinyong verify``: offline, in words, with an exit code; ``xinyong reports``."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding

from tests.reports.conftest import OnFile
from tests.reports.papers import Authority
from tests.reports.test_special import give
from tests.reports.test_statement import searched
from xinyong.kernel import clock
from xinyong.operations import reports
from xinyong.reports import issue, signing
from xinyong.security.access import PUBLIC


@pytest.fixture
def pdf(on_file: OnFile, tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now()).pdf)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_text(signing.trust_pem())
    return path


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody runs it who has the program and nothing else: no data directory, no database, no settings."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("XINYONG", "DATABASE", "DJANGO"))}
    return subprocess.run(
        [sys.executable, "-m", "xinyong.config", "verify", *arguments], env=bare | {"XINYONG_HOME": "/nonexistent/home"},
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_it_verifies_with_a_root_and_nothing_of_an_installation(pdf: Path, root: Path) -> None:
    done = alone(str(pdf), "--trust", str(root))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ 真实 genuine" in done.stdout
    assert "演示" in done.stdout
    assert "? 没有核验是否已被撤销" in done.stdout
    assert "/verify/" in done.stdout
    said = json.loads(alone(str(pdf), "--trust", str(root), "--json").stdout)
    assert (said["answer"], said["kind"], len(said["holds"]), said["fails"]) == ("genuine", "pdf", 3, [])


def test_altered_ends_with_one_and_what_cannot_be_told_with_two(pdf: Path, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("别处").root.public_bytes(Encoding.PEM))
    assert alone(str(pdf), "--trust", str(other)).returncode == 1
    plain = tmp_path / "letter.pdf"
    plain.write_bytes(b"%PDF-1.7\n")
    assert alone(str(plain), "--trust", str(root)).returncode in (1, 2)
    note = tmp_path / "note.txt"
    note.write_bytes(b"a note")
    assert alone(str(note), "--trust", str(root)).returncode == 2
    pdf.write_bytes(pdf.read_bytes() + b" ")
    done = alone(str(pdf), "--trust", str(root))
    assert done.returncode == 1
    assert "✗ 不真实" in done.stdout


def verify(path: Path, *more: str) -> Result:
    return CliRunner().invoke(reports.verify, [str(path), *more])


def test_the_register_is_asked_only_when_that_is_wanted(on_file: OnFile, tmp_path: Path, root: Path) -> None:
    issued = give(on_file)
    path = tmp_path / "special.pdf"
    path.write_bytes(issued.pdf)
    assert verify(path, "--register").exit_code == 0
    done = CliRunner().invoke(reports.reports, ["revoke", issued.number, "--reason", "信源单位更正了决定"])
    assert done.exit_code == 0, done.output
    assert verify(path, "--trust", str(root), "--register").exit_code == 1
    said = json.loads(verify(path, "--trust", str(root), "--register", "--json").stdout)
    assert (said["answer"], said["register"]["verdict"], said["register"]["is_genuine"]) == (
        "genuine",
        "revoked",
        False,
    )


def test_special_reports_statements_and_the_root_come_from_the_command_line(on_file: OnFile, tmp_path: Path) -> None:
    run = CliRunner()
    paper, page, token, pem = (
        tmp_path / name for name in ("special.pdf", "statement.pdf", "statement.jws", "root.pem")
    )
    span = ["--from", "2020-01-01", "--to", on_file.today.isoformat()]
    done = run.invoke(
        reports.reports, ["special", on_file.code, "-o", str(paper), *span, "--domain", "market", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["domains"] == {"market": 2}
    searched(on_file, "serious-dishonesty")
    done = run.invoke(
        reports.reports, ["statement", on_file.code, "no-serious-list", "-o", str(page), "--jws", str(token)]
    )
    assert done.exit_code == 0, done.output
    pem.write_text(run.invoke(reports.reports, ["certificate"]).output)
    assert "BEGIN CERTIFICATE" in run.invoke(reports.reports, ["certificate", "--chain"]).output
    assert json.loads(run.invoke(reports.reports, ["certificate", "--json"]).output)["is_demo"] is True
    for path in (paper, page, token):
        assert alone(str(path), "--trust", str(pem)).returncode == 0
    assert "未列入" in alone(str(token), "--trust", str(pem)).stdout
    signing.install()
    assert verify(token).exit_code == 0  # by the root that the installation keeps
    assert "no-published-penalty" in run.invoke(reports.reports, ["facts"]).output
