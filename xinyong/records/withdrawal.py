"""撤回 What was brought into the archive is taken out again, by later versions: nothing is removed, "now" is without it.

As in ``archive`` every verb works on a psycopg connection inside the caller's transaction.
"""

import struct
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from xinyong.kernel import sql
from xinyong.records import _canonical, archive
from xinyong.records._stream import COLUMNS
from xinyong.records.models import Record
from xinyong.security.ledger import batches

_SQL = sql.load(__file__, "records.sql")
_EPOCH = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Effect:
    """Data that are withdrawn, data that fall back to an earlier submission's word, and data of which a later submission has
    the word already, which stay as they are."""

    withdrawn: int
    restored: int
    superseded: int = 0

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(
            self.withdrawn + other.withdrawn, self.restored + other.restored, self.superseded + other.superseded
        )


def withdraw_row(
    connection: psycopg.Connection[Any], *, submission_id: int, row_no: int, subject_id: int, now: datetime
) -> int:
    """Adds a withdrawn version to what one row brought about a subject; returns how many data that were (0 or 1)."""
    parameters = {"submission_id": submission_id, "row_no": row_no, "subject_id": subject_id, "now": now}
    made = connection.execute(_SQL["withdraw_row"], parameters, binary=True)
    return _entered(connection, made.pgresult, on_behalf_of=submission_id, now=now).withdrawn


def withdraw_datum(connection: psycopg.Connection[Any], *, subject_id: int, ref: str, now: datetime) -> int:
    """Adds a withdrawn version to a datum, whichever row its newest version came from; 0 when it is withdrawn already."""
    found = connection.execute(
        _SQL["newest_of"], {"subject_id": subject_id, "key_digest": bytes.fromhex(ref)}
    ).fetchone()
    if found is None or found[2] != Record.State.ACTIVE:
        return 0
    return withdraw_row(connection, submission_id=found[0], row_no=found[1], subject_id=subject_id, now=now)


def effect(connection: psycopg.Connection[Any], *, submission_id: int, besides: Collection[int]) -> Effect:
    """What taking a submission back would do now. ``besides``: submissions that were taken back themselves."""
    row = connection.execute(
        _SQL["taken_back"], {"submission_id": submission_id, "besides": sorted(besides)}
    ).fetchone()  # fmt: skip
    assert row is not None
    return Effect(*row)


def take_back(
    connection: psycopg.Connection[Any], *, submission_id: int, besides: Collection[int], most: int, now: datetime
) -> Effect:
    """Takes back at most ``most`` of the data whose newest version a submission brought; nothing is left when neither figure
    of the effect is above 0. Whole or not at all, and never twice for one datum."""
    parameters = {"submission_id": submission_id, "besides": sorted(besides), "most": most, "now": now}
    made = connection.execute(_SQL["take_back"], parameters, binary=True)
    return _entered(connection, made.pgresult, on_behalf_of=submission_id, now=now)


def _entered(connection: psycopg.Connection[Any], result: Any, *, on_behalf_of: int, now: datetime) -> Effect:
    """Enters the new versions' digests in the log, each with the submission it is the word of, and takes those that were
    withdrawn out of the figures."""
    lines = _canonical.rows(result)
    of = {
        name: COLUMNS.index(name) for name in ("submission_id", "row_no", "state", "item_id", "source_id", "decided_on")
    }
    by_submission: dict[int, list[int]] = {}
    gone: Counter[tuple[str, int, date]] = Counter()
    for at in range(len(lines)):
        submission_id = _whole(result.get_value(at, of["submission_id"]))
        by_submission.setdefault(submission_id, []).append(at)
        if _whole(result.get_value(at, of["state"])) == Record.State.WITHDRAWN:
            decided_on = _EPOCH + timedelta(days=_whole(result.get_value(at, of["decided_on"])))
            item_id = result.get_value(at, of["item_id"]).decode()
            gone[item_id, _whole(result.get_value(at, of["source_id"])), decided_on.replace(day=1)] += 1
    for submission_id, places in by_submission.items():
        rows = [lines[at] for at in places]
        batches.enter(
            connection, submission_id=submission_id,
            row_nos=np.array([_whole(result.get_value(at, of["row_no"])) for at in places], np.int32),
            rows=memoryview(b"".join(rows)), ends=np.cumsum([len(one) for one in rows]).tolist(),
        )  # fmt: skip
    tallies = [(item_id, source_id, month, -count) for (item_id, source_id, month), count in sorted(gone.items())]
    archive.count(connection, tallies, submission_id=on_behalf_of, deposited_at=now)
    return Effect(gone.total(), len(lines) - gone.total())


def _whole(raw: bytes) -> int:
    """An integer of the wire's binary form, of whatever width."""
    (found,) = struct.unpack({2: ">h", 4: ">i", 8: ">q"}[len(raw)], raw)
    return int(found)


__all__ = ["Effect", "effect", "take_back", "withdraw_datum", "withdraw_row"]
