"""What every office view gives back: a page for one person, never kept by a cache."""

from pathlib import Path
from typing import Any, TypeVar, cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language

from xinyong.security.access import Action, Actor, may

Kept = TypeVar("Kept", bound=HttpResponseBase)

#: The largest id a database keeps; an address may say any number.
_LARGEST = 2**63 - 1


def actor(request: HttpRequest) -> Actor:
    """Who is asking (the gate has set it)."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def is_english() -> bool:
    """True on an English page."""
    return (get_language() or "").startswith("en")


def number(text: str | None) -> int | None:
    """The id that an address or a form says; None when it says none."""
    return min(int(text), _LARGEST) if text and text.isascii() and text.isdecimal() and len(text) < 100 else None


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The rendered page, with the navigation this actor may use."""
    who = actor(request)
    rights = {
        "may_submit": may(who, Action.SUBMIT),
        "may_audit": may(who, Action.VIEW_AUDIT),
        "may_review": may(who, Action.REVIEW_LINKS),
        "may_see_submissions": may(who, Action.VIEW_SUBMISSION),
    }
    return kept_by_nobody(render(request, template, context | rights | {"path": request.path}, status=status))


def download(path: Path, *, name: str, content_type: str) -> FileResponse:
    """The file under a name that may be Chinese; an open handle is enough, the caller may remove the file."""
    response = FileResponse(path.open("rb"), content_type=content_type, as_attachment=True, filename=name)
    return kept_by_nobody(response)


def kept_by_nobody(response: Kept) -> Kept:
    """Also the browser forgets it: after signing out, Back shows nothing."""
    response["Cache-Control"] = "no-store"
    return response
