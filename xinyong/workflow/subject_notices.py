"""What subjects are told (告知): organisations and persons, each in one inbox, in the account, by mail and by webhook.

Whoever acts for an organisation reads its notices; a person reads their own. A notice is told once by its key, in the caller's
transaction; its words never change, only that somebody has read it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from xinyong.kernel import sql
from xinyong.security import audit, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.workflow import outbox
from xinyong.workflow.models import SubjectNotice
from xinyong.workflow.subject_kinds import WORDS, Facts, SubjectKind, checked, composed

_SQL = sql.load(__file__, "subjects.sql")
#: A badge says "99+" beyond.
MOST_COUNTED = 100
#: Notices that go in by one statement.
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Told:
    """One notice of many of a kind: to whom, which facts, and the key that says what."""

    subject_id: int
    facts: Facts
    key: str


@dataclass(frozen=True, slots=True)
class SubjectNoticeView:
    """A notice as its inbox shows it; each pair is Chinese and English."""

    id: int
    kind: SubjectKind
    title: tuple[str, str]
    happened: tuple[str, str]
    means: tuple[str, str]
    can: tuple[str, str]
    link: str
    made_at: datetime
    read_at: datetime | None
    read_by: str


def tell(
    kind: SubjectKind, *, subject_id: int, facts: Facts, link: str, key: str, by: Actor, at: datetime
) -> int | None:  # fmt: skip
    """Tells a subject something, in the caller's transaction, which notes it in the log. ``key`` says what: told again, it is told
    once (None). ``link``: a path of the own area. ValueError for facts that are not the kind's."""
    made = tell_all(kind, [Told(subject_id, facts, key)], link=link, by=by, at=at)
    return made[0] if made else None


@transaction.atomic
def tell_all(kind: SubjectKind, rows: Iterable[Told], *, link: str, by: Actor, at: datetime) -> list[int]:
    """``tell`` for many, in a few statements; the ids of what was new. What goes out is one message for each place, however many
    notices it tells of."""
    if not link.startswith("/own/"):
        raise ValueError(f"not a path of the own area: {link}")
    told = [(one.subject_id, json.dumps(checked(kind, one.facts), ensure_ascii=False), one.key) for one in rows]
    made: list[int] = []
    with scope.acting(system("notices")):
        for first in range(0, len(told), _AT_ONCE):
            subjects, facts, keys = zip(*told[first : first + _AT_ONCE], strict=True)
            parameters: dict[str, Any] = {
                "subjects": list(subjects), "facts": list(facts), "keys": [f"{kind.value}/{one}" for one in keys],
                "kind": kind.value, "link": link, "at": at, "by": by.name,
            }  # fmt: skip
            with connection.cursor() as cursor:
                cursor.execute(_SQL["tell"], parameters)
                new = [int(pk) for (pk,) in cursor.fetchall()]
            outbox.put_to_subjects(new, at=at)
            made += new
    return made


def inbox(
    *, seen_by: Actor, unread_only: bool = False, after: int | None = None, limit: int = 30
) -> Sequence[SubjectNoticeView]:  # fmt: skip
    """One's own notices, the newest first; ``after`` continues a page (keyset by id). One audit entry. Raises NotAllowed."""
    require(seen_by, Action.READ_OWN_NOTICES, subject=seen_by.subject)
    audit.enter(audit.Event.NOTICES_VIEWED, by=seen_by, object_kind="notices", object_ref=seen_by.subject_code or "own")
    found = SubjectNotice.objects.filter(subject_id=_own(seen_by)).order_by("-id")
    if unread_only:
        found = found.filter(read_at__isnull=True)
    if after is not None:
        found = found.filter(id__lt=after)
    return [_view(one) for one in found[:limit]]


def unread(seen_by: Actor) -> int:
    """How many of one's own notices nobody has read, counted up to ``MOST_COUNTED``."""
    found = SubjectNotice.objects.filter(subject_id=_own(seen_by), read_at__isnull=True)
    return len(found.values_list("pk", flat=True)[:MOST_COUNTED])


@transaction.atomic
def mark_read(ids: Sequence[int] | None, *, by: Actor, at: datetime) -> int:
    """Marks one's own notices as read, or all of them (None); returns how many were not. Others' count for nothing. Raises
    NotAllowed."""
    require(by, Action.READ_OWN_NOTICES, subject=by.subject)
    found = SubjectNotice.objects.filter(subject_id=_own(by), read_at__isnull=True)
    count = (found if ids is None else found.filter(pk__in=list(ids))).update(read_at=at, read_by=by.name)
    if count:
        audit.enter(
            audit.Event.NOTICES_READ, by=by, object_kind="notices", object_ref=by.subject_code or "own", count=count
        )
    return count


def counts(kinds: Mapping[SubjectKind, int]) -> dict[str, int]:
    """How many were told, by kind, for an entry of the log."""
    return {kind.value.replace("-", "_"): count for kind, count in kinds.items() if count}


def _own(actor: Actor) -> int:
    """The subject whose inbox is one's own; −1, which nobody is, for who is none."""
    return actor.subject if actor.subject is not None else -1


def _view(one: SubjectNotice) -> SubjectNoticeView:
    kind = SubjectKind(one.kind)
    words = WORDS[kind]

    def said(pair: tuple[str, str]) -> tuple[str, str]:
        return composed(pair[0], one.facts), composed(pair[1], one.facts)

    return SubjectNoticeView(
        one.pk, kind, words.title, said(words.happened), said(words.means), said(words.can), one.link, one.made_at,
        one.read_at, one.read_by,
    )  # fmt: skip
