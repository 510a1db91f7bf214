"""Open sessions (会话): how long one lasts, where somebody is signed in, and ending one or all of them.

Django keeps the session (in PostgreSQL); a row here says whose it is and that password and second factor were shown. The
row is what counts: a session without one is nobody's, so deleting the row ends the session at its next request. The row
holds only a hash of the session key.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import SESSION_KEY, login, logout
from django.db import transaction
from django.http import HttpRequest

from xinyong.kernel.errors import NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, NotAllowed, require
from xinyong.security.models import Account, OpenSession

#: MLPS CES1-02, ASVS 5.0 V7.3.1-2: without a request for so long, and after so long in any case, a session is over.
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=8)
#: A second factor shown so recently need not be shown again for a dangerous act (ASVS 7.5.3).
FRESH = timedelta(minutes=5)
#: "Last seen" is written at most this often, so that reading pages does not write rows.
_SEEN_EVERY = timedelta(minutes=1)
_BACKEND = "django.contrib.auth.backends.ModelBackend"


class UnknownSession(NotFound):
    """No open session of this account has this number."""

    code = "security.unknown-session"


@dataclass(frozen=True, slots=True)
class Resumed:
    """A session that goes on: whose, and whether the second factor was shown just now."""

    account: Account
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session as its owner sees it. ``device`` is the browser and system in words."""

    id: int
    device: str
    address: str | None
    started_at: datetime
    seen_at: datetime
    is_current: bool


def start(request: HttpRequest, account: Account, *, address: str | None, factor_at: datetime, now: datetime) -> None:
    """Signs ``account`` in, under a new session key. Whoever had the old key has nothing."""
    login(request, account, backend=_BACKEND)
    OpenSession.objects.create(
        account=account, digest=_digest(request), started_at=now, seen_at=now, factor_at=factor_at, address=address,
        agent=request.META.get("HTTP_USER_AGENT", "")[:200],
    )  # fmt: skip


def resume(request: HttpRequest, *, now: datetime) -> Resumed | None:
    """The session of this request; None when there is none, when it is over, or when its account is disabled. One that
    is over is removed, and ``request.session_over`` is set for the page that says so."""
    if SESSION_KEY not in request.session:
        return None
    account = request.user
    row = OpenSession.objects.filter(digest=_digest(request)).first() if isinstance(account, Account) else None
    if row is None or not isinstance(account, Account) or row.account_id != account.pk or _is_over(row, now):
        if row is not None:
            row.delete()
        logout(request)
        request.session_over = True  # type: ignore[attr-defined]
        return None
    if now - row.seen_at >= _SEEN_EVERY:
        OpenSession.objects.filter(pk=row.pk).update(seen_at=now)
    return Resumed(account, is_fresh=now - row.factor_at <= FRESH)


@transaction.atomic
def renew(request: HttpRequest, *, by: Actor, factor: str, now: datetime) -> None:
    """The second factor was shown again: the session is fresh, under a new key."""
    old = _digest(request)
    request.session.cycle_key()
    OpenSession.objects.filter(digest=old).update(digest=_digest(request), factor_at=now, seen_at=now)
    audit.enter(audit.Event.FACTOR_SHOWN, by=by, object_kind="account", object_ref=by.name, factor=factor)


def end(request: HttpRequest) -> None:
    """Ends the session of this request."""
    OpenSession.objects.filter(digest=_digest(request)).delete()
    logout(request)


def listed(request: HttpRequest, *, by: Actor, now: datetime) -> list[SessionView]:
    """Where this account is signed in, the latest seen first."""
    current = _digest(request)
    return [
        SessionView(
            id=one.pk, device=device(one.agent), address=one.address, started_at=one.started_at, seen_at=one.seen_at,
            is_current=bytes(one.digest) == current,
        )
        for one in OpenSession.objects.filter(account_id=own_id(by)).order_by("-seen_at", "-id")
        if not _is_over(one, now)
    ]  # fmt: skip


@transaction.atomic
def end_one(session_id: int, *, by: Actor) -> None:
    """Ends another session of the same account. Raises UnknownSession."""
    ended, _ = OpenSession.objects.filter(pk=session_id, account_id=own_id(by)).delete()
    if not ended:
        raise UnknownSession(
            "没有这个登录，可能已经退出。请刷新页面查看。",
            "There is no such session; it may have ended. Reload the page.",
        )
    audit.enter(audit.Event.SESSION_ENDED, by=by, object_kind="account", object_ref=by.name, sessions=1)


@transaction.atomic
def end_all(*, by: Actor) -> int:
    """Signs the account out everywhere, here too; returns how many sessions that were."""
    ended = forget(own_id(by))
    audit.enter(audit.Event.SESSION_ENDED, by=by, object_kind="account", object_ref=by.name, sessions=ended)
    return ended


def forget(account_id: int, *, but: HttpRequest | None = None) -> int:
    """Ends the sessions of an account, the one of ``but`` apart: part of disabling it, of a new password, of new factors.
    The caller notes it in the log."""
    rows = OpenSession.objects.filter(account_id=account_id)
    if but is not None:
        rows = rows.exclude(digest=_digest(but))
    return rows.delete()[0]


def keep(request: HttpRequest, account: Account) -> None:
    """After a change of one's own password: this session goes on under a new key."""
    from django.contrib.auth import update_session_auth_hash

    old = _digest(request)
    update_session_auth_hash(request, account)
    OpenSession.objects.filter(digest=old).update(digest=_digest(request))


def own_id(by: Actor) -> int:
    """The account somebody acts with. Raises NotAllowed for whoever has none: a job, a program."""
    require(by, Action.OWN_ACCOUNT)
    if by.account_id is None:
        raise NotAllowed("此事项只能由登录的人办理。", "This is for somebody who is signed in.")
    return by.account_id


def sweep(*, now: datetime) -> int:
    """Removes rows of sessions that are over; returns how many. A nightly job calls it."""
    return OpenSession.objects.filter(started_at__lt=now - ABSOLUTE).delete()[0]


def device(agent: str) -> str:
    """Browser and system of a User-Agent in words: "Edge, Windows"."""
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, agent)), "?")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), "?")
    return f"{browser}, {system}" if (browser, system) != ("?", "?") else "?"


_BROWSERS = (
    (r"wxwork|WXWork", "企业微信"), (r"MicroMessenger", "微信"), (r"DingTalk", "钉钉"), (r"QIHU|360SE|360EE", "360"),
    (r"QQBrowser", "QQ"), (r"Edg", "Edge"), (r"OPR/|Opera", "Opera"), (r"Firefox/", "Firefox"),
    (r"HeadlessChrome", "Chrome (headless)"), (r"Chrome/|Chromium", "Chrome"), (r"Safari/", "Safari"),
    (r"Trident|MSIE", "Internet Explorer"), (r"curl/", "curl"),
)  # fmt: skip
_SYSTEMS = (
    (r"HarmonyOS|OpenHarmony", "HarmonyOS"), (r"Android", "Android"), (r"iPhone|iPad", "iOS"), (r"Windows", "Windows"),
    (r"Mac OS X", "macOS"), (r"UOS|Kylin|Linux", "Linux"),
)  # fmt: skip


def _is_over(row: OpenSession, now: datetime) -> bool:
    return now - row.seen_at >= IDLE or now - row.started_at >= ABSOLUTE


def _digest(request: HttpRequest) -> bytes:
    return hashlib.sha256((request.session.session_key or "").encode()).digest()
