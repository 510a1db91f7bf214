"""Signed messages from other nodes: a closed list of kinds, each kept whole, once and in order; the answer is signed too."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from xinyong.exchange.door import Entrance, call, operation
from xinyong.exchange.interface import Strict
from xinyong.kernel import clock
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


class MessageIn(Strict):
    """A message. ``id`` is the sender's and stands for one content; ``seq`` counts its messages to us and only rises."""

    id: uuid.UUID
    seq: Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
    message: Annotated[Ping | ReceiptAcknowledgement, Field(discriminator="kind")]


class Gap(Schema):
    """Numbers that never came."""

    first: int
    last: int


class MessageOut(Schema):
    """What became of a message. ``is_duplicate``: it had been accepted before, and nothing was done now."""

    id: uuid.UUID
    seq: int
    received_at: datetime
    is_duplicate: bool
    expected: int
    missing: list[Gap]


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
    return MessageOut(
        id=done.message_id, seq=done.seq, received_at=done.received_at, is_duplicate=done.is_duplicate,
        expected=done.expected, missing=[Gap(first=first, last=last) for first, last in done.missing],
    )  # fmt: skip
