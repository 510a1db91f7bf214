"""``make check``'s line "bandit · semgrep": static faults in the program. ``python -m tools.static [FOLDER …]``.

bandit has the general rules (its exclusions and their reasons: pyproject.toml), semgrep the house's own
(``tools/semgrep``). semgrep pins libraries that the program does not, so it lives in ``.venv-semgrep``; nothing is fetched
and nothing reported.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RULES = ROOT / "tools" / "semgrep"
SEMGREP = ROOT / ".venv-semgrep" / "bin" / "semgrep"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One finding."""

    path: str
    line: int
    rule: str


class NotRun(Exception):
    """A tool could not do its work: no verdict, which is not a clean one."""


def bandit(*folders: Path) -> list[Fault]:
    """What bandit finds. Raises NotRun."""
    done = _run(
        [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--configfile", str(ROOT / "pyproject.toml"), "--format", "json"],
        folders,
    )  # fmt: skip
    report = _report(done, (0, 1))
    if report["errors"]:
        raise NotRun(f"bandit could not read {report['errors'][0]['filename']}")
    return sorted(Fault(one["filename"], one["line_number"], one["test_id"]) for one in report["results"])


def semgrep(*folders: Path) -> list[Fault]:
    """What the house's rules find. Raises NotRun."""
    if not SEMGREP.exists():
        raise NotRun("make .venv-semgrep/done")
    quiet = {
        "SEMGREP_SEND_METRICS": "off",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SEMGREP_SETTINGS_FILE": str(SEMGREP.parents[1] / "settings.yml"),
    }
    done = _run(
        [str(SEMGREP), "scan", "--config", str(RULES), "--metrics=off", "--disable-version-check", "--quiet", "--json",
         "--no-git-ignore", "--jobs", "2"],
        folders,
        environment=os.environ | quiet,
    )  # fmt: skip
    report = _report(done, (0, 1))
    broken = [one for one in report["errors"] if one["level"] == "error"]
    if broken:
        raise NotRun(f"semgrep: {broken[0]['message'][:200]}")
    return sorted(
        Fault(one["path"], one["start"]["line"], one["check_id"].rpartition(".")[2]) for one in report["results"]
    )


def _run(
    command: list[str], folders: Sequence[Path], *, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *map(str, folders)], cwd=ROOT, capture_output=True, text=True, env=environment, check=False
    )


def _report(done: subprocess.CompletedProcess[str], good: tuple[int, ...]) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise NotRun((done.stderr or done.stdout)[-300:]) from error
    if done.returncode not in good:
        raise NotRun(done.stderr[-300:])
    return report


def main(folders: Sequence[str]) -> int:
    """Prints every fault; 0 when there is none, 1 when there is, 2 when a tool could not run."""
    wanted = [Path(folder) for folder in folders or ("xinyong",)]
    try:
        faults = bandit(*wanted) + semgrep(*wanted)
    except NotRun as reason:
        print(f"not run: {reason}")
        return 2
    for fault in faults:
        print(f"{fault.path}:{fault.line}: {fault.rule}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
