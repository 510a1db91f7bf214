"""异议标注和异议声明 What is noted beside a datum: that its subject disputes it, and what its subject says of it where it stays as it is.

The archive keeps both, because whoever reads the record must read them; what led to them is the business of the room that has the
case (rights/objection.py). Notes are entered and ended, never changed, so that what was shown on any past day can be told. They
belong to the datum, not to a version of it: a correction does not wipe away that the rest is disputed.
Source: 浙江省公共信用信息管理条例 30 (mark on receipt); 征信业管理条例 25 (statement shown with the information).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from xinyong.kernel import sql
from xinyong.kernel.errors import Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import _cursor, _rows, disclosure
from xinyong.records.dossier import UnknownRecord
from xinyong.records.models import Annotation, AnnotationEnd
from xinyong.records.view import Mark, RecordView
from xinyong.security import encryption, scope
from xinyong.security.access import Action, Actor, Role, may, require, system

_SQL = sql.load(__file__, "records.sql")
#: A statement of disagreement, in characters: 征信 practice allows 100 Chinese characters and we are no more generous than a page is.
SHORTEST, LONGEST = 10, 300
_AMOUNT = re.compile(r"-?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d+)?", re.ASCII)
_CONTEXT = "record.statement"


class BadStatement(Invalid):
    """A statement of disagreement is a sentence or two: not empty, not a page, and of nobody else."""

    code = "records.bad-statement"


@dataclass(frozen=True, slots=True)
class Datum:
    """The newest version of a datum with the platform's own eyes, whose it is, which unit answers for it. Its record has the public's
    fields; of an item that is not public, what is read in a case about it (disclosure.case_sight). ``content`` is all of it, for
    comparing. ``is_public``: everybody is shown it that day."""

    record: RecordView
    subject_id: int
    region_code: str
    source_id: int
    is_withdrawn: bool
    is_public: bool
    content: Mapping[str, str] = field(repr=False)

    def says(self, wanted: Mapping[str, str]) -> bool:
        """True when every named field says what is wanted; "" is that it says nothing."""
        return all(is_same(self.content.get(code, ""), text) for code, text in wanted.items())


def datum(subject_id: int, ref: str, *, as_of: date, known_at: datetime) -> Datum:
    """A datum as the archive has it now, for callers who have checked who asks. Raises UnknownRecord."""
    parameters = {"subject_id": subject_id, "key_digest": _key(ref), "as_of": as_of, "known_at": known_at}
    parts = {name: _SQL[name] for name in ("columns", "marks", "statement_sealed")}
    with scope.acting(system("annotations")):
        row = next(_cursor.rows(_SQL["datum"].format(**parts), parameters), None)
        if row is None:
            raise _unknown()
        item = _rows.item_of(row)
        is_open = disclosure.is_shown_item(item, disclosure.public_sight())
        row |= {"payload": opened(row), "statement": statement_of(row)}
        record = _rows.view(
            row, seen=disclosure.public_sight() if is_open else disclosure.case_sight(), as_of=as_of,
            sources=_rows.Sources(known_at), subject_code=row["code"], subject_name=row["name"] or "",
        )  # fmt: skip
    is_withdrawn, until = row["state"] != 1, record.publish_until
    is_public = is_open and not is_withdrawn and record.publish_from is not None and (until is None or as_of < until)
    if not is_open:
        record = replace(record, marks=(*record.marks, Mark.NOT_PUBLIC))
    return Datum(
        record, subject_id, row["region_code"] or "", row["source_id"], is_withdrawn, is_public, _rows.texts(row)
    )


def opened(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says with its sealed part, without the sender's own columns. For the platform's own eyes."""
    content = dict(row["payload"])
    if row["sealed"] is not None:
        content |= json.loads(encryption.unseal(bytes(row["sealed"]), context="record.sealed"))
    content.pop("$extra", None)
    return content


def statement_of(row: Mapping[str, Any]) -> str:
    """What the subject of a row says of it, opened where it is a natural person's; "" for nothing."""
    if row["statement_sealed"] is not None:
        return encryption.unseal(bytes(row["statement_sealed"]), context=_CONTEXT).decode()
    return row["statement"] or ""


@transaction.atomic
def dispute(subject_id: int, ref: str, *, case_id: int, by: Actor, at: datetime) -> None:
    """From this instant the datum is shown as disputed, wherever it is shown; for a case, once at a time. Raises NotAllowed."""
    _may(subject_id, by)
    if not _standing(case_id, Annotation.Kind.DISPUTED):
        Annotation.objects.create(
            subject_id=subject_id, key_digest=_key(ref), kind=Annotation.Kind.DISPUTED, case_id=case_id, noted_at=at
        )


@transaction.atomic
def settle(subject_id: int, *, case_id: int, by: Actor, at: datetime) -> None:
    """From this instant the case's datum is disputed no more, by this case. Settled twice: once. Raises NotAllowed."""
    _may(subject_id, by)
    for one in _standing(case_id, Annotation.Kind.DISPUTED):
        AnnotationEnd.objects.create(annotation_id=one.pk, ended_at=at)


@transaction.atomic
def state(
    subject_id: int, ref: str, text: str, *, case_id: int, is_private: bool = False, by: Actor, at: datetime
) -> str:  # fmt: skip
    """Puts the subject's statement beside the datum, in place of one this case put there before; the statement as it is kept, sealed
    where it is a natural person's (``is_private``). Raises BadStatement, NotAllowed."""
    _may(subject_id, by)
    said = checked(text)
    for one in _standing(case_id, Annotation.Kind.STATEMENT):
        AnnotationEnd.objects.create(annotation_id=one.pk, ended_at=at)
    Annotation.objects.create(
        subject_id=subject_id,
        key_digest=_key(ref),
        kind=Annotation.Kind.STATEMENT,
        case_id=case_id,
        text="" if is_private else said,
        sealed=encryption.seal(said.encode(), context=_CONTEXT) if is_private else None,
        noted_at=at,
    )
    return said


@transaction.atomic
def take_back(subject_id: int, *, case_id: int, by: Actor, at: datetime) -> None:
    """Ends the statement that a case put beside a datum. Raises NotAllowed."""
    _may(subject_id, by)
    for one in _standing(case_id, Annotation.Kind.STATEMENT):
        AnnotationEnd.objects.create(annotation_id=one.pk, ended_at=at)


def checked(text: str) -> str:
    """A statement as it would stand beside the record. Raises BadStatement: too short, too long, or a person's number in it."""
    said = " ".join(text.replace("\0", "").split())
    if not SHORTEST <= len(said) <= LONGEST or unnumbered(said) != said:
        raise BadStatement(
            f"声明应为 {SHORTEST} 至 {LONGEST} 字，且不含个人证件号码和电话；凡显示这条记录处一并显示。",
            f"A statement has {SHORTEST} to {LONGEST} characters and no person's number: it shows wherever the record does.",
        )
    return said


def is_same(said: str, wanted: str) -> bool:
    """True for two texts of one value: blanks apart, and an amount's zeros and commas."""
    return _plain(said) == _plain(wanted)


def _may(subject_id: int, by: Actor) -> None:
    """The subject's own act, or the desk's and the platform's in a case of its."""
    if by.role in (Role.SUBJECT, Role.PERSON):
        require(by, Action.OBJECT, subject=subject_id)
    elif not may(by, Action.OPERATE):
        require(by, Action.ANSWER_OBJECTION)


def _standing(case_id: int, kind: str) -> list[Annotation]:
    return list(Annotation.objects.filter(case_id=case_id, kind=kind, end__isnull=True))


def _key(ref: str) -> bytes:
    if len(ref) != 32 or any(one not in "0123456789abcdef" for one in ref):
        raise _unknown()
    return bytes.fromhex(ref)


def _plain(text: str) -> str:
    """A value apart from how it is set: blanks, and zeros and commas of an amount. What begins with a zero too many is no amount."""
    tidy = "".join(text.split())
    if not _AMOUNT.fullmatch(tidy):
        return tidy
    whole, _, part = tidy.replace(",", "").partition(".")
    part = part.rstrip("0")
    return f"{whole}.{part}" if part else whole


def _unknown() -> UnknownRecord:
    return UnknownRecord("没有找到这条记录。请从公示页面进入。", "No such record. Come from its public page.")
