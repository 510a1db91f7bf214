"""Rights given, ended, passed on; under which one somebody acts."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer, words
from xinyong.security import approvals, grants, identity, people
from xinyong.security.access import Action, Role, access


class Scoped(forms.Form):
    """A scope and its time."""

    region = forms.ChoiceField(label=gettext_lazy("行政区划"), required=False)
    items = forms.MultipleChoiceField(
        label=gettext_lazy("目录事项"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("不选即全部事项。"),
    )  # fmt: skip
    until = forms.DateField(
        label=gettext_lazy("有效至（含当日）"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("日期写成 2026-12-31 这样。"), "required": gettext_lazy("请选择结束日期。")},
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("事由"), max_length=200, error_messages={"required": gettext_lazy("请填写事由。")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        regions = sorted((code, f"{code} {name}") for code, name in identity.regions().items() if len(code) == 6)
        self.fields["region"].choices = [("", gettext("不限")), *regions]  # type: ignore[attr-defined]
        english = answer.is_english()
        items = [(one.id, one.title_en if english else one.title_zh) for one in publish.reported()]
        self.fields["items"].choices = items  # type: ignore[attr-defined]

    @property
    def valid_to(self) -> datetime | None:
        """The end of the last day."""
        day = self.cleaned_data["until"]
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=clock.ZONE) if day else None


class Given(Scoped):
    """A right to give."""

    role = forms.ChoiceField(label=gettext_lazy("角色"), error_messages={"required": gettext_lazy("请选择角色。")})
    field_order = ("role", "region", "items", "until", "reason")

    def __init__(self, *args: Any, roles: tuple[Role, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", gettext("请选择")), *((one.value, words.ROLES[one]) for one in roles)]  # type: ignore[attr-defined]


class PassedOn(Scoped):
    """A right to pass on."""

    to = forms.ChoiceField(label=gettext_lazy("委托给"), error_messages={"required": gettext_lazy("请选择同事。")})
    field_order = ("to", "region", "items", "until", "reason")

    def __init__(self, *args: Any, colleagues: list[people.PersonLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].required = True
        choices = [(str(one.id), f"{one.display_name}（{one.username}）") for one in colleagues]
        self.fields["to"].choices = [("", gettext("请选择")), *choices]  # type: ignore[attr-defined]


@access(Action.GRANT)
@require_http_methods(["GET", "POST"])
def give(request: HttpRequest, account_id: int) -> HttpResponse:
    """Gives somebody a right; for an administrator's the first press asks a second person, the next one gives."""
    who, now = answer.actor(request), clock.now()
    seen = people.person(account_id, seen_by=who, at=now).line
    form = Given(answer.sent(request), roles=grants.GIVES.get(who.role, ()))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        role = Role(said["role"])
        is_platforms = role in grants.ADMINISTRATORS or role is Role.OPERATOR
        scope: dict[str, Any] = {
            "to": account_id, "role": role, "department": None if is_platforms else seen.department or None,
            "region": said["region"], "items": said["items"], "valid_to": form.valid_to,
        }  # fmt: skip
        try:
            grants.give(**scope, reason=said["reason"], by=who, at=now)
        except approvals.ConsentNeeded:
            asked = approvals.ask(
                approvals.Kind.GRANT_ADMINISTRATOR, grants.administrator_payload(**scope), object_ref=seen.username,
                reason=said["reason"], by=who, at=now,
            )  # fmt: skip
            messages.info(
                request,
                gettext("管理员角色须两人办理：已提交复核申请。另一位安全管理员同意后，请按同样内容再授权一次。"),
            )
            return HttpResponseRedirect(f"/office/approvals/{asked.id}/")
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已授权，立即生效。"))
            return HttpResponseRedirect(f"/office/people/{account_id}/")
    return answer.form(
        request, form, title=gettext("授权给 %(name)s") % {"name": seen.display_name}, button=gettext("授权"),
        back=f"/office/people/{account_id}/",
        intro=gettext("授权范围不能超出您自己的范围；到期自动失效，调动即终止。"),
    )  # fmt: skip


@access(Action.OWN_ACCOUNT)
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """One's own rights: which there are, who gave them, under which one this session acts."""
    who, now = answer.actor(request), clock.now()
    held = grants.of_account(who.account_id or 0, at=now)
    context = {
        "grants": [
            (
                one,
                words.grant_state(one, now),
                one.holds and not one.is_delegated and one.role not in grants.ADMINISTRATORS,
            )
            for one in held
        ],
        "acting": who.grant_id,
        "passed_on": [(one, words.grant_state(one, now)) for one in grants.passed_on(who.account_id or 0, at=now)],
    }
    return answer.page(request, "office/my_grants.html", context)


@access(Action.OWN_ACCOUNT)
@require_http_methods(["GET", "POST"])
def act_as(request: HttpRequest) -> HttpResponse:
    """From now on this session acts under another right of the same person."""
    if request.method == "POST" and (chosen := answer.number(request.POST.get("grant"))) is not None:
        identity.act_as(request, chosen, by=answer.actor(request))
        messages.success(request, gettext("已切换身份。"))
    return HttpResponseRedirect("/office/grants/")


@access(Action.OWN_ACCOUNT)
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Ends a right: whoever may give it, has it, or has passed it on."""
    back = request.POST.get("back", "")
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:200] or "ended"
        grants.end(grant_id, reason=reason, by=answer.actor(request), at=clock.now())
        messages.success(request, gettext("授权已终止，立即生效。"))
    return HttpResponseRedirect(back if back.startswith("/office/people/") else "/office/grants/")


@access(Action.DELEGATE)
@require_http_methods(["GET", "POST"])
def delegate(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Passes a right on to a colleague for a time."""
    who, now = answer.actor(request), clock.now()
    form = PassedOn(answer.sent(request), colleagues=people.colleagues(by=who, at=now))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            grants.delegate(
                grant_id, to=int(said["to"]), valid_to=form.valid_to or now, region=said["region"], items=said["items"],
                reason=said["reason"], by=who, at=now,
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已委托，到期自动收回；您随时可以提前收回。"))
            return HttpResponseRedirect("/office/grants/")
    return answer.form(
        request, form, title=gettext("委托权限"), button=gettext("委托"), back="/office/grants/",
        intro=gettext("只能委托给本单位同事，最长 90 天；不能再委托，您的权限终止时一并终止。"),
    )  # fmt: skip
