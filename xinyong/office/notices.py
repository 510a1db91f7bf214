"""What departments are told: the inbox, where else they are told, and, for the credit centre, what could not be delivered."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, XinyongError
from xinyong.office import answer
from xinyong.security import identity
from xinyong.security.access import Action, access, may
from xinyong.workflow import channels, notices, outbox
from xinyong.workflow.kinds import WORDS, Kind

_PER_PAGE = 30
_INBOX = "/office/notices/"
_MAIL = (
    ("off", gettext_lazy("不发邮件")), ("immediate", gettext_lazy("随时发送")), ("daily", gettext_lazy("每日汇总（早上 8 时）")),
)  # fmt: skip
WAYS = {"mail": gettext_lazy("邮件"), "webhook": gettext_lazy("回调")}


class Where(forms.Form):
    """Where a department is told besides the office."""

    source = forms.CharField(widget=forms.HiddenInput())
    mail = forms.ChoiceField(label=gettext_lazy("邮件"), choices=_MAIL)
    addresses = forms.CharField(
        label=gettext_lazy("接收地址"), required=False, max_length=1200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("每行一个，最多 5 个，请用单位的公用邮箱。邮件只写有几条什么通知和登录地址，不含数据内容。"),
    )  # fmt: skip
    webhook = forms.CharField(
        label=gettext_lazy("回调地址"), required=False, max_length=300,
        help_text=gettext_lazy("单位业务系统接收通知的 https 地址，不用的不填。每次回调都有本平台的签名（RFC 9421）。"),
    )  # fmt: skip


@access(Action.VIEW_NOTICES)
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What one's department is told; the credit centre sees everybody's."""
    who = answer.actor(request)
    kind, state, source = (request.GET.get(name, "") for name in ("kind", "state", "source"))
    kind = kind if kind in {one.value for one in Kind} else ""
    found = notices.inbox(
        seen_by=who, kind=kind, unread_only=state == "unread", source_code=source[:18],
        after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1,
    )  # fmt: skip
    context = {
        "rows": [(one, _title(one.kind), one.body_en if answer.is_english() else one.body_zh) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "kinds": [(one.value, _title(one)) for one in Kind],
        "kind": kind,
        "state": state,
        "source": source,
        "is_filtered": bool(kind or state or source),
        "sources": [] if who.department else identity.source_units(),
        "back": _query(kind=kind, state=state, after=request.GET.get("after", "")),
        "may_mark": may(who, Action.READ_NOTICES),
        "may_set": may(who, Action.SET_CHANNELS),
        "may_oversee_notices": may(who, Action.OVERSEE_NOTICES),
    }  # fmt: skip
    return answer.page(request, "office/notices.html", context)


@access(Action.READ_NOTICES)
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Marks what was ticked, one or all as read; one that was opened leads on to what it is about."""
    who, now = answer.actor(request), clock.now()
    back = HttpResponseRedirect(_INBOX + _safe(request.POST.get("back", "")))
    if "all" in request.POST:
        count = notices.mark_read(None, by=who, at=now)
    else:
        ids = [n for text in request.POST.getlist("notice") if (n := answer.number(text)) is not None]
        if not ids:
            messages.warning(request, gettext("请先勾选要标为已读的通知。"))
            return back
        count = notices.mark_read(ids, by=who, at=now)
    messages.success(request, gettext("%(n)s 条通知已标为已读。") % {"n": count})
    return back


@access(Action.SET_CHANNELS)
@require_http_methods(["GET", "POST"])
def where(request: HttpRequest) -> HttpResponse:
    """Where a department is told besides the office."""
    who = answer.actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    source = asked.get("source", "") or who.department or ""
    if not source:
        context = {"sources": identity.source_units()}
        return answer.page(request, "office/notices_whose.html", context)
    present = channels.of(source, seen_by=who)
    initial: dict[str, Any] = {
        "source": present.source_code, "mail": present.mail, "addresses": "\n".join(present.addresses),
        "webhook": present.webhook,
    }  # fmt: skip
    form = Where(answer.sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            channels.set_up(
                source, mail=said["mail"], addresses=said["addresses"].splitlines(), webhook=said["webhook"], by=who,
                at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("通知渠道已保存。"))
            return HttpResponseRedirect(_INBOX)
    intro = gettext("%(unit)s 的通知都在工作台。这里设定另外发到哪里。") % {"unit": present.source_name}
    lacking = [gettext("邮件")] if not channels.has_mail() else []
    lacking += [gettext("回调")] if not channels.has_webhooks() else []
    if lacking:
        intro += gettext("本平台尚未启用：%(what)s，设定后要等系统管理员启用才会发送。") % {"what": "、".join(lacking)}
    return answer.form(request, form, title=gettext("通知设置"), button=gettext("保存"), back=_INBOX, intro=intro)


@access(Action.OVERSEE_NOTICES)
@require_GET
def undelivered(request: HttpRequest) -> HttpResponse:
    """What could not be delivered: what is tried again, and what was given up."""
    who = answer.actor(request)
    found = outbox.undelivered(seen_by=who, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1)
    english = answer.is_english()
    context = {
        "rows": [(one, WAYS[one.channel], one.failure_en if english else one.failure_zh) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "most": outbox.GIVE_UP_AFTER,
        "waiting": outbox.waiting(seen_by=who).get("due", 0),
    }
    return answer.page(request, "office/notices_undelivered.html", context)


@access(Action.OVERSEE_NOTICES)
@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Tries one again, now."""
    try:
        outbox.resend(answer.number(request.POST.get("message")) or 0, by=answer.actor(request), at=clock.now())
    except Conflict as error:
        answer.warn(request, error)
    else:
        messages.success(request, gettext("随即再次发送，稍后刷新本页查看结果。"))
    return HttpResponseRedirect("/office/notices/undelivered")


def _title(kind: Kind) -> str:
    return WORDS[kind].title_en if answer.is_english() else WORDS[kind].title_zh


def _query(**said: str) -> str:
    kept = {name: text for name, text in said.items() if text}
    return "?" + urlencode(kept) if kept else ""


def _safe(query: str) -> str:
    """Where in the inbox to return to: a query of this page's, nothing else."""
    return query if query.startswith("?") and len(query) < 200 and "\n" not in query and "\r" not in query else ""
