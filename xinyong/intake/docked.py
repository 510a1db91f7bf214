"""What a reader gets to see of docked databases: plain values, a source unit's own or, for who runs intake, all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db import models, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake import docking, pulling
from xinyong.intake.models import DockedDatabase, DockedTable, Pull
from xinyong.security import audit
from xinyong.security.access import BOUNDED, Action, Actor, require


@dataclass(frozen=True, slots=True)
class PullView:
    """One pull that came to an end. One that failed has the code of our error, its reason, and the server's own code."""

    id: int
    started_at: datetime
    ended_at: datetime
    rows: int
    submission_id: int | None
    from_mark: str
    to_mark: str
    code: str
    reason_zh: str
    reason_en: str
    server_code: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A docked table: what it is, how it is pulled, how that goes. ``is_troubled``: several failures running."""

    id: int
    database_id: int
    database_name: str
    source_code: str
    source_name: str
    item_id: str
    item_title_zh: str
    item_title_en: str
    table: str
    columns: tuple[tuple[str, str], ...]
    watermark: str
    is_number: bool
    key: str
    overlap: int
    slice_rows: int
    every_minutes: int | None
    daily_at: time | None
    state: str
    mark: str
    is_under_way: bool
    next_at: datetime | None
    failures: int
    is_troubled: bool
    pulled_at: datetime | None
    rows: int
    last: PullView | None


@dataclass(frozen=True, slots=True)
class DatabaseView:
    """A docked database as listed: never its password. ``password_file``: where that lies when not with us."""

    id: int
    name: str
    source_code: str
    source_name: str
    dialect: str
    dialect_name: str
    host: str
    port: int
    database: str
    username: str
    tls: str
    tls_name: str
    ca_pem: str
    password_file: str
    made_at: datetime
    made_by: str
    is_removed: bool
    tables: tuple[TableView, ...]


def databases(*, seen_by: Actor) -> list[DatabaseView]:
    """All a reader may see, open ones first, by name; leaves an audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DOCKING)
    with transaction.atomic():
        audit.enter(audit.Event.DOCKING_VIEWED, by=seen_by, object_kind="docked-database", object_ref="all")
        found = _within(DockedDatabase.objects.select_related("source"), seen_by)
        ordered = found.order_by(models.F("removed_at").asc(nulls_first=True), "name", "pk")
        return _databases(ordered, seen_by)


def database(database_id: int, *, seen_by: Actor) -> DatabaseView:
    """One database with its tables; leaves an audit entry. Raises UnknownDocking, NotAllowed."""
    require(seen_by, Action.VIEW_DOCKING)
    found = _within(DockedDatabase.objects.select_related("source"), seen_by).filter(pk=database_id).first()
    if found is None:
        raise docking.unknown(database_id)
    with transaction.atomic():
        audit.enter(audit.Event.DOCKING_VIEWED, by=seen_by, object_kind="docked-database", object_ref=str(database_id))
        return _databases([found], seen_by)[0]


def table(table_id: int, *, seen_by: Actor) -> TableView:
    """One table; leaves an audit entry. Raises UnknownDocking, NotAllowed."""
    found = _table_of(table_id, seen_by)
    with transaction.atomic():
        audit.enter(audit.Event.DOCKING_VIEWED, by=seen_by, object_kind="docked-table", object_ref=str(table_id))
        return _tables([found])[0]


def pulls(table_id: int, *, seen_by: Actor, after: int | None = None, limit: int = 50) -> list[PullView]:
    """What pulls of a table came to, the newest first; ``after`` is the last id of the page before. Raises UnknownDocking."""
    found = Pull.objects.filter(table=_table_of(table_id, seen_by)).order_by("-id")
    return [_pull(one) for one in (found.filter(pk__lt=after) if after is not None else found)[:limit]]


def _table_of(table_id: int, seen_by: Actor) -> DockedTable:
    require(seen_by, Action.VIEW_DOCKING)
    asked = _within(DockedTable.objects.select_related("database", "source"), seen_by)
    found: DockedTable | None = asked.filter(pk=table_id).first()
    if found is None or not docking.may_see(found.item_id, seen_by):
        raise docking.unknown(table_id)
    return found


def _within(found: Any, seen_by: Actor) -> Any:
    is_bounded = Action.VIEW_DOCKING in BOUNDED.get(seen_by.role, frozenset())
    return found.filter(source__code=seen_by.department) if is_bounded else found


def _databases(found: Iterable[DockedDatabase], seen_by: Actor) -> list[DatabaseView]:
    """Databases with their tables, in as many queries for many as for one."""
    found = list(found)
    asked = DockedTable.objects.filter(database__in=found).select_related("database", "source")
    seen = [one for one in asked.order_by("item_id", "pk") if docking.may_see(one.item_id, seen_by)]
    tables: dict[int, list[TableView]] = {}
    for view in _tables(seen):
        tables.setdefault(view.database_id, []).append(view)
    return [_database(one, tables.get(one.pk, ())) for one in found]


def _database(one: DockedDatabase, tables: Sequence[TableView]) -> DatabaseView:
    return DatabaseView(
        id=one.pk, name=one.name, source_code=one.source.code, source_name=one.source.name, dialect=one.dialect,
        dialect_name=one.get_dialect_display(), host=one.host, port=one.port, database=one.database,
        username=one.username, tls=one.tls, tls_name=one.get_tls_display(), ca_pem=one.ca_pem,
        password_file=one.password_file, made_at=one.made_at, made_by=one.made_by,
        is_removed=one.removed_at is not None, tables=tuple(tables),
    )  # fmt: skip


def _tables(found: Sequence[DockedTable]) -> list[TableView]:
    ids = [one.pk for one in found]
    rows = dict(Pull.objects.filter(table__in=ids).values_list("table").annotate(models.Sum("rows")))
    newest = Pull.objects.filter(table__in=ids).order_by("table", "-id").distinct("table")
    last = {one.table_id: _pull(one) for one in newest}
    items = {item.id: item for item in publish.items()} if found else {}
    return [_table(one, items.get(one.item_id), int(rows.get(one.pk) or 0), last.get(one.pk)) for one in found]


def _table(one: DockedTable, item: Item | None, rows: int, last: PullView | None) -> TableView:
    return TableView(
        id=one.pk, database_id=one.database_id, database_name=one.database.name, source_code=one.source.code,
        source_name=one.source.name, item_id=one.item_id, item_title_zh=item.title_zh if item else one.item_id,
        item_title_en=item.title_en if item else one.item_id,
        table=f"{one.schema}.{one.table}" if one.schema else one.table,
        columns=tuple((name, code) for name, code in one.columns), watermark=one.watermark, is_number=one.is_number,
        key=one.key, overlap=one.overlap, slice_rows=one.slice_rows, every_minutes=one.every_minutes,
        daily_at=one.daily_at, state=one.state, mark=one.mark, is_under_way=bool(one.at), next_at=one.next_at,
        failures=one.failures, is_troubled=one.failures >= pulling.NOTICED, pulled_at=one.pulled_at, rows=rows, last=last,
    )  # fmt: skip


def _pull(one: Pull) -> PullView:
    why: dict[str, str] = one.failure or {}
    return PullView(
        id=one.pk, started_at=one.started_at, ended_at=one.ended_at, rows=one.rows, submission_id=one.submission_id,
        from_mark=one.from_mark, to_mark=one.to_mark, code=why.get("code", ""),
        reason_zh=why.get("zh", ""), reason_en=why.get("en", ""), server_code=why.get("server", ""),
    )  # fmt: skip
