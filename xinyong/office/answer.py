"""What every office view gives back: a page for one person, never kept by a cache."""

from pathlib import Path
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language

from xinyong.kernel.errors import XinyongError
from xinyong.office import places
from xinyong.security.access import Action, Actor, FactorNeeded, may
from xinyong.workflow import notices

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


def id_of(number: int) -> int:
    """An id that an address says, no larger than ids are."""
    return min(number, _LARGEST)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, also nothing at all; None when it was only asked for."""
    return request.POST if request.method == "POST" else None


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The rendered page, with the navigation this actor may use."""
    who = actor(request)
    rights = {
        "may_submit": may(who, Action.SUBMIT),
        "may_take_receipt": may(who, Action.VIEW_RECEIPT),
        "may_declare": may(who, Action.DECLARE),
        "may_oversee": may(who, Action.OVERSEE_REPORTING),
        "may_issue_bulletins": may(who, Action.ISSUE_BULLETIN),
        "may_see_notices": may(who, Action.VIEW_NOTICES),
        "unread": notices.unread(who) if may(who, Action.READ_NOTICES) else 0,
        "may_manage_tasks": may(who, Action.MANAGE_TASKS),
        "may_settle": may(who, Action.SETTLE_DOUBTS),
        "may_trace": may(who, Action.VIEW_LINEAGE),
        "may_annul": may(who, Action.ANNUL_RECORD),
        "may_explain": may(who, Action.EXPLAIN_ACCESS),
        "may_decide": may(who, Action.APPROVE),
    }
    return kept_by_nobody(
        render(request, template, rights | context | {"path": request.path, "places": places.of(who)}, status=status)
    )


def form(
    request: HttpRequest, bound: Form, *, title: str, button: str, back: str, intro: str = "", is_adverse: bool = False
) -> HttpResponse:
    """The page of one plain form: what it does, its fields, one button, the way back."""
    context = {"form": bound, "title": title, "button": button, "back": back, "intro": intro, "is_adverse": is_adverse}
    return page(request, "office/form.html", context, status=400 if bound.errors else 200)


def said(error: XinyongError) -> str:
    """A refusal in the page's language; with the code of the invariant it guards (docs/reference/invariants.md)."""
    named = f" [{error.invariant}]" if is_english() else f"（{error.invariant}）"
    return (error.en if is_english() else error.zh) + (named if error.invariant else "")


def say(bound: Form, error: XinyongError) -> None:
    """Puts a refusal above the form it concerns; what is missing is a second factor goes up to the gate."""
    if isinstance(error, FactorNeeded):
        raise error
    bound.add_error(None, said(error))


def warn(request: HttpRequest, error: XinyongError) -> None:
    """Says a refusal on the page that comes next."""
    messages.warning(request, said(error))


def download(path: Path, *, name: str, content_type: str) -> FileResponse:
    """The file under a name that may be Chinese; an open handle is enough, the caller may remove the file."""
    response = FileResponse(path.open("rb"), content_type=content_type, as_attachment=True, filename=name)
    return kept_by_nobody(response)


def kept_by_nobody(response: Kept) -> Kept:
    """Also the browser forgets it: after signing out, Back shows nothing."""
    response["Cache-Control"] = "no-store"
    return response
