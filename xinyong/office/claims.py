"""认领申请 Persons' claims of organisations: the inbox, the proof, and the word on each."""

import tempfile
from pathlib import Path

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.office.mandates import KINDS
from xinyong.security.access import Action, FactorNeeded, access
from xinyong.subjects import claims
from xinyong.web.words import CLAIM_STATES

_PER_PAGE = 30
_LARGEST = 2**63 - 1
_FILTERS = (
    ("waiting", gettext_lazy("待核验")), ("granted", gettext_lazy("已认领")), ("refused", gettext_lazy("不予认领")),
    ("all", gettext_lazy("全部")),
)  # fmt: skip
_SAYS = {
    "same": gettext_lazy("与申请人姓名一致"), "differs": gettext_lazy("与申请人姓名不一致"), "unknown": gettext_lazy("没有登记"),
}  # fmt: skip


class Refusal(forms.Form):
    """Why a claim is refused."""

    reason = forms.CharField(
        label=gettext_lazy("不予认领的原因"), max_length=200,
        help_text=gettext_lazy("申请人会看到。例如“授权委托书没有盖章”。请勿填写个人信息。"),
        error_messages={"required": gettext_lazy("请写明原因。")},
    )  # fmt: skip


@access(Action.VIEW_MANDATES)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Claims by state; those that wait, the oldest first."""
    state = request.GET.get("state", "waiting")
    state = state if state in dict(_FILTERS) else "waiting"
    found = claims.listing(
        state=state, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1,
        seen_by=answer.actor(request),
    )  # fmt: skip
    context = {
        "lines": [(one, KINDS[one.kind], _SAYS[one.register_says], CLAIM_STATES[one.state]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None, "is_first": "after" not in request.GET,
        "state": state, "filters": _FILTERS,
    }  # fmt: skip
    return answer.page(request, "office/claims.html", context)


@access(Action.VIEW_MANDATES)
@require_GET
def claim(request: HttpRequest, claim_id: int) -> HttpResponse:
    """One claim."""
    return _page(request, claim_id, Refusal())


@access(Action.VIEW_MANDATES)
@require_GET
def proof(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """The file that proves a claim."""
    with tempfile.TemporaryDirectory(prefix="xinyong-proof-") as folder:
        path = Path(folder) / "proof"
        name, content_type = claims.proof(_id(claim_id), to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


@access(Action.GIVE_MANDATES)
@require_POST
def grant(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Grants a claim."""
    try:
        claims.grant(_id(claim_id), by=answer.actor(request), at=clock.now())
        messages.success(request, gettext("已通过并登记代表关系。"))
    except (NotFound, FactorNeeded):
        raise
    except XinyongError as error:
        answer.warn(request, error)
    return HttpResponseRedirect(f"/office/claims/{claim_id}/")


@access(Action.GIVE_MANDATES)
@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Refuses a claim."""
    form = Refusal(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            claims.refuse(_id(claim_id), reason=form.cleaned_data["reason"], by=answer.actor(request), at=clock.now())
            messages.success(request, gettext("已办结，申请人会看到原因。"))
            return HttpResponseRedirect(f"/office/claims/{claim_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    return _page(request, claim_id, form)


def _page(request: HttpRequest, claim_id: int, form: Refusal) -> HttpResponse:
    one = claims.find(_id(claim_id), seen_by=answer.actor(request))
    context = {
        "one": one, "kind": KINDS[one.kind], "says": _SAYS[one.register_says], "tag_of": CLAIM_STATES[one.state],
        "form": form,
    }  # fmt: skip
    return answer.page(request, "office/claim.html", context, status=400 if form.errors else 200)


def _id(number: int) -> int:
    return min(number, _LARGEST)
