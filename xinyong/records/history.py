"""数据的来历 Every version of a datum, from the first to the last: for who answers for it, never for the public.

What a version says is shown as this actor may see it; which submission and row it came from, and its clocks with their ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from xinyong.kernel import clock, sql
from xinyong.records import _cursor, _rows, disclosure
from xinyong.records.dossier import RetentionOver, UnknownRecord, absent
from xinyong.records.models import ClockEnd, Repair
from xinyong.records.view import FieldView, RecordView
from xinyong.security.access import Actor
from xinyong.subjects import registry

_SQL = sql.load(__file__, "records.sql")


@dataclass(frozen=True, slots=True)
class Change:
    """A field in which a version differs from the one before it; "" where it was, or is, empty."""

    label_zh: str
    label_en: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version: what it says, whose word it is (``submission_id``, ``row_no``), what changed against the one before."""

    record: RecordView
    source_id: int
    submission_id: int
    row_no: int
    item_version: int
    rule_set: str
    retain_until: date | None  # first day it may no longer be used; None: no end
    is_withdrawn: bool
    changes: tuple[Change, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class End:
    """A clock of a version that has ended: ``ended_on`` is the first day without it."""

    version: int
    clock: str
    reason: str
    ended_on: date


@dataclass(frozen=True, slots=True)
class Brought:
    """A datum that one row of a submission brought. ``is_replaced``: another submission has had a later word."""

    subject_id: int
    subject_code: str | None
    record: RecordView
    is_withdrawn: bool
    is_replaced: bool


def of(code: str, ref: str, *, as_of: date, seen_by: Actor) -> tuple[list[VersionView], list[End]]:
    """The versions of a datum that this actor answers for, oldest first, and which of its clocks have ended.

    A department's are its own. Raises NotAllowed, UnknownSubject, UnknownRecord, RetentionOver.
    """
    seen = disclosure.lineage_sight(seen_by)
    subject = registry.subject(code, seen_by=seen_by)
    key = bytes.fromhex(ref) if _is_key(ref) else b""
    statement = _SQL["history"].format(columns=_SQL["columns"], marks=_SQL["marks"], sight=seen.predicate)
    parameters = {
        "subject_id": subject.id, "key_digest": key, "as_of": as_of, "known_at": clock.now(), **seen.parameters
    }  # fmt: skip
    sources = _rows.Sources()
    found = [
        _version(
            row,
            _rows.view(
                row, seen=seen, as_of=as_of, sources=sources, subject_code=subject.code, subject_name=subject.name
            ),
        )
        for row in _cursor.rows(statement, parameters)
    ]
    if not found:
        why = absent(subject.id, key, as_of=as_of, seen_by=seen_by)
        if isinstance(why, RetentionOver):
            raise why
        raise UnknownRecord(
            "没有找到这条记录，或它不是贵单位报送的。请核对网址。",
            "There is no such record, or your department has not reported it. Check the address.",
        )
    ends = ClockEnd.objects.filter(subject_id=subject.id, key_digest=key).order_by("ended_on", "clock")
    told = [End(*row) for row in ends.values_list("version", "clock", "reason", "ended_on", named=False)]
    return _with_changes(found), told + _repairs(subject.id, key, found[-1].record.version)


def _repairs(subject_id: int, key: bytes, version: int) -> list[End]:
    """Publicity that a repair ended, and repairs that were revoked, by their days."""
    told = []
    for one in Repair.objects.filter(subject_id=subject_id, key_digest=key).select_related("end").order_by("id"):
        told.append(End(version, "publicity", "repaired", clock.day(one.at)))
        if hasattr(one, "end"):
            day = clock.day(one.end.at)
            told.append(End(version, "repair", one.end.reason, day))
    return told


def brought(submission_id: int, row_no: int, *, as_of: date, seen_by: Actor) -> list[Brought]:
    """The data that a row of a submission brought, as their last version from that row says. Raises NotAllowed."""
    seen = disclosure.lineage_sight(seen_by)
    statement = _SQL["brought"].format(columns=_SQL["columns"], marks=_SQL["marks"], sight=seen.predicate)
    parameters = {
        "submission_id": submission_id, "row_no": row_no, "as_of": as_of, "known_at": clock.now(), **seen.parameters
    }  # fmt: skip
    sources = _rows.Sources()
    return [
        Brought(
            row["subject_id"],
            row["code"],
            _rows.view(
                row, seen=seen, as_of=as_of, sources=sources, subject_code=row["code"], subject_name=row["name"] or ""
            ),
            row["state"] != 1,
            row["is_replaced"],
        )
        for row in _cursor.rows(statement, parameters)
    ]


def _is_key(ref: str) -> bool:
    return len(ref) == 32 and all(one in "0123456789abcdef" for one in ref)


def _version(row: dict[str, Any], record: RecordView) -> VersionView:
    return VersionView(
        record=record, source_id=row["source_id"], submission_id=row["submission_id"], row_no=row["row_no"],
        item_version=row["item_version"], rule_set=row["rule_set"] or "", retain_until=row["retain_until"],
        is_withdrawn=row["state"] != 1,
    )  # fmt: skip


def _with_changes(versions: Sequence[VersionView]) -> list[VersionView]:
    told = [versions[0]]
    for before, after in pairwise(versions):
        told.append(
            VersionView(
                after.record, after.source_id, after.submission_id, after.row_no, after.item_version, after.rule_set,
                after.retain_until, after.is_withdrawn, _changes(before.record.fields, after.record.fields),
            )
        )  # fmt: skip
    return told


def _changes(before: Sequence[FieldView], after: Sequence[FieldView]) -> tuple[Change, ...]:
    old, new = ({one.code: one for one in fields} for fields in (before, after))
    return tuple(
        Change(
            one.label_zh,
            one.label_en,
            old[one.code].text if one.code in old else "",
            new[one.code].text if one.code in new else "",
        )
        for one in {**old, **new}.values()
        if (old[one.code].text if one.code in old else "") != (new[one.code].text if one.code in new else "")
    )
