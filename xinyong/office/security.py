"""The audit log for auditors."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from xinyong.office import answer, words
from xinyong.security import audit, identity
from xinyong.security.access import Action, access

_PER_PAGE = 50


class LogFilter(forms.Form):
    """Which lines of the log."""

    event = forms.ChoiceField(label=gettext_lazy("事件"), required=False)
    actor = forms.CharField(label=gettext_lazy("谁"), required=False, max_length=80)
    until = forms.DateField(
        label=gettext_lazy("截至日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        known = [(one.value, words.EVENTS.get(one, one.value)) for one in audit.Event]
        self.fields["event"].choices = [("", gettext("全部")), *known]  # type: ignore[attr-defined]


@access(Action.VIEW_AUDIT)
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first. Looking is noted too, after what is shown was read."""
    who = answer.actor(request)
    form = LogFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    entries = audit.entries(
        seen_by=who,
        before=answer.number(request.GET.get("after")),
        event=asked.get("event") or "",
        actor=asked.get("actor") or "",
        until=asked.get("until"),
        limit=_PER_PAGE + 1,
    )
    audit.enter(audit.Event.LOG_VIEWED, by=who, object_kind="log", object_ref=asked.get("event") or "all")
    context = {
        "lines": words.lines(entries[:_PER_PAGE], {unit.code: unit.name for unit in identity.source_units()}),
        "next_after": entries[_PER_PAGE - 1].id if len(entries) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "form": form,
        "is_filtered": any(asked.values()),
    }
    return answer.page(request, "office/log.html", context)
