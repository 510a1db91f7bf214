"""投诉 One's own complaints about looks at one's file: from a line of the access log, how they stand, further steps."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.portal import own_case, own_page
from xinyong.portal.own_case import Act
from xinyong.rights import case_form, case_page, complaint
from xinyong.rights.access_log import Line
from xinyong.rights.case_form import does
from xinyong.rights.complaint import Said
from xinyong.rights.remedy_form import Grounded
from xinyong.security.access import Action, access
from xinyong.web.words import COMPLAINT_STATES

KIND = own_case.Kind(
    sees=Action.COMPLAIN, place="/own/complaints/", title=gettext_lazy("我的投诉"), template="portal/complaint", frame="portal/own_frame.html",
    states=COMPLAINT_STATES, listing=complaint.listing, find=complaint.find, paper=complaint.paper,
    acts={
        "add": Act(
            gettext_lazy("补充材料"), case_form.Add, does(complaint.add, note="reason", has_papers=True),
            gettext_lazy("材料已补充。"),
        ),
        "withdraw": Act(
            gettext_lazy("撤回投诉"), case_form.Note, does(complaint.withdraw, "reason"), gettext_lazy("投诉已撤回。"), is_grave=True,
        ),
    },
)  # fmt: skip


@access(Action.COMPLAIN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One's complaints, the newest first."""
    return own_case.index(request, KIND)


@access(Action.COMPLAIN)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, look_id: int) -> HttpResponse:
    """Complains about one look: on which ground, why, on which papers."""
    who, now, look = own_page.actor(request), clock.now(), own_page.id_of(look_id)
    line = complaint.complainable(look, by=who, at=now)
    rules = complaint.procedure(clock.day(now))
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = Grounded(*data, rules=rules)
    to, status = own_case.lodged(
        request, KIND, form,
        lambda: complaint.lodge(
            look, Said(form.cleaned_data["ground"], form.cleaned_data["statement"]), papers=form.papers,
            token=form.cleaned_data["token"], by=who, at=now,
        ),
        said=gettext("投诉已提出，信用中心已经收到。"),
    )  # fmt: skip
    context = {"form": form, "line": line, "items": _titles(line), "rules": rules}
    return to or own_page.page(request, "portal/complaint_new.html", context, status=status)


@access(Action.COMPLAIN)
@require_GET
def case(request: HttpRequest, complaint_id: int) -> HttpResponse:
    """One complaint: the look, how far it is, until when, what was said, what can be done now."""
    seen = complaint.find(own_page.id_of(complaint_id), by=own_page.actor(request), at=clock.now())
    return own_case.show(request, KIND, seen, line=seen.line, items=_titles(seen.line))


@access(Action.COMPLAIN)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, complaint_id: int, act: str) -> HttpResponse:
    """A further step: papers, withdrawal."""
    return own_case.take(request, KIND, complaint_id, act)


@access(Action.COMPLAIN)
@require_GET
def paper(request: HttpRequest, complaint_id: int, proof_no: int) -> HttpResponseBase:
    """A paper that one handed in."""
    return own_case.paper(request, KIND, complaint_id, proof_no)


def _titles(line: Line) -> list[str]:
    return [case_page.word(*each) for each in line.items]
