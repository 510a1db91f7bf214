"""What a draft would do to the records on file (存量核对): asked for, worked out by intake, kept for whoever decides.

This module keeps the question and the answer; intake/impact.py works the answer out, since it holds the records and the
checks. An answer is for one text of a draft: another text makes it stale, and the version cannot be asked to be published.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.catalogue.models import ItemVersion, Recheck
from xinyong.kernel import clock
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

State = Recheck.State


@dataclass(frozen=True, slots=True)
class OfDepartment:
    """A department's records that the draft would find wrong or doubtful and the version in force does not."""

    name: str
    records: int  # of the department, all that were checked
    doubtful: int
    wrong: int


@dataclass(frozen=True, slots=True)
class OfRule:
    """How many records a rule of the draft newly finds. ``severity``: error or doubtful."""

    rule: str
    field: str
    severity: str
    message: str
    message_en: str
    records: int


@dataclass(frozen=True, slots=True)
class Example:
    """One record that is found, by the row of the submission that brought it. Nothing of what it says."""

    department: str
    submission_id: int
    row_no: int
    rule: str
    field: str
    message: str
    message_en: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A field the draft no longer has, and how many records have something in it."""

    field: str
    name_zh: str
    name_en: str
    records: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What publishing would do. ``compared_with`` is the version in force, None where none is; ``on`` the day whose code
    lists and rules were used, as ISO text; ``rules`` the most frequent, ``rules_count`` how many there are."""

    compared_with: int | None
    on: str
    records: int
    doubtful: int
    wrong: int
    departments: tuple[OfDepartment, ...]
    rules: tuple[OfRule, ...]
    rules_count: int
    examples: tuple[Example, ...]
    removed: tuple[Removed, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class RecheckView:
    """A recheck as pages show it; ``effect`` once it is done. ``is_stale``: the draft has another text by now."""

    item_id: str
    version: int
    state: str
    asked_at: datetime
    asked_by: str
    finished_at: datetime | None
    total: int
    done: int
    effect: Effect | None
    is_stale: bool


@transaction.atomic
def ask(item_id: str, version: int, *, total: int, by: Actor) -> RecheckView:
    """Asks for the effect of a draft on ``total`` records (or about as many); asked again, it is worked out anew. Raises
    UnknownItem, OutOfOrder, NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    row = ItemVersion.objects.filter(item_id=item_id, version=version).values("status", "digest").first()
    if row is None or row["status"] != ItemVersion.Status.DRAFT:
        publish.version(item_id, version)  # raises for what does not exist
        raise publish.OutOfOrder(
            f"事项“{item_id}”第 {version} 版不是草稿，不需要核对。",
            f"Version {version} of “{item_id}” is not a draft; there is nothing to check.",
        )
    Recheck.objects.update_or_create(
        item_id=item_id, version=version,
        defaults={
            "digest": row["digest"], "state": State.WAITING, "asked_at": clock.now(), "asked_by": by.name,
            "finished_at": None, "total": total, "done": 0, "result": None,
        },
    )  # fmt: skip
    audit.enter(
        audit.Event.CATALOGUE_RECHECK_ASKED, by=by, object_kind="catalogue-item", object_ref=f"{item_id}@{version}",
        digest=row["digest"],
    )  # fmt: skip
    return _must(item_id, version)


def of(item_id: str, version: int, *, seen_by: Actor) -> RecheckView | None:
    """The latest recheck of a version, None when none was asked for. Raises NotAllowed."""
    require(seen_by, Action.VIEW_CATALOGUE)
    row = Recheck.objects.filter(item_id=item_id, version=version).first()
    return None if row is None else _view(row)


def proceed(item_id: str, version: int, *, done: int, by: Actor) -> None:
    """Notes how far the work is. Raises NotAllowed."""
    require(by, Action.OPERATE)
    Recheck.objects.filter(item_id=item_id, version=version).update(state=State.RUNNING, done=done)


@transaction.atomic
def finish(item_id: str, version: int, *, digest: str, effect: Effect | None, by: Actor) -> None:
    """Keeps the answer for the text it was worked out for; None: the work failed. An answer to a question that was asked anew
    meanwhile, about another text, is dropped. Raises NotAllowed."""
    require(by, Action.OPERATE)
    row = Recheck.objects.select_for_update().filter(item_id=item_id, version=version, digest=digest).first()
    if row is None:
        return
    row.state, row.finished_at = (State.DONE if effect else State.FAILED), clock.now()
    if effect is not None:
        row.result, row.total, row.done = asdict(effect), effect.records, effect.records
    row.save()
    facts: dict[str, Any] = {}
    if effect is not None:
        facts = {"records": effect.records, "doubtful": effect.doubtful, "wrong": effect.wrong}
    audit.enter(
        audit.Event.CATALOGUE_RECHECKED, by=by, object_kind="catalogue-item", object_ref=f"{item_id}@{version}",
        digest=digest, **facts,
    )  # fmt: skip


def unfinished() -> list[tuple[str, int]]:
    """What was asked for and has no answer: (item, version)."""
    found = Recheck.objects.filter(state__in=[State.WAITING, State.RUNNING]).order_by("id")
    return list(found.values_list("item_id", "version"))


def _must(item_id: str, version: int) -> RecheckView:
    return _view(Recheck.objects.get(item_id=item_id, version=version))


def _view(row: Recheck) -> RecheckView:
    text = ItemVersion.objects.filter(item_id=row.item_id, version=row.version).values_list("digest", flat=True).first()
    return RecheckView(
        item_id=row.item_id, version=row.version, state=row.state, asked_at=row.asked_at, asked_by=row.asked_by,
        finished_at=row.finished_at, total=row.total, done=min(row.done, row.total),
        effect=effect_of(row.result) if row.result else None, is_stale=text != row.digest,
    )  # fmt: skip


def effect_of(data: Mapping[str, Any]) -> Effect:
    """An effect from its stored form."""
    kinds = {"departments": OfDepartment, "rules": OfRule, "examples": Example, "removed": Removed}
    lists = {name: tuple(kind(**one) for one in data[name]) for name, kind in kinds.items()}
    return Effect(**{**data, **lists})
