"""Who used what is on file (谁用过): the log's entries about an organisation, summed by unit, purpose and kind of look.

The log itself is for auditors. What answers for a record may know that it was used, by which unit and what for; not by which
person, and nothing of what else that unit did.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from xinyong.kernel import clock, sql
from xinyong.security import scope
from xinyong.security.access import system

_SQL = sql.load(__file__, "audit.sql")


@dataclass(frozen=True, slots=True)
class Look:
    """So many looks of one kind, by one role of one unit ("" where it acts for none), for one purpose; the first and the last."""

    event: str
    role: str
    department: str
    purpose: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class One:
    """One look at a subject's file: when, which kind, as what role, who (a person's or a program's name: not for the subject), of
    which unit ("" for none), for which purpose as it stands in the log, and what else was noted."""

    id: int
    at: datetime
    event: str
    role: str
    actor: str
    department: str
    purpose: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ByOne:
    """A look of an official, for what watches them: at which subject (a code, or ``person:`` and the keyed digest)."""

    id: int
    at: datetime
    event: str
    role: str
    actor: str
    department: str
    subject: str


def of_subject(
    ref: str, *, now: datetime, before: int | None = None, since: datetime | None = None, until: datetime | None = None,
    offset: int = 0, limit: int = 50,
) -> tuple[Sequence[One], int]:  # fmt: skip
    """Looks at the file of a subject (its code, or ``person:`` and the keyed digest), the newest first, and how many there are behind
    ``before`` in all. What is lawfully withheld at ``now`` is not among them. Callers have checked who asks."""
    parameters: dict[str, Any] = {
        "subject": ref, "now": now, "before": before, "since": since, "until": until, "offset": offset, "limit": limit,
    }  # fmt: skip
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["looks_of_subject"], parameters)
        found = cursor.fetchall()
        if not found and offset:  # beyond the end: how many there are is told all the same
            cursor.execute(_SQL["looks_of_subject"], parameters | {"offset": 0, "limit": 1})
            first = cursor.fetchall()
            return [], first[0][-1] if first else 0
    lines = []
    for number, at, event, role, actor, unit, purpose, facts, _ in found:
        noted = json.loads(facts) if isinstance(facts, str) else facts
        lines.append(One(number, at, event, role, actor, unit, purpose, noted))
    return lines, found[0][-1] if found else 0


def one(look_id: int) -> One | None:
    """One look, withheld or not; None where the entry is none. Callers have checked who asks, and that it is theirs to see."""
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["look"], {"id": look_id})
        row = cursor.fetchone()
    if row is None:
        return None
    number, at, event, role, actor, unit, purpose, facts = row
    noted = json.loads(facts) if isinstance(facts, str) else facts
    return One(number, at, event, role, actor, unit, purpose, noted)


def kept_since() -> datetime | None:
    """The instant of the log's first entry; None while there is none."""
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["kept_since"])
        row = cursor.fetchone()
    return row[0] if row else None


def by_people(*, since: datetime) -> list[ByOne]:
    """Every look of an official since then, the oldest first. For the platform's own watch (rights/alarms.py)."""
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["looks_by_people"], {"since": since})
        return [ByOne(*row) for row in cursor.fetchall()]


def of_record(
    subject_code: str, ref: str, *, item_id: str, since: datetime, with_purposes: bool, limit: int = 50
) -> tuple[Sequence[Look], int]:
    """Looks since then at the file of the organisation as a whole or at this record, reports of it that were issued, and exports
    of the record's item, which may have held it; the most recent first, and how many lines there are in all. Without purposes
    for whoever is another unit than the one that looked: what a unit inquires into is not its neighbours' affair.

    Whoever asks must have been let in to the record's history (``intake.lineage``)."""
    parameters: dict[str, Any] = {
        "subject": subject_code,
        "ref": ref,
        "item": item_id,
        "since": since,
        "told": with_purposes,
        "limit": limit,
    }
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["looks"], parameters)
        found = cursor.fetchall()
    return [Look(*row[:-1]) for row in found], found[0][-1] if found else 0


def summary_of(ref: str, *, since: datetime, limit: int = 50) -> list[Look]:
    """Looks since then at what is on file of a subject, the most recent first, with their purposes; its own are none. ``ref``: an
    organisation's code, or ``person:`` and the digest, as special queries name a person.

    Whoever asks is the subject itself, or has been let in to what is about it (``records.own``)."""
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["looks_at"], {"subject": ref, "since": since, "limit": limit, "now": clock.now()})
        return [Look(*row) for row in cursor.fetchall()]


def on_day(*, since: datetime, until: datetime) -> list[tuple[str, str, str, int]]:
    """How often subjects were looked at in a time, by reference, the looker's role and unit ("" for none): for telling them."""
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["looked_at"], {"since": since, "until": until, "now": clock.now()})
        return [(ref, role, unit, int(count)) for ref, role, unit, count in cursor.fetchall() if ref]
