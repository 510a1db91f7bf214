"""``make mutants``: takes one guard away at a time and looks whether the tests notice (security.md §5 A1).

A mutant is a text of ours replaced by another, in a copy of the tree, and the tests that must then fail. One that survives is
either a guard nobody tests or a guard that guards nothing. Ends with 1 when one survives.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parent.parent
_COPIED = ("xinyong", "tests", "tools", "pyproject.toml", "docs", "requirements", "Makefile")

_GATE = "tests/office/test_access.py"
_ACCESS = "tests/contracts/test_access_declared.py"
_SCOPE = "tests/security/test_scope.py"
_SEPARATION = "tests/security/test_separation.py"
_GRANTS = "tests/security/test_grants.py"
_API = "tests/exchange"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard away: what is replaced by what, and who must notice."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS: tuple[Mutant, ...] = (
    Mutant("policy: any role", "xinyong/security/access.py", "if actor.role not in POLICY.get(action, frozenset()):\n        return False",
           "if action not in POLICY:\n        return False", (_ACCESS,)),
    Mutant("policy: not one's own", "xinyong/security/access.py",
           "if action in BOUNDED.get(actor.role, frozenset()) and not is_own:", "if False:", (_ACCESS,)),
    Mutant("policy: any division", "xinyong/security/access.py", "if region is not None and not reaches(actor.region, region):",
           "if False:", ("tests/security/test_access.py",)),
    Mutant("policy: any item", "xinyong/security/access.py", "return item is None or actor.items is None or item in actor.items",
           "return True", ("tests/security/test_access.py",)),
    Mutant("policy: stale factor", "xinyong/security/access.py", "if action in NEEDS_FRESH_FACTOR and not actor.is_fresh:",
           "if False:", ("tests/security/test_access.py",)),
    Mutant("gate: lets everybody in", "xinyong/security/gate.py", "if action is None or (access.may(actor, action) and is_shown):",
           "if True:", (_GATE,)),
    Mutant("gate: opens no scope", "xinyong/security/gate.py", "with scope.acting(request.actor):", "with scope.acting(access.system('x')):",
           (_SCOPE,)),
    Mutant("gate: notes no refusal", "xinyong/security/gate.py", "if actor.account_id is not None or actor.role is not Role.PUBLIC:",
           "if False:", ("tests/office/test_audit.py",)),
    Mutant("routes: silence is no fault", "xinyong/security/routes.py", "    if silent:", "    if False:", (_ACCESS,)),
    Mutant("routes: a view that declares nothing", "xinyong/security/routes.py",
           "    raise UndeclaredView(f\"{view.__module__}", "    return None\n    raise UndeclaredView(f\"{view.__module__}", (_ACCESS,)),
    Mutant("submissions: any unit's", "xinyong/intake/views.py",
           "if Action.VIEW_SUBMISSION in BOUNDED.get(actor.role, frozenset()):", "if False:",
           (_SCOPE,)),
    Mutant("findings: an auditor too", "xinyong/intake/views.py", "    require(seen_by, Action.READ_FINDINGS)\n", "",
           ("tests/intake/test_findings.py",)),
    Mutant("feedback: anybody's", "xinyong/intake/returned.py", "require(seen_by, Action.READ_FINDINGS, department=seen.source_code)",
           "pass", ("tests/intake/test_feedback.py", "tests/intake/test_findings.py")),
    Mutant("submit: for any unit", "xinyong/intake/submit.py",
           "        require(by, Action.SUBMIT, department=source_code, item=item_id)\n        source =", "        source =",
           ("tests/intake/test_whose.py",)),
    Mutant("declare: for any organisation", "xinyong/intake/submit.py",
           "        require(by, Action.DECLARE_OWN, subject=subject)\n", "", ("tests/intake/test_voluntary.py",)),
    Mutant("supply: any unit", "xinyong/intake/submit.py", "        supply.require_may(source, item, on=on)\n", "        pass\n",
           ("tests/intake/test_supply.py",)),
    Mutant("desk: anybody judges", "xinyong/subjects/matching.py", "    require(by, Action.REVIEW_LINKS)\n", "", ("tests/subjects/test_matching.py",)),
    Mutant("audit: anybody reads", "xinyong/security/audit.py", "    require(seen_by, Action.VIEW_AUDIT)\n", "",
           ("tests/security/test_audit_and_identity.py",)),
    Mutant("catalogue: anybody publishes", "xinyong/catalogue/publish.py", "    require(by, Action.", "    0 and require(by, Action.",
           ("tests/catalogue/test_publish.py",)),
    Mutant("clocks: anybody closes a day", "xinyong/records/expiry.py", "    require(by, Action.OPERATE)\n", "", ("tests/records/test_expiry.py",)),
    Mutant("disclosure: publicity never ends", "xinyong/records/disclosure.py", "AND (r.publish_until IS NULL OR {_END} < r.publish_until)", "",
           ("tests/records", "tests/reports/test_issue.py")),
    Mutant("disclosure: what is shared is public", "xinyong/records/disclosure.py", "r.disclosure = 'public' AND r.state = 1", "r.state = 1",
           ("tests/records/test_disclosure.py",)),
    Mutant("disclosure: withdrawn is shown", "xinyong/records/disclosure.py", "r.disclosure = 'public' AND r.state = 1", "r.disclosure = 'public'",
           ("tests/records", "tests/intake/test_desk.py")),
    Mutant("disclosure: personal fields are public", "xinyong/records/disclosure.py", "not (is_public and field.is_personal) and", "",
           ("tests/records/test_disclosure.py",)),
    Mutant("disclosure: every grade", "xinyong/records/disclosure.py", "_ORDER.index(field.grade) <= _ORDER.index(grade)", "True",
           ("tests/records/test_disclosure.py",)),
    Mutant("database: every submission", "xinyong/intake/migrations/0012_own_declarations.py",
           "(SELECT xinyong_role()) IN ('operator', 'auditor')", "(SELECT xinyong_role()) IS NOT NULL", (_SCOPE,)),
    Mutant("database: every finding", "xinyong/intake/migrations/0012_own_declarations.py",
           " AND submission_id IN (SELECT id FROM intake_submission))", ")", (_SCOPE,)),
    Mutant("database: every record", "xinyong/records/migrations/0002_seen_by_scope.py", "                (SELECT xinyong_role()) = 'system'\n",
           "                true\n", (_SCOPE,)),
    Mutant("database: the log for all", "xinyong/security/migrations/0007_scopes.py", "IN ('auditor', 'system')", "IS NOT NULL", (_SCOPE,)),
    Mutant("database: what only grows", "xinyong/security/separation.sql",
           "GRANT SELECT, INSERT ON %s TO xinyong_app, xinyong_loader", "GRANT ALL ON %s TO xinyong_app, xinyong_loader", (_SEPARATION,)),
    Mutant("database: past the policies", "xinyong/security/separation.sql", "            NULL; -- reached through its parent, whose policies count",
           "            EXECUTE format('GRANT SELECT ON %s TO xinyong_app', one.name);", (_SEPARATION,)),
    Mutant("grants: outside one's scope", "xinyong/security/grants.py",
           "    if not reaches(under.region, region) or (under.items and (not items or not set(items) <= under.items)):",
           "    if False:", (_GRANTS,)),
    Mutant("approvals: one's own", "xinyong/security/approvals.py", "    if found.asked_by_id == by.account_id:\n        raise _own()\n", "",
           ("tests/security/test_approvals.py", _GRANTS)),
    Mutant("exchange: any scope", "xinyong/exchange/door.py", "if made.caller is not None and way.scope:", "if False:", (_API,)),
    Mutant("exchange: any action", "xinyong/exchange/door.py", "            require(actor(request), way.action)\n", "", (_API,)),
)  # fmt: skip


@click.command()
@click.argument("names", nargs=-1)
@click.option("--first", default=0, help="only the first so many")
def mutants(names: tuple[str, ...], first: int) -> None:
    """Runs the mutants whose name contains one of these words, or all."""
    chosen = [one for one in MUTANTS if not names or any(name in one.name for name in names)][: first or None]
    survived = [one.name for one in chosen if not caught(one)]
    click.echo(
        f"{len(chosen) - len(survived)} of {len(chosen)} caught" + "".join(f"\n  survived: {one}" for one in survived)
    )
    sys.exit(1 if survived else 0)


def caught(mutant: Mutant) -> bool:
    """True when the tests fail without the guard."""
    began = time.monotonic()
    click.echo(f"· {mutant.name:42} …", nl=False)
    with tempfile.TemporaryDirectory(prefix="xinyong-mutant-") as name:
        folder = Path(name)
        for one in _COPIED:
            whole = ROOT / one
            if whole.is_dir():
                shutil.copytree(whole, folder / one, ignore=shutil.ignore_patterns("__pycache__"))
            elif whole.exists():
                shutil.copy(whole, folder / one)
        path = folder / mutant.path
        text = path.read_text(encoding="utf-8")
        if mutant.old not in text:
            click.echo(" ✗ the guard is not there any more: mend tools/mutants.py")
            return False
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        code = _test(folder, mutant.tests)
        if code not in {0, 1}:  # the tests could not run: that says nothing either way
            code = _test(folder, mutant.tests)
    click.echo(f" {'✓ caught' if code == 1 else f'✗ SURVIVED ({code})'}  {time.monotonic() - began:.0f} s")
    return code == 1


def _test(folder: Path, tests: tuple[str, ...]) -> int:
    import os

    environment = os.environ | {"PYTHONPATH": str(folder), "XINYONG_HOME": str(folder / "home")}
    environment.pop("XINYONG_TEST_HOME", None)
    # In the order of the files: what is likeliest to notice comes first.
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:randomly",
               "--basetemp", str(folder / "pt"), *tests]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    return done.returncode if done.returncode != 1 or "failed" in last else 2


if __name__ == "__main__":
    mutants()
