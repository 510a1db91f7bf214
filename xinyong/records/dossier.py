"""A subject's file (信用档案) as of a date, as this actor may see it; both time axes.

``as_of`` asks what held in the world that day (terms, publicity), ``known_at`` what the platform knew at that instant.
"""

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Section
from xinyong.kernel import clock, sql
from xinyong.kernel.errors import NotFound
from xinyong.records import _cursor, _rows, disclosure
from xinyong.records.disclosure import Sight
from xinyong.records.purpose import required
from xinyong.records.view import Dossier, NameView, Page, RecordView, SectionView
from xinyong.security import audit, identity
from xinyong.security.access import Actor, Role
from xinyong.subjects import classes, registry, succession

_SQL = sql.load(__file__, "records.sql")

SECTIONS: dict[Section, tuple[str, str]] = {
    Section.REGISTRATION: ("登记注册基础信息", "Registration"),
    Section.LICENCE: ("行政许可", "Administrative licences"),
    Section.PENALTY: ("行政处罚", "Administrative penalties"),
    Section.HONOUR: ("诚实守信", "Honours for trustworthiness"),
    Section.SERIOUS_LIST: ("严重失信主体名单", "Lists of seriously dishonest entities"),
    Section.ABNORMAL: ("经营异常", "Abnormal operation"),
    Section.ADMINISTRATIVE: ("其他行政管理", "Other administrative acts"),
    Section.COMMITMENT: ("信用承诺", "Credit commitments"),
    Section.EVALUATION: ("信用评价", "Credit evaluations"),
    Section.JUDICIAL: ("司法裁判及执行", "Court judgments and enforcement"),
    Section.OTHER: ("其他信息", "Other information"),
    Section.SELF_DECLARED: ("自主申报信息", "Declared by the organisation itself"),
}


class UnknownRecord(NotFound):
    """No such record, or not for this actor, which looks the same."""

    code = "records.unknown-record"


class RetentionOver(UnknownRecord):
    """Its retention is over: it is used for nothing any more. Said to who would see it otherwise and to whose it is (INV-60)."""

    code = "records.retention-over"
    invariant = "E_RETENTION"


def of(
    code: str,
    *,
    as_of: date,
    seen_by: Actor,
    known_at: datetime | None = None,
    purpose: str = "",
    per_section: int = 50,
) -> Dossier:
    """The file of the organisation with this unified social credit code.

    A look that shows more than the public sees needs its purpose, and leaves an audit entry before anything is returned.
    Raises subjects' UnknownSubject, purpose.PurposeNeeded.
    """
    seen = disclosure.sight(seen_by)
    subject = registry.subject(code, seen_by=seen_by)
    _note_look(seen, "subject", code, seen_by, purpose, as_of=as_of.isoformat())
    return _compose(subject, as_of=as_of, seen=seen, known_at=known_at, per_section=per_section)


def _compose(
    subject: registry.SubjectView, *, as_of: date, seen: Sight, known_at: datetime | None, per_section: int
) -> Dossier:
    now = known_at or clock.now()
    names = registry.names_of(subject.id)
    found: dict[Section, list[RecordView]] = defaultdict(list)
    totals: dict[Section, dict[str, int]] = defaultdict(dict)
    sources = _rows.Sources(known_at)
    statement = _fill("of_subject", seen)
    parameters = {"subject_id": subject.id, "as_of": as_of, "known_at": now, "per_item": per_section, **seen.parameters}
    for row in _cursor.rows(statement, parameters):
        record = _rows.view(
            row, seen=seen, as_of=as_of, sources=sources, subject_code=subject.code, subject_name=subject.name
        )
        found[record.section].append(record)
        totals[record.section][record.item_id] = row["total"]
    sections = []
    for section, (title_zh, title_en) in SECTIONS.items():
        records = sorted(found[section], key=lambda r: (r.decided_on, r.ref), reverse=True)[:per_section]
        sections.append(SectionView(section, title_zh, title_en, tuple(records), sum(totals[section].values())))
    label = classes.LABELS[subject.subject_class]
    status = classes.STATUS[subject.status]
    return Dossier(
        subject_id=subject.id,
        code=subject.code,
        name=subject.name,
        subject_class=subject.subject_class,
        subject_class_zh=label[0],
        subject_class_en=label[1],
        status=subject.status,
        status_zh=status[0],
        status_en=status[1],
        region_code=subject.region_code,
        region_name=identity.region_path(subject.region_code),
        registered_on=subject.registered_on,
        names=tuple(NameView(n.name, n.valid_from, n.valid_to, n.is_current) for n in names),
        sections=tuple(sections),
        as_of=as_of,
        known_at=now,
        is_public_view=seen.is_public,
        successions=tuple(succession.of(subject.id, known_at=now)),
    )


def section(
    code: str,
    which: Section,
    *,
    as_of: date,
    seen_by: Actor,
    purpose: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """One section of the file, page by page; purpose and entry as in ``of``. Raises UnknownSubject, BadCursor,
    PurposeNeeded."""
    seen = disclosure.sight(seen_by)
    subject = registry.subject(code, seen_by=seen_by)
    _note_look(seen, "subject", code, seen_by, purpose, section=which.value)
    item_ids = [item.id for item in publish.items() if item.section is which]
    parameters: dict[str, Any] = {
        "subject_id": subject.id, "item_ids": item_ids, "as_of": as_of, "known_at": clock.now(), "limit": limit + 1,
        **seen.parameters,
    }  # fmt: skip
    of = f"section {subject.id} {which.value}"
    if after:
        place, _ = _cursor.decode(after, of=of)
        parameters |= place
    found = list(_cursor.rows(_fill("page_of_subject", seen, after=_cursor.AFTER if after else "true"), parameters))
    sources = _rows.Sources()
    views = tuple(
        _rows.view(row, seen=seen, as_of=as_of, sources=sources, subject_code=subject.code, subject_name=subject.name)
        for row in found[:limit]
    )
    return Page(views, _cursor.encode(found[limit - 1], of=of) if len(found) > limit else None)


def record(
    code: str, ref: str, *, as_of: date, seen_by: Actor, purpose: str = ""
) -> tuple[RecordView, list[RecordView]]:
    """One record and its older versions, newest first; purpose and entry as in ``of``. Raises UnknownSubject,
    UnknownRecord, RetentionOver, PurposeNeeded."""
    seen = disclosure.sight(seen_by)
    subject = registry.subject(code, seen_by=seen_by)
    try:
        key = bytes.fromhex(ref)
    except ValueError:
        key = b""
    parameters = {
        "subject_id": subject.id, "key_digest": key, "as_of": as_of, "known_at": clock.now(), **seen.parameters
    }  # fmt: skip
    sources = _rows.Sources()
    views = [
        _rows.view(row, seen=seen, as_of=as_of, sources=sources, subject_code=subject.code, subject_name=subject.name)
        for row in _cursor.rows(_fill("versions_of_record", seen), parameters)
    ]
    if not views or views[0].version != _newest_version(subject.id, key):
        raise absent(subject.id, key, as_of=as_of, seen_by=seen_by)
    _note_look(seen, "record", ref, seen_by, purpose, subject=code)
    return views[0], views[1:]


def absent(subject_id: int, key: bytes, *, as_of: date, seen_by: Actor) -> UnknownRecord:
    """Why somebody is not shown a record they asked for by its reference: RetentionOver to whom that may be said."""
    over = disclosure.over_sight(seen_by)
    if over is not None:
        parameters = {
            "subject_id": subject_id, "key_digest": key, "as_of": as_of, "newest": _newest_version(subject_id, key),
            **over.parameters,
        }  # fmt: skip
        if list(_cursor.rows(_SQL["over"].format(sight=over.predicate), parameters)):
            return RetentionOver(
                "这条记录的保存期已满，不再用于查询、报告、评价和其他任何用途。",
                "The retention of this record is over: it is used for no query, report or score, nor for anything else.",
            )
    return UnknownRecord(
        "没有找到这条记录。它可能已公示期满、已撤回，或网址有误。",
        "No such record. Its publicity may have ended, it may have been withdrawn, or the address is wrong.",
    )


def _note_look(seen: Sight, kind: str, ref: str, by: Actor, purpose: str, **facts: str) -> None:
    """An entry for a look at more than the public sees, which needs its purpose; the platform's own work says none."""
    if seen.is_public:
        return
    if by.role is not Role.SYSTEM:
        required(purpose)
    with transaction.atomic():
        audit.enter(audit.Event.DOSSIER_VIEWED, by=by, object_kind=kind, object_ref=ref, purpose=purpose, **facts)


def _newest_version(subject_id: int, key: bytes) -> int:
    statement = "SELECT max(version) AS newest FROM record_later WHERE subject_id = %(s)s AND key_digest = %(k)s"
    return next(_cursor.rows(statement, {"s": subject_id, "k": key}))["newest"] or 1


def _fill(name: str, seen: Sight, **parts: str) -> str:
    return _SQL[name].format(
        columns=_SQL["columns"], marks=_SQL["marks"], newest=_SQL["newest"], sight=seen.predicate, **parts
    )
