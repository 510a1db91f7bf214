"""Where a datum came from (数据的来历): one record from its first version to its last, one row with what was done about it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.intake import lineage, settle, views
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound, XinyongError
from xinyong.office import answer, files, words
from xinyong.rights import purposes
from xinyong.security import identity
from xinyong.security.access import Action, access, may
from xinyong.security.looks import Look


class Note(forms.Form):
    """What is said to an act, and until when it holds, where it has an end."""

    note = forms.CharField(max_length=200, error_messages={"required": gettext_lazy("请写明理由。")})
    until = forms.DateField(required=False, error_messages={"invalid": gettext_lazy("请填写日期，如 2026-12-31。")})


@access(Action.VIEW_LINEAGE)
@require_GET
def record(request: HttpRequest, code: str, ref: str) -> HttpResponse:
    """A datum from its first version to its last, for the operator and the department that reported it; once it was said what
    the file is looked into for."""
    said = files.kept(request, code)
    if not said:
        messages.info(request, gettext("请先说明查询目的，再从记录旁的“来历”查看。"))
        return HttpResponseRedirect(f"/office/files/{code}/")
    told = lineage.of_record(code, ref, as_of=clock.today(), seen_by=answer.actor(request), purpose=said)
    versions = [(one, told.rows[one.submission_id, one.row_no]) for one in reversed(told.versions)]
    rows = list({(row.file.submission_id, row.row_no): row for _, row in versions}.values())
    context = {
        "record": told.newest.record, "versions": versions, "newest": told.newest,
        "ends": [(one, words.CLOCKS.get(one.clock, one.clock), words.ENDS.get(one.reason, one.reason)) for one in told.ends],
        "rows": [(row, _acts(row.acts)) for row in rows], "looks": [_look(one) for one in told.looks],
        "tells_purposes": answer.actor(request).department is None, "unseen_looks": told.look_lines - len(told.looks),
    }  # fmt: skip
    return answer.page(request, "office/lineage.html", context)


@access(Action.VIEW_LINEAGE)
@require_GET
def find_row(request: HttpRequest, submission_id: int) -> HttpResponse:
    """From a row's number, typed on the submission's page, to the row."""
    views.find(submission_id, seen_by=answer.actor(request))  # another department's looks like none
    row_no = answer.number(request.GET.get("no", "").strip())
    if row_no is None:
        messages.warning(request, gettext("请填写行号，例如 2。"))
        return HttpResponseRedirect(f"/office/submissions/{submission_id}/")
    return HttpResponseRedirect(f"/office/submissions/{submission_id}/rows/{row_no}/")


@access(Action.VIEW_LINEAGE)
@require_GET
def row(request: HttpRequest, submission_id: int, row_no: int) -> HttpResponse:
    """One row of a file: what was found, what was done about it, what it brought, and what can be done now."""
    who = answer.actor(request)
    seen, brought = lineage.of_row(submission_id, row_no, as_of=clock.today(), seen_by=who)
    is_open = bool(seen.waits)
    open_findings = [one for one in seen.findings if not one.closed_at]
    doubts = [one for one in open_findings if one.found.severity == "doubtful"]
    has_error = any(one.found.severity == "error" for one in open_findings)
    context: dict[str, Any] = {
        "row": seen, "brought": brought, "acts": _acts(seen.acts),
        "undoable": [
            (one, words.ACTS[one.kind]) for one in seen.acts
            if one.undoes is None and not one.is_undone and (not who.department or one.by_role == who.role.value)
        ],
        "warnings": [one for one in open_findings if one.found.severity == "warning"],
        "may_waive": is_open and bool(doubts) and not has_error and may(who, Action.WAIVE_DOUBTS),
        "may_send_back": is_open and may(who, Action.WAIVE_DOUBTS),
        "may_pass_on": is_open and bool(who.department) and may(who, Action.SETTLE_DOUBTS),
        "today": clock.today(),
    }  # fmt: skip
    return answer.page(request, "office/row.html", context)


@access(Action.SETTLE_DOUBTS)
@require_http_methods(["GET", "POST"])
def settle_row(request: HttpRequest, submission_id: int, row_no: int) -> HttpResponse:
    """Does what was asked about a row and returns to it; a refusal says why."""
    views.find(submission_id, seen_by=answer.actor(request))  # another department's looks like none
    its_page = HttpResponseRedirect(f"/office/submissions/{submission_id}/rows/{row_no}/")
    if request.method == "POST":
        try:
            messages.success(request, _settle(request, submission_id, row_no))
        except (Conflict, NotFound, Invalid) as error:
            messages.warning(request, _said(error))
    return its_page


def _settle(request: HttpRequest, submission_id: int, row_no: int) -> str:
    who, what = answer.actor(request), request.POST.get("what", "")
    if what.startswith("undo-") and (act := answer.number(what.removeprefix("undo-"))) is not None:
        settle.undo(act, submission_id=submission_id, by=who)
        return gettext("已撤销。")
    form = Note(request.POST)
    if not form.is_valid():
        raise settle.NoteNeeded(*(" ".join(str(e) for found in form.errors.values() for e in found),) * 2)
    note, until = form.cleaned_data["note"], form.cleaned_data["until"]
    if what == "waive":
        settle.waive(submission_id, row_no, reason=note, until=until or clock.today(), by=who)
        return gettext("已豁免并入库，到期后重新待处理。")
    if what == "send-back":
        settle.send_back(submission_id, row_no, note=note, due=until or clock.today(), by=who)
        return gettext("已退回信源单位，单位可以看到期限和说明。")
    if what == "pass-on":
        settle.pass_on(submission_id, row_no, note=note, by=who)
        return gettext("已提请信用中心。")
    if what.startswith("confirm-") and (finding := answer.number(what.removeprefix("confirm-"))) is not None:
        settle.confirm(submission_id, finding, reason=note, by=who)
        return gettext("已确认属实，理由已留存。")
    raise settle.UnknownAct("没有看懂这次处理，请重新选择。", "This was not understood; choose again.")


def _look(one: Look) -> tuple[Look, str, str, str]:
    """A line of who used it, with who that is, what was done, and what for."""
    unit = identity.source_unit(one.department, even_closed=True).name if one.department else str(words.ROLES[one.role])
    return one, unit, str(words.EVENTS[one.event]), _purpose(one.purpose)


def _purpose(written: str) -> str:
    """A purpose as it stands in the log, in words."""
    zh, en = purposes.words(written)
    return f"{en if answer.is_english() else zh}: {written.partition(': ')[2]}" if zh else written


def _acts(acts: Any) -> list[tuple[Any, str, str]]:
    """Acts with what they are called and who did them, newest first."""
    return [(one, str(words.ACTS[one.kind]), str(words.ROLES[one.by_role])) for one in reversed(acts)]


def _said(error: XinyongError) -> str:
    return error.en if answer.is_english() else error.zh
