"""The gate every request passes: who is asking, and does the view's declared action allow it."""

import ipaddress
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, NotFound
from xinyong.security import access, audit, grants, routes, scope
from xinyong.security.access import Actor, Role

#: Where a session keeps the grant it acts under; without it the oldest.
ACTING_UNDER = "acting_under"


class Gate:
    """Sets ``request.actor`` and refuses what the policy does not allow."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        with scope.acting(request.actor):  # type: ignore[attr-defined]
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Checks the view's declared action; sends somebody not signed in to the sign-in page."""
        action = routes.declared(view)
        actor = cast(Actor, request.actor)  # type: ignore[attr-defined]
        if action is None or access.may(actor, action):
            return None
        if actor.role is Role.PUBLIC and actor.account_id is None:
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        try:
            if actor.role is Role.PUBLIC:
                raise grants.NoGrant(
                    "您的账号目前没有有效授权：可能尚未授予、已经到期，或因调动而终止。请联系本单位管理员或信用中心。",
                    "Your account holds no right now: none was given, its time is over, or you have moved. Ask your unit's "
                    "administrator or the credit centre.",
                )
            access.require(actor, action)
        except Forbidden as error:
            _note_refusal(request, actor, error)
            # Django asks no process_exception about what process_view raises; handler403 finds our error as its cause.
            raise PermissionDenied(error.code) from error
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Notes what a room refused, or would not find for this actor; web/pages.py makes the page of it."""
        if isinstance(exception, (Forbidden, NotFound)):
            _note_refusal(request, cast(Actor, request.actor), exception)  # type: ignore[attr-defined]


def _note_refusal(request: HttpRequest, actor: Actor, error: Forbidden | NotFound) -> None:
    """An entry for an attempt that failed. Somebody not signed in is nobody: the public's dead links are no evidence."""
    if actor.account_id is not None or actor.role is not Role.PUBLIC:
        outcome = "not-found" if isinstance(error, NotFound) else "refused"
        audit.enter(
            audit.Event.ACCESS_REFUSED, by=actor, object_kind="page", object_ref=request.path[:80], outcome=outcome,
            method=request.method, code=error.code,
        )  # fmt: skip


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
    """The actor behind a request, from its session; PUBLIC when nobody is signed in."""
    user = request.user
    address = client_address(request)
    if not user.is_authenticated:
        return Actor(role=Role.PUBLIC, name="public", address=address)
    return grants.actor(
        user.pk, name=user.get_username(), at=clock.now(), chosen=request.session.get(ACTING_UNDER), address=address
    )
