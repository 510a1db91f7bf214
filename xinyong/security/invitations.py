"""One-time links (一次性链接): how somebody gets into an account without anybody else ever knowing its password.

A link is good for a day and once; its 256 bits are kept as a hash only. Using it starts the account's sign-in anew: a
password of one's own, then a second factor; what there was before (factors, recovery codes, sessions) is gone.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from xinyong.kernel.errors import Conflict, NotFound
from xinyong.security import audit, factors, passwords, sessions
from xinyong.security.access import Action, Actor, Role, require
from xinyong.security.models import Account, OneTimeLink

LASTS = timedelta(hours=24)


class UnknownLink(NotFound):
    """The link is wrong, used or too old."""

    code = "security.unknown-link"


class NotInvited(Conflict):
    """This account gets no link."""

    code = "security.not-invited"


@transaction.atomic
def invite(username: str, *, by: Actor, now: datetime) -> str:
    """Makes a link for an account in use and returns its token, which is shown to nobody again; links made before are
    void. Raises NotInvited, NotAllowed."""
    require(by, Action.MANAGE_ACCOUNTS)
    token = make(username, by=by, now=now)
    audit.enter(audit.Event.INVITED, by=by, object_kind="account", object_ref=username)
    return token


def make(username: str, *, by: Actor, now: datetime) -> str:
    """The same for callers who have checked their right and write the entry. Raises NotInvited."""
    account = Account.objects.select_for_update().filter(username=username, is_active=True).first()
    if account is None or account.is_demo:
        raise NotInvited(
            f"账号“{username}”不存在、已停用或是演示账号，不能发一次性链接。可用 xinyong accounts list 查看。",
            f"“{username}” does not exist, is disabled or is a demo account: no link. See xinyong accounts list.",
        )
    if by.role is not Role.SYSTEM and account.password_set_at is not None:
        # Whoever makes accounts must not get into one that has been somebody's, with the rights it has by now.
        raise NotInvited(
            "此账号已由本人启用，不能再发一次性链接。本人无法登录时，请安全管理员重置，或由平台所有者办理。",
            "This account has been taken into use by its person: no link. If they cannot sign in, a security administrator "
            "resets it, or the owner of the installation.",
        )
    OneTimeLink.objects.filter(account=account, used_at=None).delete()
    token = secrets.token_urlsafe(32)
    OneTimeLink.objects.create(
        account=account, digest=_digest(token), made_by=by.name, made_at=now, ends_at=now + LASTS
    )
    return token


def account_of(token: str, *, now: datetime) -> Account:
    """Whose link it is. Looking uses nothing up. Raises UnknownLink."""
    link = _found(token, now)
    return link.account


@transaction.atomic
def accept(token: str, *, password: str, by: Actor, now: datetime) -> Account:
    """Uses the link: the account has this password now and no second factor yet. Raises UnknownLink, WeakPassword."""
    account = _found(token, now).account
    passwords.require_good(password, account=account)
    link = OneTimeLink.objects.select_for_update().filter(digest=_digest(token), used_at=None).first()
    if link is None:
        raise _unknown()
    link.used_at = now
    link.save(update_fields=["used_at"])
    passwords.put(account, password, now=now)
    factors.forget(account)
    sessions.forget(account.pk)
    audit.enter(audit.Event.INVITATION_USED, by=by, object_kind="account", object_ref=account.username)
    return account


def _found(token: str, now: datetime) -> OneTimeLink:
    found = OneTimeLink.objects.select_related("account").filter(digest=_digest(token), used_at=None, ends_at__gt=now)
    link = found.first()
    if link is None or not link.account.is_active:
        raise _unknown()
    return link


def _unknown() -> UnknownLink:
    return UnknownLink(
        "这个链接无效：可能已经用过，或已超过 24 小时。请向发给您的人再要一个。",
        "This link is not valid: it was used, or is older than 24 hours. Ask whoever sent it for another.",
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
