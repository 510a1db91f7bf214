"""The log for somebody without our database: checkpoints, tiles, and what every leaf stands for, in files.

``leaves.jsonl.gz`` holds a line for each leaf (position, kind, ref, salt, content); of a batch of records the root over its
rows' digests, not the rows. It names officials and what they did: not for the public.
"""

import gzip
import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from xinyong.kernel.errors import Invalid
from xinyong.security.access import Action, Actor, require
from xinyong.security.ledger import notes, signing, store, tiles, verify
from xinyong.security.ledger.merkle import HASHES
from xinyong.security.ledger.notes import Checkpoint, PublicKey
from xinyong.security.ledger.store import SQL
from xinyong.security.ledger.verify import LeafRow, Report, Signed

_LEAVES, _CHECKPOINTS = "leaves.jsonl.gz", "checkpoints.jsonl"


class NotAnExport(Invalid):
    """The directory holds no exported log."""

    code = "security.not-an-export"


def write(folder: Path, *, by: Actor) -> Checkpoint:
    """Writes the log up to the last published checkpoint into ``folder``. Raises NotAllowed, NotAnExport."""
    require(by, Action.EXPORT_AUDIT)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(signing.home() / "tile", folder / "tile", dirs_exist_ok=True)
    note = (signing.home() / tiles.CHECKPOINT).read_text("utf-8")
    checkpoint = notes.read_checkpoint(notes.read_note(note).text)
    with store.reader() as connection:
        with gzip.open(folder / _LEAVES, "wt", encoding="utf-8") as out, connection.transaction():
            cursor = connection.cursor(name="export")
            cursor.itersize = 5000
            for position, kind, ref, salt, _, content, _ in cursor.execute(SQL["walk"]):
                if position < checkpoint.size:
                    line = [position, kind, ref, bytes(salt).hex(), content]
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
            cursor.close()
        with (folder / _CHECKPOINTS).open("w", encoding="utf-8") as out:
            for number, size, text, _ in connection.execute(SQL["all_checkpoints"]):
                if number <= checkpoint.number:
                    out.write(json.dumps([number, size, text], ensure_ascii=False) + "\n")
    tiles.put(folder / tiles.CHECKPOINT, note.encode())
    return checkpoint


def read(folder: Path, trusted: Checkpoint, *, keys: Sequence[PublicKey]) -> Report:
    """Verifies exported files against a trusted checkpoint; no database is needed. Raises NotAnExport."""
    report = Report()
    chain = verify.checkpoints(_checkpoints(folder), trusted, keys)
    report.findings += chain.findings
    report.checkpoints = len(chain.known)
    verify.walk(_leaves(folder, trusted), trusted, chain, report, folder)
    return report


def _leaves(folder: Path, trusted: Checkpoint) -> Iterator[LeafRow]:
    h = HASHES[trusted.hash_name]
    for line in _lines(folder / _LEAVES):
        position, kind, ref, salt, content = line
        raw = content.encode() if content is not None else None
        digest = store.leaf_hash(kind, ref, bytes.fromhex(salt), raw or b"", h)
        at = datetime.fromisoformat(json.loads(content)["at"]) if raw and kind == "audit" else None
        yield LeafRow(position, kind, ref, bytes.fromhex(salt), digest, raw, at)


def _checkpoints(folder: Path) -> Iterator[Signed]:
    for number, size, text in _lines(folder / _CHECKPOINTS):
        yield Signed(number, size, text)


def _lines(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise NotAnExport(
            f"导出的日志不完整：{path.name} 缺失或无法读取。请重新导出（xinyong export-log）。",
            f"The exported log is not whole: {path.name} is missing or cannot be read. Export it again (xinyong export-log).",
        ) from error
