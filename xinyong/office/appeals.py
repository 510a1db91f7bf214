"""申诉审查 The desk of appeals: the whole course of the case an appeal is against, its record, and the decision; and how cases were settled
in the words of those they were about."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock, periods
from xinyong.office import answer, case_desk
from xinyong.office.case_desk import Act, plain
from xinyong.rights import appeal_desk, case_form, case_page, feedback
from xinyong.rights.case_form import does
from xinyong.rights.remedies import REMEDIED
from xinyong.rights.remedy_form import AppealVerdict
from xinyong.security.access import Action, access
from xinyong.web.words import APPEAL_STATES

_FILTERS = {"": gettext_lazy("在办"), "ended": gettext_lazy("已办结")}
_DESK = case_desk.Desk(
    place="/office/appeals/", title=gettext_lazy("申诉审查"), template="office/appeal", states=APPEAL_STATES,
    filters=_FILTERS, inbox=appeal_desk.inbox, find=appeal_desk.find, paper=appeal_desk.paper,
    acts={
        "take-up": Act(gettext_lazy("受理"), plain(case_form.Plain), does(appeal_desk.take_up)),
        "decide": Act(
            gettext_lazy("作出结论"), plain(AppealVerdict), does(appeal_desk.decide, "outcome", "reason"),
            frozenset({"uphold", "dismiss"}),
        ),
        "ask": Act(gettext_lazy("请当事人补充材料"), plain(case_form.Reason), does(appeal_desk.ask, "reason")),
    },
)  # fmt: skip


@access(Action.VIEW_APPEALS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Open appeals by deadline, with search; ended ones the newest first."""
    return case_desk.index(request, _DESK)


@access(Action.VIEW_APPEALS)
@require_GET
def case(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """One appeal whole: the first case with its course and record, what is said against it, the clock, what can be done now."""
    who = answer.actor(request)
    seen = appeal_desk.find(answer.id_of(appeal_id), seen_by=who, at=clock.now())
    return case_desk.show(
        request, _DESK, seen, first=seen.first, of=seen.of, of_word=case_page.word(seen.of.zh, seen.of.en), record=seen.record,
        first_course=case_page.course(seen.first), has_part=appeal_desk.has_part(seen.first, who, case_id=seen.case.id),
    )  # fmt: skip


@access(Action.VIEW_APPEALS)
@require_GET
def paper(request: HttpRequest, appeal_id: int, proof_no: int) -> HttpResponseBase:
    """A paper, as a download that no browser opens by itself."""
    return case_desk.paper(request, _DESK, appeal_id, proof_no)


@access(Action.VIEW_FEEDBACK)
@require_GET
def settled(request: HttpRequest) -> HttpResponse:
    """The share settled by kind of case, in the words of those they were about: twelve months."""
    today = clock.today()
    since = periods.add_months(today.replace(day=1), -11)
    found = feedback.tallies(since=since, until=today + timedelta(days=1), seen_by=answer.actor(request))
    lines = [(one, case_page.word(REMEDIED[one.kind].zh, REMEDIED[one.kind].en)) for one in found]
    return answer.page(request, "office/feedback.html", {"lines": lines, "since": since, "until": today})


@access(Action.DECIDE_APPEAL)
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, appeal_id: int, act: str) -> HttpResponse:
    """One step by its form."""
    return case_desk.take(request, _DESK, appeal_id, act)
