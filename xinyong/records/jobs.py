"""The nightly job of the room."""

from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.records import expiry
from xinyong.security.access import system


@app.periodic(cron="5 16 * * *")  # the queue counts in UTC; Beijing is eight hours ahead, without summer time
@app.task(queue="clocks", name="records.close_clocks", queueing_lock="close-clocks")
def close_clocks(timestamp: int) -> None:
    """At 00:05 in Beijing: notes which clocks ended with the day, and catches up on days that were missed."""
    expiry.close(today=clock.today(), by=system("nightly"))
