"""A department's declared totals and zero reports, month by month; spot checks, for the credit centre."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.intake import declared
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.kernel.periods import Period
from xinyong.office import answer, months
from xinyong.security import identity
from xinyong.security.access import Action, Actor, access

_NEEDS = {"required": gettext_lazy("请填写此项。"), "invalid": gettext_lazy("请填写整数。")}


class Said(forms.Form):
    """How many decisions of which item in which month."""

    period = forms.CharField(widget=forms.HiddenInput())
    source = forms.ChoiceField(label=gettext_lazy("信源单位"), error_messages=_NEEDS)
    item = forms.ChoiceField(label=gettext_lazy("事项"), error_messages=_NEEDS)
    number = forms.IntegerField(
        label=gettext_lazy("应报数"), min_value=0, max_value=declared.MOST, error_messages=_NEEDS,
        help_text=gettext_lazy("本月作出决定的件数。没有请填 0，即零报告。"),
    )  # fmt: skip
    note = forms.CharField(label=gettext_lazy("说明"), max_length=300, required=False)
    after = forms.IntegerField(widget=forms.HiddenInput(), required=False)

    def __init__(self, *args: Any, who: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [("", gettext("请选择")), *_items(who)]  # type: ignore[attr-defined]
        units = _units(who)
        self.fields["source"].choices = units if len(units) == 1 else [("", gettext("请选择")), *units]  # type: ignore[attr-defined]
        if len(units) == 1:
            self.fields["source"].initial = units[0][0]
            self.fields["source"].widget = forms.HiddenInput()


class Checked(Said):
    """What a spot check found."""

    number = forms.IntegerField(
        label=gettext_lazy("抽查件数"), min_value=0, max_value=declared.MOST, error_messages=_NEEDS,
        help_text=gettext_lazy("在单位网站、办案系统中看到的本月决定。"),
    )  # fmt: skip
    found = forms.IntegerField(
        label=gettext_lazy("其中已报送"), min_value=0, max_value=declared.MOST, error_messages=_NEEDS
    )
    field_order = ("period", "source", "item", "number", "found", "note", "after")


@access(Action.VIEW_RATES)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """A month's declarations beside what arrived; what contradicts itself stands out."""
    who, period = answer.actor(request), months.asked(request.GET.get("period"))
    source = request.GET.get("source", "")
    lines = declared.lines(period, seen_by=who, as_of=clock.now(), source_code=source)
    titles = {one.id: one for one in publish.items()}
    context = {
        "lines": [(one, titles.get(one.item_id)) for one in lines],
        "contradicted": sum(one.is_contradicted for one in lines),
        "missing": sum(one.is_owed and (one.total is None or one.total.number is None) for one in lines),
        "period": months.key(period),
        "months": months.offered(period),
        "sources": [] if who.department else identity.source_units(),
        "source": source,
    }
    return answer.page(request, "office/declared.html", context)


@access(Action.DECLARE)
@require_http_methods(["GET", "POST"])
def say(request: HttpRequest) -> HttpResponse:
    """Declares a total or zero, or takes it back."""
    who = answer.actor(request)
    if request.method == "POST" and "take_back" in request.POST:
        return _take_back(request, who)
    period = months.asked((request.POST if request.method == "POST" else request.GET).get("period"))
    form = Said(answer.sent(request), who=who, initial=_initial(request, period))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            word = declared.declare(
                item_id=said["item"], source_code=said["source"], period=period, number=said["number"], note=said["note"],
                after=said["after"], by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已记为零报告。") if word.is_zero_report else gettext("应报数已记下。"))
            return HttpResponseRedirect(_back(period))
    return answer.form(
        request, form, title=gettext("申报应报数"), button=gettext("申报"), back=_back(period),
        intro=gettext("月份：%(month)s。以后可以再报一版更正，原来的版本保留在历史中。") % {"month": months.key(period)},
    )  # fmt: skip


@access(Action.OVERSEE_REPORTING)
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Enters what a spot check found."""
    who = answer.actor(request)
    period = months.asked((request.POST if request.method == "POST" else request.GET).get("period"))
    form = Checked(answer.sent(request), who=who, initial=_initial(request, period))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            declared.spot_check(
                item_id=said["item"], source_code=said["source"], period=period, checked=said["number"], found=said["found"],
                note=said["note"], by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("抽查结果已记下。"))
            return HttpResponseRedirect(_back(period))
    return answer.form(
        request, form, title=gettext("登记抽查结果"), button=gettext("登记"), back=_back(period),
        intro=gettext("月份：%(month)s。") % {"month": months.key(period)},
    )  # fmt: skip


@access(Action.VIEW_RATES)
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Every version of one declaration: who said what when."""
    who, period = answer.actor(request), months.asked(request.GET.get("period"))
    item, source = request.GET.get("item", ""), request.GET.get("source", "") or who.department or ""
    unit = identity.source_unit(source, even_closed=True)
    words = declared.history(item_id=item, source_code=unit.code, period=period, seen_by=who)
    context = {"words": words, "unit": unit, "item": publish.current(item), "period": months.key(period)}
    return answer.page(request, "office/declared_history.html", context)


def _take_back(request: HttpRequest, who: Actor) -> HttpResponse:
    period = months.asked(request.POST.get("period"))
    declared.take_back(
        item_id=request.POST.get("item", ""), source_code=request.POST.get("source", ""), period=period,
        after=answer.number(request.POST.get("after")), by=who, at=clock.now(),
    )  # fmt: skip
    messages.success(request, gettext("已撤回。历史中仍能看到撤回前的版本。"))
    return HttpResponseRedirect(_back(period))


def _initial(request: HttpRequest, period: Period) -> dict[str, Any]:
    found = {name: request.GET[name] for name in ("source", "item", "number", "after") if name in request.GET}
    return {"period": months.key(period), **found}


def _back(period: Period) -> str:
    return "/office/declared/?" + urlencode({"period": months.key(period)})


def _items(who: Actor) -> list[tuple[str, str]]:
    english = answer.is_english()
    return [
        (one.id, one.title_en if english else one.title_zh)
        for one in publish.reported()
        if who.items is None or one.id in who.items
    ]


def _units(who: Actor) -> list[tuple[str, str]]:
    units = [identity.source_unit(who.department)] if who.department else identity.source_units()
    return [(one.code, one.name) for one in units]
