"""Connections that are over, closed as RFC 9112 §9.6 wants it without anybody waiting: our end is closed for writing, what the
client still sends is read and thrown away until it closes its end too, or a while has passed.

Closed at once, a client that is still sending would lose our answer to a reset. gunicorn's threaded worker waits for it in the
thread that serves all connections of the process, up to two seconds each: one slow client holds up everybody's page. Here one
thread waits for all of them.
"""

import os
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import suppress

_STEP = 4096


class Lingering:
    """Closes connections in a thread of its own: make one in each process, after the fork. ``seconds`` and ``most_bytes``: how long
    and how much is read after a connection; ``most``: beyond so many at once the oldest is closed without waiting."""

    def __init__(self, *, seconds: float = 2.0, most_bytes: int = 65536, most: int = 200) -> None:
        self._seconds, self._most_bytes, self._most = seconds, most_bytes, most
        self._new: deque[socket.socket] = deque()
        self._open: dict[socket.socket, tuple[float, int]] = {}  # until when, how much more
        self._rung, self._bell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._rung, selectors.EVENT_READ)
        threading.Thread(target=self._run, name="lingering", daemon=True).start()

    def close(self, sock: socket.socket, timeout: float = 0, max_drain: int = 0) -> None:
        """Takes a connection over and comes back at once; the last two are there because gunicorn's own has them."""
        try:
            sock.shutdown(socket.SHUT_WR)
            sock.setblocking(False)
        except OSError:
            _close(sock)
            return
        self._new.append(sock)
        with suppress(BlockingIOError):  # it rings already
            os.write(self._bell, b".")

    def _run(self) -> None:
        while True:
            first = next(iter(self._open.values()), None)
            for key, _ in self._selector.select(max(0.0, first[0] - time.monotonic()) if first else None):
                if isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
                else:
                    os.read(self._rung, _STEP)
            while self._new:
                self._take(self._new.popleft())
            for sock in self._over():
                self._end(sock)

    def _take(self, sock: socket.socket) -> None:
        try:
            self._selector.register(sock, selectors.EVENT_READ)
        except (OSError, KeyError, ValueError):
            _close(sock)  # no room in the kernel, or closed behind our back: this one ends, not the thread
        else:
            self._open[sock] = (time.monotonic() + self._seconds, self._most_bytes)

    def _read(self, sock: socket.socket) -> None:
        until, more = self._open[sock]
        try:
            got = len(sock.recv(_STEP))
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            got = 0
        if not got or got >= more:
            self._end(sock)
        else:
            self._open[sock] = (until, more - got)

    def _over(self) -> list[socket.socket]:
        """Those whose time has come; they stand in the order in which they came."""
        now, too_many = time.monotonic(), len(self._open) - self._most
        return [sock for place, (sock, (until, _)) in enumerate(self._open.items()) if until <= now or place < too_many]

    def _end(self, sock: socket.socket) -> None:
        del self._open[sock]
        with suppress(KeyError, ValueError):
            self._selector.unregister(sock)
        _close(sock)


def _close(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.close()
