"""How much of what was decided in a period has arrived, by unit and item: numbers, nothing of what they say.

They are counted with the platform's own eyes, after the policy has said whose numbers somebody may have: a number that
changed with its reader's grade of disclosure would be no rate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.kernel import sql
from xinyong.kernel.periods import Period
from xinyong.security import identity, scope
from xinyong.security.access import BOUNDED, Action, Actor, reaches, require, system

_SQL = sql.load(__file__, "records.sql")
_PLANNED = "SELECT set_config('enable_nestloop', %s, true)"


@dataclass(frozen=True, slots=True)
class Arrived:
    """Data whose newest version stands, and data that were withdrawn."""

    standing: int
    withdrawn: int


def counts(period: Period, *, as_of: datetime, seen_by: Actor) -> dict[tuple[int, str], Arrived]:
    """(unit id, item) → data decided in the period, as known at an instant; within the actor's reach. Raises NotAllowed."""
    require(seen_by, Action.VIEW_RATES)
    units = reach(seen_by)
    parameters = source_fields() | {"from": period.start, "to": period.end, "as_of": as_of}
    found = read(_SQL["arrived"], parameters)
    return {
        (unit, item): Arrived(standing, withdrawn)
        for unit, item, standing, withdrawn in found
        if (units is None or unit in units) and (seen_by.items is None or item in seen_by.items)
    }


def read(statement: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Counts with the platform's own eyes. No loop over one table for each row of another: behind row-level security the
    planner takes tables for empty, and a year of a city takes 20 s in place of one."""
    with scope.acting(system("figures")), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLANNED, ["off"])
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
        cursor.execute(_PLANNED, ["on"])
    return list(found)


def reach(actor: Actor) -> frozenset[int] | None:
    """Ids of the units whose figures somebody may see: their own, those of their division, or all (None)."""
    if Action.VIEW_RATES in BOUNDED.get(actor.role, frozenset()):
        return frozenset({identity.source_unit(actor.department or "", even_closed=True).id})
    if not actor.region:
        return None
    return frozenset(one.id for one in identity.source_units() if reaches(actor.region, one.region_code))


def source_fields() -> dict[str, list[Any]]:
    """Which field of each version of each item names the unit whose row it is: ``items``, ``versions``, ``fields``."""
    every = publish.every_version()
    every = [one for one in every if not one.is_self_declared]  # nobody owes what organisations say of themselves
    return {
        "items": [one.id for one in every],
        "versions": [one.version for one in every],
        "fields": [one.roles.authority_code or one.roles.source_code for one in every],
    }
