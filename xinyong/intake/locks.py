"""The lock of a reporting window (锁定) and its exceptions (补报许可).

After the lock nothing decided in the period goes in, new or corrected, whatever the channel: a submission is refused before
anything of it is stored, its file is kept, and an exception takes it up again. What counts is the day it was received: a file
handed in before the lock goes in, however long the worker takes. What takes data out (a submission taken back, an act undone,
a clock) is never locked: a lock must not keep wrong data standing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import pyarrow.compute as pc
from django.db import IntegrityError, transaction

from xinyong.catalogue import tables
from xinyong.intake import _values, duties, read, windows
from xinyong.intake import _window_rules as rules
from xinyong.intake.models import WindowException
from xinyong.intake.plan import Plan
from xinyong.intake.staging import Staged
from xinyong.intake.windows import Window, name_of
from xinyong.kernel import clock
from xinyong.kernel.errors import Invalid, NotFound
from xinyong.kernel.periods import Period
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, scope
from xinyong.security.access import Action, Actor, require, system

#: An exception ends within a quarter: what is open for longer is none.
LONGEST = timedelta(days=92)
_FEWEST, _MOST = 4, 200


class WindowLocked(Invalid):
    """Data of a period that is locked, and no exception holds."""

    code = "intake.window-locked"


class UnknownException(NotFound):
    """No such exception, or it was withdrawn."""

    code = "intake.unknown-window-exception"


class BadException(Invalid):
    """No reason, or a day in the past or too far ahead."""

    code = "intake.bad-window-exception"


@transaction.atomic
def grant(
    *, item_id: str, source_code: str, day: date, until: date, reason: str, by: Actor, at: datetime
) -> tuple[int, Window]:  # fmt: skip
    """Opens the period in which a day lies, up to and with ``until``. Returns the exception and the window. Raises NotAllowed,
    UnknownDepartment, UnknownWindow, BadException."""
    require(by, Action.OVERSEE_REPORTING, item=item_id)
    window = windows.one(item_id, source_code, day, seen_by=by, at=at)
    said, today = unnumbered(" ".join(reason.split())), clock.day(at)
    if not _FEWEST <= len(said) <= _MOST:
        raise BadException(
            f"请写明理由（{_FEWEST} 至 {_MOST} 字）。理由会留存，单位能看到。",
            f"Say why ({_FEWEST} to {_MOST} characters). The reason is kept, and the department sees it.",
        )
    if not today <= until <= today + LONGEST:
        raise BadException(
            f"截止日期应在今天至 {today + LONGEST} 之间。", f"It ends between today and {today + LONGEST}."
        )
    made = WindowException.objects.create(
        source_id=window.source_id, item_id=item_id, period=window.period.start, until=until, reason=said, made_at=at,
        made_by=by.name,
    )  # fmt: skip
    audit.enter(
        audit.Event.WINDOW_EXCEPTION_GRANTED, by=by, object_kind="window", object_ref=source_code, purpose=said,
        exception=made.pk, item=item_id, period=window.name, until=until.isoformat(),
    )  # fmt: skip
    return made.pk, window


def withdraw(exception_id: int, *, by: Actor, at: datetime) -> Window:
    """Ends an exception before its day; what came in by it stays. Returns the window. Raises NotAllowed, UnknownException."""
    require(by, Action.OVERSEE_REPORTING)
    found = WindowException.objects.select_related("source").filter(pk=exception_id, withdraws__isnull=True).first()
    if found is None:
        raise _unknown()
    require(by, Action.OVERSEE_REPORTING, item=found.item_id, region=found.source.region_code)
    try:
        with transaction.atomic():
            WindowException.objects.create(
                source_id=found.source_id, item_id=found.item_id, period=found.period, until=found.until,
                reason=found.reason, withdraws=found, made_at=at, made_by=by.name,
            )  # fmt: skip
            audit.enter(
                audit.Event.WINDOW_EXCEPTION_WITHDRAWN, by=by, object_kind="window", object_ref=found.source.code,
                exception=found.pk, item=found.item_id, period=found.period.isoformat(),
            )  # fmt: skip
    except IntegrityError as error:
        raise _unknown() from error
    return windows.one(found.item_id, found.source.code, found.period, seen_by=by, at=at)


def require_open(source_id: int, item_id: str, days: Mapping[date, int], *, received_at: datetime) -> None:
    """Raises WindowLocked when some of these days (day → rows) lie in a period that was locked when they were received."""
    with scope.acting(system("windows")):
        shut = _locked(source_id, item_id, days, received_at)
    if not shut:
        return
    count = sum(rows for day, rows in days.items() if any(one.holds(day) for one in shut))
    names = [name_of(one) for one in shut]
    raise WindowLocked(
        f"{'、'.join(names)} 的报送窗口已锁定，其中有 {count} 行是该期作出的决定，因此全部没有入库；已收到的文件都留存着。"
        "请向信用中心申请补报，获准后自动继续；或去掉这些行后重新报送。",
        f"The reporting window of {', '.join(names)} is locked, and {count} rows were decided in it: nothing went in, and what "
        "was received is kept. Ask the credit centre for an exception; then the work goes on by itself. Or hand the others "
        "in without these rows.",
        periods=names, rows=count,
    )  # fmt: skip


def require_file_open(staged: Staged, plan: Plan, *, received_at: datetime) -> None:
    """``require_open`` for a file that was read. Where no window of the unit's has a lock, nothing is read again."""
    assert plan.source is not None
    with scope.acting(system("windows")):
        known = rules.versions(plan.source.id, plan.item.id)
    if not _has_lock(known):
        return
    index = next((index for index, code in plan.columns.items() if code == plan.item.roles.decided_on), None)
    texts: Counter[str] = Counter()
    for path in staged.chunks if index is not None else ():
        column = read.table(path).column(f"c{index}")
        for one in pc.value_counts(column).to_pylist():
            if one["values"] is not None:
                texts[str(one["values"])] += one["counts"]
    days: Counter[date] = Counter()
    for text, rows in texts.items():
        day = _values.read_date(text.strip())
        if day is not None:  # what is no date is rejected anyway
            days[day] += rows
    require_open(plan.source.id, plan.item.id, days, received_at=received_at)


def _locked(source_id: int, item_id: str, days: Iterable[date], received_at: datetime) -> list[Period]:
    known = rules.versions(source_id, item_id)
    if not _has_lock(known):
        return []
    calendar, on, held = tables.calendar(), clock.day(received_at), rules.exceptions(source_id, item_id)
    found = []
    for period in sorted({rules.period_of(known, day) for day in days}):
        last = rules.holding(known, period.start).ends(period, calendar)[2]
        is_open = last is None or on <= last
        is_excepted = any(one.until >= on for one in held.get((source_id, item_id, period.start), ()))
        if not is_open and not is_excepted and _is_owed(period, source_id, item_id):
            found.append(period)
    return found


def _has_lock(known: Iterable[rules.Version]) -> bool:
    return any(one.rule.lock_days is not None for one in known)


def _is_owed(period: Period, source_id: int, item_id: str) -> bool:
    return duties.is_owed(period, source_id=source_id, item_id=item_id, as_of=clock.now())


def _unknown() -> UnknownException:
    return UnknownException(
        "没有这项补报许可，或已撤回。", "There is no such exception, or it was withdrawn."
    )  # fmt: skip
