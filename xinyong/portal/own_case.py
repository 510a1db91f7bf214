"""办件 What the pages of one's own cases do alike, whichever the kind: the list, one case, a further step by its form, a paper.

A kind (portal/objections.py, portal/repairs.py) says in one ``Kind`` where its pages are, which verbs of its room they call, and which
acts there are. Its views keep their own ``@access``.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.portal import own_after, own_page
from xinyong.rights import case_page
from xinyong.rights.case_form import Do, StepForm
from xinyong.security.access import Action
from xinyong.web.words import Tag
from xinyong.workflow.case_view import CaseView, SeenCase

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise

_PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done about a case: its title, its form, what it does, what is said once it is done. ``steps``: the steps
    of which one has to be open (of its own name, where none is named). ``is_grave``: its button warns."""

    title: "_StrPromise"
    form: type[StepForm]
    do: Do
    done: "_StrPromise"
    steps: frozenset[str] = frozenset()
    is_grave: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of case, as whoever it is about reads it. ``place`` is the address of its list; ``template`` the beginning of its
    templates' names (the list ``…s.html``, a case ``….html``, a step ``…_step.html``), ``frame`` what they stand in. ``sees``: what one
    may do who may see the list."""

    place: str
    title: "_StrPromise"
    template: str
    frame: str
    states: Mapping[str, Tag]
    listing: Callable[..., list[CaseView]]
    find: Callable[..., SeenCase]
    paper: Callable[..., tuple[str, str]]
    acts: Mapping[str, Act]
    sees: Action = Action.VIEW_OWN

    def page_of(self, case_id: int) -> str:
        """The address of a case."""
        return f"{self.place}{case_id}/"


def index(request: HttpRequest, kind: Kind) -> HttpResponse:
    """One's cases, the newest first."""
    after = own_page.number(request.GET.get("after"))
    found = kind.listing(by=own_page.actor(request), at=clock.now(), after=after, limit=_PER_PAGE + 1)
    context = {
        "lines": [
            (case_page.titled(one), kind.states[one.state.id], case_page.clock(one.pressing))
            for one in found[:_PER_PAGE]
        ],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
    }
    return own_page.page(request, f"{kind.template}s.html", context)


def show(request: HttpRequest, kind: Kind, seen: SeenCase, **more: Any) -> HttpResponse:
    """One case: how far it is, until when, what was said, what can be done now; and ``more`` that its kind shows."""
    one = case_page.titled(seen.case)
    context = {
        "one": one, "tag_of": kind.states[one.state.id], "stages": case_page.stepper(one), "pressing": one.pressing,
        "clock": case_page.clock(one.pressing), "term": case_page.named(one.pressing), "course": case_page.course(one),
        "acts": case_page.offered(kind.acts, seen), "rules": one.procedure,
    }  # fmt: skip
    return own_page.page(request, f"{kind.template}.html", context | own_after.context(one) | more)


def lodged(
    request: HttpRequest, kind: Kind, form: StepForm, lodge: Callable[[], tuple[CaseView, bool]], *, said: str
) -> tuple[HttpResponse | None, int]:  # fmt: skip
    """Opens a case by a form that was sent: where that leads; or None, and the status of the page that shows the form."""
    if not form.is_bound:
        return None, 200
    if not form.is_valid():
        return None, 400
    try:
        made, is_new = lodge()
    except XinyongError as error:
        return None, own_page.say(form, error)
    if is_new:
        messages.success(request, said)
    return HttpResponseRedirect(kind.page_of(made.id)), 302


def take(request: HttpRequest, kind: Kind, case_id: int, name: str, **more: Any) -> HttpResponse:
    """A further step by its form."""
    act = kind.acts.get(name)
    if act is None:
        raise Http404
    who, now, one_id = own_page.actor(request), clock.now(), own_page.id_of(case_id)
    status = 400 if request.method == "POST" else 200
    seen = kind.find(one_id, by=who, at=now) if request.method == "GET" else None
    form = act.form(request.POST, request.FILES) if seen is None else act.form(after=seen.case.after)
    if seen is None and form.is_valid():
        try:
            act.do(one_id, form, form.how | {"by": who, "at": now})
            messages.success(request, act.done)
            return HttpResponseRedirect(kind.page_of(one_id))
        except NotFound:
            raise
        except XinyongError as error:
            status = own_page.say(form, error)
    seen = seen or kind.find(one_id, by=who, at=now)
    context = {
        "form": form, "one": case_page.titled(seen.case), "act": name, "title": act.title, "is_grave": act.is_grave, "place": kind.place,
        "back": kind.page_of(one_id), "kind_title": kind.title, "frame": kind.frame,
    }  # fmt: skip
    return own_page.page(request, f"{kind.template}_step.html", context | more, status=status)


def paper(request: HttpRequest, kind: Kind, case_id: int, number: int) -> HttpResponseBase:
    """A paper that one handed in."""
    with tempfile.TemporaryDirectory(prefix="xinyong-paper-") as folder:
        path = Path(folder) / "paper"
        name, content_type = kind.paper(own_page.id_of(case_id), number, to=path, by=own_page.actor(request))
        response = FileResponse(path.open("rb"), content_type=content_type, as_attachment=True, filename=name)
    return own_page.kept_by_nobody(response)
