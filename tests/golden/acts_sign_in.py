"""Signing in and out, one's own account, factors."""

from typing import Any

from django.conf import settings
from django.test import override_settings

from tests.golden.acts import Deed, act, answered
from tests.golden.acts_people import void
from tests.golden.world import PASSWORD, World
from tests.intake import made
from tests.signing import code, with_app
from xinyong.kernel import clock
from xinyong.security import factors, invitations, oidc, people, sessions, sign_in
from xinyong.security.audit import Event
from xinyong.security.models import Account, Factor, OpenSession

_CODE = ("security_factor",)  # a code that was shown is used up, whatever becomes of it
_OTHER = "Quite-Another-Phrase-2031"


@act(Event.SIGNED_IN, spends=_CODE)
def _(world: World) -> Deed:
    browser = world.browser()
    with_app("operator")
    answered(browser.post("/office/sign-in", {"username": "operator", "password": PASSWORD}), 302)
    return lambda: void(answered(browser.post("/office/sign-in/factor", {"code": code("operator")}), 302))


@act(Event.SIGN_IN_REFUSED)
def _(world: World) -> Deed:
    browser, form = world.browser(), {"username": "operator", "password": "not this one"}
    return lambda: void(answered(browser.post("/office/sign-in", form), 400))


@act(Event.SIGN_IN_REFUSED, "a name nobody has")
def _(world: World) -> Deed:
    browser, form = world.browser(), {"username": world.person.number, "password": "not this one"}
    return lambda: void(answered(browser.post("/office/sign-in", form), 400))


@act(Event.SIGN_IN_REFUSED, "a wrong code")
def _(world: World) -> Deed:
    browser = world.browser()
    with_app("operator")
    browser.post("/office/sign-in", {"username": "operator", "password": PASSWORD})
    return lambda: void(answered(browser.post("/office/sign-in/factor", {"code": "0"}), 400))


@act(Event.SIGNED_OUT)
def _(world: World) -> Deed:
    browser = world.browser("operator")
    return lambda: void(answered(browser.post("/office/sign-out"), 302))


@act(Event.SESSION_ENDED)
def _(world: World) -> Deed:
    world.browser("operator")
    world.browser("operator")
    by = world.actor("operator")
    return lambda: void(sessions.end_all(by=by))


@act(Event.SESSION_ENDED, "another of one's own")
def _(world: World) -> Deed:
    world.browser("operator")
    by, other = world.actor("operator"), OpenSession.objects.get(account__username="operator").pk
    return lambda: sessions.end_one(other, by=by)


@act(Event.INVITED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    _without_password(world)
    return lambda: void(invitations.invite("newcomer", by=by, now=clock.now()))


@act(Event.INVITATION_USED)
def _(world: World) -> Deed:
    _without_password(world)
    token = invitations.invite("newcomer", by=world.actor("system-admin"), now=clock.now())
    browser = world.browser()
    browser.get(f"/office/welcome/{token}")
    form = {"password": _OTHER, "again": _OTHER}
    return lambda: void(answered(browser.post("/office/welcome/", form), 302))


@act(Event.PASSWORD_CHANGED)
def _(world: World) -> Deed:
    browser, form = world.browser("operator"), {"old": PASSWORD, "password": _OTHER, "again": _OTHER}
    return lambda: void(answered(browser.post("/office/account/password", form), 302))


@act(Event.FACTOR_ADDED)
def _(world: World) -> Deed:
    by, account, secret = world.actor("operator"), _account("operator"), factors.fresh_secret()

    def deed() -> None:
        now = clock.now()
        factors.add_totp(account, secret=secret, code=factors.code_at(secret, now), by=by, now=now)

    return deed


@act(Event.FACTOR_SHOWN, spends=_CODE)
def _(world: World) -> Deed:
    browser = world.browser("operator")
    with_app("operator")
    return lambda: void(answered(browser.post("/office/confirm", {"code": code("operator")}), 302))


@act(Event.FACTOR_REMOVED)
def _(world: World) -> Deed:
    with_app("operator")
    key = Factor.objects.create(
        account=_account("operator"), kind=Factor.Kind.KEY, created_at=clock.now(), secret=b"x", credential=b"x" * 32
    )
    by = world.actor("operator")
    return lambda: factors.remove(key.pk, by=by)


@act(Event.FACTOR_REMOVED, "all, by an administrator")
def _(world: World) -> Deed:
    with_app("operator")
    by = world.actor("security-admin")
    return lambda: factors.reset("operator", by=by)


@act(Event.RECOVERY_CODES_MADE)
def _(world: World) -> Deed:
    by, account = world.actor("operator"), _account("operator")
    return lambda: void(factors.make_recovery_codes(account, by=by))


@act(Event.OUTSIDE_LINKED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")

    def deed() -> None:
        with _provider():
            oidc.link("operator", world.person.number, by=by, now=clock.now())

    return deed


@act(Event.OUTSIDE_UNLINKED)
def _(world: World) -> Deed:
    by = world.actor("system-admin")
    with _provider():
        oidc.link("operator", world.person.number, by=by, now=clock.now())
    return lambda: void(oidc.unlink("operator", by=by))


@act(Event.ACCOUNT_DISABLED, "not used for 90 days")
def _(world: World) -> Deed:
    later = clock.now() + sign_in.UNUSED * 2
    return lambda: void(sign_in.close_unused(now=later, username="operator"))


def _provider() -> Any:
    return override_settings(
        OIDC=settings.OIDC | {"issuer": "https://sso.example/", "client_id": "xinyong", "secret_file": ""}
    )


def _without_password(world: World) -> None:
    people.admit(
        username="newcomer", display_name=world.persons[-1].name, department=world.unit.code, by=made.SYSTEM,
        at=clock.now(),
    )  # fmt: skip


def _account(username: str) -> Account:
    return Account.objects.get(username=username)
