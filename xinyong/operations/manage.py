"""Django's management commands, for developers: ``xinyong manage migrate`` and the like."""

import click

from xinyong.operations import command


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Runs a Django management command."""
    command.with_database()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["xinyong manage", *arguments])
