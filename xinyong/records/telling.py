"""Telling subjects what happens to what is on file of them (告知主体): each morning, set by set, to those who have an account.

New and changed data come from the log's batches, by a cursor; ends and repair by the record's clocks; looks from the audit log of the
day before. Whatever is told has a key, so that a morning that is run again, or read twice, tells nothing twice.
Source: M30; rules.md §6 (INV-73).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.kernel import clock, sql
from xinyong.records.disclosure import NOT_REPAIRED
from xinyong.records.models import Telling
from xinyong.security import audit, identity, looks, mandates
from xinyong.security.access import Action, Actor, Role, require
from xinyong.subjects import persons as register
from xinyong.workflow import subject_notices
from xinyong.workflow.subject_kinds import LOOKERS, SubjectKind
from xinyong.workflow.subject_notices import Told

_SQL = sql.load(__file__, "telling.sql")
#: So many days before publicity or a mandate ends somebody is told.
DAYS_BEFORE = (30, 7)
#: A batch's number is drawn before it is committed: so many of the last ones are read again.
_AGAIN = 2000
#: Nobody catches up on more days than these: what ended long ago is no news.
_MOST_DAYS = 14
#: Who looked, as a subject is told (LOOKERS); whoever acts for an enterprise is one, whatever the role.
CATEGORIES: dict[str, str] = {
    Role.SOURCE_UNIT: "authority", Role.READER: "authority", Role.UNIT_ADMIN: "authority", Role.OPERATOR: "centre",
    Role.CLIENT: "program", Role.PARTNER: "partner", Role.AUDITOR: "auditor",
}  # fmt: skip
#: How the code of an enterprise begins; an organ's, an institution's begin otherwise.
_ENTERPRISE = "9"
#: Why information is no more, where its source said no more than that it takes it back.
_TAKEN_BACK = {"why_zh": "来源单位撤回了报送", "why_en": "its source took back what it had reported"}
_FILE, _LOOKS = "/own/records/", "/own/access-log/"


@dataclass(frozen=True, slots=True)
class Morning:
    """What one run told: how many notices, by kind."""

    day: date
    told: dict[SubjectKind, int]


@transaction.atomic
def tell(*, today: date, by: Actor, at: datetime) -> Morning:
    """Tells everybody who has an account what is new up to now. Run again on the same day it tells what came since. The first run of
    an installation begins with what comes after it. One entry. Raises NotAllowed."""
    require(by, Action.OPERATE)
    register.settle_all(by=by)
    last = Telling.objects.order_by("-id").first()
    batch = _newest_batch()
    since = max(last.day, today - timedelta(days=_MOST_DAYS)) if last else today - timedelta(days=1)
    days = [since + timedelta(days=n) for n in range(1, (today - since).days + 1)] or [today]
    first = Telling.objects.order_by("id").first()
    after = max(first.batch, last.batch - _AGAIN) if first and last else batch
    told: Counter[SubjectKind] = Counter()
    for kind, rows, link in (
        *_changes(after, batch, at),
        (SubjectKind.PUBLICITY_ENDS, _publicity(days, at), _FILE),
        (SubjectKind.REPAIR_POSSIBLE, _repairs(days, today, at), _FILE),
        (SubjectKind.LOOKED_AT, _looks(days, at), _LOOKS),
        (SubjectKind.MANDATE_ENDS, _mandates(days), "/own/"),
    ):
        told[kind] += len(subject_notices.tell_all(kind, rows, link=link, by=by, at=at))
    Telling.objects.create(day=max(today, last.day if last else today), at=at, batch=batch)
    facts: dict[str, Any] = dict(subject_notices.counts(told))
    audit.enter(audit.Event.SUBJECTS_TOLD, by=by, object_kind="subjects", object_ref=today.isoformat(), **facts)
    return Morning(today, {kind: count for kind, count in told.items() if count})


def _changes(after: int, batch: int, at: datetime) -> list[tuple[SubjectKind, Iterable[Told], str]]:
    """What came in: new data, and later versions of known ones; of organisations' own words nobody is told, they said them."""
    names = identity.department_names()
    parameters = {"after": after, "upto": batch, "now": at, "own": identity.subjects_unit().id}
    added: list[Told] = []
    changed: list[Told] = []
    removed: list[Told] = []
    for subject_id, item_id, version, source, submission, day, is_new, is_gone, count in _rows("changes", parameters):
        facts = _item(item_id, version) | {"count": count, "source": names.get(source, "")}
        key = f"{submission}/{item_id}" if is_new else f"{submission}/{item_id}/{day}"
        if is_gone:
            removed.append(Told(subject_id, facts | _TAKEN_BACK, key))
        else:
            (added if is_new else changed).append(Told(subject_id, facts, key))
    return [
        (SubjectKind.INFORMATION_ADDED, added, _FILE), (SubjectKind.INFORMATION_CHANGED, changed, _FILE),
        (SubjectKind.INFORMATION_REMOVED, removed, _FILE),
    ]  # fmt: skip


def _publicity(days: list[date], at: datetime) -> Iterator[Told]:
    for before in DAYS_BEFORE:
        ends = [day + timedelta(days=before) for day in days]
        for subject_id, item_id, version, on, count in _rows("publicity", {"days": ends, "now": at}):
            facts = _item(item_id, version) | {"count": count, "on": on.isoformat(), "days": before}
            yield Told(subject_id, facts, f"{before}/{item_id}/{on}")


def _repairs(days: list[date], today: date, at: datetime) -> Iterator[Told]:
    for subject_id, item_id, version, on, count in _rows("repairs", {"days": days, "today": today, "now": at}):
        facts = _item(item_id, version) | {"count": count, "on": on.isoformat()}
        yield Told(subject_id, facts, f"{item_id}/{on}")


def _looks(days: list[date], at: datetime) -> Iterator[Told]:
    """A digest for each of the days that are over: of the looks on the day before."""
    for day in days:
        on = day - timedelta(days=1)
        found = looks.on_day(since=_begins(on), until=_begins(day))
        ids = {ref: subject_id for subject_id, ref in _rows("refs", {"refs": [one[0] for one in found], "now": at})}
        counted: Counter[tuple[int, str]] = Counter()
        for ref, role, unit, count in found:
            if ref in ids and role in CATEGORIES:
                counted[ids[ref], "enterprise" if unit.startswith(_ENTERPRISE) else CATEGORIES[role]] += count
        for (subject_id, category), count in sorted(counted.items()):
            zh, en = LOOKERS[category]
            facts: dict[str, str | int] = {"on": on.isoformat(), "category_zh": zh, "category_en": en, "count": count}
            yield Told(subject_id, facts, f"{on}/{category}")


def _mandates(days: list[date]) -> Iterator[Told]:
    for before in DAYS_BEFORE:
        for mandate_id, subject_id, on in mandates.ending([day + timedelta(days=before) for day in days]):
            yield Told(subject_id, {"on": on.isoformat(), "days": before}, f"{before}/{mandate_id}")


def _item(item_id: str, version: int) -> dict[str, str | int]:
    item: Item = publish.version(item_id, version)
    return {"item_zh": item.title_zh, "item_en": item.title_en}


def _rows(name: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL[name].format(held=_SQL["held"], not_repaired=NOT_REPAIRED), parameters)
        return list(cursor.fetchall())


def _newest_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["newest_batch"])
        return int(cursor.fetchone()[0])


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=clock.ZONE)
