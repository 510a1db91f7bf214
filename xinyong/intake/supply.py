"""Which unit may report which item (供数授权). An item is open to every unit, unless somebody says that it is granted: then only
those may report it to whom it is granted, and those that owe it (intake/duties.py). Asked at the one door where a file enters or
is tried (``submit``), whatever the way it came. Said anew, never changed; what was handed in before stays.
"""

from datetime import date, datetime

from django.db import IntegrityError, connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake.models import SupplyGrant, SupplyMode
from xinyong.kernel import sql
from xinyong.kernel.errors import Conflict, Forbidden, Invalid
from xinyong.kernel.periods import Period
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, identity, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.identity import SourceUnit

_SQL = sql.load(__file__, "intake.sql")
Mode = SupplyMode.Mode
_SHORTEST, LONGEST = 4, 300
_SAYING = 7313


class NotGranted(Forbidden):
    """The item is reported by units to whom it is granted, and this unit is none of them on that day."""

    code = "intake.not-granted"


class EndsBeforeItBegins(Invalid):
    """A grant cannot end before it begins."""

    code = "intake.supply-grant-ends-before-it-begins"


class BasisNeeded(Invalid):
    """Why a unit may report an item, or why an item is open or granted, is missing or too long."""

    code = "intake.supply-basis-needed"


class Overlapping(Conflict):
    """The item is granted to the unit already on some of these days."""

    code = "intake.supply-grant-overlaps"


class SaidMeanwhile(Conflict):
    """Somebody else said something newer."""

    code = "intake.supply-said-meanwhile"


def may(source_id: int, item_id: str, *, on: date) -> bool:
    """The rule: the item is open, or a grant or a duty of the unit holds on the day. Asked as the platform itself: what the one
    who hands in may see of it makes no difference."""
    with scope.acting(system("supply")):
        return is_open(item_id) or bool(holders(item_id=item_id, source_id=source_id, on=on))


def require_may(source: SourceUnit, item: Item, *, on: date) -> None:
    """Raises NotGranted unless the unit ``may``."""
    if not may(source.id, item.id, on=on):
        raise NotGranted(
            f"“{item.title_zh}”须经授权才能报送，{source.name}（{on}）没有此项授权，因此不收。请联系信用中心在“供数授权”（/office/supply/）中授权后再报送。",
            f"“{item.title_en}” is reported by units to whom it is granted; it is not granted to {source.name} on {on}, so nothing "
            "was taken. Ask the credit centre to grant it (/office/supply/), then hand in again.",
            item=item.id,
            source=source.code,
        )


def closed_to(by: Actor, *, on: date) -> frozenset[str]:
    """Items that the actor's own unit may not report on the day; none for whoever acts for no unit."""
    return closed(identity.source_unit(by.department, even_closed=True).id, on=on) if by.department else frozenset()


def closed(source_id: int, *, on: date) -> frozenset[str]:
    """Items that the unit may not report on the day."""
    with scope.acting(system("supply")):
        granted = {item_id for item_id, one in modes().items() if one.mode == Mode.GRANTED}
        if not granted:
            return frozenset()
        return frozenset(granted - {item_id for _, item_id, _ in holders(source_id=source_id, on=on)})


def is_open(item_id: str) -> bool:
    """True when every unit may report the item."""
    newest = SupplyMode.objects.filter(item_id=item_id).order_by("-version").first()
    return newest is None or newest.mode == Mode.OPEN


def modes() -> dict[str, SupplyMode]:
    """item → the newest word on it; items of which nothing was said are open and not among these."""
    found = SupplyMode.objects.order_by("item_id", "-version").distinct("item_id")
    return {one.item_id: one for one in found}


def holders(*, on: date, source_id: int | None = None, item_id: str | None = None) -> list[tuple[int, str, str]]:
    """(unit, item, "granted" or "owed") for every grant and every duty that holds on the day."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["suppliers"], {"unit": source_id, "item": item_id, "on": on})
        return [(source, item, how) for source, item, how in cursor.fetchall()]


def set_mode(*, item_id: str, mode: str, basis: str, after: int | None = None, by: Actor, at: datetime) -> None:
    """Says that an item is open to every unit, or granted. ``after``: the version seen, 0 where nothing was said. What it is
    already, said again, is said once. It concerns every unit, so who says it reaches the whole city.

    Raises NotAllowed, UnknownItem, NotReported, BasisNeeded, SaidMeanwhile.
    """
    require(by, Action.OVERSEE_REPORTING, item=item_id, region="")
    publish.current_reported(item_id)
    said, wanted = _said(basis), Mode(mode)
    newest = SupplyMode.objects.filter(item_id=item_id).order_by("-version").first()
    version = newest.version if newest else 0
    if after is not None and after != version:
        raise _meanwhile()
    if wanted == (newest.mode if newest else Mode.OPEN) and (newest is None or newest.basis == said):
        return
    try:
        with transaction.atomic():
            SupplyMode.objects.create(
                item_id=item_id, version=version + 1, mode=wanted, basis=said, made_at=at, made_by=by.name
            )
            audit.enter(
                audit.Event.SUPPLY_SET, by=by, object_kind="supply-mode", object_ref=item_id, item=item_id, mode=wanted.value,
                purpose=said,
            )  # fmt: skip
    except IntegrityError as error:
        raise _meanwhile() from error


@transaction.atomic
def grant(
    *, item_id: str, source_code: str, starts_on: date, ends_on: date | None = None, basis: str, after: int | None = None,
    by: Actor, at: datetime,
) -> None:  # fmt: skip
    """Says that a unit may report an item from a day on, up to, not including, another. The same beginning said again replaces
    what was said (``after``: the version seen of it); ending on the first day says that it never was granted. Same call twice:
    said once. Raises NotAllowed, UnknownItem, NotReported, UnknownDepartment, EndsBeforeItBegins, BasisNeeded, Overlapping,
    SaidMeanwhile."""
    require(by, Action.OVERSEE_REPORTING, item=item_id)
    publish.current_reported(item_id)
    unit = identity.source_unit(source_code, even_closed=True)
    require(by, Action.OVERSEE_REPORTING, item=item_id, region=unit.region_code)
    if ends_on is not None and ends_on < starts_on:
        raise EndsBeforeItBegins(
            f"终止日期 {ends_on} 早于起始日期 {starts_on}。",
            f"It would end on {ends_on}, before it begins on {starts_on}.",
        )
    said = _said(basis)
    with connection.cursor() as cursor:  # of two told at once, the second sees what the first said
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_SAYING, unit.id])
    known = SupplyGrant.objects.filter(source_id=unit.id, item_id=item_id).order_by("version")
    newest = {one.starts_on: one for one in known}
    before = newest.pop(starts_on, None)
    version = before.version if before else 0
    if before is not None and (before.ends_on, before.basis) == (ends_on, said):
        return
    if after is not None and after != version:
        raise _meanwhile()
    for one in newest.values():
        _must_not_overlap(one, starts_on, ends_on)
    SupplyGrant.objects.create(
        source_id=unit.id, item_id=item_id, starts_on=starts_on, ends_on=ends_on, basis=said, version=version + 1,
        made_at=at, made_by=by.name,
    )  # fmt: skip
    audit.enter(
        audit.Event.SUPPLY_SET, by=by, object_kind="supply-grant", object_ref=unit.code, item=item_id,
        starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat() if ends_on else None, purpose=said,
    )  # fmt: skip


def _must_not_overlap(one: SupplyGrant, starts_on: date, ends_on: date | None) -> None:
    if Period(one.starts_on, one.ends_on).overlaps(Period(starts_on, ends_on)):
        raise Overlapping(
            f"该单位自 {one.starts_on} 起已有此事项的授权，时间重叠。请先终止那一段。",
            f"The item is granted to the unit from {one.starts_on} already; the times overlap. End that grant first.",
        )


def _said(basis: str) -> str:
    said = unnumbered(" ".join(basis.split()))
    if not _SHORTEST <= len(said) <= LONGEST:
        raise BasisNeeded(
            f"请写明依据或理由（{_SHORTEST} 至 {LONGEST} 字）。",
            f"Give the basis or the reason ({_SHORTEST} to {LONGEST} characters).",
        )
    return said


def _meanwhile() -> SaidMeanwhile:
    return SaidMeanwhile("刚才有人改过这一项，请刷新后再试。", "Somebody changed this just now. Reload and try again.")
