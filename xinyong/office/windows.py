"""Reporting windows: what a department has to report by when; their rules and exceptions, for the credit centre."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.catalogue import publish
from xinyong.intake import jobs, windows
from xinyong.intake.windows import Rule, State
from xinyong.kernel import clock, periods
from xinyong.kernel.errors import Conflict, NotFound, XinyongError
from xinyong.office import answer
from xinyong.security import identity
from xinyong.security.access import Action, access

_BACK = "/office/windows/"
_PER_PAGE = 50
_NEEDS = {"required": gettext_lazy("请填写此项。"), "invalid": gettext_lazy("请填写整数。")}
_NEEDS_DAY = {"required": gettext_lazy("请填写此项。"), "invalid": gettext_lazy("请填写日期，如 2026-10-01。")}
#: state → word, colour, icon.
STATES = {
    State.OVERDUE: (gettext_lazy("已逾期"), "adverse", "late"),
    State.GRACE: (gettext_lazy("宽限期内"), "caution", "clock"),
    State.OPEN: (gettext_lazy("待报送"), "caution", "clock"),
    State.EXCEPTED: (gettext_lazy("准予补报"), "caution", "key"),
    State.LOCKED: (gettext_lazy("已锁定"), "plain", "lock"),
    State.DONE: (gettext_lazy("已报齐"), "positive", "check"),
}


def _working_days(label: Any, *, least: int = 0, required: bool = True, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=least, max_value=windows.MOST_DAYS, required=required, error_messages=_NEEDS, help_text=help_text
    )  # fmt: skip


class HowLong(forms.Form):
    """When a unit has to report an item."""

    source = forms.CharField(widget=forms.HiddenInput())
    item = forms.CharField(widget=forms.HiddenInput())
    after = forms.IntegerField(widget=forms.HiddenInput())
    every = forms.ChoiceField(
        label=gettext_lazy("报送周期"),
        choices=((windows.MONTH, gettext_lazy("每月")), (windows.QUARTER, gettext_lazy("每季度"))),
    )
    due_days = _working_days(gettext_lazy("期后第几个工作日前报齐"), least=1)
    grace_days = _working_days(
        gettext_lazy("宽限（工作日）"), help_text=gettext_lazy("宽限期满才算逾期。没有宽限填 0。")
    )
    lock_days = _working_days(
        gettext_lazy("宽限期满后多少个工作日锁定"), required=False,
        help_text=gettext_lazy("不填为不锁定。锁定后，该期的新增和更正都要先准予补报。"),
    )  # fmt: skip
    since = forms.DateField(
        label=gettext_lazy("自哪一期起"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=_NEEDS_DAY, help_text=gettext_lazy("一期的第一天，如 2026-10-01。以前各期不受影响。"),
    )  # fmt: skip


class Exception_(forms.Form):  # noqa: N801 (Exception is Python's)
    """Until when a locked period is open, and why."""

    source = forms.CharField(widget=forms.HiddenInput())
    item = forms.CharField(widget=forms.HiddenInput())
    period = forms.DateField(widget=forms.HiddenInput())
    until = forms.DateField(
        label=gettext_lazy("补报截止日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=_NEEDS_DAY, help_text=gettext_lazy("含当日，最长 92 天。到期自动恢复锁定。"),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("理由"), max_length=200, error_messages=_NEEDS,
        help_text=gettext_lazy("单位能看到，并留存在操作日志中。不要写个人信息。"),
    )  # fmt: skip


@access(Action.VIEW_RATES)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """A department's windows, or all, the most urgent first."""
    who = answer.actor(request)
    item, source, state = (request.GET.get(name, "")[:40] for name in ("item", "source", "state"))
    state = state if state in {one.value for one in State} else ""
    found = windows.listing(seen_by=who, at=clock.now(), source_code=source, item_id=item, state=state)
    first = answer.number(request.GET.get("after")) or 0
    titles = {one.id: one for one in publish.items()}
    shown = found[first : first + _PER_PAGE]
    context = {
        "rows": [(one, titles.get(one.item_id), *STATES[one.state]) for one in shown],
        "next_after": first + _PER_PAGE if len(found) > first + _PER_PAGE else None,
        "is_first": first == 0,
        "counts": [(STATES[one][0], sum(each.state == one for each in found)) for one in State],
        "states": [(one.value, STATES[one][0]) for one in State],
        "items": [titles[one] for one in sorted({one.item_id for one in found} | {item}) if one in titles],
        "sources": [] if who.department else identity.source_units(),
        "item": item,
        "source": source,
        "state": state,
        "is_filtered": bool(item or source or state),
    }
    return answer.page(request, "office/windows.html", context)


@access(Action.OVERSEE_REPORTING)
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest) -> HttpResponse:
    """Says when a unit has to report an item."""
    who = answer.actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    source, item = asked.get("source", ""), asked.get("item", "")
    unit, title = _unit_and_item(source, item)
    present, version = windows.rule_of(item, source, seen_by=who)
    initial: dict[str, Any] = {
        "source": source, "item": item, "after": version, "every": present.every, "due_days": present.due_days,
        "grace_days": present.grace_days, "lock_days": present.lock_days,
        "since": present.period_of(clock.today()).start,
    }  # fmt: skip
    form = HowLong(answer.sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            windows.set_rule(
                item_id=item, source_code=source, rule=Rule(said["every"], said["due_days"], said["grace_days"], said["lock_days"]),
                since=said["since"], after=said["after"], by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("报送窗口已设定。"))
            return HttpResponseRedirect(_BACK)
    return answer.form(
        request, form, title=gettext("设定报送窗口"), button=gettext("设定"), back=_BACK, intro=f"{unit} · {title}"
    )


@access(Action.OVERSEE_REPORTING)
@require_http_methods(["GET", "POST"])
def grant(request: HttpRequest) -> HttpResponse:
    """Opens a locked period for a time."""
    who = answer.actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    source, item, day = asked.get("source", ""), asked.get("item", ""), _day(asked.get("period", ""))
    unit, title = _unit_and_item(source, item)
    window = windows.one(item, source, day, seen_by=who, at=clock.now())
    form = Exception_(answer.sent(request), initial={"source": source, "item": item, "period": day})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            _, count = jobs.grant_exception(
                item_id=item, source_code=source, day=day, until=said["until"], reason=said["reason"], by=who,
                at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            said_so = gettext("已准予补报，单位会收到通知。")
            if count:
                said_so += gettext("因锁定被拒收的 %(n)s 批随即继续处理。") % {"n": count}
            messages.success(request, said_so)
            return HttpResponseRedirect(_BACK)
    return answer.form(
        request, form, title=gettext("准予补报"), button=gettext("准予补报"), back=_BACK,
        intro=f"{unit} · {title} · {window.name}",
    )  # fmt: skip


@access(Action.OVERSEE_REPORTING)
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Ends an exception before its day."""
    try:
        jobs.withdraw_exception(
            answer.number(request.POST.get("exception")) or 0, by=answer.actor(request), at=clock.now()
        )
    except (Conflict, NotFound) as error:
        answer.warn(request, error)
    else:
        messages.success(request, gettext("补报许可已撤回，单位会收到通知。已入库的数据不受影响。"))
    return HttpResponseRedirect(_BACK)


def _unit_and_item(source: str, item: str) -> tuple[str, str]:
    found = publish.current(item)
    return identity.source_unit(
        source, even_closed=True
    ).name, found.title_en if answer.is_english() else found.title_zh


def _day(text: str) -> date:
    try:
        return periods.month(text[:7]).start
    except ValueError as error:
        raise Http404 from error
