"""登记变更 The change feeds of the base register: how far each is, what is missing, what was refused, who followed whom."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.intake import feed
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.office import answer
from xinyong.security.access import Action, access
from xinyong.subjects import succession

_PER_PAGE = 50
_PAGE = "/office/feeds/"


class Reason(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("理由"), min_length=4, max_length=200,
        help_text=gettext_lazy("记入日志。请勿填写个人身份证号、电话。"),
        error_messages={"required": gettext_lazy("请写明理由。")},
    )  # fmt: skip


@access(Action.MANAGE_FEEDS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All feeds, the newest successions."""
    who = answer.actor(request)
    context = {
        "feeds": feed.feeds(seen_by=who, now=clock.now()),
        "successions": succession.latest(seen_by=who, limit=_PER_PAGE),
    }
    return answer.page(request, "office/feeds.html", context)


@access(Action.MANAGE_FEEDS)
@require_GET
def refused(request: HttpRequest, unit_code: str) -> HttpResponse:
    """Refused events of an authority with their reasons, the newest first."""
    who = answer.actor(request)
    before = answer.number(request.GET.get("after"))
    found = feed.refused(source_code=unit_code, seen_by=who, before=before, limit=_PER_PAGE + 1)
    place = 1 if answer.is_english() else 0
    context = {
        "feed": _feed(unit_code, request),
        "rows": [(one, feed.KINDS[one.kind][place]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].sequence if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "is_english": answer.is_english(),
    }
    return answer.page(request, "office/feed_refused.html", context)


@access(Action.MANAGE_FEEDS)
@require_http_methods(["GET", "POST"])
def skip(request: HttpRequest, unit_code: str) -> HttpResponse:
    """Gives up the numbers that are missing now, for a reason; what waited for them goes in."""
    found = _feed(unit_code, request)
    gap = found.state.gap
    if gap is None:
        messages.info(request, gettext("没有缺号，可能刚刚到达。"))
        return HttpResponseRedirect(_PAGE)
    # The gap that was seen is the gap that is given up, whatever came meanwhile.
    until = answer.number(request.POST.get("until")) or gap[1]
    form = _bound(request, until=until)
    if request.method == "POST" and form.is_valid():
        try:
            feed.skip(
                source_code=unit_code,
                until=until,
                reason=form.cleaned_data["reason"],
                by=answer.actor(request),
                now=clock.now(),
            )
        except Conflict as error:
            answer.warn(request, error)
        else:
            messages.success(request, gettext("已跳过缺号，等待的变更已继续处理。"))
        return HttpResponseRedirect(_PAGE)
    numbers = {"name": found.source_name, "first": gap[0], "last": until}
    return answer.form(
        request, form, title=gettext("跳过缺号：%(name)s") % numbers, button=gettext("跳过"), back=_PAGE, is_adverse=True,
        intro=gettext("第 %(first)s 号至第 %(last)s 号不再等待；以后到达也不再处理，须由登记机关以新序号重发。请先与登记机关核对。")
        % numbers,
    )  # fmt: skip


@access(Action.MANAGE_FEEDS)
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, succession_id: int) -> HttpResponse:
    """Takes a succession back, for a reason; it stays in the register's history."""
    name, link = succession.find(succession_id, seen_by=answer.actor(request))
    form = _bound(request)
    if request.method == "POST" and form.is_valid():
        try:
            succession.undo(succession_id, reason=form.cleaned_data["reason"], by=answer.actor(request), at=clock.now())
        except Conflict as error:
            answer.warn(request, error)
        else:
            messages.success(request, gettext("已撤销承继关系。"))
        return HttpResponseRedirect(_PAGE)
    return answer.form(
        request, form, title=gettext("撤销承继关系：%(name)s → %(other)s") % {"name": name, "other": link.name},
        button=gettext("撤销"), back=_PAGE, is_adverse=True,
        intro=gettext("两个主体的页面不再互相指引。双方的登记状态和记录都不变。"),
    )  # fmt: skip


def _feed(code: str, request: HttpRequest) -> feed.FeedView:
    found = {one.source_code: one for one in feed.feeds(seen_by=answer.actor(request), now=clock.now())}
    if code not in found:
        raise Http404
    return found[code]


def _bound(request: HttpRequest, **hidden: Any) -> Reason:
    form = Reason(answer.sent(request))
    for name, value in hidden.items():
        form.fields[name] = forms.CharField(initial=value, required=False, widget=forms.HiddenInput())
    return form
