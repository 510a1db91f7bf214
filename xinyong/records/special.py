"""Special query (特殊查询): fields of the authorised grade about one subject, for a stated purpose, on a stated basis, with a
second person's consent; once (信用信息查询规范: 分级分类、特殊查询特殊申请; INV-70).

The consent is for this subject, this item, these fields; what comes back holds these fields and nothing else. The entry in
the log stands before anything is read. A natural person is named by their certificate, which is never stored, logged or
shown: requests and log carry a keyed digest.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Field, Grade
from xinyong.kernel import sql
from xinyong.kernel.errors import Invalid, NotFound
from xinyong.records import _cursor, _rows, disclosure
from xinyong.security import approvals, audit, encryption, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.identity import department_names
from xinyong.subjects import registry, resolve

_SQL = sql.load(__file__, "special.sql")
_MOST = 200
_PERSON = "person:"


class NotAsked(Invalid):
    """A special query says what it is for, on which basis, and which fields it needs."""

    code = "records.special-incomplete"


class NobodyKnown(NotFound):
    """Nobody with this certificate is known here."""

    code = "records.nobody-known"


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the day, the source unit, and the asked fields that are filled, as (label, text); whether its subject objects."""

    decided_on: date
    source: str
    fields: tuple[tuple[str, str], ...]
    is_disputed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a special query brought: the request it used up, and the records."""

    request: approvals.Request
    item_title: str
    rows: tuple[Row, ...]


def fields(item_id: str) -> list[Field]:
    """The fields of an item that a special query can ask for: up to the authorised grade."""
    item = publish.current(item_id)
    codes = disclosure.fields_of(item, replace(disclosure.public_sight(), grade=Grade.AUTHORISED, is_public=False))
    return [field for field in item.fields if field.code in codes]


def subject_of(*, code: str = "", certificate: str = "", certificate_kind: str = "身份证", by: Actor) -> str:
    """How a request names its subject: an organisation's code, or a person's digest. Raises UnknownSubject, NobodyKnown."""
    require(by, Action.SPECIAL_QUERY)
    if not certificate:
        found = registry.subject(code, seen_by=by)
        return found.code or ""
    digest = encryption.digest(f"{certificate_kind}\x1f{certificate.strip().upper()}", kind="person")
    if digest not in resolve.by_people([digest]):
        raise NobodyKnown("没有查到此人的记录。", "Nobody with this certificate is known here.")
    return _PERSON + digest.hex()


def ask(
    subject: str, *, item_id: str, asked: Sequence[str], purpose: str, basis: str, by: Actor, at: datetime
) -> approvals.Request:
    """Asks for consent. ``subject`` as ``subject_of`` gives it, ``asked`` codes of fields. Raises NotAsked, NotAllowed,
    FactorNeeded."""
    require(by, Action.SPECIAL_QUERY, item=item_id)
    if not (purpose.strip() and basis.strip() and asked) or not set(asked) <= {field.code for field in fields(item_id)}:
        raise NotAsked(
            "请写明用途和依据（如授权书、协助函编号），并选择要查的数据项。",
            "Say what it is for and on which basis (a letter of authority, a request for assistance), and choose fields.",
        )
    payload = {
        "subject": subject, "item": item_id, "fields": sorted(asked), "purpose": purpose.strip(), "basis": basis.strip(),
    }  # fmt: skip
    return approvals.ask(
        approvals.Kind.SPECIAL_QUERY,
        payload,
        object_ref=subject,
        purpose=purpose.strip(),
        reason=basis.strip(),
        by=by,
        at=at,
    )


@transaction.atomic
def answer(request_id: int, *, by: Actor, at: datetime) -> Answer:
    """Uses up the consent and answers, once. Raises approvals.ConsentNeeded, UnknownRequest, NotAllowed, FactorNeeded."""
    facts = approvals.find(request_id, seen_by=by, at=at).facts
    item_id, subject = str(facts["item"]), str(facts["subject"])
    require(by, Action.SPECIAL_QUERY, item=item_id)
    request = approvals.use(approvals.Kind.SPECIAL_QUERY, facts, by=by, at=at)
    asked = facts["fields"]
    assert isinstance(asked, list)
    audit.enter(
        audit.Event.SPECIAL_QUERIED, by=by, object_kind="subject", object_ref=subject, purpose=request.purpose,
        basis=request.reason[:200], item=item_id, fields=",".join(asked)[:400], consent=request.id,
    )  # fmt: skip
    wanted = {field.code: field for field in fields(item_id) if field.code in asked}
    parameters = {
        "subject_id": _id_of(subject, by), "item_id": item_id, "today": at.date(), "limit": _MOST,
        "reach": scope.reach_of(by.region) if by.region else None,
    }  # fmt: skip
    # The asker's own scope ends at the shared grade: past the consent the platform itself reads, this one statement.
    with scope.acting(system("special-query")):
        found = list(_cursor.rows(_SQL["of_subject"], parameters))
    names = department_names()
    return Answer(
        request=request,
        item_title=publish.current(item_id).title_zh,
        rows=tuple(
            Row(row["decided_on"], names.get(row["source_id"], ""), _shown(row, wanted), row["is_disputed"])
            for row in found
        ),
    )


def _id_of(subject: str, by: Actor) -> int:
    if subject.startswith(_PERSON):
        digest = bytes.fromhex(subject.removeprefix(_PERSON))
        return resolve.by_people([digest])[digest]
    return registry.subject(subject, seen_by=by).id


def _shown(row: dict[str, Any], wanted: dict[str, Field]) -> tuple[tuple[str, str], ...]:
    """The asked fields, masked as the catalogue says, and nothing else of the record."""
    payload = dict(row["payload"])
    if row["sealed"] is not None and any(code not in payload for code in wanted):
        payload |= json.loads(encryption.unseal(bytes(row["sealed"]), context="record.sealed"))
    shown = []
    for code, field in wanted.items():
        text = _rows.text_of(payload.get(code), field.type)
        if text:
            shown.append((field.name_zh, disclosure.masked(text, field.masking)[0]))
    return tuple(shown)
