"""影响评估 Impact assessments: which there are and what lacks one; written, agreed to by another, put in force."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.analytics import processing
from xinyong.catalogue import assessment, publish
from xinyong.catalogue.assessment import Answers, Reason, State
from xinyong.catalogue.schema import Item
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer, words
from xinyong.security import approvals, audit
from xinyong.security.access import Action, Actor, access, may
from xinyong.web.words import Tag

_LARGEST = 2**63 - 1
STATES = {
    State.WRITTEN: Tag(gettext_lazy("待复核"), "caution", "clock"), State.IN_FORCE: Tag(gettext_lazy("有效"), "positive", "check"),
    State.OVER: Tag(gettext_lazy("已到期"), "adverse", "end"), State.SUPERSEDED: Tag(gettext_lazy("已被接替"), "plain", "end"),
}  # fmt: skip
_NEEDED = {"required": gettext_lazy("请填写此项。")}


def _text(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, min_length=assessment.SHORTEST, max_length=assessment.LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages=_NEEDED | {"min_length": gettext_lazy("请写清楚，至少 20 个字。")},
    )  # fmt: skip


class Written(forms.Form):
    """An assessment as it is written: of what, why, the three questions, until when."""

    title = forms.CharField(
        label=gettext_lazy("名称"),
        max_length=200,
        help_text=gettext_lazy("例如“行政处罚（自然人）归集与查询影响评估”。"),
        error_messages=_NEEDED,
    )
    items = forms.MultipleChoiceField(
        label=gettext_lazy("覆盖的目录事项"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("按事项最新的一版评估：以后新增个人信息项或扩大公开范围的，须重新评估。"),
    )  # fmt: skip
    activity = forms.ChoiceField(label=gettext_lazy("或平台自身的处理活动"), required=False)
    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("为什么需要评估"), widget=forms.CheckboxSelectMultiple, error_messages=_NEEDED,
        help_text=gettext_lazy("《个人信息保护法》第五十五条。事项涉及的都要选。"),
    )  # fmt: skip
    lawful = _text(
        gettext_lazy("一、处理目的、处理方式是否合法、正当、必要"),
        gettext_lazy("写明依据哪部法律法规、为哪项职责；为什么少收一项或换一种方式就做不到。"),
    )
    effects = _text(
        gettext_lazy("二、对个人权益的影响及安全风险"),
        gettext_lazy("谁会受到什么影响：被限制、被误认、信息泄露、难以申诉；各有多大可能、多严重。"),
    )
    measures = _text(
        gettext_lazy("三、所采取的保护措施是否合法、有效并与风险程度相适应"),
        gettext_lazy("对上面每一项风险各用什么措施、是否试过、还剩多少风险。"),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("有效期至"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("最后一天，含当日；到期前请重新评估。"),
        error_messages=_NEEDED | {"invalid": gettext_lazy("请填写日期，如 2027-11-30。")},
    )  # fmt: skip

    def __init__(self, *args: Any, items: list[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = 1 if answer.is_english() else 0
        titles = [(one.id, one.title_en if place else one.title_zh) for one in items]
        own = [(key, said[place]) for key, said in processing.activities().items()]
        reasons = [(key.value, said[place]) for key, said in assessment.REASONS.items()]
        for name, options in (("items", titles), ("activity", [("", gettext("不选")), *own]), ("reasons", reasons)):
            self.fields[name].choices = options  # type: ignore[attr-defined]


@access(Action.VIEW_DATA_DUTIES)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What lacks an assessment, first; then every assessment there ever was."""
    who, today = answer.actor(request), clock.today()
    _noted(who, "all")
    found = assessment.listing(seen_by=who, on=today)
    context = {
        "lines": [(one, STATES[one.state]) for one in found], "lacking": assessment.lacking(publish.items(), on=today),
        "may_write": may(who, Action.ASSESS_IMPACT), "soon": today + timedelta(days=60),
    }  # fmt: skip
    return answer.page(request, "office/assessments.html", context)


@access(Action.VIEW_DATA_DUTIES)
@require_GET
def one(request: HttpRequest, assessment_id: int) -> HttpResponse:
    """An assessment whole, ready to be printed; what it waits for."""
    who = answer.actor(request)
    _noted(who, str(assessment_id))
    context = shown(min(assessment_id, _LARGEST), seen_by=who)
    found = context["assessment"]
    own = approvals.own(by=who, at=clock.now(), kind=approvals.Kind.ASSESS_IMPACT)
    asked = next((each for each in own if each.object_ref == str(found.id)), None)
    is_writer = found.state is State.WRITTEN and found.written_by == who.name and may(who, Action.ASSESS_IMPACT)
    context |= {"asked": words.request(asked) if asked else None, "is_writer": is_writer}
    context["may_renew"] = may(who, Action.ASSESS_IMPACT) and found.state in {State.IN_FORCE, State.OVER}
    return answer.page(request, "office/assessment.html", context)


@access(Action.ASSESS_IMPACT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Writes an assessment and asks for another person's word on it. ``?item=`` chooses one, ``?after=`` renews one."""
    who = answer.actor(request)
    newest = _newest()
    form = Written(answer.sent(request), items=newest, initial=_start(request, newest, who))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = assessment.write(
                title=said["title"], items=[each for each in newest if each.id in said["items"]], activity=said["activity"],
                reasons=[Reason(each) for each in said["reasons"]],
                answers=Answers(said["lawful"], said["effects"], said["measures"]), valid_until=said["valid_until"],
                supersedes=answer.number(request.GET.get("after")), by=who, at=clock.now(),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("评估已保存。请核对后提请复核。"))
            return HttpResponseRedirect(f"/office/assessments/{made.id}/")
    return answer.form(
        request, form, title=gettext("撰写影响评估"), button=gettext("保存"), back="/office/assessments/",
        intro=gettext("保存后不能修改；由另一位业务员复核同意后生效。评估永久保存，法定最短三年。"),
    )  # fmt: skip


@access(Action.ASSESS_IMPACT)
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, assessment_id: int) -> HttpResponse:
    """Asks another person to agree."""
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:400] or "-"
        try:
            asked = assessment.ask(
                min(assessment_id, _LARGEST), reason=reason, by=answer.actor(request), at=clock.now()
            )
            messages.info(request, gettext("已提交复核申请；另一位业务员同意后即可生效。"))
            return HttpResponseRedirect(f"/office/approvals/{asked.id}/")
        except XinyongError as error:
            answer.warn(request, error)
    return HttpResponseRedirect(f"/office/assessments/{assessment_id}/")


@access(Action.ASSESS_IMPACT)
@require_http_methods(["GET", "POST"])
def force(request: HttpRequest, assessment_id: int) -> HttpResponse:
    """Puts in force what somebody has agreed to."""
    if request.method == "POST":
        try:
            assessment.put_in_force(min(assessment_id, _LARGEST), by=answer.actor(request), at=clock.now())
            messages.success(request, gettext("评估已生效。"))
        except XinyongError as error:
            answer.warn(request, error)
    return HttpResponseRedirect(f"/office/assessments/{assessment_id}/")


def shown(assessment_id: int, *, seen_by: Actor) -> dict[str, Any]:
    """An assessment with its words, for its own page and the page of its approval."""
    found = assessment.find(assessment_id, seen_by=seen_by, on=clock.today())
    place = 1 if answer.is_english() else 0
    activity = processing.activities().get(found.activity)
    return {
        "assessment": found, "assessment_tag": STATES[found.state],
        "assessment_reasons": [assessment.REASONS[each][place] for each in found.reasons],
        "assessment_activity": activity[place] if activity else "",
    }  # fmt: skip


def _newest() -> list[Item]:
    """The newest version of every item that holds personal information, drafts too: what would be published."""
    newest: dict[str, Item] = {}
    for each in publish.every_version():
        newest[each.id] = each
    return [each for each in newest.values() if assessment.reasons_of(each)]


def _start(request: HttpRequest, newest: list[Item], who: Actor) -> dict[str, Any]:
    until = clock.today() + timedelta(days=min(365, settings.ASSESSMENT_DAYS))
    before = answer.number(request.GET.get("after"))
    if before is not None:
        old = assessment.find(before, seen_by=who, on=clock.today())
        return {
            "title": old.title, "items": [each.item_id for each in old.scopes], "activity": old.activity,
            "reasons": [each.value for each in old.reasons], "lawful": old.answers.lawful, "effects": old.answers.effects,
            "measures": old.answers.measures, "valid_until": until,
        }  # fmt: skip
    chosen = [each for each in newest if each.id == request.GET.get("item")]
    return {
        "items": [each.id for each in chosen], "valid_until": until,
        "reasons": [reason.value for each in chosen for reason in assessment.reasons_of(each)],
    }  # fmt: skip


def _noted(who: Actor, ref: str) -> None:
    audit.enter(audit.Event.DATA_DUTIES_VIEWED, by=who, object_kind="assessment", object_ref=ref)
