"""Whether acts can be proved now. When they cannot, data that are not public stay closed: an unprovable look is worse than a
late one (X-Road does the same: no messages once time-stamping has failed for four hours).

Public pages go on, and so do signing in and what departments hand in: that waits for its leaf in the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, XinyongError
from xinyong.security.access import Actor, Role
from xinyong.security.ledger import notes, sequencer, signing, tiles, trouble
from xinyong.security.ledger.notes import Checkpoint

#: Seconds for which one look at the checkpoint is good.
_GOOD_FOR = 5
#: PostgreSQL's undefined_table: nothing has been set up, which is said elsewhere.
_NO_SUCH_TABLE = "42P01"

_seen: dict[str, datetime] = {}


class NoEvidence(Conflict):
    """What was asked for could not be proved afterwards, so it is not done."""

    code = "security.no-evidence"
    invariant = "E_LOG"
    status = 503


@dataclass(frozen=True, slots=True)
class Health:
    """How the log fares. ``trouble``: why signing stopped, in Chinese and English, when it did."""

    checkpoint: Checkpoint | None
    signed_at: datetime | None
    waiting: int
    trouble: tuple[str, str] | None
    limit: timedelta

    def age(self, now: datetime) -> timedelta | None:
        """How old the last checkpoint is."""
        return None if self.signed_at is None else max(now - self.signed_at, timedelta())


def now(at: datetime) -> Health:
    """Looks at everything; for the pages that show it."""
    found = last()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM security_pending")
        (waiting,) = cursor.fetchone()
    signed_at = datetime.fromtimestamp(found.at, tz=UTC) if found else None
    return Health(found, signed_at, waiting, trouble.told(), _limit())


def last() -> Checkpoint | None:
    """The last published checkpoint, as its file says; its signature is not looked at here."""
    try:
        return notes.read_checkpoint(notes.read_note((signing.home() / tiles.CHECKPOINT).read_text("utf-8")).text)
    except (OSError, UnicodeDecodeError, notes.Unreadable):
        return None


@contextmanager
def guarded(by: Actor, *, may_go_on: bool) -> Iterator[None]:
    """Around the writing of an entry: nothing is done that leaves none. Raises NoEvidence."""
    if not may_go_on and by.role is not Role.PUBLIC:
        require()
    try:
        yield
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") == _NO_SUCH_TABLE:
            raise
        raise NoEvidence(
            "这次操作无法写入操作日志，因此没有办理。公开页面不受影响；请稍后再试，并请系统管理员检查数据库。",
            "This could not be entered in the audit log and was not done. Public pages go on; try again later, and have the"
            " system administrator check the database.",
            retry_after=60,
        ) from error


def require() -> None:
    """Raises NoEvidence when the last signed checkpoint is older than the limit and none can be signed now."""
    here, at = str(settings.XINYONG_HOME), clock.now()
    if here in _seen and timedelta() <= at - _seen[here] < timedelta(seconds=_GOOD_FOR):
        return
    if _is_late(at):
        _sign_now(at)
    _seen[here] = at


def _is_late(at: datetime) -> bool:
    found = last()
    return found is None or at - datetime.fromtimestamp(found.at, tz=UTC) > _limit()


def _sign_now(at: datetime) -> None:
    try:
        sequencer.publish(now=at)
    except (XinyongError, psycopg.Error, OSError) as error:
        told = trouble.told()
        hours = f"{_limit() / timedelta(hours=1):g}"
        raise NoEvidence(
            f"存证日志超过 {hours} 小时没有签发检查点，非公开数据暂停查询；公开页面不受影响。"
            f"原因：{told[0] if told else '签发失败'} 请系统管理员查看“存证状态”页或运行 xinyong log status。",
            f"The evidence log has had no signed checkpoint for more than {hours} hours; data that are not public stay closed."
            f" Public pages go on. Why: {told[1] if told else 'signing fails.'} The system administrator should look at the"
            " evidence page, or run xinyong log status.",
            retry_after=300,
        ) from error


def _limit() -> timedelta:
    return timedelta(minutes=settings.LOG_LIMIT_MINUTES)
