"""Rows entered by hand (手工录入): a clerk's draft of an item, checked as a file would be, handed in as one.

A draft is one clerk's rows of one item for their own unit, each row sealed. It becomes a JSON file of as many objects, whose
keys are the fields' codes, and goes the way of every file: the trial is ``submit.check``, handing in is ``submit.enter``.
Kept until it is handed in, and no longer than ``KEPT`` after the last change.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from django.db import transaction
from django.db.models import Count, Max, QuerySet

from xinyong.catalogue import forbidden, publish
from xinyong.catalogue.schema import Field, FieldType, Item, Masking, Requirement
from xinyong.intake import _columns, submit, supply
from xinyong.intake.models import EntryRow
from xinyong.intake.outcome import Found
from xinyong.intake.uploads import HandIn
from xinyong.intake.views import SubmissionView, Trial
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.security import audit, encryption, identity, quotas
from xinyong.security.access import Action, Actor, require

CHANNEL = "manual"
#: How long a draft is kept after its last change.
KEPT = timedelta(days=7)
#: Rows of a draft. More is what files are for.
MOST_ROWS = 100
_LONGEST = 4000
#: Looks while typing that one person may take: each is a run of the rules.
_PER_MINUTE, _PER_DAY = 90, 20_000
_HIDDEN = frozenset({Masking.CERTIFICATE, Masking.PHONE, Masking.BANK_CARD})

Values = Mapping[str, str]


class OnlyUnits(Forbidden):
    """Rows are entered by a source unit's own people."""

    code = "intake.only-units-enter"


class UnknownEntry(NotFound):
    """There is no such row in one's draft."""

    code = "intake.no-such-entry"


class DraftFull(Conflict):
    """A draft holds no more rows."""

    code = "intake.draft-full"


class NothingEntered(Invalid):
    """There is nothing in the row or in the draft."""

    code = "intake.nothing-entered"


class NeverCollected(Invalid):
    """A cell holds what may never be collected; it is not kept, not even in a draft."""

    code = "intake.never-collected"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a draft. ``values``: field code → what was typed; ``shown`` the same as it may be shown again, masked.
    ``corrects``: submission and row number that it puts right."""

    id: int
    values: Values = field(repr=False)
    shown: Values
    corrects: tuple[int, int] | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft among all of a clerk's."""

    item_id: str
    row_count: int
    changed_at: datetime
    ends_at: datetime


def fields(item: Item) -> list[Field]:
    """The fields that are entered: not what the platform computes, not what must be empty."""
    return [one for one in item.fields if not one.is_computed and one.requirement is not Requirement.BLANK]


def is_hidden(one: Field) -> bool:
    """True where a value is not shown again once it is kept: numbers of persons."""
    return one.type is FieldType.CERTIFICATE or (one.is_personal and one.masking in _HIDDEN)


def item_of(item_id: str, *, by: Actor) -> Item:
    """The item as rows of it are entered today. Raises OnlyUnits, NotAllowed, UnknownItem."""
    own_unit(by)
    require(by, Action.SUBMIT, department=by.department, item=item_id)
    return publish.current_reported(item_id)


def must_be_open(item: Item, *, by: Actor, on: date) -> None:
    """Raises supply's NotGranted when the unit may begin no row of the item; what it has begun stays to be seen, put right or
    thrown away."""
    if not _rows(by).filter(item_id=item.id).exists():
        supply.require_may(identity.source_unit(str(by.department)), item, on=on)


def own_unit(by: Actor) -> int:
    """The id of the unit that one enters rows for. Raises OnlyUnits, NotAllowed."""
    return _writer(by)[1]


def drafts(*, by: Actor) -> list[DraftView]:
    """One's drafts, the latest first."""
    found = (
        _rows(by).values("item_id").annotate(n=Count("id"), at=Max("changed_at")).order_by("-at")
    )  # fmt: skip
    return [DraftView(one["item_id"], one["n"], one["at"], one["at"] + KEPT) for one in found]


def draft(item_id: str, *, by: Actor) -> list[Entry]:
    """The rows of one's draft, in the order they were begun. Raises OnlyUnits, NotAllowed, UnknownItem."""
    item = item_of(item_id, by=by)
    return [_entry(one, item) for one in _rows(by).filter(item_id=item.id).order_by("id")]


def row(item_id: str, row_id: int, *, by: Actor) -> Entry:
    """One row of one's draft. Raises UnknownEntry."""
    return _entry(_find(row_id, item_id, by), item_of(item_id, by=by))


@transaction.atomic
def keep(
    item_id: str, values: Values, *, row_id: int | None = None, corrects: tuple[int, int] | None = None, by: Actor,
    at: datetime,
) -> int:  # fmt: skip
    """Puts a row into one's draft, or another content into one that is there; returns its id. Nothing is checked but that
    there is something, and nothing that may never be collected. Of an earlier row (``corrects``) there is one draft; it
    is put right also where the unit may not report the item any more.

    Raises OnlyUnits, NotAllowed, NotGranted, UnknownItem, UnknownEntry, DraftFull, NothingEntered, NeverCollected.
    """
    item, (account_id, source_id) = item_of(item_id, by=by), _writer(by)
    clean = tidy(item, values)
    if not clean:
        raise NothingEntered("这一行什么都没有填。", "There is nothing in this row.")
    _must_be_collectable(item, clean)
    sealed = _sealed(clean)
    if row_id is not None:
        found = _find(row_id, item.id, by, lock=True)
        EntryRow.objects.filter(pk=found.pk).update(sealed=sealed, changed_at=at)
        return found.pk
    if corrects is None:
        supply.require_may(identity.source_unit(str(by.department)), item, on=at.date())
    where, row_no = corrects or (None, None)
    if corrects and (same := _rows(by).filter(corrects_id=where, corrects_row=row_no).first()) is not None:
        return int(same.pk)
    if _rows(by).filter(item_id=item.id).count() >= MOST_ROWS:
        raise DraftFull(
            f"一次最多录入 {MOST_ROWS} 行。请先报送已录入的，或改用文件报送。",
            f"A draft holds {MOST_ROWS} rows. Hand these in first, or use a file.",
        )
    kept = EntryRow.objects.create(
        account_id=account_id, source_id=source_id, item_id=item.id, corrects_id=where, corrects_row=row_no, made_at=at,
        sealed=sealed, changed_at=at,
    )  # fmt: skip
    return kept.pk


def remove(item_id: str, row_id: int, *, by: Actor) -> None:
    """Takes a row out of one's draft. Raises UnknownEntry."""
    _find(row_id, item_id, by).delete()


def discard(item_id: str, *, by: Actor) -> int:
    """Throws one's draft away; returns how many rows."""
    return int(_rows(by).filter(item_id=item_id).delete()[0])


def look(item_id: str, rows: Sequence[Values], *, by: Actor, at: datetime) -> Trial:
    """What the rules say of rows while they are typed: the same trial as a file's, which learns nothing from the archive,
    and keeps nothing. Row numbers count from 1. Raises QuotaSpent when somebody looks faster than anybody types."""
    item = item_of(item_id, by=by)
    quotas.take(f"entry:{by.account_id}", per_minute=_PER_MINUTE, per_day=_PER_DAY, now=at)
    with _written(item, rows) as path:
        return submit.check(
            path, item_id=item.id, source_code=by.department, file_name=path.name, by=by, received_at=at, is_apart=True,
            corrects=_rows(by).filter(item_id=item.id).exists(),
        )  # fmt: skip


def check(item_id: str, *, by: Actor, at: datetime) -> Trial:
    """What would become of the draft if it were handed in now, the archive asked too. One audit entry, as for a file that is
    tried. Raises NothingEntered."""
    item, rows = item_of(item_id, by=by), draft(item_id, by=by)
    with _written(item, [one.values for one in rows]) as path:
        audit.enter(
            audit.Event.FILE_TRIED, by=by, object_kind="catalogue-item", object_ref=item.id, size=path.stat().st_size
        )
        return submit.check(
            path, item_id=item.id, source_code=by.department, file_name=path.name, by=by, received_at=at,
            corrects=all(one.corrects for one in rows),
        )  # fmt: skip


@transaction.atomic
def hand_in(item_id: str, *, by: Actor, at: datetime, hand_in: HandIn) -> tuple[SubmissionView, bool]:
    """Hands one's draft in as one submission and throws it away; False when the very same rows were handed in before.

    Pressed twice at once, the second waits and finds nothing. Raises NothingEntered, and what ``hand_in`` raises; then the
    draft stays.
    """
    item = item_of(item_id, by=by)
    held = list(_rows(by).select_for_update(of=("self",)).filter(item_id=item.id).order_by("id"))
    with _written(item, [_values(one) for one in held]) as path:
        name = f"手工录入-{item.title_zh}-{at.astimezone(clock.ZONE):%Y%m%d-%H%M%S}.json"
        entered = hand_in(
            path,
            item_id=item.id,
            source_code=str(by.department),
            file_name=name,
            by=by,
            received_at=at,
            channel=CHANNEL,
            corrects=all(one.corrects_id for one in held),
        )
    EntryRow.objects.filter(pk__in=[one.pk for one in held]).delete()
    return entered


def sweep(*, now: datetime) -> int:
    """Throws drafts away that nobody went on with; returns how many rows. The nightly job calls it."""
    return int(EntryRow.objects.filter(changed_at__lt=now - KEPT).delete()[0])


def by_row(trial: Trial) -> dict[int, list[Found]]:
    """Findings by row number."""
    found: dict[int, list[Found]] = {}
    for one in trial.findings:
        found.setdefault(one.row_no, []).append(one)
    return found


def tidy(item: Item, values: Values) -> dict[str, str]:
    """What was typed, of the item's own fields only, without outer blanks; empty ones left out."""
    typed = {one.code: values.get(one.code, "").strip()[:_LONGEST] for one in fields(item)}
    return {code: text for code, text in typed.items() if text}


def _writer(by: Actor) -> tuple[int, int]:
    """Account and unit of who enters rows."""
    require(by, Action.SUBMIT)
    if by.department is None or by.account_id is None:
        raise OnlyUnits(
            "手工录入由信源单位的报送人员办理：谁产生、谁录入。",
            "Rows are entered by the people of the source unit whose data they are.",
        )
    return by.account_id, identity.source_unit(by.department).id


def _rows(by: Actor) -> "QuerySet[EntryRow]":
    account_id, source_id = _writer(by)
    return EntryRow.objects.filter(account_id=account_id, source_id=source_id)


def _find(row_id: int, item_id: str, by: Actor, *, lock: bool = False) -> EntryRow:
    rows = _rows(by).filter(pk=row_id, item_id=item_id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise UnknownEntry(
            "草稿里没有这一行：可能已经报送、移除，或过期清理。",
            "The draft has no such row: handed in, removed, or out of time.",
        )
    return found


def _must_be_collectable(item: Item, values: Values) -> None:
    """INV-06, before anything is kept."""
    named = [one for one in fields(item) if forbidden.scan(values.get(one.code, ""))]
    if named:
        raise NeverCollected(
            f"“{'、'.join(one.name_zh for one in named)}”含有法律禁止采集的信息（宗教信仰、基因、指纹、血型、疾病和病史等），没有保存。请删去。",
            f"{', '.join(one.name_en for one in named)}: holds information that may never be collected; nothing was kept. "
            "Remove it.",
            fields=[one.code for one in named],
        )


@contextmanager
def _written(item: Item, rows: Sequence[Values]) -> Iterator[Path]:
    """The rows as a file, gone afterwards. Every field has its key, so that a missing one is the row's fault, not the file's."""
    if not rows:
        raise NothingEntered("还没有录入任何一行。", "No row has been entered.")
    codes = [one.code for one in fields(item)]
    with tempfile.TemporaryDirectory(prefix="xinyong-entry-") as name:
        path = Path(name) / "rows.json"
        path.write_text(
            json.dumps([{code: one.get(code, "") for code in codes} for one in rows], ensure_ascii=False),
            encoding="utf-8",
        )
        yield path


def _sealed(values: Values) -> bytes:
    return encryption.seal(json.dumps(dict(values), ensure_ascii=False).encode(), context="entry.sealed")


def _values(one: EntryRow) -> dict[str, str]:
    opened: dict[str, str] = json.loads(encryption.unseal(bytes(one.sealed), context="entry.sealed"))
    return opened


def _entry(one: EntryRow, item: Item) -> Entry:
    values = _values(one)
    shown = {
        field.code: _columns.shown(field, pa.array([values[field.code]]))[0]
        for field in item.fields
        if field.code in values
    }
    corrects = (one.corrects_id, one.corrects_row) if one.corrects_id and one.corrects_row is not None else None
    return Entry(one.pk, values, shown, corrects, one.changed_at)
