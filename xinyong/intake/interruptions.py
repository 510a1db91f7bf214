"""What broke off the work on a submission (处理中断): at which stage, why, how often, what happens next, what to do.

A disk that is full, a database that restarts: the work waits and goes on by itself, however long it takes. A file that ends the
process that reads it, or the worker itself, again and again is refused after some tries, so that nothing waits behind it; a
submission of which something went in already is held for an operator. While work is under way a mark lies beside the staged
chunks: one that is found there was left by a process that died without a word.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet, Sum

from xinyong.intake import space
from xinyong.intake.models import Chunk, Interruption, Submission
from xinyong.intake.read import ReaderKilled
from xinyong.kernel import clock, outages
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

Cause, Stage = Interruption.Cause, Interruption.Stage

#: Seconds until the next try, by how often it was tried; the last holds for all after.
_WAITS = (5, 15, 60, 120)
#: Tries without any progress after which it is enough. What is missing here is waited for without end.
_BOUNDS = {Cause.READER_KILLED: 3, Cause.WORKER_DIED: 5, Cause.OUT_OF_MEMORY: 5, Cause.BROKEN: 8}
#: Causes that may lie in the file: with nothing deposited, it is refused.
_OF_THE_FILE = frozenset({Cause.READER_KILLED, Cause.WORKER_DIED, Cause.OUT_OF_MEMORY})
#: One that ended its worker twice is worked on while no other such one is, or they would be counted for each other.
_SUSPECT = 2
#: A try that was promised and did not come for so long was forgotten with the process that promised it.
_FORGOTTEN = timedelta(minutes=1)

#: cause → what happened, what to do: Chinese, English.
SAID: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    Cause.DISK_FULL: (
        ("数据目录所在磁盘空间不足", "The data directory's disk is short of room"),
        ("清理或扩容磁盘后自动继续，也可立即重试。", "Free or enlarge the disk; the work goes on by itself, or try it now."),
    ),
    Cause.DATABASE_FULL: (
        ("数据库所在磁盘空间不足", "The database's disk is full"),
        ("清理或扩容数据库磁盘后自动继续。", "Free or enlarge the database's disk; the work goes on by itself."),
    ),
    Cause.DATABASE_AWAY: (
        ("数据库重新启动或连接不上", "The database restarted or could not be reached"),
        ("一般不必处理；持续出现时查看数据库日志。", "Usually nothing; if it lasts, look into the database's log."),
    ),
    Cause.OUT_OF_MEMORY: (
        ("内存不足", "Out of memory"),
        ("关闭其他占用内存的程序或增加内存，再立即重试。", "End what else takes memory or add some, then try it now."),
    ),
    Cause.READER_KILLED: (
        ("读取文件的进程被系统中止", "The process that reads the file was ended by the system"),
        ("多为内存不足；反复出现时请单位拆分文件或改用 CSV。", "Mostly for want of memory; if it repeats, have the file split or sent as CSV."),
    ),
    Cause.WORKER_DIED: (
        ("后台进程在处理时意外结束", "The worker ended unexpectedly while it was at this"),
        ("查看后台日志和内存；平台停机、断电也属此类，不必处理。", "Look into the worker's log and memory; after a power cut do nothing."),
    ),
    Cause.BROKEN: (
        ("程序出错", "An error of the program"),
        ("把后台日志中 submission-interrupted 一行及其后的内容交给维护人员；升级后立即重试。",
         "Give your maintainers the log from the line submission-interrupted on; after an upgrade, try it now."),
    ),
}  # fmt: skip
#: stage → Chinese, English.
STAGES: dict[str, tuple[str, str]] = {
    Stage.READ: ("读取", "reading"), Stage.CHECK: ("校验", "checking"), Stage.DEPOSIT: ("入库", "depositing"),
    Stage.FINISH: ("办结", "finishing"),
}  # fmt: skip


class NotWorkable(Invalid):
    """Work on the file ended the process again and again; nothing of it went in."""

    code = "intake.not-workable"


class Interrupted(Conflict):
    """The work broke off; what was done stays, the rest goes on at ``next_at`` (None: when an operator says so)."""

    code = "intake.interrupted"
    status = 503

    def __init__(self, zh: str, en: str, *, next_at: datetime | None = None, **facts: object) -> None:
        super().__init__(zh, en, **facts)
        self.next_at = next_at


class NotInterrupted(NotFound):
    """No interruption of this submission is open."""

    code = "intake.not-interrupted"


@dataclass(frozen=True, slots=True)
class InterruptionView:
    """One submission's interruption. ``happened``, ``advice``, ``stage_said``: Chinese, English. ``next_at`` None: held."""

    id: int
    submission_id: int
    item_id: str
    item_version: int
    source_name: str
    stage: str
    cause: str
    happened: tuple[str, str]
    advice: tuple[str, str]
    stage_said: tuple[str, str]
    since: datetime
    at: datetime
    tries: int
    next_at: datetime | None
    ended_at: datetime | None


@contextmanager
def watched(submission: Submission) -> Iterator[None]:
    """Around the work on a submission. Raises Interrupted when it broke off or must wait, NotWorkable when it broke off too
    often; a refusal goes through."""
    try:
        with _suspects_alone(_begin(submission)):
            yield
    except Interrupted:
        raise
    except Invalid:
        _over(submission)
        raise
    except Exception as error:
        raise _note(submission, _cause(error), error) from error
    except BaseException:  # somebody pressed Ctrl-C: no death
        _mark(submission.pk).unlink(missing_ok=True)
        raise
    _over(submission)


def waits_until(submission_id: int) -> tuple[bool, datetime | None]:
    """For a worker that starts: whether work on it is to be put off, and until when (None: until an operator says so)."""
    found = Interruption.objects.filter(submission_id=submission_id, ended_at__isnull=True).first()
    if found is not None and (found.next_at is None or found.next_at > clock.now()):
        return True, found.next_at
    if _mark(submission_id).exists():
        return True, clock.now() + _wait(1 + (found.tries if found else 0))
    return False, None


def forgotten(*, now: datetime) -> list[int]:
    """Submissions whose promised try did not come."""
    late = Interruption.objects.filter(ended_at__isnull=True, next_at__lt=now - _FORGOTTEN)
    return list(late.order_by("next_at").values_list("submission_id", flat=True))


def unfinished(*, seen_by: Actor, after: int | None = None, limit: int = 50) -> list[InterruptionView]:
    """What is interrupted now, the latest first; ``after`` is the last id of the page before. One audit entry."""
    found = _seen(seen_by).filter(ended_at__isnull=True).order_by("-id")
    audit.enter(audit.Event.SUBMISSIONS_LISTED, by=seen_by, object_kind="submissions", object_ref="interrupted")
    return [_view(one) for one in (found.filter(pk__lt=after) if after is not None else found)[:limit]]


def over(*, seen_by: Actor, limit: int = 10) -> list[InterruptionView]:
    """What was interrupted and went on, the latest first."""
    return [_view(one) for one in _seen(seen_by).filter(ended_at__isnull=False).order_by("-ended_at")[:limit]]


def of(submission_id: int) -> InterruptionView | None:
    """A submission's interruption, if one is open; for whoever may see the submission."""
    found = Interruption.objects.filter(submission_id=submission_id, ended_at__isnull=True)
    return next((_view(one) for one in found.select_related("submission__source")), None)


def counts() -> tuple[int, int]:
    """How many are interrupted, and how many of them wait for an operator."""
    found = list(Interruption.objects.filter(ended_at__isnull=True).values_list("next_at", flat=True))
    return len(found), found.count(None)


@transaction.atomic
def again(submission_id: int, *, by: Actor) -> None:
    """Lets the work be tried now, and counts anew. Raises NotAllowed, NotInterrupted."""
    found = _seen(by).select_for_update(of=("self",)).filter(submission_id=submission_id, ended_at__isnull=True).first()
    if found is None:
        raise NotInterrupted(
            "这次报送没有中断，或已经继续处理。", "This submission is not interrupted, or its work goes on already."
        )
    found.tries, found.next_at = 0, clock.now()
    found.save(update_fields=["tries", "next_at"])
    audit.enter(
        audit.Event.WORK_TRIED_AGAIN, by=by, object_kind="submission", object_ref=str(submission_id), cause=found.cause
    )


def _begin(submission: Submission) -> bool:
    """Leaves the mark; True when the work ended its process before. Raises Interrupted, NotWorkable."""
    found = Interruption.objects.filter(submission_id=submission.pk, ended_at__isnull=True).first()
    if found is not None and found.next_at is None:
        raise _interrupted(found)
    mark = _mark(submission.pk)
    died = ""
    with suppress(FileNotFoundError):
        died = mark.read_text(encoding="ascii") or Cause.WORKER_DIED
    if died in Cause.values:
        told = _note(submission, Cause(died), None)
        if isinstance(told, NotWorkable) or (isinstance(told, Interrupted) and told.next_at is None):
            raise told
        found = Interruption.objects.get(submission_id=submission.pk)
    with space.guarded():
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.write_text("", encoding="ascii")
    return found is not None and found.cause == Cause.WORKER_DIED and found.tries >= _SUSPECT


@contextmanager
def _suspects_alone(is_suspect: bool) -> Iterator[None]:
    if not is_suspect:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7312, 0)")
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(7312, 0)")


def _cause(error: Exception) -> Interruption.Cause:
    if isinstance(error, ReaderKilled):
        return Cause.READER_KILLED
    outage = outages.of(error)
    return Cause.BROKEN if outage is None else Cause(outage.value)


def _note(submission: Submission, cause: Interruption.Cause, error: Exception | None) -> Conflict | Invalid | Exception:
    """Keeps what happened, takes the mark away; returns what to raise. With the database away it is kept in the mark."""
    mark = _mark(submission.pk)
    try:
        if outages.of(error or ValueError()) is not None:
            connection.close()  # a session that broke is no use for noting it
        with transaction.atomic():
            found = _counted(submission, cause)
    except DatabaseError as away:
        with suppress(OSError):
            mark.write_text(cause.value, encoding="ascii")
        return error or away
    mark.unlink(missing_ok=True)
    if found.next_at is None and cause in _OF_THE_FILE and not _lines(submission.pk):
        _over(submission)
        return _not_workable(found)
    return _interrupted(found)


def _counted(submission: Submission, cause: Interruption.Cause) -> Interruption:
    now, lines = clock.now(), _lines(submission.pk)
    stage = _stage(submission, lines)
    found = Interruption.objects.select_for_update().filter(submission_id=submission.pk).first()
    if found is None or found.ended_at is not None:
        found = found or Interruption(submission_id=submission.pk)
        found.since, found.tries, found.ended_at = now, 0, None
    elif (found.stage, found.lines, found.cause) != (stage, lines, cause):
        found.tries = 0  # it got further, or broke off for another reason
    found.source_id, found.item_id = submission.source_id, submission.item_id
    found.stage, found.lines, found.cause, found.at = stage, lines, cause, now
    found.tries += 1
    bound = _BOUNDS.get(cause)
    found.next_at = None if bound is not None and found.tries >= bound else now + _wait(found.tries)
    found.save()
    return found


def _over(submission: Submission) -> None:
    """The work ended as it should. Only what was interrupted has a row to close."""
    _mark(submission.pk).unlink(missing_ok=True)
    Interruption.objects.filter(submission_id=submission.pk, ended_at__isnull=True).update(
        ended_at=clock.now(), next_at=None
    )


def _interrupted(found: Interruption) -> Interrupted:
    zh, en = SAID[found.cause][0]
    then_zh, then_en = (
        ("平台会自动继续，不必重报。", "The platform goes on by itself; do not hand it in again.")
        if found.next_at
        else ("已暂停，等待信用中心处理，不必重报。", "It is held for the credit centre; do not hand it in again.")
    )
    return Interrupted(
        f"报送 {found.submission_id} 处理中断：{zh}。已完成的部分都在。{then_zh}",
        f"The work on submission {found.submission_id} broke off: {en}. What was done stays. {then_en}",
        next_at=found.next_at, cause=found.cause, stage=found.stage, tries=found.tries,
    )  # fmt: skip


def _not_workable(found: Interruption) -> NotWorkable:
    zh, en = SAID[found.cause][0]
    return NotWorkable(
        f"处理这份文件时连续 {found.tries} 次中断（{zh}），已停止，没有数据入库。请拆分文件或改用 CSV 后重报；仍然不行的，请联系信用中心。",
        f"The work on this file broke off {found.tries} times in a row ({en}) and was given up; nothing went in. Split the file or "
        "send CSV; if that does not help, ask the credit centre.",
    )


def _stage(submission: Submission, lines: int) -> Interruption.Stage:
    if Submission.objects.filter(pk=submission.pk, status=Submission.Status.STAGED).exists():
        rows = Chunk.objects.filter(submission_id=submission.pk, chunk_no__gte=0).aggregate(rows=Sum("rows"))["rows"]
        if lines and rows == submission.rows_read:
            return Stage.FINISH
        return Stage.DEPOSIT if lines else Stage.CHECK
    return Stage.READ


def _lines(submission_id: int) -> int:
    return Chunk.objects.filter(submission_id=submission_id).count()


def _wait(tries: int) -> timedelta:
    return timedelta(seconds=_WAITS[min(tries, len(_WAITS)) - 1])


def _mark(submission_id: int) -> Path:
    return Path(settings.XINYONG_HOME) / "intake" / "begun" / str(submission_id)


def _seen(by: Actor) -> "QuerySet[Interruption]":
    require(by, Action.MANAGE_WORK)
    found = Interruption.objects.select_related("submission__source")
    return found if by.items is None else found.filter(item_id__in=by.items)


def _view(one: Interruption) -> InterruptionView:
    happened, advice = SAID[one.cause]
    return InterruptionView(
        one.pk, one.submission_id, one.item_id, one.submission.item_version, one.submission.source.name, one.stage, one.cause,
        happened, advice, STAGES[one.stage], one.since, one.at, one.tries, one.next_at, one.ended_at,
    )  # fmt: skip


__all__ = [
    "SAID", "STAGES", "Interrupted", "InterruptionView", "NotInterrupted", "NotWorkable", "again", "counts", "forgotten",
    "of", "over", "unfinished", "waits_until", "watched",
]  # fmt: skip
