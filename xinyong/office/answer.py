"""What every office view gives back: a page for one person, never kept by a cache."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from xinyong.security.access import Action, Actor, may


def actor(request: HttpRequest) -> Actor:
    """Who is asking (the gate has set it)."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The rendered page, with the navigation this actor may use."""
    who = actor(request)
    rights = {
        "may_submit": may(who, Action.SUBMIT),
        "may_audit": may(who, Action.VIEW_AUDIT),
        "may_review": may(who, Action.REVIEW_LINKS),
        "may_see_submissions": may(who, Action.VIEW_SUBMISSION),
    }
    response = render(request, template, context | rights | {"here": request.path}, status=status)
    response["Cache-Control"] = "no-store"
    return response
