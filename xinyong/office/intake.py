"""A department's files: hand in, watch, see what was found, take the feedback home."""

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.catalogue import publish
from xinyong.intake import jobs, returned, submit, views
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.security import identity
from xinyong.security.access import Action, Role, access

_PER_PAGE = 30
_FINDINGS = 100
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


class Upload(forms.Form):
    """Which item, for whom, which file."""

    item = forms.ChoiceField(label=gettext_lazy("报送事项"))
    source = forms.ChoiceField(label=gettext_lazy("信源单位"))
    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy(
            "支持 Excel（xlsx、xls）、CSV、JSON、Parquet。表头用中文名称或字段代码都可以，多余的列会原样退还。"
        ),
        max_length=200,
    )

    def __init__(self, *args: Any, items: list[tuple[str, str]], sources: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [("", gettext("请选择")), *items]  # type: ignore[attr-defined]
        self.fields["source"].choices = sources  # type: ignore[attr-defined]
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


@access(Action.USE_OFFICE)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where everybody lands: their latest submissions; auditors go to the log."""
    who = answer.actor(request)
    if who.role is Role.AUDITOR:
        return HttpResponseRedirect("/office/log/")
    return submissions(request)


@access(Action.VIEW_SUBMISSION)
@require_GET
def submissions(request: HttpRequest) -> HttpResponse:
    """Submissions, newest first; a source unit's are its own."""
    after = request.GET.get("after", "")
    item_id = request.GET.get("item", "")
    found = views.submissions(
        seen_by=answer.actor(request),
        after=int(after) if after.isdecimal() else None,
        limit=_PER_PAGE + 1,
        item_id=item_id,
    )
    context = {
        "submissions": found[:_PER_PAGE],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": not after,
        "items": publish.items(),
        "item_id": item_id,
    }
    return answer.page(request, "office/submissions.html", context)


@access(Action.SUBMIT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The upload form; a file that was handed in before leads to the submission it already is."""
    who = answer.actor(request)
    english = (request.LANGUAGE_CODE or "").startswith("en")
    items = [(item.id, item.title_en if english else item.title_zh) for item in publish.items()]
    units = [unit for unit in identity.source_units() if who.department in (None, unit.code)]
    form = Upload(
        request.POST or None, request.FILES or None, items=items, sources=[(unit.code, unit.name) for unit in units],
        initial={"item": request.GET.get("item", "")},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        file: TemporaryUploadedFile = form.cleaned_data["file"]
        entered, is_new = jobs.hand_in(
            Path(file.temporary_file_path()), item_id=form.cleaned_data["item"], source_code=form.cleaned_data["source"],
            file_name=file.name or "file", by=who, received_at=clock.now(),
        )  # fmt: skip
        if not is_new:
            messages.info(request, gettext("内容相同的文件以前报送过，这是当时的结果；没有重复入库。"))
        return HttpResponseRedirect(f"/office/submissions/{entered.id}/")
    return answer.page(request, "office/new.html", {"form": form}, status=400 if form.errors else 200)


@access(Action.VIEW_SUBMISSION)
@require_GET
def submission(request: HttpRequest, submission_id: int) -> HttpResponse:
    """One submission: how far it is, what became of the rows, what to correct."""
    who = answer.actor(request)
    after = request.GET.get("after", "")
    severity = request.GET.get("severity", "")
    seen = views.submission(submission_id, seen_by=who)
    found = views.findings(
        submission_id,
        seen_by=who,
        after=int(after) if after.isdecimal() else None,
        limit=_FINDINGS + 1,
        severity=severity,
    )
    context = {
        "submission": seen,
        "is_under_way": seen.status in {"received", "staged"},
        "findings": found[:_FINDINGS],
        "next_after": found[_FINDINGS - 1].id if len(found) > _FINDINGS else None,
        "is_first": not after,
        "severity": severity,
        "steps": _steps(seen.status),
        "mapped": [(header, _field_name(seen.item_id, code)) for header, code in seen.columns],
        "ambiguous": _ambiguous(seen),
    }
    return answer.page(request, "office/submission.html", context)


def _steps(status: str) -> list[tuple[str, str, str]]:
    names = [gettext("收到文件"), gettext("读取并校验"), gettext("入库"), gettext("反馈")]
    reached = {"received": 1, "staged": 2, "deposited": 4, "refused": 1}[status]
    return [
        (name, "done" if place < reached else "now" if place == reached else "ahead", "")
        for place, name in enumerate(names)
    ]


def _field_name(item_id: str, code: str) -> str:
    if not code:
        return ""
    field = publish.current(item_id).field_of(code)
    return f"{field.name_zh}({code})"


def _ambiguous(seen: views.SubmissionView) -> list[tuple[str, list[tuple[str, str]]]]:
    if not seen.refusal or seen.refusal["code"] != submit.AmbiguousHeaders.code:
        return []
    asked = seen.refusal["facts"].get("ambiguous", {})
    return [(header, [(code, _field_name(seen.item_id, code)) for code in codes]) for header, codes in asked.items()]


@access(Action.SUBMIT)
@require_POST
def columns(request: HttpRequest, submission_id: int) -> HttpResponse:
    """Takes the sender's word on which field each ambiguous column is, and goes on."""
    chosen = {
        request.POST[f"header-{number}"]: request.POST[f"field-{number}"]
        for number in range(1000)
        if request.POST.get(f"field-{number}") and f"header-{number}" in request.POST
    }
    jobs.choose_columns(submission_id, chosen=chosen, by=answer.actor(request))
    return HttpResponseRedirect(f"/office/submissions/{submission_id}/")


@access(Action.VIEW_SUBMISSION)
@require_GET
def feedback(request: HttpRequest, submission_id: int, form: str) -> HttpResponse | FileResponse:
    """The returned workbook or list."""
    if form not in _TYPES:
        raise Http404
    folder = Path(tempfile.mkdtemp(prefix="xinyong-feedback-"))
    path = folder / f"feedback.{form}"
    try:
        returned.write(submission_id, to=path, seen_by=answer.actor(request))
        content = path.open("rb")
    except XinyongError:
        folder.rmdir()
        raise
    # The open handle keeps the content; nothing of it stays on disk.
    path.unlink()
    folder.rmdir()
    response = FileResponse(content, content_type=_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="feedback-{submission_id}.{form}"'
    return response
