"""接口客户端 Machine clients for the system administrator: the list, a new one, one with its secrets, quotas and use."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound, XinyongError
from xinyong.office import answer
from xinyong.rights import alarms
from xinyong.security import clients, identity, quotas
from xinyong.security.access import Action, access
from xinyong.web import charts

_DAYS = 14


class NewClient(forms.Form):
    """What a client is given: a department, scopes, networks, quotas; a key of its own if it has one."""

    name = forms.CharField(
        label=gettext_lazy("名称"), max_length=80, help_text=gettext_lazy("系统的名称，例如：行政审批系统。"),
        error_messages={"required": gettext_lazy("请填写名称。")},
    )  # fmt: skip
    department = forms.ChoiceField(
        label=gettext_lazy("所属单位"), error_messages={"required": gettext_lazy("请选择所属单位。")}
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("权限范围"), widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("只给需要的。以后可以随时收回，收回后正在用的令牌立即失去该权限。"),
        error_messages={"required": gettext_lazy("请至少选择一项权限。")},
    )  # fmt: skip
    networks = forms.CharField(
        label=gettext_lazy("允许调用的网段"), widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("每行一个，例如 10.1.2.0/24。令牌在其他地址无效。"),
        error_messages={"required": gettext_lazy("请至少写一个网段。")},
    )  # fmt: skip
    per_minute = forms.IntegerField(label=gettext_lazy("每分钟配额"), initial=60, min_value=1, max_value=10_000_000)
    per_day = forms.IntegerField(label=gettext_lazy("每天配额"), initial=10_000, min_value=1, max_value=10_000_000)
    key_pem = forms.CharField(
        label=gettext_lazy("绑定的公钥"), required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy("PEM 格式，Ed25519 或 P-256。填写后每次调用都须用对应私钥签名，令牌被盗也无法使用。"),
    )  # fmt: skip
    is_sandbox = forms.BooleanField(
        label=gettext_lazy("沙箱：只得到虚构的数据，什么也不保存"), required=False
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = [(unit.code, unit.name) for unit in identity.source_units(only_active=True)]
        self.fields["department"].choices = [("", gettext("请选择")), *units]  # type: ignore[attr-defined]
        self.fields["scopes"].choices = scope_choices()  # type: ignore[attr-defined]


def scope_choices() -> list[tuple[str, str]]:
    """Scopes with their words; one for each catalogue item that can be reported."""
    is_english = answer.is_english()
    plain = [(name, f"{en if is_english else zh} ({name})") for name, (zh, en) in clients.SCOPES.items()]
    items = [
        (f"submit:{one.id}", gettext("报送：%(item)s") % {"item": one.title_en if is_english else one.title_zh})
        for one in publish.reported()
    ]
    return plain + items


@access(Action.MANAGE_CLIENTS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All clients."""
    found = clients.clients(seen_by=answer.actor(request))
    return answer.page(request, "office/clients.html", {"clients": found, "now": clock.now()})


@access(Action.MANAGE_CLIENTS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Makes a client and shows its secret, this once."""
    form = NewClient(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data | {"networks": form.cleaned_data["networks"].split()}
        try:
            made, secret = clients.register(by=answer.actor(request), now=clock.now(), **given)
        except (Invalid, NotFound) as error:
            form.add_error(None, error.en if answer.is_english() else error.zh)
        else:
            return answer.page(request, "office/client_secret.html", {"client": made, "secret": secret, "is_new": True})
    status = 400 if form.errors else 200
    return answer.page(request, "office/client_new.html", {"form": form}, status=status)


@access(Action.MANAGE_CLIENTS)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def client(request: HttpRequest, client_id: str) -> HttpResponse:
    """One client: what it may, its secrets, its use; a new secret, other quotas, or its end."""
    who = answer.actor(request)
    if request.method == "POST":
        try:
            done = _act(request, client_id)
            if done is not None:
                return done
        except (Invalid, Conflict) as error:
            messages.warning(request, _said(error))
        return HttpResponseRedirect(f"/office/clients/{client_id}/")
    found, now = clients.client(client_id, seen_by=who), clock.now()
    used = quotas.used(f"client:{client_id}", days=_DAYS, now=now, seen_by=who)
    words = dict(scope_choices())
    context = {
        "client": found, "scopes": [words.get(one, one) for one in found.scopes], "now": now, "days": _DAYS,
        "use": charts.bars([charts.Point(day.isoformat(), day.isoformat(), count) for day, count in used]),
        "most": clients.MOST_OVERLAP.days, "founded": alarms.founded(client_id),
    }  # fmt: skip
    return answer.page(request, "office/client.html", context)


def _act(request: HttpRequest, client_id: str) -> HttpResponse | None:
    who, asked = answer.actor(request), request.POST.get("act", "")
    if asked == "rotate":
        days = answer.number(request.POST.get("overlap"))
        found, secret = clients.rotate(
            client_id, overlap=timedelta(days=min(7 if days is None else days, 1000)), by=who, now=clock.now()
        )
        return answer.page(request, "office/client_secret.html", {"client": found, "secret": secret})
    if asked == "change":
        clients.change(
            client_id, per_minute=answer.number(request.POST.get("per_minute")),
            per_day=answer.number(request.POST.get("per_day")), networks=request.POST.get("networks", "").split(), by=who,
        )  # fmt: skip
        messages.success(request, gettext("已更改，从下一次调用起生效。"))
    elif asked == "disable" and request.POST.get("sure"):
        clients.disable(client_id, by=who, now=clock.now())
        messages.success(request, gettext("已停用。它的令牌已全部作废。"))
    else:
        messages.warning(request, gettext("没有改动：请勾选确认后再提交。"))
    return None


def _said(error: XinyongError) -> str:
    return error.en if answer.is_english() else error.zh
