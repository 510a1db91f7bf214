"""供数授权 Which units may report which item, for the credit centre."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.intake import supply, supply_view
from xinyong.intake.supply import Mode
from xinyong.intake.supply_view import GrantView
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.office.duties import OfUnit
from xinyong.security import identity
from xinyong.security.access import Action, access, may

_BACK = "/office/supply/"
_PER_PAGE = 50
_NEEDS = {"required": gettext_lazy("请填写此项。"), "invalid": gettext_lazy("请填写日期，如 2026-10-01。")}
_DAY = {"type": "date"}
#: The ways a file comes in, in words.
CHANNELS = {
    "file": gettext_lazy("文件"), "manual": gettext_lazy("手工录入"), "api": gettext_lazy("接口"), "folder": gettext_lazy("交换目录"),
    "docking": gettext_lazy("数据库对接"),
}  # fmt: skip


def _basis() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("依据或理由"), max_length=supply.LONGEST, error_messages=_NEEDS,
        help_text=gettext_lazy("如三定方案、目录条目、来函。记入日志，不要写个人信息。"),
    )  # fmt: skip


class Grant(OfUnit):
    """Which unit may report which item. Of a grant that is there, only its end and basis are said anew."""

    basis = _basis()
    after = forms.IntegerField(widget=forms.HiddenInput(), required=False)

    def __init__(self, *args: Any, held: GrantView | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_on"].help_text = gettext(
            "不再授权的第一天；长期授权的不填；与起始日期相同表示从未授权（更正误设）。"
        )
        if held is not None:
            for name in ("source", "item", "starts_on"):
                self.fields[name].widget = forms.HiddenInput()


class ModeForm(forms.Form):
    """What an item is from now on, and why."""

    item = forms.CharField(widget=forms.HiddenInput())
    mode = forms.ChoiceField(widget=forms.HiddenInput(), choices=Mode.choices)
    after = forms.IntegerField(widget=forms.HiddenInput())
    basis = _basis()


@access(Action.OVERSEE_REPORTING)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Every item with its mode and who may report it, and every grant."""
    who = answer.actor(request)
    source, item = (request.GET.get(name, "")[:40] for name in ("source", "item"))
    mode = request.GET.get("mode", "")
    seen = supply_view.listing(seen_by=who, on=clock.today(), source_code=source, item_id=item)
    titles = {one.id: one for one in publish.reported() if who.items is None or one.id in who.items}
    first = answer.number(request.GET.get("after")) or 0
    grants = seen.grants[first : first + _PER_PAGE]
    context = {
        "items": [(one, titles.get(one.item_id)) for one in seen.items if mode in ("", one.mode)],
        "grants": [(one, titles.get(one.item_id)) for one in grants], "grant_count": len(seen.grants),
        "granted": sum(not one.is_open for one in seen.items), "all": len(seen.items), "today": clock.today(),
        "next_after": first + _PER_PAGE if len(seen.grants) > first + _PER_PAGE else None, "is_first": first == 0,
        "sources": identity.source_units(), "source": source, "choices": titles.values(), "item": item, "mode": mode,
        "modes": [(Mode.GRANTED.value, gettext("须经授权")), (Mode.OPEN.value, gettext("不限单位"))],
        "is_filtered": bool(source or item or mode), "may_switch": may(who, Action.OVERSEE_REPORTING, region=""),
    }  # fmt: skip
    return answer.page(request, "office/supply.html", context)


@access(Action.OVERSEE_REPORTING)
@require_http_methods(["GET", "POST"])
def grant(request: HttpRequest) -> HttpResponse:
    """Grants an item to a unit, ends a grant or puts it right."""
    who = answer.actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    held = _held(asked.get("source", ""), asked.get("item", ""), asked.get("starts_on", ""), request)
    initial: dict[str, Any] = {
        "source": asked.get("source", ""),
        "item": asked.get("item", ""),
        "starts_on": clock.today(),
    }
    if held is not None:
        ends_on = clock.today() if request.GET.get("end") == "1" else held.ends_on
        initial |= {"starts_on": held.starts_on, "ends_on": ends_on, "after": held.version}
        initial |= {} if request.GET.get("end") == "1" else {"basis": held.basis}
    is_change = held is not None and (request.method == "GET" or asked.get("after", "") != "")
    form = Grant(answer.sent(request), initial=initial, held=held if is_change else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            supply.grant(
                item_id=said["item"], source_code=said["source"], starts_on=said["starts_on"], ends_on=said["ends_on"],
                basis=said["basis"], after=said["after"], by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("供数授权已设定。"))
            return HttpResponseRedirect(f"{_BACK}?item={said['item']}")
    intro = gettext("授权只在事项“须经授权”时起作用；负有报送责任的单位不必另行授权。终止后已报送的数据不受影响。")
    if is_change and held is not None:
        intro = f"{held.source_name} · {_title(held.item_id)} · {held.starts_on} {gettext('起')}"
    return answer.form(
        request, form, title=gettext("更正或终止供数授权") if is_change else gettext("授权单位报送"), button=gettext("设定"),
        back=_BACK, intro=intro,
    )  # fmt: skip


@access(Action.OVERSEE_REPORTING)
@require_http_methods(["GET", "POST"])
def mode(request: HttpRequest) -> HttpResponse:
    """Switches an item between open and granted, once it was shown whom that would refuse."""
    who = answer.actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    item_id = publish.current_reported(asked.get("item", "")).id
    present = supply_view.of_item(item_id, seen_by=who, on=clock.today())
    wanted = Mode.GRANTED if present.is_open else Mode.OPEN
    form = ModeForm(
        answer.sent(request), initial={"item": item_id, "mode": wanted.value, "after": present.version}
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            supply.set_mode(
                item_id=item_id, mode=said["mode"], basis=said["basis"], after=said["after"], by=who, at=clock.now()
            )
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("供数方式已改。以前报送的数据不受影响。"))
            return HttpResponseRedirect(f"{_BACK}?item={item_id}")
    concerned = supply_view.effect(item_id, seen_by=who, at=clock.now()) if wanted == Mode.GRANTED else []
    context = {
        "form": form, "present": present, "title": _title(item_id), "is_closing": wanted == Mode.GRANTED,
        "concerned": [(one, [CHANNELS.get(way, way) for way in one.channels]) for one in concerned],
    }  # fmt: skip
    return answer.page(request, "office/supply_mode.html", context, status=400 if form.errors else 200)


def _held(source: str, item: str, starts_on: str, request: HttpRequest) -> GrantView | None:
    """The grant that is to be changed, where all three name one."""
    try:
        day = forms.DateField().clean(starts_on)
    except forms.ValidationError:
        return None
    return supply_view.one_grant(
        source_code=source, item_id=item, starts_on=day, seen_by=answer.actor(request)
    )  # fmt: skip


def _title(item_id: str) -> str:
    found = publish.current(item_id)
    return found.title_en if answer.is_english() else found.title_zh
