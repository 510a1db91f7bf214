"""The way into the archive for batches: look up keys, copy new versions, count them.

Every verb works on a psycopg connection inside the caller's transaction: a chunk's ledger line, its records and its
tallies are in together or not at all.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.kernel import sql
from xinyong.kernel.errors import NotFound
from xinyong.records._canonical import SEALED
from xinyong.records._canonical import text as as_kept
from xinyong.records._partitions import PARTITIONS, partition_of
from xinyong.records._stream import COLUMNS, HEADER, TRAILER, Common, Rows, clock, encode
from xinyong.records.models import Record
from xinyong.security import encryption
from xinyong.security.access import Action, Actor, require
from xinyong.security.ledger import batches

_SQL = sql.load(__file__, "records.sql")

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """The newest version of a key that is already in the archive."""

    version: int
    content_digest: bytes
    source_id: int
    submission_id: int
    row_no: int
    is_withdrawn: bool
    is_annulled: bool = False


class UnknownRecord(NotFound):
    """No record has this key."""

    code = "records.unknown-key"


def look_up(
    connection: psycopg.Connection[Any], *, places: Sequence[int], subject_ids: Sequence[int], keys: Sequence[bytes]
) -> dict[int, Known]:
    """Which of the keys are known: place → newest version. One statement for the batch.

    The arrays travel as text joined by commas: the server splits it far quicker than Python dumps array elements.
    """
    if not places:
        return {}
    for way in ("hashjoin", "mergejoin", "seqscan", "bitmapscan"):
        connection.execute(f"SET LOCAL enable_{way} = off")  # nosemgrep: sql-from-pieces  the four words above
    cursor = connection.execute(
        _SQL["look_up"], [_joined(places), _joined(subject_ids), ",".join(key.hex() for key in keys)], binary=True
    )
    return {
        place: Known(version, content, source_id, submission_id, row_no, state == Record.State.WITHDRAWN, is_annulled)
        for place, version, content, source_id, submission_id, row_no, state, is_annulled in cursor
    }


def _joined(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def copy_in(
    connection: psycopg.Connection[Any], rows: Rows, versions: npt.NDArray[np.int16] | int, common: Common
) -> int:
    """Copies rows into the archive, each as the given version of its key, with a digest of each; returns their number.

    Raises psycopg.errors.UniqueViolation when a key and version are in already; the caller looks them up.
    """
    lines, ends = encode(rows, versions, common)
    statement = f"COPY record ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            copy.write(HEADER)
            for start in range(0, len(lines), _BLOCK):
                copy.write(lines[start : start + _BLOCK])
            copy.write(TRAILER)
        copied = cursor.rowcount
    if rows.sealed.null_count < len(rows):
        marked = pc.if_else(pc.is_valid(rows.sealed), pa.scalar(SEALED, pa.binary()), pa.scalar(None, pa.binary()))
        lines, ends = encode(replace(rows, sealed=marked), versions, common)
    batches.enter(
        connection, submission_id=common.submission_id, row_nos=rows.row_nos.to_numpy(), rows=lines, ends=ends.tolist()
    )
    return copied


def count(
    connection: psycopg.Connection[Any],
    tallies: Iterable[tuple[str, int, date, int]],
    *,
    submission_id: int,
    deposited_at: datetime,
) -> None:
    """Notes how many new data a chunk brought: (item, source, first day of the month of decision, number)."""
    rows = [(*tally, submission_id, deposited_at) for tally in tallies]
    if rows:
        connection.cursor().executemany(
            "INSERT INTO records_tally (item_id, source_id, month, records, submission_id, deposited_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            rows,
        )


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version, raw: for lineage and tests, never for a page."""

    subject_id: int
    version: int
    state: int
    source_id: int
    submission_id: int
    row_no: int
    payload: dict[str, Any]
    known_from: datetime


def standing(subject_ids: Sequence[int], *, item_id: str, seen_by: Actor) -> dict[int, dict[str, str]]:
    """What an item that each subject has once says of them now, personal fields too: subject id → field → text, without those
    it says nothing of. For the platform's own work. Raises NotAllowed."""
    require(seen_by, Action.OPERATE)
    newest = Record.objects.filter(subject_id__in=subject_ids, item_id=item_id).order_by("subject_id", "-version")
    found: dict[int, dict[str, str]] = {}
    for one in newest.distinct("subject_id"):
        if one.state == Record.State.WITHDRAWN:
            continue
        hidden = json.loads(encryption.unseal(bytes(one.sealed), context="record.sealed")) if one.sealed else {}
        hidden.pop("$extra", None)
        found[one.subject_id] = {**one.payload, **hidden}
    return found


def versions(*, key_digest: bytes, seen_by: Actor) -> list[Version]:
    """All versions of a datum, oldest first; for the operator. Raises NotAllowed, UnknownRecord."""
    require(seen_by, Action.OPERATE)
    found = [
        Version(r.subject_id, r.version, r.state, r.source_id, r.submission_id, r.row_no, r.payload, r.known_from)
        for r in Record.objects.filter(key_digest=key_digest).order_by("version")
    ]
    if not found:
        raise UnknownRecord("没有这条记录。请核对记录编号。", "There is no such record. Check its reference.")
    return found


__all__ = [
    "PARTITIONS",
    "Common",
    "Known",
    "Rows",
    "UnknownRecord",
    "Version",
    "as_kept",
    "clock",
    "copy_in",
    "count",
    "look_up",
    "partition_of",
    "standing",
    "versions",
]
