"""Background jobs of the room."""

import logging

from procrastinate.contrib.django import app

from xinyong.intake import submit
from xinyong.security.access import system

_LOG = logging.getLogger("xinyong.intake")


@app.task(queue="intake", name="intake.run")
def run(submission_id: int) -> None:
    """Does the work on a submission; a run that was killed is taken up by the next worker (``resume``)."""
    try:
        submit.run(submission_id, by=system("worker"))
    except submit.Busy:
        _LOG.warning("submission-busy id=%s", submission_id)


def later(submission_id: int) -> None:
    """Asks the worker to do the work; in the caller's transaction, so it is asked exactly when the file is entered."""
    run.configure(lock=f"submission-{submission_id}").defer(submission_id=submission_id)


def resume() -> None:
    """Asks again for everything that is not finished: called when a worker starts, after whatever ended the last."""
    for submission_id in submit.unfinished():
        later(submission_id)
