"""The whole catalogue, or some items of it, as one file: written, read back, compared with what is here, brought in as drafts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml
from django.db import transaction

from xinyong.catalogue import body, load, publish
from xinyong.catalogue.difference import Change, difference
from xinyong.catalogue.schema import Item
from xinyong.security.access import Action, Actor, require

FORM = "xinyong-catalogue"


class Step(StrEnum):
    """What bringing an item in would do."""

    NEW_ITEM = "new-item"
    NEW_VERSION = "new-version"
    NEW_DRAFT_TEXT = "new-draft-text"  # the draft of this version gets another text
    SAME = "same"
    TAKEN = "taken"  # the number is published here with another text
    OLDER = "older"  # a later version is published here


@dataclass(frozen=True, slots=True)
class Planned:
    """An item of a file beside what is here. ``changes`` are those against the version in force or the newest."""

    item: Item
    step: Step
    compared_with: int | None
    changes: tuple[Change, ...]

    @property
    def is_brought_in(self) -> bool:
        """True when it would become a draft."""
        return self.step in {Step.NEW_ITEM, Step.NEW_VERSION, Step.NEW_DRAFT_TEXT}


def dump(items: Sequence[Item]) -> str:
    """The items as one YAML file that ``read`` takes."""
    data: dict[str, Any] = {"format": FORM, "items": [body.to_data(one) for one in items]}
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(data, Dumper=dumper, allow_unicode=True, sort_keys=False, width=118))


def read(text: str, *, file: str) -> list[Item]:
    """The items of such a file, or the one of a file of one item. Raises CatalogueError with the problems of all of them."""
    return load.items_from_text(text, file=file, form=FORM)


def plan(items: Sequence[Item]) -> list[Planned]:
    """What bringing them in would do; nothing is kept."""
    return [_planned(one) for one in items]


@transaction.atomic
def bring_in(items: Sequence[Item], *, by: Actor) -> list[Planned]:
    """Keeps as drafts what is new here; returns what was done with each. All or, when one is refused, none. Raises CatalogueError,
    NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    planned = plan(items)
    for one in planned:
        if one.is_brought_in:
            publish.draft(one.item, by=by)
    return planned


def _planned(item: Item) -> Planned:
    here = {one.version: one for one in publish.versions(item.id)}
    kept = [number for number, one in here.items() if one.status != publish.Status.DRAFT]
    if not here:
        return Planned(item, Step.NEW_ITEM, None, ())
    same = here.get(item.version)
    if same is not None and same.digest == body.digest(item):
        return Planned(item, Step.SAME, item.version, ())
    against = item.version if same is not None else max(kept or here)
    changes = tuple(difference(publish.version(item.id, against), item))
    if same is not None:
        step = Step.NEW_DRAFT_TEXT if same.status == publish.Status.DRAFT else Step.TAKEN
    else:
        step = Step.OLDER if kept and item.version < max(kept) else Step.NEW_VERSION
    return Planned(item, step, against, changes)
