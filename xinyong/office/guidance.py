"""培训约谈 Trainings of organisations and interviews with them: entered, taken back, and the share of those listed that had one."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.rights import guidance
from xinyong.security.access import Action, access

_PER_PAGE = 20
_LARGEST = 2**63 - 1


class Enter(forms.Form):
    """A training or an interview."""

    use_required_attribute = False
    subject_code = forms.CharField(
        label=gettext_lazy("统一社会信用代码"), min_length=18, max_length=18,
        error_messages={"required": gettext_lazy("请填写统一社会信用代码。")},
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("类别"))
    held_on = forms.DateField(
        label=gettext_lazy("日期"), widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("请填写日期。"), "invalid": gettext_lazy("请填写日期，例如 2026-11-02。")},
    )  # fmt: skip
    unit = forms.CharField(
        label=gettext_lazy("举办单位"), max_length=200, error_messages={"required": gettext_lazy("请填写举办单位。")}
    )
    note = forms.CharField(label=gettext_lazy("说明"), max_length=300, required=False)
    token = forms.CharField(widget=forms.HiddenInput(), max_length=64, min_length=16)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"token": secrets.token_urlsafe(18)})
        is_english = answer.is_english()
        self.fields["kind"].choices = [(key, en if is_english else zh) for key, (zh, en) in guidance.KINDS.items()]  # type: ignore[attr-defined]


@access(Action.RECORD_GUIDANCE)
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The figure, the form, the newest entries."""
    who, now = answer.actor(request), clock.now()
    form = Enter(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            guidance.enter(**form.cleaned_data, by=who, at=now)
            messages.success(request, gettext("已登记。"))
            return HttpResponseRedirect("/office/guidance/")
        except XinyongError as error:
            answer.say(form, error)
    found = guidance.latest(seen_by=who, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1)
    context = {
        "form": form, "lines": found[:_PER_PAGE], "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET, "share": guidance.share(on=now.date(), seen_by=who),
        "is_english": answer.is_english(), "months": guidance.MONTHS,
    }  # fmt: skip
    return answer.page(request, "office/guidance.html", context, status=400 if form.errors else 200)


@access(Action.RECORD_GUIDANCE)
@require_POST
def take_back(request: HttpRequest, guidance_id: int) -> HttpResponse:
    """Takes an entry back."""
    guidance.take_back(min(guidance_id, _LARGEST), by=answer.actor(request), at=clock.now())
    messages.success(request, gettext("已撤回这条登记。"))
    return HttpResponseRedirect("/office/guidance/")
