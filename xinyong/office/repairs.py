"""修复办理 The desk of repairs: what presses most first, one application whole with its papers and letter, each step by its form."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.rights import case_form, case_page, repair_desk, repair_form
from xinyong.rights.repair import SeenRepair
from xinyong.security.access import Action, Role, access
from xinyong.web.words import REPAIR_STATES

_PER_PAGE = 20
_LARGEST = 2**63 - 1
_FILTERS = {
    "": gettext_lazy("在办"), "with-source": gettext_lazy("待受理"), "incomplete": gettext_lazy("待补正"),
    "accepted": gettext_lazy("审查中"), "review": gettext_lazy("复核中"), "syncing": gettext_lazy("各方同步中"),
    "ended": gettext_lazy("已办结"),
}  # fmt: skip


@access(Action.VIEW_REPAIRS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Open applications by deadline, with search; ended ones the newest first."""
    said = request.GET
    state = said.get("state", "")
    state = state if state in _FILTERS else ""
    text, is_over = said.get("q", "")[:100].replace("\x00", ""), said.get("over") == "1"
    who = answer.actor(request)
    found = repair_desk.inbox(
        state=state, text=text, is_over=is_over, after=said.get("after", ""), limit=_PER_PAGE, seen_by=who, at=clock.now()
    )  # fmt: skip
    context = {
        "lines": [(one, REPAIR_STATES[one.case.state.id], case_page.clock(one.term)) for one in found.lines],
        "next_after": found.next_after, "is_first": "after" not in said, "filters": list(_FILTERS.items()), "state": state,
        "q": text, "is_over": is_over, "over": found.over, "is_filtered": bool(state or text or is_over),
        "is_centre": who.role is Role.OPERATOR,
    }  # fmt: skip
    return answer.page(request, "office/repairs.html", context)


@access(Action.VIEW_REPAIRS)
@require_GET
def case(request: HttpRequest, repair_id: int) -> HttpResponse:
    """One application whole: the record, the conditions at the time, the letter, the clock, the papers, what can be done now."""
    seen = repair_desk.find(_id(repair_id), seen_by=answer.actor(request), at=clock.now())
    one = seen.case
    context = {
        "one": one, "record": seen.record, "is_withdrawn": seen.datum.is_withdrawn, "is_repaired": seen.is_repaired,
        "tag_of": REPAIR_STATES[one.state.id], "stages": case_page.stepper(one), "clock": case_page.clock(one.pressing),
        "pressing": one.pressing, "term": case_page.named(one.pressing), "is_english": answer.is_english(),
        "is_centre": answer.actor(request).role is Role.OPERATOR,
        "terms": [(term, case_page.clock(term) if term.is_running else "") for term in one.terms],
        "course": case_page.course(one), "acts": _offered(seen), "rules": one.procedure, "letter": seen.letter,
        "lodged": case_page.told(one.steps[0], one), "recipients": seen.recipients,
    }  # fmt: skip
    return answer.page(request, "office/repair.html", context)


@access(Action.VIEW_REPAIRS)
@require_GET
def paper(request: HttpRequest, repair_id: int, proof_no: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    with tempfile.TemporaryDirectory(prefix="xinyong-paper-") as folder:
        path = Path(folder) / "paper"
        name, content_type = repair_desk.paper(_id(repair_id), proof_no, to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


@access(Action.DECIDE_REPAIR)
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, repair_id: int, act: str) -> HttpResponse:
    """One step by its form."""
    if act not in _ACTS:
        raise Http404
    kind, do = _ACTS[act]
    who, now, one_id = answer.actor(request), clock.now(), _id(repair_id)
    seen = repair_desk.find(one_id, seen_by=who, at=now)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = kind(*data, after=seen.case.after)
    if request.method == "POST" and form.is_valid():
        how = {"after": form.cleaned_data["after"], "token": form.cleaned_data["token"], "by": who, "at": now}
        try:
            do(one_id, form, how)
            messages.success(request, gettext("已办理：%(what)s。") % {"what": _title(act)})
            return HttpResponseRedirect(f"/office/repairs/{one_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    context = {
        "form": form, "one": seen.case, "title": _title(act), "act": act, "is_centre": who.role is Role.OPERATOR
    }  # fmt: skip
    return answer.page(request, "office/repair_step.html", context, status=400 if form.errors else 200)


Do = Callable[[int, Any, Mapping[str, Any]], object]


def _reasoned(verb: Callable[..., object], *names: str, has_papers: bool = False) -> Do:
    def do(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
        said = {name: form.cleaned_data[name] for name in names} | ({"papers": form.papers} if has_papers else {})
        return verb(case_id, **said, **how)

    return do


def _review(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return repair_desk.review(case_id, is_returned=said["outcome"] == "return", reason=said["reason"], **how)


#: Act → its form and what it does.
_ACTS: dict[str, tuple[type[case_form.StepForm], Do]] = {
    "accept": (repair_form.Verdict, _reasoned(repair_desk.accept, has_papers=True)),
    "ask": (case_form.Reason, _reasoned(repair_desk.ask, "reason")),
    "refuse": (repair_form.Reasoned, _reasoned(repair_desk.refuse, "reason", has_papers=True)),
    "grant": (repair_form.Verdict, _reasoned(repair_desk.grant, "reason", has_papers=True)),
    "deny": (repair_form.Reasoned, _reasoned(repair_desk.deny, "reason", has_papers=True)),
    "extend": (repair_form.Longer, _reasoned(repair_desk.extend, "days", "reason")),
    "review": (repair_form.Review, _review),
    "close": (case_form.Plain, _reasoned(repair_desk.close)),
    "revoke": (repair_form.Revoke, _reasoned(repair_desk.revoke, "cause", "reason")),
}
#: Act → the steps of which one has to be open.
_STEPS = {"review": {"review-return", "review-uphold"}}


def _title(act: str) -> str:
    return {
        "accept": gettext("受理"), "ask": gettext("一次性告知补正"), "refuse": gettext("不予受理"),
        "grant": gettext("准予修复"), "deny": gettext("不予修复"), "extend": gettext("延长办理期限"),
        "review": gettext("复核"), "close": gettext("核对回执并办结"), "revoke": gettext("撤销修复"),
    }[act]  # fmt: skip


def _offered(seen: SeenRepair) -> list[tuple[str, str]]:
    """The acts that who asks can take now."""
    return [(act, _title(act)) for act in _ACTS if _STEPS.get(act, {act}) & seen.may]


def _id(number: int) -> int:
    return min(number, _LARGEST)
