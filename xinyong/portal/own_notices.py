"""通知 What one is told as a subject: the inbox, reading, where else, and the link that verifies an address."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.portal import answer
from xinyong.portal.own_page import actor, number, page, say
from xinyong.security.access import Action, access
from xinyong.workflow import subject_channels, subject_notices
from xinyong.workflow.subject_kinds import LOOKERS, WORDS, SubjectKind

_PER_PAGE = 20
_MOST_IDS = 200


class Channels(forms.Form):
    """Where somebody wants to be told, and of what."""

    mail = forms.CharField(
        label=gettext_lazy("电子邮箱"), max_length=200, required=False,
        help_text=gettext_lazy("只提示有新通知，不写内容。保存后请打开邮件中的链接确认。不填则不发邮件。"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    webhook = forms.CharField(
        label=gettext_lazy("回调地址"), max_length=300, required=False,
        help_text=gettext_lazy("https 地址，供单位的系统接收通知；个人一般不用填。"),
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("哪些通知要发送"), required=False, widget=forms.CheckboxSelectMultiple
    )

    lookers = forms.MultipleChoiceField(
        label=gettext_lazy("谁查询时要发送"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("选了“有人查询了信息”时适用。账号里总是告诉您所有查询。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lookers"].choices = [  # type: ignore[attr-defined]
            (one, answer.word(zh, en[0].upper() + en[1:])) for one, (zh, en) in LOOKERS.items()
        ]
        self.fields["kinds"].choices = [  # type: ignore[attr-defined]
            (kind.value, answer.word(*words.title)) for kind, words in WORDS.items()
        ]


@access(Action.READ_OWN_NOTICES)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The inbox, the newest first."""
    found = subject_notices.inbox(
        seen_by=actor(request), after=number(request.GET.get("after")), limit=_PER_PAGE + 1,
        unread_only=request.GET.get("state") == "unread",
    )  # fmt: skip
    lines = [
        (one, *(answer.word(*pair) for pair in (one.title, one.happened, one.means, one.can)))
        for one in found[:_PER_PAGE]
    ]
    context = {
        "lines": lines, "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_unread": request.GET.get("state") == "unread",
    }  # fmt: skip
    return page(request, "portal/own_notices.html", context)


@access(Action.READ_OWN_NOTICES)
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Marks the chosen ones, or all, as read."""
    ids = [one for text in request.POST.getlist("notice")[:_MOST_IDS] if (one := number(text)) is not None]
    count = subject_notices.mark_read(None if request.POST.get("all") else ids, by=actor(request), at=clock.now())
    if count:
        messages.success(request, gettext("已标为已读。"))
    return HttpResponseRedirect("/own/notices/")


@access(Action.SET_OWN_CHANNELS)
@require_http_methods(["GET", "POST"])
def channels(request: HttpRequest) -> HttpResponse:
    """Where one is told besides the account."""
    who = actor(request)
    present = subject_channels.of(by=who)
    start = {"mail": present.mail, "webhook": present.webhook, "kinds": [one.value for one in present.kinds]}
    start["lookers"] = list(present.lookers)
    form = Channels(request.POST if request.method == "POST" else None, initial=start)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            done = subject_channels.set_up(
                mail=said["mail"], webhook=said["webhook"], kinds=[SubjectKind(one) for one in said["kinds"]],
                lookers=said["lookers"], by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            status = say(form, error)
        else:
            if done.mail and not done.is_verified:
                messages.info(request, gettext("已保存。请打开邮箱中的链接确认，三天内有效。"))
            else:
                messages.success(request, gettext("已保存。"))
            return HttpResponseRedirect("/own/notices/")
    context = {
        "form": form, "present": present, "has_mail": subject_channels.has_mail(),
        "has_webhooks": subject_channels.has_webhooks(),
    }  # fmt: skip
    return page(request, "portal/own_channels.html", context, status=status)


@access(Action.READ_OWN_NOTICES)
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """By the link in the mail: opening it changes nothing, since mail programs open links before people do; the button does."""
    if request.method == "POST":
        try:
            subject_channels.verify(token, by=actor(request), at=clock.now())
            messages.success(request, gettext("邮箱已确认，以后有新通知会发邮件提示。"))
        except subject_channels.BadMailLink as error:
            messages.warning(request, answer.word(error.zh, error.en))
        return HttpResponseRedirect("/own/notices/")
    return page(request, "portal/own_verify.html", {})
