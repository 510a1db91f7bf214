"""The work on one file: chunk after chunk through validate, link and prepare, then to the lanes.

The first chunks are checked while the reading process is still at it; nothing is deposited before a file is known to be
readable to its end. Then the main thread prepares chunks while the lanes copy earlier ones.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow.compute as pc
from django.db import connection as django_connection

from xinyong.intake import _columns, _poison, deposit, link, prepare, read, space, waiting
from xinyong.intake.deposit import LANES, Deposit, Lane, Load, Sorted
from xinyong.intake.outcome import WRONG, Counts, Found, Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.prepare import Ready
from xinyong.intake.staging import Staged
from xinyong.intake.validate import Checked
from xinyong.intake.waiting import Waiting
from xinyong.kernel import sql
from xinyong.records.archive import Known
from xinyong.security import separation

_SQL = sql.load(__file__, "intake.sql")

#: Seconds a thread may keep the interpreter while lanes are under way.
_SWITCH = 0.0005

#: Chunks in memory at most: checked while the file is read, or handed to the lanes and not deposited yet.
_AHEAD = 6

Progress = Callable[[int, int], None]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Python's collector of cycles looks through everything loaded (0.1 s) each time some ten thousand objects were made,
    and a chunk makes more. Off for the work on a file; each chunk clears away its own."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(slots=True)
class Chunk:
    """A chunk on its way to the lanes; ``ready`` is None until it is linked."""

    checked: Checked
    ready: Ready | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """The first chunks of a file as far as they came while it was read, and what linking has learnt from them."""

    chunks: list[Chunk] = field(default_factory=list)
    memory: link.Memory = field(default_factory=link.Memory)


def look_ahead(stream: read.Stream, plan: Plan) -> Ahead:
    """Reads to the end of a file and checks chunks as long as that takes, as many as memory allows. Writes nothing: a file that turns out unreadable
    leaves nothing behind. A chunk that would enter new subjects is checked only, and all after it, because the order
    of a file decides which name a new code gets."""
    ahead = Ahead()
    held = ahead.chunks
    for each in stream:
        if len(held) >= _AHEAD or stream.has_ended():
            continue
        table = read.table(each.path)
        checked = _poison.checked(each.number, table, read.notes(each.notes), plan)
        linked = None if held and held[-1].ready is None else link.known(checked, plan, memory=ahead.memory)
        held.append(Chunk(checked, prepare.prepare(checked, linked, plan) if linked else None))
    return ahead


def chunks(
    staged: Staged,
    plan: Plan,
    *,
    may_create: bool,
    skip: frozenset[int] = frozenset(),
    ahead: Ahead | None = None,
) -> Iterator[tuple[Checked, Ready]]:
    """Each chunk checked, linked and prepared."""
    ahead = ahead or Ahead()
    held, memory = dict(enumerate(ahead.chunks)), ahead.memory
    ahead.chunks.clear()
    for number, path in enumerate(staged.chunks):
        if number in skip:
            continue
        if number in held:
            early = held.pop(number)
            checked, ready = early.checked, early.ready
        else:
            checked, ready = checked_chunk(staged, number, path, plan), None
        gc.collect(1)
        if ready is None:
            ready = prepare.prepare(checked, link.link(checked, plan, may_create=may_create, memory=memory), plan)
        yield checked, ready


def checked_chunk(staged: Staged, number: int, path: Path, plan: Plan) -> Checked:
    """One chunk of a file that was read, checked."""
    table = read.table(path)
    rows = table.column("row_no")
    notes = staged.notes_of(pc.min(rows).as_py(), pc.max(rows).as_py())
    return _poison.checked(number, table, notes, plan)


def run(
    staged: Staged,
    into: Deposit,
    *,
    ahead: Ahead | None = None,
    progress: Progress | None = None,
) -> None:
    """Deposits every chunk that is not in the ledger yet. Raises what a lane raises; done lanes stay done."""
    done = _done(into.submission_id)
    skip = frozenset(number for number in range(len(staged.chunks)) if (number, 0) in done and (number, 1) in done)
    lanes = [Lane(connect()) for _ in range(LANES)]
    pools = [ThreadPoolExecutor(1, f"lane-{lane}") for lane in range(LANES)]
    under_way: list[list[Future[Counts | None]]] = []
    anchors = _open_anchors(into)
    rows_done = 0
    # A lane wakes some five times for each megabyte it sends; at Python's usual 5 ms it would wait that long each time
    # for the thread that checks the next chunk.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        for checked, ready in chunks(staged, into.plan, may_create=True, skip=skip, ahead=ahead):
            space.require()
            loads = split(checked, ready, into.plan, anchors)
            under_way.append([pools[load.lane].submit(deposit.deposit, lanes[load.lane], load, into) for load in loads])
            while len(under_way) > _AHEAD:
                _finish(under_way.pop(0))
            rows_done += len(checked)
            if progress:
                progress(rows_done, staged.rows)
        while under_way:
            _finish(under_way.pop(0))
    finally:
        sys.setswitchinterval(interval)
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)
        for lane in lanes:
            lane.connection.close()


def _finish(futures: list[Future[Counts | None]]) -> None:
    """Waits for a chunk's lanes."""
    for future in futures:
        future.result()


def split(checked: Checked, ready: Ready, plan: Plan, anchors: frozenset[bytes]) -> list[Load]:
    """A chunk's rows for the lanes; waiting rows and the findings of checking go with the first."""
    is_waiting = np.ones(len(checked), dtype=bool)
    is_waiting[ready.table.column("place").to_numpy()] = False
    positions = np.flatnonzero(is_waiting).tolist()
    outcomes = [Outcome.REJECTED if checked.findings.level[place] >= WRONG else Outcome.DOUBTFUL for place in positions]
    rows = waiting.rows(checked, plan, positions, outcomes) if positions else []
    make, warn = maker(checked, plan), warner(checked, plan)
    met = waiting.met(checked, plan, ready.table.column("place").combine_chunks(), anchors)
    loads = []
    for lane in range(LANES):
        part = ready.lane(lane)
        loads.append(
            Load(
                checked.chunk_no,
                lane,
                part,
                len(part.table),
                row_findings=make,
                warnings=warn,
                anchors=met,
                noted=checked.findings.found,
            )
        )
    loads[0].rows += len(rows)
    loads[0].waiting = rows
    loads[0].findings = checked.findings.found
    return loads


def maker(checked: Checked, plan: Plan) -> Callable[[int, str, tuple[str, str]], tuple[Found, Waiting]]:
    """What is noted and kept of a row that turns out doubtful when it meets the archive."""
    note = noter(checked, plan)

    def make(place: int, rule: str, sentences: tuple[str, str]) -> tuple[Found, Waiting]:
        return note(place, rule, sentences), waiting.rows(checked, plan, [place], [Outcome.DOUBTFUL])[0]

    return make


def noter(checked: Checked, plan: Plan) -> Callable[[int, str, tuple[str, str]], Found]:
    """What is noted of such a row. Nothing is kept, so nothing is sealed: a trial needs no keys, and no database."""

    def note(place: int, rule: str, sentences: tuple[str, str]) -> Found:
        field = plan.item.field_of(plan.item.roles.document_no or plan.item.roles.subject_name)
        return Found(
            row_no=int(checked.row_no[place]), column=plan.headers.get(field.code, ""), field=field.code,
            value=_columns.shown(field, checked.columns.coded(field.code).take([place]))[0], rule=rule,
            severity="doubtful", message=sentences[0], message_en=sentences[1],
            basis="一数一源" if rule.endswith("source") else "", suggestion="",
        )  # fmt: skip

    return note


def warner(checked: Checked, plan: Plan) -> Callable[[Sorted, list[int]], list[Found]]:
    """What is said of rows that repeat an earlier one, and of those that go in late."""

    def warn(found: Sorted, late: list[int]) -> list[Found]:
        return _repeated(checked, plan, found.same_as) + _late(checked, plan, late)

    return warn


def _repeated(checked: Checked, plan: Plan, same_as: dict[int, int]) -> list[Found]:
    if not same_as:
        return []
    field = plan.item.field_of(plan.item.roles.document_no or plan.item.roles.subject_name)
    places = [*same_as]
    values = _columns.shown(field, checked.columns.coded(field.code).take(places))
    if field.code in checked.findings.unspoken:
        values = [""] * len(values)
    return [
        Found(
            row_no=row_no, column=plan.headers.get(field.code, "")[:200], field=field.code, value=value,
            rule="V11-duplicate", severity="warning", message=f"与本文件第 {first} 行相同，只入库一次。",
            message_en=f"The same as row {first} of this file; it goes in once.", basis="", suggestion="",
        )
        for row_no, first, value in zip(checked.row_no[places].tolist(), same_as.values(), values, strict=True)
    ]  # fmt: skip


def _late(checked: Checked, plan: Plan, places: list[int]) -> list[Found]:
    code = plan.item.roles.decided_on
    column, days = plan.headers.get(code, "")[:200], plan.item.timeliness_working_days
    return [
        Found(
            row_no=row_no, column=column, field=code, value=str(value), rule="W_LATE", severity="warning",
            message=f"迟报：收到时已超过决定之日起 {days} 个工作日。数据已入库，计入迟报率。",
            message_en=f"Late: received more than {days} working days after the decision. It went in and counts as late.",
            basis="发改办财金〔2018〕424号", suggestion="",
        )
        for row_no, value in zip(
            checked.row_no[places].tolist(), checked.columns.coded(code).take(places).to_pylist(), strict=True
        )
    ]  # fmt: skip


def _open_anchors(into: Deposit) -> frozenset[bytes]:
    with django_connection.cursor() as cursor:
        cursor.execute(_SQL["open_anchors"], [into.source_id, into.plan.item.id, into.submission_id])
        return frozenset(bytes(anchor) for row in cursor.fetchall() for anchor in row if anchor is not None)


def _done(submission_id: int) -> set[tuple[int, int]]:
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT chunk_no, lane FROM intake_chunk WHERE submission_id = %s", [submission_id])
        return set(cursor.fetchall())


def connect() -> psycopg.Connection[Any]:
    """A connection of a lane's own, as the archive's only writer: Django's belongs to the main thread, and may not."""
    return separation.as_loader()


def try_out(
    staged: Staged, plan: Plan, *, source_id: int | None, is_apart: bool = False
) -> tuple[Counts, list[Found], int]:
    """The outcome a submission would have, with nothing kept: counts, findings, late rows. ``is_apart``: as if the archive
    were empty."""
    connection = connect()
    found: list[Found] = []
    sums = np.zeros(6, dtype=np.int64)
    late_rows = 0
    standing: dict[bytes, Known] = {}
    try:
        for checked, ready in chunks(staged, plan, may_create=False):
            note = noter(checked, plan)
            table = ready.table
            with connection.transaction():
                known = {} if is_apart else deposit.look_up(connection, table)
            parts = deposit.sort(table, known, submission_id=-1, source_id=source_id, standing=standing)
            for places, rule, sentences in (
                (parts.twice, "V11-same-key-twice", deposit.TWICE),
                (parts.other_source, "V11-other-source", deposit.OTHER_SOURCE),
                (parts.annulled, "E_ANNUL", deposit.ANNULLED),
            ):
                checked.findings.found.extend(note(place, rule, sentences) for place in places)
            late = [
                place
                for place in table.filter(table.column("is_late")).column("place").to_pylist()
                if place in parts.version
            ]
            checked.findings.found.extend(warner(checked, plan)(parts, late))
            rejected = int(np.count_nonzero(checked.findings.level >= WRONG))
            waiting_too = len(parts.twice) + len(parts.other_source) + len(parts.annulled)
            doubtful = len(checked) - rejected - len(table) + waiting_too
            sums += [
                len(checked), len(parts.version), doubtful, rejected, len(parts.duplicate), len(parts.unchanged)
            ]  # fmt: skip
            late_rows += len(late)
            found += checked.findings.found
    finally:
        connection.close()
    return Counts(*(int(value) for value in sums)), found, late_rows
