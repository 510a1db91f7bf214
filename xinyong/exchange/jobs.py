"""Housekeeping of the machines' door."""

from procrastinate.contrib.django import app

from xinyong.intake import by_interface
from xinyong.kernel import clock
from xinyong.security import partners, quotas, tokens


@app.periodic(cron="37 * * * *")
@app.task(queue="housekeeping", name="exchange.sweep", queueing_lock="exchange-sweep")
def sweep(timestamp: int) -> None:
    """Each hour: forgets tokens and nonces that have ended, quotas of minutes that are over, keys of long ago."""
    now = clock.now()
    tokens.sweep(now=now)
    quotas.sweep(now=now)
    partners.sweep_nonces(now=now)
    by_interface.sweep(now=now)
