"""Signed messages from other nodes: a closed list of kinds, each kept whole, once and in order; the answer is signed too."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from xinyong.exchange.api.repairs import ToDo, todo_of
from xinyong.exchange.door import Entrance, call, operation
from xinyong.exchange.interface import Strict
from xinyong.kernel import clock
from xinyong.rights import recipients
from xinyong.security import partners
from xinyong.security.access import Action

_WORDS = r"^[^\x00-\x1f\x7f]*$"


class Ping(Strict):
    """Nothing but a sign of life."""

    kind: Literal["ping"]
    note: Annotated[str, Field(max_length=200, pattern=_WORDS)] = ""


class ReceiptAcknowledgement(Strict):
    """回执确认: the sender has taken note of our receipt."""

    kind: Literal["receipt-acknowledgement"]
    receipt: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9._:-]+$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the receipt")]


class ChangesAsked(Strict):
    """询问待办: what the sender has still to do about records it got from here; the answer's ``todo`` says it."""

    kind: Literal["changes-asked"]


class ChangesDone(Strict):
    """回执: these were done at the sender's: the record is not shown, shared and used any more, or is as it is here now."""

    kind: Literal["changes-done"]
    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(min_length=1, max_length=500)]


class MessageIn(Strict):
    """A message. ``id`` is the sender's and stands for one content; ``seq`` counts its messages to us and only rises."""

    id: uuid.UUID
    seq: Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
    message: Annotated[Ping | ReceiptAcknowledgement | ChangesAsked | ChangesDone, Field(discriminator="kind")]


class Gap(Schema):
    """Numbers that never came."""

    first: int
    last: int


class MessageOut(Schema):
    """What became of a message. ``is_duplicate``: it had been accepted before, and nothing was done now. ``waiting``: how many changes of
    records the sender has not acknowledged yet, whatever it asked; ``todo`` what they are, the oldest 500, when it asked for them;
    ``acknowledged`` how many of those it named were open until now."""

    id: uuid.UUID
    seq: int
    received_at: datetime
    is_duplicate: bool
    expected: int
    missing: list[Gap]
    waiting: int
    acknowledged: int
    todo: list[ToDo]


@operation(
    "POST", "/exchange/messages", action=Action.EXCHANGE, by=Entrance.SIGNATURE, returns=MessageOut,
    summary="接收节点报文 Take a node's message",
)  # fmt: skip
def exchange_message(request: HttpRequest, body: MessageIn) -> MessageOut:
    """Takes a message signed by RFC 9421 (tag ``xinyong-exchange``; covering @method, @target-uri, content-digest; with
    created, expires, nonce, keyid). The same id, number and content, signed anew, gets the same answer and does nothing; a
    signature seen before, a number not above the last, an id with other content are refused with 409."""
    made = call(request)
    assert made.peer is not None  # the door has let it in
    assert made.message is not None
    done = partners.accept(
        made.message, message_id=body.id, seq=body.seq, kind=body.message.kind, peer=made.peer, now=clock.now()
    )
    who, acknowledged = made.peer.actor, 0
    if isinstance(body.message, ChangesDone):  # also when it is sent again: what was accepted may not have been done
        acknowledged = recipients.acknowledge(body.message.ids, by=who, at=clock.now())
    todo = recipients.pending(by=who) if isinstance(body.message, ChangesAsked) else []
    return MessageOut(
        id=done.message_id, seq=done.seq, received_at=done.received_at, is_duplicate=done.is_duplicate,
        expected=done.expected, missing=[Gap(first=first, last=last) for first, last in done.missing],
        waiting=recipients.waiting(by=who), acknowledged=acknowledged, todo=[todo_of(one) for one in todo],
    )  # fmt: skip
