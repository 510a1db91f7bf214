"""自主申报核验 The desk of declarations: what waits, what it says and proves, the word on it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.intake import jobs, voluntary_desk
from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.security.access import Action, access
from xinyong.web.words import OWN_ACTS, OWN_STATES

_PER_PAGE = 20
_LARGEST = 2**63 - 1
_FILTERS = {
    "waiting": gettext_lazy("待核验"), "checked": gettext_lazy("已核验"), "refused": gettext_lazy("核验不通过"),
    "withdrawn": gettext_lazy("已撤回"), "all": gettext_lazy("全部"),
}  # fmt: skip
_AREA = forms.Textarea(attrs={"rows": 3})


class Check(forms.Form):
    """That it is so."""

    unit = forms.CharField(
        label=gettext_lazy("核验单位"), max_length=60, help_text=gettext_lazy("将随记录公开。"),
        error_messages={"required": gettext_lazy("请填写核验单位。")},
    )  # fmt: skip
    basis = forms.CharField(
        label=gettext_lazy("核验依据"), min_length=4, max_length=200, widget=_AREA,
        help_text=gettext_lazy("看了什么、与什么核对一致，例如“与认证机构公开查询结果一致”。"),
        error_messages={
            "required": gettext_lazy("请写明核验依据。"), "min_length": gettext_lazy("请写明核验依据，至少 4 个字。"),
        },
    )  # fmt: skip
    after = forms.IntegerField(widget=forms.HiddenInput())


class Refuse(forms.Form):
    """That it is not so, or not proved."""

    reason = forms.CharField(
        label=gettext_lazy("不通过的原因"), min_length=4, max_length=200, widget=_AREA,
        help_text=gettext_lazy("申报单位会看到，请写清楚哪里不符、怎样更正。"),
        error_messages={
            "required": gettext_lazy("请写明不通过的原因。"), "min_length": gettext_lazy("请写明不通过的原因，至少 4 个字。"),
        },
    )  # fmt: skip
    after = forms.IntegerField(widget=forms.HiddenInput())


@access(Action.CHECK_DECLARED)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Declarations that wait, the oldest first; others by state, kind and organisation."""
    who, said = answer.actor(request), request.GET
    state = said.get("state", "waiting")
    state = state if state in _FILTERS else "waiting"
    items = publish.declarable()
    item_id = said.get("item", "") if said.get("item") in {one.id for one in items} else ""
    code = said.get("code", "")[:40].replace("\x00", "").strip().upper()
    found = voluntary_desk.listing(
        state=state,
        item_id=item_id,
        code=code,
        after=answer.number(said.get("after")),
        limit=_PER_PAGE + 1,
        seen_by=who,
    )
    context = {
        "lines": [(one, OWN_STATES[one.state]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in said, "filters": list(_FILTERS.items()), "state": state, "items": items,
        "item_id": item_id, "code": code, "is_filtered": bool(item_id or code or state != "waiting"),
    }  # fmt: skip
    return answer.page(request, "office/self_declared.html", context)


@access(Action.CHECK_DECLARED)
@require_GET
def declaration(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """One declaration: what it says, its proofs to open, the way it went, what can be done now."""
    return _page(request, declaration_id)


@access(Action.CHECK_DECLARED)
@require_GET
def proof(request: HttpRequest, declaration_id: int, proof_no: int) -> HttpResponseBase:
    """A file of proof, as a download that no browser opens by itself."""
    with tempfile.TemporaryDirectory(prefix="xinyong-proof-") as folder:
        path = Path(folder) / "proof"
        name, content_type = voluntary_desk.proof(_id(declaration_id), proof_no, to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


@access(Action.CHECK_DECLARED)
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """Says that it is so."""
    said = gettext("已核验，公示页面和报告的标注随即更新。")
    return _decide(request, declaration_id, Check, voluntary_desk.check, said=said)


@access(Action.CHECK_DECLARED)
@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """Says that it is not so."""
    said = gettext("已记为核验不通过，内容停止公开，申报单位可以看到原因。")
    return _decide(request, declaration_id, Refuse, jobs.refuse_declared, said=said)


def _decide(
    request: HttpRequest, declaration_id: int, kind: type[forms.Form], decide: Callable[..., object], *, said: str
) -> HttpResponse:
    """Does what a form of the page asks for; a refusal is said above that form."""
    form = kind(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            decide(_id(declaration_id), by=answer.actor(request), at=clock.now(), **form.cleaned_data)
            messages.success(request, said)
            return HttpResponseRedirect(f"/office/self-declared/{declaration_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    return _page(request, declaration_id, bound=form if form.is_bound else None)


def _page(request: HttpRequest, declaration_id: int, *, bound: forms.Form | None = None) -> HttpResponse:
    seen = voluntary_desk.find(_id(declaration_id), seen_by=answer.actor(request), at=clock.now())
    one = seen.declaration
    start: dict[str, Any] = {"after": one.after}
    context = {
        "one": one, "tag_of": OWN_STATES[one.state], "records": seen.records, "findings": seen.findings,
        "acts": [(act, OWN_ACTS[act.kind]) for act in one.acts],
        "check": bound if isinstance(bound, Check) else Check(initial=start | {"unit": settings.SITE_NAME}),
        "refuse": bound if isinstance(bound, Refuse) else Refuse(initial=start), "form": bound,
    }  # fmt: skip
    return answer.page(request, "office/self_declared_one.html", context, status=400 if bound else 200)


def _id(number: int) -> int:
    return min(number, _LARGEST)
