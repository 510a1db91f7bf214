"""The audit log for auditors, on pages and as a file."""

import tempfile
from pathlib import Path

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.office import answer, words
from xinyong.office.catalogue import XLSX
from xinyong.security import audit, identity, log_export
from xinyong.security.access import Action, access, may

_PER_PAGE = 50
_TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}


class LogFilter(forms.Form):
    """Which lines of the log."""

    event = forms.ChoiceField(label=gettext_lazy("事件"), required=False)
    actor = forms.CharField(label=gettext_lazy("谁"), required=False, max_length=80)
    department = forms.ChoiceField(label=gettext_lazy("单位"), required=False)
    object_kind = forms.ChoiceField(label=gettext_lazy("对象类型"), required=False)
    object_ref = forms.CharField(label=gettext_lazy("对象编号"), required=False, max_length=80)
    outcome = forms.ChoiceField(
        label=gettext_lazy("结果"), required=False,
        choices=[("", gettext_lazy("全部")), ("done", gettext_lazy("完成")), ("refused", gettext_lazy("被拒"))],
    )  # fmt: skip
    address = forms.GenericIPAddressField(label=gettext_lazy("来源地址"), required=False)
    since = forms.DateField(
        label=gettext_lazy("起始日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("截至日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        everything = ("", gettext("全部"))
        known = [(one.value, words.EVENTS.get(one, one.value)) for one in audit.Event]
        self.fields["event"].choices = [everything, *known]  # type: ignore[attr-defined]
        self.fields["object_kind"].choices = [everything, *words.KINDS.items()]  # type: ignore[attr-defined]
        units = [(one.code, one.name) for one in identity.source_units()]
        self.fields["department"].choices = [everything, *units]  # type: ignore[attr-defined]

    @property
    def asked(self) -> audit.Asked:
        """The filters that can be read; one that cannot is none."""
        self.is_valid()
        return audit.Asked(**{name: value for name, value in self.cleaned_data.items() if value})


@access(Action.VIEW_AUDIT)
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first. Looking is noted too, after what is shown was read."""
    who = answer.actor(request)
    form = LogFilter(request.GET)
    asked = form.asked
    entries = audit.entries(
        seen_by=who, before=answer.number(request.GET.get("after")), asked=asked, limit=_PER_PAGE + 1
    )
    audit.enter(
        audit.Event.LOG_VIEWED, by=who, object_kind="log", object_ref=asked.event or "all", filters=asked.names,
        since=asked.since.isoformat() if asked.since else None, until=asked.until.isoformat() if asked.until else None,
    )  # fmt: skip
    context = {
        "lines": words.lines(entries[:_PER_PAGE], {unit.code: unit.name for unit in identity.source_units()}),
        "next_after": entries[_PER_PAGE - 1].id if len(entries) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "form": form,
        "is_filtered": asked != audit.Asked(),
        "may_take": may(who, Action.EXPORT_AUDIT),
    }
    return answer.page(request, "office/log.html", context)


@access(Action.EXPORT_AUDIT)
@require_http_methods(["GET", "POST"])
def log_file(request: HttpRequest) -> HttpResponseBase:
    """The lines that the filters show, as a file."""
    if request.method == "GET":
        return HttpResponseRedirect("/office/log/")
    form = "csv" if request.POST.get("form") == "csv" else "xlsx"
    with tempfile.TemporaryDirectory(prefix="xinyong-log-") as folder:
        path = Path(folder) / f"log.{form}"
        log_export.write(path, asked=LogFilter(request.POST).asked, by=answer.actor(request))
        name = gettext("操作日志-%(day)s.%(form)s") % {"day": clock.today(), "form": form}
        return answer.download(path, name=name, content_type=_TYPES[form])
