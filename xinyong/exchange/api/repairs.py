"""What whoever reads records here has to follow (信用修复、更正、撤回的同步): what to let go of, and the receipt that it was done."""

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
    """One thing to do. ``conceal`` a record that was repaired (stop showing, sharing and using it), ``restore`` one whose repair was
    revoked, ``correct`` one (get it anew), ``withdraw`` one (erase it): ``ref`` is the record's. ``erase`` what was got under an
    authorisation, which ended: ``ref`` is its number; of a person, ``correct`` and ``withdraw`` name the authorisation too."""

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


def todo_of(one: recipients.Pending) -> ToDo:
    """A thing to do, as it goes out."""
    return ToDo(
        id=one.id, change=one.change.value, code=one.subject_code, item_id=one.item_id, ref=one.ref, since=one.since
    )


def _played(request: HttpRequest) -> ToDos:
    one = ToDo(
        id=1, change="conceal", code="91990100MA00000007", item_id="admin-penalty-org", ref="0" * 32, since=clock.now()
    )
    return ToDos(todo=[one])


def _played_receipts(request: HttpRequest, body: Receipts) -> Acknowledged:
    return Acknowledged(acknowledged=len(set(body.ids) & {1}))


@operation(
    "GET", "/repairs", action=Action.ACKNOWLEDGE_REPAIR, by=Entrance.TOKEN, returns=ToDos,
    summary="待同步的修复、更正和撤回 Repairs, corrections and withdrawals to follow", sandbox=_played,
)  # fmt: skip
def repairs_to_follow(request: HttpRequest) -> ToDos:
    """Which records were repaired, are shown again, were corrected or withdrawn since this client began to read, and which authorisations of
    its unit ended. Ask at least once a working day; what stays unacknowledged three working days is named in hours. Any scope."""
    return ToDos(todo=[todo_of(one) for one in recipients.pending(by=actor(request))])


@operation(
    "POST", "/repairs/receipts", action=Action.ACKNOWLEDGE_REPAIR, by=Entrance.TOKEN,
    returns=Acknowledged, summary="回执：已同步 Acknowledge repairs", sandbox=_played_receipts,
)  # fmt: skip
def acknowledge_repairs(request: HttpRequest, body: Receipts) -> Acknowledged:
    """Says that these were done here: the record is neither shown, shared nor used any more, is shown again, or says what it says here
    now. Said twice: once."""
    return Acknowledged(acknowledged=recipients.acknowledge(body.ids, by=actor(request), at=clock.now()))
