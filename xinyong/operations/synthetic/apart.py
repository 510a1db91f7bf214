"""Writes the city's files in a process of its own, while another submits those that are whole already."""

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from xinyong.operations.synthetic.files import CityFile, written


def write_apart(
    folder: Path, *, subjects: int, records: int, seed: int, today: date
) -> Generator[tuple[int, int, CityFile | None], None, None]:
    """What ``files.written`` yields, made by another process. Left early it ends that process; a process that fails raises
    RuntimeError with what it said."""
    task = [str(folder), str(subjects), str(records), str(seed), today.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-m", "xinyong.operations.synthetic.apart", *task],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            number, total, one = json.loads(line)
            yield number, total, _read(one) if one else None
        _, said = process.communicate()
        if process.returncode:
            raise RuntimeError(f"the city's files could not be written ({process.returncode}):\n{said[-2000:]}")
    finally:
        process.kill()
        process.communicate()


def _read(one: dict[str, Any]) -> CityFile:
    return CityFile(**one | {"path": Path(one["path"]), "received_on": date.fromisoformat(one["received_on"])})


def _main(folder: str, subjects: str, records: str, seed: str, today: str) -> None:
    done = written(
        Path(folder), subjects=int(subjects), records=int(records), seed=int(seed), today=date.fromisoformat(today)
    )
    for number, total, one in done:  # a reader that is gone ends this by SIGPIPE's error at the next line
        print(json.dumps([number, total, asdict(one) if one else None], default=str, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
