"""共享节点 Exchange partners: other cities and levels, their keys with epochs, and the messages they sign.

A message takes effect once: its nonce is never seen twice, its number is higher than all before it, its id stands for one
content. The tables hold that, so it outlasts a restart. Numbers that were left out are told to the sender and shown.
Source: security.md §3-32, T12; 一体化 exchange between levels. Signatures themselves: signatures.py.
"""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.db import connection, transaction

from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound, XinyongError
from xinyong.security import audit, signatures
from xinyong.security.access import Action, Actor, Role, require
from xinyong.security.models import Partner, PartnerKey, PartnerMessage, SeenNonce
from xinyong.security.signatures import Message, Signed

_SQL = sql.load(__file__, "partners.sql")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: How many gaps an answer names; the page shows all.
_TOLD = 20


class UnknownPartner(NotFound):
    """No partner has this code."""

    code = "security.unknown-partner"


class BadPartner(Invalid):
    """A partner's code, name, key or epoch is not as it must be."""

    code = "security.bad-partner"


class PartnerExists(Conflict):
    """The code, or the key's id, is taken."""

    code = "security.partner-exists"


class KeyUnknown(Forbidden):
    """Nobody we exchange with has a key of this id, or the partner is closed."""

    code = "security.key-unknown"
    status = 401


class KeyEnded(Forbidden):
    """The key's epoch has not begun or is over."""

    code = "security.key-ended"
    status = 401


class Replayed(Conflict):
    """A message with this nonce has been here before."""

    code = "security.message-replayed"


class OutOfSequence(Conflict):
    """The message's number is not higher than the last one accepted. ``facts["expected"]`` is the lowest that would do."""

    code = "security.message-out-of-sequence"


class MessageChanged(Conflict):
    """A message of this id was accepted before, with another number or other content."""

    code = "security.message-changed"


@dataclass(frozen=True, slots=True)
class KeyView:
    """A partner's key as listed."""

    key_id: str
    algorithm: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class PartnerView:
    """A partner as listed. ``last_seq`` and ``gaps`` say what has come and what is missing."""

    code: str
    name: str
    per_minute: int
    per_day: int
    is_active: bool
    keys: tuple[KeyView, ...]
    message_count: int
    last_seq: int
    last_received_at: datetime | None
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """A partner whose signature has just been checked."""

    actor: Actor
    code: str
    key_id: str
    said: Signed
    per_minute: int
    per_day: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a message: ``is_duplicate`` when it had been accepted before and nothing was done now."""

    message_id: uuid.UUID
    seq: int
    received_at: datetime
    is_duplicate: bool
    expected: int
    missing: tuple[tuple[int, int], ...]


@transaction.atomic
def register(
    *, code: str, name: str, per_minute: int = 600, per_day: int = 100_000, by: Actor, now: datetime
) -> PartnerView:
    """Registers a partner; its keys come by ``add_key``. Raises BadPartner, PartnerExists, NotAllowed."""
    require(by, Action.MANAGE_CLIENTS)
    title = " ".join(name.split())
    if not _CODE.fullmatch(code) or len(code) > 40 or not 1 <= len(title) <= 120:
        raise BadPartner(
            "节点代码用小写字母、数字和连字符（40 字以内），并写明名称。",
            "A partner's code is of lower-case letters, digits and hyphens (at most 40); give its name too.",
        )
    if not (1 <= per_minute <= 10_000_000 and 1 <= per_day <= 10_000_000):
        raise BadPartner("配额应为 1 至 10,000,000。", "A quota is between 1 and 10,000,000.")
    if Partner.objects.filter(code=code).exists():
        raise PartnerExists(f"节点代码“{code}”已有人使用。", f"The partner code “{code}” is taken.")
    Partner.objects.create(
        code=code, name=title, per_minute=per_minute, per_day=per_day, made_at=now, made_by=by.name
    )  # fmt: skip
    audit.enter(
        audit.Event.PARTNER_REGISTERED, by=by, object_kind="partner", object_ref=code, per_minute=per_minute,
        per_day=per_day,
    )  # fmt: skip
    return _view(Partner.objects.get(code=code))


@transaction.atomic
def add_key(
    code: str, *, key_id: str, public_pem: str, valid_from: datetime, valid_to: datetime | None = None, by: Actor
) -> KeyView:
    """Adds a public key and its epoch. Epochs may overlap, so that a partner can change over. Raises UnknownPartner,
    BadPartner, PartnerExists, NotAllowed."""
    require(by, Action.MANAGE_CLIENTS)
    partner = _find(code)
    try:
        key = load_pem_public_key(public_pem.encode())
        algorithm = signatures.algorithm_of(key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadPartner("公钥应为 PEM 格式。", "The public key must be in PEM form.") from error
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,80}", key_id) or (valid_to is not None and valid_to <= valid_from):
        raise BadPartner(
            "密钥标识用字母、数字和 . _ : -（80 字以内）；有效期的结束须晚于开始。",
            "A key's id is of letters, digits and . _ : - (at most 80); its epoch must end after it begins.",
        )
    if PartnerKey.objects.filter(key_id=key_id).exists():
        raise PartnerExists(f"密钥标识“{key_id}”已有人使用。", f"The key id “{key_id}” is taken.")
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    made = PartnerKey.objects.create(
        partner=partner, key_id=key_id, algorithm=algorithm, public_pem=pem, valid_from=valid_from, valid_to=valid_to
    )
    audit.enter(
        audit.Event.PARTNER_KEY_ADDED, by=by, object_kind="partner", object_ref=code, key=key_id, since=valid_from.isoformat(),
        until=valid_to.isoformat() if valid_to else None,
    )  # fmt: skip
    return KeyView(made.key_id, made.algorithm, made.valid_from, made.valid_to)


@transaction.atomic
def end_key(key_id: str, *, at: datetime, by: Actor) -> None:
    """Ends a key's epoch at an instant, now for one that got lost; an earlier end stays. Raises UnknownPartner."""
    require(by, Action.MANAGE_CLIENTS)
    key = PartnerKey.objects.select_for_update(of=("self",)).select_related("partner").filter(key_id=key_id).first()
    if key is None:
        raise UnknownPartner(f"没有标识为“{key_id}”的密钥。", f"There is no key with the id “{key_id}”.")
    key.valid_to = at if key.valid_to is None else min(key.valid_to, at)
    key.save(update_fields=["valid_to"])
    audit.enter(
        audit.Event.PARTNER_KEY_ENDED, by=by, object_kind="partner", object_ref=key.partner.code, key=key_id,
        until=key.valid_to.isoformat(),
    )  # fmt: skip


@transaction.atomic
def disable(code: str, *, by: Actor) -> None:
    """Closes a partner: its next message is refused; what it sent stays. Same call twice: closed once."""
    require(by, Action.MANAGE_CLIENTS)
    if Partner.objects.filter(pk=_find(code).pk, is_active=True).update(is_active=False):
        audit.enter(audit.Event.PARTNER_DISABLED, by=by, object_kind="partner", object_ref=code)


def partners(*, seen_by: Actor) -> list[PartnerView]:
    """All partners with their keys and gaps; leaves an audit entry. Raises NotAllowed."""
    require(seen_by, Action.MANAGE_CLIENTS)
    with transaction.atomic():
        audit.enter(audit.Event.CLIENTS_VIEWED, by=seen_by, object_kind="partner", object_ref="all")
        found = Partner.objects.prefetch_related("keys").order_by("-is_active", "code")
        return [_view(one) for one in found]


def partner(code: str, *, seen_by: Actor) -> PartnerView:
    """One partner; leaves an audit entry. Raises UnknownPartner, NotAllowed."""
    require(seen_by, Action.MANAGE_CLIENTS)
    with transaction.atomic():
        found = _view(_find(code))
        audit.enter(audit.Event.CLIENTS_VIEWED, by=seen_by, object_kind="partner", object_ref=code)
    return found


def recognise(message: Message, *, address: str | None, now: datetime) -> Peer:
    """Whose message this is: signature, time, key's epoch, and that it was not here before.

    Raises the errors of signatures.read and .check, KeyUnknown, KeyEnded, Replayed; ``facts["partner"]`` names whose key
    it was said to be. The door enters refusals in the log.
    """
    said = signatures.read(message, tag=signatures.PARTNER_TAG)
    key = PartnerKey.objects.select_related("partner").filter(key_id=said.key_id).first()
    if key is None or not key.partner.is_active:
        raise KeyUnknown(
            "本平台没有登记这把密钥，或该节点已停用。请把公钥交系统管理员登记。",
            "This key is not registered here, or the partner is closed. Have the administrator register your public key.",
        )
    actor = Actor(role=Role.PARTNER, name=key.partner.code, address=address)
    try:
        if now < key.valid_from or (key.valid_to is not None and now >= key.valid_to):
            raise KeyEnded(
                "这把密钥不在有效期内。请用现行密钥重新签名。",
                "This key's epoch has not begun or is over. Sign again with the current key.",
                key=key.key_id,
            )
        signatures.check(message, said, public_pem=key.public_pem, tag=signatures.PARTNER_TAG, now=now)
        see_nonce(f"partner:{key.partner.code}", said, now=now)
    except XinyongError as error:
        error.facts["partner"] = key.partner.code
        raise
    return Peer(actor, key.partner.code, key.key_id, said, key.partner.per_minute, key.partner.per_day)


def see_nonce(sender: str, said: Signed, *, now: datetime) -> None:
    """Notes the nonce of a checked signature. Raises Replayed when it is known: by a row of a table, so also after a
    restart, and for one only of any number that arrive at once."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["see_nonce"], {"sender": sender, "nonce": said.nonce, "now": now})
        if cursor.rowcount:
            return
    raise Replayed(
        "这条签名已经用过。重发请换新的 nonce 重新签名，正文和序号不变。",
        "This signature was used before. To send again, sign anew with a fresh nonce; keep content and number.",
    )


def refuse(error: XinyongError, *, by: Actor, message_id: uuid.UUID | None = None) -> None:
    """The audit entry of a message that was not accepted; one whose signature did not hold says nothing, its id neither."""
    audit.enter(
        audit.Event.MESSAGE_REFUSED,
        by=by,
        object_kind="message",
        object_ref=str(message_id or by.name),
        outcome="refused",
        code=error.code,
    )


def accept(message: Message, *, message_id: uuid.UUID, seq: int, kind: str, peer: Peer, now: datetime) -> Accepted:
    """Keeps a message whose signature was checked; the same one sent again gives the same answer and does nothing.

    Raises OutOfSequence, MessageChanged (each leaves an entry), NotAllowed.
    """
    require(peer.actor, Action.EXCHANGE)
    try:
        with transaction.atomic():
            return _accept(message, message_id, seq, kind, peer, now)
    except Conflict as error:
        refuse(error, by=peer.actor, message_id=message_id)
        raise


def sweep_nonces(*, now: datetime) -> int:
    """Forgets nonces of signatures that could not be shown again anyway; returns how many. The hourly job calls it."""
    return SeenNonce.objects.filter(seen_at__lt=now - timedelta(hours=1)).delete()[0]


def _accept(message: Message, message_id: uuid.UUID, seq: int, kind: str, peer: Peer, now: datetime) -> Accepted:
    partner = Partner.objects.select_for_update().get(code=peer.code)  # one message of a partner at a time
    digest = hashlib.sha256(message.body).digest()
    last = _last(partner.pk)
    known = PartnerMessage.objects.filter(partner=partner, message_id=message_id).first()
    if known is not None and (known.seq != seq or bytes(known.digest) != digest):
        raise MessageChanged(
            "同一报文标识已用于另一内容。新内容请用新的 id。",
            "A message of this id was accepted with other content. New content needs a new id.",
        )
    if known is None and seq <= last:
        raise OutOfSequence(
            f"报文序号应大于 {last}。", f"The message's number must be higher than {last}.", expected=last + 1
        )
    received_at = (known.received_at if known is not None else now).astimezone(clock.ZONE)
    if known is None:
        headers = {name.lower(): value for name, value in message.headers.items()}
        PartnerMessage.objects.create(
            partner=partner, key=PartnerKey.objects.get(key_id=peer.key_id), seq=seq, follows=last, message_id=message_id,
            kind=kind, body=message.body, digest=digest, target=message.url[:400], signature_input=headers["signature-input"],
            signature=headers["signature"], created_at=peer.said.created_at, received_at=now,
        )  # fmt: skip
    audit.enter(
        audit.Event.MESSAGE_ACCEPTED, by=peer.actor, object_kind="message", object_ref=str(message_id), kind=kind,
        seq=seq, key=peer.key_id, is_duplicate=known is not None,
    )  # fmt: skip
    return Accepted(
        message_id, seq, received_at, known is not None, max(last, seq) + 1, tuple(_gaps(partner.pk)[:_TOLD])
    )


def _find(code: str) -> Partner:
    found = Partner.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise UnknownPartner(
            f"没有代码为“{code}”的共享节点。请用 xinyong partners list 查看。",
            f"There is no partner with the code “{code}”. See xinyong partners list.",
        )
    return found


def _view(partner: Partner) -> PartnerView:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["so_far"], {"partner": partner.pk})
        count, last, at = cursor.fetchone()
    return PartnerView(
        code=partner.code, name=partner.name, per_minute=partner.per_minute, per_day=partner.per_day,
        is_active=partner.is_active,
        keys=tuple(
            KeyView(one.key_id, one.algorithm, one.valid_from, one.valid_to)
            for one in sorted(partner.keys.all(), key=lambda one: one.valid_from, reverse=True)
        ),
        message_count=count, last_seq=last, last_received_at=at, gaps=tuple(_gaps(partner.pk)),
    )  # fmt: skip


def _last(partner_id: int) -> int:
    numbers = PartnerMessage.objects.filter(partner_id=partner_id).order_by("-seq").values_list("seq", flat=True)
    return numbers.first() or 0


def _gaps(partner_id: int) -> Sequence[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["gaps"], {"partner": partner_id})
        return [(first, last) for first, last in cursor.fetchall()]
