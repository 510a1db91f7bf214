"""不记载 Good deeds that a subject does not want on its record: honours, donations, volunteering, each kind by itself.

From the moment it says so, intake takes no more rows of that kind about it (intake/link.py: E_SUBJECT_OPTOUT) and what is on file
is shown to nobody, whatever day is asked for; nothing is lost, and it can be taken back. Only what speaks for a subject can be left
out: nothing adverse is among the kinds. Source: INV-29; 深圳经济特区社会信用条例 39(2).
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item, Section
from xinyong.kernel import sql
from xinyong.kernel.errors import Invalid
from xinyong.records.models import OptOut
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

_SQL = sql.load(__file__, "opt_outs.sql")
KINDS: Mapping[str, tuple[str, str]] = {
    OptOut.Kind.HONOURS.value: ("荣誉表彰", "Honours and commendations"),
    OptOut.Kind.DONATIONS.value: ("慈善捐赠", "Donations"),
    OptOut.Kind.VOLUNTEERING.value: ("志愿服务", "Volunteering"),
}
#: Of the item of public welfare: the field that says which, and how the values of a kind begin.
_WELFARE, _FIELD = "self-welfare", "GYLB"
_WORDS: Mapping[str, tuple[str, ...]] = {
    OptOut.Kind.DONATIONS.value: ("公益捐赠", "助学助困"),
    OptOut.Kind.VOLUNTEERING.value: ("抢险救灾", "社区服务", "其他"),
}
#: What every query that shows records has to say of ``record r`` besides its own conditions; with ``parameters()``.
IS_KEPT_OUT = _SQL["is_kept_out"]
_KEPT_FOR = 60.0
_kept: tuple[float, dict[str, object]] | None = None


class UnknownKind(Invalid):
    """There is no such kind of good deed to leave out."""

    code = "records.unknown-opt-out"


@dataclass(frozen=True, slots=True)
class Said:
    """What a subject said of one kind last: ``is_out`` False where it never said anything."""

    kind: str
    is_out: bool
    said_at: datetime | None


def of(subject_id: int) -> list[Said]:
    """What stands for a subject, kind by kind. Callers have checked who asks."""
    latest = {one.kind: one for one in OptOut.objects.filter(subject_id=subject_id).order_by("id")}
    return [
        Said(kind, latest[kind].is_out, latest[kind].said_at) if kind in latest else Said(kind, False, None)
        for kind in KINDS
    ]


@transaction.atomic
def say(kind: str, *, is_out: bool, by: Actor, at: datetime) -> bool:
    """The actor's own subject does not want this kind recorded from now on, or does again. False: it stood so already. Raises
    UnknownKind, NotAllowed."""
    require(by, Action.GIVE_CONSENT, subject=by.subject)
    if kind not in KINDS or by.subject is None:
        raise UnknownKind("没有这个类别，请重新选择。", "There is no such kind. Choose again.")
    if next(one for one in of(by.subject) if one.kind == kind).is_out is is_out:
        return False
    OptOut.objects.create(subject_id=by.subject, kind=kind, is_out=is_out, said_at=at, said_by=by.name)
    audit.enter(
        audit.Event.HONOURS_LEFT_OUT, by=by, object_kind="opt-out", object_ref=kind, is_out=is_out,
        subject=by.subject_code or "",
    )  # fmt: skip
    return True


def covers(item: Item) -> list[tuple[str, str, tuple[str, ...]]]:
    """Which kinds are about an item: (kind, field, how its values begin), an empty field for all of its records."""
    if item.section is Section.HONOUR:
        return [(OptOut.Kind.HONOURS.value, "", ())]
    if item.id == _WELFARE:
        return [(kind, _FIELD, words) for kind, words in _WORDS.items()]
    return []


def out(subject_ids: Collection[int], *, kinds: Collection[str]) -> set[tuple[int, str]]:
    """(subject, kind) for those of the subjects that left a kind out. For intake, which asks as the platform."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["out"], {"subjects": [*subject_ids], "kinds": [*kinds]})
        return {(subject_id, kind) for subject_id, kind in cursor.fetchall()}


def parameters() -> dict[str, object]:
    """What ``IS_KEPT_OUT`` asks for, from the catalogue in force; read again once a minute, for every page asks."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > _KEPT_FOR:
        found = _parameters()
        if not found["out_items"]:
            return found  # no catalogue yet: asked again
        _kept = (time.monotonic(), found)
    return _kept[1]


def _parameters() -> dict[str, object]:
    rows = [
        (kind, item.id, field, word)
        for item in publish.items()
        for kind, field, words in covers(item)
        for word in words or ("",)
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    return dict(zip(("out_kinds", "out_items", "out_fields", "out_words"), columns, strict=True))
