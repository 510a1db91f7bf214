"""Signing in for tests: a session in which password and second factor were shown, without going through the pages."""

import base64
import json
import time
from datetime import datetime, timedelta
from typing import Any

from django.test import Client, RequestFactory
from django.utils.module_loading import import_string

from xinyong.kernel import clock
from xinyong.security import encryption, factors, gate, sessions
from xinyong.security.access import Actor
from xinyong.security.models import Account, Factor, OpenSession


def signed_in(client: Client, username: str, *, fresh: bool = True) -> Client:
    """Signs the client in to this account as after a whole sign-in; with ``fresh=False`` the second factor was shown six
    minutes ago."""
    from django.conf import settings

    account = Account.objects.get(username=username)
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    request = RequestFactory().get("/")
    request.session = store(cookie.value if cookie else None)
    now = clock.now()
    shown_at = now if fresh else now - sessions.FRESH - timedelta(minutes=1)
    sessions.start(request, account, address="127.0.0.1", factor_at=shown_at, now=now)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return client


def stale(username: str) -> None:
    """Lets the second factor of the account's open sessions be six minutes old."""
    OpenSession.objects.filter(account__username=username).update(
        factor_at=clock.now() - sessions.FRESH - timedelta(minutes=1)
    )


def actor(username: str, *, fresh: bool = True) -> Actor:
    """Who a person signed in to this account acts as."""
    return gate.actor_for(Account.objects.get(username=username), address=None, is_fresh=fresh)


def with_app(username: str) -> str:
    """Gives the account an authenticator app; returns its secret."""
    account, secret = Account.objects.get(username=username), factors.fresh_secret()
    factors.forget(account)
    factors._keep_totp(account, secret, clock.now(), 0)
    return secret


def code(username: str) -> str:
    """The next code of the account's app that was not used."""
    factor = Factor.objects.get(account__username=username, kind=Factor.Kind.TOTP)
    now = clock.now()
    secret = encryption.unseal(factor.secret, context=factors.CONTEXT).decode()
    return factors.code_at(secret, now, steps=max(0, factor.last_step + 1 - int(now.timestamp()) // 30))


def entered(client: Client, username: str, password: str, **fields: str) -> Any:
    """What the last step of signing in answers: user name and password, then the code of a new app of this account."""
    with_app(username)
    client.post("/office/sign-in", {"username": username, "password": password} | fields)
    return client.post("/office/sign-in/factor", {"code": code(username)})


def payload(session: Any) -> str:
    """All that a session keeps, as text."""
    return json.dumps(dict(session.items()), default=lambda raw: base64.b64encode(raw).decode())


_last: dict[str, int] = {}


def next_code(secret: str) -> str:
    """A code nobody in this process has used: two sign-ins in a row need no waiting, more wait for the next step. It is good
    for a quarter of a minute at least, however slowly the page takes it."""
    step = max(int(time.time() - 15) // 30, _last.get(secret, 0) + 1)
    while step > int(time.time()) // 30 + 1:
        time.sleep(0.5)
    _last[secret] = step
    return factors.code_at(secret, datetime.fromtimestamp(step * 30, tz=clock.ZONE))


def through_the_pages(page: Any, username: str, password: str, secret: str) -> None:
    """Signs in as a person does: name and password, then the code."""
    page.goto("/office/sign-in")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_label("验证码").fill(next_code(secret))
    page.get_by_role("button", name="继续").click()
