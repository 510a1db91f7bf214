"""Who am I, with which scopes and how much quota; the key this node signs with."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Schema

from xinyong.exchange.door import SAME, Entrance, call, operation
from xinyong.security import signatures
from xinyong.security.access import Action


class WhoAmI(Schema):
    """The client a token belongs to."""

    client_id: str
    name: str
    department: str
    department_name: str
    scopes: list[str]
    is_sandbox: bool
    expires_at: datetime
    per_minute: int
    per_day: int


class NodeKey(Schema):
    """The public key that our answers to partners are signed with."""

    key_id: str
    algorithm: str
    public_pem: str


@operation(
    "GET", "/whoami", action=Action.CALL_API, by=Entrance.TOKEN, returns=WhoAmI, summary="令牌属于谁 Whose token this is",
    sandbox=SAME,
)  # fmt: skip
def whoami(request: HttpRequest) -> WhoAmI:
    """The client, its scopes and quotas, and when the token ends. It tells a caller about itself, so the log has no entry."""
    who = call(request).caller
    assert who is not None
    return WhoAmI(
        client_id=who.client_id, name=who.name, department=who.actor.department or "",
        department_name=who.department_name, scopes=sorted(who.scopes), is_sandbox=who.is_sandbox,
        expires_at=who.expires_at, per_minute=who.per_minute, per_day=who.per_day,
    )  # fmt: skip


@operation(
    "GET", "/exchange/key", action=Action.VIEW_PUBLIC, by=Entrance.OPEN, returns=NodeKey,
    summary="本节点签名公钥 This node's signing key",
)  # fmt: skip
def node_key(request: HttpRequest) -> NodeKey:
    """The key with which this node signs its answers. Compare its id with the one you were given in person."""
    return NodeKey(key_id=signatures.node_key_id(), algorithm="ed25519", public_pem=signatures.node_public_pem())
