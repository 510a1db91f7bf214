"""异议办理 The desk of objections: what presses most first, one case whole, each step by its form; many taken up or forwarded at once."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer, case_desk
from xinyong.office.case_desk import Act, plain, ruled
from xinyong.rights import case_form, objection_desk
from xinyong.rights.case_form import does
from xinyong.rights.objection import Seen
from xinyong.security.access import Action, access
from xinyong.web.words import CASE_STATES

_FILTERS = {
    "": gettext_lazy("在办"), "received": gettext_lazy("待核查"), "with-source": gettext_lazy("信源单位核实中"),
    "answered": gettext_lazy("待结论"), "correcting": gettext_lazy("待更正"), "paused": gettext_lazy("暂停计时"),
    "review": gettext_lazy("复核中"), "ended": gettext_lazy("已办结"),
}  # fmt: skip


def _answered(kind: Callable[..., case_form.StepForm], *before: str) -> case_desk.Make:
    """A form with what was asked for in the last of these steps filled in."""

    def make(seen: Seen, *data: Any) -> case_form.StepForm:
        earlier = seen.case.last(*before)
        wanted = earlier.facts.get("changes", ()) if earlier else ()
        return kind(*data, after=seen.case.after, record=seen.record, wanted=wanted)

    return make


def _concludes(verb: Callable[..., object], *, has_papers: bool = False) -> case_form.Do:
    """An answer or a decision, field by field."""

    def do(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
        said = does(verb, "outcome", "reason", has_papers=has_papers)
        return said(case_id, form, {**how, "changes": form.changes})

    return do


_DESK = case_desk.Desk(
    place="/office/objections/", title=gettext_lazy("异议办理"), template="office/objection", states=CASE_STATES,
    filters=_FILTERS, inbox=objection_desk.inbox, find=objection_desk.find, paper=objection_desk.paper,
    acts={
        "take-over": Act(gettext_lazy("信用中心自查"), plain(case_form.Plain), does(objection_desk.take_over)),
        "forward": Act(gettext_lazy("转信源单位核实"), plain(case_form.Note), does(objection_desk.forward, note="reason")),
        "answer": Act(
            gettext_lazy("答复"), _answered(case_form.Answer, "lodge"), _concludes(objection_desk.answer, has_papers=True)
        ),
        "decide": Act(
            gettext_lazy("作出结论"), _answered(case_form.Outcome, "answer", "lodge"), _concludes(objection_desk.decide),
            frozenset({"uphold", "refuse", "review-uphold", "review-refuse"}),
        ),
        "finish": Act(
            gettext_lazy("核对档案并办结"), plain(case_form.Plain), does(objection_desk.finish),
            frozenset({"finish", "finish-partly"}),
        ),
        "ask": Act(gettext_lazy("请当事人补充材料"), plain(case_form.Reason), does(objection_desk.ask, "reason")),
        "recall": Act(gettext_lazy("收回自办"), plain(case_form.Reason), does(objection_desk.recall, "reason")),
        "extend": Act(
            gettext_lazy("批准延长期限"), ruled(case_form.Extend), does(objection_desk.extend, "term", "days", "reason")
        ),
        "pause": Act(gettext_lazy("暂停计时"), ruled(case_form.Pause), does(objection_desk.pause, "cause", "reason")),
        "resume": Act(gettext_lazy("恢复计时"), plain(case_form.Note), does(objection_desk.resume, "reason")),
    },
)  # fmt: skip


@access(Action.VIEW_OBJECTIONS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Open objections by deadline, with search; ended ones the newest first."""
    return case_desk.index(request, _DESK, token=case_form.Plain().initial["token"])


@access(Action.ANSWER_OBJECTION)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Takes up or forwards what was ticked, each case by itself."""
    chosen = []
    for one in request.POST.getlist("case")[: objection_desk.MOST_AT_ONCE + 1]:
        case_id, _, after = one.partition("-")
        if (known := answer.number(case_id)) is not None and (last := answer.number(after)) is not None:
            chosen.append((known, last))
    back = HttpResponseRedirect(_DESK.place)
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
    """One objection whole: the record as it stands, what is said to be wrong, the clock, the papers, what can be done now; a natural
    person's without the record."""
    seen = objection_desk.find(answer.id_of(case_id), seen_by=answer.actor(request), at=clock.now())
    return _shown(request, seen, is_closed=seen.case.is_private)


@access(Action.VIEW_OBJECTIONS)
@require_http_methods(["GET", "POST"])
def look(request: HttpRequest, case_id: int) -> HttpResponse:
    """The same with a natural person's record, nothing personal in it: a look that the person reads of. Only asked for by its button."""
    if request.method == "GET":  # come back from showing a second factor
        seen = objection_desk.find(answer.id_of(case_id), seen_by=answer.actor(request), at=clock.now())
        return HttpResponseRedirect(_DESK.page_of(seen.case.id))
    seen = objection_desk.look(answer.id_of(case_id), seen_by=answer.actor(request), at=clock.now())
    return _shown(request, seen, is_closed=False)


@access(Action.VIEW_OBJECTIONS)
@require_GET
def paper(request: HttpRequest, case_id: int, proof_no: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    return case_desk.paper(request, _DESK, case_id, proof_no)


@access(Action.ANSWER_OBJECTION)
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, case_id: int, act: str) -> HttpResponse:
    """One step by its form."""
    return case_desk.take(request, _DESK, case_id, act)


def _shown(request: HttpRequest, seen: Seen, *, is_closed: bool) -> HttpResponse:
    return case_desk.show(
        request, _DESK, seen, lacks=_lacking(seen), record=seen.record, is_withdrawn=seen.datum.is_withdrawn,
        is_closed=is_closed, recipients=seen.recipients,
    )  # fmt: skip


def _lacking(seen: Seen) -> set[str]:
    """What the regulation does not have, or not now."""
    rules = seen.case.procedure
    lacking = {"pause"} if not rules.pauses else set()
    longer = {one.id for one in rules.terms if one.extension}
    if not any(one.id in longer and one.is_running and not one.is_over for one in seen.case.terms):
        lacking.add("extend")
    return lacking
