"""变更台账 The record of what registration authorities sent as changes: kept in their numbering, each with what became of it.

Only kept here and read; intake/feed.py applies. In order means: a change is due when every number before it has an outcome
or was skipped. Lock of a feed: one advisory lock for each authority, held by whoever keeps, skips or settles.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from xinyong.kernel import sql
from xinyong.kernel.errors import Conflict
from xinyong.security import audit, encryption
from xinyong.security.access import Action, Actor, require
from xinyong.security.identity import SourceUnit
from xinyong.subjects.models import Change, ChangeOutcome, ChangeRun, ChangeSkip

_SQL = sql.load(__file__, "changes.sql")
#: The class of advisory locks that feeds take.
_LOCK = 7307

Outcome = ChangeOutcome.Outcome


class NoGap(Conflict):
    """There is nothing to skip: the numbers have come, or one of them has."""

    code = "subjects.no-gap"


@dataclass(frozen=True, slots=True)
class Sent:
    """A change to be kept; ``content`` is what it says, or why that may not be kept."""

    sequence: int
    event_id: str
    kind: str
    code: str
    effective_on: date
    digest: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A change that is kept; ``content`` as in ``Sent``."""

    id: int
    sequence: int
    event_id: str
    kind: str
    code: str
    effective_on: date
    received_at: datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """Changes that go in together, as a submission."""

    first: int
    last: int
    submission_id: int


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a kept change; ``outcome`` "" while it waits. ``reasons``: rule, field, zh, en, suggestion."""

    sequence: int
    event_id: str
    kind: str
    code: str
    effective_on: date
    digest: bytes
    received_at: datetime
    outcome: str
    reasons: list[dict[str, str]]
    submission_id: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class State:
    """How far a feed is. ``position``: every number up to it is settled. ``gap``: numbers that are missing before the first
    that waits, since when. ``median_seconds``, ``p95_seconds``: from receipt to outcome, of the last thousand."""

    source_id: int
    position: int
    received_up_to: int
    waiting: int
    gap: tuple[int, int] | None
    gap_since: datetime | None
    applied: int
    refused: int
    last_received_at: datetime | None
    last_settled_at: datetime | None
    median_seconds: float | None
    p95_seconds: float | None


def lock(source_id: int) -> None:
    """Holds the feed for the rest of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, source_id])


def keep(sent: Sequence[Sent], *, source_id: int, by: Actor, at: datetime) -> None:
    """Adds changes that are new; the caller has looked which are, under the lock."""
    Change.objects.bulk_create(
        [
            Change(
                source_id=source_id, sequence=one.sequence, event_id=one.event_id, kind=one.kind, code=one.code,
                effective_on=one.effective_on, digest=one.digest, received_at=at, received_by=by.name,
                sealed=encryption.seal(one.content, context="change.sealed"),
            )
            for one in sent
        ]
    )  # fmt: skip


def told(source_id: int, sequences: Sequence[int]) -> dict[int, Told]:
    """What became of changes, by number; those never kept are missing."""
    return {row.sequence: row for row in _told("told", source_id=source_id, sequences=list(sequences))}


def named(source_id: int, event_ids: Sequence[str]) -> dict[str, int]:
    """event id → number, of those that are kept."""
    found = Change.objects.filter(source_id=source_id, event_id__in=event_ids)
    return dict(found.values_list("event_id", "sequence"))


def refused(source_id: int, *, before: int | None = None, limit: int = 50) -> list[Told]:
    """Changes that were refused, the newest first; ``before`` is the last number of the page before."""
    return _told("refused", source_id=source_id, before=before or 2**62, limit=limit)


def position(source_id: int) -> int:
    """Every number up to this one is settled."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["position"], {"source_id": source_id})
        return int(cursor.fetchone()[0])


def due(source_id: int, *, limit: int) -> list[Kept]:
    """The changes that come next, without a gap, in order."""
    after = position(source_id)
    found = Change.objects.filter(source_id=source_id, sequence__gt=after).order_by("sequence")[:limit]
    ready = []
    for number, one in enumerate(found, start=after + 1):
        if one.sequence != number:
            break
        ready.append(_kept(one))
    return ready


def of_run(run: Run, source_id: int) -> list[Kept]:
    """The changes of a run, in order."""
    found = Change.objects.filter(source_id=source_id, sequence__gte=run.first, sequence__lte=run.last)
    return [_kept(one) for one in found.order_by("sequence")]


def begin(source_id: int, *, first: int, last: int, submission_id: int, at: datetime) -> None:
    """Notes that these changes went into a submission; in the transaction that enters it."""
    ChangeRun.objects.create(source_id=source_id, first=first, last=last, submission_id=submission_id, begun_at=at)


def under_way(source_id: int) -> Run | None:
    """A run whose changes have no outcome yet: there is one at most."""
    found = ChangeRun.objects.filter(source_id=source_id, first__gt=position(source_id)).order_by("first").first()
    return None if found is None else Run(found.first, found.last, found.submission_id)


def settle(
    outcomes: Sequence[tuple[Kept, str, list[dict[str, str]]]],
    *,
    source_id: int,
    submission_id: int | None,
    at: datetime,
) -> None:
    """Writes what became of changes: (change, outcome, reasons)."""
    ChangeOutcome.objects.bulk_create(
        [
            ChangeOutcome(
                change_id=one.id, source_id=source_id, sequence=one.sequence, outcome=outcome, reasons=reasons,
                submission_id=submission_id, at=at,
            )
            for one, outcome, reasons in outcomes
        ]
    )  # fmt: skip


@transaction.atomic
def skip(source: SourceUnit, *, until: int, reason: str, by: Actor, at: datetime) -> tuple[int, int]:
    """Waits no more for the numbers after the position, up to ``until``; they must all be missing. Returns first and last.
    Raises NoGap, NotAllowed."""
    require(by, Action.MANAGE_FEEDS)
    lock(source.id)
    first = position(source.id) + 1
    if until < first or Change.objects.filter(source_id=source.id, sequence__gte=first, sequence__lte=until).exists():
        raise NoGap(
            f"第 {first} 号至第 {until} 号之间没有可跳过的缺口，可能刚刚到达。请刷新后核对。",
            f"There is no gap from {first} to {until}: they may have come just now. Look again.",
        )
    ChangeSkip.objects.create(
        source_id=source.id, first=first, last=until, reason=reason, skipped_by=by.name, at=at
    )  # fmt: skip
    audit.enter(
        audit.Event.CHANGES_SKIPPED, by=by, object_kind="register-feed", object_ref=source.code, first=first, last=until,
        reason=reason,
    )  # fmt: skip
    return first, until


def sources() -> list[int]:
    """Authorities that have sent a change, or whose numbers somebody skipped."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["sources"])
        return [row[0] for row in cursor.fetchall()]


def state(source_id: int) -> State:
    """How far a feed is."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["state"], {"source_id": source_id})
        at, upto, waiting, first, since, applied, refused_count, received, settled, median, p95 = cursor.fetchone()
    gap = (at + 1, first - 1) if first is not None and first > at + 1 else None
    return State(
        source_id=source_id, position=at, received_up_to=upto, waiting=waiting, gap=gap, gap_since=since if gap else None,
        applied=applied, refused=refused_count, last_received_at=received, last_settled_at=settled,
        median_seconds=median, p95_seconds=p95,
    )  # fmt: skip


def _kept(one: Change) -> Kept:
    content = encryption.unseal(bytes(one.sealed), context="change.sealed")
    return Kept(
        one.pk, one.sequence, one.event_id, one.kind, one.code, one.effective_on, one.received_at, content
    )  # fmt: skip


def _told(name: str, **asked: Any) -> list[Told]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL[name], asked)
        return [
            Told(
                sequence, event_id, kind, code, on, bytes(digest), received_at, outcome, json.loads(reasons), submission_id, at
            )
            for sequence, event_id, kind, code, on, digest, received_at, outcome, reasons, submission_id, at in cursor.fetchall()
        ]  # fmt: skip
