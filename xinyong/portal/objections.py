"""异议 One's own objections, an organisation's or a person's: what was objected to and how that stands, objecting anew, further steps."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.portal import own_case, own_page
from xinyong.portal.own_case import Act
from xinyong.records.view import Mark
from xinyong.rights import case_form, objection
from xinyong.rights.case_form import does
from xinyong.rights.objection import Said
from xinyong.security.access import Action, access
from xinyong.web.words import CASE_STATES

KIND = own_case.Kind(
    place="/own/objections/", title=gettext_lazy("我的异议"), template="portal/objection",
    frame="portal/objection_frame.html", states=CASE_STATES, listing=objection.listing, find=objection.find,
    paper=objection.paper, sees=Action.OBJECT,
    acts={
        "add": Act(
            gettext_lazy("补充材料"), case_form.Add, does(objection.add, note="reason", has_papers=True),
            gettext_lazy("材料已补充。"),
        ),
        "withdraw": Act(
            gettext_lazy("撤回异议"), case_form.Note, does(objection.withdraw, "reason"),
            gettext_lazy("异议已撤回，记录不再标注“争议中”。"), is_grave=True,
        ),
        "state": Act(
            gettext_lazy("附异议声明"), case_form.Statement, does(objection.state_disagreement, "text"),
            gettext_lazy("声明已附在记录上，凡显示这条记录处一并显示。"),
        ),
        "ask-review": Act(
            gettext_lazy("申请复核"), case_form.Reason, does(objection.ask_review, "reason"),
            gettext_lazy("已申请复核，由另一位工作人员办理。"),
        ),
    },
)  # fmt: skip


@access(Action.OBJECT)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One's objections, the newest first."""
    return own_case.index(request, KIND)


@access(Action.OBJECT)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    """Objects to a record: why, on which ground, what it should say, on which papers."""
    who, now = own_page.actor(request), clock.now()
    record = objection.own_record(ref, by=who, at=now)
    rules = objection.procedure(clock.day(now))
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = case_form.Lodge(*data, rules=rules, record=record)
    to, status = own_case.lodged(
        request, KIND, form,
        lambda: objection.lodge(
            ref, Said(form.cleaned_data["ground"], form.cleaned_data["statement"], form.changes), papers=form.papers,
            token=form.cleaned_data["token"], by=who, at=now,
        ),
        said=gettext("异议已提出。这条记录从现在起标注“争议中”，直到异议办结。"),
    )  # fmt: skip
    context = {"form": form, "record": record, "rules": rules, "is_public": Mark.NOT_PUBLIC not in record.marks}
    return to or own_page.page(request, "portal/objection_new.html", context, status=status)


@access(Action.OBJECT)
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """One objection: how far it is, until when, what was said, what can be done now."""
    seen = objection.find(own_page.id_of(case_id), by=own_page.actor(request), at=clock.now())
    return own_case.show(
        request,
        KIND,
        seen,
        record=seen.record,
        is_withdrawn=seen.datum.is_withdrawn,
        is_public=seen.datum.is_public,
        recipients=seen.recipients,
    )


@access(Action.OBJECT)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, case_id: int, step: str) -> HttpResponse:
    """A further step: papers, withdrawal, statement of disagreement, review."""
    return own_case.take(request, KIND, case_id, step)


@access(Action.OBJECT)
@require_GET
def paper(request: HttpRequest, case_id: int, proof_no: int) -> HttpResponseBase:
    """A paper that one handed in."""
    return own_case.paper(request, KIND, case_id, proof_no)
