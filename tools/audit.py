"""``make audit``: known vulnerabilities in what the lock files pin. ``python -m tools.audit [LOCK …]``.

pip-audit says "no known vulnerabilities" also where it could ask nobody: a package that an index without advisories does not
answer for is skipped (security.md §2 F11). So it runs with ``--strict``, what it printed is counted against the lock, and
anything short of an answer for every package is "not run" — never green.
"""

import json
import re
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements/runtime.lock", "requirements/dev.lock")
_SECONDS = 600
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)([^\n]*)", re.MULTILINE)


class Outcome(StrEnum):
    """What an audit found; the exit code is 0, 1, 2."""

    CLEAN = "clean"
    VULNERABLE = "vulnerable"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome and a line that says why."""

    outcome: Outcome
    reason: str

    @property
    def exit_code(self) -> int:
        return [*Outcome].index(self.outcome)


def pinned(lock: str) -> dict[str, str]:
    """Package → version in a lock file's text, without what is for other systems only."""
    return {_plain(found[1]): found[2] for found in _PINNED.finditer(lock) if "sys_platform == 'win32'" not in found[3]}


def verdict(exit_code: int, output: str, errors: str, *, wanted: Collection[str]) -> Verdict:
    """What pip-audit's exit code and JSON mean for the packages ``wanted``."""
    try:
        answered = json.loads(output)["dependencies"]
        vulnerable = [one for one in answered if one.get("vulns")]
        audited = {_plain(one["name"]) for one in answered if "vulns" in one and not one.get("skip_reason")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return Verdict(Outcome.NOT_RUN, f"no answer from an advisory database ({_why(errors)})")
    if vulnerable:
        named = ", ".join(
            f"{one['name']} {one['version']}: {'/'.join(v['id'] for v in one['vulns'])}" for one in vulnerable
        )
        return Verdict(Outcome.VULNERABLE, named)
    missing = sorted({_plain(name) for name in wanted} - audited)
    if missing:
        return Verdict(Outcome.NOT_RUN, f"{len(missing)} of {len(wanted)} packages were not looked up: {missing[0]} …")
    if exit_code:
        return Verdict(Outcome.NOT_RUN, f"pip-audit ended with {exit_code} ({_why(errors)})")
    return Verdict(Outcome.CLEAN, f"{len(wanted)} packages, no known vulnerability")


def audit(locks: Sequence[str] = LOCKS) -> Verdict:
    """Runs pip-audit over the lock files."""
    wanted: dict[str, str] = {}
    for lock in locks:
        wanted |= pinned((ROOT / lock).read_text(encoding="utf-8"))
    named = [part for lock in locks for part in ("-r", lock)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--require-hashes", "--progress-spinner",
             "off", "--format", "json", "--timeout", "15", *named],
            cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(Outcome.NOT_RUN, type(error).__name__)
    return verdict(done.returncode, done.stdout, done.stderr, wanted=wanted)


def _why(errors: str) -> str:
    """The last error without addresses: they are the machine's own."""
    lines = [line for line in errors.strip().splitlines() if "ERROR" in line] or errors.strip().splitlines()
    return re.sub(r"https?://\S+", "…", lines[-1].split(":", 2)[-1].strip())[:160] if lines else "it said nothing"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    found = audit(sys.argv[1:] or LOCKS)
    print(f"pip-audit: {found.outcome.value.upper()}: {found.reason}")
    sys.exit(found.exit_code)
