"""Reporting windows (报送窗口): by when a unit has to have reported a period of an item it owes, and when that is closed.

A period is due on a working day after it; after some days of grace it is overdue. Where the operator says so it is locked
some working days later (intake/locks.py). Without a rule of its own a duty is monthly, due on the seventh working day, without
grace, and never locked: decisions are reported within seven working days (发改办财金〔2018〕424号), so by then a month is
complete.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction

from xinyong.catalogue import publish, tables
from xinyong.intake import _window_rules as rules
from xinyong.intake import declared, duties
from xinyong.intake._window_rules import MONTH, QUARTER, ExceptionView, Rule, name_of
from xinyong.intake.models import WindowRule
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.periods import Period, add_months, month_of
from xinyong.records import arrived
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require
from xinyong.security.identity import SourceUnit

#: Working days that a rule counts at most: half a year.
MOST_DAYS = 125
#: Months back that are shown: what is older is history.
SHOWN_MONTHS = 4


class State(StrEnum):
    """How a window stands on a day, the most urgent first."""

    OVERDUE = "overdue"
    GRACE = "grace"
    OPEN = "open"
    EXCEPTED = "excepted"
    LOCKED = "locked"
    DONE = "done"


class UnknownWindow(NotFound):
    """The unit does not owe the item in this period."""

    code = "intake.unknown-window"


class BadRule(Invalid):
    """Working days out of bounds, or a beginning that is none."""

    code = "intake.bad-window-rule"


class RuledMeanwhile(Conflict):
    """Another rule came between."""

    code = "intake.window-ruled-meanwhile"


@dataclass(frozen=True, slots=True)
class Window:
    """One period of one unit and item. ``open_until``: the last day before the lock, None is never locked. ``said``: the declared
    total, None when nothing is declared for some month of it. ``days_left``: working days up to and with the due day."""

    source_id: int
    source_code: str
    source_name: str
    item_id: str
    period: Period
    due_on: date
    grace_until: date
    open_until: date | None
    is_provisional: bool
    arrived: int
    said: int | None
    exception: ExceptionView | None
    state: State
    days_left: int

    @property
    def name(self) -> str:
        """2026-05, 2026Q2."""
        return name_of(self.period)


def set_rule(
    *, item_id: str, source_code: str, rule: Rule, since: date, after: int | None = None, by: Actor, at: datetime
) -> None:
    """Says when a unit has to report an item, for periods that begin on ``since`` or later. ``after``: the version seen. The same
    said again is said once. Raises NotAllowed, UnknownItem, UnknownDepartment, BadRule, RuledMeanwhile."""
    require(by, Action.OVERSEE_REPORTING, item=item_id)
    publish.current_reported(item_id)
    unit = identity.source_unit(source_code, even_closed=True)
    require(by, Action.OVERSEE_REPORTING, item=item_id, region=unit.region_code)
    _check(rule, since)
    known = rules.versions(unit.id, item_id)
    version = known[-1].number if known else 0
    if after is not None and after != version:
        raise _meanwhile()
    if known and (known[-1].rule, known[-1].since) == (rule, since):
        return
    try:
        with transaction.atomic():
            WindowRule.objects.create(
                source_id=unit.id, item_id=item_id, version=version + 1, since=since, every=rule.every,
                due_days=rule.due_days, grace_days=rule.grace_days, lock_days=rule.lock_days, made_at=at, made_by=by.name,
            )  # fmt: skip
            audit.enter(
                audit.Event.WINDOW_RULE_SET, by=by, object_kind="window", object_ref=unit.code, item=item_id,
                since=since.isoformat(), every=rule.every, due_days=rule.due_days, grace_days=rule.grace_days,
                lock_days=rule.lock_days,
            )  # fmt: skip
    except IntegrityError as error:
        raise _meanwhile() from error


def rule_of(item_id: str, source_code: str, *, seen_by: Actor) -> tuple[Rule, int]:
    """The newest rule and its version; the default with version 0. Raises NotAllowed, UnknownDepartment."""
    unit = identity.source_unit(source_code, even_closed=True)
    require(seen_by, Action.VIEW_RATES, department=unit.code, item=item_id)
    known = rules.versions(unit.id, item_id)
    return (known[-1].rule, known[-1].number) if known else (Rule(), 0)


def one(item_id: str, source_code: str, day: date, *, seen_by: Actor, at: datetime) -> Window:
    """The window of the period in which a day lies. Raises NotAllowed, UnknownDepartment, UnknownWindow."""
    unit = identity.source_unit(source_code, even_closed=True)
    require(seen_by, Action.VIEW_RATES, department=unit.code, item=item_id, region=unit.region_code)
    period = rules.period_of(rules.versions(unit.id, item_id), day)
    if not duties.is_owed(period, source_id=unit.id, item_id=item_id, as_of=at):
        raise UnknownWindow(
            f"{unit.name} 在 {name_of(period)} 没有报送此事项的责任。请核对单位、事项和期次，或先设定报送责任。",
            f"{unit.name} does not owe this item in {name_of(period)}. Check unit, item and period, or set the duty first.",
        )
    return _windows([(unit, item_id, period)], at=at, seen_by=seen_by)[0]


def listing(
    *, seen_by: Actor, at: datetime, source_code: str = "", item_id: str = "", state: str = ""
) -> list[Window]:  # fmt: skip
    """The windows of the last months, the most urgent first; a source unit sees its own. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_RATES)
    audit.enter(
        audit.Event.WINDOWS_VIEWED,
        by=seen_by,
        object_kind="windows",
        object_ref=seen_by.department or source_code or "all",
    )
    found = [
        one
        for one in every(seen_by=seen_by, at=at)
        if (not source_code or one.source_code == source_code)
        and (not item_id or one.item_id == item_id)
        and (not state or one.state == state)
    ]
    order = {state: place for place, state in enumerate(State)}
    return sorted(found, key=lambda one: (order[one.state], one.due_on, one.source_code, one.item_id))


def every(*, seen_by: Actor, at: datetime) -> list[Window]:
    """The windows of the last months within the actor's reach, in no order. Raises NotAllowed."""
    reach, units = arrived.reach(seen_by), {unit.id: unit for unit in identity.source_units()}
    known, first = rules.all_versions(), clock.day(at).replace(day=1)
    asked: dict[tuple[int, str, date], tuple[SourceUnit, str, Period]] = {}
    for back in range(SHOWN_MONTHS):
        month = month_of(add_months(first, -back))
        for duty in duties.owed(month, as_of=at, seen_by=seen_by):
            is_theirs = reach is None or duty.source_id in reach
            if is_theirs and (seen_by.items is None or duty.item_id in seen_by.items):
                period = rules.period_of(known.get((duty.source_id, duty.item_id), ()), month.start)
                asked[duty.source_id, duty.item_id, period.start] = (units[duty.source_id], duty.item_id, period)
    return _windows(list(asked.values()), at=at, seen_by=seen_by)


def _windows(asked: list[tuple[SourceUnit, str, Period]], *, at: datetime, seen_by: Actor) -> list[Window]:
    calendar, today, known, held = tables.calendar(), clock.day(at), rules.all_versions(), rules.exceptions()
    came, said = _came({period for _, _, period in asked}, at, seen_by), _said({period for _, _, period in asked}, at)
    found = []
    for unit, item_id, period in asked:
        rule = rules.holding(known.get((unit.id, item_id), ()), period.start)
        due, grace, last, is_provisional = rule.ends(period, calendar)
        totals = [said[part].get((unit.id, item_id)) for part in rules.months(period)]
        total = None if any(one is None for one in totals) else sum(one or 0 for one in totals)
        opened = [one for one in held.get((unit.id, item_id, period.start), ()) if one.until >= today]
        standing = came[period].get((unit.id, item_id), 0)
        exception = max(opened, key=lambda one: one.until, default=None)
        is_done = period.end is not None and today >= period.end and standing >= (1 if total is None else total)
        left = sum(calendar.is_working(today + timedelta(days=n)) for n in range(1, (due - today).days + 1))
        found.append(
            Window(
                source_id=unit.id, source_code=unit.code, source_name=unit.name, item_id=item_id, period=period,
                due_on=due, grace_until=grace, open_until=last, is_provisional=is_provisional, arrived=standing, said=total,
                exception=exception, state=_state(today, due, grace, last, bool(exception), is_done), days_left=left,
            )
        )  # fmt: skip
    return found


def _came(periods: set[Period], at: datetime, seen_by: Actor) -> dict[Period, dict[tuple[int, str], int]]:
    return {
        period: {key: one.standing for key, one in arrived.counts(period, as_of=at, seen_by=seen_by).items()}
        for period in periods
    }


def _said(periods: set[Period], at: datetime) -> dict[Period, dict[tuple[int, str], int | None]]:
    """Month → unit and item → declared total; None was taken back."""
    return {
        month: {
            (word.source_id, word.item_id): word.number
            for word in declared.words(month, as_of=at)
            if word.kind == declared.TOTAL
        }
        for month in {part for period in periods for part in rules.months(period)}
    }


def _state(today: date, due: date, grace: date, last: date | None, is_excepted: bool, is_done: bool) -> State:
    if last is not None and today > last:
        return State.EXCEPTED if is_excepted else State.LOCKED
    if is_done:
        return State.DONE
    if today <= due:
        return State.OPEN
    return State.GRACE if today <= grace else State.OVERDUE


def _check(rule: Rule, since: date) -> None:
    if rule.every not in (MONTH, QUARTER) or rule.period_of(since).start != since:
        raise BadRule(
            "起始日期应是一期的第一天，如按季度为 1、4、7、10 月 1 日。",
            "It begins on the first day of a period: of a month, or of January, April, July or October.",
        )
    counted = (rule.due_days, rule.grace_days, rule.lock_days or 0)
    if rule.due_days < 1 or not all(0 <= one <= MOST_DAYS for one in counted):
        raise BadRule(
            f"期限为期后 1 至 {MOST_DAYS} 个工作日，宽限和锁定为 0 至 {MOST_DAYS} 个工作日。",
            f"It is due 1 to {MOST_DAYS} working days after the period; grace and lock take 0 to {MOST_DAYS}.",
        )


def _meanwhile() -> RuledMeanwhile:
    return RuledMeanwhile(
        "刚才有人改过这项报送窗口，请刷新后再试。", "Somebody changed this window just now. Reload and try again."
    )


__all__ = ["MONTH", "QUARTER", "BadRule", "ExceptionView", "Rule", "RuledMeanwhile", "State", "UnknownWindow", "Window",
           "every", "listing", "name_of", "one", "rule_of", "set_rule"]  # fmt: skip
