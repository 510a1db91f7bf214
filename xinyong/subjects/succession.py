"""承继 Which organisation was followed by which: merged, absorbed, split, re-coded on moving, converted.

A link and no more: what is said of a predecessor stays with it and is never counted to its successor (a liability passes by
law and judgement, 《民法典》第六十七条, not by a platform). Rows are only added; undoing is a later row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.subjects.models import Change, Subject, Succession


class Words(NamedTuple):
    """How a relation is said: its name, and the sentence's middle in both directions."""

    zh: str
    en: str
    into_zh: str
    into_en: str


#: relation → words. "此主体于 {day} {into}：{successor}".
RELATIONS: dict[str, Words] = {
    "merged": Words("新设合并", "Merged", "合并入", "merged into"),
    "absorbed": Words("吸收合并", "Absorbed", "被吸收合并入", "was absorbed by"),
    "split": Words("分立", "Split", "分立为", "was split into"),
    "recoded": Words("迁移换码", "Moved under a new code", "迁移后改用新代码", "moved and took a new code"),
    "converted": Words("转制改组", "Converted", "转制为", "was converted into"),
}


class NoSuccession(Invalid):
    """The organisations named cannot follow each other: unknown, the same, or in a ring."""

    code = "subjects.no-succession"


class UnknownSuccession(NotFound):
    """There is no such standing succession."""

    code = "subjects.unknown-succession"


class AlreadyUndone(Conflict):
    """The succession was taken back before."""

    code = "subjects.succession-undone"


@dataclass(frozen=True, slots=True)
class Link:
    """One organisation before or after another, both ways told from it. ``is_successor``: the other came after."""

    id: int
    relation: str
    relation_zh: str
    relation_en: str
    sentence_zh: str
    sentence_en: str
    code: str
    name: str
    is_successor: bool
    effective_on: date
    instrument: str
    known_from: datetime


def enter(
    *,
    relation: str,
    predecessor: str,
    successors: Sequence[str],
    effective_on: date,
    instrument: str,
    change_id: int,
    by: Actor,
    at: datetime,
) -> None:
    """Says that ``predecessor`` was followed by each of ``successors`` (canonical codes), as a change of the register does.
    Said again it stands once. Raises NoSuccession."""
    _lock()
    ids = dict(Subject.objects.filter(code__in=[predecessor, *successors]).values_list("code", "pk"))
    unknown = sorted({predecessor, *successors} - ids.keys())
    if unknown:
        raise NoSuccession(
            f"主体库中没有：{'、'.join(unknown)}。请先发送其设立登记，再以新序号发送承继事件。",
            f"Not in the register: {', '.join(unknown)}. Send its registration first, then the succession under a new number.",
        )
    start = ids[predecessor]
    for code in dict.fromkeys(successors):
        if ids[code] == start or start in _after(ids[code]):
            raise NoSuccession(
                f"{code} 不能承继 {predecessor}：两者相同，或后者已在其后。请核对前后代码。",
                f"{code} cannot follow {predecessor}: they are one, or the latter follows it already. Check the codes.",
            )
        if _standing().filter(relation=relation, predecessor_id=start, successor_id=ids[code]).exists():
            continue
        Succession.objects.create(
            relation=relation, predecessor_id=start, successor_id=ids[code], effective_on=effective_on,
            instrument=instrument, change_id=change_id, known_from=at, said_by=by.name,
        )  # fmt: skip


def take_back(event_id: str, *, source_id: int, change_id: int, by: Actor, at: datetime) -> None:
    """Takes back what an earlier event of the same authority said, as a later event of it does. Raises UnknownSuccession,
    AlreadyUndone."""
    _lock()
    named = Change.objects.filter(source_id=source_id, event_id=event_id).values_list("pk", flat=True).first()
    said = list(Succession.objects.filter(change_id=named, undoes=None)) if named else []
    if not said:
        raise UnknownSuccession(
            f"事件 {event_id} 没有登记过承继关系。请核对要更正的事件号。",
            f"The event {event_id} entered no succession. Check the event to be corrected.",
        )
    for one in said:
        _undo(one, change_id=change_id, by=by, at=at, reason="")


def find(succession_id: int, *, seen_by: Actor) -> tuple[str, Link]:
    """The predecessor's name of a standing succession, and the link to its successor. Raises UnknownSuccession, NotAllowed."""
    require(seen_by, Action.MANAGE_FEEDS)
    one = _standing().filter(pk=succession_id).first()
    if one is None:
        raise UnknownSuccession("没有这条承继关系，或已经撤销。", "There is no such succession, or it was taken back.")
    return one.predecessor.name, _link(one, one.predecessor_id)


@transaction.atomic
def undo(succession_id: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Takes a succession back by an operator's judgement. Raises UnknownSuccession, AlreadyUndone, NotAllowed."""
    require(by, Action.MANAGE_FEEDS)
    _lock()
    one = Succession.objects.filter(pk=succession_id, undoes=None).first()
    if one is None:
        raise UnknownSuccession("没有这条承继关系。", "There is no such succession.")
    _undo(one, change_id=one.change_id, by=by, at=at, reason=reason)
    audit.enter(
        audit.Event.SUCCESSION_UNDONE, by=by, object_kind="succession", object_ref=str(succession_id), reason=reason
    )


def of(subject_id: int, *, known_at: datetime) -> list[Link]:
    """Who came before and after an organisation, the newest first, as known at an instant. Public: register facts."""
    asked = Q(predecessor_id=subject_id) | Q(successor_id=subject_id)
    return [_link(one, subject_id) for one in _standing(known_at).filter(asked)]


def latest(*, seen_by: Actor, limit: int = 20) -> list[tuple[str, str, Link]]:
    """The newest standing successions: code and name of the predecessor, the link to its successor. Raises NotAllowed."""
    require(seen_by, Action.MANAGE_FEEDS)
    found = _standing()[:limit]
    return [(one.predecessor.code or "", one.predecessor.name, _link(one, one.predecessor_id)) for one in found]


def _standing(known_at: datetime | None = None) -> QuerySet[Succession]:
    said = Succession.objects.filter(undoes=None)
    if known_at is None:
        return said.filter(succession=None).select_related("predecessor", "successor").order_by("-effective_on", "-id")
    said = said.filter(known_from__lte=known_at).filter(Q(succession=None) | Q(succession__known_from__gt=known_at))
    return said.select_related("predecessor", "successor").order_by("-effective_on", "-id")


def _undo(one: Succession, *, change_id: int, by: Actor, at: datetime, reason: str) -> None:
    if Succession.objects.filter(undoes=one).exists():
        raise AlreadyUndone("这条承继关系此前已经撤销。", "This succession was taken back before.")
    Succession.objects.create(
        relation=one.relation, predecessor_id=one.predecessor_id, successor_id=one.successor_id,
        effective_on=one.effective_on, instrument=one.instrument, change_id=change_id, known_from=at, said_by=by.name,
        reason=reason, undoes=one,
    )  # fmt: skip


def _after(subject_id: int) -> set[int]:
    """Everybody who follows, near or far."""
    found: set[int] = set()
    edge = {subject_id}
    while edge:
        edge = set(_standing().filter(predecessor_id__in=edge).values_list("successor_id", flat=True)) - found
        found |= edge
    return found


def _lock() -> None:
    # Two feeds could each enter half of a ring.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7308, 0)")


def _link(one: Succession, subject_id: int) -> Link:
    is_successor = one.predecessor_id == subject_id
    other = one.successor if is_successor else one.predecessor
    words = RELATIONS[one.relation]
    day_zh = f"{one.effective_on.year}年{one.effective_on.month}月{one.effective_on.day}日"
    if is_successor:
        zh, en = f"此主体于{day_zh}{words.into_zh}：", f"On {one.effective_on} this organisation {words.into_en}:"
    else:
        zh = f"以下主体于{day_zh}{words.into_zh}本主体："
        en = f"On {one.effective_on} this organisation {words.into_en} the present one:"
    return Link(
        id=one.pk, relation=one.relation, relation_zh=words.zh, relation_en=words.en, sentence_zh=zh, sentence_en=en,
        code=other.code or "", name=other.name, is_successor=is_successor, effective_on=one.effective_on,
        instrument=one.instrument, known_from=one.known_from,
    )  # fmt: skip
