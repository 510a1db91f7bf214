"""An organisation's file by its code: what everybody sees, or for a purpose what departments share. Never a person's."""

from datetime import date, datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query, Schema
from pydantic import Field

from xinyong.exchange import sandbox
from xinyong.exchange.door import Entrance, actor, operation
from xinyong.exchange.interface import Strict
from xinyong.kernel import clock, codes
from xinyong.kernel.errors import Invalid
from xinyong.records import dossier
from xinyong.records.view import Dossier, RecordView
from xinyong.rights import queries
from xinyong.security.access import Action, Actor, Role

_CODE = r"^[0-9A-Z]{18}$"
Code = Annotated[str, Path(pattern=_CODE, description="统一社会信用代码 unified social credit code")]
AsOf = Annotated[
    date | None, Query(ge=date(1949, 10, 1), le=date(2199, 12, 31), description="为空即今天 today when empty")
]

#: What a look is for: of the register, and in a few words.
Purpose = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{1,19}$", description="目的登记簿中的标识 of the register: GET /purposes")
]
Note = Annotated[
    str,
    Field(
        min_length=4, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$",
        description="办理什么事项、哪一份申请 which procedure, which application",
    ),
]  # fmt: skip


class NotAnOrganisation(Invalid):
    """The number asked for is not an organisation's code; it may be a person's, who is not looked up here."""

    code = "exchange.not-an-organisation"


class LookUp(Strict):
    """Whose file, and what for: a purpose of the register (``GET /purposes``), and which matter. Both stand in the log; the
    organisation sees the purpose."""

    code: Annotated[str, Field(pattern=_CODE, description="统一社会信用代码 unified social credit code")]
    purpose: Purpose
    note: Note
    as_of: Annotated[date | None, Field(ge=date(1949, 10, 1), le=date(2199, 12, 31))] = None


class NameOut(Schema):
    """A name and when it was held."""

    name: str
    valid_from: date | None
    valid_to: date | None
    is_current: bool


class RecordField(Schema):
    """One field of a record, ready to print; masked where the reader may not see it whole."""

    code: str
    label_zh: str
    label_en: str
    text: str
    is_masked: bool
    grade: str


class DeclaredOut(Schema):
    """That a record is the organisation's own word, and who has checked it when; ``label_zh`` must stand beside it wherever it is
    shown."""

    is_checked: bool
    checked_by: str
    checked_on: date | None
    label_zh: str
    label_en: str


class RecordOut(Schema):
    """One record."""

    ref: str
    version: int
    item_id: str
    title: str
    document_no: str
    authority: str
    source: str
    is_adverse: bool
    decided_on: date
    valid_from: date | None
    valid_to: date | None
    publish_until: date | None
    severity: str | None
    marks: list[str]
    fields: list[RecordField]
    known_from: datetime
    declared: DeclaredOut | None = None
    is_disputed: bool = Field(
        False, description="争议中：主体已提出异议，尚未办结 its subject objects; must be shown beside it"
    )
    statement: str = Field("", description="异议声明 what its subject says of it; must be shown beside it")


class SectionOut(Schema):
    """Records of one section, newest first; ``total`` may exceed those given."""

    section: str
    title_zh: str
    title_en: str
    total: int
    records: list[RecordOut]


class SuccessionOut(Schema):
    """Who came before or after (``is_successor``) this organisation. Its records are its own: none is counted here."""

    relation: str
    is_successor: bool
    code: str
    name: str
    effective_on: date
    instrument: str


class OrganisationOut(Schema):
    """An organisation's file as of a day, as this client may see it."""

    code: str
    name: str
    subject_class: str
    status: str
    region_code: str
    registered_on: date | None
    names: list[NameOut]
    successions: list[SuccessionOut]
    sections: list[SectionOut]
    as_of: date
    known_at: datetime
    sight: str


def _played(request: HttpRequest, code: Code, as_of: AsOf = None) -> OrganisationOut:
    return _told(sandbox.dossier(code, as_of=as_of or clock.today(), is_public=True))


def _played_shared(request: HttpRequest, body: LookUp) -> OrganisationOut:
    return _told(sandbox.dossier(body.code, as_of=body.as_of or clock.today(), is_public=False))


@operation(
    "GET", "/organisations/{code}", action=Action.CALL_API, by=Entrance.TOKEN, scope="read:public",
    returns=OrganisationOut, summary="机构公开档案 An organisation's public file", sandbox=_played,
)  # fmt: skip
def organisation(request: HttpRequest, code: Code, as_of: AsOf = None) -> OrganisationOut:
    """What everybody may see of an organisation; the log has no entry, as for the portal's page."""
    reader = Actor(role=Role.PUBLIC, name="public", address=actor(request).address)
    return _told(dossier.of(_organisations(code), as_of=as_of or clock.today(), seen_by=reader))


@operation(
    "POST", "/look-ups", action=Action.VIEW_SHARED, by=Entrance.TOKEN, scope="read:shared",
    returns=OrganisationOut, summary="按用途查询共享档案 A shared look-up for a purpose", sandbox=_played_shared,
)  # fmt: skip
def look_up(request: HttpRequest, body: LookUp) -> OrganisationOut:
    """What departments share of an organisation. The look, its purpose and this client stand in the log before anything
    is answered. The code stands in the body, so that no address and no proxy keeps who was looked for."""
    return _told(
        queries.file(
            _organisations(body.code), purpose=body.purpose, note=body.note, as_of=body.as_of or clock.today(),
            seen_by=actor(request), at=clock.now(),
        )
    )  # fmt: skip


def _organisations(code: str) -> str:
    if codes.judge(code).kind in codes.PERSONAL:
        raise NotAnOrganisation(
            "这不是机构的统一社会信用代码。自然人的信息不在此查询。",
            "This is not an organisation's code. Natural persons are not looked up here.",
        )
    return code


def _told(file: Dossier) -> OrganisationOut:
    return OrganisationOut(
        code=file.code or "", name=file.name, subject_class=file.subject_class, status=file.status,
        region_code=file.region_code, registered_on=file.registered_on,
        names=[
            NameOut(name=one.name, valid_from=one.valid_from, valid_to=one.valid_to, is_current=one.is_current)
            for one in file.names
        ],
        successions=[
            SuccessionOut(
                relation=one.relation, is_successor=one.is_successor, code=one.code, name=one.name,
                effective_on=one.effective_on, instrument=one.instrument,
            )
            for one in file.successions
        ],
        sections=[
            SectionOut(
                section=one.section.value, title_zh=one.title_zh, title_en=one.title_en, total=one.total,
                records=[_record(record) for record in one.records],
            )
            for one in file.sections
        ],
        as_of=file.as_of, known_at=file.known_at, sight="public" if file.is_public_view else "shared",
    )  # fmt: skip


def _record(one: RecordView) -> RecordOut:
    return RecordOut(
        ref=one.ref, version=one.version, item_id=one.item_id, title=one.title, document_no=one.document_no,
        authority=one.authority, source=one.source, is_adverse=one.is_adverse, decided_on=one.decided_on,
        valid_from=one.valid_from, valid_to=one.valid_to, publish_until=one.publish_until, severity=one.severity,
        marks=[mark.value for mark in one.marks],
        fields=[
            RecordField(
                code=field.code, label_zh=field.label_zh, label_en=field.label_en, text=field.text,
                is_masked=field.is_masked, grade=field.grade,
            )
            for field in one.fields
        ],
        known_from=one.known_from,
        declared=DeclaredOut(
            is_checked=one.declared.is_checked, checked_by=one.declared.unit, checked_on=one.declared.on,
            label_zh=one.declared.label_zh, label_en=one.declared.label_en,
        ) if one.declared else None,
        is_disputed=one.is_disputed, statement=one.statement,
    )  # fmt: skip
