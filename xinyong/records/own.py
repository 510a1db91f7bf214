"""What is recorded about oneself (本人信息): everything on file of whoever asks, with its source, terms and basis; who looked at it;
the whole as a file. Persons of themselves, whoever has a mandate of their organisation. Nobody sees anybody else here.

Withdrawn data and data whose retention is over are shown too, as such, as long as they lie here: what the platform keeps of
somebody is no secret from them. Personal fields are masked on pages, which others may see over a shoulder, and whole in the file,
which needs the second factor again.
Source: PIPL art. 44, 45; Shanghai 34, Shandong 37 (INV-73).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Grade, Item
from xinyong.kernel import clock, sql
from xinyong.records import _cursor, _rows, annotations
from xinyong.records.disclosure import Sight
from xinyong.records.dossier import UnknownRecord
from xinyong.records.repaired import is_repaired
from xinyong.records.view import RecordView
from xinyong.security import audit, cursors, encryption, guardians, looks, persons, scope
from xinyong.security.access import Action, Actor, require
from xinyong.security.identity import department_names
from xinyong.security.looks import Look
from xinyong.subjects import persons as register
from xinyong.subjects import registry

_SQL = sql.load(__file__, "own.sql")
_ALL = sql.load(__file__, "records.sql")
#: All that is on file, of the closest grade, and no other subject's (the statement says whose).
_SIGHT = Sight("true", {}, Grade.INTERNAL, is_public=False)
_MOST_LOOKS = 200
#: A file holds so many data at most; nobody has as many.
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One datum about oneself: what it says, until when it may be used at all, on which basis it is collected. ``state``: standing,
    withdrawn, over (its retention), erased (its personal content). ``handle`` names it in an address of the own area: a person's
    says nothing to anybody else."""

    record: RecordView
    retain_until: date | None
    bases: tuple[str, ...]
    state: str
    handle: str


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A page of what is on file of oneself. ``total`` counts all of it."""

    records: tuple[OwnRecord, ...]
    total: int
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Stays:
    """So many data of an item that rest on law: until when the last may be used (None: no end), on which bases."""

    title_zh: str
    title_en: str
    count: int
    retain_until: date | None
    bases: tuple[str, ...]


@transaction.atomic
def about(*, by: Actor, as_of: date, after: str | None = None, limit: int = 30) -> OwnFile:
    """Everything on file of oneself, the newest decisions first. One entry in the log. Raises NotAllowed, BadCursor."""
    who = register.settled(by)
    require(who, Action.VIEW_ABOUT_ME, subject=who.subject)
    audit.enter(
        audit.Event.ABOUT_ME_VIEWED, by=who, object_kind="own-file", object_ref=who.subject_code or "own",
        is_on_file=who.subject is not None,
    )  # fmt: skip
    if who.subject is None:
        return OwnFile((), 0, None)
    of = f"own {who.subject}"
    place, _ = _cursor.decode(after, of=of) if after else ({}, 0)
    found, total = _found(who, place, limit + 1)
    records = tuple(_own(row, who, as_of) for row in found[:limit])
    return OwnFile(records, total, _cursor.encode(found[limit - 1], of=of) if len(found) > limit else None)


def record(ref: str, *, by: Actor, as_of: date) -> OwnRecord:
    """One datum about oneself that stands, by its ``handle`` or ref. No entry: for rooms whose verbs ask for their own action. Raises
    UnknownRecord, NotAllowed."""
    who = register.settled(by)
    require(who, Action.VIEW_ABOUT_ME, subject=who.subject)
    parameters = {"subject_id": who.subject, "known_at": clock.now(), "limit": 1, "key": _key(ref, who)}
    with scope.acting(who):
        row = next(_cursor.rows(_own_sql("r.key_digest = %(key)s"), parameters), None)
    found = _own(row, who, as_of) if row is not None else None
    if found is None or who.subject is None or found.state != "standing" or is_repaired(who.subject, found.record.ref):
        raise UnknownRecord(
            "没有找到这条记录。它可能已撤回、已修复或保存期满。请从本人专区的信息页进入。",
            "No such record: it may have been withdrawn or repaired, or its retention is over. Come from the page of what is on file.",
        )
    return found


def looked(*, by: Actor, since: datetime) -> list[Look]:
    """Who looked at what is on file of oneself since then, by unit and purpose, the most recent first. One entry. Raises
    NotAllowed."""
    who = register.settled(by)
    require(who, Action.VIEW_ABOUT_ME, subject=who.subject)
    audit.enter(
        audit.Event.ABOUT_ME_VIEWED, by=who, object_kind="own-file", object_ref=who.subject_code or "own",
        is_on_file=who.subject is not None, looks=True,
    )  # fmt: skip
    return _looks(who, since)


def whole(who: Actor, *, today: date) -> list[dict[str, Any]]:
    """Every datum on file of oneself with nothing masked, the newest decisions first, and the versions before each newest one, the latest
    first. For the file of everything (reports/everything.py), which enters it in the log. Raises NotAllowed, FactorNeeded."""
    require(who, Action.TAKE_ABOUT_ME, subject=who.subject)
    if who.subject is None:
        return []
    with scope.acting(who):
        statement = _SQL["versions"].format(**{name: _ALL[name] for name in ("columns", "marks", "statement_sealed")})
        parameters = {"subject_id": who.subject, "most": _MOST, "known_at": clock.now()}
        rows = list(_cursor.rows(statement, parameters))
    by_datum: dict[bytes, list[dict[str, Any]]] = {}
    for row in rows:
        by_datum.setdefault(bytes(row["key_digest"]), []).append(row)
    newest = sorted(
        by_datum.values(), key=lambda rows: (rows[0]["decided_on"], bytes(rows[0]["key_digest"])), reverse=True
    )
    return [
        _whole(first, who, today) | {"earlier_versions": [_whole(row, who, today) for row in rest]}
        for first, *rest in newest
    ]


def subject(who: Actor) -> dict[str, Any]:
    """Who one is, whole, for the same. Raises NotAllowed, FactorNeeded."""
    return _subject(who)


def stays(who: Actor) -> list[Stays]:
    """What of oneself rests on law and stays when an account is given up, by item. For the room's own verbs and pages that have
    asked whose it is."""
    require(who, Action.VIEW_ABOUT_ME, subject=who.subject)
    if who.subject is None:
        return []
    kept: dict[str, list[Mapping[str, Any]]] = {}
    for row in _found(who, {}, _MOST)[0]:
        kept.setdefault(row["item_id"], []).append(row)
    made = []
    for item_id, rows in sorted(kept.items()):
        item = publish.version(item_id, rows[0]["item_version"])
        ends = [row["retain_until"] for row in rows]
        last = None if None in ends else max(ends)
        made.append(Stays(item.title_zh, item.title_en, len(rows), last, _bases(item)))
    return made


def stays_of(*, by: Actor) -> list[Stays]:
    """``stays`` for whoever asks about themself. One entry. Raises NotAllowed."""
    who = register.settled(by)
    audit.enter(
        audit.Event.ABOUT_ME_VIEWED, by=who, object_kind="own-file", object_ref=who.subject_code or "own",
        is_on_file=who.subject is not None,
    )  # fmt: skip
    return stays(who)


def _found(who: Actor, place: Mapping[str, Any], limit: int) -> tuple[list[dict[str, Any]], int]:
    """Newest versions and their number, by the rights of the subject itself (row-level security holds it too)."""
    parameters = {"subject_id": who.subject, "known_at": clock.now(), "limit": limit, **place}
    with scope.acting(who):
        found = list(_cursor.rows(_own_sql(_cursor.AFTER if place else "true"), parameters))
        total = next(_cursor.rows(_SQL["count"].format(newest=_ALL["newest"]), parameters))["total"]
    return found, int(total)


def _own_sql(after: str) -> str:
    parts = {name: _ALL[name] for name in ("columns", "newest", "marks", "statement_sealed")}
    return _SQL["own"].format(after=after, **parts)


def _key(ref: str, who: Actor) -> bytes:
    """The key of a datum by the name an address has for it; nobody's where it is no such name."""
    if who.subject_code is None:
        try:
            (ref,) = map(str, cursors.read(ref, of=_handles(who)))
        except (cursors.Broken, ValueError):
            return b""
    try:
        return bytes.fromhex(ref)
    except ValueError:
        return b""


def _handle(ref: str, who: Actor) -> str:
    return ref if who.subject_code is not None else cursors.give([ref], of=_handles(who))


def _handles(who: Actor) -> str:
    return f"own record {who.subject}"


def _own(row: dict[str, Any], who: Actor, as_of: date) -> OwnRecord:
    item = publish.version(row["item_id"], row["item_version"])
    shown = _rows.view(
        row | {"payload": _opened(row)[0], "statement": annotations.statement_of(row)}, seen=_SIGHT, as_of=as_of, sources=_rows.Sources(),
        subject_code=who.subject_code, subject_name="",
    )  # fmt: skip
    return OwnRecord(shown, row["retain_until"], _bases(item), _state(row, item, as_of), _handle(shown.ref, who))


def _whole(row: dict[str, Any], who: Actor, today: date) -> dict[str, Any]:
    """A datum with nothing masked, the sender's own columns too."""
    item = publish.version(row["item_id"], row["item_version"])
    content, extra = _opened(row)
    names = {field.code: field.name_zh for field in item.fields}
    days = ("decided_on", "valid_from", "valid_to", "publish_from", "publish_until", "repair_from", "retain_until")
    return {
        "item": item.id, "item_version": item.version, "title_zh": item.title_zh, "title_en": item.title_en,
        "source": department_names().get(row["source_id"], ""), "ref": bytes(row["key_digest"]).hex(),
        "version": row["version"], "submission": row["submission_id"], "state": _state(row, item, today), "bases": list(_bases(item)),
        **{name: row[name].isoformat() if row[name] else None for name in days},
        "known_from": row["known_from"].astimezone(clock.ZONE).isoformat(timespec="seconds"),
        "is_disputed": row["is_disputed"],
        "statement": annotations.statement_of(row),
        "fields": [{"code": code, "name": names.get(code, code), "value": value} for code, value in content.items()],
        "senders_own_columns": extra,
    }  # fmt: skip


def _opened(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a row says with its sealed part, and the sender's own columns."""
    content, extra = dict(row["payload"]), row["extra"] or {}
    extra = json.loads(extra) if isinstance(extra, str) else dict(extra)
    if row["sealed"] is not None:
        content |= json.loads(encryption.unseal(bytes(row["sealed"]), context="record.sealed"))
    return content, extra | content.pop("$extra", {})


def _state(row: Mapping[str, Any], item: Item, as_of: date) -> str:
    if item.is_about_persons and row["sealed"] is None:
        return "erased"
    if row["state"] != 1:
        return "withdrawn"
    return "over" if row["retain_until"] is not None and row["retain_until"] <= as_of else "standing"


def _bases(item: Item) -> tuple[str, ...]:
    return tuple(one.title for one in item.bases)


def _looks(who: Actor, since: datetime) -> list[Look]:
    ref = who.subject_code
    if ref is None:
        digest = guardians.digest_of(who)
        ref = f"person:{digest.hex()}" if digest is not None else None
    return looks.summary_of(ref, since=since, limit=_MOST_LOOKS) if ref is not None else []


def _subject(who: Actor) -> dict[str, Any]:
    if who.subject_code is not None and who.subject is not None:
        return {"code": who.subject_code, "name": registry.by_id(who.subject).name}
    return persons.own(by=who)
