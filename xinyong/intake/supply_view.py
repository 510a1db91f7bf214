"""What is seen of who may report what: the credit centre sees all of it, a unit what concerns itself."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from xinyong.catalogue import publish
from xinyong.intake import supply
from xinyong.intake.models import SupplyGrant, SupplyMode
from xinyong.intake.submit import FEED
from xinyong.kernel import clock, sql
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require

_SQL = sql.load(__file__, "intake.sql")
#: How far back it is looked who handed an item in, before it is closed to others.
LATELY = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item: its mode and the version of that word (0: nothing was said), and which units may report it on the day, by grant
    and by duty. ``made_at`` and the rest are None and empty where nothing was said."""

    item_id: str
    mode: str
    version: int
    basis: str
    made_at: datetime | None
    made_by: str
    granted: tuple[str, ...]
    owed: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Every unit may report it."""
        return self.mode == supply.Mode.OPEN

    @property
    def suppliers(self) -> tuple[str, ...]:
        """Names of all who may report it by grant or duty, each once."""
        return tuple(dict.fromkeys((*self.granted, *self.owed)))


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant as it stands. ``holds``: on the day that was asked for."""

    source_code: str
    source_name: str
    item_id: str
    starts_on: date
    ends_on: date | None
    basis: str
    version: int
    made_at: datetime
    made_by: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Supplies:
    """Items by the catalogue's order, grants by unit and item."""

    items: list[ItemView]
    grants: list[GrantView]


@dataclass(frozen=True, slots=True)
class Concerned:
    """A unit that handed an item in lately and could not from now on: how many files, the last of them when, by what channels."""

    source_code: str
    source_name: str
    count: int
    last_at: datetime
    channels: tuple[str, ...]


def listing(*, seen_by: Actor, on: date, source_code: str = "", item_id: str = "") -> Supplies:
    """Who may report what on a day, and every grant as it stands but those never granted; of one unit or item where named. One
    audit entry. Raises NotAllowed."""
    require(seen_by, Action.OVERSEE_REPORTING)
    audit.enter(
        audit.Event.SUPPLIES_VIEWED, by=seen_by, object_kind="supplies", object_ref=source_code or "all", item=item_id
    )
    wanted = [one.id for one in publish.reported(on=on) if item_id in ("", one.id)]
    if seen_by.items is not None:
        wanted = [one for one in wanted if one in seen_by.items]
    unit = identity.source_unit(source_code, even_closed=True) if source_code else None
    names = {unit.id: unit.name} if unit else identity.department_names()
    found = SupplyGrant.objects.filter(item_id__in=wanted, source_id__in=names).select_related("source")
    newest = found.order_by("source__code", "item_id", "starts_on", "-version").distinct(
        "source__code", "item_id", "starts_on"
    )
    return Supplies(
        _items(wanted, names, on=on), [_grant(one, on) for one in newest if one.ends_on != one.starts_on]
    )  # fmt: skip


def one_grant(*, source_code: str, item_id: str, starts_on: date, seen_by: Actor) -> GrantView | None:
    """The newest word on a grant with this beginning, for the form that changes it; None where there is none. Raises NotAllowed."""
    require(seen_by, Action.OVERSEE_REPORTING, item=item_id)
    found = SupplyGrant.objects.filter(source__code=source_code, item_id=item_id, starts_on=starts_on)
    newest = found.select_related("source").order_by("-version").first()
    return _grant(newest, clock.today()) if newest else None


def of_item(item_id: str, *, seen_by: Actor, on: date) -> ItemView:
    """Who may report an item on a day; who acts for a unit sees whether that unit may. Raises NotAllowed."""
    require(seen_by, Action.VIEW_CATALOGUE)
    own = identity.source_unit(seen_by.department, even_closed=True) if seen_by.department else None
    return _items([item_id], {own.id: own.name} if own else identity.department_names(), on=on)[0]


def effect(item_id: str, *, seen_by: Actor, at: datetime) -> list[Concerned]:
    """Whose files would be refused if the item were granted from now on, among those who handed it in within a year; the latest
    first. One audit entry. Raises NotAllowed, UnknownItem, NotReported."""
    require(seen_by, Action.OVERSEE_REPORTING, item=item_id, region="")
    publish.current_reported(item_id)
    audit.enter(audit.Event.SUPPLIES_VIEWED, by=seen_by, object_kind="supplies", object_ref="effect", item=item_id)
    stay = {source_id for source_id, _, _ in supply.holders(item_id=item_id, on=clock.day(at))}
    units = {one.id: one for one in identity.source_units()}
    with connection.cursor() as cursor:
        cursor.execute(_SQL["supplied_lately"], {"item": item_id, "since": at - LATELY, "feed": FEED})
        found = [row for row in cursor.fetchall() if row[0] not in stay and row[0] in units]
    lines = [Concerned(units[pk].code, units[pk].name, count, last, tuple(ways)) for pk, count, last, ways in found]
    return sorted(lines, key=lambda one: one.last_at, reverse=True)


def _items(wanted: list[str], names: dict[int, str], *, on: date) -> list[ItemView]:
    said = supply.modes()
    by_item: dict[tuple[str, str], list[str]] = {}
    for source_id, item_id, how in supply.holders(on=on, item_id=wanted[0] if len(wanted) == 1 else None):
        if source_id in names:
            by_item.setdefault((item_id, how), []).append(names[source_id])
    return [_item(one, said.get(one), by_item) for one in wanted]


def _item(item_id: str, said: SupplyMode | None, by_item: dict[tuple[str, str], list[str]]) -> ItemView:
    granted, owed = (tuple(sorted(by_item.get((item_id, how), ()))) for how in ("granted", "owed"))
    if said is None:
        return ItemView(item_id, supply.Mode.OPEN.value, 0, "", None, "", granted, owed)
    return ItemView(item_id, said.mode, said.version, said.basis, said.made_at, said.made_by, granted, owed)


def _grant(one: SupplyGrant, on: date) -> GrantView:
    return GrantView(
        one.source.code, one.source.name, one.item_id, one.starts_on, one.ends_on, one.basis, one.version, one.made_at,
        one.made_by, one.starts_on <= on and (one.ends_on is None or on < one.ends_on),
    )  # fmt: skip
