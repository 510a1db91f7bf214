"""What a child of the driver of ``test_faults`` does: a submission, with a real fault before a chosen call."""

import importlib
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401  loaded once for all children
import psycopg
import pyarrow.compute  # noqa: F401
from django.conf import settings

from tests.intake import made
from xinyong.config import postgres
from xinyong.intake import _reader, submit
from xinyong.intake.models import Interruption, Submission
from xinyong.kernel import outages
from xinyong.kernel.errors import XinyongError
from xinyong.security import scope
from xinyong.security.access import system


def get_ready() -> None:
    """Starts the process that forks readers, for all children: it costs more than a submission."""
    with _reader._server._lock:
        _reader._server._start()


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Does what is asked; its error, if any, in the words for whoever asked."""
    _reader._server._owner = os.getpid()  # this one's turn with the readers
    scope.stand_as(system("worker"))
    if asked.get("strike"):
        _arm(**asked["strike"])
    try:
        try:
            given = {key: value for key, value in asked.items() if key not in ("do", "strike")}
            return _DEEDS[asked["do"]](**given)
        except XinyongError:
            raise
        except Exception as error:
            raise outages.said(error) or error from error
    except XinyongError as error:
        facts = {name: str(value) if not isinstance(value, int) else value for name, value in error.facts.items()}
        return {"error": error.code, "zh": error.zh, "en": error.en, "facts": facts}
    except Exception as error:  # noqa: BLE001 (told to the test, which fails over it)
        return {"error": f"{type(error).__name__}: {error}"}


def _submit(file: str, source: str, is_now: bool = False) -> dict[str, Any]:
    by = system("worker")
    entered = submit.receive(
        Path(file),
        item_id="admin-penalty-org",
        source_code=source,
        file_name=Path(file).name,
        by=by,
        received_at=made.NOW,
    )
    if is_now:  # as if the time of the next try had come
        Interruption.objects.filter(next_at__isnull=False).update(next_at=made.NOW - timedelta(days=1))
    done = submit.run(entered.id, by=by)
    return {"error": None, "status": done.status, "refusal": (done.refusal or {}).get("code"), "id": entered.id}


def _go_on(file: str) -> dict[str, Any]:
    """What the worker does when the time of the next try has come."""
    number = Submission.objects.get(file_name=Path(file).name).pk
    return {"error": None, "status": submit.run(number, by=system("worker")).status, "id": number}


def _move_log(to: str) -> dict[str, Any]:
    """Puts the server's write-ahead log elsewhere, as an operator does whose disk is too small."""
    place = postgres.env.home() / "pg" / "pg_wal"
    postgres._run("pg_ctl", "-w", "-m", "fast", "-D", str(place.parent), "stop")
    before, folder = place.resolve(), Path(to)
    if place.is_symlink():
        place.unlink()
    shutil.copytree(before, folder, dirs_exist_ok=True)
    owner = place.parent.stat()
    for one in (folder, *folder.rglob("*")):
        os.chown(one, owner.st_uid, owner.st_gid)
    folder.chmod(0o700)
    if folder != place:
        shutil.rmtree(place)
        place.symlink_to(folder)
    return _start()


def _start() -> dict[str, Any]:
    """What ``xinyong serve`` does every half minute."""
    postgres.ensure_running(quick_and_unsafe=True)
    return {"error": None}


_DEEDS: dict[str, Callable[..., dict[str, Any]]] = {
    "submit": _submit, "go on": _go_on, "move log": _move_log, "start": _start,
}  # fmt: skip


def _arm(module: str, name: str, call: int, fault: str, disk: str) -> None:
    """Puts the fault before the ``call``-th call of a function; it goes on as it is."""
    place = importlib.import_module(f"xinyong.intake.{module}")
    real: Callable[..., Any] = getattr(place, name)
    calls = iter(range(1, 10_000))

    def struck(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == call:
            _strike(fault, Path(disk))
        return real(*args, **kwargs)

    setattr(place, name, struck)


def _strike(fault: str, disk: Path) -> None:
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "database":
        postgres._run("pg_ctl", "-w", "-m", "immediate", "-D", str(postgres.env.home() / "pg"), "stop")
        postgres._start(postgres.env.home() / "pg")
    if fault == "disk":
        fill(disk)
    if fault.startswith("fill:"):
        fill(Path(fault.removeprefix("fill:")))
    if fault.startswith("log:"):
        fill(Path(fault.removeprefix("log:")))
        _need_a_new_segment()


def _need_a_new_segment() -> None:
    """Writes until the log needs a file that was not made before the disk was full: then the server ends itself."""
    place = settings.DATABASE_AS["owner"]
    with suppress(psycopg.Error), psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"], autocommit=True
    ) as own:  # fmt: skip
        for _ in range(100):
            own.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000)), pg_switch_wal()")


def fill(disk: Path) -> None:
    """To the last byte."""
    with suppress(OSError), (disk / "full").open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    with suppress(OSError), (disk / "full").open("ab", buffering=0) as file:
        while file.write(b"0"):
            pass
