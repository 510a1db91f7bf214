"""Evidence for signing in: no default accounts, lockout, factors, hashing, sessions, headers (security.md §3 rows 1–7).

A row runs the suite's own tests, whose names say what holds, or measures; its figure is what came of it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SIGN_IN = "tests/security/test_sign_in.py"
_AT_ONCE = "tests/security/test_sign_in_at_once.py"
_PARALLEL = 20

#: Measured in a process of its own: so many people sign in at once, with the hashing of production.
_HASHES = """
import json, resource, sys, threading, time
import django; django.setup()
from django.contrib.auth.hashers import make_password
from xinyong.security.passwords import Argon2
Argon2.PATIENCE = 600
if sys.argv[1] == "uncapped":
    Argon2._places = threading.BoundedSemaphore(1000)
encoded = make_password("correct horse battery staple")
started, right = time.monotonic(), []
def one():
    right.append(Argon2().verify("correct horse battery staple", encoded))
threads = [threading.Thread(target=one) for _ in range(int(sys.argv[2]))]
[one.start() for one in threads]; [one.join() for one in threads]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"right": sum(right), "mib": peak, "seconds": round(time.monotonic() - started, 2), "hash": encoded[:28]}))
"""


def hashed_in_parallel(count: int, *, capped: bool = True) -> dict[str, object]:
    """So many passwords checked at once: how many were right, the process's peak memory in MiB, seconds."""
    done = subprocess.run(
        [sys.executable, "-c", _HASHES, "capped" if capped else "uncapped", str(count)], cwd=ROOT, check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "xinyong.config.settings"}, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def passing(*tests: str, only: str = "") -> tuple[int, int]:
    """How many of these tests passed and how many did not."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:randomly", *tests, *(["-k", only] if only else [])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    counts = {"passed": 0, "failed": 0, "error": 0, "errors": 0}
    words = done.stdout.splitlines()[-1].replace(",", "").split() if done.stdout else []
    for number, word in pairwise(words):
        if word in counts and number.isdigit():
            counts[word] = int(number)
    return counts["passed"], counts["failed"] + counts["error"] + counts["errors"] + (not counts["passed"])


def _row(target: str, *tests: str, only: str) -> Callable[[], tuple[object, str, bool]]:
    def run() -> tuple[object, str, bool]:
        passed, failed = passing(*tests, only=only)
        return f"{passed} of {passed + failed} checks hold", target, failed == 0

    return run


def password_store() -> tuple[object, str, bool]:
    """S3-4: twenty sign-ins at once stay far below the memory bound; without the cap they take many times more."""
    capped, uncapped = hashed_in_parallel(_PARALLEL), hashed_in_parallel(_PARALLEL, capped=False)
    passed, failed = passing(_SIGN_IN, only="password or hash")
    figure = (
        f"{_PARALLEL} at once: peak {capped['mib']} MiB, {capped['seconds']} s (control without cap: {uncapped['mib']} MiB); "
        f"{capped['hash']}; {passed} of {passed + failed} policy checks hold"
    )
    low, high = int(str(capped["mib"])), int(str(uncapped["mib"]))
    is_good = capped["right"] == _PARALLEL and low < 1536 and high > low + 500 and failed == 0
    return (
        figure,
        "20 parallel sign-ins, RSS < 1.5 GB; the control without the cap takes more; argon2id; policy switch",
        is_good,
    )


ROWS: dict[str, Callable[[], tuple[object, str, bool]]] = {
    "S3-1": _row(
        "fresh installation: 0 usable passwords; one-time links; disabled after 90 days", _SIGN_IN,
        "tests/operations/test_people.py", only="fresh or link or 90_days_without or administrator",
    ),
    "S3-2": _row(
        "5 wrong → closed; spoofed X-Forwarded-For opens nothing; the owner signs in from elsewhere", _SIGN_IN,
        _AT_ONCE,
        only="wrong or owner or networks or made_up or name_nobody_has or tries_at_once",
    ),
    "S3-3": _row(
        "nothing of the office before the factor; a code once; security key in Chromium; OIDC against a real provider", _SIGN_IN,
        _AT_ONCE,
        "tests/security/test_single_sign_on.py", "tests/journeys/test_sign_in.py",
        only="factor or code or secret or phone or single_sign_on or first_link or key",
    ),
    "S3-4": password_store,
    "S3-5": _row(
        "rotation, 30 min idle, 8 h absolute, one or all ended, a disabled account out at its next request", _SIGN_IN,
        only="session or step_up or disabled or seen or under_way",
    ),
    "S3-6": _row("a stale factor leads to the question; nothing is done before", _SIGN_IN, only="stale or rooms or elsewhere"),
    "S3-7": _row(
        "headers on every answer; __Host- cookies, Secure, HttpOnly, SameSite, HSTS behind TLS", _SIGN_IN,
        "tests/office/test_headers.py", only="headers or tls or no_cache or step_up",
    ),
}  # fmt: skip
