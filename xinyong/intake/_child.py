"""The reading process: bounds itself, reads one file, tells its parent line by line what it wrote.

Forked by ``_reader``. Standard output carries one JSON object a line: ``head``, then ``chunk`` for each complete file, at
the end ``done`` or ``refused``. A file that breaks a parser breaks this process only.
"""

import errno
import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xinyong.intake._process import bound


def answer(request: dict[str, Any]) -> None:
    """Does what the request asks, answers on standard output."""
    os.chdir(request["folder"])
    limits = request["limits"]
    bound(memory_bytes=limits["memory_bytes"], file_bytes=limits["file_bytes"], seconds=request["seconds"])
    from xinyong.intake._limits import Limits, Refused

    try:
        _read(request, Limits(**limits))
    except Refused as refusal:
        _say("refused", {"code": refusal.code, "zh": refusal.zh, "en": refusal.en})
    except MemoryError:
        _say("out_of_memory", {})
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _say("no_room", {})


def _read(request: dict[str, Any], limits: Any) -> None:
    from xinyong.intake import _formats
    from xinyong.intake._table import Head

    def begin(head: Head) -> None:
        _say("head", asdict(head))

    def announce(number: int, has_notes: bool) -> None:
        _say("chunk", {"number": number, "has_notes": has_notes})

    result = _formats.read_file(
        Path(request["path"]),
        folder=Path(request["folder"]),
        file_name=request["file_name"],
        known=frozenset(request["known"]),
        sheet=request["sheet"],
        limits=limits,
        begin=begin,
        announce=announce,
    )
    _say("done", result | {"peak_kilobytes": _peak_kilobytes()})


def _peak_kilobytes() -> int:
    """This program's own peak. ``ru_maxrss`` would do, but Linux starts it with the peak of the process that forked."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def _say(kind: str, value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({kind: value}, ensure_ascii=True) + "\n")
    sys.stdout.flush()
