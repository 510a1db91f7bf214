"""``xinyong serve``: database, pages and worker in one process tree; Ctrl-C ends all of it.

A part that dies is started again, after longer and longer pauses, and it is said: a worker that fell over a file must
not take the pages away from everybody else. Only pages that never come up end the whole.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import click

from xinyong.kernel import clock
from xinyong.operations import command

#: Seconds before a part that died is started again, by how often it died in a row.
_PAUSES = (1, 2, 5, 10, 30)
#: A part that ran this long had come up; the next death is the first of a new row.
_STEADY = timedelta(seconds=30).total_seconds()
#: Requests one web process answers at once; half its threads are never a machine's.
_THREADS = 4
_PR_SET_PDEATHSIG = 1
#: How far a part stands back that nobody waits for (nice).
_BACK = 19


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--workers", default=2, show_default=True, type=int, help="进程数 processes that answer requests")
def serve(host: str, port: int, workers: int) -> None:
    """启动平台。Starts the database if it is embedded, the pages and the background worker."""
    require_free(host, port)
    os.environ.setdefault("XINYONG_ORIGIN", f"http://{host}:{port}")
    command.with_database()
    from xinyong.operations.setup import prepare

    prepare()
    remember_origin()
    sys.exit(keep(host, port, workers))


def remember_origin() -> None:
    """Keeps the public address in the data directory: reports written at the command line print it too."""
    from django.conf import settings

    (settings.XINYONG_HOME / "origin").write_text(f"{settings.SITE_ORIGIN}\n", encoding="utf-8")


def keep(host: str, port: int, workers: int) -> int:
    """Runs pages and worker until Ctrl-C; returns the exit code."""
    click.echo(f"✓ 信用平台已启动 / running:  http://{host}:{port}/   (工作台 office: http://{host}:{port}/office/)")
    click.echo("  按 Ctrl-C 停止 / Ctrl-C stops it.")
    sys.stdout.flush()
    os.environ.setdefault("XINYONG_API_AT_ONCE", str(_THREADS // 2))
    pages = Part("网页 pages", _pages(host, port, workers), is_vital=True)
    # Whoever looks something up waits; a file that is worked on does not mind being second.
    worker = Part("后台 worker", [sys.executable, "-m", "xinyong.config", "worker"], stands_back=True)
    return supervise([Database(), pages, worker])


def _pages(host: str, port: int, workers: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "xinyong.config.wsgi:application", "--bind", f"{host}:{port}",
        "--workers", str(workers), "--threads", str(_THREADS), "--worker-class", "gthread", "--timeout", "60",
        "--max-requests", "20000", "--max-requests-jitter", "2000", "--log-level", "warning", "--no-control-socket",
        "--config", "python:xinyong.operations.front",
    ]  # fmt: skip


@dataclass(slots=True)
class Part:
    """One part of the platform and how it fares. ``is_vital``: without it there is nothing to keep running; ``stands_back``: it
    gets the processors that the others leave."""

    name: str
    command: Sequence[str]
    is_vital: bool = False
    stands_back: bool = False
    deaths: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)  # when it was started, or will be

    def start(self) -> None:
        """Starts it in a session of its own: the terminal's Ctrl-C reaches only us, and we end the parts in order."""
        self._process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=self._in_the_child)
        self._since = time.monotonic()

    def _in_the_child(self) -> None:
        if self.stands_back:
            _stand_back()
        if sys.platform == "linux":
            _end_with_parent()

    def watch(self) -> bool:
        """Starts it again when it is dead and its pause is over; False when it is beyond that."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._since:
                self.start()
            return True
        if self._process.poll() is None:
            return True
        how = self._process.returncode
        self.deaths = 1 if now - self._since > _STEADY else self.deaths + 1
        self.end()
        if self.is_vital and self.deaths > len(_PAUSES):
            _say(f"✗ {self.name}：多次启动失败，平台停止 / it does not stay up; stopping")
            return False
        pause = _PAUSES[min(self.deaths, len(_PAUSES)) - 1]
        _say(
            f"! {self.name}：意外结束（{how}），{pause} 秒后重启 / ended unexpectedly ({how}); starting again in {pause} s"
        )
        self._since = now + pause
        return True

    def ask_to_end(self) -> None:
        """Asks it to finish what it is doing and end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, *, within: float = 0.0) -> None:
        """Waits for its end, then makes sure of it and of whatever it started."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


@dataclass(slots=True)
class Database:
    """The embedded database, which runs beside us and not below us: it ends with its last user. One that was killed, or whose
    disk was full, is started again; where the operator runs PostgreSQL, this does nothing."""

    deaths: int = 0
    _not_before: float = 0.0

    def start(self) -> None:
        """It runs already."""

    def watch(self) -> bool:
        """Starts it when it is gone, after longer and longer pauses; never a reason to end the whole."""
        if time.monotonic() < self._not_before:
            return True
        try:
            command.keep_database()
        except SystemExit as failed:
            self.deaths += 1
            pause = _PAUSES[min(self.deaths, len(_PAUSES)) - 1]
            self._not_before = time.monotonic() + pause
            _say(
                f"! 数据库 database：没有启动，{pause} 秒后再试；先看磁盘空间 / not up, trying again in {pause} s; look at the disk first\n"
                f"  {failed.code}"
            )
        else:
            self.deaths = 0
        return True

    def ask_to_end(self) -> None:
        """The last user ends it."""

    def end(self, *, within: float = 0.0) -> None:
        """The last user ends it."""


def supervise(parts: "Sequence[Part | Database]") -> int:
    """Keeps the parts running until SIGINT or SIGTERM (0) or until a vital one does not stay up (1); ends them all."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        for part in parts:
            part.start()
        while not stopping:
            if not all(part.watch() for part in parts):
                return 1
            time.sleep(0.2)
        return 0
    finally:
        for part in parts:
            part.ask_to_end()
        deadline = time.monotonic() + 10
        for part in parts:
            part.end(within=max(0.1, deadline - time.monotonic()))


def _stand_back() -> None:
    """Where Linux groups processes by session (sched(7), autogroup), niceness counts within a session only, and each part is a
    session of its own: there the group is made nicer too."""
    os.nice(_BACK)
    with contextlib.suppress(OSError), Path("/proc/self/autogroup").open("w") as group:
        group.write(str(_BACK))


def _end_with_parent() -> None:
    """In the child: when we are killed without a chance to end it, the kernel asks it to end."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _say(text: str) -> None:
    click.echo(f"{clock.now():%H:%M:%S} {text}", err=True)


def require_free(host: str, port: int) -> None:
    """Ends with a sentence when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            click.echo(
                f"✗ 端口 {port} 已被占用。换一个端口：make run PORT={port + 1}\n"
                f"  Port {port} is in use. Try another: make run PORT={port + 1}",
                err=True,
            )
            sys.exit(3)
