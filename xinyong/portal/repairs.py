"""信用修复 An organisation's applications for repair: what each record takes and since when, applying on one page, further steps."""

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
from xinyong.rights import case_form, case_page, repair, repair_form, repair_rules
from xinyong.rights.objection import day
from xinyong.rights.repair import Application, SeenRepair
from xinyong.security.access import Action, access
from xinyong.web.words import REPAIR_STATES

_PER_PAGE = 20
_LARGEST = 2**63 - 1


@access(Action.VIEW_OWN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The organisation's applications, the newest first."""
    found = repair.listing(
        by=own_page.actor(request), at=clock.now(), after=own_page.number(request.GET.get("after")), limit=_PER_PAGE + 1
    )
    context = {
        "lines": [(one, REPAIR_STATES[one.state.id], case_page.clock(one.pressing)) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
    }
    return own_page.page(request, "portal/repairs.html", context)


@access(Action.APPLY_REPAIR)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    """The conditions of a record's repair, met or not and why; where nothing stands against it, the application on the same page."""
    who, now = own_page.actor(request), clock.now()
    asked = (request.POST if request.method == "POST" else request.GET).get("ground", "")
    grounds = repair_rules.in_force(day(now)).grounds
    ground = asked if asked in {one.id for one in grounds} else repair_rules.CORRECTED
    record, found = repair.eligibility(ref, ground, by=who, at=now)
    has_letter = any(one.id == "commitment" for one in found.conditions)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = repair_form.Apply(*data, has_letter=has_letter)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            said = Application(ground, form.cleaned_data["statement"], form.cleaned_data.get("signer", ""))
            try:
                made, is_new = repair.apply(
                    ref, said, papers=form.papers, token=form.cleaned_data["token"], by=who, at=now
                )
                if is_new:
                    messages.success(request, gettext("申请已提交，认定单位已经收到。"))
                return HttpResponseRedirect(f"/own/repairs/{made.id}/")
            except XinyongError as error:
                status = own_page.say(form, error)
    context = {
        "form": form, "record": record, "found": found, "ground": ground, "rules": found.procedure,
        "grounds": [(one.id, case_page.word(one.zh, one.en)) for one in grounds],
        "conditions": [(one, case_page.word(one.zh, one.en)) for one in found.conditions],
        "letter": repair.letter(record, signer="", on=day(now)) if has_letter else "",
    }  # fmt: skip
    return own_page.page(request, "portal/repair_new.html", context, status=status)


@access(Action.VIEW_OWN)
@require_GET
def case(request: HttpRequest, repair_id: int) -> HttpResponse:
    """One application: how far it is, until when, what was said, who has still to follow, what can be done now."""
    seen = repair.find(_id(repair_id), by=own_page.actor(request), at=clock.now())
    one = seen.case
    context = {
        "one": one, "record": seen.record, "tag_of": REPAIR_STATES[one.state.id], "stages": case_page.stepper(one),
        "clock": case_page.clock(one.pressing), "pressing": one.pressing, "term": case_page.named(one.pressing),
        "course": case_page.course(one), "acts": _offered(seen), "rules": one.procedure, "recipients": seen.recipients,
        "is_shown": not seen.is_repaired and not seen.datum.is_withdrawn, "has_letter": bool(seen.letter),
    }  # fmt: skip
    return own_page.page(request, "portal/repair.html", context)


@access(Action.VIEW_OWN)
@require_GET
def letter(request: HttpRequest, repair_id: int) -> HttpResponse:
    """The letter of commitment as it was signed, to be read and printed."""
    seen = repair.find(_id(repair_id), by=own_page.actor(request), at=clock.now())
    if not seen.letter:
        raise Http404
    title, *lines = seen.letter.split("\n")
    return own_page.page(request, "portal/repair_letter.html", {"one": seen.case, "title": title, "lines": lines})


@access(Action.APPLY_REPAIR)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, repair_id: int, act: str) -> HttpResponse:
    """A further step: papers, withdrawal, review."""
    if act not in _ACTS:
        raise Http404
    kind, do, done = _ACTS[act]
    who, now, one_id = own_page.actor(request), clock.now(), _id(repair_id)
    status = 400 if request.method == "POST" else 200
    seen = repair.find(one_id, by=who, at=now) if request.method == "GET" else None
    form = kind(request.POST, request.FILES) if seen is None else kind(after=seen.case.after)
    if seen is None and form.is_valid():
        how = {"after": form.cleaned_data["after"], "token": form.cleaned_data["token"], "by": who, "at": now}
        try:
            do(one_id, form, how)
            messages.success(request, done())
            return HttpResponseRedirect(f"/own/repairs/{one_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            status = own_page.say(form, error)
    seen = seen or repair.find(one_id, by=who, at=now)
    context = {"form": form, "one": seen.case, "act": act, "title": _title(act)}
    return own_page.page(request, "portal/repair_step.html", context, status=status)


@access(Action.VIEW_OWN)
@require_GET
def paper(request: HttpRequest, repair_id: int, proof_no: int) -> HttpResponseBase:
    """A paper that the organisation handed in."""
    with tempfile.TemporaryDirectory(prefix="xinyong-paper-") as folder:
        path = Path(folder) / "paper"
        name, content_type = repair.paper(_id(repair_id), proof_no, to=path, by=own_page.actor(request))
        response = FileResponse(path.open("rb"), content_type=content_type, as_attachment=True, filename=name)
    return own_page.kept_by_nobody(response)


def _add(case_id: int, form: Any, how: dict[str, Any]) -> None:
    repair.add(case_id, papers=form.papers, note=form.cleaned_data["reason"], **how)


def _withdraw(case_id: int, form: Any, how: dict[str, Any]) -> None:
    repair.withdraw(case_id, reason=form.cleaned_data["reason"], **how)


def _review(case_id: int, form: Any, how: dict[str, Any]) -> None:
    repair.ask_review(case_id, reason=form.cleaned_data["reason"], **how)


_Do = Callable[[int, Any, dict[str, Any]], None]
#: Act → its form, what it does, what is said when it was done.
_ACTS: dict[str, tuple[type[case_form.StepForm], _Do, Callable[[], str]]] = {
    "add": (case_form.Add, _add, lambda: gettext("材料已补充。")),
    "withdraw": (case_form.Note, _withdraw, lambda: gettext("申请已撤回，记录保持原样。")),
    "ask-review": (case_form.Reason, _review, lambda: gettext("已提出，由信用中心另一位工作人员复核。")),
}


def _title(act: str) -> str:
    return {
        "add": gettext("补充材料"), "withdraw": gettext("撤回申请"), "ask-review": gettext("对结果提出异议"),
    }[act]  # fmt: skip


def _offered(seen: SeenRepair) -> list[tuple[str, str]]:
    steps = {"add": {"add", "supplement"}}
    return [(act, _title(act)) for act in _ACTS if steps.get(act, {act}) & seen.may]


def _id(number: int) -> int:
    return min(number, _LARGEST)
