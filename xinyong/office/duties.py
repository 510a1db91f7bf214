"""Which unit owes which item, for the credit centre."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.intake import duties
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.security import identity
from xinyong.security.access import Action, access

_NEEDS = {"required": gettext_lazy("请填写此项。"), "invalid": gettext_lazy("请填写日期，如 2026-10-01。")}
_DAY = {"type": "date"}


class OfUnit(forms.Form):
    """Which unit and which item, from when to when."""

    source = forms.ChoiceField(label=gettext_lazy("信源单位"), error_messages=_NEEDS)
    item = forms.ChoiceField(label=gettext_lazy("事项"), error_messages=_NEEDS)
    starts_on = forms.DateField(
        label=gettext_lazy("起始日期"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"), error_messages=_NEEDS
    )
    ends_on = forms.DateField(
        label=gettext_lazy("终止日期"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"), required=False,
        error_messages=_NEEDS,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        english = answer.is_english()
        items = [(one.id, one.title_en if english else one.title_zh) for one in publish.reported()]
        units = [(one.code, one.name) for one in identity.source_units()]
        for name, options in (("source", units), ("item", items)):
            self.fields[name].choices = [("", gettext("请选择")), *options]  # type: ignore[attr-defined]


class Duty(OfUnit):
    """Which unit owes which item."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_on"].help_text = gettext(
            "不再负责的第一天；一直负责的不填；与起始日期相同表示从未负责（更正误设）。"
        )


@access(Action.OVERSEE_REPORTING)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Every duty as it stands."""
    source = request.GET.get("source", "")
    titles = {one.id: one for one in publish.items()}
    found = duties.listing(seen_by=answer.actor(request), source_code=source)
    context = {
        "duties": [(one, titles.get(one.item_id)) for one in found],
        "sources": identity.source_units(),
        "source": source,
    }
    return answer.page(request, "office/duties.html", context)


@access(Action.OVERSEE_REPORTING)
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest) -> HttpResponse:
    """Sets a duty, ends it or puts it right."""
    initial = {name: request.GET[name] for name in ("source", "item", "starts_on", "ends_on") if name in request.GET}
    form = Duty(answer.sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            duties.assign(
                item_id=said["item"], source_code=said["source"], starts_on=said["starts_on"], ends_on=said["ends_on"],
                by=answer.actor(request), at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("报送责任已设定。"))
            return HttpResponseRedirect("/office/duties/")
    return answer.form(
        request, form, title=gettext("设定报送责任"), button=gettext("设定"), back="/office/duties/",
        intro=gettext("归集率以此为分母。单位月中成立或撤销的，按负责的天数计。"),
    )  # fmt: skip
