"""Special query (特殊查询): fields of the authorised grade about one subject, for a stated purpose, on a stated basis, with a
second person's consent; once (信用信息查询规范: 分级分类、特殊查询特殊申请; INV-70).

The consent is for this subject, this item, these fields; what comes back holds these fields and nothing else. The entry in
the log stands before anything is read. A natural person is named by their certificate, which is never stored, logged or
shown: requests and log carry a keyed digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Field, Grade
from xinyong.kernel.errors import Invalid, NotFound
from xinyong.records import authorised
from xinyong.records.authorised import Row
from xinyong.security import approvals, audit, encryption
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import registry, resolve

_PERSON = "person:"


class NotAsked(Invalid):
    """A special query says what it is for, on which basis, and which fields it needs."""

    code = "records.special-incomplete"


class NobodyKnown(NotFound):
    """Nobody with this certificate is known here."""

    code = "records.nobody-known"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a special query brought: the request it used up, and the records."""

    request: approvals.Request
    item_title: str
    rows: tuple[Row, ...]


def fields(item_id: str) -> list[Field]:
    """The fields of an item that a special query can ask for: up to the authorised grade."""
    return authorised.fields(publish.current(item_id), Grade.AUTHORISED)


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
    item = publish.current(item_id)
    wanted = [field for field in fields(item_id) if field.code in asked]
    return Answer(
        request=request,
        item_title=item.title_zh,
        rows=authorised.records(_id_of(subject, by), [(item, wanted)], grade=Grade.AUTHORISED, of=by, today=at.date()),
    )


def _id_of(subject: str, by: Actor) -> int:
    if subject.startswith(_PERSON):
        digest = bytes.fromhex(subject.removeprefix(_PERSON))
        return resolve.by_people([digest])[digest]
    return registry.subject(subject, seen_by=by).id
