"""信用修复 An organisation's applications for repair: what each record takes and since when, applying on one page, further steps."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.portal import own_case, own_page
from xinyong.portal.own_case import Act
from xinyong.rights import case_form, case_page, repair, repair_form, repair_rules
from xinyong.rights.case_form import does
from xinyong.rights.repair import Application
from xinyong.security.access import Action, access
from xinyong.web.words import REPAIR_STATES

KIND = own_case.Kind(
    place="/own/repairs/", title=gettext_lazy("信用修复"), template="portal/repair", frame="portal/own_frame.html",
    states=REPAIR_STATES, listing=repair.listing, find=repair.find, paper=repair.paper,
    acts={
        "add": Act(
            gettext_lazy("补充材料"), case_form.Add, does(repair.add, note="reason", has_papers=True),
            gettext_lazy("材料已补充。"), frozenset({"add", "supplement"}),
        ),
        "withdraw": Act(
            gettext_lazy("撤回申请"), case_form.Note, does(repair.withdraw, "reason"),
            gettext_lazy("申请已撤回，记录保持原样。"), is_grave=True,
        ),
        "ask-review": Act(
            gettext_lazy("对结果提出异议"), case_form.Reason, does(repair.ask_review, "reason"),
            gettext_lazy("已提出，由信用中心另一位工作人员复核。"),
        ),
    },
)  # fmt: skip


@access(Action.VIEW_OWN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The organisation's applications, the newest first."""
    return own_case.index(request, KIND)


@access(Action.APPLY_REPAIR)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    """The conditions of a record's repair, met or not and why; where nothing stands against it, the application on the same page."""
    who, now = own_page.actor(request), clock.now()
    asked = (request.POST if request.method == "POST" else request.GET).get("ground", "")
    grounds = repair_rules.in_force(clock.day(now)).grounds
    ground = asked if asked in {one.id for one in grounds} else repair_rules.CORRECTED
    record, found = repair.eligibility(ref, ground, by=who, at=now)
    has_letter = any(one.id == "commitment" for one in found.conditions)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = repair_form.Apply(*data, has_letter=has_letter)
    to, status = own_case.lodged(
        request, KIND, form,
        lambda: repair.apply(
            ref, Application(ground, form.cleaned_data["statement"], form.cleaned_data.get("signer", "")),
            papers=form.papers, token=form.cleaned_data["token"], by=who, at=now,
        ),
        said=gettext("申请已提交，认定单位已经收到。"),
    )  # fmt: skip
    context = {
        "form": form, "record": record, "found": found, "ground": ground, "rules": found.procedure,
        "grounds": [(one.id, case_page.word(one.zh, one.en)) for one in grounds],
        "conditions": [(one, case_page.word(one.zh, one.en)) for one in found.conditions],
        "letter": repair.letter(record, signer="", on=clock.day(now)) if has_letter else "",
    }  # fmt: skip
    return to or own_page.page(request, "portal/repair_new.html", context, status=status)


@access(Action.VIEW_OWN)
@require_GET
def case(request: HttpRequest, repair_id: int) -> HttpResponse:
    """One application: how far it is, until when, what was said, who has still to follow, what can be done now."""
    seen = repair.find(own_page.id_of(repair_id), by=own_page.actor(request), at=clock.now())
    return own_case.show(
        request, KIND, seen, record=seen.record, recipients=seen.recipients, has_letter=bool(seen.letter),
        is_shown=not seen.is_repaired and not seen.datum.is_withdrawn,
    )  # fmt: skip


@access(Action.VIEW_OWN)
@require_GET
def letter(request: HttpRequest, repair_id: int) -> HttpResponse:
    """The letter of commitment as it was signed, to be read and printed."""
    seen = repair.find(own_page.id_of(repair_id), by=own_page.actor(request), at=clock.now())
    if not seen.letter:
        raise Http404
    title, *lines = seen.letter.split("\n")
    return own_page.page(request, "portal/repair_letter.html", {"one": seen.case, "title": title, "lines": lines})


@access(Action.APPLY_REPAIR)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, repair_id: int, act: str) -> HttpResponse:
    """A further step: papers, withdrawal, review."""
    return own_case.take(request, KIND, repair_id, act)


@access(Action.VIEW_OWN)
@require_GET
def paper(request: HttpRequest, repair_id: int, proof_no: int) -> HttpResponseBase:
    """A paper that the organisation handed in."""
    return own_case.paper(request, KIND, repair_id, proof_no)
