"""How a process that touches a sender's file is bounded: its environment, its memory, its time, its life.

Parsers of foreign files run in such processes only. The one that reads is ``_child`` (started by ``_reader``), the one that marks a sender's own
workbook is ``_marking``.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def command(module: str) -> list[str]:
    """The command line of a bounded process."""
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """A small environment: no credentials, one allocator arena, so that the memory bound means what it says.

    Arrow's allocator gives memory back after 100 ms: 230 MB resident for a 640 MB file, 411 MB with the system's. It
    reserves addresses in steps of 64 MiB (the unit is KiB), not of a gibibyte, which would be most of the bound.
    """
    return {
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PYTHONUTF8": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "mimalloc",
        "MIMALLOC_PURGE_DELAY": "100",
        "MIMALLOC_ARENA_RESERVE": "65536",
        "MALLOC_ARENA_MAX": "2",
        "OMP_NUM_THREADS": "2",
    }


def bound(*, memory_bytes: int, file_bytes: int, seconds: int) -> None:
    """Called first in the bounded process: memory, processor time, size of any file written, no core dump, no life after
    the parent."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        sys.exit(1)
