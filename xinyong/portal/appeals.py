"""申诉 One's own appeals: against the end of one's objection, repair or complaint, from its page; how they stand, further steps."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.portal import own_case, own_page
from xinyong.portal.own_case import Act
from xinyong.rights import appeal, case_form, case_page
from xinyong.rights.appeal import Said
from xinyong.rights.case_form import does
from xinyong.rights.remedies import REMEDIED
from xinyong.rights.remedy_form import Grounded
from xinyong.security.access import Action, access
from xinyong.web.words import APPEAL_STATES

KIND = own_case.Kind(
    sees=Action.APPEAL, place="/own/appeals/", title=gettext_lazy("我的申诉"), template="portal/appeal", frame="portal/own_frame.html",
    states=APPEAL_STATES, listing=appeal.listing, find=appeal.find, paper=appeal.paper,
    acts={
        "add": Act(
            gettext_lazy("补充材料"), case_form.Add, does(appeal.add, note="reason", has_papers=True),
            gettext_lazy("材料已补充。"),
        ),
        "withdraw": Act(
            gettext_lazy("撤回申诉"), case_form.Note, does(appeal.withdraw, "reason"), gettext_lazy("申诉已撤回。"), is_grave=True,
        ),
    },
)  # fmt: skip


@access(Action.APPEAL)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One's appeals, the newest first."""
    return own_case.index(request, KIND)


@access(Action.APPEAL)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, first_id: int) -> HttpResponse:
    """Appeals against the end of a case: on which ground, why, on which papers."""
    who, now, one_id = own_page.actor(request), clock.now(), own_page.id_of(first_id)
    first = appeal.appealable(one_id, by=who, at=now)
    rules = appeal.procedure(clock.day(now))
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = Grounded(*data, rules=rules)
    to, status = own_case.lodged(
        request, KIND, form,
        lambda: appeal.lodge(
            one_id, Said(form.cleaned_data["ground"], form.cleaned_data["statement"]), papers=form.papers,
            token=form.cleaned_data["token"], by=who, at=now,
        ),
        said=gettext("申诉已提出，由没有办过原件的人员审查。"),
    )  # fmt: skip
    of, end = REMEDIED[first.procedure.kind], first.closing
    context = {
        "form": form, "first": first, "rules": rules, "of": of, "of_word": case_page.word(of.zh, of.en),
        "ended": case_page.told(end, first) if end else None,
    }  # fmt: skip
    return to or own_page.page(request, "portal/appeal_new.html", context, status=status)


@access(Action.APPEAL)
@require_GET
def case(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """One appeal: against what, how far it is, until when, what was said, what can be done now."""
    seen = appeal.find(own_page.id_of(appeal_id), by=own_page.actor(request), at=clock.now())
    return own_case.show(
        request, KIND, seen, first=seen.first, of=seen.of, of_word=case_page.word(seen.of.zh, seen.of.en)
    )  # fmt: skip


@access(Action.APPEAL)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, appeal_id: int, act: str) -> HttpResponse:
    """A further step: papers, withdrawal."""
    return own_case.take(request, KIND, appeal_id, act)


@access(Action.APPEAL)
@require_GET
def paper(request: HttpRequest, appeal_id: int, proof_no: int) -> HttpResponseBase:
    """A paper that one handed in."""
    return own_case.paper(request, KIND, appeal_id, proof_no)
