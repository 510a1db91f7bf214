"""People and units: who serves where, who may do what and who gave it; accounts, moves, leaving, departments and offices."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock, codes
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer, words
from xinyong.security import grants, identity, invitations, people
from xinyong.security.access import Action, Actor, access, may

_PER_PAGE = 50


class Placed(forms.Form):
    """Where somebody serves."""

    place = forms.ChoiceField(
        label=gettext_lazy("任职单位和科室"), error_messages={"required": gettext_lazy("请选择单位。")}
    )
    title = forms.CharField(label=gettext_lazy("职务"), max_length=60, required=False)

    def __init__(self, *args: Any, units: list[people.Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", gettext("请选择")), ("-", gettext("平台工作人员（不属于信源单位）"))]
        for unit in units:
            if unit.is_active:
                choices += [(unit.code, unit.name)]
                choices += [(f"{unit.code}/{key}", f"{unit.name} · {name}") for key, name in unit.offices]
        self.fields["place"].choices = choices  # type: ignore[attr-defined]

    @property
    def where(self) -> dict[str, Any]:
        """The place as the verbs take it."""
        department, _, office = self.cleaned_data["place"].partition("/")
        return {
            "department": None if department == "-" else department, "office": answer.number(office),
            "title": self.cleaned_data["title"],
        }  # fmt: skip


class Newcomer(Placed):
    """Somebody who gets an account."""

    username = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{1,59}$", label=gettext_lazy("用户名"),
        help_text=gettext_lazy("字母、数字、点、横线。不要用证件号码或手机号。"),
        error_messages={"required": gettext_lazy("请填写用户名。"), "invalid": gettext_lazy("用户名只能用字母、数字、点和横线。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip
    display_name = forms.CharField(
        label=gettext_lazy("姓名"), max_length=60, error_messages={"required": gettext_lazy("请填写姓名。")}
    )
    field_order = ("username", "display_name", "place", "title")


class Mover(Placed):
    """Somebody who moves."""

    reason = forms.CharField(
        label=gettext_lazy("事由"), max_length=200, error_messages={"required": gettext_lazy("请填写事由。")}
    )


class Reason(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("事由"), max_length=200, error_messages={"required": gettext_lazy("请填写事由。")}
    )


class NewUnit(forms.Form):
    """A department."""

    code = forms.CharField(
        label=gettext_lazy("统一社会信用代码"), max_length=40, error_messages={"required": gettext_lazy("请填写代码。")}
    )
    name = forms.CharField(
        label=gettext_lazy("单位名称"), max_length=200, error_messages={"required": gettext_lazy("请填写单位名称。")}
    )
    short_name = forms.CharField(label=gettext_lazy("简称"), max_length=60, required=False)
    region_code = forms.ChoiceField(label=gettext_lazy("所属行政区划"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = sorted((code, name) for code, name in identity.regions().items() if len(code) <= 9)
        self.fields["region_code"].choices = [("", gettext("不指定")), *((c, f"{c} {n}") for c, n in known)]  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        """The code in its canonical form."""
        judged = codes.judge(self.cleaned_data["code"], expect=codes.Kind.USCC)
        if judged.verdict is codes.Verdict.INVALID:
            raise forms.ValidationError(judged.sentence_en if answer.is_english() else judged.sentence)
        return judged.normalised


@access(Action.VIEW_PEOPLE)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, their post and the roles that hold now."""
    who = answer.actor(request)
    text, unit = (
        request.GET.get("text", "")[:60].replace("\x00", ""),
        request.GET.get("unit", "")[:18].replace("\x00", ""),
    )
    found = people.people(
        seen_by=who, at=clock.now(), text=text, department=unit, after=request.GET.get("after", "")[:60].replace("\x00", ""),
        limit=_PER_PAGE + 1,
    )  # fmt: skip
    context = {
        "people": [(one, words.roles(one.roles)) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].username if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "text": text,
        "unit": unit,
        "units": [] if who.department else identity.source_units(),
        "may_admit": may(who, Action.MANAGE_ACCOUNTS),
    }
    return answer.page(request, "office/people.html", context)


@access(Action.VIEW_PEOPLE)
@require_GET
def person(request: HttpRequest, account_id: int) -> HttpResponse:
    """One account: where it serves, what it may do, who gave that and why."""
    who, now = answer.actor(request), clock.now()
    seen = people.person(account_id, seen_by=who, at=now)
    context = {
        "person": seen.line,
        "posts": seen.posts,
        "grants": [(one, words.grant_state(one, now), _may_end(who, one)) for one in seen.grants],
        "may_manage": may(who, Action.MANAGE_ACCOUNTS) and seen.line.is_active,
        "may_grant": may(who, Action.GRANT, department=seen.line.department or None) and seen.line.is_active,
        "may_explain": may(who, Action.EXPLAIN_ACCESS),
        "is_me": who.account_id == account_id,
    }
    return answer.page(request, "office/person.html", context)


def _may_end(who: Actor, one: grants.Held) -> bool:
    return (
        one.ended_at is None
        and one.role in grants.GIVES.get(who.role, ())
        and may(who, Action.GRANT, department=one.department)
    )


@access(Action.MANAGE_ACCOUNTS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Makes an account; its person sets password and second factor by a link that is shown this once."""
    who, now = answer.actor(request), clock.now()
    form = Newcomer(answer.sent(request), units=people.units(seen_by=who, at=now))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = people.admit(
                username=said["username"], display_name=said["display_name"], by=who, at=now, **form.where
            )
            token = invitations.invite(said["username"], by=who, now=now)
        except XinyongError as error:
            answer.say(form, error)
        else:
            link = request.build_absolute_uri(f"/office/welcome/{token}")
            facts = {"username": said["username"], "link": link, "account_id": made}
            return answer.page(request, "office/admitted.html", facts)
    return answer.form(
        request, form, title=gettext("新建账号"), button=gettext("建立账号"), back="/office/people/",
        intro=gettext("账号建立后没有任何权限：由安全管理员或本单位管理员另行授权。"),
    )  # fmt: skip


@access(Action.MANAGE_ACCOUNTS)
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, account_id: int) -> HttpResponse:
    """Moves somebody to another post; says what that ends before it does."""
    who, now = answer.actor(request), clock.now()
    form = Mover(answer.sent(request), units=people.units(seen_by=who, at=now))
    name = people.name_of(account_id, seen_by=who)
    if request.method == "POST" and form.is_valid():
        try:
            ended = people.move(account_id, reason=form.cleaned_data["reason"], by=who, at=now, **form.where)
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已调动，终止了 %(n)s 项授权。") % {"n": ended})
            return HttpResponseRedirect(f"/office/people/{account_id}/")
    return answer.form(
        request, form, title=gettext("调动：%(name)s") % {"name": name}, button=gettext("调动并终止原有授权"),
        back=f"/office/people/{account_id}/",
        intro=gettext("原任职上的全部授权立即终止，正在使用的会话下一次操作即失去权限。新岗位的权限须重新授予。"),
    )  # fmt: skip


@access(Action.MANAGE_ACCOUNTS)
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, account_id: int) -> HttpResponse:
    """Closes the account of somebody who leaves."""
    who, form = answer.actor(request), Reason(answer.sent(request))
    name = people.name_of(account_id, seen_by=who)
    if request.method == "POST" and form.is_valid():
        people.leave(account_id, reason=form.cleaned_data["reason"], by=who, at=clock.now())
        messages.success(request, gettext("账号已停用，授权全部终止。"))
        return HttpResponseRedirect(f"/office/people/{account_id}/")
    return answer.form(
        request, form, title=gettext("离职：%(name)s") % {"name": name}, button=gettext("停用账号"), is_adverse=True,
        back=f"/office/people/{account_id}/", intro=gettext("账号停用，任职和授权全部终止，会话立即失效。所做过的事仍在日志中。"),
    )  # fmt: skip


@access(Action.VIEW_PEOPLE)
@require_GET
def units(request: HttpRequest) -> HttpResponse:
    """Departments with their division and offices."""
    who = answer.actor(request)
    english = answer.is_english()
    found = [
        (one, people.LEVELS.get(one.level or 0, ("", ""))[english]) for one in people.units(seen_by=who, at=clock.now())
    ]
    return answer.page(request, "office/units.html", {"units": found, "may_manage": may(who, Action.MANAGE_UNITS)})


@access(Action.MANAGE_UNITS)
@require_http_methods(["GET", "POST"])
def new_unit(request: HttpRequest) -> HttpResponse:
    """Registers a department, or brings the names of a known one up to date."""
    form = NewUnit(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        unit = identity.register_department(by=answer.actor(request), **form.cleaned_data)
        messages.success(request, gettext("%(name)s 已登记。") % {"name": unit.name})
        return HttpResponseRedirect("/office/units/")
    return answer.form(
        request, form, title=gettext("登记单位"), button=gettext("登记"), back="/office/units/",
        intro=gettext("同一代码再次登记，即更新名称和区划。"),
    )  # fmt: skip


@access(Action.MANAGE_UNITS)
@require_http_methods(["GET", "POST"])
def close_unit(request: HttpRequest, code: str) -> HttpResponse:
    """Closes a department; says what that ends before it does."""
    form = Reason(answer.sent(request))
    name = identity.source_unit(code).name
    if request.method == "POST" and form.is_valid():
        ended = people.close_department(
            code, reason=form.cleaned_data["reason"], by=answer.actor(request), at=clock.now()
        )
        messages.success(request, gettext("单位已撤销，终止了 %(n)s 人的任职。") % {"n": ended})
        return HttpResponseRedirect("/office/units/")
    return answer.form(
        request, form, title=gettext("撤销：%(name)s") % {"name": name}, button=gettext("撤销单位"), is_adverse=True,
        back="/office/units/", intro=gettext("单位内全部任职和授权立即终止，不能再报送；已报送的数据保留。"),
    )  # fmt: skip


@access(Action.MANAGE_UNITS)
@require_http_methods(["GET", "POST"])
def offices(request: HttpRequest, code: str) -> HttpResponse:
    """Adds an office to a department, or closes one."""
    if request.method == "POST":
        who = answer.actor(request)
        if (closing := answer.number(request.POST.get("close"))) is not None:
            people.close_office(closing, by=who)
        else:
            people.found_office(code, request.POST.get("name", ""), by=who)
    return HttpResponseRedirect("/office/units/")
