"""依据被撤销 Records whose basis fell: what is still to be withdrawn and by when, noting one from its row, withdrawing it, who was told."""

import secrets
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.rights import annulment
from xinyong.rights.annulment import AnnulmentView, Said
from xinyong.security.access import Action, Role, access

_PER_PAGE = 20
_LARGEST = 2**63 - 1


class Note(forms.Form):
    """What annuls, whose it is, since when it is known, why."""

    use_required_attribute = False
    token = forms.CharField(widget=forms.HiddenInput(), max_length=64)
    cause = forms.ChoiceField(
        label=gettext_lazy("情形"), widget=forms.RadioSelect, error_messages={"required": gettext_lazy("请选择情形。")}
    )
    instrument = forms.CharField(
        label=gettext_lazy("文书号"), max_length=100,
        help_text=gettext_lazy("撤销、变更或者确认违法的文书，例如“（2026）云0102行终12号”。"),
        error_messages={"required": gettext_lazy("请填写文书号。")},
    )  # fmt: skip
    body = forms.CharField(
        label=gettext_lazy("作出文书的机关"), max_length=100, help_text=gettext_lazy("复议机关、人民法院，或者本机关。"),
        error_messages={"required": gettext_lazy("请填写机关。")},
    )  # fmt: skip
    known_on = forms.DateField(
        label=gettext_lazy("数据来源单位知道之日"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("三个工作日从次日起算，例如收到文书之日。"),
        error_messages={
            "required": gettext_lazy("请填写日期。"), "invalid": gettext_lazy("请填写日期，如 2026-12-31。"),
        },
    )  # fmt: skip
    explanation = forms.CharField(
        label=gettext_lazy("理由"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("主体和信用中心会看到。请勿填写个人证件号码、电话。"),
        error_messages={
            "required": gettext_lazy("请写明理由。"), "min_length": gettext_lazy("请写得具体一些，至少 4 个字。"),
        },
    )  # fmt: skip

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"token": secrets.token_urlsafe(18), "known_on": today}
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (cause, en if answer.is_english() else zh) for cause, (zh, en) in annulment.CAUSES.items()
        ]


@access(Action.ANNUL_RECORD)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What waits, the most pressing first; what is done, the newest first."""
    is_done, after = request.GET.get("state") == "done", answer.number(request.GET.get("after"))
    found = annulment.listing(
        is_done=is_done, after=after, limit=_PER_PAGE + 1, seen_by=answer.actor(request), at=clock.now()
    )
    shown = found[:_PER_PAGE] if is_done else found
    context = {
        "lines": [(one, _cause(one), _term(one)) for one in shown], "is_done": is_done, "is_first": after is None,
        "next_after": found[_PER_PAGE - 1].id if is_done and len(found) > _PER_PAGE else None,
        "over": sum(one.hours_over > 0 for one in shown) if not is_done else 0,
    }  # fmt: skip
    return answer.page(request, "office/annulments.html", context)


@access(Action.ANNUL_RECORD)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, submission_id: int, row_no: int) -> HttpResponse:
    """Notes that the basis of the record fell which a row brought; a department withdraws it with it."""
    who, now = answer.actor(request), clock.now()
    form = Note(request.POST if request.method == "POST" else None, today=clock.today())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = annulment.note(
                submission_id, row_no,
                Said(said["cause"], said["instrument"], said["body"], said["known_on"], said["explanation"]),
                token=said["token"], by=who, at=now,
            )  # fmt: skip
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
        else:
            done = gettext("信息已撤回，主体和各使用方已收到通知。")
            messages.success(request, gettext("已登记，并通知数据来源单位撤回。") if made.is_open else done)
            return HttpResponseRedirect(f"/office/annulments/{made.id}/")
    try:
        record = annulment.record(submission_id, row_no, by=who, at=now).record
    except annulment.NothingToWithdraw as error:
        answer.warn(request, error)
        return HttpResponseRedirect(f"/office/submissions/{submission_id}/rows/{row_no}/")
    context = {
        "form": form, "record": record, "submission_id": submission_id, "row_no": row_no,
        "is_source": who.role is Role.SOURCE_UNIT,
    }  # fmt: skip
    return answer.page(request, "office/annulment_new.html", context, status=400 if form.errors else 200)


@access(Action.ANNUL_RECORD)
@require_GET
def matter(request: HttpRequest, annulment_id: int) -> HttpResponse:
    """One of them: why, by when, whether it was in time, who was told and has acknowledged."""
    who, now, number = answer.actor(request), clock.now(), min(annulment_id, _LARGEST)
    one = annulment.find(number, seen_by=who, at=now)
    context = {
        "one": one, "cause": _cause(one), "term": _term(one), "basis": annulment.BASIS,
        "recipients": annulment.recipients_of(number, seen_by=who, at=now),
        "may_withdraw": one.is_open and who.role is Role.SOURCE_UNIT,
    }  # fmt: skip
    return answer.page(request, "office/annulment.html", context)


@access(Action.ANNUL_RECORD)
@require_POST
def withdraw(request: HttpRequest, annulment_id: int) -> HttpResponse:
    """Its source withdraws the record."""
    number = min(annulment_id, _LARGEST)
    try:
        annulment.withdraw(number, by=answer.actor(request), at=clock.now())
    except annulment.BadAnnulment as error:
        answer.warn(request, error)
    else:
        messages.success(request, gettext("信息已撤回，主体和各使用方已收到通知。"))
    return HttpResponseRedirect(f"/office/annulments/{number}/")


def _cause(one: AnnulmentView) -> str:
    return one.cause_en if answer.is_english() else one.cause_zh


def _term(one: AnnulmentView) -> tuple[str, str, str]:
    """The three days in a word: the word, its tone, its sign."""
    if one.hours_over:
        said = gettext("逾期 %(n)s 小时") if one.is_open else gettext("逾期 %(n)s 小时撤回")
        return said % {"n": f"{one.hours_over:,}"}, "adverse" if one.is_open else "caution", "late"
    if not one.is_open:
        return gettext("按期撤回"), "positive", "check"
    if not one.days_left:
        return gettext("今天 24 时截止"), "caution", "clock"
    return gettext("还剩 %(n)s 个工作日") % {"n": one.days_left}, "caution", "clock"
