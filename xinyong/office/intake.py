"""A department's files: hand in, watch, see what was found, take the feedback home."""

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.analytics import tasks
from xinyong.catalogue import publish
from xinyong.intake import interruptions, jobs, returned, revert, submit, supply, uploads, views
from xinyong.kernel import clock
from xinyong.office import answer
from xinyong.office.catalogue import XLSX
from xinyong.security import identity
from xinyong.security.access import Action, Actor, Role, access, may
from xinyong.web.templatetags import pieces

_PER_PAGE = 30
_FINDINGS = 100
_TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}
_SEVERITIES = ("error", "doubtful", "warning")
#: Where a role begins its day; everybody else with the submissions.
_HOMES = {
    Role.AUDITOR: "/office/log/", Role.SYSTEM_ADMIN: "/office/people/", Role.SECURITY_ADMIN: "/office/people/",
    Role.UNIT_ADMIN: "/office/people/", Role.READER: "/office/files/",
}  # fmt: skip
#: A choice for a column that is no field at all.
_NOT_USED = "-"


class Upload(forms.Form):
    """Which item, for whom, which file."""

    item = forms.ChoiceField(
        label=gettext_lazy("报送事项"), error_messages={"required": gettext_lazy("请选择报送事项。")}
    )
    source = forms.ChoiceField(
        label=gettext_lazy("信源单位"), error_messages={"required": gettext_lazy("请选择信源单位。")}
    )
    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy(
            "支持 Excel（xlsx、xls）、CSV、JSON、Parquet。表头用中文名称或字段代码都可以，多余的列会原样退还。"
        ),
        error_messages={
            "required": gettext_lazy("请选择要报送的文件。"),
            "empty": gettext_lazy("这个文件是空的。请检查后重新选择。"),
        },
    )

    def __init__(self, *args: Any, items: list[tuple[str, str]], sources: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [("", gettext("请选择")), *items]  # type: ignore[attr-defined]
        self.fields["source"].choices = sources if len(sources) == 1 else [("", gettext("请选择")), *sources]  # type: ignore[attr-defined]
        if len(sources) == 1:
            self.fields["source"].initial = sources[0][0]
            self.fields["source"].widget = forms.HiddenInput()

    def clean_file(self) -> Any:
        """Refuses what is too large with a sentence that says what to do."""
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_LIMIT:
            raise forms.ValidationError(
                gettext("文件超过 %(mb)s MB。请按月份或类别拆分后报送，或使用命令行报送。")
                % {"mb": settings.UPLOAD_LIMIT // (1024 * 1024)}
            )
        return file


class Columns(forms.Form):
    """Which field each column is that could be several, or one field's among several columns."""

    def __init__(self, *args: Any, asked: dict[str, list[str]], item_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headers = list(asked)
        self._taken = gettext("“%(field)s”选了两次。一个数据项只能对应一列。")
        for place, (header, codes) in enumerate(asked.items()):
            options = [(code, _field_name(item_id, code)) for code in codes]
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=header,
                choices=[("", gettext("请选择")), *options, (_NOT_USED, gettext("不使用这一列（随反馈原样退还）"))],
                error_messages={"required": gettext("请为“%(header)s”选择数据项。") % {"header": header}},
            )

    def clean(self) -> dict[str, Any]:
        """One column a field."""
        seen: set[str] = set()
        for name in self.fields:
            code = self.cleaned_data.get(name, _NOT_USED)
            if code != _NOT_USED and code in seen:
                self.add_error(name, self._taken % {"field": code})
            seen.add(code)
        return self.cleaned_data

    @property
    def chosen(self) -> dict[str, str]:
        """Header → field code, or "" for a column that is not used."""
        said = [self.cleaned_data[f"column-{place}"] for place in range(len(self.headers))]
        return {header: "" if code == _NOT_USED else code for header, code in zip(self.headers, said, strict=True)}


@access(Action.USE_OFFICE)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where everybody lands: their latest submissions; who administers or looks up has a place of their own."""
    place = _HOMES.get(answer.actor(request).role)
    if place:
        return HttpResponseRedirect(place)
    return submissions(request)


@access(Action.VIEW_SUBMISSION)
@require_GET
def submissions(request: HttpRequest) -> HttpResponse:
    """Submissions, newest first; a source unit's are its own."""
    who = answer.actor(request)
    item_id, source = request.GET.get("item", ""), request.GET.get("source", "")
    found = views.submissions(
        seen_by=who,
        after=answer.number(request.GET.get("after")),
        limit=_PER_PAGE + 1,
        item_id=item_id,
        source_code=source,
    )
    context = {
        "submissions": found[:_PER_PAGE],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "items": publish.items(),
        "item_id": item_id,
        "sources": [] if who.department else identity.source_units(),
        "source": source,
        "owed": tasks.owed(today=clock.today(), seen_by=who),
    }
    return answer.page(request, "office/submissions.html", context)


@access(Action.SUBMIT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The upload form; a file that was handed in before leads to the submission it already is."""
    who = answer.actor(request)
    english = answer.is_english()
    is_sent = request.method == "POST"
    closed = supply.closed_to(who, on=clock.today())
    # Sent for an item that is not on the list any more: refused with the reason, not as a choice that is none.
    offered = [item for item in publish.reported() if is_sent or item.id not in closed]
    items = [(item.id, item.title_en if english else item.title_zh) for item in offered]
    units = [identity.source_unit(who.department)] if who.department else identity.source_units(only_active=True)
    form = Upload(
        request.POST if is_sent else None, request.FILES if is_sent else None, items=items, sources=[(unit.code, unit.name) for unit in units],
        initial={"item": request.GET.get("item", "")},
    )  # fmt: skip
    if closed:
        form.fields["item"].help_text = gettext("另有 %(n)s 个事项须经信用中心授权才能报送，没有列出。") % {
            "n": len(closed)
        }
    if is_sent and form.is_valid():
        file: TemporaryUploadedFile = form.cleaned_data["file"]
        entered, is_new = jobs.hand_in(
            Path(file.temporary_file_path()), item_id=form.cleaned_data["item"], source_code=form.cleaned_data["source"],
            file_name=file.name or "file", by=who, received_at=clock.now(),
        )  # fmt: skip
        if not is_new:
            messages.info(request, gettext("内容相同的文件以前报送过，就是下面这一次；没有重复入库。"))
        return HttpResponseRedirect(f"/office/submissions/{entered.id}/")
    context = {"form": form, "unit": units[0].name if len(units) == 1 else "", "unfinished": uploads.unfinished(by=who)}
    return answer.page(request, "office/new.html", context, status=400 if form.errors else 200)


@access(Action.VIEW_SUBMISSION)
@require_GET
def submission(request: HttpRequest, submission_id: int) -> HttpResponse:
    """One submission: how far it is, what became of the rows, what to correct."""
    seen = views.submission(submission_id, seen_by=answer.actor(request))
    return _submission_page(request, seen, _columns_form(seen))


@access(Action.SUBMIT)
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, submission_id: int) -> HttpResponse:
    """Takes the sender's word on which field each ambiguous column is, and goes on."""
    who, its_page = answer.actor(request), HttpResponseRedirect(f"/office/submissions/{submission_id}/")
    seen = views.find(submission_id, seen_by=who)
    if request.method == "GET":
        return its_page
    form = _columns_form(seen, request.POST)
    if form is None:  # pressed twice, or another has answered
        return its_page
    if not form.is_valid():
        return _submission_page(request, seen, form)
    jobs.choose_columns(submission_id, chosen=form.chosen, by=who)
    return its_page


@access(Action.SUBMIT)
@require_GET
def feedback(request: HttpRequest, submission_id: int, form: str) -> HttpResponse | FileResponse:
    """The returned workbook or list."""
    if form not in _TYPES:
        raise Http404
    who = answer.actor(request)
    with tempfile.TemporaryDirectory(prefix="xinyong-feedback-") as folder:
        path = Path(folder) / f"feedback.{form}"
        returned.write(submission_id, to=path, seen_by=who)
        stem = Path(views.find(submission_id, seen_by=who).file_name).stem
        name = gettext("%(stem)s-反馈") % {"stem": stem}
        # The open handle keeps the content; nothing of it stays on disk.
        return answer.download(path, name=f"{name}.{form}", content_type=_TYPES[form])


class Reason(forms.Form):
    """Why a submission is taken back."""

    reason = forms.CharField(
        label=gettext_lazy("撤回原因"),
        min_length=4,
        max_length=200,
        help_text=gettext_lazy("例如“报错了所属月份”。原因会留存，并显示在这次报送的页面上。"),
        error_messages={"required": gettext_lazy("请写明撤回的原因。")},
    )


@access(Action.REVERT)
@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest, submission_id: int) -> HttpResponse:
    """Shows what taking the submission back would do, asks why, and does it."""
    who, its_page = answer.actor(request), HttpResponseRedirect(f"/office/submissions/{submission_id}/")
    seen = views.find(submission_id, seen_by=who)
    if seen.status == "reverted":
        return its_page
    form = Reason(request.POST if request.method == "POST" else None)
    if form.is_valid():
        jobs.take_back_later(submission_id, reason=form.cleaned_data["reason"], by=who)
        messages.success(request, gettext("已登记撤回，数据正在退出。"))
        return its_page
    context = {"submission": seen, "effect": revert.preview(submission_id, seen_by=who), "form": form}
    return answer.page(request, "office/take_back.html", context, status=400 if form.errors else 200)


def _submission_page(request: HttpRequest, seen: views.SubmissionView, form: Columns | None) -> HttpResponse:
    who = answer.actor(request)
    is_open = request.GET.get("open") == "1"
    asked = request.GET.get("severity", "")
    severity = asked if asked in _SEVERITIES else ""
    context = {
        "submission": seen,
        "is_under_way": seen.status in {"received", "staged"},
        "interruption": interruptions.of(seen.id) if seen.status in {"received", "staged"} else None,
        "refresh": _refresh(seen),
        "done": views.rows_done(seen.id, seen_by=who) if seen.status == "staged" else 0,
        "steps": _steps(seen),
        "counts": _counts(seen),
        "mapped": [(header, _field_name(seen.item_id, code)) for header, code in seen.columns],
        "form": form if may(who, Action.SUBMIT) else None,
        "may_read": may(who, Action.SUBMIT),
        "may_revert": revert.can_be(seen.item_id, seen.status) and may(who, Action.REVERT, department=seen.source_code),
        "effect": seen.facts.get("reverted"),
        "severity": severity,
        "is_open": is_open,
    }
    if context["may_read"] and seen.status == "deposited":
        context |= _found(request, seen, who, severity, is_open)
    return answer.page(
        request, "office/submission.html", context, status=400 if form is not None and form.errors else 200
    )


def _found(
    request: HttpRequest, seen: views.SubmissionView, who: Actor, severity: str, is_open: bool
) -> dict[str, object]:
    found = views.findings(
        seen.id, seen_by=who, after=answer.number(request.GET.get("after")), limit=_FINDINGS + 1, severity=severity,
        only_open=is_open,
    )  # fmt: skip
    return {
        "findings": found[:_FINDINGS],
        "tally": views.tally(seen.id, seen_by=who),
        "next_after": found[_FINDINGS - 1].id if len(found) > _FINDINGS else None,
        "is_first": "after" not in request.GET,
    }


def _refresh(seen: views.SubmissionView) -> int:
    """Seconds until the page asks again: soon at first, later less often; every look is an audit entry."""
    waited = (clock.now() - seen.received_at).total_seconds()
    return 2 if waited < 30 else 5 if waited < 300 else 20


def _steps(seen: views.SubmissionView) -> list[tuple[str, str, str]]:
    """The four steps, each with what happened in it."""
    reached = {"received": 1, "staged": 2, "deposited": 4, "refused": 1, "reverted": 4, "cancelled": 1}[seen.status]
    counts, facts = seen.counts, seen.facts
    is_read, is_done = bool(facts), seen.status in {"deposited", "reverted"}
    said = [
        filesizeformat(seen.file_size),
        " · ".join(_reading(seen)) if is_read else "",
        gettext("%(n)s 行入库") % {"n": pieces.count(counts.accepted)} if is_done else "",
        "",
    ]
    if is_done:
        left = pieces.count(seen.open_rows)
        said[3] = gettext("%(n)s 行有待更正") % {"n": left} if seen.open_rows else gettext("没有要更正的")
    if seen.status == "reverted":
        said[3] = gettext("已整批撤回")
    if seen.status == "refused":
        said[1] = gettext("整体退回，原因见下")
    if seen.status == "cancelled":
        said[1] = gettext("处理开始前已由报送方取消")
    names = [gettext("收到文件"), gettext("读取并校验"), gettext("入库"), gettext("反馈")]
    now = "stopped" if seen.status in {"refused", "cancelled"} else "now"
    states = ["done" if place < reached else now if place == reached else "ahead" for place in range(4)]
    return list(zip(names, states, said, strict=True))


def _reading(seen: views.SubmissionView) -> list[str]:
    """How the file was understood, in a few words."""
    facts = seen.facts
    kind = str(facts.get("format", "")).upper()
    if facts.get("encoding"):
        kind = f"{kind} {str(facts['encoding']).upper()}"
    rows = gettext("%(n)s 行") % {"n": pieces.count(seen.counts.rows_read)}
    sheet = gettext("工作表“%(name)s”") % {"name": facts["sheet"]} if facts.get("sheet") else ""
    header = gettext("表头在第 %(n)s 行") % {"n": facts["header_row"]} if facts.get("header_row") else ""
    return [part for part in (rows, kind, sheet, header) if part]


def _counts(seen: views.SubmissionView) -> list[tuple[str, int, str]]:
    counts = seen.counts
    return [
        (gettext("读取行数"), counts.rows_read, ""),
        (gettext("入库"), counts.accepted, ""),
        (gettext("疑问"), counts.doubtful, ""),
        (gettext("退回"), counts.rejected, ""),
        (gettext("文件内重复"), counts.duplicate, ""),
        (gettext("与已有相同"), counts.unchanged, ""),
    ]


def _field_name(item_id: str, code: str) -> str:
    if not code:
        return ""
    field = publish.current(item_id).field_of(code)
    return f"{field.name_zh} {code}"


def _columns_form(seen: views.SubmissionView, data: Any = None) -> Columns | None:
    """The questions a refused submission waits for, if it waits for any."""
    if not seen.refusal or seen.refusal["code"] != submit.AmbiguousHeaders.code:
        return None
    return Columns(data, asked=seen.refusal["facts"].get("ambiguous", {}), item_id=seen.item_id)
