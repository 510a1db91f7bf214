"""查询告警 Alarms about looks, for who reviews them: what is open, one of them, what came out."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer, words
from xinyong.rights import alarms
from xinyong.security.access import Action, access

_PER_PAGE = 30
_LARGEST = 2**63 - 1


class Review(forms.Form):
    """What came out, and what was found."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("结论"), choices=[("", gettext_lazy("请选择")), *words.OUTCOMES.items()],
        error_messages={"required": gettext_lazy("请选择结论。")},
    )  # fmt: skip
    note = forms.CharField(
        label=gettext_lazy("核实情况"), min_length=4, max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("核对了什么、结果如何。请勿填写个人信息。"),
        error_messages={"required": gettext_lazy("请写明核实情况。")},
    )  # fmt: skip


@access(Action.REVIEW_ALARMS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Alarms that wait for a review, or all; the newest first."""
    who, is_all = answer.actor(request), request.GET.get("all") == "1"
    found = alarms.listing(
        seen_by=who,
        at=clock.now(),
        only_open=not is_all,
        after=answer.number(request.GET.get("after")),
        limit=_PER_PAGE + 1,
    )
    context = {
        "lines": [(one, words.ALARMS[one.kind], words.OUTCOMES.get(one.outcome, "")) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None, "is_first": "after" not in request.GET,
        "is_all": is_all,
    }  # fmt: skip
    return answer.page(request, "office/alarms.html", context)


@access(Action.REVIEW_ALARMS)
@require_http_methods(["GET", "POST"])
def alarm(request: HttpRequest, alarm_id: int) -> HttpResponse:
    """One alarm, and its review."""
    who, one_id = answer.actor(request), min(alarm_id, _LARGEST)
    form = Review(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            alarms.review(one_id, outcome=said["outcome"], note=said["note"], by=who, at=clock.now())
            messages.success(request, gettext("已复核。"))
            return HttpResponseRedirect("/office/alarms/")
        except NotFound:
            raise
        except XinyongError as error:
            answer.say(form, error)
    one = alarms.find(one_id, seen_by=who, at=clock.now())
    context = {"one": one, "kind": words.ALARMS[one.kind], "outcome": words.OUTCOMES.get(one.outcome, ""), "form": form}
    return answer.page(request, "office/alarm.html", context, status=400 if form.errors else 200)
