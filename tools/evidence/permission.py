"""Evidence for permission: every cell of the matrix, tenants interleaved, a lost filter, guards taken away one by one."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def _pytest(*arguments: str) -> tuple[bool, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0, (done.stdout.strip().splitlines() or [""])[-1]


def matrix() -> tuple[object, str, bool]:
    """A1: every address for every role and relation."""
    table = (ROOT / "tests" / "matrix" / "expected.csv").read_text(encoding="utf-8").splitlines()
    cells = (len(table) - 1) * (table[0].count(",") - 3)
    passed, _ = _pytest("tests/matrix")
    return (
        f"{cells} cells of {len({line.split(',')[0] for line in table[1:]})} addresses as reviewed",
        "all cells",
        passed,
    )


def mutants() -> tuple[object, str, bool]:
    """A1: the guards taken away one at a time."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.mutants"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = re.search(r"(\d+) of (\d+) caught", done.stdout)
    caught, whole = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    survived = "".join(f"; {name.strip()}" for name in re.findall(r"survived: (.*)", done.stdout))
    return f"{caught} of {whole} caught{survived}", "≥ 30 mutants, all caught", caught == whole >= 30


def undeclared() -> tuple[object, str, bool]:
    """§3-9: addresses that declare no action."""
    from xinyong.security import routes

    return f"0 of {routes.require_declared()} addresses undeclared", "0 undeclared", True


def tenants() -> tuple[object, str, bool]:
    """§3-12: two tenants' requests interleaved on shared connections, the queries' own filter taken away."""
    requests = 20_000
    passed, last = _pytest("tests/security/test_scope.py", "-k", "shared_connections", "--interleaved", str(requests))
    return f"{requests} interleaved requests, {'0' if passed else 'some'} cross reads ({last})", "0 cross reads", passed


def lost_filter() -> tuple[object, str, bool]:
    """§3-10: queries that have lost their filter, roles that see what is not theirs."""
    passed, last = _pytest("tests/security/test_scope.py", "tests/security/test_separation.py")
    return last, "row-level security yields nothing that is another's", passed


ROWS: dict[str, Callable[[], tuple[object, str, bool]]] = {
    "A1": matrix, "A1-mutants": mutants, "S3-9": undeclared, "S3-10": lost_filter, "S3-12": tenants,
}  # fmt: skip
