"""Who owes which item (报送责任): the denominator of the collection rate. A unit that is founded or closed within a month
owes for its part of it, because a duty begins and ends on a day. Said anew, never changed: what held stays to be seen."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction

from xinyong.catalogue import publish
from xinyong.intake.models import Duty
from xinyong.kernel import sql
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.periods import Period
from xinyong.security import audit, identity
from xinyong.security.access import BOUNDED, Action, Actor, require
from xinyong.security.identity import SourceUnit

_SQL = sql.load(__file__, "intake.sql")


class EndsBeforeItBegins(Invalid):
    """A duty cannot end before it begins."""

    code = "intake.duty-ends-before-it-begins"


class Overlapping(Conflict):
    """The unit owes the item already on some of these days."""

    code = "intake.duty-overlaps"


@dataclass(frozen=True, slots=True)
class Owed:
    """That a unit owed an item in a period: from, until (None is open), and on how many days of the period."""

    source_id: int
    item_id: str
    starts_on: date
    ends_on: date | None
    days: int


@dataclass(frozen=True, slots=True)
class DutyView:
    """One duty as it stands: what page and command line list."""

    source_code: str
    source_name: str
    item_id: str
    starts_on: date
    ends_on: date | None
    made_at: datetime
    made_by: str


def assign(
    *, item_id: str, source_code: str, starts_on: date, ends_on: date | None = None, by: Actor, at: datetime
) -> None:
    """Says that a unit owes an item from a day on, up to, not including, another. The same beginning said again replaces
    what was said; ending on the first day says that it never was owed. Same call twice: said once. Raises NotAllowed,
    UnknownItem, UnknownDepartment, EndsBeforeItBegins, Overlapping."""
    require(by, Action.OVERSEE_REPORTING, item=item_id)
    publish.current_reported(item_id)
    unit = identity.source_unit(source_code, even_closed=True)
    require(by, Action.OVERSEE_REPORTING, item=item_id, region=unit.region_code)
    if ends_on is not None and ends_on < starts_on:
        raise EndsBeforeItBegins(
            f"终止日期 {ends_on} 早于起始日期 {starts_on}。",
            f"It would end on {ends_on}, before it begins on {starts_on}.",
        )
    try:
        with transaction.atomic():
            _say(unit, item_id, starts_on, ends_on, by, at)
    except IntegrityError as error:
        raise Overlapping(
            "刚才有人改过这项责任，请刷新后再试。", "Somebody changed this duty just now. Reload and try again."
        ) from error


def _say(unit: SourceUnit, item_id: str, starts_on: date, ends_on: date | None, by: Actor, at: datetime) -> None:
    newest = {one.starts_on: one for one in Duty.objects.filter(source_id=unit.id, item_id=item_id).order_by("version")}
    before = newest.pop(starts_on, None)
    if before is not None and before.ends_on == ends_on:
        return
    for one in newest.values():
        if Period(one.starts_on, one.ends_on).overlaps(Period(starts_on, ends_on)):
            raise Overlapping(
                f"该单位自 {one.starts_on} 起已负责报送此事项，时间重叠。请先终止那一段。",
                f"The unit owes this item from {one.starts_on} already; the times overlap. End that duty first.",
            )
    Duty.objects.create(
        source_id=unit.id, item_id=item_id, starts_on=starts_on, ends_on=ends_on,
        version=before.version + 1 if before else 1, made_at=at, made_by=by.name,
    )  # fmt: skip
    audit.enter(
        audit.Event.DUTY_SET, by=by, object_kind="duty", object_ref=unit.code, item=item_id, starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat() if ends_on else None,
    )  # fmt: skip


def listing(*, seen_by: Actor, source_code: str = "") -> list[DutyView]:
    """Every duty as it stands, by unit and item; those never owed are left out. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.OVERSEE_REPORTING)
    audit.enter(audit.Event.DUTIES_VIEWED, by=seen_by, object_kind="duties", object_ref=source_code or "all")
    found = Duty.objects.select_related("source").order_by("source__code", "item_id", "starts_on", "-version")
    if source_code:
        found = found.filter(source__code=source_code)
    newest = found.distinct("source__code", "item_id", "starts_on")
    return [
        DutyView(one.source.code, one.source.name, one.item_id, one.starts_on, one.ends_on, one.made_at, one.made_by)
        for one in newest
        if one.ends_on != one.starts_on
    ]


def is_owed(period: Period, *, source_id: int, item_id: str, as_of: datetime) -> bool:
    """True when a unit owes an item on some day of a period: for the room's own checks, seen by the database's rules."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["duties"], {"from": period.start, "to": period.end, "as_of": as_of, "unit": source_id})
        return any(row[1] == item_id for row in cursor.fetchall())


def owed(period: Period, *, as_of: datetime, seen_by: Actor) -> list[Owed]:
    """Who owed what in a period, as it was known at an instant; a source unit gets its own. Raises NotAllowed."""
    require(seen_by, Action.VIEW_RATES)
    unit = None
    if Action.VIEW_RATES in BOUNDED.get(seen_by.role, frozenset()):
        unit = identity.source_unit(seen_by.department or "", even_closed=True).id
    with connection.cursor() as cursor:
        cursor.execute(_SQL["duties"], {"from": period.start, "to": period.end, "as_of": as_of, "unit": unit})
        return [Owed(*row) for row in cursor.fetchall()]
