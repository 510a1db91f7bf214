"""A reading process without the wait for its start: one process a program loads the readers once and forks for each file.

The caller's side is ``Reader``; ``python -m xinyong.intake._reader FD`` is the other side. They share a socket over which
each request hands a socket of its own: the request as a line of JSON one way, the answers of ``_child`` the other way, at
last ``{"exit": code}``. When the caller hangs up its child is killed; when the caller's program ends, all are.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from xinyong.intake._process import command, environment

_LINE = 1 << 16
_EXIT = b'{"exit": '


class Gone(Exception):
    """The reading process ended without a word."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class TooLate(Exception):
    """The next line did not come in time."""


class Reader:
    """One request under way."""

    def __init__(self, request: dict[str, Any], *, log: Path) -> None:
        self._socket, theirs = socket.socketpair()
        self._unread = b""
        self._has_ended = False
        with theirs, log.open("wb") as errors:
            _server.send(theirs.fileno(), errors.fileno())
        self._socket.sendall(json.dumps(request).encode() + b"\n")

    def line(self, deadline: float) -> dict[str, Any]:
        """The next answer. Raises ``Gone``, and ``TooLate`` when ``deadline`` (monotonic) passes."""
        while b"\n" not in self._unread:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                self._take()
            except TimeoutError as late:
                raise TooLate from late
        line, self._unread = self._unread.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        if "exit" in answer:
            self._has_ended = True
            raise Gone(answer["exit"])
        return answer

    def has_ended(self) -> bool:
        """True when the process has said its last word, though not every line was asked for. Does not wait."""
        self._socket.settimeout(0)
        with suppress(BlockingIOError, Gone):
            while _EXIT not in self._unread:
                self._take()
        return self._has_ended or _EXIT in self._unread

    def _take(self) -> None:
        piece = self._socket.recv(_LINE)
        if not piece:
            self._has_ended = True
            raise Gone(None)
        self._unread += piece

    def close(self) -> None:
        """Ends the reading process, if it has not ended, and waits for it."""
        with self._socket, suppress(OSError):
            if not self._has_ended:
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.settimeout(None)
                while self._socket.recv(_LINE):
                    pass


class _Server:
    """The forking process of this program, started with the first request; a forked program starts its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def send(self, *descriptors: int) -> None:
        with self._lock:
            if self._owner != os.getpid():
                self._socket, self._process, self._owner = None, None, os.getpid()
            for attempt in range(2):
                if self._socket is None:
                    self._start()
                assert self._socket is not None
                try:
                    socket.send_fds(self._socket, [b"."], descriptors)
                except OSError:
                    self._stop()
                    if attempt:
                        raise
                else:
                    return

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*command("xinyong.intake._reader"), str(theirs.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=environment(), cwd="/", pass_fds=[theirs.fileno()],
            )  # fmt: skip

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait()
        self._socket, self._process = None, None

    def stop(self) -> None:
        with self._lock:
            if self._owner == os.getpid():
                self._stop()


_server = _Server()
atexit.register(_server.stop)


def main() -> None:
    """The forking process: loads the readers, then serves until its program is gone."""
    from xinyong.intake import _child, _formats  # noqa: F401  what every child needs is loaded once

    control = socket.socket(fileno=int(sys.argv[1]))
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller's, who then hangs up
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    children: dict[int, socket.socket] = {}
    while True:
        by_descriptor = {connection.fileno(): pid for pid, connection in children.items()}
        ready, _, _ = select.select([control.fileno(), wake.fileno(), *by_descriptor], [], [])
        for pid in [by_descriptor[one] for one in ready if one in by_descriptor]:
            os.kill(pid, signal.SIGKILL)  # the caller has hung up; not reaped yet, so the number is still its own
            _drain(children[pid])
        if wake.fileno() in ready:
            wake.recv(_LINE)
        _reap(children)
        if control.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
            if not message:
                break
            _fork(descriptors[0], descriptors[1], children, [control, wake, woken])
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _drain(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(_LINE, socket.MSG_DONTWAIT)


def _reap(children: dict[int, socket.socket]) -> None:
    for pid in [*children]:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            connection = children.pop(pid)
            with suppress(OSError):
                connection.sendall(json.dumps({"exit": os.waitstatus_to_exitcode(status)}).encode() + b"\n")
            connection.close()


def _fork(answers: int, errors: int, children: dict[int, socket.socket], own: list[socket.socket]) -> None:
    connection = socket.socket(fileno=answers)
    request = _request(connection)
    pid = os.fork() if request else 0
    if pid:
        children[pid] = connection
    elif request:
        _run(request, connection, errors, [*own, *children.values()])
    else:
        connection.close()
    os.close(errors)


def _request(connection: socket.socket) -> bytes:
    """The request's line; the caller sends it at once and whole. Empty when it hung up."""
    line = b""
    while not line.endswith(b"\n"):
        piece = connection.recv(_LINE)
        if not piece:
            return b""
        line += piece
    return line


def _run(request: bytes, connection: socket.socket, errors: int, others: list[socket.socket]) -> None:
    """In the forked process: reads, answers, ends."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in others:
            other.close()
        os.dup2(errors, 2)
        os.dup2(connection.fileno(), 1)
        connection.close()
        from xinyong.intake import _child

        _child.answer(json.loads(request))
        code = 0
    finally:
        if code:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
