"""The nightly jobs of the room."""

from procrastinate.contrib.django import app

from xinyong.kernel import clock
from xinyong.records import erasure, expiry, telling
from xinyong.security.access import system


@app.periodic(cron="5 16 * * *")  # the queue counts in UTC; Beijing is eight hours ahead, without summer time
@app.task(queue="clocks", name="records.close_clocks", queueing_lock="close-clocks")
def close_clocks(timestamp: int) -> None:
    """At 00:05 in Beijing: notes which clocks ended with the day, and catches up on days that were missed."""
    expiry.close(today=clock.today(), by=system("nightly"))


@app.periodic(cron="35 17 * * *")
@app.task(queue="clocks", name="records.erase_what_is_over", queueing_lock="erase-what-is-over")
def erase_what_is_over(timestamp: int) -> None:
    """At 01:35 in Beijing: erases what is sealed of data whose retention has ended, and who nobody needs to know any more."""
    erasure.what_is_over(by=system("nightly"), at=clock.now())


@app.periodic(cron="40 23 * * *")
@app.task(queue="clocks", name="records.tell_subjects", queueing_lock="tell-subjects")
def tell_subjects(timestamp: int) -> None:
    """At 07:40 in Beijing: tells subjects who have an account what is new about them."""
    telling.tell(today=clock.today(), by=system("morning"), at=clock.now())
