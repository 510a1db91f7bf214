"""The work on one file: chunk after chunk through validate, link and prepare, then to the lanes.

The main thread prepares a chunk while the lanes copy the one before; never more than two chunks are in memory.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import connection as django_connection

from xinyong.intake import _columns, deposit, link, prepare, validate, waiting
from xinyong.intake.deposit import LANES, Deposit, Load
from xinyong.intake.outcome import WRONG, Counts, Found, Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.prepare import Ready
from xinyong.intake.staging import Staged
from xinyong.intake.validate import Checked
from xinyong.intake.waiting import Waiting
from xinyong.kernel import sql
from xinyong.records.archive import Known

_SQL = sql.load(__file__, "intake.sql")

#: Seconds a thread may keep the interpreter while lanes are under way.
_SWITCH = 0.0005

Progress = Callable[[int, int], None]


def engine(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB in process, bounded, with no way to other files or the network but its own folder."""
    made = duckdb.connect()
    made.execute("SET threads = 2")
    made.execute("SET memory_limit = '400MB'")
    made.execute(f"SET temp_directory = '{folder}'")
    made.execute("SET autoinstall_known_extensions = false")
    made.execute("SET preserve_insertion_order = true")
    return made


def chunks(
    staged: Staged, plan: Plan, *, may_create: bool, skip: frozenset[int], at: duckdb.DuckDBPyConnection
) -> Iterator[tuple[Checked, Ready]]:
    """Each chunk checked, linked and prepared."""
    memory = link.Memory()
    for number, path in enumerate(staged.chunks):
        if number in skip:
            continue
        table = pq.read_table(path)
        if not len(table):
            continue
        rows = table.column("row_no")
        notes = staged.notes_of(pc.min(rows).as_py(), pc.max(rows).as_py())
        checked = validate.validate(number, table, notes, plan)
        linked = link.link(checked, plan, may_create=may_create, memory=memory)
        yield checked, prepare.prepare(checked, linked, plan, at)


def run(staged: Staged, into: Deposit, *, progress: Progress | None = None) -> None:
    """Deposits every chunk that is not in the ledger yet. Raises what a lane raises; done lanes stay done."""
    done = _done(into.submission_id)
    skip = frozenset(number for number in range(len(staged.chunks)) if (number, 0) in done and (number, 1) in done)
    at = engine(into.folder)
    connections = [connect() for _ in range(LANES)]
    pools = [ThreadPoolExecutor(1, f"lane-{lane}") for lane in range(LANES)]
    cursors = [at.cursor() for _ in range(LANES)]
    under_way: list[tuple[str, list[Future[Counts | None]]]] = []
    anchors = _open_anchors(into)
    rows_done = 0
    # A lane wakes some five times for each megabyte it sends; at Python's usual 5 ms it would wait that long each time
    # for the thread that checks the next chunk.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        for checked, ready in chunks(staged, into.plan, may_create=True, skip=skip, at=at):
            loads = split(checked, ready, into.plan, anchors, at)
            futures = [
                pools[load.lane].submit(deposit.deposit, connections[load.lane], cursors[load.lane], load, into)
                for load in loads
            ]
            under_way.append((ready.name, futures))
            while len(under_way) > 1:
                _finish(*under_way.pop(0), at)
            rows_done += len(checked)
            if progress:
                progress(rows_done, staged.rows)
        while under_way:
            _finish(*under_way.pop(0), at)
    finally:
        sys.setswitchinterval(interval)
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)
        for connection in connections:
            connection.close()
        at.close()


def _finish(name: str, futures: list[Future[Counts | None]], at: duckdb.DuckDBPyConnection) -> None:
    """Waits for a chunk's lanes and lets go of its rows."""
    for future in futures:
        future.result()
    at.execute(f"DROP TABLE {name}")


def split(
    checked: Checked, ready: Ready, plan: Plan, anchors: frozenset[bytes], at: duckdb.DuckDBPyConnection
) -> list[Load]:
    """A chunk's rows for the lanes; waiting rows and the findings of checking go with the first."""
    tables = [ready.table.filter(pc.equal(ready.table.column("lane"), lane)) for lane in range(LANES)]
    is_waiting = np.ones(len(checked), dtype=bool)
    is_waiting[ready.table.column("place").to_numpy()] = False
    positions = np.flatnonzero(is_waiting).tolist()
    outcomes = [Outcome.REJECTED if checked.findings.level[place] >= WRONG else Outcome.DOUBTFUL for place in positions]
    rows = waiting.rows(checked, plan, positions, outcomes) if positions else []
    make, repeats = maker(checked, plan), repeater(checked, plan)
    met = waiting.met(checked, plan, ready.table.column("place").combine_chunks(), anchors, at)
    loads = [
        Load(
            checked.chunk_no,
            lane,
            ready.name,
            table,
            len(table),
            row_findings=make,
            repeats=repeats,
            anchors=met,
            noted=checked.findings.found,
        )
        for lane, table in enumerate(tables)
    ]
    loads[0].rows += len(rows)
    loads[0].waiting = rows
    loads[0].findings = checked.findings.found
    return loads


def maker(checked: Checked, plan: Plan) -> Callable[[int, str, tuple[str, str]], tuple[Found, Waiting]]:
    def make(place: int, rule: str, sentences: tuple[str, str]) -> tuple[Found, Waiting]:
        field = plan.item.field_of(plan.item.roles.document_no or plan.item.roles.subject_name)
        cell = checked.columns[field.code].slice(place, 1)
        found = Found(
            row_no=int(checked.row_no[place]), column=plan.headers.get(field.code, ""), field=field.code,
            value=_columns.shown(field, cell)[0], rule=rule, severity="doubtful", message=sentences[0],
            message_en=sentences[1], basis="一数一源" if rule.endswith("source") else "", suggestion="",
        )  # fmt: skip
        return found, waiting.rows(checked, plan, [place], [Outcome.DOUBTFUL])[0]

    return make


def repeater(checked: Checked, plan: Plan) -> Callable[[dict[int, int]], list[Found]]:
    """What says of rows that they repeat an earlier one, for the places and row numbers of ``Sorted.same_as``."""

    def note(same_as: dict[int, int]) -> list[Found]:
        if not same_as:
            return []
        field = plan.item.field_of(plan.item.roles.document_no or plan.item.roles.subject_name)
        places = pa.array(same_as, pa.int64())
        values = _columns.shown(field, checked.columns[field.code].take(places))
        if field.code in checked.findings.unspoken:
            values = [""] * len(values)
        return [
            Found(
                row_no=row_no, column=plan.headers.get(field.code, "")[:200], field=field.code, value=value,
                rule="V11-duplicate", severity="warning", message=f"与本文件第 {first} 行相同，只入库一次。",
                message_en=f"The same as row {first} of this file; it goes in once.", basis="", suggestion="",
            )
            for row_no, first, value in zip(
                checked.row_no[places.to_numpy()].tolist(), same_as.values(), values, strict=True
            )
        ]  # fmt: skip

    return note


def _open_anchors(into: Deposit) -> frozenset[bytes]:
    with django_connection.cursor() as cursor:
        cursor.execute(_SQL["open_anchors"], [into.source_id, into.plan.item.id, into.submission_id])
        return frozenset(bytes(anchor) for row in cursor.fetchall() for anchor in row if anchor is not None)


def _done(submission_id: int) -> set[tuple[int, int]]:
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT chunk_no, lane FROM intake_chunk WHERE submission_id = %s", [submission_id])
        return set(cursor.fetchall())


def connect() -> psycopg.Connection[Any]:
    """A connection of a lane's own: Django's belongs to the main thread."""
    place = django_connection.settings_dict
    return psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], password=place["PASSWORD"] or None,
        dbname=place["NAME"], autocommit=True, application_name="xinyong-lane",
    )  # fmt: skip


def try_out(staged: Staged, plan: Plan, folder: Path, *, source_id: int | None) -> tuple[Counts, list[Found], int]:
    """The outcome a submission would have, with nothing kept: counts, findings, late rows."""
    at = engine(folder)
    connection = connect()
    found: list[Found] = []
    sums = np.zeros(6, dtype=np.int64)
    late = 0
    standing: dict[str, Known] = {}
    try:
        for checked, ready in chunks(staged, plan, may_create=False, skip=frozenset(), at=at):
            make = maker(checked, plan)
            with connection.transaction():
                known = deposit.look_up(connection, ready.table)
            parts = deposit.sort(ready.table, known, submission_id=-1, source_id=source_id, standing=standing)
            for places, rule, sentences in (
                (parts.twice, "V11-same-key-twice", deposit.TWICE),
                (parts.other_source, "V11-other-source", deposit.OTHER_SOURCE),
            ):
                checked.findings.found.extend(make(place, rule, sentences)[0] for place in places)
            checked.findings.found.extend(repeater(checked, plan)(parts.same_as))
            rejected = int(np.count_nonzero(checked.findings.level >= WRONG))
            waiting_too = len(parts.twice) + len(parts.other_source)
            doubtful = len(checked) - rejected - len(ready.table) + waiting_too
            sums += [
                len(checked), len(parts.version), doubtful, rejected, len(parts.duplicate), len(parts.unchanged)
            ]  # fmt: skip
            going_in = pc.is_in(ready.table.column("place"), value_set=pa.array(parts.version, pa.int32()))
            late += pc.sum(pc.and_(going_in, ready.table.column("is_late"))).as_py() or 0
            found += checked.findings.found
            at.execute(f"DROP TABLE {ready.name}")
    finally:
        connection.close()
        at.close()
    return Counts(*(int(value) for value in sums)), found, late
