"""异议 An organisation's objections: what it objected to and how that stands, objecting anew from a record's page, its further steps."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.portal import own_page
from xinyong.rights import case_form, case_page, objection
from xinyong.rights.objection import Said, Seen
from xinyong.security.access import Action, access
from xinyong.web.words import CASE_STATES

_PER_PAGE = 20
_LARGEST = 2**63 - 1


@access(Action.VIEW_OWN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The organisation's objections, the newest first."""
    found = objection.listing(
        by=own_page.actor(request), at=clock.now(), after=own_page.number(request.GET.get("after")), limit=_PER_PAGE + 1
    )
    context = {
        "lines": [(one, CASE_STATES[one.state.id], case_page.clock(one.pressing)) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
    }
    return own_page.page(request, "portal/objections.html", context)


@access(Action.OBJECT)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    """Objects to a record: why, on which ground, what it should say, on which papers."""
    who, now = own_page.actor(request), clock.now()
    record = objection.own_record(ref, by=who, at=now)
    rules = objection.procedure(objection.day(now))
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = case_form.Lodge(*data, rules=rules, record=record)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            said = Said(form.cleaned_data["ground"], form.cleaned_data["statement"], form.changes)
            try:
                made, is_new = objection.lodge(
                    ref, said, papers=form.papers, token=form.cleaned_data["token"], by=who, at=now
                )
                if is_new:
                    messages.success(request, gettext("异议已提出。这条记录从现在起标注“争议中”，直到异议办结。"))
                return HttpResponseRedirect(f"/own/objections/{made.id}/")
            except XinyongError as error:
                status = own_page.say(form, error)
    context = {"form": form, "record": record, "rules": rules}
    return own_page.page(request, "portal/objection_new.html", context, status=status)


@access(Action.VIEW_OWN)
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """One objection: how far it is, until when, what was said, what can be done now."""
    seen = objection.find(_id(case_id), by=own_page.actor(request), at=clock.now())
    one = seen.case
    context = {
        "one": one, "record": seen.record, "tag_of": CASE_STATES[one.state.id], "stages": case_page.stepper(one),
        "clock": case_page.clock(one.pressing), "pressing": one.pressing, "term": case_page.named(one.pressing),
        "course": case_page.course(one),
        "acts": [(name, title) for name, title, is_quiet in _offered(seen)], "rules": one.procedure,
        "is_shown": not seen.datum.is_withdrawn,
    }  # fmt: skip
    return own_page.page(request, "portal/objection.html", context)


@access(Action.OBJECT)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, case_id: int, step: str) -> HttpResponse:
    """A further step: papers, withdrawal, statement of disagreement, review."""
    if step not in _ACTS:
        raise Http404
    kind, do, done = _ACTS[step]
    who, now, one_id = own_page.actor(request), clock.now(), _id(case_id)
    status = 400 if request.method == "POST" else 200
    seen = objection.find(one_id, by=who, at=now) if request.method == "GET" else None
    form = kind(request.POST, request.FILES) if seen is None else kind(after=seen.case.after)
    if seen is None and form.is_valid():
        try:
            do(
                one_id,
                form,
                {"after": form.cleaned_data["after"], "token": form.cleaned_data["token"], "by": who, "at": now},
            )
            messages.success(request, done())
            return HttpResponseRedirect(f"/own/objections/{one_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            status = own_page.say(form, error)
    seen = seen or objection.find(one_id, by=who, at=now)
    context = {"form": form, "one": seen.case, "act": step, "title": _title(step)}
    return own_page.page(request, "portal/objection_step.html", context, status=status)


@access(Action.VIEW_OWN)
@require_GET
def paper(request: HttpRequest, case_id: int, proof_no: int) -> HttpResponseBase:
    """A paper that the organisation handed in."""
    with tempfile.TemporaryDirectory(prefix="xinyong-paper-") as folder:
        path = Path(folder) / "paper"
        name, content_type = objection.paper(_id(case_id), proof_no, to=path, by=own_page.actor(request))
        response = FileResponse(path.open("rb"), content_type=content_type, as_attachment=True, filename=name)
    return own_page.kept_by_nobody(response)


def _add(case_id: int, form: Any, how: dict[str, Any]) -> None:
    objection.add(case_id, papers=form.papers, note=form.cleaned_data["reason"], **how)


def _withdraw(case_id: int, form: Any, how: dict[str, Any]) -> None:
    objection.withdraw(case_id, reason=form.cleaned_data["reason"], **how)


def _state(case_id: int, form: Any, how: dict[str, Any]) -> None:
    objection.state_disagreement(case_id, text=form.cleaned_data["text"], **how)


def _review(case_id: int, form: Any, how: dict[str, Any]) -> None:
    objection.ask_review(case_id, reason=form.cleaned_data["reason"], **how)


_Do = Callable[[int, Any, dict[str, Any]], None]
#: Act → its form, what it does, what is said when it was done.
_ACTS: dict[str, tuple[type[case_form.StepForm], _Do, Callable[[], str]]] = {
    "add": (case_form.Add, _add, lambda: gettext("材料已补充。")),
    "withdraw": (case_form.Note, _withdraw, lambda: gettext("异议已撤回，记录不再标注“争议中”。")),
    "state": (case_form.Statement, _state, lambda: gettext("声明已附在记录上，随记录公开。")),
    "ask-review": (case_form.Reason, _review, lambda: gettext("已申请复核，由另一位工作人员办理。")),
}


def _title(act: str) -> str:
    return {
        "add": gettext("补充材料"), "withdraw": gettext("撤回异议"), "state": gettext("附异议声明"),
        "ask-review": gettext("申请复核"),
    }[act]  # fmt: skip


def _offered(seen: Seen) -> list[tuple[str, str, bool]]:
    return [(act, _title(act), act == "withdraw") for act in _ACTS if act in seen.may]


def _id(number: int) -> int:
    return min(number, _LARGEST)
