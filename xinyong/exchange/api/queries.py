"""Queries by a subject's authorisation, and asking for one: a bank's program, or a department's. Never a person's number in an address."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, cast

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Schema
from pydantic import Field

from xinyong.catalogue.schema import Grade
from xinyong.exchange import sandbox
from xinyong.exchange.api.intake import Number
from xinyong.exchange.api.records import Note, Purpose
from xinyong.exchange.door import SAME, Entrance, actor, call, operation
from xinyong.exchange.interface import Strict
from xinyong.kernel import clock
from xinyong.records.authorised import Row
from xinyong.rights import consent, purposes, queries, whose
from xinyong.rights.consent_view import RequestView, State
from xinyong.security import tokens
from xinyong.security.access import Action
from xinyong.security.tokens import Caller

_SCOPE, _WITHHOLD = "query:authorised", "query:withhold"
Ref = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
#: The one answer that the sandbox keeps.
_PLAYED = "0" * 31 + "1"
_CONFLICT: dict[str, Any] = {"responses": {409: {"$ref": "#/components/responses/Conflict"}}}
_ITEM = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
_Text = r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$"


class Subject(Strict):
    """About whom: one of the two. The number of a person's certificate is used to find them, and kept nowhere."""

    code: Annotated[str, Field(max_length=18, pattern=r"^[0-9A-Z]*$", description="统一社会信用代码")] = ""
    certificate: Annotated[str, Field(max_length=40, pattern=r"^[0-9A-Za-z()（）]*$", description="自然人证件号码")] = (
        ""
    )
    certificate_kind: Annotated[str, Field(max_length=20, pattern=_Text)] = "身份证"


class WithholdIn(Strict):
    """That the subject shall not see the query for a time: only with the scope ``query:withhold``, only for purposes that allow it, and
    for their days at most. ``basis``: the law and the reason of the very case, which stand in the log."""

    days: Annotated[int, Field(ge=1, le=3660)]
    basis: Annotated[str, Field(min_length=4, max_length=200, pattern=_Text)]


class QueryIn(Strict):
    """What is asked for. No items: all that the purpose and the authorisation open. ``withhold``: nothing, as a rule."""

    subject: Subject
    purpose: Purpose
    note: Note
    items: Annotated[list[_ITEM], Field(max_length=60)] = []
    level: Literal["shared", "authorised"] = "shared"
    withhold: WithholdIn | None = None


class FieldOut(Schema):
    """One field of a record, ready to print, masked as the catalogue says."""

    label: str
    text: str


class AnswerRow(Schema):
    """One record."""

    item_id: str
    item_title: str
    decided_on: date
    source: str
    is_disputed: bool = Field(
        description="争议中：当事人已提出异议，正在核查 Its subject objects to it, and that is not settled yet"
    )
    fields: list[FieldOut]


class AnswerOut(Schema):
    """The answer to a query. ``ref`` fetches it again for a day, unless the authorisation ends before. ``authorisation``: the number of
    the receipt it rests on, empty where none was needed. ``withheld_until``: when the subject sees it, where that is not at once."""

    ref: str
    purpose: str
    level: str
    items: list[str]
    authorisation: str
    answered_at: datetime
    withheld_until: datetime | None
    records: list[AnswerRow]


class AgainOut(Schema):
    """An answer once more."""

    ref: str
    authorisation: str
    answered_at: datetime
    kept_until: datetime
    records: list[AnswerRow]


class PurposeOut(Schema):
    """A purpose in force: who may use it, what it reaches, whether the subject must have authorised it."""

    id: str
    name_zh: str
    name_en: str
    bases: list[str]
    is_verified: bool
    level: str
    needs_authorisation: bool
    max_days: int
    withheld_days: int
    withheld_basis: str
    items: list[str]


class PurposesOut(Schema):
    """The register, as far as it is open to this client."""

    purposes: list[PurposeOut]


class ConsentIn(Strict):
    """An authorisation that is asked for. ``without``: what happens when the subject says no; it reads that."""

    subject: Subject
    purpose: Purpose
    items: Annotated[list[_ITEM], Field(min_length=1, max_length=60)]
    days: Annotated[int, Field(ge=1, le=3660)]
    without: Annotated[str, Field(min_length=2, max_length=200, pattern=_Text)]


class ConsentOut(Schema):
    """How a request for an authorisation stands: waiting, lapsed when nobody answered until ``lapses_at``, refused, or live once it was
    given. It says nothing of whether the subject is on any file."""

    id: int
    purpose: str
    items: list[str]
    days: int
    asked_at: datetime
    lapses_at: datetime
    state: State
    answered_at: datetime | None


def _played_query(request: HttpRequest, body: QueryIn) -> AnswerOut:
    return AnswerOut(
        ref=_PLAYED,
        purpose=body.purpose,
        level=body.level,
        items=sorted({one.item_id for one in _played_rows(body.subject.code)}),
        authorisation="SQ20260105-SANDBOX",
        answered_at=clock.now(),
        withheld_until=clock.now() + timedelta(days=body.withhold.days) if body.withhold else None,
        records=_played_rows(body.subject.code),
    )


def _played_again(request: HttpRequest, answer_ref: Ref) -> AgainOut:
    if answer_ref != _PLAYED:
        raise sandbox.NotPlayed("沙箱里没有这份结果。", "The sandbox has no such answer.")
    now = clock.now()
    rows = [row for code in sandbox.ORGANISATIONS for row in _played_rows(code)][:1]
    return AgainOut(
        ref=_PLAYED,
        authorisation="SQ20260105-SANDBOX",
        answered_at=now,
        kept_until=now + queries.KEPT_FOR,
        records=rows,
    )


def _played_rows(code: str) -> list[AnswerRow]:
    file = sandbox.dossier(code, as_of=clock.today(), is_public=False)
    return [
        AnswerRow(
            item_id=one.item_id,
            item_title=one.item_title_zh,
            decided_on=one.decided_on,
            source=one.source,
            is_disputed=one.is_disputed,
            fields=[FieldOut(label=field.label_zh, text=field.text) for field in one.fields],
        )
        for section in file.sections
        for one in section.records
    ]


def _played_request(request: HttpRequest, body: ConsentIn) -> ConsentOut:
    _played_rows(body.subject.code)  # the sandbox asks its own organisations only
    return ConsentOut(
        id=1,
        purpose=body.purpose,
        items=body.items,
        days=body.days,
        asked_at=clock.now(),
        lapses_at=clock.now() + timedelta(days=settings.CONSENT_REQUEST_DAYS),
        state=State.WAITING,
        answered_at=None,
    )


def _played_state(request: HttpRequest, request_id: Number) -> ConsentOut:
    if request_id != 1:
        raise sandbox.NotPlayed("沙箱里没有这项请求。", "The sandbox has no such request.")
    now = clock.now()
    return ConsentOut(
        id=1, purpose="loan", items=["admin-penalty-org"], days=30, asked_at=now, state=State.LIVE, answered_at=now,
        lapses_at=now + timedelta(days=settings.CONSENT_REQUEST_DAYS),
    )  # fmt: skip


@operation(
    "GET", "/purposes", action=Action.CALL_API, by=Entrance.TOKEN, returns=PurposesOut,
    summary="目的登记簿 The register of purposes", sandbox=SAME,
)  # fmt: skip
def purpose_register(request: HttpRequest) -> PurposesOut:
    """The purposes that this client may look for today. The log has no entry: the register is no secret."""
    who, today = actor(request), clock.today()
    return PurposesOut(
        purposes=[
            PurposeOut(
                id=one.id, name_zh=one.name_zh, name_en=one.name_en, bases=[title + article for title, article in one.bases],
                is_verified=one.is_verified, level=one.level.value, needs_authorisation=one.needs_authorisation,
                max_days=one.max_days, withheld_days=one.withheld_days, withheld_basis=one.withheld_basis,
                items=[item.id for item in purposes.items(one, on=today)],
            )
            for one in purposes.open_to(who, on=today)
        ]
    )  # fmt: skip


@operation(
    "POST", "/queries", action=Action.QUERY, by=Entrance.TOKEN, scope=_SCOPE, returns=AnswerOut,
    summary="授权查询 An authorised query", sandbox=_played_query,
)  # fmt: skip
def query(request: HttpRequest, body: QueryIn) -> AnswerOut:
    """The records that the purpose and the subject's authorisation open. A refusal's ``code`` says which condition failed. The entry
    in the log stands before anything is answered, and the subject sees it; with ``withhold`` from the end of that time on."""
    who, now = actor(request), clock.now()
    if body.withhold is not None:
        tokens.require_scope(cast(Caller, call(request).caller), _WITHHOLD)
    about = whose.find(**body.subject.dict(), by=who)
    found = queries.query(
        about, purpose=body.purpose, note=body.note, items=body.items, level=Grade(body.level),
        withheld_days=body.withhold.days if body.withhold else 0,
        withheld_basis=body.withhold.basis if body.withhold else "", seen_by=who, at=now,
    )  # fmt: skip
    return AnswerOut(
        ref=found.ref, purpose=found.purpose.id, level=found.level.value, items=list(found.items),
        authorisation=found.authorisation, answered_at=found.answered_at, withheld_until=found.withheld_until,
        records=[_row(one) for one in found.rows],
    )  # fmt: skip


@operation(
    "GET", "/queries/{answer_ref}", action=Action.QUERY, by=Entrance.TOKEN, scope=_SCOPE, returns=AgainOut,
    summary="再取查询结果 An answer again", sandbox=_played_again,
)  # fmt: skip
def query_again(request: HttpRequest, answer_ref: Ref) -> AgainOut:
    """An answer of this client within a day. It is gone as soon as the subject withdraws; each time leaves an entry."""
    kept = queries.fetch(answer_ref, seen_by=actor(request), at=clock.now())
    return AgainOut(
        ref=kept.ref, authorisation=kept.authorisation, answered_at=kept.answered_at, kept_until=kept.kept_until,
        records=[_row(one) for one in kept.rows],
    )  # fmt: skip


@operation(
    "POST", "/consent-requests", action=Action.ASK_CONSENT, by=Entrance.TOKEN, scope=_SCOPE, returns=ConsentOut,
    summary="请求授权 Ask for an authorisation", sandbox=_played_request, more=_CONFLICT,
)  # fmt: skip
def consent_request(request: HttpRequest, body: ConsentIn) -> ConsentOut:
    """Asks a subject; it answers in its own area. After a refusal or a withdrawal the same unit does not ask for the purpose again."""
    who, now = actor(request), clock.now()
    about = whose.find(**body.subject.dict(), by=who)
    made = consent.ask(
        about, purpose=body.purpose, items=body.items, days=body.days, without=body.without, by=who, at=now
    )
    return _request(made)


@operation(
    "GET", "/consent-requests/{request_id}", action=Action.ASK_CONSENT, by=Entrance.TOKEN, scope=_SCOPE,
    returns=ConsentOut, summary="授权请求的状态 How a request stands", sandbox=_played_state,
)  # fmt: skip
def consent_request_state(request: HttpRequest, request_id: Number) -> ConsentOut:
    """What the subject answered, if it has. The log has no entry: it tells a unit about its own request."""
    return _request(consent.request_of(request_id, by=actor(request), at=clock.now()))


def _row(one: Row) -> AnswerRow:
    return AnswerRow(
        item_id=one.item_id, item_title=one.item_title, decided_on=one.decided_on, source=one.source,
        is_disputed=one.is_disputed,
        fields=[FieldOut(label=label, text=text) for label, text in one.fields],
    )  # fmt: skip


def _request(one: RequestView) -> ConsentOut:
    return ConsentOut(
        id=one.id, purpose=one.purpose, items=list(one.items), days=one.days, asked_at=one.asked_at,
        lapses_at=one.lapses_at, state=one.state, answered_at=one.answered_at,
    )  # fmt: skip
