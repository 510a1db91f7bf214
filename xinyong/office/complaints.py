"""投诉办理 The desk of complaints about looks: the centre takes up, asks, decides; the unit that looked explains."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.office import answer, case_desk
from xinyong.office.case_desk import Act, plain
from xinyong.rights import case_form, case_page, complaint_desk
from xinyong.rights.case_form import does
from xinyong.rights.complaint import SeenComplaint
from xinyong.rights.remedy_form import Explanation, Verdict
from xinyong.security.access import Action, Role, access
from xinyong.web.words import COMPLAINT_STATES

_FILTERS = {
    "": gettext_lazy("在办"), "received": gettext_lazy("待受理"), "with-unit": gettext_lazy("单位说明中"),
    "answered": gettext_lazy("待结论"), "ended": gettext_lazy("已办结"),
}  # fmt: skip


def _verdict(seen: SeenComplaint, *data: Any) -> Verdict:
    return Verdict(
        *data, after=seen.case.after, has_authorisation=bool(seen.line.authorisation),
        may_be_founded="find-founded" in seen.may,
    )  # fmt: skip


def _decide(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return complaint_desk.decide(
        case_id,
        outcome=said["outcome"],
        reason=said["reason"],
        ends_authorisation=said.get("ends_authorisation", False),
        **how,
    )


_DESK = case_desk.Desk(
    place="/office/complaints/", title=gettext_lazy("投诉办理"), template="office/complaint", states=COMPLAINT_STATES,
    filters=_FILTERS, inbox=complaint_desk.inbox, find=complaint_desk.find, paper=complaint_desk.paper,
    acts={
        "take-up": Act(gettext_lazy("受理"), plain(case_form.Plain), does(complaint_desk.take_up)),
        "forward": Act(gettext_lazy("请查询单位说明"), plain(case_form.Note), does(complaint_desk.forward, note="reason")),
        "explain": Act(
            gettext_lazy("说明这次查询"), plain(Explanation), does(complaint_desk.explain, "reason", has_papers=True),
            frozenset({"explain", "explain-own"}),
        ),
        "decide": Act(gettext_lazy("作出结论"), _verdict, _decide, frozenset({"find-founded", "find-unfounded"})),
        "ask": Act(gettext_lazy("请当事人补充材料"), plain(case_form.Reason), does(complaint_desk.ask, "reason")),
        "recall": Act(gettext_lazy("不再等待说明"), plain(case_form.Reason), does(complaint_desk.recall, "reason")),
    },
)  # fmt: skip


@access(Action.VIEW_COMPLAINTS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Open complaints by deadline, with search; ended ones the newest first."""
    return case_desk.index(request, _DESK)


@access(Action.VIEW_COMPLAINTS)
@require_GET
def case(request: HttpRequest, complaint_id: int) -> HttpResponse:
    """One complaint whole: the look with who made it and in which matter, what is said of it, the clock, what can be done now."""
    who = answer.actor(request)
    seen = complaint_desk.find(answer.id_of(complaint_id), seen_by=who, at=clock.now())
    is_own = who.role is Role.OPERATOR and seen.look is not None and seen.look.actor == who.name
    return case_desk.show(
        request,
        _DESK,
        seen,
        line=seen.line,
        items=[case_page.word(*each) for each in seen.line.items],
        look=seen.look,
        matter=seen.matter,
        is_of_centre=seen.is_of_centre,
        is_own=is_own,
    )


@access(Action.VIEW_COMPLAINTS)
@require_GET
def paper(request: HttpRequest, complaint_id: int, proof_no: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    return case_desk.paper(request, _DESK, complaint_id, proof_no)


@access(Action.ANSWER_COMPLAINT)
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, complaint_id: int, act: str) -> HttpResponse:
    """One step by its form."""
    return case_desk.take(request, _DESK, complaint_id, act)
