"""Into the archive: each chunk in two lanes, each lane its own transaction with its ledger line.

Rows of one key always fall into the same lane (by the key's first bit) and a lane takes its chunks in order, so two
lanes never race for a key and the outcome does not depend on timing. A resumed run skips lanes that are in the ledger:
nothing lost, nothing twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa

from xinyong.intake.outcome import Counts, Found, Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.waiting import Waiting
from xinyong.kernel import sql
from xinyong.records import archive
from xinyong.records.archive import COPY_COLUMNS, Known

_SQL = sql.load(__file__, "intake.sql")

LANES = 2
#: A lane tries again when another submission brought the same key in the meantime.
_TRIES = 3

TWICE = (
    "同一文件中有两行是同一文书、同一主体,但内容不同。请确认哪一行正确,删去另一行后重报。",
    "Two rows of this file are the same document and subject with different content. Keep the right one.",
)
OTHER_SOURCE = (
    "另一信源单位已报送同一文书、同一主体的数据,按“一数一源”不作覆盖,已转信用中心核对。",
    "Another source unit has reported this document and subject. Nothing was overwritten; the credit centre decides.",
)


@dataclass(slots=True)
class Load:
    """One lane's share of a chunk."""

    chunk_no: int
    lane: int
    table: pa.Table  # rows of prepare.Ready that belong to this lane
    rows: int  # rows of the chunk counted in this lane, waiting ones included
    waiting: list[Waiting] = field(default_factory=list)
    findings: list[Found] = field(default_factory=list)
    anchors: list[bytes] = field(default_factory=list)  # open anchors that good rows of this lane meet
    row_findings: Any = None  # callable(position, rule, sentences) -> (Found, Waiting) for rows that turn out doubtful


@dataclass(frozen=True, slots=True)
class Deposit:
    """What a submission's lanes have in common."""

    submission_id: int
    source_id: int
    plan: Plan
    folder: Path
    known_from: datetime


@dataclass(frozen=True, slots=True)
class Sorted:
    """A lane's rows by what becomes of them; ``version`` by place for those that go in."""

    version: dict[int, int]
    duplicate: list[int]
    unchanged: list[int]
    twice: list[int]
    other_source: list[int]


def sort(table: pa.Table, known: dict[int, Known], *, submission_id: int, source_id: int) -> Sorted:
    """Decides each row's outcome from what the archive knows of its key. Pure."""
    result = Sorted({}, [], [], [], [])
    rows = zip(*(table.column(name).to_pylist() for name in ("place", "content_hex", "repeat", "is_same")), strict=True)
    for place, content, repeat, is_same in rows:
        if repeat > 1:
            (result.duplicate if is_same else result.twice).append(place)
            continue
        before = known.get(place)
        if before is None:
            result.version[place] = 1
        elif before.source_id != source_id:
            result.other_source.append(place)
        elif before.content_digest.hex() == content and not before.is_withdrawn:
            (result.duplicate if before.submission_id == submission_id else result.unchanged).append(place)
        elif before.submission_id == submission_id and not before.is_withdrawn:
            result.twice.append(place)
        else:
            result.version[place] = before.version + 1
    return result


def look_up(connection: psycopg.Connection[Any], table: pa.Table) -> dict[int, Known]:
    """What the archive knows of the keys of these rows."""
    firsts = table.filter(pa.compute.equal(table.column("repeat"), 1))
    return archive.look_up(
        connection,
        places=firsts.column("place").to_pylist(),
        subject_ids=firsts.column("subject_id").to_pylist(),
        keys=firsts.column("key_hex").to_pylist(),
    )


def deposit(
    connection: psycopg.Connection[Any], engine: duckdb.DuckDBPyConnection, load: Load, into: Deposit
) -> Counts | None:
    """Brings one lane of a chunk in; returns its counts, or None when the ledger has it already."""
    for attempt in range(_TRIES):
        try:
            with connection.transaction():
                where = [into.submission_id, load.chunk_no, load.lane]
                if connection.execute(_SQL["is_deposited"], where).fetchone():
                    return None
                return _deposit(connection, engine, load, into)
        except psycopg.errors.UniqueViolation:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _deposit(
    connection: psycopg.Connection[Any], engine: duckdb.DuckDBPyConnection, load: Load, into: Deposit
) -> Counts:
    known = look_up(connection, load.table)
    found = sort(load.table, known, submission_id=into.submission_id, source_id=into.source_id)
    late = 0
    if found.version:
        late = _copy(connection, engine, load, into, found)
    findings, waiting = list(load.findings), list(load.waiting)
    for places, rule, sentences in (
        (found.twice, "V11-same-key-twice", TWICE),
        (found.other_source, "V11-other-source", OTHER_SOURCE),
    ):
        for place in places:
            one, row = load.row_findings(place, rule, sentences)
            findings.append(one)
            waiting.append(row)
    _write_findings(connection, findings, into.submission_id)
    _write_waiting(connection, waiting, into.submission_id)
    _close(connection, load.anchors, into)
    outcomes = Counter(row.outcome for row in waiting)
    counts = Counts(
        rows_read=load.rows, accepted=len(found.version), doubtful=outcomes[Outcome.DOUBTFUL],
        rejected=outcomes[Outcome.REJECTED], duplicate=len(found.duplicate), unchanged=len(found.unchanged),
    )  # fmt: skip
    if not counts.is_whole:
        raise AssertionError(f"a chunk's rows do not add up: {counts}")  # INV-11: rather stop than lose a row
    warned = len({one.row_no for one in findings if one.severity == "warning"})
    connection.execute(
        _SQL["enter_chunk"],
        [
            into.submission_id, load.chunk_no, load.lane, counts.rows_read, counts.accepted, counts.doubtful,
            counts.rejected, counts.duplicate, counts.unchanged, warned, late, into.known_from,
        ],
    )  # fmt: skip
    return counts


def release(
    connection: psycopg.Connection[Any], engine: duckdb.DuckDBPyConnection, load: Load, into: Deposit, *, row_no: int
) -> bool:
    """Brings in one waiting row whose subject a desk has judged; False when another source's datum is in the way.

    Its ledger line moves one row from doubtful to accepted.
    """
    with connection.transaction():
        found = sort(
            load.table, look_up(connection, load.table), submission_id=into.submission_id, source_id=into.source_id
        )
        if found.other_source or found.twice:
            return False
        if found.version:
            _copy(connection, engine, load, into, found)
        move(connection, into.submission_id, row_no, accepted=1, at=into.known_from)
        return True


def move(connection: psycopg.Connection[Any], submission_id: int, row_no: int, *, accepted: int, at: datetime) -> None:
    """A ledger line that moves a row between doubtful and accepted (``accepted`` 1 or −1); chunks of rows count down
    from −1, a row's later moves take the next lane."""
    taken = connection.execute(
        "SELECT count(*) FROM intake_chunk WHERE submission_id = %s AND chunk_no = %s", [submission_id, -row_no]
    ).fetchone()
    lane = taken[0] if taken else 0
    values = [submission_id, -row_no, lane, 0, accepted, -accepted, 0, 0, 0, 0, 0, at]
    connection.execute(_SQL["enter_chunk"], values)


def _copy(
    connection: psycopg.Connection[Any], engine: duckdb.DuckDBPyConnection, load: Load, into: Deposit, found: Sorted
) -> int:
    """Writes the accepted rows as COPY's CSV with DuckDB, and streams it in. Returns how many are late."""
    versions = pa.table(
        {"place": pa.array(found.version.keys(), pa.int32()), "version": pa.array(found.version.values(), pa.int16())}
    )
    path = into.folder / f"copy-{load.lane}.csv"
    mark = f"lane_{load.lane}"
    engine.register(f"{mark}_rows", load.table)
    engine.register(f"{mark}_versions", versions)
    try:
        engine.execute(_copy_statement(mark, into, path))
        archive.copy_in(connection, path)
        tallies = engine.execute(
            f"SELECT date_trunc('month', r.decided_on)::DATE, count(*) FROM {mark}_rows r"
            f" JOIN {mark}_versions v USING (place) WHERE v.version = 1 GROUP BY 1 ORDER BY 1"
        ).fetchall()
        late = engine.execute(
            f"SELECT count(*) FROM {mark}_rows r JOIN {mark}_versions v USING (place) WHERE r.is_late"
        ).fetchall()[0][0]
    finally:
        engine.unregister(f"{mark}_rows")
        engine.unregister(f"{mark}_versions")
        path.unlink(missing_ok=True)
    archive.count(
        connection,
        [(into.plan.item.id, into.source_id, month, number) for month, number in tallies],
        submission_id=into.submission_id,
        deposited_at=into.known_from,
    )
    return int(late)


def _copy_statement(mark: str, into: Deposit, path: Path) -> str:
    item = into.plan.item
    constant = {
        "state": "1",
        "item_id": f"'{item.id}'",
        "item_version": str(item.version),
        "source_id": str(into.source_id),
        "submission_id": str(into.submission_id),
        "disclosure": f"'{item.disclosure.value}'",
        "known_from": f"'{into.known_from.isoformat()}'",
        "key_digest": "'\\x' || key_hex",
        "content_digest": "'\\x' || content_hex",
        "sealed": "sealed_hex",
    }
    quoted = str(path).replace("'", "''")
    columns = ", ".join(f"{constant.get(name, name)} AS {name}" for name in COPY_COLUMNS)
    return (
        f"COPY (SELECT {columns} FROM {mark}_rows JOIN {mark}_versions USING (place))"
        f" TO '{quoted}' (FORMAT csv, HEADER false, NULLSTR '\\N')"
    )


def _write_findings(connection: psycopg.Connection[Any], findings: Sequence[Found], submission_id: int) -> None:
    if not findings:
        return
    with connection.cursor().copy(_SQL["copy_findings"]) as copy:
        for one in findings:
            copy.write_row(
                (
                    submission_id, one.row_no, one.column, one.field, one.value, one.rule, one.severity, one.message,
                    one.message_en, one.basis, one.suggestion,
                )
            )  # fmt: skip


def _write_waiting(connection: psycopg.Connection[Any], waiting: Sequence[Waiting], submission_id: int) -> None:
    if not waiting:
        return
    with connection.cursor().copy(_SQL["copy_waiting"]) as copy:
        for one in waiting:
            copy.write_row(
                (
                    submission_id, one.row_no, one.outcome.value, one.anchor_by_name, one.anchor_by_code, one.row,
                    one.sealed,
                )
            )  # fmt: skip


def _close(connection: psycopg.Connection[Any], anchors: Sequence[bytes], into: Deposit) -> None:
    """Closes earlier waiting rows that this lane's good rows correct, and their findings."""
    if not anchors:
        return
    assert into.plan.source is not None
    closed = connection.execute(
        _SQL["close_waiting"],
        {
            "now": into.known_from, "submission": into.submission_id, "source": into.source_id,
            "item": into.plan.item.id, "anchors": list(anchors),
        },
    ).fetchall()  # fmt: skip
    if closed:
        connection.execute(
            _SQL["close_findings"],
            [into.known_from, into.submission_id, [row[0] for row in closed], [row[1] for row in closed]],
        )
