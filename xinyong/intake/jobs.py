"""Background jobs of the room."""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from xinyong.intake import revert, submit
from xinyong.intake.views import SubmissionView
from xinyong.security.access import Actor, system

_LOG = logging.getLogger("xinyong.intake")


#: Over an hour, with longer and longer pauses: a database that restarts, a full disk that somebody clears.
_AGAIN = RetryStrategy(max_attempts=30, wait=3, linear_wait=10)


@app.task(queue="intake", name="intake.run", retry=_AGAIN)
def run(submission_id: int) -> None:
    """Does the work on a submission; a run that was killed is taken up by the next worker (``resume``).

    Busy is tried again too: a killed worker's connection can hold the submission for a moment longer than the worker.
    """
    try:
        submit.run(submission_id, by=system("worker"))
    except submit.Busy:
        _LOG.info("submission-busy id=%s", submission_id)
        raise
    except Exception:
        _LOG.exception("submission-failed id=%s", submission_id)
        raise


def later(submission_id: int) -> None:
    """Asks the worker to do the work; in the caller's transaction, so it is asked exactly when the file is entered.

    No lock of the queue's: a killed worker would hold it for ever. ``submit.run`` holds its own.
    """
    run.defer(submission_id=submission_id)


@app.task(queue="intake", name="intake.take_back", retry=_AGAIN)
def take_back(submission_id: int) -> None:
    """Takes a submission's data back, once that was decided."""
    revert.finish(submission_id, by=system("worker"))


def resume() -> None:
    """Asks again for everything that is not finished: called when a worker starts, after whatever ended the last."""
    for submission_id in submit.unfinished():
        later(submission_id)
    for submission_id in revert.unfinished():
        take_back.defer(submission_id=submission_id)


@transaction.atomic
def take_back_later(submission_id: int, *, reason: str, by: Actor) -> None:
    """``revert.begin``, and the work asked for in the same transaction."""
    revert.begin(submission_id, reason=reason, by=by)
    take_back.defer(submission_id=submission_id)


@transaction.atomic
def hand_in(
    path: Path, *, item_id: str, source_code: str, file_name: str, by: Actor, received_at: datetime
) -> tuple[SubmissionView, bool]:
    """``submit.receive``, and the work asked for in the same transaction. False: it was handed in and done before."""
    entered = submit.receive(
        path, item_id=item_id, source_code=source_code, file_name=file_name, by=by, received_at=received_at
    )
    is_open = entered.status == "received"
    if is_open:
        later(entered.id)
    return entered, is_open


@transaction.atomic
def choose_columns(submission_id: int, *, chosen: Mapping[str, str], by: Actor) -> None:
    """``submit.choose``, and the work asked for in the same transaction."""
    submit.choose(submission_id, chosen=chosen, by=by)
    later(submission_id)
