"""Versions of catalogue items (目录版本): draft → published → retired. A published version never changes.

Which version rules a record is a question with a date: the newest effective on it. Several published versions may stand
side by side, so that a past answer can be given again. The database holds the freeze with a trigger.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction

from xinyong.catalogue import assessment, body, inheritance, load
from xinyong.catalogue.models import ItemVersion, Recheck
from xinyong.catalogue.problems import CatalogueError, Problem
from xinyong.catalogue.schema import Item
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import approvals, audit
from xinyong.security.access import Action, Actor, Role, require

Status = ItemVersion.Status
#: How many changes of a draft can be taken back.
_TEXTS_KEPT = 20
#: Items already parsed, by (id, version, digest): a body under a digest never changes.
_PARSED: dict[tuple[str, int, str], Item] = {}


class UnknownItem(NotFound):
    """No such catalogue item, or none in force on the date (INV-01)."""

    code = "catalogue.unknown-item"


class Frozen(Conflict):
    """The version is published; it can only be followed by a new version."""

    code = "catalogue.version-frozen"


class OutOfOrder(Conflict):
    """The version does not follow the one before, or its state does not allow the step."""

    code = "catalogue.version-out-of-order"


class NotRechecked(Conflict):
    """The records on file have not been checked against this text of the draft."""

    code = "catalogue.not-rechecked"


class PastDay(Invalid):
    """A version is retired from today on, or later."""

    code = "catalogue.past-day"


class NothingBefore(Conflict):
    """The draft had no other text before this one."""

    code = "catalogue.nothing-before"


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version as listed: its state and when it came into force."""

    item_id: str
    version: int
    status: str
    title_zh: str
    title_en: str
    effective_from: date
    published_at: datetime | None
    published_by: str
    retired_at: datetime | None
    digest: str
    retire_reason: str = ""
    drafted_at: datetime | None = None
    drafted_by: str = ""
    may_undo: bool = False

    @property
    def retired_on(self) -> date | None:
        """The first day it rules no longer."""
        return None if self.retired_at is None else clock.day(self.retired_at)


class NotReported(Conflict):
    """The item is declared by organisations of themselves, or is not; the other way is closed."""

    code = "catalogue.item-not-reported-so"


@dataclass(frozen=True, slots=True)
class Installed:
    """What ``install_library`` did. ``differing``: the library file changed without a new version number; the frozen
    version stays in force."""

    published: tuple[str, ...]
    unchanged: tuple[str, ...]
    differing: tuple[str, ...]


def current(item_id: str, *, on: date | None = None) -> Item:
    """The published version in force on a date (today when None). Raises UnknownItem."""
    day = on or clock.today()
    found = _in_force(day, item_id).get(item_id)
    if found is None:
        raise UnknownItem(
            f"目录中没有事项“{item_id}”，或它在 {day} 尚未生效、已经停用。请用 xinyong catalogue list 查看事项标识。",
            f"The catalogue has no item “{item_id}” in force on {day}. See xinyong catalogue list.",
        )
    return _parsed(found)


def version(item_id: str, version: int) -> Item:
    """A version in whatever state. Raises UnknownItem."""
    return _parsed(_row(item_id, version))


def every_version() -> list[Item]:
    """Every version of every item in whatever state, by item and version: in one question, where ``version`` would ask for each."""
    return [_parsed(row) for row in ItemVersion.objects.defer("body", "earlier").order_by("item_id", "version")]


def items(*, on: date | None = None) -> list[Item]:
    """Every item in force on a date (today when None), in the order of the national catalogue's categories."""
    day = on or clock.today()
    return sorted((_parsed(row) for row in _in_force(day).values()), key=lambda item: (item.category, item.id))


def reported(*, on: date | None = None) -> list[Item]:
    """Those that departments report: without what organisations declare of themselves."""
    return [one for one in items(on=on) if not one.is_self_declared]


def current_reported(item_id: str, *, on: date | None = None) -> Item:
    """``current``, of an item that departments report. Raises UnknownItem, NotReported."""
    item = current(item_id, on=on)
    if item.is_self_declared:
        raise NotReported(
            f"“{item.title_zh}”由市场主体自主申报，单位不报送，也不设报送责任。",
            f"“{item.title_en}” is declared by organisations of themselves: departments neither report nor owe it.",
        )
    return item


def current_declarable(item_id: str, *, on: date | None = None) -> Item:
    """``current``, of an item that organisations declare of themselves. Raises UnknownItem, NotReported."""
    item = current(item_id, on=on)
    if not item.is_self_declared:
        raise NotReported(
            f"“{item.title_zh}”由信源单位报送，不能自主申报。",
            f"“{item.title_en}” is reported by departments: it cannot be self-declared.",
        )
    return item


def declarable(*, on: date | None = None) -> list[Item]:
    """Those that organisations declare of themselves."""
    return [one for one in items(on=on) if one.is_self_declared]


def versions(item_id: str | None = None) -> list[VersionView]:
    """Every version of an item, or of all, oldest first."""
    found = ItemVersion.objects.order_by("item_id", "version")
    rows = found.filter(item_id=item_id) if item_id else found
    return [
        VersionView(
            item_id=row.item_id, version=row.version, status=row.status, title_zh=row.body["title"]["zh"],
            title_en=row.body["title"]["en"], effective_from=row.effective_from, published_at=row.published_at,
            published_by=row.published_by, retired_at=row.retired_at, digest=row.digest,
            retire_reason=row.retire_reason, drafted_at=row.drafted_at, drafted_by=row.drafted_by,
            may_undo=bool(row.earlier),
        )
        for row in rows
    ]  # fmt: skip


@transaction.atomic
def draft(item: Item, *, by: Actor) -> VersionView:
    """Keeps an item as a draft; a draft of the same version is replaced. Raises Frozen, NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    assert item.effective_from is not None  # the loader refuses an item without it
    _must_not_loosen(item)
    row = ItemVersion.objects.select_for_update().filter(item_id=item.id, version=item.version).first()
    if row is not None and row.status != Status.DRAFT:
        raise Frozen(
            f"事项“{item.id}”第 {item.version} 版已经发布，不能修改。请把 version 改为下一个版本号。",
            f"Version {item.version} of “{item.id}” is published and frozen. Give the file the next version number.",
        )
    row = row or ItemVersion(item_id=item.id, version=item.version)
    if row.pk is not None and row.digest != body.digest(item):
        row.earlier = [*row.earlier, row.body][-_TEXTS_KEPT:]
    row.body, row.digest, row.effective_from = json.loads(body.canonical(item)), body.digest(item), item.effective_from
    row.drafted_at, row.drafted_by = clock.now(), by.name
    row.save()
    audit.enter(
        audit.Event.CATALOGUE_DRAFTED, by=by, object_kind="catalogue-item", object_ref=f"{item.id}@{item.version}",
        digest=row.digest,
    )  # fmt: skip
    return next(one for one in versions(item.id) if one.version == item.version)


@transaction.atomic
def undo(item_id: str, version: int, *, by: Actor) -> VersionView:
    """Gives a draft the text it had before its last change. Raises UnknownItem, Frozen, NothingBefore, NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    row = _row(item_id, version, lock=True)
    if row.status != Status.DRAFT:
        raise Frozen(
            f"事项“{item_id}”第 {version} 版已经发布，不能修改。",
            f"Version {version} of “{item_id}” is published and frozen.",
        )
    if not row.earlier:
        raise NothingBefore(
            f"事项“{item_id}”第 {version} 版草稿没有更早的文字可以恢复。",
            f"Draft {version} of “{item_id}” had no other text before.",
        )
    *rest, last = row.earlier
    item = load.item_from_data(last, file=f"{item_id}@{version}")
    row.body, row.digest, row.earlier = last, body.digest(item), rest
    assert item.effective_from is not None
    row.effective_from, row.drafted_at, row.drafted_by = item.effective_from, clock.now(), by.name
    row.save()
    audit.enter(
        audit.Event.CATALOGUE_DRAFTED, by=by, object_kind="catalogue-item", object_ref=f"{item_id}@{version}",
        digest=row.digest,
    )  # fmt: skip
    return next(one for one in versions(item_id) if one.version == version)


@transaction.atomic
def discard(item_id: str, version: int, *, by: Actor) -> None:
    """Throws a draft away. Raises UnknownItem, Frozen, NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    row = _row(item_id, version, lock=True)
    if row.status != Status.DRAFT:
        raise Frozen(
            f"事项“{item_id}”第 {version} 版已经发布，不能放弃；如不再使用，请停用。",
            f"Version {version} of “{item_id}” is published. It can be retired, not thrown away.",
        )
    row.delete()
    Recheck.objects.filter(item_id=item_id, version=version).delete()
    audit.enter(
        audit.Event.CATALOGUE_DISCARDED, by=by, object_kind="catalogue-item", object_ref=f"{item_id}@{version}",
        digest=row.digest,
    )  # fmt: skip


@transaction.atomic
def publish(item_id: str, version: int, *, by: Actor) -> Item:
    """Publishes a draft: from its effective date on it rules. It takes two: ``ask_to_publish`` first, and somebody else's
    consent to this very text; the owner at the command line (SYSTEM) may do it alone, and the log says so. What holds personal
    information takes an impact assessment besides. Raises UnknownItem, OutOfOrder, CatalogueError, assessment.AssessmentMissing,
    approvals.ConsentNeeded."""
    return _publish(item_id, version, by=by, is_baseline=False)


def _publish(item_id: str, version: int, *, by: Actor, is_baseline: bool) -> Item:
    """``is_baseline``: what set-up installs is there before anybody could assess it; the office shows that as a duty."""
    require(by, Action.PUBLISH_CATALOGUE)
    row = _row(item_id, version, lock=True)
    if row.status != Status.DRAFT:
        raise OutOfOrder(
            f"事项“{item_id}”第 {version} 版不是草稿（{row.get_status_display()}），不能发布。",
            f"Version {version} of “{item_id}” is {row.status}, not a draft.",
        )
    _must_follow(row)
    item = _parsed(row)  # checked again: the checks may have grown stricter since the draft was kept
    _must_not_loosen(item)
    if not is_baseline:
        assessment.must_cover(item, on=clock.today())
    consent = None
    if by.role is not Role.SYSTEM:
        consent = approvals.use(approvals.Kind.PUBLISH_CATALOGUE, _payload(row), by=by, at=clock.now())
    row.status, row.published_at, row.published_by = Status.PUBLISHED, clock.now(), by.name
    row.earlier = []
    row.save(update_fields=["status", "published_at", "published_by", "earlier"])
    audit.enter(
        audit.Event.CATALOGUE_PUBLISHED, by=by, object_kind="catalogue-item", object_ref=f"{item_id}@{version}",
        digest=row.digest, effective_from=row.effective_from.isoformat(), consent=consent.id if consent else "owner alone",
    )  # fmt: skip
    return item


def ask_to_publish(item_id: str, version: int, *, reason: str, by: Actor) -> approvals.Request:
    """Asks a second person to agree to publishing a draft as it stands now. Where versions were published before, the
    records on file must have been checked against it first, so that both see what it does (recheck). Raises UnknownItem,
    OutOfOrder, assessment.AssessmentMissing, NotRechecked, NotAllowed."""
    row = _row(item_id, version)
    if row.status != Status.DRAFT:
        raise OutOfOrder(
            f"事项“{item_id}”第 {version} 版不是草稿，不需要申请发布。",
            f"Version {version} of “{item_id}” is not a draft; there is nothing to ask for.",
        )
    _must_follow(row)
    _must_be_rechecked(row)
    assessment.must_cover(_parsed(row), on=clock.today())
    return approvals.ask(
        approvals.Kind.PUBLISH_CATALOGUE, _payload(row), object_ref=f"{item_id}@{version}", reason=reason, by=by,
        at=clock.now(),
    )  # fmt: skip


def _payload(row: ItemVersion) -> dict[str, object]:
    """What the second person agrees to: this item, this version, this text."""
    return {
        "item": row.item_id, "version": row.version, "text": row.digest,
        "effective_from": row.effective_from.isoformat(),
    }  # fmt: skip


@transaction.atomic
def retire(item_id: str, version: int, *, on: date | None = None, reason: str = "", by: Actor) -> VersionView:
    """Takes a published version out of force from a day on (now when None); records made under it stay. Raises UnknownItem,
    OutOfOrder, PastDay."""
    require(by, Action.MANAGE_CATALOGUE)
    row = _row(item_id, version, lock=True)
    if row.status != Status.PUBLISHED:
        raise OutOfOrder(
            f"事项“{item_id}”第 {version} 版未处于已发布状态，不能停用。",
            f"Version {version} of “{item_id}” is {row.status}; only a published version can be retired.",
        )
    if on is not None and on < clock.today():
        raise PastDay(f"停用日期 {on} 已经过去。请填今天或以后的日期。", f"{on} is over; give today or a later day.")
    at = clock.now() if on is None or on == clock.today() else datetime.combine(on, time(), clock.ZONE)
    row.status, row.retired_at, row.retire_reason = Status.RETIRED, at, " ".join(reason.split())[:200]
    row.save(update_fields=["status", "retired_at", "retire_reason"])
    audit.enter(
        audit.Event.CATALOGUE_RETIRED, by=by, object_kind="catalogue-item", object_ref=f"{item_id}@{version}",
        purpose=row.retire_reason, on=at.date().isoformat() if on else None,
    )  # fmt: skip
    return next(one for one in versions(item_id) if one.version == version)


@transaction.atomic
def install_library(*, by: Actor) -> Installed:
    """Publishes what the library holds and the database does not. Safe to call at every start."""
    require(by, Action.MANAGE_CATALOGUE)
    known = {(row.item_id, row.version): row for row in ItemVersion.objects.select_for_update()}
    published: list[str] = []
    unchanged: list[str] = []
    differing: list[str] = []
    for item in load.library().values():
        name, row = f"{item.id}@{item.version}", known.get((item.id, item.version))
        if row is None or row.status == Status.DRAFT:
            draft(item, by=by)
            _publish(item.id, item.version, by=by, is_baseline=True)
            published.append(name)
        else:
            (unchanged if row.digest == body.digest(item) else differing).append(name)
    return Installed(tuple(published), tuple(unchanged), tuple(differing))


def _row(item_id: str, version: int, *, lock: bool = False) -> ItemVersion:
    rows = ItemVersion.objects.select_for_update() if lock else ItemVersion.objects.defer("body", "earlier")
    found = rows.filter(item_id=item_id, version=version).first()
    if found is None:
        raise UnknownItem(
            f"目录中没有事项“{item_id}”的第 {version} 版。请用 xinyong catalogue show {item_id} 查看版本。",
            f"The catalogue has no version {version} of “{item_id}”.",
        )
    return found


def _in_force(day: date, item_id: str | None = None) -> dict[str, ItemVersion]:
    """The version in force of one item, or of all, by item. Without bodies, which are long and mostly known already
    (``_parsed`` fetches one when it needs it)."""
    rows = ItemVersion.objects.defer("body", "earlier").filter(effective_from__lte=day).exclude(status=Status.DRAFT)
    found: dict[str, ItemVersion] = {}
    for row in (rows.filter(item_id=item_id) if item_id else rows).order_by("-effective_from", "-version"):
        if row.retired_at is None or clock.day(row.retired_at) > day:
            found.setdefault(row.item_id, row)
    return found


def newer_parent(item: Item) -> tuple[Item, Item] | None:
    """The version of the upper level that the item follows and the newest published one, when that is another."""
    if item.parent is None:
        return None
    found = ItemVersion.objects.filter(
        item_id=item.parent.item, status=Status.PUBLISHED, version__gt=item.parent.version
    )
    own = found.exclude(item_id=item.id, version__gte=item.version).order_by("-version").first()
    return None if own is None else (version(item.parent.item, item.parent.version), _parsed(own))


def _must_not_loosen(item: Item) -> None:
    """An item that follows an upper level's may add to it and may not loosen it."""
    if item.parent is None:
        return
    place = f"{item.id}@{item.version}"
    row = ItemVersion.objects.filter(item_id=item.parent.item, version=item.parent.version).first()
    if row is None or row.status == Status.DRAFT or (item.id, item.version) == (row.item_id, row.version):
        raise CatalogueError([Problem(
            place, None, "parent", f"上级目录“{item.parent.item}”第 {item.parent.version} 版不存在或尚未发布。",
            f"The parent “{item.parent.item}” version {item.parent.version} does not exist or is not published.",
        )])  # fmt: skip
    found = inheritance.violations(item, _parsed(row), on=clock.today())
    if found:
        raise CatalogueError(found)


def _must_follow(row: ItemVersion) -> None:
    before = ItemVersion.objects.filter(item_id=row.item_id).exclude(status=Status.DRAFT).order_by("-version").first()
    if before is None:
        return
    if row.version <= before.version or row.effective_from <= before.effective_from:
        raise OutOfOrder(
            f"新版本须晚于第 {before.version} 版（{before.effective_from} 生效）：版本号和生效日期都要更大。",
            f"It must follow version {before.version} (effective {before.effective_from}) in number and date.",
        )


def _must_be_rechecked(row: ItemVersion) -> None:
    if not ItemVersion.objects.filter(item_id=row.item_id).exclude(status=Status.DRAFT).exists():
        return
    found = Recheck.objects.filter(item_id=row.item_id, version=row.version, digest=row.digest)
    if not found.filter(state=Recheck.State.DONE).exists():
        raise NotRechecked(
            f"事项“{row.item_id}”的存量数据还没有按第 {row.version} 版草稿核对过。请先核对，看清影响后再申请发布。",
            f"The records of “{row.item_id}” have not been checked against draft {row.version}. Check them first.",
        )


def _parsed(row: ItemVersion) -> Item:
    key = (row.item_id, row.version, row.digest)
    if key not in _PARSED:
        _PARSED[key] = load.item_from_data(row.body, file=f"{row.item_id}@{row.version}")
    return _PARSED[key]
