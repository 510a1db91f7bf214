"""Background jobs of the room."""

import logging

from procrastinate.contrib.django import app

from xinyong.analytics import task_reminders
from xinyong.kernel import clock
from xinyong.security.access import system

_LOG = logging.getLogger("xinyong.analytics")


@app.periodic(cron="5 23 * * *")  # 07:05 in Beijing, before the day's digests go out
@app.task(queue="clocks", name="analytics.remind", queueing_lock="remind-of-tasks")
def remind(timestamp: int) -> None:
    """Each morning: tells departments which tasks are near their deadline, and which are overdue."""
    near, overdue = task_reminders.tell(by=system("nightly"), at=clock.now())
    _LOG.info("tasks-reminded near=%s overdue=%s", near, overdue)
