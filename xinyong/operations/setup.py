"""``xinyong setup``: migrations, the national catalogue, the working-day table, translations. Safe to run again."""

import ast
import hashlib
import json
import time
from pathlib import Path

import click

from xinyong.kernel.errors import Conflict
from xinyong.operations import command


@click.command()
def setup() -> None:
    """初始化。Brings the database, the catalogue and the tables up to date; says what it does."""
    started = time.monotonic()
    click.echo("· 数据库 database …", nl=False)
    command.with_database()
    prepare()
    click.echo(f" 就绪 ready ({time.monotonic() - started:.1f} s)")


class OtherSchema(Conflict):
    """The database was made by a state of development whose migrations have been rewritten since."""

    code = "operations.other-schema"


def prepare() -> None:
    """Migrates and loads what every installation has; does nothing twice. Django must be set up. Raises OtherSchema."""
    from django.core.management import call_command

    from xinyong.catalogue import publish, tables
    from xinyong.reports import signing
    from xinyong.security import routes, separation
    from xinyong.security.access import system
    from xinyong.web import messages

    messages.compile_messages()
    routes.require_declared()
    with separation.as_owner():
        require_own_schema()
        call_command("migrate", verbosity=0, interactive=False)
        _keep_digests()
        separation.secure()
    by = system("setup")
    publish.install_library(by=by)
    tables.install_calendar(by=by)
    signing.install()


def require_own_schema() -> None:
    """Refuses a database whose applied migrations read otherwise today. Releases never rewrite one; development did.
    Raises OtherSchema."""
    from django.conf import settings

    now = _digests()
    if any(now.get(name, digest) != digest for name, digest in _kept_digests().items()):
        raise OtherSchema(
            "这个数据库由开发中的另一版本建立，表结构已经不同，不能沿用；请用 XINYONG_HOME 另选一个空的数据目录（或用"
            f" DATABASE_URL 另建数据库）后重新初始化，也可以用原来的程序版本打开 {settings.XINYONG_HOME}。",
            "This database was made by another state of development and its tables differ: choose an empty data directory "
            f"(XINYONG_HOME) or a new database (DATABASE_URL), or open {settings.XINYONG_HOME} with the version that made "
            "it.",
        )


def _kept_digests() -> dict[str, str]:
    """What the database says its migrations read like: a comment on Django's own table of them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regclass('django_migrations'), 'pg_class')")
        (text,) = cursor.fetchone()
    return dict(json.loads(text)) if text else {}


def _keep_digests() -> None:
    from django.db import connection
    from psycopg import sql

    text = sql.Literal(json.dumps(_digests() | _kept_digests()))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("COMMENT ON TABLE django_migrations IS {}").format(text).as_string())


def _digests() -> dict[str, str]:
    """Digest of each of our migrations; neither comments nor layout count."""
    return {
        f"{path.parent.parent.name}.{path.stem}": hashlib.sha256(
            ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode()
        ).hexdigest()[:16]
        for path in sorted(Path(__file__).parent.parent.glob("*/migrations/0*.py"))
    }
