"""The gate every request passes: who is asking, and does the view's declared action allow it.

Somebody is signed in who has shown password and second factor (security/sign_in.py); anybody else is the public. Where the
second factor has to be a fresh one, the gate leads to the page that asks for it, and back.
"""

import ipaddress
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import access, audit, grants, guardians, mandates, persons, routes, scope, sessions
from xinyong.security.access import Actor, FactorNeeded, Role
from xinyong.security.models import Account

#: Where a session keeps the grant it acts under, or the mandate; without it the oldest.
ACTING_UNDER = "acting_under"
ACTING_FOR = "acting_for"
#: The guardianship by which a person acts for a child.
ACTING_AS_GUARDIAN = "acting_as_guardian"


class Gate:
    """Sets ``request.actor`` and refuses what the policy does not allow."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scope.leave()  # of an answer that was never closed
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        with scope.answering(request.actor):  # type: ignore[attr-defined]
            response = self.get_response(request)
        if response.streaming:
            scope.leave()
        if request.actor.account_id is not None:  # type: ignore[attr-defined]
            response["Cache-Control"] = "no-store"  # after signing out, Back shows nothing
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Checks the view's declared action; sends somebody not signed in to the sign-in page."""
        action = routes.declared(view)
        actor = cast(Actor, request.actor)  # type: ignore[attr-defined]
        is_shown = actor.is_fresh or action not in access.NEEDS_FRESH_FACTOR
        if action is None or (access.may(actor, action) and is_shown):
            return None
        if actor.role is Role.PUBLIC and actor.account_id is None:
            if getattr(request, "session_over", False):
                messages.info(request, gettext("您的会话已结束（超时、已在别处退出或账号变更）。请重新登录。"))
            return led_to(request, settings.LOGIN_URL)
        try:
            if actor.role is Role.PUBLIC:
                raise grants.NoGrant(
                    "您的账号目前没有有效授权：可能尚未授予、已经到期，或因调动而终止。请联系本单位管理员或信用中心。",
                    "Your account holds no right now: none was given, its time is over, or you have moved. Ask your unit's "
                    "administrator or the credit centre.",
                )
            access.require(actor, action)
        except FactorNeeded:
            return led_to(request, settings.CONFIRM_URL)
        except Forbidden as error:
            _note_refusal(request, actor, error)
            # Django asks no process_exception about what process_view raises; handler403 finds our error as its cause.
            raise PermissionDenied(error.code) from error
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A room that asks for a fresh second factor: the page that asks for it, for somebody signed in. Notes what a room
        refused, or would not find for this actor; web/pages.py makes the page of it."""
        actor = cast(Actor, request.actor)  # type: ignore[attr-defined]
        if isinstance(exception, FactorNeeded) and actor.account_id is not None:
            return led_to(request, settings.CONFIRM_URL)
        if isinstance(exception, (Forbidden, NotFound)):
            _note_refusal(request, actor, exception)
        return None


def _note_refusal(request: HttpRequest, actor: Actor, error: Forbidden | NotFound) -> None:
    """An entry for an attempt that failed. Somebody not signed in is nobody: the public's dead links are no evidence."""
    if actor.account_id is not None or actor.role is not Role.PUBLIC:
        outcome = "not-found" if isinstance(error, NotFound) else "refused"
        audit.enter(
            audit.Event.ACCESS_REFUSED, by=actor, object_kind="page", object_ref=unnumbered(request.path)[:80], outcome=outcome,
            method=request.method, code=error.code,
        )  # fmt: skip


def led_to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect to ``address``, which leads back by ``next``. What was sent with a form is not kept: back is the page with
    the form, and ``sent`` makes the page on the way say so."""
    back, sent = request.get_full_path(), {}
    if request.method not in ("GET", "HEAD"):
        came = urlsplit(request.META.get("HTTP_REFERER", ""))
        is_ours = url_has_allowed_host_and_scheme(came.geturl(), allowed_hosts={request.get_host()})
        back = (came.path + (f"?{came.query}" if came.query else "")) if came.path and is_ours else back
        sent = {"sent": "1"}
    where = f"{address}?{urlencode({'next': back} | sent, safe='/')}"
    return HttpResponseRedirect(where)


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from: the peer, or behind ``settings.TRUSTED_PROXIES`` proxies what the outermost of them
    wrote into X-Forwarded-For. What stands before that the client may have made up. None where there is no address.
    """
    written = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES > 0:
        told = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if one.strip()]
        written = told[-settings.TRUSTED_PROXIES] if len(told) >= settings.TRUSTED_PROXIES else written
    try:
        return str(ipaddress.ip_address(written.strip("[]")))
    except ValueError:
        return None


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind a request: whoever has shown password and second factor in this session, else PUBLIC."""
    resumed = sessions.resume(request, now=clock.now())
    address = client_address(request)
    if resumed is None:
        return Actor(role=Role.PUBLIC, name="public", address=address, is_verified=False, is_fresh=False)
    chosen = request.session.get(ACTING_UNDER)
    mandate, ward = request.session.get(ACTING_FOR), request.session.get(ACTING_AS_GUARDIAN)
    return actor_for(
        resumed.account, address=address, chosen=chosen, mandate=mandate, guardianship=ward, is_fresh=resumed.is_fresh
    )


def actor_for(
    account: Account,
    *,
    address: str | None,
    chosen: int | None = None,
    mandate: int | None = None,
    guardianship: int | None = None,
    is_fresh: bool = True,
) -> Actor:
    """What somebody who has signed in to this account acts as, under the grant chosen; without any, for the organisation whose
    mandate they hold. A person is themself, unless they have chosen a mandate or a guardianship that holds."""
    now = clock.now()
    found = grants.actor(account.pk, name=account.username, at=now, chosen=chosen, address=address, is_fresh=is_fresh)
    if found.role is not Role.PUBLIC:
        return found
    if account.is_person:
        acting = found
        if guardianship:
            acting = guardians.actor(found, chosen=guardianship, at=now, is_fresh=is_fresh)
        elif mandate:
            acting = mandates.actor(found, at=now, chosen=mandate, is_fresh=is_fresh)
        return acting if acting.role is not Role.PUBLIC else persons.actor(found, is_fresh=is_fresh)
    return mandates.actor(found, at=now, chosen=mandate, is_fresh=is_fresh)
