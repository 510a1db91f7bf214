"""How connections end: whoever asked gets the whole answer, and nobody else waits for those who do not hang up."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import ROOT, free_port
from xinyong.operations.lingering import Lingering

_ANSWER = b"x" * 200_000


def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """What the gunicorn of this test serves: an answer that does not look at the request's body."""
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(_ANSWER)))])
    return [_ANSWER]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """One process with one thread, dressed as ``xinyong serve`` dresses it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", f"{__name__}:application", "--bind", f"127.0.0.1:{port}", "--workers", "1",
         "--threads", "1", "--worker-class", "gthread", "--log-level", "error", "--no-control-socket",
         "--config", "python:xinyong.operations.front"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "xinyong.config.settings"}, cwd=ROOT,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                ask(port).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def ask(port: int, *, more: bytes = b"") -> socket.socket:
    """A connection on which one thing was asked."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(more)}\r\n\r\n"
    sock.sendall(head.encode() + more)
    return sock


def all_of(sock: socket.socket) -> bytes:
    """All that comes until the other side has nothing more to say."""
    found = b""
    while got := sock.recv(65536):
        found += got
    return found


def test_nobody_waits_for_clients_that_do_not_hang_up(port: int) -> None:
    began, held = time.monotonic(), [ask(port) for _ in range(10)]
    try:
        for one in held:
            assert all_of(one).endswith(_ANSWER)
        with ask(port) as sock:
            assert all_of(sock).endswith(_ANSWER)
        assert time.monotonic() - began < 10, "one after the other they hold it up for twenty seconds"
    finally:
        for one in held:
            one.close()


def test_whoever_still_sends_gets_the_whole_answer(port: int) -> None:
    for size in (10, 30_000, 60_000):
        with ask(port, more=b"y" * size) as sock:
            assert all_of(sock).endswith(_ANSWER)


def _is_closed(sock: socket.socket) -> bool:
    """The other end is gone for good: writing to it breaks."""
    try:
        for _ in range(3):
            sock.sendall(b"z")
            time.sleep(0.02)
    except OSError:
        return True
    return False


def test_it_ends_with_the_other_side_after_a_while_or_when_too_much_comes() -> None:
    closer = Lingering(seconds=0.3, most_bytes=5_000, most=3)
    hangs_up, stays, floods = (socket.socketpair() for _ in range(3))
    for ours, _ in (hangs_up, stays, floods):
        closer.close(ours)
        assert ours.fileno() != -1, "it lingers"
    hangs_up[1].close()
    floods[1].sendall(b"z" * 6_000)
    _until(lambda: hangs_up[0].fileno() == -1 and floods[0].fileno() == -1)
    _until(lambda: stays[0].fileno() == -1)
    assert _is_closed(stays[1])
    for one in (stays[1], floods[1]):
        one.close()


def test_of_too_many_the_oldest_go_first() -> None:
    closer = Lingering(seconds=60, most=3)
    pairs = [socket.socketpair() for _ in range(5)]
    for ours, _ in pairs:
        closer.close(ours)
    _until(lambda: [ours.fileno() == -1 for ours, _ in pairs] == [True, True, False, False, False])
    for _, theirs in pairs:
        theirs.close()
    _until(lambda: all(ours.fileno() == -1 for ours, _ in pairs))


def test_what_is_broken_already_is_closed_at_once() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    Lingering().close(ours)
    assert ours.fileno() == -1
    theirs.close()


def test_one_that_was_closed_behind_its_back_ends_nothing_else() -> None:
    closer = Lingering(seconds=0.2)
    gone, other = socket.socketpair(), socket.socketpair()
    closer.close(gone[0])
    gone[0].close()
    time.sleep(0.4)
    again = socket.socketpair()  # it may have the number that the other had
    for ours in (other[0], again[0]):
        closer.close(ours)
    _until(lambda: other[0].fileno() == -1 and again[0].fileno() == -1)
    for pair in (gone, other, again):
        pair[1].close()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
