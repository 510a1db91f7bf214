"""The static rules bite: every fault of a deliberately bad file is found, nothing of a good one, and the program is clean."""

import re
import shutil
from pathlib import Path

import pytest

from tools import static
from tools.audit import Outcome, pinned, verdict

SAMPLES = Path(__file__).parent / "static"
ROOT = Path(__file__).parent.parent.parent
_BAD = re.compile(r"bad: ([a-z-]+)")

needs_semgrep = pytest.mark.skipif(not static.SEMGREP.exists(), reason="make .venv-semgrep/done")


def wanted(name: str) -> list[tuple[int, str]]:
    lines = (SAMPLES / name).read_text(encoding="utf-8").splitlines()
    return [(number, found[1]) for number, line in enumerate(lines, 1) if (found := _BAD.search(line))]


@needs_semgrep
def test_every_rule_of_the_house_bites_and_nothing_right_is_found(tmp_path: Path) -> None:
    office = tmp_path / "xinyong" / "office"
    shutil.copytree(SAMPLES, office)
    found: dict[str, list[tuple[int, str]]] = {}
    for fault in static.semgrep(tmp_path):
        found.setdefault(Path(fault.path).name, []).append((fault.line, fault.rule))
    assert set(wanted("bad.py")) <= set(found["bad.py"])
    assert set(wanted("bad.html")) <= set(found["bad.html"])
    assert "good.py" not in found
    assert "good.html" not in found
    rules = re.findall(r"^  - id: (\S+)$", (static.RULES / "house.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert {rule for name in ("bad.py", "bad.html") for _, rule in wanted(name)} == set(rules)


def test_bandit_finds_the_bad_file_and_not_the_good_one(tmp_path: Path) -> None:
    for name in ("bad.py", "good.py"):
        shutil.copy(SAMPLES / name, tmp_path / name)
    found = static.bandit(tmp_path)
    assert {"B602", "B605", "B301", "B506", "B307", "B102", "B608", "B314", "B310", "B610"} <= {
        fault.rule for fault in found
    }
    assert {Path(fault.path).name for fault in found} == {"bad.py"}


def test_every_exception_says_why() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*(ROOT / "xinyong").rglob("*.py"), *(ROOT / "xinyong").rglob("*.html")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# *nosec\b(?!.*B\d+ +\S)|nosemgrep(?!: [a-z-]+ {1,2}\S)", line)
    ]
    assert silent == []


LOCK = "alpha==1.0 \\\n    --hash=sha256:00\nBeta_x==2.1 ; python_version > '3' \\\n    --hash=sha256:11\npywin32==3 ; sys_platform == 'win32' \\\n"


def answer(*packages: str) -> str:
    return '{"dependencies": [' + ", ".join(packages) + '], "fixes": []}'


ALPHA = '{"name": "alpha", "version": "1.0", "vulns": []}'
BETA = '{"name": "beta-x", "version": "2.1", "vulns": []}'


@pytest.mark.parametrize(
    ("exit_code", "output", "errors", "outcome"),
    [
        (0, answer(ALPHA, BETA), "", Outcome.CLEAN),
        (1, answer(ALPHA, BETA.replace("[]", '[{"id": "PYSEC-1"}]')), "", Outcome.VULNERABLE),
        (0, answer(ALPHA, BETA.replace("[]", '[{"id": "PYSEC-1"}]')), "", Outcome.VULNERABLE),
        (0, answer(ALPHA), "", Outcome.NOT_RUN),
        (0, answer(ALPHA, '{"name": "beta-x", "skip_reason": "not found"}'), "", Outcome.NOT_RUN),
        (0, answer(), "", Outcome.NOT_RUN),
        (0, "", "", Outcome.NOT_RUN),
        (0, "No known vulnerabilities found", "", Outcome.NOT_RUN),
        (1, "", "ERROR:pip_audit._cli:x: Dependency not found and could not be audited", Outcome.NOT_RUN),
        (1, answer(ALPHA, BETA), "ERROR", Outcome.NOT_RUN),
        (0, "[]", "", Outcome.NOT_RUN),
    ],
)
def test_an_audit_is_clean_only_when_every_package_was_looked_up(
    exit_code: int, output: str, errors: str, outcome: Outcome
) -> None:
    found = verdict(exit_code, output, errors, wanted=pinned(LOCK))
    assert found.outcome is outcome
    assert (found.exit_code == 0) is (outcome is Outcome.CLEAN)
    assert found.reason


def test_what_is_pinned_is_what_is_installed_here() -> None:
    assert pinned(LOCK) == {"alpha": "1.0", "beta-x": "2.1"}
    assert "django" in pinned((ROOT / "requirements" / "runtime.lock").read_text(encoding="utf-8"))
