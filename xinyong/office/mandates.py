"""代表关系 Who acts for which organisation: given at the counter on a proof, ended early with a reason."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.security import mandates, proofs
from xinyong.security.access import Action, access
from xinyong.subjects import mandates as counter
from xinyong.web.words import MANDATE_STATES

_PER_PAGE = 30
_LARGEST = 2**63 - 1
KINDS = {mandates.LEGAL: gettext_lazy("法定代表人（负责人）"), mandates.AGENT: gettext_lazy("经办人")}


def _day(**attributes: str) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"} | attributes, format="%Y-%m-%d")


class Given(forms.Form):
    """A mandate as it is entered at the counter."""

    code = forms.CharField(
        label=gettext_lazy("市场主体的统一社会信用代码"), max_length=40,
        error_messages={"required": gettext_lazy("请填写统一社会信用代码。")},
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("身份"), choices=list(KINDS.items()), widget=forms.RadioSelect, initial=mandates.AGENT
    )
    username = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{1,59}$", label=gettext_lazy("用户名"),
        help_text=gettext_lazy("字母、数字、点、横线。不要用证件号码或手机号。已有账号再代表一个单位的，填原用户名。"),
        error_messages={"required": gettext_lazy("请填写用户名。"), "invalid": gettext_lazy("用户名只能用字母、数字、点和横线。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip
    display_name = forms.CharField(
        label=gettext_lazy("称呼"), max_length=60, help_text=gettext_lazy("只登记称呼，不登记证件号码和电话。"),
        error_messages={"required": gettext_lazy("请填写称呼。")},
    )  # fmt: skip
    starts_on = forms.DateField(
        label=gettext_lazy("起始日"), widget=_day(), error_messages={"required": gettext_lazy("请填写起始日。")}
    )
    last_on = forms.DateField(
        label=gettext_lazy("截止日"), widget=_day(), help_text=gettext_lazy("最后一天，含当日；最长三年，到期自动失效。"),
        error_messages={"required": gettext_lazy("请填写截止日。")},
    )  # fmt: skip
    proof = forms.FileField(
        label=gettext_lazy("代表关系的证明"), widget=forms.ClearableFileInput(attrs={"accept": proofs.OFFERED}),
        help_text=gettext_lazy("营业执照、授权委托书等，PDF、图片、Word 或 Excel，不超过 10 MB。请遮盖证件号码、电话。"),
        error_messages={"required": gettext_lazy("请选择证明文件。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。")},
    )  # fmt: skip


class Reason(forms.Form):
    """Why a mandate ends early."""

    reason = forms.CharField(
        label=gettext_lazy("终止的原因"), max_length=200, help_text=gettext_lazy("例如“经办人离职”。"),
        error_messages={"required": gettext_lazy("请写明终止的原因。")},
    )  # fmt: skip


@access(Action.VIEW_MANDATES)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Mandates, the newest first."""
    who, now = answer.actor(request), clock.now()
    text = request.GET.get("text", "")[:60].replace("\x00", "")
    found = mandates.listing(
        text=text, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1, seen_by=who, at=now
    )
    names = counter.names([one.subject_code for one in found], seen_by=who)
    context = {
        "lines": [(one, names[one.subject_code], KINDS[one.kind], MANDATE_STATES[one.state]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None, "is_first": "after" not in request.GET,
        "text": text,
    }  # fmt: skip
    return answer.page(request, "office/mandates.html", context)


@access(Action.GIVE_MANDATES)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enters a mandate; the one-time link is shown this once."""
    today = clock.today()
    start = {"starts_on": today, "last_on": today + timedelta(days=365), "code": request.GET.get("code", "")[:18]}
    form = Given(request.POST, request.FILES) if request.method == "POST" else Given(initial=start)
    if request.method == "POST" and form.is_valid():
        said: dict[str, Any] = dict(form.cleaned_data)
        sent = cast(TemporaryUploadedFile, said.pop("proof"))
        try:
            made = counter.give(
                said.pop("code"), proof=Path(sent.temporary_file_path()), proof_name=sent.name or "file",
                by=answer.actor(request), at=clock.now(), **said,
            )  # fmt: skip
            return _handed_over(request, made.mandate, made.subject_name, made.token)
        except XinyongError as error:
            answer.say(form, error)
    return answer.page(request, "office/mandate_new.html", {"form": form}, status=400 if form.errors else 200)


@access(Action.VIEW_MANDATES)
@require_GET
def mandate(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """One mandate."""
    return _page(request, mandate_id, Reason())


@access(Action.VIEW_MANDATES)
@require_GET
def proof(request: HttpRequest, mandate_id: int) -> HttpResponseBase:
    """The file that proves a mandate."""
    with tempfile.TemporaryDirectory(prefix="xinyong-proof-") as folder:
        path = Path(folder) / "proof"
        name, content_type = mandates.proof(_id(mandate_id), to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


@access(Action.GIVE_MANDATES)
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Ends a mandate."""
    form = Reason(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            mandates.end(_id(mandate_id), reason=form.cleaned_data["reason"], by=answer.actor(request), at=clock.now())
            messages.success(request, gettext("已终止，对方下一次操作即失去权限。"))
            return HttpResponseRedirect(f"/office/mandates/{mandate_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    return _page(request, mandate_id, form)


@access(Action.GIVE_MANDATES)
@require_POST
def invite(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Another one-time link, while the account is not in use."""
    who = answer.actor(request)
    try:
        found, token = mandates.invite_again(_id(mandate_id), by=who, at=clock.now())
    except NotFound:
        raise
    except XinyongError as error:
        answer.say(form := Reason({}), error)
        messages.warning(request, " ".join(str(one) for one in form.non_field_errors()))
        return HttpResponseRedirect(f"/office/mandates/{mandate_id}/")
    return _handed_over(request, found, counter.names([found.subject_code], seen_by=who)[found.subject_code], token)


def _handed_over(request: HttpRequest, one: mandates.MandateView, name: str, token: str) -> HttpResponse:
    link = request.build_absolute_uri(f"/office/welcome/{token}") if token else ""
    return answer.page(request, "office/mandate_given.html", {"one": one, "name": name, "link": link})


def _page(request: HttpRequest, mandate_id: int, form: Reason) -> HttpResponse:
    who = answer.actor(request)
    one = mandates.find(_id(mandate_id), seen_by=who, at=clock.now())
    context = {
        "one": one, "name": counter.names([one.subject_code], seen_by=who)[one.subject_code], "kind": KINDS[one.kind],
        "tag_of": MANDATE_STATES[one.state], "form": form,
    }  # fmt: skip
    return answer.page(request, "office/mandate.html", context, status=400 if form.errors else 200)


def _id(number: int) -> int:
    return min(number, _LARGEST)
