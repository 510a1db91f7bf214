"""A session with a department's database, which can read and nothing else, and the statements that are sent to it.

Every statement is built by SQLAlchemy from names that were found in the database itself; values are parameters. The session
is read-only for the server (PostgreSQL, MySQL, MariaDB, Oracle); SQL Server has no such thing, its account must have no right
to write. Imported where it is used, not at the start: SQLAlchemy takes half a second.
"""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
import sqlalchemy.dialects.mysql
from sqlalchemy.pool import NullPool

from xinyong.intake import _connecting, _network
from xinyong.intake._cells import number_text
from xinyong.intake._connecting import Place
from xinyong.intake._failures import TableChanged, told

#: A statement of ours may take so long, a connection so long to come about.
SECONDS = 600
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Column:
    """A column as found. ``kind``: moment, day, number, text, plain; unfit columns hold what is no text."""

    name: str
    kind: str
    type: Any
    comment: str


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows, in the order of watermark and key: from ``start`` (inclusive), or after ``after`` (watermark and, with a
    key, the key), to ``ceiling`` (inclusive)."""

    ceiling: Any
    start: Any = None
    after: tuple[Any, Any] | None = None


@contextmanager
def session(place: Place, password: str) -> Iterator[sa.Connection]:
    """A read-only transaction, undone at its end. Raises DockingOff, HostRefused, DatabaseFailed and its kinds."""
    address = _network.checked(place.host, place.port)
    failures: tuple[type[BaseException], ...] = (sa.exc.SQLAlchemyError, *_connecting.errors(place.dialect))
    refusals: tuple[type[BaseException], ...] = (*failures, OSError)
    engine = sa.create_engine(
        _connecting.URLS[place.dialect],
        creator=lambda: _connecting.connect(place, password, address, SECONDS),
        poolclass=NullPool,
        hide_parameters=True,
    )
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(_connected(engine))
            _begin(connection, place.dialect)
        except refusals as error:
            raise told(error, place) from None  # the driver's text may quote a password, a row, a statement
        try:
            yield connection
        except failures as error:
            raise told(error, place) from None


@contextmanager
def _connected(engine: sa.Engine) -> Iterator[sa.Connection]:
    connection = engine.connect()
    try:
        yield connection
    finally:
        with contextlib.suppress(sa.exc.SQLAlchemyError, OSError):
            connection.invalidate()  # closed at once: a driver that still has rows to fetch would fetch them all
            connection.close()
        engine.dispose()


_BEGIN: dict[str, tuple[str, ...]] = {
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"),
    "oracle": ("SET TRANSACTION READ ONLY",),
    "mssql": (),
}


def _begin(connection: sa.Connection, dialect: str) -> None:
    for statement in _BEGIN[dialect]:
        connection.exec_driver_sql(statement)


def columns(connection: sa.Connection, schema: str, table: str) -> dict[str, Column]:
    """The columns of a table or view, by name. Raises TableChanged (through ``session``) when there is none."""
    if connection.dialect.name in {"mysql", "mariadb"}:
        found = _mysql_columns(connection, schema, table)
    else:
        found = [
            (str(one["name"]), one["type"], str(one.get("comment") or ""))
            for one in sa.inspect(connection).get_columns(table, schema=schema or None)
        ]
    return {name: Column(name, _kind(type_), type_, comment.strip()) for name, type_, comment in found}


#: What MySQL and MariaDB call their types → ours; others are unfit.
_MYSQL: dict[str, Any] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), sa.BigInteger()),
    **dict.fromkeys(("decimal", "float", "double"), sa.Numeric()),
    **dict.fromkeys(("datetime", "timestamp"), sa.DateTime()),
    **dict.fromkeys(
        ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "uuid"), sa.String()
    ),
    "date": sa.Date(), "time": sa.Time(), "json": sa.JSON(), "bit": sa.dialects.mysql.BIT(),
}  # fmt: skip


def _mysql_columns(connection: sa.Connection, schema: str, table: str) -> list[tuple[str, Any, str]]:
    """By information_schema: SQLAlchemy asks how a view was made, which takes a right that a reader need not have."""
    names = ("column_name", "data_type", "column_comment", "table_schema", "table_name", "ordinal_position")
    all_columns = sa.table("columns", *(sa.column(name, sa.String()) for name in names), schema="information_schema")
    column = all_columns.c
    statement = (
        sa.select(column.column_name, column.data_type, column.column_comment)
        .where(column.table_schema == (schema or sa.func.database()), column.table_name == table)
        .order_by(column.ordinal_position)
    )
    found = [
        (str(n), _MYSQL.get(str(t).lower(), sa.LargeBinary()), str(c or ""))
        for n, t, c in connection.execute(statement)
    ]
    if not found:
        raise sa.exc.NoSuchTableError(table)
    return found


def tables(connection: sa.Connection, schema: str) -> list[str]:
    """Names of the tables and views that the account sees in a schema."""
    inspector = sa.inspect(connection)
    return sorted({*inspector.get_table_names(schema=schema or None), *inspector.get_view_names(schema=schema or None)})


def _kind(type_: Any) -> str:
    name = type(type_).__name__.upper()
    if isinstance(type_, (sa.DateTime, sa.TIMESTAMP)) or name in {"DATETIME2", "SMALLDATETIME", "DATETIMEOFFSET"}:
        return "moment"
    if isinstance(type_, sa.Date):
        return "day"
    if isinstance(type_, (sa.Integer, sa.Numeric)) and name != "BIT":
        return "number"
    if isinstance(type_, (sa.String, sa.Uuid)):
        return "text"
    if isinstance(type_, (sa.Boolean, sa.Time, sa.Enum, sa.JSON)) or name in {
        "BIT",
        "YEAR",
        "INTERVAL",
        "ROWID",
        "MONEY",
    }:
        return "plain"
    return "unfit"


def now(connection: sa.Connection) -> datetime:
    """The server's own clock, in Beijing time, which the session was told to keep."""
    found = connection.execute(sa.select(sa.func.current_timestamp())).scalar_one()
    return moment(found)


def ceiling(connection: sa.Connection, table: "Table", limit: Any) -> Any:
    """The largest watermark, not beyond ``limit`` where there is one; None when no row has any."""
    statement = sa.select(sa.func.max(table.mark))
    if limit is not None:
        statement = statement.where(table.mark <= limit)
    return table.value(connection.execute(statement).scalar())


def boundary(connection: sa.Connection, table: "Table", window: Window, rows: int) -> Any:
    """The watermark of the row after ``rows`` rows of the window; None when it has no more."""
    statement = sa.select(table.mark).where(table.within(window)).order_by(table.mark).offset(rows).limit(1)
    return table.value(connection.execute(statement).scalar())


def count(connection: sa.Connection, table: "Table", window: Window) -> int:
    """How many rows a window has."""
    return int(
        connection.execute(sa.select(sa.func.count()).select_from(table.table).where(table.within(window))).scalar_one()
    )


def unmarked(connection: sa.Connection, table: "Table") -> bool:
    """True when a row has no watermark: it would never be read."""
    statement = sa.select(sa.literal(1)).select_from(table.table).where(table.mark.is_(None)).limit(1)
    return connection.execute(statement).first() is not None


def rows(
    connection: sa.Connection, table: "Table", window: Window | None, names: Sequence[str], limit: int | None
) -> Generator[tuple[Any, Any, list[str | None]]]:
    """Watermark, key (None without one) and the texts of these columns, row for row, as they come from the server."""
    statement = table.select(names)
    if window is not None:
        statement = statement.where(table.within(window))
    if limit is not None:
        statement = statement.limit(limit)
    moments = [table.found[name].kind == "moment" for name in names]
    found = connection.execution_options(stream_results=True, max_row_buffer=_BATCH).execute(statement)
    try:
        for batch in found.partitions(_BATCH):
            for mark, key, *cells in batch:
                yield mark, key, [text(cell, is_moment) for cell, is_moment in zip(cells, moments, strict=True)]
    finally:
        found.close()  # left early, a driver fetches what remains: a slice at most


class Table:
    """A table or view of the department as SQLAlchemy knows it, with its watermark and its key."""

    def __init__(self, schema: str, name: str, watermark: str, key: str, found: dict[str, Column]) -> None:
        self.found = found
        self.table = sa.table(name, *(sa.column(one.name, one.type) for one in found.values()), schema=schema or None)
        self.mark: sa.ColumnClause[Any] = self.table.c[watermark]
        self.key: sa.ColumnClause[Any] | None = self.table.c[key] if key else None
        self._kind = found[watermark].kind

    def select(self, names: Sequence[str]) -> sa.Select[Any]:
        """Watermark, key and these columns, in the order of watermark and key. Values come as the driver has them."""
        key = self.key if self.key is not None else sa.null()
        picked = [
            sa.type_coerce(one, sa.types.NullType()) for one in (self.mark, key, *(self.table.c[n] for n in names))
        ]
        labelled = [one.label(f"c{place}") for place, one in enumerate(picked)]
        order = [self.mark] if self.key is None else [self.mark, self.key]
        return sa.select(*labelled).select_from(self.table).order_by(*order)

    def within(self, window: Window) -> sa.ColumnElement[bool]:
        """The condition of a window."""
        conditions = [self.mark <= window.ceiling]
        if window.after is not None:
            mark, key = window.after
            after: sa.ColumnElement[bool] = self.mark > mark
            if self.key is not None and key is not None:
                after = sa.or_(after, sa.and_(self.mark == mark, self.key > key))
            conditions.append(after)
        elif window.start is not None:
            conditions.append(self.mark >= window.start)
        return sa.and_(*conditions)

    def value(self, raw: Any) -> Any:
        """A watermark as a value that compares: an instant, a date, a number."""
        if raw is None:
            return None
        if self._kind == "number":
            number = Decimal(str(raw))
            return int(number) if number == number.to_integral_value() else number
        found = moment(raw)
        return found.date() if self._kind == "day" else found

    def key_value(self, raw: Any) -> Any:
        """A key, from the text it was kept as."""
        if raw is None or self.key is None:
            return None
        return Decimal(raw) if self.found[self.key.name].kind == "number" else str(raw)


def moment(raw: Any) -> datetime:
    """An instant as a driver or our own note has it; a date is its midnight."""
    if isinstance(raw, datetime):
        return raw
    if isinstance(raw, date):
        return datetime.combine(raw, time())
    return datetime.fromisoformat(str(raw))


def text(value: Any, is_moment: bool) -> str | None:
    """A cell as text, as the department has it: codes with their zeros, decimals exact, midnight left out, no zone."""
    if value is None or isinstance(value, str):
        return _without_midnight(value) if is_moment and value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(repr(value))[0]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return _without_midnight(value.isoformat(" "))
    if isinstance(value, bytes):
        return str(int.from_bytes(value)) if len(value) <= 8 else value.hex()
    return _span(value) if isinstance(value, timedelta) else str(value)


def _without_midnight(said: str) -> str:
    day, _, rest = said.partition(" ")
    clock = rest.partition("+")[0].partition(".")[0]
    return day if clock in ("", "00:00:00") else f"{day} {clock}"


def _span(value: timedelta) -> str:
    whole = int(value.total_seconds())
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def changed(place: Place, table: str, columns: Sequence[str]) -> TableChanged:
    """The failure for columns that are gone, by name: names are the department's own, and no data."""
    gone = "、".join(columns)
    return TableChanged(
        f"{place.name} 的表 {table} 中已没有这些列：{gone}。请与该部门核对表结构，改好对应关系后再拉取。",
        f"The table {table} of {place.name} has lost columns: {', '.join(columns)}. Ask the department, then map it anew.",
    )


def server(connection: sa.Connection) -> str:
    """Kind and version of the server, as people say it."""
    dialect = connection.dialect
    name = "MariaDB" if getattr(dialect, "is_mariadb", False) else dialect.name
    version = ".".join(str(one) for one in (dialect.server_version_info or ()) if not isinstance(one, str))
    return f"{name} {version}".strip()


def is_encrypted(connection: sa.Connection) -> bool | None:
    """Whether this very session is encrypted; None where the server does not say."""
    raw = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        return bool(raw.pgconn.ssl_in_use)  # type: ignore[union-attr]
    if connection.dialect.name in {"mysql", "mariadb"}:
        row = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'").first()
        return bool(row and row[1])
    return None
