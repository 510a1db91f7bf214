"""异议办理 The desk of objections: what presses most first, one case whole, each step by its form; many taken up or forwarded at once."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.rights import case_form, case_page, objection_desk
from xinyong.rights.objection import Seen
from xinyong.security.access import Action, Role, access
from xinyong.web.words import CASE_STATES

_PER_PAGE = 20
_LARGEST = 2**63 - 1
_FILTERS = {
    "": gettext_lazy("在办"), "received": gettext_lazy("待核查"), "with-source": gettext_lazy("信源单位核实中"),
    "answered": gettext_lazy("待结论"), "correcting": gettext_lazy("待更正"), "paused": gettext_lazy("暂停计时"),
    "review": gettext_lazy("复核中"), "ended": gettext_lazy("已办结"),
}  # fmt: skip


@access(Action.VIEW_OBJECTIONS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Open objections by deadline, with search; ended ones the newest first."""
    said = request.GET
    state = said.get("state", "")
    state = state if state in _FILTERS else ""
    text, is_over = said.get("q", "")[:100].replace("\x00", ""), said.get("over") == "1"
    who = answer.actor(request)
    found = objection_desk.inbox(
        state=state,
        text=text,
        is_over=is_over,
        after=said.get("after", ""),
        limit=_PER_PAGE,
        seen_by=who,
        at=clock.now(),
    )
    context = {
        "lines": [(one, CASE_STATES[one.case.state.id], case_page.clock(one.term)) for one in found.lines],
        "next_after": found.next_after, "is_first": "after" not in said, "filters": list(_FILTERS.items()), "state": state,
        "q": text, "is_over": is_over, "over": found.over, "is_filtered": bool(state or text or is_over),
        "is_centre": who.role is Role.OPERATOR, "token": case_form.Plain().initial["token"],
    }  # fmt: skip
    return answer.page(request, "office/objections.html", context)


@access(Action.ANSWER_OBJECTION)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Takes up or forwards what was ticked, each case by itself."""
    chosen = []
    for one in request.POST.getlist("case")[: objection_desk.MOST_AT_ONCE + 1]:
        case_id, _, after = one.partition("-")
        if (known := answer.number(case_id)) is not None and (last := answer.number(after)) is not None:
            chosen.append((known, last))
    back = HttpResponseRedirect("/office/objections/")
    if not chosen:
        messages.warning(request, gettext("请先勾选要办理的异议。"))
        return back
    try:
        done, refused = objection_desk.bulk(
            request.POST.get("what", ""), chosen, token=request.POST.get("token", ""), by=answer.actor(request),
            at=clock.now(),
        )  # fmt: skip
    except XinyongError as error:
        answer.warn(request, error)
        return back
    if done:
        messages.success(request, gettext("已办理 %(n)s 件。") % {"n": done})
    for number, why in refused[:5]:
        said = why.en if answer.is_english() else why.zh
        messages.warning(request, gettext("异议 %(id)s 没有办理：%(why)s") % {"id": number, "why": said})
    return back


@access(Action.VIEW_OBJECTIONS)
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """One objection whole: the record as it stands, what is said to be wrong, the clock, the papers, what can be done now."""
    seen = objection_desk.find(_id(case_id), seen_by=answer.actor(request), at=clock.now())
    one = seen.case
    context = {
        "one": one, "record": seen.record, "is_withdrawn": seen.datum.is_withdrawn, "tag_of": CASE_STATES[one.state.id],
        "stages": case_page.stepper(one), "clock": case_page.clock(one.pressing), "pressing": one.pressing,
        "term": case_page.named(one.pressing), "is_english": answer.is_english(),
        "is_centre": answer.actor(request).role is Role.OPERATOR,
        "terms": [(term, case_page.clock(term) if term.is_running else "") for term in one.terms],
        "course": case_page.course(one), "acts": _offered(seen), "rules": one.procedure,
        "lodged": case_page.told(one.steps[0], one),
    }  # fmt: skip
    return answer.page(request, "office/objection.html", context)


@access(Action.VIEW_OBJECTIONS)
@require_GET
def paper(request: HttpRequest, case_id: int, proof_no: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    with tempfile.TemporaryDirectory(prefix="xinyong-paper-") as folder:
        path = Path(folder) / "paper"
        name, content_type = objection_desk.paper(_id(case_id), proof_no, to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


@access(Action.ANSWER_OBJECTION)
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, case_id: int, act: str) -> HttpResponse:
    """One step by its form."""
    if act not in _ACTS:
        raise Http404
    make, do = _ACTS[act]
    who, now, one_id = answer.actor(request), clock.now(), _id(case_id)
    seen = objection_desk.find(one_id, seen_by=who, at=now)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = make(seen, *data)
    if request.method == "POST" and form.is_valid():
        how = {"after": form.cleaned_data["after"], "token": form.cleaned_data["token"], "by": who, "at": now}
        try:
            do(one_id, form, how)
            messages.success(request, gettext("已办理：%(what)s。") % {"what": _title(act)})
            return HttpResponseRedirect(f"/office/objections/{one_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    context = {"form": form, "one": seen.case, "title": _title(act), "act": act, "record": seen.record}
    return answer.page(request, "office/objection_step.html", context, status=400 if form.errors else 200)


Make = Callable[..., Any]
Do = Callable[[int, Any, Mapping[str, Any]], object]


def _of(kind: type[case_form.StepForm]) -> Make:
    return lambda seen, *data: kind(*data, after=seen.case.after)


def _ruled(kind: Callable[..., case_form.StepForm]) -> Make:
    return lambda seen, *data: kind(*data, after=seen.case.after, rules=seen.case.procedure)


def _answered(kind: Callable[..., case_form.StepForm], *before: str) -> Make:
    def make(seen: Seen, *data: Any) -> case_form.StepForm:
        earlier = seen.case.last(*before)
        wanted = earlier.facts.get("changes", ()) if earlier else ()
        return kind(*data, after=seen.case.after, record=seen.record, wanted=wanted)

    return make


def _plain(verb: Callable[..., object]) -> Do:
    return lambda case_id, form, how: verb(case_id, **how)


def _reasoned(verb: Callable[..., object], *names: str) -> Do:
    def do(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
        return verb(case_id, **{name: form.cleaned_data[name] for name in names}, **how)

    return do


def _answer(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return objection_desk.answer(
        case_id, outcome=said["outcome"], changes=form.changes, reason=said["reason"], papers=form.papers, **how
    )


def _decide(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return objection_desk.decide(case_id, outcome=said["outcome"], changes=form.changes, reason=said["reason"], **how)


#: Act → its form and what it does.
_ACTS: dict[str, tuple[Make, Do]] = {
    "take-over": (_of(case_form.Plain), _plain(objection_desk.take_over)),
    "forward": (
        _of(case_form.Note),
        lambda i, form, how: objection_desk.forward(i, note=form.cleaned_data["reason"], **how),
    ),
    "answer": (_answered(case_form.Answer, "lodge"), _answer),
    "decide": (_answered(case_form.Outcome, "answer", "lodge"), _decide),
    "finish": (_of(case_form.Plain), _plain(objection_desk.finish)),
    "ask": (_of(case_form.Reason), _reasoned(objection_desk.ask, "reason")),
    "recall": (_of(case_form.Reason), _reasoned(objection_desk.recall, "reason")),
    "extend": (_ruled(case_form.Extend), _reasoned(objection_desk.extend, "term", "days", "reason")),
    "pause": (_ruled(case_form.Pause), _reasoned(objection_desk.pause, "cause", "reason")),
    "resume": (_of(case_form.Note), _reasoned(objection_desk.resume, "reason")),
}
#: Act → the steps of which one has to be open.
_STEPS = {
    "decide": {"uphold", "refuse", "review-uphold", "review-refuse"}, "finish": {"finish", "finish-partly"},
}  # fmt: skip


def _title(act: str) -> str:
    return {
        "take-over": gettext("信用中心自查"), "forward": gettext("转信源单位核实"), "answer": gettext("答复"),
        "decide": gettext("作出结论"), "finish": gettext("核对档案并办结"), "ask": gettext("请当事人补充材料"),
        "recall": gettext("收回自办"), "extend": gettext("批准延长期限"), "pause": gettext("暂停计时"), "resume": gettext("恢复计时"),
    }[act]  # fmt: skip


def _offered(seen: Seen) -> list[tuple[str, str]]:
    """The acts that who asks can take now; those the regulation does not have are not offered."""
    rules = seen.case.procedure
    lacking = {"pause"} if not rules.pauses else set()
    longer = {one.id for one in rules.terms if one.extension}
    if not any(one.id in longer and one.is_running and not one.is_over for one in seen.case.terms):
        lacking.add("extend")
    return [(act, _title(act)) for act in _ACTS if act not in lacking and _STEPS.get(act, {act}) & seen.may]


def _id(number: int) -> int:
    return min(number, _LARGEST)
