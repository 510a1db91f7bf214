"""Into the archive: each chunk in two lanes, each lane its own transaction with its ledger line.

Rows of one subject always fall into the same lane (by the archive's partition) and a lane takes its chunks in order, so
two lanes never race for a key or a page, and the outcome does not depend on timing. A resumed run skips lanes that are in the ledger:
nothing lost, nothing twice.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.intake.outcome import Counts, Found, Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.prepare import Ready
from xinyong.intake.waiting import Waiting
from xinyong.kernel import sql
from xinyong.records import archive
from xinyong.records.archive import Known

_SQL = sql.load(__file__, "intake.sql")

LANES = 2
#: A lane tries again when another submission brought the same key in the meantime.
_TRIES = 3
#: Keys asked for before the rows of a chunk are sent as they are.
_SAMPLE = 200

TWICE = (
    "同一文件中有两行是同一文书、同一主体，但内容不同。请确认哪一行正确，删去另一行后重报。",
    "Two rows of this file are the same document and subject with different content. Keep the right one.",
)
OTHER_SOURCE = (
    "另一信源单位已报送同一文书、同一主体的数据，按“一数一源”不作覆盖，已转信用中心核对。",
    "Another source unit has reported this document and subject. Nothing was overwritten; the credit centre decides.",
)
ANNULLED = (
    "这条信息所依据的决定已被依法撤销、确认违法或者确认无效，信息已经撤回，不得再次报送。",
    "The decision behind this record was annulled, or found unlawful or void; the record was withdrawn and is not reported again.",
)


@dataclass(slots=True)
class Load:
    """One lane's share of a chunk."""

    chunk_no: int
    lane: int
    ready: Ready  # the rows of the chunk that belong to this lane
    rows: int  # rows of the chunk counted in this lane, waiting ones included
    waiting: list[Waiting] = field(default_factory=list)
    findings: list[Found] = field(default_factory=list)
    anchors: list[bytes] = field(default_factory=list)  # open anchors that good rows of this lane meet
    noted: list[Found] = field(default_factory=list)  # the chunk's findings of checking, whichever lane writes them
    warnings: Any = None  # callable(Sorted, places of late rows that go in) -> list[Found]
    row_findings: Any = None  # callable(position, rule, sentences) -> (Found, Waiting) for rows that turn out doubtful


@dataclass(frozen=True, slots=True)
class Deposit:
    """What a submission's lanes have in common."""

    submission_id: int
    source_id: int
    plan: Plan
    known_from: datetime


@dataclass(slots=True)
class Lane:
    """One connection. ``is_known_ground`` once a key turned out to be in the archive already: from then on every key is
    looked up before the rows are sent."""

    connection: psycopg.Connection[Any]
    is_known_ground: bool = False


@dataclass(frozen=True, slots=True)
class Sorted:
    """A lane's rows by what becomes of them; ``version`` by place for those that go in."""

    version: dict[int, int]
    duplicate: list[int]
    unchanged: list[int]
    twice: list[int]
    other_source: list[int]
    same_as: dict[int, int] = field(default_factory=dict, compare=False)  # duplicate's place → row number of the first
    revived: set[int] = field(default_factory=set, compare=False)  # places whose datum had been withdrawn
    annulled: list[int] = field(default_factory=list)  # withdrawn for ever: the decision behind it fell


def sort(
    table: pa.Table,
    known: dict[int, Known],
    *,
    submission_id: int,
    source_id: int | None,
    standing: dict[bytes, Known] | None = None,
) -> Sorted:
    """Decides each row's outcome from what the archive knows of its key. Pure.

    Rows of one key are taken in order, each against what the rows before it made of the key, so that the outcome does
    not depend on where a file is cut into chunks; but for one thing: a row that repeats what the archive has, and
    another that contradicts it, are told as a contradiction only when they meet in one chunk.
    ``standing`` (key → newest version) is what a trial, which deposits nothing, remembers from chunk to chunk. Without
    ``source_id`` any source's datum may be met.
    """
    result = Sorted({}, [], [], [], [])
    repeat = table.column("repeat")
    again = set(table.filter(pc.greater(repeat, 1)).column("key").to_pylist())
    if not known and not again and standing is None:
        # A batch of data nobody has seen: no row needs a look of its own.
        return Sorted(dict.fromkeys(table.column("place").to_pylist(), 1), [], [], [], [])
    remembered = {} if standing is None else standing
    confirmed: set[bytes] = set()
    columns = ("place", "row_no", "key", "content")
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    for place, row_no, key, content in rows:
        before = remembered.get(key) or known.get(place)
        if before is None:
            version = 1
        elif source_id is not None and before.source_id != source_id and not before.is_withdrawn:
            result.other_source.append(place)
            version = 0
        elif before.is_annulled:
            result.annulled.append(place)
            version = 0
        else:
            version = _version(before, content, place, submission_id, result)
        if version and key in confirmed:
            result.twice.append(place)
            version = 0
        if version:
            result.version[place] = version
            if before is not None and before.is_withdrawn:
                result.revived.add(place)
            before = Known(version, content, source_id or 0, submission_id, row_no, is_withdrawn=False)
        if before is not None and (standing is not None or key in again):
            remembered[key] = before
        if key in again and result.unchanged[-1:] == [place]:
            confirmed.add(key)
    return result


def _version(before: Known, content: bytes, place: int, submission_id: int, result: Sorted) -> int:
    """The version a row becomes after ``before``, 0 when it does not go in (noted in ``result``)."""
    is_mine = before.submission_id == submission_id
    if before.is_withdrawn:
        return before.version + 1
    if before.content_digest == content:
        (result.duplicate if is_mine else result.unchanged).append(place)
        if is_mine:
            result.same_as[place] = before.row_no
        return 0
    if is_mine:
        result.twice.append(place)
        return 0
    return before.version + 1


def look_up(connection: psycopg.Connection[Any], table: pa.Table) -> dict[int, Known]:
    """What the archive knows of the keys of these rows."""
    firsts = table.filter(pc.equal(table.column("repeat"), 1))
    return archive.look_up(
        connection,
        places=firsts.column("place").to_pylist(),
        subject_ids=firsts.column("subject_id").to_pylist(),
        keys=firsts.column("key").to_pylist(),
    )


def deposit(lane: Lane, load: Load, into: Deposit) -> Counts | None:
    """Brings one lane of a chunk in; returns its counts, or None when the ledger has it already."""
    for attempt in range(_TRIES):
        try:
            with lane.connection.transaction():
                where = [into.submission_id, load.chunk_no, load.lane]
                if lane.connection.execute(_SQL["is_deposited"], where).fetchone():
                    return None
                return _deposit(lane, load, into)
        except psycopg.errors.UniqueViolation:
            lane.is_known_ground = True
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _known(lane: Lane, table: pa.Table) -> dict[int, Known]:
    """What the archive knows of these keys.

    Most files bring what nobody has: a few keys are asked for, and where none is known the rows are sent as they are.
    Should another one be known after all, the primary key refuses the lane's chunk, and it is done again with every
    key looked up: the same outcome, at the price of one chunk.
    """
    if not lane.is_known_ground:
        step = max(1, len(table) // _SAMPLE)
        sample = table.take(pa.array(range(0, len(table), step), pa.int64()))
        if not look_up(lane.connection, sample):
            return {}
        lane.is_known_ground = True
    return look_up(lane.connection, table)


def _deposit(lane: Lane, load: Load, into: Deposit) -> Counts:
    connection, table = lane.connection, load.ready.table
    found = sort(table, _known(lane, table), submission_id=into.submission_id, source_id=into.source_id)
    late = _copy(connection, load, into, found) if found.version else []
    findings, waiting = list(load.findings), list(load.waiting)
    for places, rule, sentences in (
        (found.twice, "V11-same-key-twice", TWICE),
        (found.other_source, "V11-other-source", OTHER_SOURCE),
        (found.annulled, "E_ANNUL", ANNULLED),
    ):
        for place in places:
            one, row = load.row_findings(place, rule, sentences)
            findings.append(one)
            waiting.append(row)
    warned = {one.row_no for one in findings if one.severity == "warning"}
    if found.same_as or late:
        warnings = load.warnings(found, late)
        findings += warnings
        # A row counts once, also where checking warned of it and the other lane has written that.
        warned |= {one.row_no for one in warnings} - {one.row_no for one in load.noted if one.severity == "warning"}
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
    connection.execute(
        _SQL["enter_chunk"],
        [
            into.submission_id, load.chunk_no, load.lane, counts.rows_read, counts.accepted, counts.doubtful,
            counts.rejected, counts.duplicate, counts.unchanged, len(warned), len(late), into.known_from,
        ],
    )  # fmt: skip
    return counts


def release(
    connection: psycopg.Connection[Any], load: Load, into: Deposit, *, rejected: Collection[int] = ()
) -> set[int]:
    """Brings in waiting rows whose subjects are known now; returns the numbers of those that stand in the archive. Another
    source's datum in the way, or another content in the same file, leaves a row where it is.

    A ledger line each moves them from doubtful, those of ``rejected`` from there, to accepted. Done again after a break, it moves nothing twice.
    """
    with connection.transaction():
        table = load.ready.table
        found = sort(table, look_up(connection, table), submission_id=into.submission_id, source_id=into.source_id)
        if found.version:
            _copy(connection, load, into, found)
        left = {*found.other_source, *found.twice, *found.annulled}
        places = zip(table.column("place").to_pylist(), table.column("row_no").to_pylist(), strict=True)
        row_nos = {row_no for place, row_no in places if place not in left}
        move(connection, into.submission_id, row_nos, accepted=1, at=into.known_from, rejected=rejected)
        return row_nos


def move(
    connection: psycopg.Connection[Any],
    submission_id: int,
    row_nos: Collection[int],
    *,
    accepted: int,
    at: datetime,
    rejected: Collection[int] = (),
) -> None:
    """Ledger lines that move rows between doubtful (``rejected`` ones: rejected) and accepted (``accepted`` 1 or −1), each
    unless its last line did just that; chunks of rows count down from −1, a row's later moves take the next lane."""
    numbers = sorted(-row_no for row_no in row_nos)
    lines = connection.execute(
        "SELECT chunk_no, count(*), sum(accepted) FROM intake_chunk WHERE submission_id = %s AND chunk_no = ANY(%s)"
        " GROUP BY chunk_no",
        [submission_id, numbers],
    )
    taken = {chunk_no: (lane, stands) for chunk_no, lane, stands in lines}
    moved = [
        [submission_id, number, lane, 0, accepted, doubtful, -accepted - doubtful, 0, 0, 0, 0, at]
        for number in numbers
        for doubtful in [0 if -number in rejected else -accepted]
        for lane, stands in [taken.get(number, (0, 0))]
        if stands + accepted in (0, 1)
    ]
    if moved:
        connection.cursor().executemany(_SQL["enter_chunk"], moved)


def _copy(connection: psycopg.Connection[Any], load: Load, into: Deposit, found: Sorted) -> list[int]:
    """Streams the accepted rows in and counts them. Returns the places of those that are late."""
    table, rows = load.ready.table, load.ready.rows
    versions: npt.NDArray[np.int16] | int = 1
    fresh = table
    if len(found.version) < len(table) or any(number > 1 for number in found.version.values()):
        places = pc.index_in(pa.array(found.version.keys(), pa.int32()), table.column("place").combine_chunks())
        table, rows = table.take(places), rows.take(places)
        versions = np.fromiter(found.version.values(), np.int16, len(found.version))
        is_revived = pc.is_in(table.column("place"), pa.array(found.revived, pa.int32())).combine_chunks()
        fresh = table.filter(pc.or_(pa.array(versions == 1), is_revived))
    item = into.plan.item
    common = archive.Common(
        item.id, item.version, into.source_id, into.submission_id, item.disclosure.value, into.known_from
    )
    copied = archive.copy_in(connection, rows, versions, common)
    if copied != len(table):
        raise AssertionError(f"{copied} of {len(table)} rows were copied")  # INV-11: rather stop than lose a row
    months = fresh.column("month").combine_chunks().value_counts().to_pylist()
    archive.count(
        connection,
        sorted((item.id, into.source_id, month["values"], month["counts"]) for month in months),
        submission_id=into.submission_id,
        deposited_at=into.known_from,
    )
    late: list[int] = table.filter(table.column("is_late")).column("place").to_pylist()
    return late


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
