"""``xinyong setup``: migrations, the national catalogue, the working-day table, translations. Safe to run again."""

import time

import click

from xinyong.operations import command


@click.command()
def setup() -> None:
    """初始化。Brings the database, the catalogue and the tables up to date; says what it does."""
    started = time.monotonic()
    click.echo("· 数据库 database …", nl=False)
    command.with_database()
    prepare()
    click.echo(f" 就绪 ready ({time.monotonic() - started:.1f} s)")


def prepare() -> None:
    """Migrates and loads what every installation has; does nothing twice. Django must be set up."""
    from django.core.management import call_command

    from xinyong.catalogue import publish, tables
    from xinyong.security.access import system
    from xinyong.web import messages

    messages.compile_messages()
    call_command("migrate", verbosity=0, interactive=False)
    by = system("setup")
    publish.install_library(by=by)
    tables.install_calendar(by=by)
