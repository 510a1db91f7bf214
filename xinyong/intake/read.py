"""Reads a sender's file of any format into numbered rows of text (读取), in a bounded process of its own.

CSV and TSV in any Chinese encoding, workbooks, JSON, JSON Lines and Parquet become the same thing: chunk files of 25,000
rows, every cell as text, with notes on cells that a spreadsheet has mangled. Nothing is repaired here.
"""

import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xinyong.intake import space
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
    ReaderKilled,
    ReadingStopped,
    Refused,
    SheetUnclear,
    UnknownFormat,
)
from xinyong.intake._reader import Gone, Reader, TooLate
from xinyong.intake._table import Head, chunk_path

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
    "ReaderKilled",
    "Reading",
    "ReadingStopped",
    "Refused",
    "SheetUnclear",
    "Stream",
    "UnknownFormat",
    "notes",
    "read",
    "stream",
    "table",
]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One complete chunk file (``row_no`` int32, ``c0`` … text, some as dictionaries, null: empty) and the notes on its cells, if any
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


def table(chunk: Path) -> pa.Table:
    """The rows of a chunk file, mapped into memory and not copied."""
    with pa.memory_map(str(chunk)) as source:
        return pa.ipc.open_file(source).read_all()


def notes(of_chunk: Path | None) -> list[tuple[int, int, str]]:
    """(row_no, column, note) of a chunk's cells; none when it has no file of notes."""
    if of_chunk is None:
        return []
    found = pq.read_table(of_chunk)
    return list(zip(*(found.column(name).to_pylist() for name in ("row_no", "column", "note")), strict=True))


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
    reader = Reader(request, log=folder / "reader.log")
    try:
        yield Stream(reader, folder, seconds)
    except Refused as refused:
        reader.close()
        refused.peak_kilobytes, refused.seconds = reader.peak_kilobytes, reader.seconds
        raise
    finally:
        reader.close()


class Stream:
    """A reading under way. Iterating gives ``Chunk`` after ``Chunk``; ``head`` waits for the header."""

    def __init__(self, reader: Reader, folder: Path, seconds: float) -> None:
        self._reader = reader
        self._folder = folder
        self._deadline = time.monotonic() + seconds
        self._done: dict[str, Any] | None = None
        self.head: Head = Head(**self._next("head")["head"])

    def __iter__(self) -> Iterator[Chunk]:
        while self._done is None:
            message = self._next("chunk", "done")
            if "done" in message:
                self._done = message["done"]
                return
            number = message["chunk"]["number"]
            notes = self._folder / f"notes-{number:05d}.parquet" if message["chunk"]["has_notes"] else None
            yield Chunk(number, chunk_path(self._folder, number), notes)

    def has_ended(self) -> bool:
        """True when the reading process is done, though chunks may not have been asked for yet. Does not wait."""
        return self._done is not None or self._reader.has_ended()

    def reading(self) -> Reading:
        """The whole reading, once every chunk was handed out."""
        assert self._done is not None, "reading() is asked before the last chunk"
        done, head = self._done, self.head
        return Reading(
            **asdict(head),
            rows=done["rows"],
            chunks=[chunk_path(self._folder, number) for number in range(done["chunks"])],
            notes=self._folder / "notes.parquet" if done["has_notes"] else None,
            sheets_ignored=done["sheets_ignored"],
            remarks=done["remarks"],
            peak_kilobytes=done["peak_kilobytes"],
        )

    def _next(self, *kinds: str) -> dict[str, Any]:
        try:
            message = self._reader.line(self._deadline)
        except TooLate as late:
            raise _too_slow() from late
        except Gone as gone:
            if gone.code in (None, -signal.SIGKILL) and not gone.is_too_large:
                raise _killed() from gone
            raise _too_hungry() if gone.is_too_large else self._died(gone.code) from gone
        if any(kind in message for kind in kinds):
            return message
        if "refused" in message:
            refused = message["refused"]
            raise REFUSALS[refused["code"]](refused["zh"], refused["en"])
        if "out_of_memory" in message:
            raise _too_hungry()
        if "no_room" in message:
            raise space.no_room()
        raise self._died(None)

    def _died(self, code: int | None) -> ReadingStopped:
        """The process ended without a word: out of time (SIGXCPU), memory, or a parser's crash."""
        if code == -signal.SIGXCPU:
            return _too_slow()
        log = _tail(self._folder / "reader.log")
        if any(sign in log for sign in ("MemoryError", "bad_alloc", "memory allocation", "malloc of size")):
            return _too_hungry()
        kind = log.strip().rsplit("\n", 1)[-1].split(":", 1)[0][:80]
        return ReadingStopped(
            "文件的内部结构有错，读取程序无法继续。请在表格软件中打开并另存后再报送。",
            "The file is malformed inside and the reader could not go on. Open it, save it anew and send it again.",
            exit_code=code,
            cause=kind
            if kind.replace(".", "").isidentifier()
            else "",  # the kind only: an error's text may quote a cell
        )


def _tail(log: Path) -> str:
    """The end of what a reading process said on its error output; a library may say very much."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - (1 << 16)))
        return file.read().decode("utf-8", errors="replace")


def _killed() -> ReaderKilled:
    return ReaderKilled(
        "读取文件的进程被系统中止，可能是内存不足；文件没有读完。请稍后再试。",
        "The process that read the file was ended by the system, perhaps for want of memory, before it was done. Try again later.",
        retry_after=30,
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
