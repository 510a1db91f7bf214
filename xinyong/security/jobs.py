"""Housekeeping: accounts nobody uses are closed, wards of age and sessions that are over and old failures forgotten, lapsed requests noted."""

from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.security import approvals, guardians, lockout, sessions, sign_in
from xinyong.security.access import system


@app.periodic(cron="43 2 * * *")
@app.task(queue="housekeeping", name="security.close_unused", queueing_lock="close-unused")
def close_unused(timestamp: int) -> None:
    """Each night: disables accounts nobody has signed in to for 90 days."""
    sign_in.close_unused(now=clock.now())


@app.periodic(cron="47 2 * * *")
@app.task(queue="housekeeping", name="security.forget_wards", queueing_lock="forget-wards")
def forget_wards(timestamp: int) -> None:
    """Each night: forgets who the wards of guardianships were that are over."""
    guardians.forget_over(by=system("nightly"), at=clock.now())


@app.periodic(cron="33 * * * *")
@app.task(queue="housekeeping", name="security.sweep_sign_in", queueing_lock="sweep-sign-in")
def sweep_sign_in(timestamp: int) -> None:
    """Each hour: forgets sessions that are over and failures that say nothing any more."""
    sessions.sweep(now=clock.now())
    lockout.sweep(now=clock.now())


@app.periodic(cron="53 * * * *")
@app.task(queue="housekeeping", name="security.note_lapsed", queueing_lock="note-lapsed")
def note_lapsed(timestamp: int) -> None:
    """Each hour: enters in the log which requests for consent expired unused."""
    approvals.note_lapsed(by=system("hourly"), at=clock.now())
