"""The nightly jobs of the room."""

import logging

from django.conf import settings
from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.records import erased, expiry, telling
from xinyong.security.access import system

_LOG = logging.getLogger("xinyong.records")


@app.periodic(cron="5 16 * * *")  # the queue counts in UTC; Beijing is eight hours ahead, without summer time
@app.task(queue="clocks", name="records.close_clocks", queueing_lock="close-clocks")
def close_clocks(timestamp: int) -> None:
    """At 00:05 in Beijing: notes which clocks ended with the day, and catches up on days that were missed."""
    expiry.close(today=clock.today(), by=system("nightly"))


@app.periodic(cron="40 17 * * *")  # 01:40 in Beijing
@app.task(queue="clocks", name="records.erase", queueing_lock="erase")
def erase(timestamp: int) -> None:
    """Each night: erases persons' records whose retention and grace are over. A run that was killed goes on the next night."""
    try:
        made = erased.run(today=clock.today(), grace_days=settings.ERASE_GRACE_DAYS, by=system("nightly"))
    except erased.Busy:
        _LOG.info("erasing-busy")
        return
    _LOG.info("erased proofs=%s versions=%s", len(made), sum(one.count for one in made))


@app.periodic(cron="40 23 * * *")
@app.task(queue="clocks", name="records.tell_subjects", queueing_lock="tell-subjects")
def tell_subjects(timestamp: int) -> None:
    """At 07:40 in Beijing: tells subjects who have an account what is new about them."""
    telling.tell(today=clock.today(), by=system("morning"), at=clock.now())
