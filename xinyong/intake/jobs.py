"""Background jobs of the room."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from xinyong.catalogue import codes, publish, recheck, whole
from xinyong.catalogue.schema import CodeList
from xinyong.intake import (
    docking,
    drop,
    entry,
    erasing,
    feed,
    impact,
    interruptions,
    locks,
    pulling,
    revert,
    settle,
    submit,
    told,
    uploads,
    voluntary,
    voluntary_desk,
)
from xinyong.intake.views import SubmissionView
from xinyong.intake.voluntary_view import DeclarationView
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, XinyongError
from xinyong.security.access import Actor, system

_LOG = logging.getLogger("xinyong.intake")


#: A job pulls no longer than this in one go, so that others have their turn.
_PULL_LASTS = timedelta(minutes=10)
#: Over an hour, with longer and longer pauses: a database that restarts, a full disk that somebody clears.
_AGAIN = RetryStrategy(max_attempts=30, wait=3, linear_wait=10)


@app.task(queue="intake", name="intake.run", retry=_AGAIN)
def run(submission_id: int) -> None:
    """Does the work on a submission; a run that was killed is taken up by the next worker (``resume``).

    Busy is tried again too: a killed worker's connection can hold the submission for a moment longer than the worker.
    """
    try:
        submit.run(submission_id, by=system("worker"))
    except interruptions.Interrupted as broke:
        cause = broke.__cause__ if broke.facts["cause"] == "broken" else None
        told = [f"{name}={broke.facts[name]}" for name in ("stage", "cause", "tries")]
        _LOG.warning(
            "submission-interrupted id=%s %s next=%s", submission_id, " ".join(told), broke.next_at, exc_info=cause
        )
        if broke.next_at is not None:
            run.configure(schedule_at=broke.next_at).defer(submission_id=submission_id)
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


@app.task(queue="intake", name="intake.recheck", retry=_AGAIN)
def work_out(item_id: str, version: int) -> None:
    """Works out what a draft of the catalogue would do to the records on file."""
    impact.run(item_id, version, by=system("worker"))


@app.task(queue="intake", name="intake.recheck_codes", retry=_AGAIN)
def work_out_codes(list_id: str, valid_from: str) -> None:
    """Works out what a drafted edition of a code list would do to the records on file."""
    impact.run_edition(list_id, date.fromisoformat(valid_from), by=system("worker"))


@transaction.atomic
def draft_codes(one: CodeList, *, by: Actor) -> codes.EditionView:
    """``codes.draft``, and its effect on the records asked for in the same transaction."""
    kept = codes.draft(one, by=by)
    work_out_codes.defer(list_id=one.id, valid_from=one.valid_from.isoformat())
    return kept


@transaction.atomic
def draft(text: str, *, file: str, by: Actor) -> list[publish.VersionView]:
    """Keeps the items of a catalogue file as drafts and asks what each would do to the records on file. ``file`` names it in
    problems. A file of one item must bring something; of many, those that are here already stay as they are. Raises
    CatalogueError with every problem, Frozen, NotAllowed."""
    items = whole.read(text, file=file)
    if len(items) == 1:
        kept = [publish.draft(items[0], by=by)]
    else:
        brought = [one.item for one in whole.bring_in(items, by=by) if one.is_brought_in]
        kept = [one for item in brought for one in publish.versions(item.id) if one.version == item.version]
    for one in kept:
        recheck_later(one.item_id, one.version, by=by)
    return kept


@transaction.atomic
def recheck_later(item_id: str, version: int, *, by: Actor) -> recheck.RecheckView:
    """``recheck.ask``, and the work asked for in the same transaction."""
    count = impact.total(item_id)
    asked = recheck.ask(item_id, version, total=count, by=by)
    work_out.defer(item_id=item_id, version=version)
    return asked


def resume() -> None:
    """Asks again for everything that is not finished: called when a worker starts, after whatever ended the last."""
    for submission_id in submit.unfinished():
        must_wait, until = interruptions.waits_until(submission_id)
        if not must_wait:
            later(submission_id)
        elif until is not None:  # what ended its worker comes after everything else
            run.configure(schedule_at=until).defer(submission_id=submission_id)
    for submission_id in revert.unfinished():
        take_back.defer(submission_id=submission_id)
    for item_id, version in recheck.unfinished():
        work_out.defer(item_id=item_id, version=version)
    for list_id, day in codes.waiting():
        work_out_codes.defer(list_id=list_id, valid_from=day.isoformat())


@transaction.atomic
def take_back_later(submission_id: int, *, reason: str, by: Actor) -> None:
    """``revert.begin``, and the work asked for in the same transaction."""
    revert.begin(submission_id, reason=reason, by=by)
    take_back.defer(submission_id=submission_id)


@transaction.atomic
def hand_in(
    path: Path,
    *,
    item_id: str,
    source_code: str,
    file_name: str,
    by: Actor,
    received_at: datetime,
    channel: str = "file",
    corrects: bool = False,
) -> tuple[SubmissionView, bool]:
    """``submit.receive``, and the work asked for in the same transaction. False: it was handed in and done before."""
    entered = submit.receive(
        path, item_id=item_id, source_code=source_code, file_name=file_name, by=by, received_at=received_at,
        channel=channel, corrects=corrects,
    )  # fmt: skip
    is_open = entered.status == "received"
    if is_open:
        later(entered.id)
    return entered, is_open


def finish_upload(upload_id: int, *, digest: str, by: Actor, at: datetime) -> tuple[SubmissionView, bool]:
    """``uploads.finish``, and the work asked for in the same transaction."""
    return uploads.finish(upload_id, digest=digest, by=by, at=at, hand_in=hand_in)


def hand_in_rows(item_id: str, *, by: Actor, at: datetime) -> tuple[SubmissionView, bool]:
    """``entry.hand_in``, and the work asked for in the same transaction."""
    return entry.hand_in(item_id, by=by, at=at, hand_in=hand_in)


def declare(
    item_id: str, values: Mapping[str, str], *, proofs_given: Sequence[voluntary.Proof], commitment: str, by: Actor, at: datetime
) -> tuple[DeclarationView, bool]:  # fmt: skip
    """``voluntary.declare``, and the work asked for in the same transaction."""
    return voluntary.declare(
        item_id, values, proofs_given=proofs_given, commitment=commitment, by=by, at=at, then=later
    )


def declare_file(
    item_id: str, path: Path, *, file_name: str, proofs_given: Sequence[voluntary.Proof], commitment: str, by: Actor, at: datetime
) -> tuple[DeclarationView, bool]:  # fmt: skip
    """``voluntary.declare_file``, and the work asked for in the same transaction."""
    return voluntary.declare_file(
        item_id, path, file_name=file_name, proofs_given=proofs_given, commitment=commitment, by=by, at=at, then=later
    )


def withdraw_declared(declaration_id: int, *, reason: str, by: Actor, at: datetime) -> DeclarationView:
    """``voluntary.withdraw``, and the work asked for in the same transaction."""
    return voluntary.withdraw(declaration_id, reason=reason, by=by, at=at, then=_take_out)


def refuse_declared(declaration_id: int, *, after: int, reason: str, by: Actor, at: datetime) -> DeclarationView:
    """``voluntary_desk.refuse``, and the work asked for in the same transaction."""
    return voluntary_desk.refuse(declaration_id, after=after, reason=reason, by=by, at=at, then=_take_out)


def _take_out(submission_id: int) -> None:
    take_back.defer(submission_id=submission_id)


@transaction.atomic
def choose_columns(submission_id: int, *, chosen: Mapping[str, str], by: Actor) -> None:
    """``submit.choose``, and the work asked for in the same transaction."""
    submit.choose(submission_id, chosen=chosen, by=by)
    later(submission_id)


class PullBroken(Conflict):
    """A pull ended with an error that nobody foresaw; the log has it."""

    code = "intake.pull-broken"


@app.periodic(cron="* * * * *")
@app.task(queue="housekeeping", name="intake.pull_due", queueing_lock="pull-due")
def pull_due(timestamp: int) -> None:
    """Each minute: asks for a pull of every docked table whose time has come."""
    for table_id in pulling.due(now=clock.now()):
        pull_later(table_id)


@app.task(queue="intake", name="intake.pull")
def pull(table_id: int) -> None:
    """Pulls a docked table slice by slice, for some minutes at most: the rest is due at once. A failure is kept, and tried
    again later; a process that was killed left nothing to tidy."""
    by, began = system("docking"), clock.now()
    try:
        while pulling.pull(table_id, by=by, now=clock.now(), then=later).is_more:
            if clock.now() - began > _PULL_LASTS:
                return
    except pulling.PullBusy:
        _LOG.info("pull-busy table=%s", table_id)
    except docking.DockingRemoved:
        _LOG.info("pull-of-removed table=%s", table_id)
    except XinyongError as error:
        failures = pulling.note_failure(table_id, error, by=by, started_at=began, now=clock.now())
        _LOG.warning("pull-failed table=%s code=%s failures=%s", table_id, error.code, failures)
    except Exception:  # noqa: BLE001 (a job's edge: logged, kept, tried again)
        _LOG.exception("pull-broken table=%s", table_id)
        broken = PullBroken(
            "拉取因程序错误中断，没有丢失数据，稍后会再试。详情见程序日志。",
            "The pull ended with an error of the program. Nothing is lost; it is tried again. The log says more.",
        )
        pulling.note_failure(table_id, broken, by=by, started_at=began, now=clock.now())


def pull_later(table_id: int) -> None:
    """Asks the worker for a pull; asked twice it is done once."""
    try:
        with transaction.atomic():
            pull.configure(queueing_lock=f"pull-{table_id}").defer(table_id=table_id)
    except AlreadyEnqueued:
        _LOG.info("pull-waits-already table=%s", table_id)


@transaction.atomic
def start_pulling(table_id: int, *, by: Actor) -> None:
    """``docking.resume``, and the first pull asked for in the same transaction."""
    docking.resume(table_id, by=by, now=clock.now())
    pull_later(table_id)


@app.periodic(cron="* * * * *")
@app.task(queue="intake", name="intake.look_into_folders", queueing_lock="look-into-folders")
def look_into_folders(timestamp: int) -> None:
    """Each minute: takes what departments have put into their watched folders, and answers what is done."""
    if settings.DROP_FOLDERS is not None:
        look()


def look() -> drop.Look:
    """One look at the watched folders, now. Raises NotOn."""
    seen = drop.look(now=clock.now(), by=system("drop-folder"), hand_in=hand_in)
    drop.note(seen)
    return seen


@app.periodic(cron="* * * * *")
@app.task(queue="intake", name="intake.advance_feeds", queueing_lock="advance-feeds")
def advance_feeds(timestamp: int) -> None:
    """Each minute: applies changes of the register that a killed process kept and did not apply."""
    try:
        feed.advance_all()
    except feed.FeedBusy:
        _LOG.info("feed-busy")


@app.periodic(cron="15 16 * * *")  # the queue counts in UTC: 00:15 in Beijing, after the clocks were closed
@app.task(queue="clocks", name="intake.end_waivers", queueing_lock="end-waivers")
def end_waivers(timestamp: int) -> None:
    """Rows whose waiver has ended wait again."""
    ended = settle.end_waivers(today=clock.today(), by=system("nightly"))
    _LOG.info("waivers-ended count=%s", ended)


@app.periodic(cron="* * * * *")
@app.task(queue="intake", name="intake.take_up", queueing_lock="take-up")
def take_up(timestamp: int) -> None:
    """Each minute: goes on with what was interrupted and whose next try was forgotten, as after a command that ended."""
    for submission_id in interruptions.forgotten(now=clock.now()):
        later(submission_id)


@transaction.atomic
def try_again(submission_id: int, *, by: Actor) -> None:
    """``interruptions.again``, and the work asked for in the same transaction."""
    interruptions.again(submission_id, by=by)
    later(submission_id)


@app.periodic(cron="45 17 * * *")
@app.task(queue="housekeeping", name="intake.sweep_unfinished", queueing_lock="sweep-unfinished")
def sweep_unfinished(timestamp: int) -> None:
    """Each night: removes uploads and drafts that nobody went on with."""
    now = clock.now()
    _LOG.info("unfinished-swept uploads=%s rows=%s", uploads.sweep(now=now), entry.sweep(now=now))


@app.periodic(cron="10 18 * * *")  # 02:10 in Beijing, after the archive's own night
@app.task(queue="clocks", name="intake.erase", queueing_lock="erase-intake")
def erase(timestamp: int) -> None:
    """Each night: erases what intake keeps of persons whose records were erased."""
    made = erasing.run(
        today=clock.today(), grace_days=settings.ERASE_GRACE_DAYS, originals_years=settings.ORIGINALS_YEARS,
        by=system("nightly"),
    )  # fmt: skip
    _LOG.info("erased-beside proofs=%s count=%s", len(made), sum(one.count for one in made))


@transaction.atomic
def grant_exception(
    *, item_id: str, source_code: str, day: date, until: date, reason: str, by: Actor, at: datetime
) -> tuple[int, int]:
    """``locks.grant``; what was refused because of the lock is worked on again, and the department told, in the same
    transaction. Returns the exception and how many submissions go on."""
    made, window = locks.grant(
        item_id=item_id, source_code=source_code, day=day, until=until, reason=reason, by=by, at=at
    )
    opened = submit.take_up_locked(source_id=window.source_id, item_id=item_id, by=by)
    for submission_id in opened:
        later(submission_id)
    told.granted(made, window, until=until, reason=reason, by=by, at=at)
    return made, len(opened)


@transaction.atomic
def withdraw_exception(exception_id: int, *, by: Actor, at: datetime) -> None:
    """``locks.withdraw``, and the department told in the same transaction."""
    window = locks.withdraw(exception_id, by=by, at=at)
    told.withdrawn(exception_id, window, by=by, at=at)


@app.periodic(cron="0 23 * * *")  # 07:00 in Beijing, before the day's digests go out
@app.task(queue="clocks", name="intake.remind", queueing_lock="remind")
def remind(timestamp: int) -> None:
    """Each morning: tells departments which windows are near their due day, and which are overdue."""
    near, overdue = told.remind(by=system("nightly"), at=clock.now())
    _LOG.info("reminders-told near=%s overdue=%s", near, overdue)
