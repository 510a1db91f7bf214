"""查询额度 What one visitor may look up: free look-ups, more after a proof of work, and a bound on what is shown at all.

- ``@look_up`` before a page that answers a question about organisations: a token each; without one, a puzzle, or waiting.
- ``shown(...)`` before a page that names organisations goes out: a token for each one named. No proof adds to these: they
  bound what a program, however quick, takes home in ten minutes (docs/explanation/anti-scraping.md has the figures).
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from xinyong.kernel import clock
from xinyong.security.access import Action, access
from xinyong.security.gate import client_address
from xinyong.web import limits, proof, refusals
from xinyong.web.limits import TooMany

View = TypeVar("View", bound=Callable[..., HttpResponse])

#: Look-ups that one solved puzzle buys.
BOUGHT = 20


def look_up(view: View) -> View:
    """Takes a look-up before the view runs; who has none left gets the page that says how to go on."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.RATE_LIMITS_ON:
            try:
                limits.take(limits.named("look-up"), address=_address(request), now=clock.now())
            except TooMany as refused:
                return _puzzle(request, refused)
        return view(request, *args, **kwargs)

    return cast(View, checked)


def shown(request: HttpRequest, organisations: int) -> None:
    """Counts the organisations that a page is about to name. Raises TooMany before any of them is."""
    if settings.RATE_LIMITS_ON and organisations:
        limits.take(limits.named("shown"), address=_address(request), now=clock.now(), cost=organisations)


@access(Action.VIEW_PUBLIC)
@csrf_exempt  # it spends a puzzle that only its solver has; so that no look-up needs a token cookie for it
@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """Takes a solution, gives look-ups for it and leads back to the page that was asked for."""
    address, now = _address(request), clock.now()
    seed = proof.check(
        request.POST.get("token", ""), request.POST.get("counter", ""), network=limits.network(address)
    )  # fmt: skip
    limits.take(limits.named("proof"), address=address, now=now)
    if not limits.first_time("proof", seed, now=now):
        raise proof.used()
    limits.give_back(limits.named("look-up"), address=address, now=now, tokens=BOUGHT)
    response = HttpResponseRedirect(_target(request))
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    return response


def _puzzle(request: HttpRequest, refused: TooMany) -> HttpResponse:
    address, now = _address(request), clock.now()
    proofs = limits.named("proof")
    client, network = limits.levels(proofs, address=address, now=now)
    wait = refused.facts["retry_after"]
    context: dict[str, object] = {"wait": wait, "here": request.get_full_path()}
    if request.method in {"GET", "HEAD"} and min(client, network) >= 1:
        solved = math.ceil(proofs.burst - client)
        context["challenge"] = proof.challenge(network=limits.network(address), solved=solved)
    refusals.note(request, refused.code)
    response = render(request, "web/proof.html", context, status=429)
    response["Retry-After"] = str(wait)
    response["Cache-Control"] = "no-store"
    return response


def _target(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours and urlsplit(target).path != reverse("go-on") else "/"


def _address(request: HttpRequest) -> str:
    return client_address(request) or ""
