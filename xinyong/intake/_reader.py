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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xinyong.intake._process import command, environment

_LINE = 1 << 16
_EXIT = b'{"exit": '
_LOOK_SECONDS = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Gone(Exception):
    """The reading process ended without a word. ``is_too_large``: it was ended because of its memory."""

    def __init__(self, code: int | None, *, is_too_large: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_too_large = is_too_large


class TooLate(Exception):
    """The next line did not come in time."""


class Reader:
    """One request under way."""

    def __init__(self, request: dict[str, Any], *, log: Path) -> None:
        self._socket, theirs = socket.socketpair()
        self._unread = b""
        self._has_ended = False
        #: what the process used, once it has ended: memory at most, processor time
        self.peak_kilobytes = 0
        self.seconds = 0.0
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
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as cut:  # it died in the middle of a line
            raise Gone(None) from cut
        if "exit" in answer:
            self._has_ended = True
            self.peak_kilobytes, self.seconds = answer["peak_kilobytes"], answer["seconds"]
            raise Gone(answer["exit"], is_too_large=answer["too_large"])
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
                last = self._unread
                while piece := self._socket.recv(_LINE):
                    last = (last + piece)[-_LINE:]
                self._has_ended = True
                if (at := last.rfind(_EXIT)) >= 0:
                    used = json.loads(last[at:])
                    self.peak_kilobytes, self.seconds = used["peak_kilobytes"], used["seconds"]


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


@dataclass(slots=True)
class _Child:
    """A reading process under way, as the forking process knows it."""

    connection: socket.socket
    resident_bytes: int
    is_too_large: bool = False


_server = _Server()
atexit.register(_server.stop)


def main() -> None:
    """The forking process: loads the readers, then serves until its program is gone."""
    from xinyong.intake import _child, _csv, _formats, _json, _parquet, _workbook  # noqa: F401  loaded once for every child

    control = socket.socket(fileno=int(sys.argv[1]))
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller's, who then hangs up
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    children: dict[int, _Child] = {}
    while True:
        by_descriptor = {child.connection.fileno(): pid for pid, child in children.items()}
        look_again = _LOOK_SECONDS if children else None
        ready, _, _ = select.select([control.fileno(), wake.fileno(), *by_descriptor], [], [], look_again)
        for pid in [by_descriptor[one] for one in ready if one in by_descriptor]:
            os.kill(pid, signal.SIGKILL)  # the caller has hung up; not reaped yet, so the number is still its own
            _drain(children[pid].connection)
        for pid, child in children.items():
            if not child.is_too_large and _resident_bytes(pid) > child.resident_bytes:
                child.is_too_large = True
                os.kill(pid, signal.SIGKILL)
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


def _resident_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_bytes().split()[1]
    except (OSError, IndexError):  # it has just ended, or the system has no such file: the address space bounds it
        return 0
    return int(pages) * _PAGE


def _reap(children: "dict[int, _Child]") -> None:
    for pid in [*children]:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            child = children.pop(pid)
            last = {
                "exit": os.waitstatus_to_exitcode(status),
                "too_large": child.is_too_large,
                "peak_kilobytes": used.ru_maxrss,
                "seconds": used.ru_utime + used.ru_stime,
            }
            with suppress(OSError):
                child.connection.sendall(json.dumps(last).encode() + b"\n")
            child.connection.close()


def _fork(answers: int, errors: int, children: "dict[int, _Child]", own: list[socket.socket]) -> None:
    connection = socket.socket(fileno=answers)
    request = _request(connection)
    pid = os.fork() if request else 0
    if pid:
        children[pid] = _Child(connection, json.loads(request)["limits"]["resident_bytes"])
    elif request:
        _run(request, connection, errors, [*own, *(child.connection for child in children.values())])
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
