"""The log in the database: its connection, its tree's nodes, and the canonical bytes of what its leaves stand for."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg
from django.db import connection as django_connection
from psycopg import sql as psql

from xinyong.kernel import sql
from xinyong.security import separation
from xinyong.security.ledger import merkle
from xinyong.security.ledger.merkle import TILE_HEIGHT, Hash

SQL = sql.load(__file__, "ledger.sql")

#: What leaves stand for: kind → the table it lies in.
KINDS: Final = {"audit": "security_auditentry", "records": "security_batch", "statement": "security_statement"}

Connection = psycopg.Connection[Any]

#: Advisory lock: one sequencer at a time.
LOCK: Final = (7307, 1)


# Instants as UTC, functions the server's own: canonical bytes must not depend on who asks. The log sees all, as the
# platform itself.
_SESSION: Final = (
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET search_path = pg_catalog, public; SET xinyong.role = 'system'"
)


@contextmanager
def own() -> Iterator[Connection]:
    """A connection of the log's own: what it commits must not hang on the transaction of whoever asked."""
    place = django_connection.settings_dict
    connection = psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], password=place["PASSWORD"] or None,
        dbname=place["NAME"], autocommit=True, application_name="xinyong-ledger",
        options=(place["OPTIONS"] or {}).get("options"),
    )  # fmt: skip
    with closing(connection):
        connection.execute(_SESSION)
        yield connection


@contextmanager
def reader() -> Iterator[Connection]:
    """A connection that row-level security hides nothing from, for verification. One snapshot, nothing written."""
    with closing(separation.as_loader()) as connection:
        connection.execute(_SESSION)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def size(connection: Connection) -> int:
    """How many leaves the log has."""
    row = connection.execute(SQL["size"]).fetchone()
    return int(row[0]) if row else 0


class Table:
    """The tree's nodes as the tables hold them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __call__(self, level: int, first: int, count: int) -> Sequence[bytes]:
        asked = [first, first + count] if level == 0 else [level, first, first + count]
        rows = self.connection.execute(SQL["leaves" if level == 0 else "nodes"], asked).fetchall()
        if [number for number, _ in rows] != list(range(first, first + count)):
            raise KeyError(f"nodes {level}/{first}+{count} are not whole")
        return [bytes(digest) for _, digest in rows]


def content(connection: Connection, kind: str, refs: Sequence[int]) -> dict[int, bytes]:
    """Canonical bytes of the things with these ids; those that are not there are absent."""
    rows = connection.execute(SQL[f"content_{kind}"].format(which="a.id = ANY(%s)"), [list(refs)])
    return {ref: text.encode() for ref, text in rows}


def contents(connection: Connection, kind: str, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
    """Canonical bytes of all things of a kind, by id, without holding them all."""
    statement = SQL[f"content_{kind}"].format(which="a.id > %s")
    with connection.transaction(), connection.cursor(name=f"contents_{kind}") as cursor:
        cursor.itersize = 5000
        cursor.execute(psql.SQL(statement), [after])
        for ref, text in cursor:
            yield ref, text.encode()


def leaf_data(kind: str, ref: int, salt: bytes, found: bytes, h: Hash) -> bytes:
    """The bytes a leaf's hash is over. The salt keeps a published hash from telling whether a guess at an entry (who looked
    at what, when) is right."""
    return f"xinyong/1\n{kind}\n{ref}\n{h(salt + found).hex()}\n".encode()


def leaf_hash(kind: str, ref: int, salt: bytes, found: bytes, h: Hash) -> bytes:
    """The leaf's hash."""
    return merkle.leaf_hash(leaf_data(kind, ref, salt, found, h), h)


def width(level: int) -> int:
    """How many leaves lie under a node of a level."""
    return 1 << (level * TILE_HEIGHT)
