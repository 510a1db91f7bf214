"""Housekeeping of what the pages leave behind."""

from django.contrib.sessions.backends.db import SessionStore
from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.web import limits


@app.periodic(cron="17 * * * *")
@app.task(queue="housekeeping", name="web.sweep_limits", queueing_lock="sweep-limits")
def sweep_limits(timestamp: int) -> None:
    """Each hour: forgets rate limits that say nothing any more, and with them who looked."""
    limits.sweep(now=clock.now())


@app.periodic(cron="27 3 * * *")
@app.task(queue="housekeeping", name="web.clear_sessions", queueing_lock="clear-sessions")
def clear_sessions(timestamp: int) -> None:
    """Each night: removes sessions that have expired."""
    SessionStore.clear_expired()
