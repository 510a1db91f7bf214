"""拉取 Pulling rows out of a docked database: tested, previewed, and slice by slice handed in as any file is.

A pull reads the rows whose watermark grew into one file and hands it in; how far it came is noted in the very transaction that
enters the submission. Killed anywhere, nothing is lost and nothing comes twice. Rows whose transaction ended late, with a
watermark that was passed already, are found because each round begins a little before the last one's end; digests of what was
read there keep it from being handed in again. docs/decisions/0021-pulled-by-watermark.md has the argument.
"""

import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake import _columns, docking, submit, supply
from xinyong.intake.models import DockedDatabase, DockedTable, Pull
from xinyong.intake.views import SubmissionView, Trial
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, XinyongError
from xinyong.security import audit, encryption, identity
from xinyong.security.access import Action, Actor, require

if TYPE_CHECKING:  # half a second, which only those pay who connect
    from xinyong.intake._source import Column, Table, Window

CHANNEL = "docking"
#: After the first failure, the second … a pull is tried again after so many minutes, or when it would be due, if later.
PAUSES = (5, 15, 60, 240)
#: So many failures running are said aloud on the pages and by the doctor.
NOTICED = 3
_PREVIEWED = 20
_ROW_GROUP = 10_000
#: Rows of the overlap whose digests are kept; beyond it they are handed in again, and found unchanged.
_MOST_SEEN = 100_000
_DIGEST = 16


class PullBusy(Conflict):
    """Another process is pulling this table."""

    code = "intake.pull-busy"


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test of a connection found. ``tables``: names the account sees, in the schema asked for."""

    server: str
    is_encrypted: bool | None
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    """A column of a table, and the field that its name or its comment means, "" when none."""

    name: str
    kind: str
    comment: str
    field: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows as the item's fields, masked, and what would become of them. ``has_unmarked``: rows without a
    watermark are there; they would never be pulled."""

    headers: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    trial: Trial
    has_unmarked: bool


@dataclass(frozen=True, slots=True)
class Pulled:
    """One slice: rows handed in, their submission (None when nothing was new), whether more waits."""

    rows: int
    submission: SubmissionView | None
    is_more: bool


@dataclass(frozen=True, slots=True)
class _Slice:
    """What was read of one slice and where that leaves the table."""

    rows: int = 0
    from_mark: str = ""
    to_mark: str = ""
    is_more: bool = False
    values: dict[str, Any] = field(default_factory=dict)


def try_out(database_id: int, *, schema: str = "", by: Actor) -> Tested:
    """Connects as a pull would and looks which tables there are; reads no row. Leaves an audit entry.

    Raises UnknownDocking, DockingOff, HostRefused, DatabaseFailed and its kinds: what is wrong, where, what to do.
    """
    from xinyong.intake import _source

    kept = docking.find_database(database_id, by)
    _tried(by, "docked-database", kept.pk, "test")
    with _source.session(docking.place(kept), docking.password(kept)) as opened:
        return Tested(_source.server(opened), _source.is_encrypted(opened), tuple(_source.tables(opened, schema)))


def suggest(database_id: int, *, item_id: str, table: str, schema: str = "", by: Actor) -> list[Suggested]:
    """The columns of a table or view, each with the field that its name or comment means. Raises as ``try_out`` does."""
    from xinyong.intake import _source

    kept = docking.find_database(database_id, by)
    item = publish.current(item_id, on=clock.today())
    _tried(by, "docked-database", kept.pk, "columns")
    with _source.session(docking.place(kept), docking.password(kept)) as opened:
        found = _source.columns(opened, schema, table)
    meant = docking.meant(item, [(one.name, one.comment) for one in found.values()])
    return [Suggested(one.name, one.kind, one.comment, meant.get(one.name, "")) for one in found.values()]


def preview(table_id: int, *, by: Actor) -> Preview:
    """The first 20 rows, judged by the same rules as everything that is handed in; nothing is kept. Leaves an audit entry.

    Personal values are masked. Raises UnknownDocking, DockingRemoved, BadMapping, DatabaseFailed and its kinds.
    """
    from xinyong.intake import _source

    docked = docking.find_table(table_id, by)
    item = _require_open(docked)
    _tried(by, "docked-table", docked.pk, "preview")
    with _file(docked, "preview") as path, _opened(docked) as (opened, table):
        names = [name for name, _ in docked.columns]
        rows = [cells for _, _, cells in _source.rows(opened, table, None, names, _PREVIEWED)]
        _write(path, docked, iter(rows), 0)
        trial = submit.check(
            path, item_id=item.id, file_name=_file_name(docked), received_at=clock.now(), by=by,
            source_code=docked.source.code, mapping=dict(docked.columns),
        )  # fmt: skip
        return Preview(
            tuple(map(tuple, docked.columns)), _masked(item, docked, rows), trial, _source.unmarked(opened, table)
        )


def pull(table_id: int, *, by: Actor, now: datetime, then: Callable[[int], None] | None = None) -> Pulled:
    """Reads one slice and hands it in; ``then`` is called with the submission's number in the same transaction.

    Raises PullBusy, UnknownDocking, DockingRemoved, BadMapping, DatabaseFailed and its kinds; ``note_failure`` keeps one.
    """
    docking.find_table(table_id, by)
    with _sole(table_id):
        docked = docking.find_table(table_id, by)
        _require_open(docked)
        with _file(docked, "pull") as path:
            with _opened(docked) as (opened, table):
                read = _read(opened, table, docked, path)
            return _hand_in(docked, read, path, by=by, now=now, then=then)


def note_failure(table_id: int, error: XinyongError, *, by: Actor, started_at: datetime, now: datetime) -> int:
    """Keeps why a pull failed and when it is tried again; returns how many have failed running."""
    with transaction.atomic():
        docked = docking.find_table(table_id, by, for_change=True)
        docked.failures = min(docked.failures + 1, 10_000)
        pause = now + timedelta(minutes=PAUSES[min(docked.failures, len(PAUSES)) - 1])
        due = docking.next_time(docked, now)
        if docked.state == DockedTable.State.ACTIVE:
            docked.next_at = min(pause, due) if docked.daily_at else max(pause, due)
        docked.save(update_fields=["failures", "next_at"])
        said = {"code": error.code, "zh": error.zh, "en": error.en, "server": str(error.facts.get("server_code", ""))}
        Pull.objects.create(
            table=docked, source=docked.source, started_at=started_at, ended_at=now, rows=0, from_mark=docked.mark,
            failure=said,
        )  # fmt: skip
        audit.enter(
            audit.Event.DOCKING_PULLED, by=by, object_kind="docked-table", object_ref=str(table_id), outcome="refused",
            reason=error.code, failures=docked.failures, server_code=said["server"],
        )  # fmt: skip
    return docked.failures


def due(*, now: datetime) -> list[int]:
    """Tables whose time has come, the longest waiting first."""
    found = DockedTable.objects.filter(state=DockedTable.State.ACTIVE, next_at__lte=now, database__removed_at=None)
    return list(found.order_by("next_at", "pk").values_list("pk", flat=True))


def failing() -> int:
    """How many tables have failed so often running that somebody should look."""
    return DockedTable.objects.filter(state=DockedTable.State.ACTIVE, failures__gte=NOTICED).count()


def _require_open(docked: DockedTable) -> Item:
    if docked.state == DockedTable.State.REMOVED or docked.database.removed_at is not None:
        raise docking.removed()
    item = publish.current(docked.item_id, on=clock.today())
    docking.require_mapped(item, dict(docked.columns))
    # Before anything is read from the department, as submit asks again when it is handed in.
    supply.require_may(identity.source_unit(docked.source.code), item, on=clock.today())
    return item


@contextmanager
def _opened(docked: DockedTable) -> Iterator[tuple[Any, "Table"]]:
    """A session with the table's database, and the table as it is there now. Raises TableChanged when a column is gone."""
    from xinyong.intake import _source

    database: DockedDatabase = docked.database
    with _source.session(docking.place(database), docking.password(database)) as opened:
        found: dict[str, Column] = _source.columns(opened, docked.schema, docked.table)
        wanted = [*(name for name, _ in docked.columns), docked.watermark, *([docked.key] if docked.key else [])]
        gone = [name for name in wanted if name not in found]
        if gone:
            raise _source.changed(docking.place(database), docked.table, gone)
        yield opened, _source.Table(docked.schema, docked.table, docked.watermark, docked.key, found)


def _read(opened: Any, table: "Table", docked: DockedTable, path: Path) -> _Slice:
    """Reads the next slice into the file."""
    from xinyong.intake import _source

    window, final = _window(opened, table, docked)
    if window is None or _is_as_before(opened, table, docked, window):
        return _Slice()
    more, limit = False, None
    if docked.key:
        limit = docked.slice_rows
    else:
        edge = _source.boundary(opened, table, window, docked.slice_rows - 1)
        more = edge is not None and edge < final
        window = _source.Window(edge if more else final, window.start, window.after)
    sifted = _Sifted(table, docked, _overlapped(docked, final))
    names = [name for name, _ in docked.columns]
    with closing(_source.rows(opened, table, window, names, limit)) as found:
        kept = _write(path, docked, sifted.sift(found), docked.pulls.count() + 1)
    more = more or (limit is not None and sifted.count == limit)
    last = _text(table.value(sifted.last[0])) if sifted.last else docked.mark
    read = _Slice(kept, docked.at[0] if docked.at else docked.mark, last, more)
    if more and sifted.last:
        at = [_text(table.value(sifted.last[0])), _key_text(sifted.last[1])]
        return replace(read, values={"ceiling": _text(final), "at": at, "seen": sifted.seen(is_last=False)})
    before = table.value(docked.mark) if docked.mark else None
    mark = final if before is None or final > before else before
    values: dict[str, Any] = {"ceiling": "", "at": None, "mark": _text(mark)}
    seen = sifted.seen(is_last=True)
    overlap = _source.Window(mark, start=_overlapped(docked, mark))
    whole = _source.count(opened, table, overlap) if docked.at or not seen else 0
    if whole * _DIGEST > len(seen):
        return replace(read, values=values | {"seen": b"", "seen_rows": whole})
    return replace(read, values=values | {"seen": seen, "seen_rows": 0})


def _is_as_before(opened: Any, table: "Table", docked: DockedTable, window: "Window") -> bool:
    """True when the overlap has more rows than are remembered, as many as the last time, and nothing lies beyond: a table
    that is filled anew each night, all rows of one instant."""
    from xinyong.intake import _source

    if docked.at or not docked.seen_rows or window.ceiling != table.value(docked.mark):
        return False
    return _source.count(opened, table, window) == docked.seen_rows


def _window(opened: Any, table: "Table", docked: DockedTable) -> "tuple[Window | None, Any]":
    """Which rows are next, and where this round of slices ends; no window when the table has no row at all."""
    from xinyong.intake import _source

    if docked.at:
        ceiling = table.value(docked.ceiling)
        mark, key = docked.at
        return _source.Window(ceiling, after=(table.value(mark), table.key_value(key))), ceiling
    # Not beyond the server's own now: one row dated 2099 would otherwise let no other ever be read.
    limit = None if docked.is_number else _source.now(opened).replace(tzinfo=None)
    ceiling = _source.ceiling(opened, table, limit)
    if ceiling is None:
        return None, None
    start = _overlapped(docked, table.value(docked.mark)) if docked.mark else None
    return _source.Window(ceiling, start=start), ceiling


def _overlapped(docked: DockedTable, mark: Any) -> Any:
    """The watermark, less the overlap."""
    if docked.is_number:
        return mark - docked.overlap
    if isinstance(mark, datetime):
        return mark - timedelta(seconds=docked.overlap)
    assert isinstance(mark, date)
    return mark - timedelta(days=max(1, math.ceil(docked.overlap / 86400)))


class _Sifted:
    """Rows as they come, without those that were handed in from the overlap before, unchanged since."""

    def __init__(self, table: "Table", docked: DockedTable, overlap_from: Any) -> None:
        raw = bytes(docked.seen)
        self._is_first = not docked.at
        self._before = {raw[place : place + _DIGEST] for place in range(0, len(raw), _DIGEST)}
        self._until = table.value(docked.mark) if docked.mark else None
        self._from = overlap_from
        self._table = table
        self._now: set[bytes] = set()
        self.count = 0
        self.last: tuple[Any, Any] | None = None

    def sift(self, rows: Iterator[tuple[Any, Any, list[str | None]]]) -> Iterator[list[str | None]]:
        """The cells of what is new."""
        for raw, key, cells in rows:
            if self._table.key is not None and key is None:
                raise docking.BadMapping(
                    "主键列中有空值，行的先后无法确定。请选择不为空且不重复的列。",
                    "The key is empty in a row: their order is not settled. Choose a column that is never empty and unique.",
                )
            self.count += 1
            self.last = (raw, key)
            mark = self._table.value(raw)
            is_before = bool(self._before) and self._until is not None and mark <= self._until
            if is_before or mark >= self._from:
                one = _digest(raw, key, cells)
                if mark >= self._from:
                    self._now.add(one)
                if is_before and one in self._before:
                    continue
            yield cells

    def seen(self, *, is_last: bool) -> bytes:
        """The digests to keep: for the next slice those of before too, for the next round those of this one."""
        kept = self._now if is_last and self._is_first else self._now | self._before
        return b"".join(sorted(kept)) if len(kept) <= _MOST_SEEN else b""


def _digest(raw: Any, key: Any, cells: list[str | None]) -> bytes:
    """A row, keyed and one-way: it may hold a person's data."""
    whole = "\x1f".join("\x00" if one is None else one for one in (str(raw), _key_text(key), *cells))
    return encryption.digest(whole, kind="docked-row")


def _hand_in(
    docked: DockedTable, read: _Slice, path: Path, *, by: Actor, now: datetime, then: Callable[[int], None] | None
) -> Pulled:
    """Enters the file and notes how far it came, both or neither."""
    entered: SubmissionView | None = None
    with transaction.atomic():
        kept = docking.find_table(docked.pk, by, for_change=True)
        if kept.state == DockedTable.State.REMOVED:
            raise docking.removed()
        if read.rows:
            entered = submit.receive(
                path, item_id=kept.item_id, source_code=kept.source.code, file_name=_file_name(kept), by=by,
                received_at=now, mapping=dict(kept.columns), channel=CHANNEL,
            )  # fmt: skip
            Pull.objects.create(
                table=kept, source=kept.source, started_at=now, ended_at=clock.now(), rows=read.rows,
                submission_id=entered.id, from_mark=read.from_mark, to_mark=read.to_mark,
            )  # fmt: skip
            audit.enter(
                audit.Event.DOCKING_PULLED, by=by, object_kind="docked-table", object_ref=str(kept.pk), rows=read.rows,
                submission=entered.id, item=kept.item_id, unit=kept.source.code,
            )  # fmt: skip
            if then is not None and entered.status == "received":
                then(entered.id)
        values = read.values | {"pulled_at": now, "failures": 0}
        if kept.state == DockedTable.State.ACTIVE:
            values["next_at"] = now if read.is_more else docking.next_time(kept, now)
        DockedTable.objects.filter(pk=kept.pk).update(**values)
    return Pulled(read.rows, entered, read.is_more)


def _write(path: Path, docked: DockedTable, rows: Iterator[list[str | None]], number: int) -> int:
    """Writes the rows as Parquet, every column as text; returns how many. The number of the pull tells it from another of
    the same content: a datum that changes and changes back is handed in each time."""
    names = [name for name, _ in docked.columns]
    schema = pa.schema([(name, pa.string()) for name in names], metadata={"xinyong.pull": f"{docked.pk}/{number}"})
    count = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        held: list[list[str | None]] = []
        for row in rows:
            held.append(row)
            if len(held) == _ROW_GROUP:
                count += _flush(writer, schema, held)
        count += _flush(writer, schema, held)
    return count


def _flush(writer: Any, schema: pa.Schema, held: list[list[str | None]]) -> int:
    rows = len(held)
    if rows:
        columns = [pa.array(column, pa.string()) for column in zip(*held, strict=True)]
        writer.write_table(pa.table(columns, schema=schema))
        held.clear()
    return rows


@contextmanager
def _file(docked: DockedTable, use: str) -> Iterator[Path]:
    """A private place for the rows on their way; gone afterwards, and what a killed pull left with it."""
    folder = Path(settings.XINYONG_HOME) / "intake" / "pulling" / f"{docked.pk}-{use}"
    if use == "preview":
        folder = folder.with_name(f"{folder.name}-{os.urandom(6).hex()}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder / "rows.parquet"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sole(table_id: int) -> Iterator[None]:
    """Holds an advisory lock: two never pull one table. A killed process loses it at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(7307, %s)", [table_id])
        if not cursor.fetchone()[0]:
            raise PullBusy("这张表正在拉取，请稍后查看结果。", "This table is being pulled. Look again in a moment.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(7307, %s)", [table_id])


def _masked(item: Item, docked: DockedTable, rows: list[list[str | None]]) -> tuple[tuple[str, ...], ...]:
    columns = [
        _columns.shown(item.field_of(code), pa.array([row[place] for row in rows], pa.string()))
        for place, (_, code) in enumerate(docked.columns)
    ]
    return tuple(zip(*columns, strict=True))


def _tried(by: Actor, kind: str, number: int, what: str) -> None:
    require(by, Action.MANAGE_DOCKING)
    with transaction.atomic():
        audit.enter(audit.Event.DOCKING_TRIED, by=by, object_kind=kind, object_ref=str(number), what=what)


def _file_name(docked: DockedTable) -> str:
    return f"{docked.table}.parquet"


def _text(mark: Any) -> str:
    """A watermark as it is kept; ``Table.value`` reads it."""
    return (
        mark.isoformat(" ") if isinstance(mark, datetime) else mark.isoformat() if isinstance(mark, date) else str(mark)
    )


def _key_text(key: Any) -> str:
    return "" if key is None else str(key)
