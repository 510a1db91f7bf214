"""Arrow tables into and out of PostgreSQL by COPY: no loop over rows in Python."""

import io
from collections.abc import Mapping
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv as pc
from django.db import connection
from django.db.backends.utils import CursorWrapper

_LINES = pc.ParseOptions(newlines_in_values=True)


def copy_in(cursor: CursorWrapper, table: str, columns: pa.Table) -> None:
    """Appends ``columns`` to the table of that name (a literal of ours, never input), column names as they are."""
    buffer = io.BytesIO()
    # Every value quoted, null bare: what COPY reads as null.
    pc.write_csv(columns, buffer, pc.WriteOptions(include_header=False, quoting_style="all_valid"))
    names = ", ".join(columns.column_names)
    with _psycopg(cursor).copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(buffer.getbuffer())


def fetch(cursor: CursorWrapper, query: str, parameters: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """The rows of ``query`` as a table of ``schema``; nulls stay null, empty strings stay empty."""
    buffer = io.BytesIO()
    with _psycopg(cursor).copy(f"COPY ({query}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)", parameters) as copy:
        for block in copy:
            buffer.write(block)
    if not buffer.tell():
        return schema.empty_table()
    buffer.seek(0)
    return pc.read_csv(
        buffer,
        read_options=pc.ReadOptions(column_names=schema.names, block_size=max(1 << 20, buffer.getbuffer().nbytes)),
        parse_options=_LINES,
        convert_options=pc.ConvertOptions(
            column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )


def fresh(cursor: CursorWrapper, name: str, definition: str) -> None:
    """An empty temporary table until the transaction ends; one transaction may ask again."""
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
    cursor.execute(f"CREATE TEMPORARY TABLE {name} ({definition}) ON COMMIT DROP")


def _psycopg(cursor: CursorWrapper) -> Any:
    connection.ensure_connection()
    return cast(Any, cursor.cursor)
