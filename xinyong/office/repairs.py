"""修复办理 The desk of repairs: what presses most first, one application whole with its papers and letter, each step by its form."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.office import answer, case_desk
from xinyong.office.case_desk import Act, plain
from xinyong.rights import case_form, repair_desk, repair_form
from xinyong.rights.case_form import does
from xinyong.security.access import Action, access
from xinyong.web.words import REPAIR_STATES

_FILTERS = {
    "": gettext_lazy("在办"), "with-source": gettext_lazy("待受理"), "incomplete": gettext_lazy("待补正"),
    "accepted": gettext_lazy("审查中"), "review": gettext_lazy("复核中"), "syncing": gettext_lazy("各方同步中"),
    "ended": gettext_lazy("已办结"),
}  # fmt: skip


def _review(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return repair_desk.review(case_id, is_returned=said["outcome"] == "return", reason=said["reason"], **how)


_DESK = case_desk.Desk(
    place="/office/repairs/", title=gettext_lazy("信用修复"), template="office/repair", states=REPAIR_STATES,
    filters=_FILTERS, inbox=repair_desk.inbox, find=repair_desk.find, paper=repair_desk.paper,
    acts={
        "accept": Act(gettext_lazy("受理"), plain(repair_form.Verdict), does(repair_desk.accept, has_papers=True)),
        "ask": Act(gettext_lazy("一次性告知补正"), plain(case_form.Reason), does(repair_desk.ask, "reason")),
        "refuse": Act(
            gettext_lazy("不予受理"), plain(repair_form.Reasoned), does(repair_desk.refuse, "reason", has_papers=True)
        ),
        "grant": Act(
            gettext_lazy("准予修复"), plain(repair_form.Verdict), does(repair_desk.grant, "reason", has_papers=True)
        ),
        "deny": Act(
            gettext_lazy("不予修复"), plain(repair_form.Reasoned), does(repair_desk.deny, "reason", has_papers=True)
        ),
        "extend": Act(
            gettext_lazy("延长办理期限"), plain(repair_form.Longer), does(repair_desk.extend, "days", "reason")
        ),
        "review": Act(
            gettext_lazy("复核"), plain(repair_form.Review), _review, frozenset({"review-return", "review-uphold"})
        ),
        "checked": Act(gettext_lazy("核查完毕并办结"), plain(case_form.Reason), does(repair_desk.checked, "reason")),
        "close": Act(gettext_lazy("核对回执并办结"), plain(case_form.Plain), does(repair_desk.close)),
        "revoke": Act(
            gettext_lazy("撤销修复"), plain(repair_form.Revoke), does(repair_desk.revoke, "cause", "reason"),
            is_grave=True,
        ),
    },
)  # fmt: skip


@access(Action.VIEW_REPAIRS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Open applications by deadline, with search; ended ones the newest first."""
    return case_desk.index(request, _DESK)


@access(Action.VIEW_REPAIRS)
@require_GET
def case(request: HttpRequest, repair_id: int) -> HttpResponse:
    """One application whole: the record, the conditions at the time, the letter, the clock, the papers, what can be done now."""
    seen = repair_desk.find(answer.id_of(repair_id), seen_by=answer.actor(request), at=clock.now())
    return case_desk.show(
        request, _DESK, seen, record=seen.record, is_withdrawn=seen.datum.is_withdrawn, is_repaired=seen.is_repaired,
        letter=seen.letter, recipients=seen.recipients,
    )  # fmt: skip


@access(Action.VIEW_REPAIRS)
@require_GET
def paper(request: HttpRequest, repair_id: int, proof_no: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    return case_desk.paper(request, _DESK, repair_id, proof_no)


@access(Action.DECIDE_REPAIR)
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, repair_id: int, act: str) -> HttpResponse:
    """One step by its form."""
    return case_desk.take(request, _DESK, repair_id, act)
