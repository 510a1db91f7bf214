"""Background jobs of the room."""

import logging

from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.rights import alarms, annulment, consent_end, overdue, queries, recipients, reminders, repair_desk
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


@app.periodic(cron="42 * * * *")
@app.task(queue="clocks", name="rights.follow_remedies", queueing_lock="follow-remedies")
def follow_remedies(timestamp: int) -> None:
    """Each hour: tells of complaints and appeals near their end, escalates those past it."""
    done = overdue.follow(by=system("hourly"), at=clock.now())
    _LOG.info("remedies-followed near=%s overdue=%s", done.near, done.over)


@app.periodic(cron="23 * * * *")
@app.task(queue="housekeeping", name="rights.watch", queueing_lock="rights-watch")
def watch(timestamp: int) -> None:
    """Each hour: raises what is strange about looks, erases answers whose time is over."""
    now = clock.now()
    alarms.watch(now=now, by=system("watch"))
    queries.sweep(now=now)


@app.periodic(cron="37 * * * *")
@app.task(queue="clocks", name="rights.end_consents", queueing_lock="end-consents")
def end_consents(timestamp: int) -> None:
    """Each hour: carries out the end of authorisations whose term or purpose is over."""
    ended = consent_end.end_due(by=system("hourly"), at=clock.now())
    _LOG.info("consents-ended count=%s", ended)


@app.periodic(cron="42 * * * *")
@app.task(queue="clocks", name="rights.follow_annulments", queueing_lock="follow-annulments")
def follow_annulments(timestamp: int) -> None:
    """Each hour: carries out withdrawals that were broken off, tells sources that are late, says how many recipients lag."""
    by, now = system("hourly"), clock.now()
    done = annulment.follow(by=by, at=now)
    lagging = recipients.lagging(seen_by=by, at=now)
    _LOG.info("annulments-followed done=%s overdue=%s recipients-late=%s", done.carried_out, done.over, len(lagging))
