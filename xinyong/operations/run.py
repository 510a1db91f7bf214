"""``xinyong run``: what ``make run`` does: database, catalogue, synthetic city, pages, accounts, in one command."""

import os
import sys

import click

from xinyong.operations import command, serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--workers", default=2, show_default=True, type=int)
@click.option(
    "--subjects", default=20_000, show_default=True, type=int, help="演示城市的主体数 organisations of the city"
)
@click.option("--records", default=200_000, show_default=True, type=int, help="演示城市的记录数 records of the city")
@click.option("--seed", default=7, show_default=True, type=int)
def run(host: str, port: int, workers: int, subjects: int, records: int, seed: int) -> None:
    """启动演示。Starts the platform with a synthetic city; a city that is loaded stays as it is."""
    serve.require_free(host, port)
    os.environ.setdefault("XINYONG_ORIGIN", f"http://{host}:{port}")
    click.echo("· 数据库 database …", nl=False)
    sys.stdout.flush()
    command.with_database()
    from xinyong.operations import city
    from xinyong.operations.setup import prepare

    prepare()
    serve.remember_origin()
    click.echo(" 就绪 ready")
    city.load(subjects=subjects, records=records, seed=seed)
    city.print_accounts()
    sys.exit(serve.keep(host, port, workers))
