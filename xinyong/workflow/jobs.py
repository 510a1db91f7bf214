"""Background jobs of the room."""

import logging

from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.security.access import system
from xinyong.workflow import outbox

_LOG = logging.getLogger("xinyong.workflow")


@app.periodic(cron="* * * * *")
@app.task(queue="notices", name="workflow.deliver_due", queueing_lock="workflow.deliver_due")
def deliver_due(timestamp: int) -> None:
    """Each minute, and when something is told: sends what is due. The messages are the truth, not the job: one that was killed
    left them due, and the next minute's takes them up."""
    done = outbox.deliver_due(now=clock.now(), by=system("outbox"))
    if done.sent or done.failed:
        _LOG.info("notices-delivered sent=%s failed=%s", done.sent, done.failed)
