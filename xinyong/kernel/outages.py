"""What the machine below us lacks, told from an exception: the database, or room on a disk. Nobody's input is wrong then, nothing
is lost, and the same thing works again in a while.

An exception is looked at by SQLSTATE, by errno and by the driver's names, through its causes: this module knows neither Django
nor a driver. Source: PostgreSQL documentation, appendix A (classes 08, 53, 57P).
"""

import errno
from collections.abc import Iterator
from enum import StrEnum

from xinyong.kernel.errors import Conflict, XinyongError


class Outage(StrEnum):
    """What is lacking."""

    DISK_FULL = "disk-full"
    DATABASE_FULL = "database-full"
    DATABASE_AWAY = "database-away"
    OUT_OF_MEMORY = "out-of-memory"


class DatabaseAway(Conflict):
    """The database restarts or cannot be reached. ``facts["retry_after"]`` says how long to wait."""

    code = "kernel.database-away"
    status = 503


class NoSpace(Conflict):
    """A disk is full: the platform's own, or the database's."""

    code = "kernel.no-space"
    status = 507


_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
_STATES = {"53100": Outage.DATABASE_FULL, "53200": Outage.OUT_OF_MEMORY, "53300": Outage.DATABASE_AWAY}
#: What drivers, Django and the queue call an error that is the server's and not the statement's.
_DRIVERS = frozenset({"OperationalError", "InterfaceError", "ConnectorException"})
_DEPTH = 8


def of(error: BaseException) -> Outage | None:
    """What was lacking when this was raised; None when it is another kind of error."""
    named = False
    for one in _causes(error):
        if isinstance(one, XinyongError) and not isinstance(one, NoSpace):
            return None  # it has its own sentence
        if isinstance(one, MemoryError):
            return Outage.OUT_OF_MEMORY
        if isinstance(one, NoSpace) or (isinstance(one, OSError) and one.errno in _DISK):
            return Outage.DISK_FULL
        state = getattr(one, "sqlstate", None)
        if isinstance(state, str):
            return _STATES.get(state, Outage.DATABASE_AWAY if state.startswith(("08", "57P")) else None)
        named = named or any(kind.__name__ in _DRIVERS for kind in type(one).__mro__)
    return Outage.DATABASE_AWAY if named else None


def said(error: BaseException) -> XinyongError | None:
    """The sentence for whoever asked for something just then; None when nothing was lacking but memory, or nothing at all."""
    outage = of(error)
    if outage is Outage.DATABASE_AWAY:
        return DatabaseAway(
            "数据库正在重新启动或暂时连接不上，本次操作没有完成；已经保存的数据不受影响。请过几秒再试一次。",
            "The database is restarting or cannot be reached, and this was not completed. What was saved is safe. Try again in "
            "a few seconds.",
            retry_after=5,
        )
    if outage in {Outage.DISK_FULL, Outage.DATABASE_FULL}:
        return NoSpace(
            "平台的磁盘空间不足，本次操作没有完成；已经保存的数据不受影响。请几分钟后再试，或告知系统管理员。",
            "The platform's disk is full, and this was not completed. What was saved is safe. Try again in some minutes, or tell "
            "the administrator.",
            retry_after=120,
        )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(_DEPTH):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__
