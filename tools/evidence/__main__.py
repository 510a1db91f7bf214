"""``make evidence``: every control's figure at full size, one row each, written to evidence/latest.json.

A row is a function of a module beside this one (``ROWS``: id → function); it answers with its figure, its target and whether
it was met. The suite runs the same code on samples. Each module runs in a process of its own, on a database made for it.
"""

import importlib
import json
import os
import pkgutil
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parent.parent.parent
OUT = ROOT / "evidence" / "latest.json"
Row = Callable[[], tuple[object, str, bool]]


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--module", default="", help="run the rows of this module here, and print them (one process's part)")
@click.option("--list", "is_list", is_flag=True, help="list the rows")
def evidence(ids: tuple[str, ...], module: str, is_list: bool) -> None:
    """Runs the rows with these ids, or all of them."""
    if module:
        _run_here(module, ids)
        return
    _ready()
    found = {name: list(_rows(name)) for name in modules()}
    if is_list:
        for name, known in found.items():
            click.echo(f"{name:10} {' '.join(known)}")
        return
    OUT.parent.mkdir(exist_ok=True)
    kept = {row["id"]: row for row in _kept()["rows"]}
    for name, known in found.items():
        wanted = [one for one in known if not ids or one in ids]
        for row in _run(name, wanted):  # kept one by one: a run of hours that is ended has lost nothing
            kept[row["id"]] = row
            _write(kept)
    bad = [row for row in kept.values() if not row["pass"] and (not ids or row["id"] in ids)]
    click.echo(f"{len(kept)} rows, {len(bad)} not met → {OUT.relative_to(ROOT)}")
    sys.exit(1 if bad else 0)


def modules() -> list[str]:
    """The modules that hold rows, by name."""
    return sorted(
        one.name for one in pkgutil.iter_modules([str(Path(__file__).parent)]) if not one.name.startswith("_")
    )


def _rows(module: str) -> dict[str, Row]:
    return dict(importlib.import_module(f"tools.evidence.{module}").ROWS)


def _run(module: str, wanted: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of a module, each in a process of its own; one that dies has failed, and the next goes on."""
    for one in wanted:
        began = time.monotonic()
        click.echo(f"· {one:8} …", nl=False)
        home = ROOT / "var" / "evidence" / "rows" / module
        home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "tools.evidence", "--module", module, one],
            cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"XINYONG_HOME": str(home)},
        )  # fmt: skip
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"id"')]
        row = said[-1] if said else {
            "id": one, "figure": (done.stderr.strip().splitlines() or ["died"])[-1][:300], "target": "", "pass": False,
        }  # fmt: skip
        row |= {
            "command": f"make evidence ROW={one}",
            "seconds": round(time.monotonic() - began, 1),
            "at": _now(),
            "commit": _commit(),
        }
        click.echo(f" {'✓' if row['pass'] else '✗'} {row['figure']}  ({row['seconds']:.0f} s; {row['target']})")
        yield row


def _ready() -> None:
    """Sets Django up, so that modules with rows can be looked at; no database is started for that."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
    os.environ.setdefault("XINYONG_HOME", str(ROOT / "var" / "evidence"))
    import django

    django.setup()


def _run_here(module: str, wanted: tuple[str, ...]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
    os.environ.setdefault("XINYONG_TEST_PROFILE", "evidence")
    from xinyong.config import postgres
    from xinyong.operations import command

    postgres.ensure_running(quick_and_unsafe=True)
    command.with_database()
    from xinyong.operations.setup import prepare

    prepare()
    for one in wanted:
        figure, target, passed = _rows(module)[one]()
        click.echo(json.dumps({"id": one, "figure": str(figure), "target": target, "pass": passed}, ensure_ascii=False))


def _kept() -> dict[str, Any]:
    return dict(json.loads(OUT.read_text(encoding="utf-8"))) if OUT.exists() else {"rows": []}


def _write(kept: dict[str, dict[str, Any]]) -> None:
    machine = {
        "machine": platform.machine(), "system": platform.platform(), "cores": os.cpu_count(),
        "python": platform.python_version(),
    }  # fmt: skip
    rows = [kept[one] for one in sorted(kept)]
    OUT.write_text(json.dumps(machine | {"rows": rows}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


if __name__ == "__main__":
    evidence()
