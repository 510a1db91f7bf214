"""Signing in (登录): password or single sign-on, then the second factor, then a session. Nobody is signed in before the end.

Between password and factor a browser is *pending*: its session says who it wants to be, and nothing else in the platform
believes it. What is missing is asked for in this order: a second factor (or setting the first one up), a new password
when the rules ask for one. Each refusal leaves an entry in the log; whether a name exists is told to nobody.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core import signing
from django.db import transaction
from django.http import HttpRequest

from xinyong.kernel.errors import Conflict, Forbidden
from xinyong.security import (
    audit,
    citizens,
    encryption,
    factors,
    gate,
    lockout,
    oidc,
    passwords,
    people,
    persons,
    security_keys,
    sessions,
)
from xinyong.security.access import PUBLIC, Actor, system
from xinyong.security.models import Account

#: Without a sign-in for so long an account is disabled (MLPS 8.1.4.2 c: accounts nobody needs are removed in time).
UNUSED = timedelta(days=90)
#: A person looks once a year, if that: their account leads to nothing of others, and stays longer.
UNUSED_PERSON = timedelta(days=3 * 366)
#: How long a browser may take from the password to the end.
_PENDING_FOR = timedelta(minutes=10)
_DEVICE_FOR = timedelta(days=180)
_PENDING, _CODES, _KEY, _TOTP, _OUTSIDE = "pending", "recovery_codes", "key_state", "totp_secret", "oidc"
_CITIZEN = "citizen"
_SEALED = "session.sign-in"


class WrongCredentials(Forbidden):
    """User name and password do not fit."""

    code = "security.wrong-credentials"


class NotPending(Conflict):
    """There is no sign-in under way in this browser, or it took too long."""

    code = "security.not-pending"


class Unused(Forbidden):
    """The account was not used for so long that it is disabled."""

    code = "security.unused-account"


class Step(StrEnum):
    """What is missing before somebody is signed in."""

    FACTOR = "factor"
    SET_UP = "set-up"
    RENEW = "renew"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way. ``factor``: the second factor shown, "" before; ``wanted``: where the person wanted to go."""

    account: Account
    way: str
    wanted: str
    factor: str
    step: Step


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is signed in now. ``device`` goes into a cookie; ``last_at``: the sign-in before, ``failures``: wrong tries
    of late; ``codes_left`` is a count when a recovery code was used."""

    actor: Actor
    wanted: str
    device: str
    last_at: datetime | None
    failures: int
    codes_left: int | None


def check_password(request: HttpRequest, *, username: str, password: str, wanted: str, now: datetime) -> None:
    """Checks the password; right, the second factor is next. Raises WrongCredentials, Unused, lockout.TooManyTries."""
    one = _taken(request, username, now)
    account = authenticate(request, username=username, password=password)
    if not isinstance(account, Account):
        closed = lockout.wrong(one, now=now)
        _refuse(request, username, "password", closed=closed is not None)
        if closed is not None:
            raise lockout.closed(closed)
        raise WrongCredentials(
            "用户名或密码不正确。请检查大小写后重试；忘记密码请联系信用中心。",
            "User name or password is wrong. Check capitals and try again; if forgotten, ask the credit centre.",
        )
    lockout.right(one)
    begin(request, account, way="password", wanted=wanted, now=now)


def check_outside(request: HttpRequest, answer: Mapping[str, str], *, now: datetime) -> None:
    """Checks what single sign-on brought back; right, the second factor is next, or done where the operator takes the
    provider's. Raises oidc.OutsideRefused, oidc.ProviderSilent, Unused."""
    kept = request.session.pop(_OUTSIDE, {})
    try:
        proven = oidc.complete(answer, kept=kept, now=now)
    except oidc.OutsideRefused as error:
        _refuse(request, "", f"oidc-{error.facts.get('why', '')}")
        raise
    factor = "oidc" if proven.has_factor else ""
    begin(request, proven.account, way="oidc", wanted=kept.get("wanted", ""), factor=factor, now=now)


def go_citizen(request: HttpRequest, *, back_to: str, wanted: str) -> str:
    """Where the citizens' sign-in begins; the session remembers what to expect back, and nothing of who comes."""
    address, kept = citizens.begin(back_to=back_to)
    request.session[_CITIZEN] = kept | {"wanted": wanted}
    return address


def check_citizen(request: HttpRequest, answer: Mapping[str, str], *, now: datetime) -> Account:
    """Checks what the citizens' provider brought back, and makes the account of somebody who comes for the first time; the second
    factor is next, or done where the operator takes the provider's. Raises oidc.OutsideRefused, oidc.ProviderSilent, Unused."""
    kept = request.session.pop(_CITIZEN, {})
    anybody = Actor(role=PUBLIC.role, name="public", address=gate.client_address(request))
    try:
        who = citizens.complete(answer, kept=kept, now=now)
        account = persons.admit_outside(
            who.identity, issuer=who.issuer, outside=who.subject, represents=who.represents, by=anybody, at=now
        )
    except oidc.OutsideRefused as error:
        _refuse(request, "", f"citizen-{error.facts.get('why', '')}")
        raise
    begin(
        request, account, way="citizen", wanted=kept.get("wanted", ""), factor="oidc" if who.has_factor else "", now=now
    )
    return account


def go_outside(request: HttpRequest, *, back_to: str, wanted: str) -> str:
    """Where single sign-on begins; the session remembers what to expect back."""
    address, kept = oidc.begin(back_to=back_to)
    request.session[_OUTSIDE] = kept | {"wanted": wanted}
    return address


def begin(
    request: HttpRequest, account: Account, *, way: str, wanted: str = "", factor: str = "", now: datetime
) -> None:
    """This browser has proved the first half. Whoever was signed in here is signed out. Raises Unused."""
    if _is_unused(account, now):
        close_unused(now=now, username=account.username)
        _refuse(request, account.username, "unused")
        raise Unused(
            f"账号超过 {_limit(account).days} 天没有登录，已停用。请联系信用中心重新启用。",
            f"This account was not used for {_limit(account).days} days and is disabled. Ask the credit centre to open it again.",
        )
    sessions.end(request)
    request.session[_PENDING] = {
        "account": account.pk, "way": way, "wanted": wanted, "factor": factor, "at": now.timestamp(),
        "password": account.get_session_auth_hash(),
    }  # fmt: skip


def pending(request: HttpRequest, *, now: datetime) -> Pending:
    """The sign-in under way and its next step. Raises NotPending."""
    kept = request.session.get(_PENDING) or {}
    account = Account.objects.filter(pk=kept.get("account", 0), is_active=True).first()
    if (
        account is None
        or now.timestamp() - kept["at"] > _PENDING_FOR.total_seconds()
        or kept["password"] != account.get_session_auth_hash()
    ):
        request.session.pop(_PENDING, None)
        raise NotPending(
            "登录没有完成或等得太久。请重新输入用户名和密码。",
            "The sign-in was not finished in time. Please give user name and password again.",
        )
    return Pending(account, kept["way"], kept["wanted"], kept["factor"], _step(account, kept, now))


def _step(account: Account, kept: Mapping[str, Any], now: datetime) -> Step:
    if not kept["factor"]:
        return Step.FACTOR if factors.listed(account.pk) else Step.SET_UP
    if kept["way"] == "password" and passwords.is_due(account, now=now):
        return Step.RENEW
    return Step.DONE


def show_code(request: HttpRequest, code: str, *, now: datetime) -> None:
    """Shows a code of the authenticator app, or a recovery code. Raises WrongCode, TooManyTries, NotPending."""
    account = pending(request, now=now).account
    one = _taken(request, account.username, now)
    if factors.show_totp(account, code, now=now):
        _passed(request, one, "totp", now)
    elif factors.show_recovery_code(account, code, now=now):
        _passed(request, one, "recovery", now)
    else:
        raise _wrong_factor(request, one, account, "code", now)


def ask_for_key(request: HttpRequest, account: Account) -> dict[str, Any] | None:
    """What the browser needs to use a security key of this account; None where there is none, or no name for one."""
    at = security_keys.site(request)
    if at is None or not any(one.kind == "KEY" for one in factors.listed(account.pk)):
        return None
    options, request.session[_KEY] = security_keys.ask_for_one(account, at)
    return options


def show_key(request: HttpRequest, answer: Mapping[str, Any], *, now: datetime) -> None:
    """Shows a security key. Raises KeyRefused, TooManyTries, NotPending."""
    account = pending(request, now=now).account
    one = _taken(request, account.username, now)
    if not _is_key(request, account, answer, now):
        raise _wrong_factor(request, one, account, "key", now)
    _passed(request, one, "key", now)


def confirm(
    request: HttpRequest, *, code: str = "", answer: Mapping[str, Any] | None = None, by: Actor, now: datetime
) -> None:
    """Shows the second factor again, for a dangerous act. Recovery codes do not count. Raises WrongCode, TooManyTries."""
    account = Account.objects.get(pk=sessions.own_id(by))
    one = _taken(request, account.username, now)
    is_shown = factors.show_totp(account, code, now=now) if answer is None else _is_key(request, account, answer, now)
    if not is_shown:
        raise _wrong_factor(request, one, account, "confirm", now)
    lockout.signed_in(one, now=now)
    sessions.renew(request, by=by, factor="totp" if answer is None else "key", now=now)


def new_secret(request: HttpRequest) -> str:
    """The authenticator secret being set up in this session, made when there is none. It is nobody's until it is proved."""
    kept = request.session.get(_TOTP)
    if kept is None:
        kept = request.session[_TOTP] = _sealed(factors.fresh_secret())
    return _unsealed(kept)


def set_up_totp(request: HttpRequest, code: str, *, account: Account, by: Actor, now: datetime) -> None:
    """Adds the authenticator app set up in this session. Raises WrongCode, FactorNeeded."""
    _may_add(request, by, account, now)
    factors.add_totp(account, secret=new_secret(request), code=code, by=by, now=now)
    request.session.pop(_TOTP, None)
    _added(request, "totp", account, by)


def ask_for_new_key(request: HttpRequest, account: Account) -> dict[str, Any] | None:
    """What the browser needs to make a key for this account; None where the site has no name for one."""
    at = security_keys.site(request)
    if at is None:
        return None
    options, request.session[_KEY] = security_keys.ask_for_new(account, at)
    return options


def set_up_key(
    request: HttpRequest, answer: Mapping[str, Any], *, name: str, account: Account, by: Actor, now: datetime
) -> None:
    """Adds the security key the browser made. Raises KeyRefused, NoSecureOrigin, FactorNeeded."""
    _may_add(request, by, account, now)
    at = security_keys.site(request)
    if at is None:
        raise security_keys.no_secure_origin()
    security_keys.add(account, at=at, state=request.session.pop(_KEY, {}), answer=answer, name=name, by=by, now=now)
    _added(request, "key", account, by)


def show_later(request: HttpRequest, codes: list[str]) -> None:
    """Keeps new recovery codes, sealed, until their owner says they have them."""
    request.session[_CODES] = _sealed("\n".join(codes))


def codes_to_show(request: HttpRequest) -> list[str]:
    """New recovery codes their owner has not noted yet."""
    kept = request.session.get(_CODES)
    return _unsealed(kept).splitlines() if kept else []


def codes_noted(request: HttpRequest) -> None:
    """The owner has them: they are shown never again."""
    request.session.pop(_CODES, None)


@transaction.atomic
def renew_password(request: HttpRequest, password: str, *, now: datetime) -> None:
    """The new password the rules ask for, given while signing in. Raises WeakPassword, NotPending."""
    one = pending(request, now=now)
    if one.step is not Step.RENEW:
        raise NotPending("现在不需要更换密码。", "No new password is needed now.")
    passwords.require_good(password, account=one.account)
    passwords.put(one.account, password, now=now)
    sessions.forget(one.account.pk)
    _noted_password(one.account, gate.actor_for(one.account, address=gate.client_address(request)))
    request.session[_PENDING] = request.session[_PENDING] | {"password": one.account.get_session_auth_hash()}


def change_password(request: HttpRequest, *, old: str, new: str, by: Actor, now: datetime) -> None:
    """Changes one's own password: other sessions end, this one goes on. Raises WrongCredentials, WeakPassword,
    TooManyTries, FactorNeeded."""
    factors.require_fresh(by)
    account = Account.objects.get(pk=sessions.own_id(by))
    if account.has_usable_password():
        one = _taken(request, account.username, now)
        if not account.check_password(old):
            lockout.wrong(one, now=now)
            _refuse(request, account.username, "present-password")
            raise WrongCredentials("现在的密码不正确。", "The present password is wrong.")
        lockout.right(one)
    passwords.require_good(new, account=account)
    with transaction.atomic():
        passwords.put(account, new, now=now)
        sessions.forget(account.pk, but=request)
        sessions.keep(request, account)
        _noted_password(account, by)


def finish(request: HttpRequest, *, now: datetime) -> SignedIn:
    """Opens the session of a sign-in that lacks nothing. Raises NotPending."""
    one = pending(request, now=now)
    if one.step is not Step.DONE:
        raise NotPending("登录还缺一步。", "A step of signing in is missing.")
    address, last_at = gate.client_address(request), one.account.last_login
    with transaction.atomic():
        request.session.pop(_PENDING)
        sessions.start(request, one.account, address=address, factor_at=now, now=now)
        actor = gate.actor_for(one.account, address=address)
        audit.enter(
            audit.Event.SIGNED_IN, by=actor, object_kind="account", object_ref=one.account.username, way=one.way,
            factor=one.factor,
        )  # fmt: skip
    return SignedIn(
        actor=actor, wanted=one.wanted, device=_device_of(one.account), last_at=last_at,
        failures=lockout.of_late(one.account.username, since=last_at),
        codes_left=factors.recovery_codes_left(one.account.pk) if one.factor == "recovery" else None,
    )  # fmt: skip


@transaction.atomic
def sign_out(request: HttpRequest, *, by: Actor) -> None:
    """Ends the session."""
    audit.enter(audit.Event.SIGNED_OUT, by=by, object_kind="account", object_ref=by.name)
    sessions.end(request)


@transaction.atomic
def close_unused(*, now: datetime, username: str = "") -> int:
    """Disables accounts nobody has signed in to for ``UNUSED``, or the one named; returns how many. Demo accounts stay: a
    demonstration may be looked at again after a year."""
    open_ones = Account.objects.select_for_update().filter(is_active=True, is_demo=False)
    rows = [one for one in (open_ones.filter(username=username) if username else open_ones) if _is_unused(one, now)]
    for one in rows:
        people.close_account(one, reason="unused", by=system("nightly"), at=now)
    return len(rows)


def _is_unused(account: Account, now: datetime) -> bool:
    since = max(account.last_login or account.created_at, account.created_at)
    return not account.is_demo and now - since > _limit(account)


def _limit(account: Account) -> timedelta:
    return UNUSED_PERSON if account.is_person else UNUSED


def _taken(request: HttpRequest, username: str, now: datetime) -> lockout.Try:
    address = gate.client_address(request)
    try:
        return lockout.take(username, address=address, device=_device(request, username), now=now)
    except lockout.TooManyTries:
        _refuse(request, username, "too-many-tries")
        raise


def _passed(request: HttpRequest, one: lockout.Try, factor: str, now: datetime) -> None:
    lockout.signed_in(one, now=now)
    request.session[_PENDING] = request.session[_PENDING] | {"factor": factor}


def _wrong_factor(
    request: HttpRequest, one: lockout.Try, account: Account, what: str, now: datetime
) -> factors.WrongCode | lockout.TooManyTries:
    closed = lockout.wrong(one, now=now)
    _refuse(request, account.username, what, closed=closed is not None)
    if closed is None:
        return factors.wrong_code()
    request.session.pop(_PENDING, None)
    return lockout.closed(closed)


def _is_key(request: HttpRequest, account: Account, answer: Mapping[str, Any], now: datetime) -> bool:
    at, state = security_keys.site(request), request.session.pop(_KEY, None)
    return (
        at is not None and state is not None and security_keys.show(account, at=at, state=state, answer=answer, now=now)
    )


def _may_add(request: HttpRequest, by: Actor, account: Account, now: datetime) -> None:
    """While signing in only the first factor may be set up; later a fresh one is asked for."""
    if by.account_id == account.pk and _PENDING not in request.session:
        factors.require_fresh(by)
    elif pending(request, now=now).step is not Step.SET_UP:
        raise NotPending("此账号已有第二因素。", "This account has a second factor already.")


def _added(request: HttpRequest, factor: str, account: Account, by: Actor) -> None:
    if _PENDING in request.session:
        request.session[_PENDING] = request.session[_PENDING] | {"factor": factor}
        show_later(request, factors.make_recovery_codes(account, by=by))


def _noted_password(account: Account, by: Actor) -> None:
    audit.enter(audit.Event.PASSWORD_CHANGED, by=by, object_kind="account", object_ref=account.username)


def _refuse(request: HttpRequest, username: str, reason: str, *, closed: bool = False) -> None:
    """Notes a refusal. A name nobody has is not written down: people type passwords into that field, or numbers."""
    anybody = Actor(role=PUBLIC.role, name="public", address=gate.client_address(request))
    known = Account.objects.filter(username=username).exists()
    audit.enter(
        audit.Event.SIGN_IN_REFUSED, by=anybody, object_kind="account", object_ref=username if known else "-",
        outcome="refused", reason=reason, closed=closed,
    )  # fmt: skip


def _device_of(account: Account) -> str:
    return signing.dumps([account.pk, account.get_session_auth_hash()[:16], secrets.token_hex(8)], salt="device")


def _device(request: HttpRequest, username: str) -> str:
    """What tells a device that has signed in to this account since its last change of password; "" for any other."""
    try:
        pk, password, number = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt="device", max_age=_DEVICE_FOR
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    account = Account.objects.filter(pk=pk, username=username).first()
    is_known = account is not None and account.get_session_auth_hash()[:16] == password
    return str(number) if is_known else ""


def _sealed(text: str) -> str:
    return base64.b64encode(encryption.seal(text.encode(), context=_SEALED)).decode()


def _unsealed(text: str) -> str:
    return encryption.unseal(base64.b64decode(text), context=_SEALED).decode()
