"""What the platform says and answers for: a text under a random number, with its leaf in the log and its proof."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xinyong.security.ledger import merkle, store
from xinyong.security.ledger.merkle import HASHES
from xinyong.security.ledger.models import Leaf, Statement
from xinyong.security.ledger.notes import Checkpoint
from xinyong.security.ledger.store import Table


def make(kind: str, *, about: str, facts: Mapping[str, Any]) -> str:
    """Enters a statement about a thing, in the caller's transaction; returns its public number (32 hex digits)."""
    public_id = secrets.token_hex(16)
    body = json.dumps({"id": public_id, "kind": kind, "about": about, **facts}, ensure_ascii=False, sort_keys=True)
    Statement.objects.create(public_id=public_id, kind=kind, object_ref=about, body=body)
    return public_id


@dataclass(frozen=True, slots=True)
class Found:
    """A statement and where its leaf is; ``position`` is None until it has one."""

    id: int
    public_id: str
    kind: str
    about: str
    body: str
    position: int | None
    salt: bytes
    hash: bytes


def about(thing: str) -> list[Found]:
    """All statements about a thing, the oldest first."""
    return [_found(one) for one in Statement.objects.filter(object_ref=thing).order_by("id")]


def by_public_id(public_id: str) -> Found | None:
    """The statement with this number."""
    one = Statement.objects.filter(public_id=public_id).first()
    return _found(one) if one else None


def _found(one: Statement) -> Found:
    leaf = Leaf.objects.filter(kind="statement", ref=one.pk).first()
    return Found(
        one.pk, one.public_id, one.kind, one.object_ref, one.body, leaf.position if leaf else None,
        bytes(leaf.salt) if leaf else b"", bytes(leaf.hash) if leaf else b"",
    )  # fmt: skip


def proof(found: Found, checkpoint: Checkpoint) -> list[bytes] | None:
    """The way from the statement's leaf to the checkpoint's root; None while the checkpoint does not hold it."""
    if found.position is None or found.position >= checkpoint.size:
        return None
    with store.own() as connection:
        return merkle.inclusion(Table(connection), found.position, checkpoint.size, HASHES[checkpoint.hash_name])
