"""Repaired records, for whoever reads records here: what to let go of, and the receipt that it was done (信用修复同步)."""

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from xinyong.exchange.door import Entrance, actor, operation
from xinyong.exchange.interface import Strict
from xinyong.kernel import clock
from xinyong.rights import recipients
from xinyong.security.access import Action


class ToDo(Schema):
    """One thing to do: ``conceal`` a record (stop showing, sharing and using it), or ``restore`` one whose repair was revoked."""

    id: int
    change: str
    code: str
    item_id: str
    ref: str
    since: datetime


class ToDos(Schema):
    """What this client has not acknowledged yet, the oldest first; at most 500 at a time."""

    todo: list[ToDo]


class Receipts(Strict):
    """The ids of what was done."""

    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(min_length=1, max_length=500)]


class Acknowledged(Schema):
    """How many of them were open until now."""

    acknowledged: int


def _played(request: HttpRequest) -> ToDos:
    one = ToDo(
        id=1, change="conceal", code="91990100MA00000007", item_id="admin-penalty-org", ref="0" * 32, since=clock.now()
    )
    return ToDos(todo=[one])


def _played_receipts(request: HttpRequest, body: Receipts) -> Acknowledged:
    return Acknowledged(acknowledged=len(set(body.ids) & {1}))


@operation(
    "GET", "/repairs", action=Action.ACKNOWLEDGE_REPAIR, by=Entrance.TOKEN, scope="read:public", returns=ToDos,
    summary="待同步的信用修复 Repairs to follow", sandbox=_played,
)  # fmt: skip
def repairs_to_follow(request: HttpRequest) -> ToDos:
    """Which records were repaired, or are shown again, since this client began to read. Ask at least once a working day; what stays
    unacknowledged three working days is named on the case."""
    found = recipients.pending(by=actor(request))
    return ToDos(
        todo=[
            ToDo(id=o.id, change=o.change.value, code=o.subject_code, item_id=o.item_id, ref=o.ref, since=o.since)
            for o in found
        ]
    )


@operation(
    "POST", "/repairs/receipts", action=Action.ACKNOWLEDGE_REPAIR, by=Entrance.TOKEN, scope="read:public",
    returns=Acknowledged, summary="回执：已同步 Acknowledge repairs", sandbox=_played_receipts,
)  # fmt: skip
def acknowledge_repairs(request: HttpRequest, body: Receipts) -> Acknowledged:
    """Says that these were done here: the record is neither shown, shared nor used any more, or is shown again. Said twice: once."""
    return Acknowledged(acknowledged=recipients.acknowledge(body.ids, by=actor(request), at=clock.now()))
