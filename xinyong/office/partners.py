"""共享节点 Exchange partners for the system administrator: who they are, their keys and epochs, what never came."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.office import answer
from xinyong.security import partners, signatures
from xinyong.security.access import Action, access


class NewPartner(forms.Form):
    """A partner's code and name."""

    code = forms.CharField(
        label=gettext_lazy("节点代码"), max_length=40,
        help_text=gettext_lazy("小写字母、数字和连字符，例如 city-9902。"),
        error_messages={"required": gettext_lazy("请填写节点代码。")},
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("名称"), max_length=120, error_messages={"required": gettext_lazy("请填写名称。")}
    )
    per_minute = forms.IntegerField(label=gettext_lazy("每分钟配额"), initial=600, min_value=1, max_value=10_000_000)
    per_day = forms.IntegerField(label=gettext_lazy("每天配额"), initial=100_000, min_value=1, max_value=10_000_000)


class NewKey(forms.Form):
    """A partner's public key and its epoch."""

    key_id = forms.CharField(
        label=gettext_lazy("密钥标识"), max_length=80, help_text=gettext_lazy("对方在签名的 keyid 中写的标识。"),
        error_messages={"required": gettext_lazy("请填写密钥标识。")},
    )  # fmt: skip
    public_pem = forms.CharField(
        label=gettext_lazy("公钥"), widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy("PEM 格式，Ed25519 或 P-256。请当面或以另一渠道核对，不要只凭邮件。"),
        error_messages={"required": gettext_lazy("请粘贴公钥。")},
    )  # fmt: skip
    valid_from = forms.DateField(
        label=gettext_lazy("生效日期"), required=False, help_text=gettext_lazy("为空即现在。"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip
    valid_to = forms.DateField(
        label=gettext_lazy("终止日期"), required=False, help_text=gettext_lazy("当日零时起不再有效；为空即不限。"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip


@access(Action.MANAGE_CLIENTS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All partners, and this node's own key, which partners keep."""
    context = {
        "partners": partners.partners(seen_by=answer.actor(request)), "own_key_id": signatures.node_key_id(),
        "own_key": signatures.node_public_pem(),
    }  # fmt: skip
    return answer.page(request, "office/partners.html", context)


@access(Action.MANAGE_CLIENTS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Registers a partner; its key is the next step."""
    form = NewPartner(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = partners.register(by=answer.actor(request), now=clock.now(), **form.cleaned_data)
        except (Invalid, Conflict) as error:
            form.add_error(None, error.en if answer.is_english() else error.zh)
        else:
            messages.success(request, gettext("节点已登记。请登记它的公钥。"))
            return HttpResponseRedirect(f"/office/partners/{made.code}/")
    status = 400 if form.errors else 200
    return answer.page(request, "office/partner_new.html", {"form": form}, status=status)


@access(Action.MANAGE_CLIENTS)
@require_http_methods(["GET", "POST"])
def partner(request: HttpRequest, partner_code: str) -> HttpResponse:
    """One partner: its keys, its messages and the numbers that never came; a new key, a key's end, its own."""
    who, form, status = answer.actor(request), NewKey(), 200
    if request.method == "POST":
        form, is_done = _act(request, partner_code)
        if is_done:
            return HttpResponseRedirect(f"/office/partners/{partner_code}/")
        status = 400
    found = partners.partner(partner_code, seen_by=who)
    context = {"partner": found, "form": form, "now": clock.now()}
    return answer.page(request, "office/partner.html", context, status=status)


def _act(request: HttpRequest, code: str) -> tuple[NewKey, bool]:
    who, asked, form = answer.actor(request), request.POST.get("act", ""), NewKey()
    if asked == "key":
        form = NewKey(request.POST)
        return form, form.is_valid() and _add_key(request, code, form)
    if asked == "end-key":
        partners.end_key(request.POST.get("key_id", ""), at=clock.now(), by=who)
        messages.success(request, gettext("密钥已终止，用它签名的报文不再接受。"))
    elif asked == "disable" and request.POST.get("sure"):
        partners.disable(code, by=who)
        messages.success(request, gettext("节点已停用，它的报文不再接受。"))
    else:
        messages.warning(request, gettext("没有改动：请勾选确认后再提交。"))
    return form, True


def _add_key(request: HttpRequest, code: str, form: NewKey) -> bool:
    given: dict[str, Any] = form.cleaned_data
    try:
        partners.add_key(
            code, key_id=given["key_id"], public_pem=given["public_pem"], by=answer.actor(request),
            valid_from=_midnight(given["valid_from"]) or clock.now(), valid_to=_midnight(given["valid_to"]),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        form.add_error(None, error.en if answer.is_english() else error.zh)
        return False
    messages.success(request, gettext("公钥已登记。"))
    return True


def _midnight(day: Any) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=clock.ZONE) if day else None
