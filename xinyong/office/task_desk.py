"""What is done about tasks: departments report, the credit centre imports, confirms, cancels, gives another day or others."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from xinyong.analytics import task_acts, task_import, task_owners, task_table
from xinyong.analytics import tasks as room
from xinyong.analytics.task_acts import Proved
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.security import identity, proofs
from xinyong.security.access import Action, access

_SALT = "xinyong.task-import"
#: Between looking at a table and keeping it.
_SECONDS = 12 * 3600
_NEEDS = {"required": gettext_lazy("请填写此项。"), "invalid": gettext_lazy("请填写日期，如 2026-10-01。")}
_AREA = forms.Textarea(attrs={"rows": 4})


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class Report(forms.Form):
    """How far a task is."""

    note = forms.CharField(
        label=gettext_lazy("进展"), max_length=1000, required=False, widget=_AREA,
        help_text=gettext_lazy("做了什么、结果如何。不要写个人的证件号码和电话。"),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("佐证文件"), required=False, widget=forms.ClearableFileInput(attrs={"accept": proofs.OFFERED}),
        help_text=gettext_lazy("PDF、图片、Word 或 Excel，不超过 10 MB。图片中不要露出个人信息。"),
        error_messages={"empty": gettext_lazy("这个文件是空的。请检查后重新选择。")},
    )  # fmt: skip
    link = forms.CharField(
        label=gettext_lazy("佐证链接"),
        max_length=480,
        required=False,
        help_text=gettext_lazy("公开发布的网页，如文件、新闻。"),
    )
    on = forms.DateField(label=gettext_lazy("佐证日期"), required=False, widget=_day_input(), error_messages=_NEEDS)
    is_done = forms.BooleanField(label=gettext_lazy("任务已完成，提请信用中心确认"), required=False)
    field_order = ("note", "file", "link", "on", "is_done")


class Reason(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("原因"), min_length=2, max_length=500, widget=_AREA,
        error_messages={"required": gettext_lazy("请写明原因。"), "min_length": gettext_lazy("请写明原因。")},
    )  # fmt: skip
    after = forms.IntegerField(widget=forms.HiddenInput())


class Confirm(forms.Form):
    """A word on it, if any."""

    reason = forms.CharField(label=gettext_lazy("意见"), max_length=500, required=False)
    after = forms.IntegerField(widget=forms.HiddenInput())


class Deadline(Reason):
    """Another deadline."""

    due_on = forms.DateField(
        label=gettext_lazy("截止日期"), required=False, widget=_day_input(), error_messages=_NEEDS,
        help_text=gettext_lazy("按期完成的最后一天。没有具体日期的不填。"),
    )  # fmt: skip
    is_ongoing = forms.BooleanField(label=gettext_lazy("持续推进"), required=False)
    field_order = ("due_on", "is_ongoing", "reason", "after")


class Owners(Reason):
    """Who answers for it."""

    field_order: tuple[str, ...] = ("lead", "helpers", "reason", "after")
    lead = forms.ChoiceField(
        label=gettext_lazy("牵头单位"), error_messages={"required": gettext_lazy("请选择牵头单位。")}
    )
    helpers = forms.MultipleChoiceField(
        label=gettext_lazy("配合单位"), required=False, widget=forms.CheckboxSelectMultiple()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = [(one.code, one.name) for one in identity.source_units(only_active=True)]
        offered = [*task_owners.GROUPS.items(), *units]
        self.fields["lead"].choices = [("", gettext("请选择")), *offered]  # type: ignore[attr-defined]
        self.fields["helpers"].choices = offered  # type: ignore[attr-defined]


class New(Owners):
    """A task by hand."""

    ledger = forms.CharField(label=gettext_lazy("台账名称"), max_length=200, error_messages=_NEEDS)
    text = forms.CharField(label=gettext_lazy("任务内容"), max_length=2000, widget=_AREA, error_messages=_NEEDS)
    due_on = forms.DateField(label=gettext_lazy("截止日期"), required=False, widget=_day_input(), error_messages=_NEEDS)
    is_ongoing = forms.BooleanField(label=gettext_lazy("持续推进"), required=False)
    reason = after = None  # type: ignore[assignment]
    field_order = ("ledger", "text", "lead", "helpers", "due_on", "is_ongoing")


class Import(forms.Form):
    """A plan's table."""

    file = forms.FileField(
        label=gettext_lazy("任务表"), widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        help_text=gettext_lazy("Excel、CSV，或用竖线“|”分列的文本。要有“目标任务”“责任单位”“完成时间”三列；先预览，确认后才保存。"),
        error_messages={"required": gettext_lazy("请选择任务表。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。")},
    )  # fmt: skip
    title = forms.CharField(
        label=gettext_lazy("台账名称"), max_length=200, required=False,
        help_text=gettext_lazy("不填则用表上方的标题或文件名。同一台账再导入，不会重复。"),
    )  # fmt: skip


@access(Action.REPORT_TASK)
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, task_id: int) -> HttpResponse:
    """Reports on a task, with evidence or without."""
    who = answer.actor(request)
    one, _ = room.find(_id(task_id), today=clock.today(), seen_by=who)
    form = Report(answer.sent(request), request.FILES or None, initial={"on": clock.today()})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            task_acts.report(
                one.id, note=said["note"], proved=_proved(said), is_done=said["is_done"], by=who, at=clock.now()
            )
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已提请信用中心确认。") if said["is_done"] else gettext("进展已记下。"))
            return HttpResponseRedirect(f"/office/tasks/{one.id}/")
    context = {"form": form, "task": one}
    return answer.page(request, "office/task_report.html", context, status=400 if form.errors else 200)


@access(Action.REPORT_TASK)
@require_POST
def take_back(request: HttpRequest, task_id: int) -> HttpResponse:
    """Takes back that a task was reported done."""
    task_acts.take_back(_id(task_id), by=answer.actor(request), at=clock.now())
    messages.success(request, gettext("已撤回提请，可以继续报告进展。"))
    return HttpResponseRedirect(f"/office/tasks/{task_id}/")


_Decide = tuple[Callable[..., Any], type[forms.Form], Any, Any, Any, bool]
_DECIDES: dict[str, _Decide] = {
    "confirm": (
        task_acts.confirm, Confirm, gettext_lazy("确认完成"), gettext_lazy("确认前请看过佐证。确认以后还可以恢复。"),
        gettext_lazy("已确认完成。"), False,
    ),
    "send-back": (
        task_acts.send_back, Reason, gettext_lazy("退回继续推进"), gettext_lazy("责任单位会看到退回的原因。"),
        gettext_lazy("已退回。"), False,
    ),
    "cancel": (
        task_acts.cancel, Reason, gettext_lazy("取消任务"), gettext_lazy("取消后不再提醒，历史保留；需要时可以恢复。"),
        gettext_lazy("任务已取消。"), True,
    ),
    "reopen": (
        task_acts.reopen, Reason, gettext_lazy("恢复任务"), gettext_lazy("任务回到“推进中”，原来的佐证都在。"),
        gettext_lazy("任务已恢复。"), False,
    ),
}  # fmt: skip


@access(Action.MANAGE_TASKS)
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, task_id: int) -> HttpResponse:
    """Confirms, sends back, cancels or takes up a task again; ``act`` says which."""
    act = (request.POST if request.method == "POST" else request.GET).get("act", "confirm")
    verb, make, title, intro, done, is_adverse = _DECIDES.get(act, _DECIDES["confirm"])
    one, _ = room.find(_id(task_id), today=clock.today(), seen_by=answer.actor(request))
    form = make(answer.sent(request), initial={"after": one.after})
    form.fields["act"] = forms.CharField(widget=forms.HiddenInput(), initial=act)
    word = "note" if verb is task_acts.confirm else "reason"
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        wanted = {word: said["reason"], "after": said["after"]}
        if _tried(form, partial(verb, one.id, by=answer.actor(request), at=clock.now(), **wanted)):
            messages.success(request, done)
            return HttpResponseRedirect(f"/office/tasks/{one.id}/")
    return answer.form(
        request, form, title=f"{title}：{one.text[:40]}", button=str(title), back=f"/office/tasks/{one.id}/", intro=str(intro),
        is_adverse=is_adverse,
    )  # fmt: skip


@access(Action.MANAGE_TASKS)
@require_http_methods(["GET", "POST"])
def deadline(request: HttpRequest, task_id: int) -> HttpResponse:
    """Gives a task another deadline."""
    one, _ = room.find(_id(task_id), today=clock.today(), seen_by=answer.actor(request))
    initial = {"after": one.after, "due_on": one.due_on, "is_ongoing": one.is_ongoing}
    form = Deadline(answer.sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        change = partial(task_acts.reschedule, **_only(said, "due_on", "is_ongoing", "after", "reason"))
        if _tried(form, partial(change, one.id, by=answer.actor(request), at=clock.now())):
            messages.success(request, gettext("时限已调整，责任单位可以看到。"))
            return HttpResponseRedirect(f"/office/tasks/{one.id}/")
    return answer.form(
        request, form, title=gettext("调整时限：%(text)s") % {"text": one.text[:40]}, button=gettext("调整"),
        back=f"/office/tasks/{one.id}/", intro=gettext("原来写的是：%(words)s") % {"words": one.deadline_words or "—"},
    )  # fmt: skip


@access(Action.MANAGE_TASKS)
@require_http_methods(["GET", "POST"])
def owners(request: HttpRequest, task_id: int) -> HttpResponse:
    """Gives a task to other departments."""
    one, _ = room.find(_id(task_id), today=clock.today(), seen_by=answer.actor(request))
    known = {who.code or who.group: who.is_lead for who in one.owners if who.is_known}
    lead = next((code for code, is_lead in known.items() if is_lead), "")
    initial = {"after": one.after, "lead": lead, "helpers": [code for code in known if code != lead]}
    form = Owners(answer.sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        helpers = [code for code in said["helpers"] if code != said["lead"]]
        change = partial(task_acts.reassign, leads=[said["lead"]], helpers=helpers, **_only(said, "after", "reason"))
        if _tried(form, partial(change, one.id, by=answer.actor(request), at=clock.now())):
            messages.success(request, gettext("责任单位已调整。"))
            return HttpResponseRedirect(f"/office/tasks/{one.id}/")
    return answer.form(
        request, form, title=gettext("调整责任单位：%(text)s") % {"text": one.text[:40]}, button=gettext("调整"),
        back=f"/office/tasks/{one.id}/",
        intro=gettext("现在是：%(owners)s。不再负责的单位将看不到这项任务，报告过的进展保留。") % {"owners": room.shown(one.owners)},
    )  # fmt: skip


@access(Action.MANAGE_TASKS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Adds one task by hand."""
    titles = room.ledgers(seen_by=answer.actor(request))
    form = New(answer.sent(request), initial={"ledger": titles[0] if titles else ""})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = task_import.add(
                leads=[said["lead"]], helpers=[code for code in said["helpers"] if code != said["lead"]],
                by=answer.actor(request), at=clock.now(), **_only(said, "ledger", "text", "due_on", "is_ongoing"),
            )  # fmt: skip
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("任务已列入台账。"))
            return HttpResponseRedirect(f"/office/tasks/{made}/")
    return answer.form(request, form, title=gettext("新增任务"), button=gettext("列入台账"), back="/office/tasks/")


@access(Action.MANAGE_TASKS)
@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """Looks at a plan's table, then keeps it: what was looked at comes back signed, so that exactly that is kept."""
    if "packed" in request.POST:
        return _kept(request)
    form = Import(answer.sent(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            table = _table(file, form.cleaned_data["title"])
            found = task_import.preview(table, by=answer.actor(request))
        except XinyongError as error:
            answer.say(form, error)
        else:
            packed = signing.dumps([table.title, table.rows], salt=_SALT, compress=True)
            return answer.page(request, "office/task_preview.html", {"found": found, "packed": packed})
    return answer.page(request, "office/task_import.html", {"form": form}, status=400 if form.errors else 200)


def _kept(request: HttpRequest) -> HttpResponse:
    try:
        title, rows = signing.loads(request.POST["packed"], salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        messages.warning(request, gettext("预览已过期，请重新上传任务表。"))
        return HttpResponseRedirect("/office/tasks/import")
    table = task_table.of_rows([(int(row), list(cells)) for row, cells in rows], title=title)
    found = task_import.keep(table, by=answer.actor(request), at=clock.now())
    said = {"new": found.new, "known": found.known, "out": found.kept_out}
    messages.success(request, gettext("已导入 %(new)s 项；已有 %(known)s 项，未导入 %(out)s 项。") % said)
    return HttpResponseRedirect("/office/tasks/")


def _table(file: Any, title: str) -> task_table.Table:
    with tempfile.TemporaryDirectory(prefix="xinyong-tasks-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as to:
            for piece in file.chunks():
                to.write(piece)
        return task_table.of_file(path, file_name=str(file.name), title=title)


def _proved(said: dict[str, Any]) -> Proved | None:
    file = said["file"]
    if file is None and not said["link"]:
        return None
    path = Path(file.temporary_file_path()) if file is not None else None
    return Proved(
        on=said["on"] or clock.today(),
        link=said["link"],
        file=path,
        file_name=str(file.name) if file is not None else "",
    )


def _tried(form: forms.Form, verb: Callable[[], Any]) -> bool:
    """True when it was done; otherwise the form says why not."""
    try:
        verb()
    except XinyongError as error:
        answer.say(form, error)
        return False
    return True


def _only(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: said[name] for name in names}


def _id(number: int) -> int:
    return min(number, 2**63 - 1)
