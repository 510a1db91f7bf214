"""What every page of the own area (本人专区) gives back: kept by no cache, for whoever is signed in, with their own navigation."""

from typing import Any, TypeVar, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.portal import answer, own_places
from xinyong.rights import consent
from xinyong.security import guardians, mandates
from xinyong.security.access import Action, Actor, FactorNeeded, Role, may
from xinyong.subjects import registry
from xinyong.workflow import subject_notices

Kept = TypeVar("Kept", bound=HttpResponseBase)

LARGEST = 2**63 - 1


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The rendered page, with whom its reader acts for and where they can go."""
    who = actor(request)
    is_person = who.role is Role.PERSON
    held = mandates.of_account(who.account_id or 0, at=clock.now())
    own = next((one for one in held if one.subject_id == who.subject), None) if not is_person else None
    acting = guardians.of_account(who.account_id or 0, at=clock.now()) if who.guardianship is not None else []
    ward = next((one for one in acting if one.id == who.guardianship), None)
    may_appoint = own is not None and own.kind == mandates.LEGAL
    more = own_places.navigation(who, request.path, may_appoint=may_appoint) | {
        "organisation": registry.by_id(who.subject) if who.subject is not None and not is_person else None,
        "mandate": own,
        "others": [(one, registry.by_id(one.subject_id).name) for one in held if one is not own and ward is None],
        "is_person": is_person,
        "may_be_person": not is_person and mandates.is_of_person(who.account_id or 0),
        "may_appoint": may_appoint,
        "asked": consent.waiting(by=who, at=clock.now()) if may(who, Action.GIVE_CONSENT) else 0,
        "ward": ward,
        "wards": guardians.of_account(who.account_id or 0, at=clock.now()) if is_person and ward is None else [],
        "unread": subject_notices.unread(who) if may(who, Action.READ_OWN_NOTICES) else 0,
    }
    return kept_by_nobody(render(request, template, more | context, status=status))


def kept_by_nobody(response: Kept) -> Kept:
    """Also the browser forgets it, and no search engine keeps it."""
    hide(response)
    return response


def hide(response: HttpResponseBase) -> None:
    """The headers of what nobody keeps."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, noarchive"


def actor(request: HttpRequest) -> Actor:
    """Who is asking (the gate has set it)."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def id_of(number: int) -> int:
    """An id that an address says, no larger than ids are."""
    return min(number, LARGEST)


def number(text: str | None) -> int | None:
    """The id that an address or a form says; None when it says none."""
    return min(int(text), LARGEST) if text and text.isascii() and text.isdecimal() and len(text) < 100 else None


def is_english() -> bool:
    """True on an English page."""
    return (get_language() or "").startswith("en")


def said(error: XinyongError) -> str:
    """A refusal in the page's language; with the code of the invariant it guards, by which it can be asked about."""
    words = answer.word(error.zh, error.en)
    if not error.invariant:
        return words
    return f"{words} [{error.invariant}]" if is_english() else f"{words}（{error.invariant}）"


def say(bound: forms.Form, error: XinyongError) -> int:
    """Puts a refusal above the form; what is missing is a second factor goes up to the gate."""
    if isinstance(error, FactorNeeded):
        raise error
    bound.add_error(None, said(error))
    return error.status
