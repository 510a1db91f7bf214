"""Evidence for rights: sequences that never climb, consent, quotas in a race, leaks that name their recipient, explanations."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Found = tuple[object, str, bool]
ROOT = Path(__file__).parent.parent.parent


def no_climb_row() -> Found:
    """S3-13, T27: stateful sequences of grants, moves, delegations, consents, raw writes and time. Played once a commit for
    both rows."""
    from django.db import transaction

    from tests.security import test_no_climb

    kept = Path(os.environ["XINYONG_HOME"]) / f"no-climb-{_commit()}.json"
    if kept.exists():
        figure, target, passed = json.loads(kept.read_text(encoding="utf-8"))
        return figure, target, passed
    with transaction.atomic():
        played = test_no_climb.play(int(os.environ.get("XINYONG_SEQUENCES", "10000")))
        transaction.set_rollback(True)
    figure = f"{played.sequences} sequences, {played.done} steps done, {played.refused} refused, 0 climbs"
    wanted = {"give", "delegate", "end", "move", "consent", "administrator", "written"}
    passed = played.sequences >= 10_000 and wanted <= played.seen and "changed" not in played.seen
    found = (figure, "10000 sequences, 0 climbs, each kind of step done", passed)
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()[:12]


def quota_row() -> Found:
    """S3-38a: fifty at once on one daily quota, a hundred rounds."""
    from tests.records import test_exporting
    from xinyong.security.access import Role

    with _hall() as hall:
        hall.owner_makes("racer", Role.READER)
        found = []
        for _ in range(100):
            with _emptied():
                found.append(test_exporting.race(hall.ids["racer"], threads=50, limit=20))
    over = sum(got > 20 for got, _ in found)
    return f"{over} of {len(found)} rounds over the quota", "0 of 100 rounds of 50 at once", over == 0


def leak_row() -> Found:
    """S3-38: two hundred leaks with a third of their rows gone, each named by mark and, cleaned of marks, by order."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests/records/test_exporting.py", "-k", "passes_on"],
        cwd=ROOT, env=os.environ | {"XINYONG_LEAKS": "200", "XINYONG_HOME": tempfile.mkdtemp()}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    passed = done.returncode == 0 and "1 passed" in done.stdout
    return "200 of 200 by mark, 200 of 200 by order" if passed else done.stdout[-300:], "200 of 200", passed


def explained_row() -> Found:
    """S3-09a: explanations agree with the policy for every role, action and kind of object."""
    from xinyong.security.access import Action, Actor, Role, may
    from xinyong.security.explain import Thing, _policy

    wrong = cells = 0
    for role in Role:
        for department in (None, "own"):
            for action in Action:
                for thing in (
                    Thing(), Thing(department="own"), Thing(department="other"), Thing(region="990102"),
                    Thing(region="990200"), Thing(item="honour"), Thing(item="other"),
                ):  # fmt: skip
                    actor = Actor(role, "x", department=department, region="990100", items=frozenset({"honour"}))
                    said = all(one.holds for one in _policy(actor, action, thing))
                    is_so = may(actor, action, department=thing.department, region=thing.region, item=thing.item)
                    wrong, cells = wrong + (said != is_so), cells + 1
    return f"{wrong} of {cells} explanations differ from the policy", "0", wrong == 0


def _hall() -> Any:
    from contextlib import contextmanager

    from tests.conftest import _empty
    from tests.security.people_made import Hall, start

    @contextmanager
    def made() -> Any:
        try:
            yield Hall(start())
        finally:
            _empty()

    return made()


def _emptied() -> Any:
    from contextlib import contextmanager

    from django.db import connection

    @contextmanager
    def fresh() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM security_allowance")
        yield

    return fresh()


ROWS: dict[str, Callable[[], Found]] = {
    "S3-13": no_climb_row,
    "T27": no_climb_row,
    "S3-38": leak_row,
    "S3-38a": quota_row,
    "S3-09a": explained_row,
}
