"""Arrow tables into and out of PostgreSQL: no loop over rows in Python."""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv as pc
from django.db import connection
from django.db.backends.utils import CursorWrapper


def copy_in(cursor: CursorWrapper, table: str, columns: pa.Table) -> None:
    """Appends ``columns`` to the table of that name (a literal of ours, never input), column names as they are."""
    buffer = io.BytesIO()
    # Every value quoted, null bare: what COPY reads as null.
    pc.write_csv(columns, buffer, pc.WriteOptions(include_header=False, quoting_style="all_valid"))
    names = ", ".join(columns.column_names)
    # nosemgrep: sql-from-pieces  a table and columns of ours
    with _psycopg(cursor).copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(buffer.getbuffer())


def fetch(cursor: CursorWrapper, query: str, parameters: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """The rows of ``query`` as a table of ``schema``.

    Not by COPY: it sends a message a row, and Python takes them one by one.
    """
    own = _psycopg(cursor)
    own.execute(query, parameters)
    columns = [*zip(*own.fetchall(), strict=True)] or [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def listed(values: Iterable[object]) -> str:
    """Values as a parameter for ``json_array_elements``: psycopg writes a long array element by element."""
    return json.dumps([*values], ensure_ascii=False)


def fresh(cursor: CursorWrapper, name: str, definition: str) -> None:
    """An empty temporary table until the transaction ends; one transaction may ask again."""
    # nosemgrep: sql-from-pieces  a name of ours
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
    # nosemgrep: sql-from-pieces  a name and a definition of ours
    cursor.execute(f"CREATE TEMPORARY TABLE {name} ({definition}) ON COMMIT DROP")


def _psycopg(cursor: CursorWrapper) -> Any:
    connection.ensure_connection()
    return cast(Any, cursor.cursor)
