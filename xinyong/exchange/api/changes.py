"""The change feed of the base register: an authority sends its events in order, and asks where to send on from."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from xinyong.exchange import sandbox
from xinyong.exchange.bodies import JSON
from xinyong.exchange.door import Entrance, actor, operation
from xinyong.exchange.interface import Strict
from xinyong.intake import feed
from xinyong.kernel import clock
from xinyong.kernel.strict_json import MEGABYTE
from xinyong.security.access import Action

SCOPE = f"submit:{feed.ITEM}"
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=_PLAIN)]
FieldCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")]
Outcome = Literal["applied", "refused", "waiting", "skipped", "conflict"]
Value = Annotated[str, Field(max_length=8000)] | int | None


class ChangeIn(Strict):
    """One event about one organisation. ``row``: fields of the register by code; what is not named stays as it is, null empties
    it. ``successors`` and ``instrument``: with merged, absorbed, split, recoded, converted, where ``code`` is who was followed.
    ``undoes``: with undone, the event that entered the succession to take back."""

    sequence: Annotated[
        int, Field(ge=1, lt=2**62, description="序号，从 1 起连续 the authority's number, from 1 without gaps")
    ]
    event_id: Annotated[
        str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._:-]{0,63}$", description="事件号 your own name of the event")
    ]
    kind: Literal[
        "new", "renamed", "moved", "changed", "cancelled", "revoked", "moved_out", "restored",
        "merged", "absorbed", "split", "recoded", "converted", "undone",
    ]  # fmt: skip
    on: Annotated[date, Field(description="变更发生（核准）之日 the day it happened")]
    code: Code
    row: Annotated[dict[FieldCode, Value], Field(max_length=200)] = {}
    successors: Annotated[list[Code], Field(max_length=50)] = []
    instrument: Annotated[str, Field(max_length=100, pattern=_PLAIN, description="依据文书号")] = ""
    undoes: Annotated[str, Field(max_length=64, pattern=r"^([A-Za-z][A-Za-z0-9._:-]*)?$")] = ""


class ChangesIn(Strict):
    """Events in the order of their numbers."""

    events: Annotated[list[ChangeIn], Field(min_length=1, max_length=feed.MOST)]


class ReasonOut(Schema):
    """Why an event was refused."""

    rule: str
    field: str
    message: str
    message_en: str
    suggestion: str


class EventOut(Schema):
    """What became of an event: applied; refused (send the right one under a new number); waiting for the numbers before it;
    skipped (its number was given up); conflict (the number or event_id stood for another event: nothing was done)."""

    sequence: int
    outcome: Outcome
    is_repeated: bool
    reasons: list[ReasonOut]
    submission_id: int | None
    at: datetime | None


class FeedOut(Schema):
    """How far the feed is: send on from ``last_sequence`` + 1. ``gap``: first and last of the numbers that are missing."""

    last_sequence: int
    received_up_to: int
    waiting: int
    gap: list[int] | None
    gap_since: datetime | None
    applied: int
    refused: int


class ChangesOut(Schema):
    """An answer for each event, in the order sent, and how far the feed is now."""

    events: list[EventOut]
    feed: FeedOut


_EXAMPLE = {
    "events": [
        {
            "sequence": 1, "event_id": "SCJG-1", "kind": "renamed", "on": "2026-06-12", "code": "91990100MA00000015",
            "row": {"ZTMC": "云溪市新示例科技有限公司"},
        },
        {"sequence": 2, "event_id": "SCJG-2", "kind": "cancelled", "on": "2026-06-12", "code": "91990100MA0000002X"},
        {
            "sequence": 3, "event_id": "SCJG-3", "kind": "absorbed", "on": "2026-06-12", "code": "91990100MA0000002X",
            "successors": ["91990100MA00000015"], "instrument": "云市监合字〔2026〕1号",
        },
    ]
}  # fmt: skip
_MORE: dict[str, Any] = {"requestBody": {"content": {JSON: {"example": _EXAMPLE}}, "required": True}}


def _played_changes(request: HttpRequest, body: ChangesIn) -> ChangesOut:
    """In the sandbox, numbers begin anew with every call; what is about one of its organisations is applied."""
    events = [
        EventOut(
            sequence=one.sequence, outcome="applied" if one.code in sandbox.ORGANISATIONS else "refused", is_repeated=False,
            reasons=[] if one.code in sandbox.ORGANISATIONS else [_PLAYED_REASON], submission_id=None, at=None,
        )
        for one in body.events
    ]  # fmt: skip
    applied = sum(one.outcome == "applied" for one in events)
    last = max(one.sequence for one in events)
    return ChangesOut(
        events=events,
        feed=_played_feed(last=last, applied=applied, refused=len(events) - applied),
    )


def _played_state(request: HttpRequest) -> FeedOut:
    return _played_feed(last=0, applied=0, refused=0)


def _played_feed(*, last: int, applied: int, refused: int) -> FeedOut:
    return FeedOut(
        last_sequence=last, received_up_to=last, waiting=0, gap=None, gap_since=None, applied=applied, refused=refused
    )


_PLAYED_REASON = ReasonOut(
    rule="sandbox", field="", message="沙箱只认三家示例主体。", message_en="The sandbox knows three organisations only.",
    suggestion="",
)  # fmt: skip


@operation(
    "POST", "/register-changes", action=Action.SUBMIT, by=Entrance.TOKEN, scope=SCOPE, returns=ChangesOut,
    summary="登记变更 Changes of the base register, in order", sandbox=_played_changes, most=2 * MEGABYTE, more=_MORE,
)  # fmt: skip
def register_changes(request: HttpRequest, body: ChangesIn) -> ChangesOut:
    """Takes events of the client's own department in its numbering, keeps all of them, and applies at once those that are due;
    needs the scope ``submit:organisation-register``. An event beyond a gap is kept and applied when the gap closes. Send again
    whatever got no answer: the same event is answered again and happens once. Organisations only."""
    events = [
        feed.Change(
            sequence=one.sequence, event_id=one.event_id, kind=one.kind, on=one.on, code=one.code, row=one.row,
            successors=tuple(one.successors), instrument=one.instrument, undoes=one.undoes,
        )
        for one in body.events
    ]  # fmt: skip
    answers, view = feed.receive(
        events, source_code=actor(request).department or "", by=actor(request), received_at=clock.now()
    )
    return ChangesOut(events=[_told(one) for one in answers], feed=_feed(view))


@operation(
    "GET", "/register-changes", action=Action.SUBMIT, by=Entrance.TOKEN, scope=SCOPE, returns=FeedOut,
    summary="变更进度 How far the changes are", sandbox=_played_state,
)  # fmt: skip
def register_changes_state(request: HttpRequest) -> FeedOut:
    """How far the feed of the client's own department is, so that the sender goes on from there."""
    return _feed(
        feed.state(source_code=actor(request).department or "", seen_by=actor(request), now=clock.now())
    )  # fmt: skip


def _told(one: feed.Answer) -> EventOut:
    return EventOut(
        sequence=one.sequence, outcome=cast(Outcome, one.outcome), is_repeated=one.is_repeated,
        reasons=[
            ReasonOut(
                rule=each["rule"], field=each["field"], message=each["zh"], message_en=each["en"],
                suggestion=each["suggestion"],
            )
            for each in one.reasons
        ],
        submission_id=one.submission_id, at=one.at,
    )  # fmt: skip


def _feed(view: feed.FeedView) -> FeedOut:
    state = view.state
    return FeedOut(
        last_sequence=state.position, received_up_to=state.received_up_to, waiting=state.waiting,
        gap=list(state.gap) if state.gap else None, gap_since=state.gap_since, applied=state.applied, refused=state.refused,
    )  # fmt: skip
