"""授权查询 Queries by a subject's authorisation, in an emergency without; asking for authorisations; the register of purposes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Grade
from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.rights import consent, purposes, queries, whose
from xinyong.rights.purposes import Purpose
from xinyong.security.access import Action, access, may
from xinyong.web.words import CONSENT_STATES

_NEEDS = {"required": gettext_lazy("请填写此项。")}
_PER_PAGE = 30


class Subject(forms.Form):
    """About whom: an organisation or a person, in the body of the request only."""

    code = forms.CharField(label=gettext_lazy("统一社会信用代码"), max_length=40, required=False)
    certificate = forms.CharField(
        label=gettext_lazy("自然人证件号码"), max_length=40, required=False,
        help_text=gettext_lazy("查自然人时填写。号码不保存、不记入日志。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """One subject."""
        said = self.cleaned_data
        if bool(said.get("code")) == bool(said.get("certificate")):
            self.add_error("code", gettext("请填写单位代码或自然人证件号码，二者填一项。"))
        return said


class Query(Subject):
    """Which items, up to which grade, for which matter."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("目录事项"), widget=forms.CheckboxSelectMultiple, required=False,
        help_text=gettext_lazy("只选办事需要的；不选即该目的（和授权）允许的全部。"),
    )  # fmt: skip
    level = forms.ChoiceField(label=gettext_lazy("查询等级"))
    note = forms.CharField(
        label=gettext_lazy("所办事项"), min_length=4, max_length=120, error_messages=_NEEDS,
        help_text=gettext_lazy("写明事项名称或文号，例如“云市监许申〔2026〕12号”。请勿填写个人身份证号、电话。"),
    )  # fmt: skip
    withheld_days = forms.IntegerField(
        label=gettext_lazy("对主体暂缓显示的天数"), required=False, min_value=0, initial=0
    )

    withheld_basis = forms.CharField(
        label=gettext_lazy("暂缓显示的依据和理由"), required=False, max_length=200,
        help_text=gettext_lazy("暂缓显示时必填：告知会怎样妨碍履行法定职责。请勿填写个人信息。"),
    )  # fmt: skip

    def __init__(self, *args: Any, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].choices = _items(purpose)  # type: ignore[attr-defined]
        levels = [(Grade.SHARED.value, gettext("共享级"))]
        if purpose.level is Grade.AUTHORISED:
            levels.append((Grade.AUTHORISED.value, gettext("授权级")))
        self.fields["level"].choices = levels  # type: ignore[attr-defined]
        if purpose.withheld_days:
            self.fields["withheld_days"].help_text = gettext("最多 %(n)s 天，期满自动显示。依据：%(basis)s") % {
                "n": purpose.withheld_days, "basis": purpose.withheld_basis,
            }  # fmt: skip
        else:
            del self.fields["withheld_days"], self.fields["withheld_basis"]


class Emergency(Subject):
    """Why it cannot wait."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("目录事项"), widget=forms.CheckboxSelectMultiple, error_messages=_NEEDS
    )
    reason = forms.CharField(
        label=gettext_lazy("紧急事由"), min_length=4, max_length=120, error_messages=_NEEDS,
        help_text=gettext_lazy("写明什么情况、为什么来不及取得授权。请勿填写个人信息。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = next(one for one in purposes.in_force(on=clock.today()) if one.is_emergency)
        self.fields["items"].choices = _items(found)  # type: ignore[attr-defined]


class Request(Subject):
    """An authorisation asked for: items, days, what happens without."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("请求查询的事项"), widget=forms.CheckboxSelectMultiple, error_messages=_NEEDS
    )
    days = forms.IntegerField(label=gettext_lazy("授权期限（天）"), min_value=1, max_value=3660, error_messages=_NEEDS)
    without = forms.CharField(
        label=gettext_lazy("不同意会怎样"), max_length=200, error_messages=_NEEDS,
        help_text=gettext_lazy("主体会看到。例如“将改为人工核验纸质材料”。"),
    )  # fmt: skip

    def __init__(self, *args: Any, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].choices = _items(purpose)  # type: ignore[attr-defined]
        self.fields["days"].help_text = gettext("最长 %(days)s 天，到期自动失效。") % {"days": purpose.max_days}


@access(Action.QUERY)
@sensitive_post_parameters("certificate")
@require_http_methods(["GET", "POST"])
def query(request: HttpRequest) -> HttpResponse:
    """Chooses a purpose, asks, and shows the answer on the spot: it has no address."""
    who, now = answer.actor(request), clock.now()
    found = purposes.open_to(who, on=now.date())
    purpose = _chosen(request, found)
    if purpose is None:
        return answer.page(request, "office/queries.html", {"purposes": [], "form": None})
    form = Query(answer.sent(request), purpose=purpose)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            about = whose.find(code=said["code"], certificate=said["certificate"], by=who)
            seen = queries.query(
                about, purpose=purpose.id, note=said["note"], items=said["items"], level=Grade(said["level"]),
                withheld_days=said.get("withheld_days") or 0, withheld_basis=said.get("withheld_basis") or "",
                seen_by=who, at=now,
            )  # fmt: skip
            return _shown(request, about, seen)
        except XinyongError as error:
            answer.say(form, error)
    context = {"form": form, "purpose": purpose, "purposes": found, "may_break_glass": may(who, Action.BREAK_GLASS)}
    return answer.page(request, "office/queries.html", context, status=400 if form.errors else 200)


@access(Action.BREAK_GLASS)
@sensitive_post_parameters("certificate")
@require_http_methods(["GET", "POST"])
def emergency(request: HttpRequest) -> HttpResponse:
    """Says what it does, and looks without an authorisation."""
    who, now = answer.actor(request), clock.now()
    form = Emergency(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            about = whose.find(code=said["code"], certificate=said["certificate"], by=who)
            seen = queries.break_glass(about, items=said["items"], reason=said["reason"], seen_by=who, at=now)
            return _shown(request, about, seen)
        except XinyongError as error:
            answer.say(form, error)
    return answer.page(request, "office/emergency.html", {"form": form}, status=400 if form.errors else 200)


@access(Action.ASK_CONSENT)
@require_GET
def consents(request: HttpRequest) -> HttpResponse:
    """What one's unit asked subjects for, and what they said."""
    who, after = answer.actor(request), answer.number(request.GET.get("after"))
    found = consent.of_unit(by=who, at=clock.now(), after=after, limit=_PER_PAGE + 1)
    context = {
        "lines": [(one, CONSENT_STATES[one.state]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None, "is_first": "after" not in request.GET,
    }  # fmt: skip
    return answer.page(request, "office/consents.html", context)


@access(Action.ASK_CONSENT)
@sensitive_post_parameters("certificate")
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Asks a subject for an authorisation for one's own unit."""
    who, now = answer.actor(request), clock.now()
    found = [one for one in purposes.open_to(who, on=now.date()) if one.max_days]
    purpose = _chosen(request, found)
    if purpose is None:
        raise NotFound("没有可以请求授权的目的。", "There is no purpose to ask for.")
    form = Request(answer.sent(request), purpose=purpose, initial={"days": purpose.max_days})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            about = whose.find(code=said["code"], certificate=said["certificate"], by=who)
            consent.ask(
                about,
                purpose=purpose.id,
                items=said["items"],
                days=said["days"],
                without=said["without"],
                by=who,
                at=now,
            )
            messages.success(request, gettext("已发出请求，等主体答复。"))
            return HttpResponseRedirect("/office/consents/")
        except XinyongError as error:
            answer.say(form, error)
    context = {"form": form, "purpose": purpose, "purposes": found}
    return answer.page(request, "office/consent_ask.html", context, status=400 if form.errors else 200)


@access(Action.USE_OFFICE)
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """The register of purposes, ended ones too."""
    english, today = answer.is_english(), clock.today()
    titles = {one.id: one.title_en if english else one.title_zh for one in publish.items()}
    lines = [
        (one, one.holds(today), [titles.get(each, each) for each in sorted(one.items)]) for one in purposes.register()
    ]
    return answer.page(request, "office/purposes.html", {"lines": lines})


def _shown(request: HttpRequest, about: whose.Whose, seen: queries.Answer) -> HttpResponse:
    return answer.page(request, "office/query_answer.html", {"about": about, "found": seen})


def _chosen(request: HttpRequest, found: list[Purpose]) -> Purpose | None:
    wanted = request.POST.get("purpose") or request.GET.get("purpose") or ""
    return next((one for one in found if one.id == wanted), found[0] if found else None)


def _items(purpose: Purpose) -> list[tuple[str, str]]:
    english = answer.is_english()
    return [(one.id, one.title_en if english else one.title_zh) for one in purposes.items(purpose, on=clock.today())]
