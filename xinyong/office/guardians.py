"""监护关系 Who is the guardian of a child: entered at the counter on papers, ended early with a reason, else by itself."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.security import guardians, persons, proofs
from xinyong.security.access import Action, access
from xinyong.web.words import MANDATE_STATES

_PER_PAGE = 30
_LARGEST = 2**63 - 1


class _Unshown(forms.TextInput):
    """A field whose value no page shows again."""

    def format_value(self, value: object) -> None:
        """Nothing."""


class Given(forms.Form):
    """A guardianship as it is entered at the counter."""

    username = forms.CharField(
        label=gettext_lazy("监护人的用户名"), max_length=60,
        help_text=gettext_lazy("监护人须先有个人账号，用户名在“我的登录”中可以看到。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        error_messages={"required": gettext_lazy("请填写用户名。")},
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("被监护人姓名"), max_length=60, widget=_Unshown(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("请填写姓名。")},
    )  # fmt: skip
    certificate = forms.CharField(
        label=gettext_lazy("被监护人身份证号码"), max_length=40, widget=_Unshown(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("年龄由号码算出，不另登记。提交后不再显示。"),
        error_messages={"required": gettext_lazy("请填写证件号码。")},
    )  # fmt: skip
    last_on = forms.DateField(
        label=gettext_lazy("截止日"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("最后一天，含当日；最长三年。被监护人年满十八周岁的，当天自动结束。"),
        error_messages={"required": gettext_lazy("请填写截止日。"), "invalid": gettext_lazy("日期写成 2026-12-31 的样子。")},
    )  # fmt: skip
    proof = forms.FileField(
        label=gettext_lazy("监护关系的证明"), widget=forms.ClearableFileInput(attrs={"accept": proofs.OFFERED}),
        help_text=gettext_lazy("户口簿、出生医学证明、法院指定监护的文书等，不超过 10 MB。请遮盖证件号码、电话。"),
        error_messages={"required": gettext_lazy("请选择证明文件。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。")},
    )  # fmt: skip
    is_seen = forms.BooleanField(
        label=gettext_lazy("我已核对监护人本人和证明原件"),
        error_messages={"required": gettext_lazy("请核对监护人本人和证明原件。")},
    )


class Reason(forms.Form):
    """Why a guardianship ends early."""

    reason = forms.CharField(
        label=gettext_lazy("终止的原因"), max_length=200, help_text=gettext_lazy("例如“监护人变更”。请勿填写个人信息。"),
        error_messages={"required": gettext_lazy("请写明终止的原因。")},
    )  # fmt: skip


@access(Action.VIEW_MANDATES)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Guardianships, the newest first."""
    found = guardians.listing(
        after=answer.number(request.GET.get("after")),
        limit=_PER_PAGE + 1,
        seen_by=answer.actor(request),
        at=clock.now(),
    )
    context = {
        "lines": [(one, MANDATE_STATES[one.state]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None, "is_first": "after" not in request.GET,
    }  # fmt: skip
    return answer.page(request, "office/guardians.html", context)


@access(Action.GIVE_MANDATES)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enters a guardianship. Name and number are never shown again."""
    today = clock.today()
    form = (
        Given(request.POST, request.FILES)
        if request.method == "POST"
        else Given(initial={"last_on": today + timedelta(days=365)})
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        sent = cast(TemporaryUploadedFile, said["proof"])
        try:
            made = guardians.enter(
                said["username"], ward=persons.identity(said["name"], said["certificate"], today=today),
                last_on=said["last_on"], proof=Path(sent.temporary_file_path()), proof_name=sent.name or "file",
                by=answer.actor(request), at=clock.now(),
            )  # fmt: skip
            messages.success(request, gettext("已登记，监护人下次操作即可选择为被监护人办理。"))
            return HttpResponseRedirect(f"/office/guardians/{made.id}/")
        except XinyongError as error:
            answer.say(form, error)
    return answer.page(request, "office/guardian_new.html", {"form": form}, status=400 if form.errors else 200)


@access(Action.VIEW_MANDATES)
@require_GET
def guardianship(request: HttpRequest, guardianship_id: int) -> HttpResponse:
    """One guardianship."""
    return _page(request, guardianship_id, Reason())


@access(Action.VIEW_MANDATES)
@require_GET
def proof(request: HttpRequest, guardianship_id: int) -> HttpResponseBase:
    """The file that proves a guardianship."""
    with tempfile.TemporaryDirectory(prefix="xinyong-proof-") as folder:
        path = Path(folder) / "proof"
        name, content_type = guardians.proof(_id(guardianship_id), to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


@access(Action.GIVE_MANDATES)
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, guardianship_id: int) -> HttpResponse:
    """Ends a guardianship."""
    form = Reason(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            guardians.end(
                _id(guardianship_id), reason=form.cleaned_data["reason"], by=answer.actor(request), at=clock.now()
            )
            messages.success(request, gettext("已终止，对方下一次操作即失去权限。"))
            return HttpResponseRedirect(f"/office/guardians/{guardianship_id}/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    return _page(request, guardianship_id, form)


def _page(request: HttpRequest, guardianship_id: int, form: Reason) -> HttpResponse:
    one = guardians.find(_id(guardianship_id), seen_by=answer.actor(request), at=clock.now())
    context = {"one": one, "tag_of": MANDATE_STATES[one.state], "form": form}
    return answer.page(request, "office/guardian.html", context, status=400 if form.errors else 200)


def _id(number: int) -> int:
    return min(number, _LARGEST)
