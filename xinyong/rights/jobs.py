"""Background jobs of the room."""

import logging

from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.rights import alarms, queries, reminders, repair_desk
from xinyong.security.access import system

_LOG = logging.getLogger("xinyong.rights")


@app.periodic(cron="12 * * * *")
@app.task(queue="clocks", name="rights.follow", queueing_lock="follow-objections")
def follow(timestamp: int) -> None:
    """Each hour: closes objections whose correction has come in, tells of terms near their end, escalates those past it."""
    done = reminders.follow(by=system("hourly"), at=clock.now())
    _LOG.info("objections-followed closed=%s near=%s overdue=%s", done.closed, done.near, done.over)


@app.periodic(cron="27 * * * *")
@app.task(queue="clocks", name="rights.follow_repairs", queueing_lock="follow-repairs")
def follow_repairs(timestamp: int) -> None:
    """Each hour: closes repairs that every recipient has acknowledged, tells of terms near their end, escalates those past it."""
    done = repair_desk.follow(by=system("hourly"), at=clock.now())
    _LOG.info("repairs-followed closed=%s near=%s overdue=%s", done.closed, done.near, done.over)


@app.periodic(cron="23 * * * *")
@app.task(queue="housekeeping", name="rights.watch", queueing_lock="rights-watch")
def watch(timestamp: int) -> None:
    """Each hour: raises what is strange about looks, erases answers whose time is over."""
    now = clock.now()
    alarms.watch(now=now, by=system("watch"))
    queries.sweep(now=now)
