"""Background work: submissions from the office, the nightly clocks. PostgreSQL is the queue (procrastinate)."""

import logging
import sys
import time
from contextlib import suppress
from datetime import datetime
from itertools import chain, repeat

import click

from xinyong.kernel import clock, outages
from xinyong.operations import command

_LOG = logging.getLogger("xinyong.operations")
#: Seconds between tries to reach a database that went away.
_PAUSES = (1, 2, 5, 10)


@click.command()
def worker() -> None:
    """后台作业。Runs the background worker: deposits what the office received, closes the clocks at night."""
    command.with_database()
    from django.db import connection
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    from xinyong.intake import jobs
    from xinyong.operations import log
    from xinyong.reports import jobs as report_jobs

    assert isinstance(app.connector, DjangoConnector)
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        try:
            jobs.resume()
            report_jobs.resume()
            with app.replace_connector(app.connector.get_worker_connector()) as own, log.keeping():
                # Two at once, so that nobody's small file waits behind a file of a million rows.
                own.run_worker(
                    concurrency=2, wait=True, install_signal_handlers=True, listen_notify=True, delete_jobs="successful"
                )
            return
        except Exception as error:
            if outages.of(error) is not outages.Outage.DATABASE_AWAY:
                raise
            _LOG.warning("worker-without-database again-in=%s", pause)
            connection.close()
        time.sleep(pause)
        with suppress(SystemExit):
            command.keep_database()


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="close up to this day (default: today)")
@click.option("--json", "as_json", is_flag=True)
def nightly(day: datetime | None, as_json: bool) -> None:
    """夜间作业。Notes which clocks ended, day by day since the last run; safe to run again."""
    command.with_database()
    from xinyong.records import expiry
    from xinyong.security import sign_in
    from xinyong.security.access import system

    today = day.date() if day else clock.today()
    closings = expiry.close(today=today, by=system("nightly"))
    closed = sign_in.close_unused(now=clock.now())
    if as_json:
        keys = ("day", "ended", "late", "is_new")
        command.print_json([{key: getattr(one, key) for key in keys} for one in closings])
        return
    for one in closings:
        parts = ", ".join(f"{name}/{why} {n}" for name, whys in one.ended.items() for why, n in whys.items())
        late = f"；补记 also, of records that arrived over: {one.late}" if one.late else ""
        click.echo(f"{one.day}: {parts or '无到期 nothing ended'}{late}")
    if closed:
        click.echo(f"停用 {closed} 个 90 天未登录的账号。 {closed} accounts unused for 90 days are disabled.")
    sys.exit(0)
