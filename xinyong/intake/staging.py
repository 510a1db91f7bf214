"""Where files lie: the sender's original, sealed and kept; the chunks read from it, gone after the deposit."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings

from xinyong.intake.read import Reading
from xinyong.kernel.errors import NotFound
from xinyong.security import vault

_CONTEXT = "intake.original"


class OriginalErased(NotFound):
    """The kept file is there no more: its years are over (intake/erasing.py)."""

    code = "intake.original-erased"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that was read: what the reader found, and its chunks in order."""

    facts: dict[str, Any]
    headers: tuple[str, ...]
    rows: int
    chunks: tuple[Path, ...]
    notes: Path | None

    def notes_of(self, first_row: int, last_row: int) -> list[tuple[int, int, str]]:
        """(row_no, column, note) of the cells that a spreadsheet mangled, between two row numbers inclusive."""
        if self.notes is None:
            return []
        table = pq.read_table(self.notes, filters=[("row_no", ">=", first_row), ("row_no", "<=", last_row)])
        return list(zip(*(table.column(name).to_pylist() for name in ("row_no", "column", "note")), strict=True))


def _root(*parts: str) -> Path:
    folder = Path(settings.XINYONG_HOME).joinpath("intake", *parts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def original_path(digest: str) -> Path:
    """Where the sealed original with this SHA-256 lies."""
    return _root("originals", digest[:2]) / f"{digest}.sealed"


def keep_original(source: Path) -> tuple[str, int]:
    """Seals and keeps a received file; returns its SHA-256 and size. A file kept before is not written again."""
    return vault.keep(source, _root("originals"), original_path, context=_CONTEXT)


def open_original(digest: str, target: Path) -> Path:
    """Writes the plain original to ``target`` (a temporary place of the caller's, removed by the caller). Raises
    OriginalErased."""
    if not original_path(digest).exists():
        raise OriginalErased(
            "原文件保存期已满，已经删除（删除凭证见“删除凭证”页）。",
            "The file as it was sent may be kept no longer and was erased; the proofs of deletion have it.",
        )
    vault.take(original_path(digest), target, context=_CONTEXT)
    return target


def folder(submission_id: int) -> Path:
    """The private folder of a submission that is under way."""
    return _root("staging", str(submission_id))


def clear(submission_id: int) -> None:
    """Removes the chunks; they hold the file's content in clear."""
    shutil.rmtree(Path(settings.XINYONG_HOME) / "intake" / "staging" / str(submission_id), ignore_errors=True)


def save(reading: Reading, where: Path) -> Staged:
    """Notes that reading is complete: the note is written last and whole, so a killed run reads again."""
    facts = asdict(reading)
    chunks = [Path(chunk).name for chunk in reading.chunks]
    facts |= {"chunks": chunks, "notes": reading.notes.name if reading.notes else None}
    temporary = where / "reading.part"
    temporary.write_text(json.dumps(facts, ensure_ascii=False, default=str), encoding="utf-8")
    temporary.replace(where / "reading.json")
    staged = load(where)
    assert staged is not None
    return staged


def load(where: Path) -> Staged | None:
    """What was read before, or None when reading was not completed."""
    try:
        facts = json.loads((where / "reading.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    chunks = tuple(where / name for name in facts.pop("chunks"))
    notes = facts.pop("notes")
    headers = tuple(facts.pop("headers"))
    rows = int(facts.pop("rows"))
    return Staged(facts, headers, rows, chunks, where / notes if notes else None)
