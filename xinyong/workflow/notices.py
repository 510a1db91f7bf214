"""What departments are told (通知): entered once, read in the office, sent on by the outbox.

A department has one inbox. Whoever of it reads a notice marks it for the colleagues too, who see who it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinyong.security import audit, identity
from xinyong.security.access import BOUNDED, Action, Actor, require
from xinyong.workflow import outbox
from xinyong.workflow.kinds import Facts, Kind, checked, composed
from xinyong.workflow.models import Notice

#: A badge says "99+" beyond.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as the inbox shows it."""

    id: int
    kind: Kind
    source_code: str
    source_name: str
    body_zh: str
    body_en: str
    link: str
    made_at: datetime
    read_at: datetime | None
    read_by: str


@transaction.atomic
def tell(
    kind: Kind, *, department_id: int, facts: Facts, link: str, key: str, by: Actor, at: datetime
) -> int | None:  # fmt: skip
    """Tells a department something, in the caller's transaction, which notes it in the log. ``key`` says what: told again, it is
    told once (None). ``link``: a path of the office. ValueError for facts that are not the kind's."""
    if not link.startswith("/office/"):
        raise ValueError(f"not a path of the office: {link}")
    notice, is_new = Notice.objects.get_or_create(
        department_id=department_id, key=f"{kind.value}/{key}",
        defaults={"kind": kind.value, "facts": checked(kind, facts), "link": link, "made_at": at, "made_by": by.name},
    )  # fmt: skip
    if not is_new:
        return None
    outbox.put(notice, at=at)
    return notice.pk


def inbox(
    *, seen_by: Actor, kind: str = "", unread_only: bool = False, source_code: str = "", after: int | None = None,
    limit: int = 30,
) -> Sequence[NoticeView]:  # fmt: skip
    """The newest notices first; ``after`` continues a page (keyset by id). A department's people see its own, the operator all. One
    audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_NOTICES)
    audit.enter(
        audit.Event.NOTICES_VIEWED,
        by=seen_by,
        object_kind="notices",
        object_ref=seen_by.department or source_code or "all",
    )
    own = _own(seen_by)
    found = Notice.objects.select_related("department").order_by("-id")
    if own is not None or source_code:
        found = found.filter(department__code=own if own is not None else source_code)
    if kind:
        found = found.filter(kind=kind)
    if unread_only:
        found = found.filter(read_at__isnull=True)
    if after is not None:
        found = found.filter(id__lt=after)
    return [_view(one) for one in found[:limit]]


def unread(seen_by: Actor) -> int:
    """How many notices of one's own department nobody has read, counted up to ``MOST_COUNTED``; 0 for who has none."""
    own = _own(seen_by)
    if not own:
        return 0
    found = Notice.objects.filter(department__code=own, read_at__isnull=True)
    return len(found.values_list("pk", flat=True)[:MOST_COUNTED])


@transaction.atomic
def mark_read(ids: Sequence[int] | None, *, by: Actor, at: datetime) -> int:
    """Marks notices of one's own department as read, or all of them (None); returns how many were not. Others' count for nothing.
    Raises NotAllowed."""
    require(by, Action.READ_NOTICES)
    unit = identity.source_unit(by.department or "", even_closed=True)
    require(by, Action.READ_NOTICES, department=unit.code)
    found = Notice.objects.filter(department_id=unit.id, read_at__isnull=True)
    count = (found if ids is None else found.filter(pk__in=list(ids))).update(read_at=at, read_by=by.name)
    if count:
        audit.enter(audit.Event.NOTICES_READ, by=by, object_kind="notices", object_ref=unit.code, count=count)
    return count


def _own(actor: Actor) -> str | None:
    """The code of the department whose inbox is one's own; None for who sees all, "" for who sees none."""
    if Action.VIEW_NOTICES in BOUNDED.get(actor.role, frozenset()):
        return actor.department or ""
    return None


def _view(one: Notice) -> NoticeView:
    kind = Kind(one.kind)
    return NoticeView(
        one.pk, kind, one.department.code, one.department.name, composed(kind, one.facts, is_english=False),
        composed(kind, one.facts, is_english=True), one.link, one.made_at, one.read_at, one.read_by,
    )  # fmt: skip
