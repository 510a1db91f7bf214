"""Second factors (第二因素): codes of an authenticator app (TOTP, RFC 6238), and recovery codes for the day it is lost.

Security keys are in security/security_keys.py. Secrets are sealed, recovery codes hashed. A code is taken once, also when
two processes are asked at the same moment: the step it belongs to is kept in the database, and only a later one counts.
"""

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction

from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit, encryption, sessions
from xinyong.security.access import Action, Actor, FactorNeeded, require
from xinyong.security.models import Account, Factor, RecoveryCode

#: RFC 6238's usual parameters, the only ones every authenticator app knows.
_STEP = 30
_DIGITS = 6
#: A code of the step before or after is taken too: clocks differ, and typing takes time.
_DRIFT = (-1, 0, 1)
RECOVERY_CODES = 10
#: Letters that are not mistaken for digits; 16 of them are 79 bits.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CONTEXT = "factor.secret"


class WrongCode(Invalid):
    """The code is not the one, or has been used."""

    code = "security.wrong-code"


class LastFactor(Conflict):
    """The only second factor stays: without one nobody gets in."""

    code = "security.last-factor"


class UnknownFactor(NotFound):
    """The account has no such factor."""

    code = "security.unknown-factor"


@dataclass(frozen=True, slots=True)
class FactorView:
    """A second factor as its owner sees it."""

    id: int
    kind: str
    name: str
    created_at: datetime
    used_at: datetime | None


def listed(account_id: int) -> list[FactorView]:
    """The factors of an account, the oldest first."""
    found = Factor.objects.filter(account_id=account_id).order_by("id")
    return [FactorView(id=f.pk, kind=f.kind, name=f.name, created_at=f.created_at, used_at=f.used_at) for f in found]


def recovery_codes_left(account_id: int) -> int:
    """How many recovery codes are still good."""
    return RecoveryCode.objects.filter(account_id=account_id, used_at=None).count()


def wrong_code() -> WrongCode:
    """The error for a code that does not fit: the same whether it is wrong, old or used."""
    return WrongCode(
        "验证码不正确，或已经用过。请等应用显示下一个验证码再填；若一直不对，请核对手机的时间。",
        "The code is wrong or has been used. Wait for the next one; if it never fits, check the time of your phone.",
    )


def fresh_secret() -> str:
    """A new secret of 160 bits, as authenticator apps take it (base32)."""
    return base64.b32encode(os.urandom(20)).decode()


def address(secret: str, username: str) -> str:
    """What the QR code says: an otpauth address."""
    return _totp(secret).get_provisioning_uri(username, settings.SITE_NAME)


def code_at(secret: str, moment: datetime, *, steps: int = 0) -> str:
    """The code an app shows at that moment, or so many steps later: for tests and for demo accounts."""
    return _totp(secret).generate(moment.timestamp() + steps * _STEP).decode()


@transaction.atomic
def add_totp(account: Account, *, secret: str, code: str, by: Actor, now: datetime) -> None:
    """Adds the authenticator app that knows ``secret``, proved by a code; it takes the place of one there was. Raises
    WrongCode."""
    step = _matching_step(secret, code, now)
    if step is None:
        raise wrong_code()
    Factor.objects.filter(account=account, kind=Factor.Kind.TOTP).delete()
    _keep_totp(account, secret, now, step)
    audit.enter(audit.Event.FACTOR_ADDED, by=by, object_kind="account", object_ref=account.username, factor="totp")


def show_totp(account: Account, code: str, *, now: datetime) -> bool:
    """True when the code is right and is taken now, for the first time."""
    factor = Factor.objects.filter(account=account, kind=Factor.Kind.TOTP).first()
    if factor is None:
        return False
    step = _matching_step(_secret(factor), code, now)
    if step is None:
        return False
    taken = Factor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step, used_at=now)
    return bool(taken)


@transaction.atomic
def make_recovery_codes(account: Account, *, by: Actor) -> list[str]:
    """Ten new recovery codes; the old ones are void. Only hashes are kept: show them now, once."""
    RecoveryCode.objects.filter(account=account).delete()
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(account=account, digest=_hashed(account, one)) for one in codes)
    audit.enter(audit.Event.RECOVERY_CODES_MADE, by=by, object_kind="account", object_ref=account.username)
    return ["-".join(one[n : n + 4] for n in range(0, 16, 4)) for one in codes]


def show_recovery_code(account: Account, code: str, *, now: datetime) -> bool:
    """True when it is one of the account's codes and not used before; now it is."""
    plain = "".join(one for one in code.upper() if one.isalnum())
    found = RecoveryCode.objects.filter(account=account, digest=_hashed(account, plain), used_at=None)
    return bool(found.update(used_at=now))


@transaction.atomic
def remove(factor_id: int, *, by: Actor) -> None:
    """Removes one of one's own factors, not the last. Raises UnknownFactor, LastFactor, FactorNeeded."""
    require_fresh(by)
    own = list(Factor.objects.select_for_update().filter(account_id=sessions.own_id(by)))
    factor = next((one for one in own if one.pk == factor_id), None)
    if factor is None:
        raise UnknownFactor("没有这个验证方式，可能已经移除。", "There is no such factor; it may have been removed.")
    if len(own) == 1:
        raise LastFactor(
            "这是您唯一的第二因素，不能移除。请先添加另一个。",
            "This is your only second factor. Add another one first.",
        )
    factor.delete()
    audit.enter(
        audit.Event.FACTOR_REMOVED, by=by, object_kind="account", object_ref=by.name, factor=factor.kind.lower()
    )


def require_fresh(by: Actor) -> None:
    """For what somebody does to their own account: raises FactorNeeded unless the second factor was shown just now."""
    require(by, Action.OWN_ACCOUNT)
    if not by.is_fresh:
        raise FactorNeeded(
            "更改登录方式前需要重新验证身份。", "Before you change how you sign in, show your second factor again."
        )


@transaction.atomic
def reset(username: str, *, by: Actor) -> None:
    """Takes all second factors and recovery codes from somebody who has lost them, and ends their sessions. At the next
    sign-in they set up new ones. Raises NotAllowed, FactorNeeded, UnknownFactor."""
    require(by, Action.RESET_FACTOR)
    account = Account.objects.select_for_update().filter(username=username).first()
    if account is None:
        raise UnknownFactor(f"没有账号“{username}”。", f"There is no account “{username}”.")
    forget(account)
    sessions.forget(account.pk)
    audit.enter(audit.Event.FACTOR_REMOVED, by=by, object_kind="account", object_ref=username, factor="all")


def forget(account: Account) -> None:
    """Removes all factors and recovery codes: part of setting an account anew. The caller notes it in the log."""
    Factor.objects.filter(account=account).delete()
    RecoveryCode.objects.filter(account=account).delete()


def give_demo(account_id: int, secret: str, *, now: datetime) -> None:
    """Gives a demo account an authenticator secret that stands in a file, in place of any factor it has."""
    account = Account.objects.get(pk=account_id, is_demo=True)
    forget(account)
    _keep_totp(account, secret, now, 0)


def has_demo() -> bool:
    """True where demo accounts can sign in."""
    return Factor.objects.filter(account__is_demo=True, account__is_active=True).exists()


def demo_code(username: str, *, now: datetime) -> str | None:
    """The code a demo account can use next; None for any other account, whose codes nobody here shall know."""
    factor = Factor.objects.filter(account__username=username, account__is_demo=True, kind=Factor.Kind.TOTP).first()
    if factor is None:
        return None
    ahead = max(0, factor.last_step + 1 - _step(now))
    return code_at(_secret(factor), now, steps=ahead) if ahead <= max(_DRIFT) else ""


def _keep_totp(account: Account, secret: str, now: datetime, step: int) -> None:
    sealed = encryption.seal(secret.encode(), context=CONTEXT)
    Factor.objects.create(
        account=account, kind=Factor.Kind.TOTP, name="", secret=sealed, last_step=step, created_at=now, used_at=now
    )


def _secret(factor: Factor) -> str:
    return encryption.unseal(bytes(factor.secret), context=CONTEXT).decode()


def _totp(secret: str) -> TOTP:
    # RFC 6238 as apps have it: HMAC-SHA-1.
    return TOTP(base64.b32decode(secret), _DIGITS, SHA1(), _STEP)  # noqa: S303  # nosec B303  an HMAC, no digest


def _step(moment: datetime) -> int:
    return int(moment.timestamp()) // _STEP


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    given = "".join(code.split()).encode()
    totp, found = _totp(secret), None
    for drift in _DRIFT:
        if constant_time.bytes_eq(totp.generate(now.timestamp() + drift * _STEP), given):
            found = _step(now) + drift
    return found


def _hashed(account: Account, code: str) -> bytes:
    return hashlib.sha256(f"{account.pk}\x1f{code}".encode()).digest()
