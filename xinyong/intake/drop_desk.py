"""The watched folders before an operator: what lies where, what is in quarantine and why, and what is to become of it.

Decisions are only noted here; the next look at the folders carries them out. So a web process needs no right on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction

from xinyong.catalogue import publish
from xinyong.intake import _drop_places as places
from xinyong.intake import drop, supply
from xinyong.intake.models import DropFile, DropLook
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require

Status = DropFile.Status
#: Looks come every minute; without one for so long, nobody is looking.
_SILENCE = timedelta(minutes=5)


class UnknownDrop(NotFound):
    """No file with this number was taken from a watched folder."""

    code = "intake.unknown-drop"


class NotInQuarantine(Conflict):
    """The file is not in quarantine, or it has been decided already."""

    code = "intake.drop-not-in-quarantine"


@dataclass(frozen=True, slots=True)
class FolderView:
    """A department's folder: what waited at the last look, what was taken when, what is in quarantine."""

    code: str
    name: str
    waiting: int
    under_way: int
    quarantined: int
    last_taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class DropView:
    """A file that was taken; ``number`` stands in the names of what came of it."""

    id: int
    number: str
    source_code: str
    source_name: str
    item_id: str
    file_name: str
    size: int
    status: str
    submission_id: int | None
    reason: dict[str, Any] | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """All folders. ``looked_at`` is None before the first look; ``is_silent``: none came for minutes."""

    is_on: bool
    looked_at: datetime | None
    is_silent: bool
    folders: list[FolderView]
    problems: list[dict[str, str]]


def overview(*, now: datetime, seen_by: Actor) -> Overview:
    """How the folders stand, as of the last look. Leaves an audit entry."""
    require(seen_by, Action.MANAGE_DROPS)
    audit.enter(audit.Event.DROPS_VIEWED, by=seen_by, object_kind="drop", object_ref="folders")
    look = DropLook.objects.filter(pk=1).first()
    tallies: dict[str, Mapping[str, Any]] = {
        row["source__code"]: row
        for row in _within(seen_by)
        .values("source__code")
        .annotate(
            last=models.Max("taken_at"),
            under_way=models.Count("id", filter=models.Q(status=Status.SUBMITTED)),
            aside=models.Count("id", filter=models.Q(status=Status.QUARANTINED)),
        )
    }
    nothing: Mapping[str, Any] = {"last": None, "under_way": 0, "aside": 0}
    folders = []
    for one in look.folders if look else ():
        tally = tallies.get(one["code"], nothing)
        folders.append(
            FolderView(one["code"], one["name"], one["waiting"], tally["under_way"], tally["aside"], tally["last"])
        )
    looked_at = look.at if look else None
    return Overview(
        is_on=settings.DROP_FOLDERS is not None, looked_at=looked_at,
        is_silent=looked_at is None or now - looked_at > _SILENCE, folders=folders,
        problems=list(look.problems) if look else [],
    )  # fmt: skip


def quarantined(*, seen_by: Actor, after: int | None = None, limit: int = 50) -> list[DropView]:
    """Files in quarantine, the newest first; ``after`` is the last id of the page before."""
    require(seen_by, Action.MANAGE_DROPS)
    found = _within(seen_by).filter(status=Status.QUARANTINED).order_by("-id")
    if after is not None:
        found = found.filter(pk__lt=after)
    return [_view(one) for one in found[:limit]]


def find(drop_id: int, *, seen_by: Actor) -> DropView:
    """One file that was taken. Raises UnknownDrop."""
    require(seen_by, Action.MANAGE_DROPS)
    row = _within(seen_by).filter(pk=drop_id).first()
    if row is None:
        raise _unknown(drop_id)
    return _view(row)


def unworked(*, seen_by: Actor) -> list[int]:
    """Submissions from watched folders that nobody has finished working on, oldest first."""
    require(seen_by, Action.MANAGE_DROPS)
    open_ones = DropFile.objects.filter(status=Status.SUBMITTED, submission__status__in=("received", "staged"))
    return list(open_ones.order_by("submission_id").values_list("submission_id", flat=True).distinct())


@transaction.atomic
def release(drop_id: int, *, by: Actor, item_id: str = "") -> DropView:
    """Has a file in quarantine handed in again as it is, for ``item_id`` where the file came without an item. Its control file
    counts no more. Raises UnknownDrop, NotInQuarantine, UnknownItem."""
    row = _decidable(drop_id, by)
    if item_id or not row.item_id:
        row.item_id = publish.current(item_id).id
        require(by, Action.MANAGE_DROPS, item=row.item_id)
    row.status = Status.RELEASING
    row.save()
    audit.enter(audit.Event.DROP_RELEASED, by=by, object_kind="drop", object_ref=row.ticket, item=row.item_id)
    return _view(row)


@transaction.atomic
def discard(drop_id: int, *, by: Actor) -> DropView:
    """Has a file in quarantine removed. Raises UnknownDrop, NotInQuarantine."""
    row = _decidable(drop_id, by)
    row.status = Status.DISCARDING
    row.save()
    audit.enter(audit.Event.DROP_DISCARDED, by=by, object_kind="drop", object_ref=row.ticket, item=row.item_id)
    return _view(row)


def open_folders(source_code: str, *, by: Actor) -> Path:
    """Makes a department's folders, one within ``in`` for each item in force that it may report; what is there stays. Raises
    UnknownDepartment, NotOn, OSError."""
    require(by, Action.MANAGE_DROPS)
    unit = identity.source_unit(source_code)
    own = drop.root() / unit.code
    own.mkdir(mode=0o755, parents=True, exist_ok=True)
    closed = supply.closed(unit.id, on=clock.today())
    items = [one.id for one in publish.reported() if one.id not in closed]
    with places.root(own) as handle:
        for name in places.FOLDERS:
            with places.folder(handle, name, is_made=True) as made:
                for item_id in items if name == places.IN else ():
                    with places.folder(made, item_id, is_made=True):
                        pass
    audit.enter(audit.Event.DROP_OPENED, by=by, object_kind="department", object_ref=unit.code)
    return own


def _decidable(drop_id: int, by: Actor) -> DropFile:
    require(by, Action.MANAGE_DROPS)
    row = _within(by).select_for_update(of=("self",)).filter(pk=drop_id).first()
    if row is None:
        raise _unknown(drop_id)
    if row.status != Status.QUARANTINED:
        raise NotInQuarantine(
            "这个文件不在隔离区，或已经办理。", "The file is not in quarantine, or it has been decided already."
        )
    return row


def _within(actor: Actor) -> models.QuerySet[DropFile]:
    """Files that the actor's grant reaches; one that came without an item is for those who have all."""
    found = DropFile.objects.select_related("source")
    return found if actor.items is None else found.filter(item_id__in=actor.items)


def _unknown(drop_id: int) -> UnknownDrop:
    return UnknownDrop(f"没有编号为 {drop_id} 的交换文件。", f"No file with the number {drop_id} was taken.")


def _view(row: DropFile) -> DropView:
    return DropView(
        id=row.pk, number=row.ticket[:8], source_code=row.source.code, source_name=row.source.name, item_id=row.item_id,
        file_name=row.file_name, size=row.size, status=row.status, submission_id=row.submission_id, reason=row.reason,
        taken_at=row.taken_at,
    )  # fmt: skip
