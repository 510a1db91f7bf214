"""办件 What the desks of cases do alike, whichever the kind: the inbox by deadline, one case whole, a step by its form, a paper.

A kind (office/objections.py, office/repairs.py) says in one ``Desk`` where its pages are, which verbs of its room they call, and which
acts there are. Its views keep their own ``@access``.
"""

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.rights import case_page
from xinyong.rights.case_form import Do, StepForm
from xinyong.security.access import Role
from xinyong.web.words import Tag
from xinyong.workflow.case_view import Listed, SeenCase

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise

_PER_PAGE = 20
#: A form for a case as it is seen, filled in or not.
Make = Callable[..., StepForm]


def plain(kind: type[StepForm]) -> Make:
    """A form that takes nothing of the case but its last step."""
    return lambda seen, *data: kind(*data, after=seen.case.after)


def ruled(kind: Callable[..., StepForm]) -> Make:
    """A form that also asks for what the case's procedure allows."""
    return lambda seen, *data: kind(*data, after=seen.case.after, rules=seen.case.procedure)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done about a case: its title, its form, what it does. ``steps``: the steps of which one has to be open (of
    its own name, where none is named). ``is_grave``: its button warns."""

    title: "_StrPromise"
    make: Make
    do: Do
    steps: frozenset[str] = frozenset()
    is_grave: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """A kind of case, as who deals with it reads it. ``place`` is the address of its inbox; ``template`` the beginning of its
    templates' names (the inbox ``…s.html``, a case ``….html``, a step ``…_step.html``)."""

    place: str
    title: "_StrPromise"
    template: str
    states: Mapping[str, Tag]
    filters: Mapping[str, "_StrPromise"]
    inbox: Callable[..., Listed]
    find: Callable[..., SeenCase]
    paper: Callable[..., tuple[str, str]]
    acts: Mapping[str, Act]

    def page_of(self, case_id: int) -> str:
        """The address of a case."""
        return f"{self.place}{case_id}/"


def index(request: HttpRequest, desk: Desk, **more: Any) -> HttpResponse:
    """Open cases by deadline, with search; ended ones the newest first."""
    said, who = request.GET, answer.actor(request)
    state = said.get("state", "")
    state = state if state in desk.filters else ""
    text, is_over = said.get("q", "")[:100].replace("\x00", ""), said.get("over") == "1"
    found = desk.inbox(
        state=state, text=text, is_over=is_over, after=said.get("after", ""), limit=_PER_PAGE, seen_by=who, at=clock.now()
    )  # fmt: skip
    context = {
        "lines": [(replace(one, case=case_page.titled(one.case)), desk.states[one.case.state.id], case_page.clock(one.term)) for one in found.lines],
        "next_after": found.next_after, "is_first": "after" not in said, "filters": list(desk.filters.items()),
        "state": state, "q": text, "is_over": is_over, "over": found.over, "is_filtered": bool(state or text or is_over),
        "is_centre": who.role is Role.OPERATOR,
    }  # fmt: skip
    return answer.page(request, f"{desk.template}s.html", context | more)


def show(
    request: HttpRequest, desk: Desk, seen: SeenCase, *, lacks: Collection[str] = (), **more: Any
) -> HttpResponse:  # fmt: skip
    """One case whole: the clock, its terms, the papers, what was said, what can be done now; and ``more`` that its kind shows. Acts
    that it ``lacks`` are not offered."""
    one = case_page.titled(seen.case)
    acts = {name: act for name, act in desk.acts.items() if name not in lacks}
    context = {
        "one": one, "tag_of": desk.states[one.state.id], "stages": case_page.stepper(one), "pressing": one.pressing,
        "clock": case_page.clock(one.pressing), "term": case_page.named(one.pressing), "is_english": answer.is_english(),
        "is_centre": answer.actor(request).role is Role.OPERATOR,
        "terms": [(term, case_page.clock(term) if term.is_running else "") for term in one.terms],
        "course": case_page.course(one), "acts": case_page.offered(acts, seen), "rules": one.procedure,
        "lodged": case_page.told(one.steps[0], one),
    }  # fmt: skip
    return answer.page(request, f"{desk.template}.html", context | more)


def take(request: HttpRequest, desk: Desk, case_id: int, name: str, **more: Any) -> HttpResponse:
    """One step by its form."""
    act = desk.acts.get(name)
    if act is None:
        raise Http404
    who, now, one_id = answer.actor(request), clock.now(), answer.id_of(case_id)
    seen = desk.find(one_id, seen_by=who, at=now)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = act.make(seen, *data)
    if form.is_bound and form.is_valid():
        try:
            act.do(one_id, form, form.how | {"by": who, "at": now})
            messages.success(request, gettext("已办理：%(what)s。") % {"what": act.title})
            return HttpResponseRedirect(desk.page_of(one_id))
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    context = {
        "form": form, "one": case_page.titled(seen.case), "title": act.title, "is_grave": act.is_grave, "act": name, "is_centre": who.role is Role.OPERATOR,
        "place": desk.place, "desk_title": desk.title, "back": desk.page_of(one_id),
    }  # fmt: skip
    return answer.page(request, f"{desk.template}_step.html", context | more, status=400 if form.errors else 200)


def paper(request: HttpRequest, desk: Desk, case_id: int, number: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    with tempfile.TemporaryDirectory(prefix="xinyong-paper-") as folder:
        path = Path(folder) / "paper"
        name, content_type = desk.paper(answer.id_of(case_id), number, to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)
