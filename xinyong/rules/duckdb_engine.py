"""Evaluates many expressions over a table in one pass, in process, with DuckDB.

The connection is shut off from files, network and extensions, and its settings are locked: should a rule ever get past
the parser, it would still find nothing to read.
"""

import os
import threading
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.kernel.errors import Invalid
from xinyong.rules import _sql
from xinyong.rules._tree import COLUMN_DIGITS, COLUMN_SCALE, INTEGER_DIGITS, Value
from xinyong.rules.language import ColumnType, Expression

_SETTINGS = {"enable_external_access": "false", "autoinstall_known_extensions": "false",
             "autoload_known_extensions": "false", "lock_configuration": "true"}  # fmt: skip
_ARROW = {
    ColumnType.TEXT: pa.string(), ColumnType.DATE: pa.date32(), ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(), ColumnType.DECIMAL: pa.decimal128(COLUMN_DIGITS + COLUMN_SCALE, COLUMN_SCALE),
}  # fmt: skip
_PYTHON: Mapping[ColumnType, tuple[type, ...]] = {
    ColumnType.TEXT: (str,), ColumnType.DATE: (date,), ColumnType.BOOLEAN: (bool,), ColumnType.INTEGER: (int,),
    ColumnType.DECIMAL: (int, Decimal),
}  # fmt: skip
#: The table of an evaluation, in this thread's own connection.
_ROWS = "given_rows"
_own = threading.local()
_NOTHING: Mapping[str, object] = MappingProxyType({})


class TableDoesNotFit(Invalid):
    """A table lacks a column that an expression reads, or the column holds another type."""

    code = "rules.table-does-not-fit"


def evaluate(
    table: "pa.Table | duckdb.DuckDBPyRelation",
    expressions: Mapping[str, Expression],
    *,
    given: Mapping[str, object] = _NOTHING,
) -> pa.Table:
    """One column per expression, named by its id, in the order of the mapping; rows in the order of the table.

    ``table``: an Arrow table, or a relation of the caller's own DuckDB connection (no row order is promised then unless
    that connection keeps it). ``given`` are columns that have one value for all rows (a day of judgement, say); they
    hide the table's. Booleans come as bool, INTEGER as int64 (wider results as decimal), DECIMAL as decimal128.
    Raises TableDoesNotFit.
    """
    if isinstance(table, pa.Table):
        return _over_arrow(table, expressions, given)
    _check_schema(table.limit(0).to_arrow_table().schema, _own_columns(expressions, given))
    return _project(table, expressions, given, {})


def failing(
    table: "pa.Table | duckdb.DuckDBPyRelation",
    checks: Mapping[str, Expression],
    *,
    given: Mapping[str, object] = _NOTHING,
) -> dict[str, pa.Array]:
    """For each check the positions (from 0, int64) of the rows that fail it: those where it is FALSE."""
    verdicts = evaluate(table, checks, given=given)
    return {
        name: pc.indices_nonzero(pc.fill_null(pc.invert(verdicts.column(name)), False)).cast(pa.int64())
        for name in checks
    }


def arrow_type(of: ColumnType) -> pa.DataType:
    """The Arrow type of a column."""
    return _ARROW[of]


def _over_arrow(table: pa.Table, expressions: Mapping[str, Expression], given: Mapping[str, object]) -> pa.Table:
    # Positions for names: DuckDB folds case even between quotes. A table without columns would have no rows.
    needed = _own_columns(expressions, given)
    _check_schema(table.schema, needed)
    arrays = [table.column(name) for name in needed] or [pa.nulls(table.num_rows)]
    plain = pa.table(arrays, names=[f"c{at}" for at in range(len(arrays))])
    positions = {name: f"c{at}" for at, name in enumerate(needed)}
    if not expressions:
        return pa.table({})
    typed, wanted = _selected(expressions, given, positions)
    connection = _connection()
    connection.register(_ROWS, plain)
    try:
        # One statement: the engine plans a chain of relations anew at every step.
        statement = f"SELECT {wanted} FROM (SELECT {typed} FROM {_ROWS})"  # noqa: S608  # nosec B608  made of parsed expressions
        found = connection.sql(statement).to_arrow_table()
    finally:
        connection.unregister(_ROWS)
    return found.rename_columns(list(expressions))


def _project(
    relation: duckdb.DuckDBPyRelation,
    expressions: Mapping[str, Expression],
    given: Mapping[str, object],
    positions: Mapping[str, str],
) -> pa.Table:
    """First the columns, typed (a cast to the type that is there already costs nothing), then the expressions."""
    if not expressions:
        return pa.table({})
    typed, wanted = _selected(expressions, given, positions)
    return relation.project(typed).project(wanted).to_arrow_table().rename_columns(list(expressions))


def _selected(
    expressions: Mapping[str, Expression], given: Mapping[str, object], positions: Mapping[str, str]
) -> tuple[str, str]:
    """What to select: the columns with their types, and from those the expressions."""
    columns = _columns(expressions)
    typed = [
        f"CAST({_given(name, of, given) if name in given else _sql.identifier(positions.get(name, name))}"
        f" AS {_sql.column_sql(of)}) AS v{at}"
        for at, (name, of) in enumerate(columns.items())
    ] or ["0 AS v0"]
    names = {name: f"v{at}" for at, name in enumerate(columns)}
    wanted = [f"{one.to_sql(names=names)} AS r{at}" for at, one in enumerate(expressions.values())]
    return ", ".join(typed), ", ".join(wanted)


def _given(name: str, of: ColumnType, given: Mapping[str, object]) -> str:
    """A value as SQL, held to the type and size of a column."""
    value = given[name]
    if value is None:
        return "NULL"
    is_right = isinstance(value, _PYTHON[of]) and isinstance(value, bool) == (of is ColumnType.BOOLEAN)
    try:
        if not is_right or isinstance(value, datetime):
            raise ValueError(type(value).__name__)
        exact: Value = pa.scalar(value, type=_ARROW[of]).as_py()
    except (pa.ArrowInvalid, ValueError, OverflowError) as wrong:
        zh, en = (
            f"给定的 {name} 应是 {of.value}，且不超出范围",
            f"the value given for {name} must be a {of.value} in range",
        )
        raise TableDoesNotFit(zh, en, column=name) from wrong
    return _sql.constant(exact)


def _own_columns(expressions: Mapping[str, Expression], given: Mapping[str, object]) -> dict[str, ColumnType]:
    """The columns that the table itself must have."""
    return {name: of for name, of in _columns(expressions).items() if name not in given}


def _columns(expressions: Mapping[str, Expression]) -> dict[str, ColumnType]:
    """The columns that the expressions read, with their types."""
    found: dict[str, ColumnType] = {}
    for one in expressions.values():
        for name, of in one.column_types.items():
            if found.setdefault(name, of) is not of:
                zh, en = f"列 {name} 在不同规则中类型不同", f"expressions disagree about the type of column {name}"
                raise TableDoesNotFit(zh, en, column=name)
    return found


def _check_schema(schema: pa.Schema, columns: Mapping[str, ColumnType]) -> None:
    """Refuses a column whose values could not all be held exactly, above all binary floating point."""
    for name, of in columns.items():
        if len(schema.get_all_field_indices(name)) != 1:
            zh, en = f"表里没有 {name} 这一列，或不止一列", f"the table must have exactly one column {name}"
            raise TableDoesNotFit(zh, en, column=name)
        found = schema.field(name).type
        if not (pa.types.is_null(found) or _fits(found, of)):
            zh, en = f"列 {name} 应是 {of.value}，表里是 {found}", f"column {name} should hold {of.value}, not {found}"
            raise TableDoesNotFit(zh, en, column=name)


def _fits(found: pa.DataType, of: ColumnType) -> bool:
    is_whole = pa.types.is_integer(found) and found != pa.uint64()
    is_exact = pa.types.is_decimal(found) and found.scale >= 0
    match of:
        case ColumnType.TEXT:
            inner = found.value_type if pa.types.is_dictionary(found) else found
            return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))
        case ColumnType.DATE:
            return bool(pa.types.is_date32(found))
        case ColumnType.BOOLEAN:
            return bool(pa.types.is_boolean(found))
        case ColumnType.INTEGER:
            return bool(is_whole or (is_exact and found.scale == 0 and found.precision <= INTEGER_DIGITS))
    room = found.precision - found.scale if is_exact else 0
    is_small = is_whole and found.bit_width <= 32
    return bool(is_small or (is_exact and room <= COLUMN_DIGITS and found.scale <= COLUMN_SCALE))


def _connection() -> duckdb.DuckDBPyConnection:
    """This thread's own connection in this process: DuckDB's are neither shared between threads nor over a fork, where
    the engine's worker threads are gone. A forked child keeps its parent's, unused: closing it would wait for them."""
    found: dict[int, duckdb.DuckDBPyConnection] = _own.__dict__.setdefault("connections", {})
    if os.getpid() not in found:
        found[os.getpid()] = duckdb.connect(":memory:", config=dict(_SETTINGS))
    return found[os.getpid()]
