"""How many machines one process answers at once: people who look something up must find somebody free.

Requests of machines beyond that are asked to come back in a moment, before anything of them was read or counted; their
programs wait by themselves, visitors of the portal do not. Of those that have a place one on this machine is worked on at a
time: two that compute beside each other are done no sooner, and every page waits for both.
"""

import fcntl
import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from xinyong.kernel.errors import Conflict

_log = logging.getLogger(__name__)

#: Seconds to wait, drawn for each, or all would come back together.
_WAIT = (1, 3)
#: Seconds after which somebody no longer waits for the turn, and between two looks whether another process has given it back.
_PATIENCE, _LOOK = 2.0, 0.01


class Crowded(Conflict):
    """Too many machines at once. ``facts["retry_after"]`` says how long to wait."""

    code = "exchange.crowded"
    status = 429


class Places:
    """The places of one process; none counted (0) means as many as there are threads."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count) if count else None

    def take(self) -> bool:
        """True when a place was taken that is to be given back, False when none are counted. Raises Crowded."""
        if self._free is None:
            return False
        if not self._free.acquire(blocking=False):
            raise Crowded(
                "此刻接口请求过多，请稍候几秒重试；本次请求未作任何处理。",
                "Too many requests at this moment. Try again in a few seconds; nothing was done with this one.",
                retry_after=random.randint(*_WAIT),  # noqa: S311  # nosec B311  no secret
            )
        return True

    def give_back(self) -> None:
        """Frees a place that ``take`` gave."""
        if self._free is not None:
            self._free.release()


class Turns:
    """One turn for all processes that have this file: a courtesy, not a lock that anything rests upon. Whoever waited ``patience``
    seconds goes on without it; a process that ends gives it back."""

    def __init__(self, path: Path, patience: float = _PATIENCE) -> None:
        self._path, self._patience = path, patience
        self._here = threading.Lock()
        self._file = -1

    def take(self) -> bool:
        """Waits for the turn; True when it is ours and to be given back. Where the file cannot be had nobody waits."""
        until = time.monotonic() + self._patience
        if not self._here.acquire(timeout=self._patience):
            return False
        is_ours = False
        try:
            is_ours = self._wait(until)
        except OSError:
            _log.warning("no turns for machines: %s", self._path.name, exc_info=True)
        finally:
            if not is_ours:
                self._here.release()
        return is_ours

    def _wait(self, until: float) -> bool:
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
                time.sleep(_LOOK)
            else:
                return True

    def give_back(self) -> None:
        """Lets the next one have the turn that ``take`` gave."""
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._here.release()


class Entry:
    """A request's place among the machines, and its turn. ``aside`` lends the turn to others: while a body comes in over a
    slow line nothing is computed."""

    def __init__(self, places: Places, turns: Turns | None) -> None:
        self._places, self._turns = places, turns
        self._has_place = places.take()
        self._has_turn = turns is not None and turns.take()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Others may have the turn within."""
        had = self._has_turn
        self._let_go()
        try:
            yield
        finally:
            self._has_turn = had and self._turns is not None and self._turns.take()

    def leave(self) -> None:
        """The request is answered."""
        self._let_go()
        if self._has_place:
            self._places.give_back()

    def _let_go(self) -> None:
        if self._has_turn and self._turns is not None:
            self._turns.give_back()
        self._has_turn = False


class Crowd:
    """What one process admits, by its settings."""

    def __init__(self) -> None:
        self._places = Places(settings.API_AT_ONCE)
        self._turns = Turns(settings.XINYONG_HOME / "machines.turn") if settings.API_AT_ONCE else None

    def enter(self) -> Entry:
        """Takes a place and waits for the turn. Raises Crowded."""
        return Entry(self._places, self._turns)
