"""Where somebody is told as a subject besides their account (本人通知渠道): an e-mail address that was verified, a webhook.

The address is theirs, of this account for this subject; it is sealed, and forgotten with the account. Nothing is mailed to an
address before its owner, signed in, has opened the link that was sent there.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from xinyong.kernel.errors import Invalid
from xinyong.security import audit, encryption, scope, sessions
from xinyong.security.access import Action, Actor, require, system
from xinyong.workflow import _mail, _to_subjects, _webhook, outbox
from xinyong.workflow.channels import BadAddress
from xinyong.workflow.models import SubjectChannel
from xinyong.workflow.subject_kinds import LOOKERS, SubjectKind

#: How long the link in the mail is good.
LASTS = timedelta(days=3)


class BadMailLink(Invalid):
    """The link does not verify an address of this account: too old, another account's, or the address was changed since."""

    code = "workflow.bad-mail-link"


@dataclass(frozen=True, slots=True)
class OwnChannels:
    """Where somebody is told. ``kinds``: of what; ``lookers``: of whose looks (LOOKERS)."""

    mail: str
    is_verified: bool
    webhook: str
    kinds: frozenset[SubjectKind]
    lookers: frozenset[str] = frozenset(LOOKERS)


def of(*, by: Actor) -> OwnChannels:
    """What somebody has chosen. Raises NotAllowed."""
    require(by, Action.READ_OWN_NOTICES, subject=by.subject)
    with scope.acting(system("channels")):
        found = _found(by)
    if found is None or found.sealed is None:
        return OwnChannels("", False, "", frozenset(SubjectKind))
    mail, webhook = _to_subjects.opened(found)
    return OwnChannels(
        mail, found.mail_verified_at is not None, webhook, frozenset(SubjectKind(one) for one in found.kinds),
        frozenset(LOOKERS) if found.lookers is None else frozenset(found.lookers),
    )  # fmt: skip


@transaction.atomic
def set_up(
    *, mail: str, webhook: str, kinds: Collection[SubjectKind], lookers: Collection[str] = tuple(LOOKERS), by: Actor,
    at: datetime,
) -> OwnChannels:  # fmt: skip
    """Says where somebody is told from now on, of what, and of whose looks; in the account everything is told. A new address gets a
    link first. One entry, without the address. Raises BadAddress, the webhook's refusals, NotAllowed, FactorNeeded."""
    require(by, Action.SET_OWN_CHANNELS, subject=by.subject)
    mail, webhook = mail.strip(), webhook.strip()
    if mail:
        try:
            validate_email(mail)
            mail.encode("ascii")
        except (ValidationError, UnicodeEncodeError) as error:
            raise BadAddress("这不是有效的邮箱地址。", "This is not an e-mail address.") from error
    if webhook:
        _webhook.target(webhook)
    before = of(by=by)
    content = json.dumps([mail, webhook]).encode()
    is_same = bool(mail) and mail == before.mail and before.is_verified
    with scope.acting(system("channels")):
        kept = _found(by) or SubjectChannel(account_id=sessions.own_id(by), subject_id=_subject(by))
        kept.sealed = encryption.seal(content, context="channel.sealed") if mail or webhook else None
        kept.mail_verified_at = kept.mail_verified_at if is_same else None
        kept.kinds, kept.made_at = sorted(one.value for one in kinds), at
        kept.lookers = None if set(LOOKERS) <= set(lookers) else sorted(set(lookers) & set(LOOKERS))
        kept.save()
        if mail and not is_same and _mail.is_on():
            outbox.put_link(kept.pk, at=at)
    audit.enter(
        audit.Event.OWN_CHANNELS_SET, by=by, object_kind="notices", object_ref=by.subject_code or "own",
        mail=bool(mail), webhook=bool(webhook), kinds=len(kinds),
    )  # fmt: skip
    return of(by=by)


@transaction.atomic
def verify(said: str, *, by: Actor, at: datetime) -> None:
    """The owner of an account opened the link that was sent to the address. Raises BadMailLink, NotAllowed."""
    require(by, Action.READ_OWN_NOTICES, subject=by.subject)
    try:
        pk, mark = signing.loads(said, salt=_to_subjects.SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise _bad_link() from error
    with scope.acting(system("channels")):
        found = SubjectChannel.objects.filter(pk=pk, account_id=sessions.own_id(by), sealed__isnull=False).first()
        if found is None or _to_subjects.mark(found) != mark:
            raise _bad_link()
        SubjectChannel.objects.filter(pk=found.pk, mail_verified_at__isnull=True).update(mail_verified_at=at)
    audit.enter(
        audit.Event.CONTACT_VERIFIED, by=by, object_kind="notices", object_ref=by.subject_code or "own", way="mail"
    )


def forget(account_id: int) -> int:
    """Erases every address an account has given; returns how many places that were. For whoever closes the account."""
    with scope.acting(system("channels")):
        return SubjectChannel.objects.filter(account_id=account_id, sealed__isnull=False).update(
            sealed=None, mail_verified_at=None
        )


def has_mail() -> bool:
    """True when this platform can send mail."""
    return _mail.is_on()


def has_webhooks() -> bool:
    """True when this platform may call webhooks."""
    return _webhook.is_on()


def _found(by: Actor) -> SubjectChannel | None:
    return SubjectChannel.objects.filter(account_id=sessions.own_id(by), subject_id=_subject(by)).first()


def _subject(by: Actor) -> int | None:
    """A person's own place hangs on the account alone: what is on file of them may come later."""
    return by.subject if by.subject_code is not None else None


def _bad_link() -> BadMailLink:
    return BadMailLink(
        "这个链接无效：可能已超过三天、邮箱已经更改，或不是用同一个账号登录。请在通知设置中重新发送。",
        "This link is not valid: older than three days, for an address that was changed, or of another account. Have it sent again.",
    )
