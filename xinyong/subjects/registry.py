"""主体登记 The register of subjects: entered once, renamed with their history kept, looked up by code.

Batches are tables; each verb is a handful of statements whatever the number of rows (subjects.sql), safe with several
lanes at work on the same codes: new codes go in sorted, known ones are locked sorted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from xinyong.kernel import clock, codes, sql
from xinyong.kernel.errors import NotFound
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import classes, naming
from xinyong.subjects._columns import copy_in, fetch, fresh, listed
from xinyong.subjects.models import Subject, SubjectIdentifier

_SQL = sql.load(__file__, "subjects.sql")
_IDS = pa.schema([("code", pa.string()), ("subject_id", pa.int64())])
#: Codes other than the unified one that a register row may bring (schemes of ``resolve``).
SCHEMES = ("org_code", "registration_no", "tax_no", "institution_no", "social_no")
#: A batch that adds so many names empties the index's pending list, which every search would have to read through.
_MANY = 500


class UnknownSubject(NotFound):
    """No organisation with this code is known."""

    code = "subjects.unknown-subject"


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject's register facts, all public for organisations. ``code`` is None and ``name`` empty for persons."""

    id: int
    code: str | None
    name: str
    subject_class: str
    status: str
    region_code: str
    registered_on: date | None
    ended_on: date | None
    known_from: datetime


@dataclass(frozen=True, slots=True)
class NameHeld:
    """A name with the days it was held, ``valid_to`` not included; None is unknown, or open for the current name."""

    name: str
    valid_from: date | None
    valid_to: date | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class IdentifierHeld:
    """Another code of a subject, by scheme (``SCHEMES``)."""

    scheme: str
    value: str


def register(rows: pa.Table, *, known_at: datetime) -> pa.Table:
    """Applies rows of the base register: makes and updates subjects, keeps their names, fills what search looks up.

    ``rows``: ``code`` (canonical unified code) and ``name``; optional ``former_names`` (list of text), ``subject_class``
    (else from the code), ``status`` (the register's word or ours), ``region_code``, ``registered_on``, ``ended_on``,
    ``changed_on`` (dates) and the ``SCHEMES``. Empty means "as it was". A code that comes twice is applied in order. A new
    name closes the old one on the day of the change, or the Beijing date of ``known_at`` where that is earlier or none is
    said. Returns ``code, subject_id``, one row a code.
    """
    if not rows.num_rows:
        return _IDS.empty_table()
    batch = _Batch(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        _put_in(cursor, batch)
        made = _create_missing(cursor, status="active", known_at=known_at)
        if made < batch.code_count:
            _update_known(cursor, known_on=clock.day(known_at))
        if batch.former.num_rows:
            cursor.execute(_SQL["add_former_names"])
        if batch.identifiers.num_rows:
            cursor.execute(_SQL["add_identifiers"])
        if batch.code_count >= _MANY:
            _empty_pending_list(cursor)
        return fetch(cursor, _SQL["ids"], {}, _IDS)


def ensure_organisations(rows: pa.Table, *, known_at: datetime) -> pa.Table:
    """Enters organisations that only a report has named so far, as provisional; known ones are left as they are.

    ``rows``: ``code`` (canonical), ``name`` (as reported). Returns ``code, subject_id``, one row a code.
    """
    if not rows.num_rows:
        return _IDS.empty_table()
    first: dict[str, int] = {}  # a code that comes twice is entered under the name that came first
    for at, code in enumerate(rows.column("code").to_pylist()):
        first.setdefault(code, at)
    with transaction.atomic(), connection.cursor() as cursor:
        known = _ids_of(cursor, [*first])
        missing = [*first.keys() - known.column("code").to_pylist()]
        if not missing:
            return known
        _put_in(cursor, _Batch(rows.select(["code", "name"]).take([first[code] for code in missing])))
        if _create_missing(cursor, status="provisional", known_at=known_at) >= _MANY:
            _empty_pending_list(cursor)
        return _ids_of(cursor, [*first])


def ensure_persons(rows: Sequence[tuple[bytes, bytes]], *, known_at: datetime) -> dict[bytes, int]:
    """Enters natural persons by keyed digest with their sealed name and certificate. Returns digest → subject id."""
    if not rows:
        return {}
    digests = [digest for digest, _ in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _SQL["add_persons"], {"digests": digests, "sealed": [sealed for _, sealed in rows], "known_at": known_at}
        )
        cursor.execute(_SQL["persons"], {"digests": digests})
        return {bytes(digest): subject_id for digest, subject_id in cursor.fetchall()}


def subject(code: str, *, seen_by: Actor) -> SubjectView:
    """The organisation with this unified code, written in any way a person writes it. Raises UnknownSubject."""
    require(seen_by, Action.VIEW_PUBLIC)
    found = Subject.objects.filter(code=_canonical(code)).first()
    if found is None:
        raise UnknownSubject(
            "没有查到这个统一社会信用代码对应的主体。请核对代码，或按名称查找。",
            "No organisation with this unified social credit code is known. Check the code, or search by name.",
        )
    return _view(found)


def by_id(subject_id: int) -> SubjectView:
    """A subject by our own id, for rooms that hold it from a link. Raises UnknownSubject."""
    found = Subject.objects.filter(pk=subject_id).first()
    if found is None:
        raise UnknownSubject("没有这个主体。", "There is no such subject.", subject_id=subject_id)
    return _view(found)


def names_of(subject_id: int) -> list[NameHeld]:
    """The current name, then former names, the latest first. Empty for natural persons."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["names_of"], {"id": subject_id})
        return [NameHeld(*row) for row in cursor.fetchall()]


def identifiers_of(subject_id: int) -> list[IdentifierHeld]:
    """The other codes of a subject, by scheme."""
    held = SubjectIdentifier.objects.filter(subject_id=subject_id).order_by("scheme", "value")
    return [IdentifierHeld(i.scheme, i.value) for i in held]


def _canonical(code: str) -> str:
    return codes.judge(code, expect=codes.Kind.USCC).normalised


def _view(found: Subject) -> SubjectView:
    return SubjectView(
        id=found.pk, code=found.code, name=found.name, subject_class=found.subject_class, status=found.status,
        region_code=found.region_code, registered_on=found.registered_on, ended_on=found.ended_on,
        known_from=found.known_from,
    )  # fmt: skip


class _Batch:
    """Register rows as the tables that subjects.sql takes: one row a code, names read, empty columns filled."""

    def __init__(self, rows: pa.Table) -> None:
        every = {name: rows.column(name).to_pylist() for name in rows.column_names}
        blank: list[Any] = [None] * rows.num_rows
        code, name = every["code"], every["name"]
        last = {value: at for at, value in enumerate(code)}
        self.code_count = len(last)
        kept = sorted(last.values())
        reader = naming.Reader()
        former = [(code[at], text) for at, texts in enumerate(every.get("former_names", blank)) for text in texts or ()]
        former += [(code[at], name[at]) for at in range(len(code)) if last[code[at]] != at and name[at]]
        given_class, region = every.get("subject_class", blank), every.get("region_code", blank)
        self.incoming = pa.table(
            {
                "code": pa.array([code[at] for at in kept], pa.string()),
                **reader.columns(name[at] for at in kept),
                "subject_class": [classes.read_class(given_class[at]) or codes.subject_class(code[at]) for at in kept],
                "status": pa.array([classes.read_status(every.get("status", blank)[at]) for at in kept], pa.string()),
                "region_code": pa.array([region[at] or "" for at in kept], pa.string()),
                "registered_on": pa.array([every.get("registered_on", blank)[at] for at in kept], pa.date32()),
                "ended_on": pa.array([every.get("ended_on", blank)[at] for at in kept], pa.date32()),
                "changed_on": pa.array([every.get("changed_on", blank)[at] for at in kept], pa.date32()),
            }
        )
        self.former = _former(former, reader)
        self.identifiers = _identifiers(code, every)


def _former(pairs: list[tuple[str, str]], reader: naming.Reader) -> pa.Table:
    read = reader.columns(text for _, text in pairs)
    table = pa.table({"code": pa.array([code for code, _ in pairs], pa.string()), **read})
    return table.filter(pc.not_equal(table.column("name_key"), ""))


def _identifiers(code: list[str], every: dict[str, list[Any]]) -> pa.Table:
    found = [
        (code[at], scheme, value)
        for scheme in SCHEMES
        for at, value in enumerate(every.get(scheme, ()))
        if value and not (scheme == "org_code" and value == code[at][8:17])
    ]
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in
         zip(("code", "scheme", "value"), zip(*found, strict=True) if found else ((), (), ()), strict=True)}
    )  # fmt: skip


def _put_in(cursor: CursorWrapper, batch: _Batch) -> None:
    fresh(cursor, "subject_incoming", _SQL["incoming"])
    copy_in(cursor, "subject_incoming", batch.incoming)
    cursor.execute("ANALYZE subject_incoming")
    if batch.former.num_rows:
        fresh(cursor, "subject_incoming_names", _SQL["incoming_names"])
        copy_in(cursor, "subject_incoming_names", batch.former)
    if batch.identifiers.num_rows:
        fresh(cursor, "subject_incoming_identifiers", _SQL["incoming_identifiers"])
        copy_in(cursor, "subject_incoming_identifiers", batch.identifiers)


def _create_missing(cursor: CursorWrapper, *, status: str, known_at: datetime) -> int:
    cursor.execute(_SQL["create_missing"], {"status": status, "known_at": known_at})
    return int(cursor.rowcount)


def _update_known(cursor: CursorWrapper, *, known_on: date) -> None:
    for name in ("lock_known", "drop_reported_names", "close_names", "respell_names", "move_names", "update_known"):
        cursor.execute(_SQL[name], {"known_on": known_on})
    cursor.execute(_SQL["open_names"])


def _empty_pending_list(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT subject_names_merged()")


def _ids_of(cursor: CursorWrapper, unique: list[str]) -> pa.Table:
    return fetch(cursor, _SQL["ids_of_codes"], {"codes": listed(unique)}, _IDS)
