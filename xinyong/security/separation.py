"""Who the program is to its own database: three roles, so that what runs can neither change the tables nor the past.

The *owner* sets up and upgrades. The *app* runs: it cannot alter, empty or drop a table, cannot update or delete what is
append-only, and sees rows by row-level security (security/scope.py). The *loader* writes records: their only writer, by
COPY, which row-level security does not allow. A table is append-only when it carries a trigger whose function is named
``…_only_grows``; that is also how this module knows.
Source: GB/T 22239-2019 8.1.4.2 (least privilege), 8.1.4.3 (protection of audit records).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.utils import ProgrammingError

from xinyong.kernel import sql
from xinyong.kernel.errors import Conflict

_SQL = sql.load(__file__, "separation.sql")


class NoRoles(Conflict):
    """The database user may not make the roles the program runs under."""

    code = "security.no-roles"


@contextmanager
def as_owner() -> Iterator[None]:
    """Django's connection is the owner's within: for migrations and what else only an owner may do, never in a request."""
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update({**settings.DATABASE_AS["owner"], "NAME": kept["NAME"]})
    try:
        yield
    finally:
        connection.close()
        kept["NAME"] = connection.settings_dict["NAME"]  # a test database may have been made meanwhile
        connection.settings_dict.clear()
        connection.settings_dict.update(kept)


def as_loader() -> psycopg.Connection[Any]:
    """A connection of the loader's own, in autocommit."""
    return _connect("loader", "xinyong-lane")


def owner() -> psycopg.Connection[Any]:
    """A connection of the owner's own, in autocommit: for what only an owner may do beside a running platform. Whether it is
    the owner of a table the caller asks; without XINYONG_OWNER_URL it may not be."""
    return _connect("owner", "xinyong-owner")


def _connect(who: str, name: str) -> psycopg.Connection[Any]:
    place = settings.DATABASE_AS[who]
    return psycopg.connect(
        host=place["HOST"] or None, port=place["PORT"] or None, user=place["USER"] or None,
        password=place.get("PASSWORD") or None, dbname=connection.settings_dict["NAME"], autocommit=True,
        application_name=name, options=place["OPTIONS"].get("options"),
    )  # fmt: skip


def secure() -> None:
    """Makes the roles where they are missing and gives each its rights, no more; safe to run again. Call it as the owner,
    after migrations. Raises NoRoles."""
    if not has_roles():
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(_SQL["roles"])
    except ProgrammingError as error:
        raise NoRoles(
            "数据库用户无权建立角色 xinyong_app、xinyong_loader。请数据库管理员按 docs/how-to/own-postgresql.md 建立；"
            "如确实不能，可设置 XINYONG_DB_ROLES=0，但将失去数据库一侧的第二道防线。",
            "The database user may not make the roles xinyong_app and xinyong_loader. Have your database administrator "
            "make them (docs/how-to/own-postgresql.md), or set XINYONG_DB_ROLES=0 and do without the second wall.",
        ) from error
    with connection.cursor() as cursor:
        cursor.execute(_SQL["rights"])


def has_roles() -> bool:
    """True when the running program is not the owner of its tables."""
    owner, loader = settings.DATABASE_AS["owner"], settings.DATABASE_AS["loader"]
    return bool((loader["USER"], loader["OPTIONS"]) != (owner["USER"], owner["OPTIONS"]))
