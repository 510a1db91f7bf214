"""认领单位 A person claims organisations they represent; a legal representative appoints agents."""

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.portal import answer
from xinyong.portal.own_page import LARGEST, actor, page, say
from xinyong.records import claiming
from xinyong.security import mandates, proofs
from xinyong.security.access import Action, access
from xinyong.subjects import claims
from xinyong.subjects.mandates import begins
from xinyong.web.words import CLAIM_STATES, MANDATE_STATES

_KINDS = ((mandates.LEGAL, gettext_lazy("法定代表人（负责人）")), (mandates.AGENT, gettext_lazy("经办人")))


def _day(label: Any, said: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), help_text=said,
        error_messages={"required": gettext_lazy("请填写截止日。"), "invalid": gettext_lazy("日期写成 2026-12-31 的样子。")},
    )  # fmt: skip


def _file(label: Any, said: Any, *, is_required: bool) -> forms.FileField:
    return forms.FileField(
        label=label, required=is_required, widget=forms.ClearableFileInput(attrs={"accept": proofs.OFFERED}),
        help_text=said,
        error_messages={"required": gettext_lazy("请选择证明文件。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。")},
    )  # fmt: skip


class Claiming(forms.Form):
    """An organisation that one represents."""

    code = forms.CharField(
        label=gettext_lazy("统一社会信用代码"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("请填写统一社会信用代码。")},
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("您的身份"), choices=_KINDS, widget=forms.RadioSelect, initial=mandates.LEGAL
    )
    last_on = _day(gettext_lazy("截止日"), gettext_lazy("最后一天，含当日；最长三年，到期可以重新认领。"))
    proof = _file(
        gettext_lazy("证明材料"),
        gettext_lazy("营业执照；经办人另附授权委托书。不超过 10 MB。请遮盖证件号码、电话。身份认证已证明您是法定代表人的，不用上传。"),
        is_required=False,
    )  # fmt: skip


class Appointing(forms.Form):
    """Somebody who shall act for the organisation."""

    username = forms.CharField(
        label=gettext_lazy("经办人的用户名"), max_length=60,
        help_text=gettext_lazy("请经办人先开设个人账号，用户名在“我的登录”中可以看到。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        error_messages={"required": gettext_lazy("请填写用户名。")},
    )  # fmt: skip
    last_on = _day(gettext_lazy("截止日"), gettext_lazy("最后一天，含当日；不超过您自己的期限。"))
    proof = _file(gettext_lazy("授权委托书"), gettext_lazy("不超过 10 MB。请遮盖证件号码、电话。"), is_required=True)


class Reason(forms.Form):
    """Why an agent no longer acts."""

    reason = forms.CharField(
        label=gettext_lazy("终止的原因"), max_length=200, help_text=gettext_lazy("例如“经办人离职”。"),
        error_messages={"required": gettext_lazy("请写明终止的原因。")},
    )  # fmt: skip


@access(Action.VIEW_ABOUT_ME)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One's own claims and what became of them."""
    found = claims.own(by=actor(request))
    kinds = dict(_KINDS)
    lines = [(one, CLAIM_STATES[one.state], kinds[one.kind]) for one in found]
    return page(request, "portal/own_claims.html", {"lines": lines})


@access(Action.CLAIM_ORGANISATION)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Claims an organisation."""
    who = actor(request)
    start = {"last_on": clock.today() + timedelta(days=365), "code": request.GET.get("code", "")[:18]}
    form = (
        Claiming(request.POST, request.FILES)
        if request.method == "POST"
        else Claiming(initial={"kind": mandates.LEGAL} | start)
    )
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        sent = cast(TemporaryUploadedFile | None, said["proof"])
        try:
            made = claiming.claim(
                said["code"], kind=said["kind"], last_on=said["last_on"],
                proof=Path(sent.temporary_file_path()) if sent else None,
                proof_name=(sent.name or "file") if sent else "", by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            status = say(form, error)
        else:
            _said(request, made.state)
            return HttpResponseRedirect("/own/claims/")
    vouched = claims.represented(by=who, at=clock.now())
    return page(request, "portal/own_claim.html", {"form": form, "vouched": vouched}, status=status)


@access(Action.APPOINT_AGENTS)
@require_http_methods(["GET", "POST"])
def agents(request: HttpRequest) -> HttpResponse:
    """The agents one has appointed, and appointing another."""
    who, now = actor(request), clock.now()
    form = (
        Appointing(request.POST, request.FILES)
        if request.method == "POST"
        else Appointing(initial={"last_on": clock.today() + timedelta(days=180)})
    )
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        sent = cast(TemporaryUploadedFile, said["proof"])
        try:
            mandates.appoint(
                said["username"], valid_to=begins(said["last_on"] + timedelta(days=1)),
                proof=Path(sent.temporary_file_path()), proof_name=sent.name or "file", today=clock.today(), by=who, at=now,
            )  # fmt: skip
        except XinyongError as error:
            status = say(form, error)
        else:
            messages.success(request, gettext("已委派，经办人下次操作即可选择代表本单位。"))
            return HttpResponseRedirect("/own/agents/")
    lines = [(one, MANDATE_STATES[one.state]) for one in mandates.agents(by=who, at=now)]
    return page(request, "portal/own_agents.html", {"form": form, "lines": lines}, status=status)


@access(Action.APPOINT_AGENTS)
@require_POST
def dismiss(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Ends an agent's mandate."""
    form = Reason(request.POST)
    if form.is_valid():
        try:
            mandates.dismiss(
                min(mandate_id, LARGEST), reason=form.cleaned_data["reason"], by=actor(request), at=clock.now()
            )
            messages.success(request, gettext("已终止，对方下一次操作即失去权限。"))
            return HttpResponseRedirect("/own/agents/")
        except NotFound:
            raise
        except mandates.EndReasonNeeded as error:
            messages.warning(request, answer.word(error.zh, error.en))
            return HttpResponseRedirect("/own/agents/")
    messages.warning(request, gettext("请写明终止的原因。"))
    return HttpResponseRedirect("/own/agents/")


def _said(request: HttpRequest, state: str) -> None:
    if state == "granted":
        messages.success(request, gettext("已认领。身份认证证明您是法定代表人，现在就可以切换到这个单位。"))
    else:
        messages.success(request, gettext("已提交。信用中心核对证明材料后，结果会显示在这里。"))
