"""Background jobs of the room: batches, and the files that were kept long enough."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.reports import batch
from xinyong.reports.batch_view import BatchView
from xinyong.reports.special import Wanted
from xinyong.security.access import Actor, system

_LOG = logging.getLogger("xinyong.reports")
#: Over an hour, with longer and longer pauses: a token that is unplugged, a full disk that somebody clears.
_AGAIN = RetryStrategy(max_attempts=30, wait=3, linear_wait=10)


@app.task(queue="reports", name="reports.batch", retry=_AGAIN)
def run(batch_id: int) -> None:
    """Does the work on a batch from where it stands."""
    batch.run(batch_id)


@transaction.atomic
def ask(given: Sequence[str], wanted: Wanted, *, by: Actor, at: datetime, purpose: str = "") -> BatchView:
    """``batch.ask``, and the work asked for in the same transaction."""
    made = batch.ask(given, wanted, by=by, at=at, purpose=purpose)
    run.defer(batch_id=made.id)
    return made


def resume() -> None:
    """Asks again for what is not finished: called when a worker starts, after whatever ended the last."""
    for batch_id in batch.unfinished():
        run.defer(batch_id=batch_id)


@app.periodic(cron="20 18 * * *")  # the queue counts in UTC: 02:20 in Beijing
@app.task(queue="housekeeping", name="reports.sweep_batches", queueing_lock="sweep-report-batches")
def sweep_batches(timestamp: int) -> None:
    """Each night: removes the files of batches that were kept long enough."""
    _LOG.info("report-batches-removed count=%s", batch.sweep(by=system("nightly"), at=clock.now()))
