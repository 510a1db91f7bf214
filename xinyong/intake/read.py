"""Reads a sender's file of any format into numbered rows of text (读取), in a bounded process of its own.

CSV and TSV in any Chinese encoding, workbooks, JSON, JSON Lines and Parquet become the same thing: chunk files of 25,000
rows, every cell as text, with notes on cells that a spreadsheet has mangled. Nothing is repaired here.
"""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xinyong.intake._limits import (
    CHUNK_ROWS,
    LIMITS,
    REFUSALS,
    DamagedFile,
    DangerousFile,
    EncryptedFile,
    FileTooLarge,
    HeaderNotFound,
    Limits,
    ReadingStopped,
    Refused,
    SheetUnclear,
    UnknownFormat,
)
from xinyong.intake._process import command, environment
from xinyong.intake._table import Head

__all__ = [
    "CHUNK_ROWS",
    "LIMITS",
    "Chunk",
    "DamagedFile",
    "DangerousFile",
    "EncryptedFile",
    "FileTooLarge",
    "Head",
    "HeaderNotFound",
    "Limits",
    "Reading",
    "ReadingStopped",
    "Refused",
    "SheetUnclear",
    "Stream",
    "UnknownFormat",
    "read",
    "stream",
]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One complete chunk file (``row_no`` int32, ``c0`` … string, null: empty) and the notes on its cells, if any
    (``row_no``, ``column`` from 0 or -1 for the row, ``note``)."""

    number: int
    path: Path
    notes: Path | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read. ``remarks`` are sentences, Chinese / English, on what was found and how it was taken."""

    format: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int
    headers: list[str]
    rows: int
    chunks: list[Path]
    notes: Path | None
    sheets_ignored: list[str]
    remarks: list[str]
    peak_kilobytes: int = 0

    def facts(self) -> dict[str, object]:
        """What a submission keeps of the reading; plain JSON values, no paths."""
        kept = asdict(self)
        for key in ("chunks", "notes", "rows", "peak_kilobytes"):
            del kept[key]
        return kept


def read(
    path: Path,
    *,
    folder: Path,
    file_name: str,
    known_headers: Collection[str],
    sheet: str | None = None,
    limits: Limits = LIMITS,
) -> Reading:
    """Reads a whole file into ``folder``.

    ``known_headers`` are the normalised spellings of ``headers.known``; ``sheet`` names a workbook's sheet where two
    could be meant. Raises a ``Refused`` with a sentence; then the folder holds nothing of use.
    """
    with stream(
        path, folder=folder, file_name=file_name, known_headers=known_headers, sheet=sheet, limits=limits
    ) as reading:
        for _ in reading:
            pass
        return reading.reading()


@contextmanager
def stream(
    path: Path,
    *,
    folder: Path,
    file_name: str,
    known_headers: Collection[str],
    sheet: str | None = None,
    limits: Limits = LIMITS,
) -> Iterator["Stream"]:
    """As ``read``, but chunks are handed out while reading goes on: ``with stream(…) as s: s.head; for chunk in s: …;
    s.reading()``. Leaving the block ends the reading process. A refusal may come after chunks were handed out."""
    folder.mkdir(parents=True, exist_ok=True)
    seconds = limits.seconds + path.stat().st_size // limits.bytes_per_second
    request = {
        "path": str(path.resolve()),
        "folder": str(folder.resolve()),
        "file_name": file_name,
        "known": sorted(known_headers),
        "sheet": sheet,
        "limits": asdict(limits),
        "seconds": seconds,
    }
    with (folder / "reader.log").open("wb") as log:
        process = subprocess.Popen(
            command("xinyong.intake._child"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
            cwd=folder,
        )
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode())
            process.stdin.close()
            yield Stream(process, folder, seconds)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


class Stream:
    """A reading under way. Iterating gives ``Chunk`` after ``Chunk``; ``head`` waits for the header."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path, seconds: float) -> None:
        self._process = process
        self._folder = folder
        self._deadline = time.monotonic() + seconds
        self._done: dict[str, Any] | None = None
        self._unread = b""
        self.head: Head = Head(**self._next("head")["head"])

    def __iter__(self) -> Iterator[Chunk]:
        while self._done is None:
            message = self._next("chunk", "done")
            if "done" in message:
                self._done = message["done"]
                return
            number = message["chunk"]["number"]
            notes = self._folder / f"notes-{number:05d}.parquet" if message["chunk"]["has_notes"] else None
            yield Chunk(number, self._folder / f"rows-{number:05d}.parquet", notes)

    def reading(self) -> Reading:
        """The whole reading, once every chunk was handed out."""
        assert self._done is not None, "reading() is asked before the last chunk"
        done, head = self._done, self.head
        return Reading(
            **asdict(head),
            rows=done["rows"],
            chunks=[self._folder / f"rows-{number:05d}.parquet" for number in range(done["chunks"])],
            notes=self._folder / "notes.parquet" if done["has_notes"] else None,
            sheets_ignored=done["sheets_ignored"],
            remarks=done["remarks"],
            peak_kilobytes=done["peak_kilobytes"],
        )

    def _next(self, *kinds: str) -> dict[str, Any]:
        line = self._line()
        message: dict[str, Any] = json.loads(line) if line else {}
        if any(kind in message for kind in kinds):
            return message
        if "refused" in message:
            refused = message["refused"]
            raise REFUSALS[refused["code"]](refused["zh"], refused["en"])
        if "out_of_memory" in message:
            raise _too_hungry()
        raise self._died()

    def _line(self) -> bytes:
        """The next line of the child; empty when it has ended. Raises ``ReadingStopped`` when the time is over."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            ready, _, _ = select.select([pipe], [], [], max(0.0, self._deadline - time.monotonic()))
            if not ready:
                raise _too_slow()
            piece = os.read(pipe, 1 << 16)
            if not piece:
                return b""
            self._unread += piece
        line, self._unread = self._unread.split(b"\n", 1)
        return line

    def _died(self) -> ReadingStopped:
        """The process ended without a word: out of time (SIGXCPU), memory, or a parser's crash."""
        code = self._process.wait()
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return _too_slow()
        log = (self._folder / "reader.log").read_text(errors="replace")
        if any(sign in log for sign in ("MemoryError", "bad_alloc", "memory allocation", "malloc of size")):
            return _too_hungry()
        last = log.strip().rsplit("\n", 1)[-1]
        return ReadingStopped(
            "文件的内部结构有错，读取程序无法继续。请在表格软件中打开并另存后再报送。",
            "The file is malformed inside and the reader could not go on. Open it, save it anew and send it again.",
            exit_code=code,
            cause=last.split(":", 1)[0][:80],  # the kind of error only: its text may quote a cell
        )


def _too_slow() -> ReadingStopped:
    return ReadingStopped(
        "读取超过了规定时间，已停止。请拆分文件，或改用 CSV 报送。",
        "Reading took longer than allowed and was stopped. Please split the file or send CSV.",
    )


def _too_hungry() -> ReadingStopped:
    return ReadingStopped(
        "读取所需内存超过上限，已停止。请改用 CSV 报送（CSV 没有这个限制）。",
        "Reading needed more memory than allowed and was stopped. Please send CSV, which has no such bound.",
    )
