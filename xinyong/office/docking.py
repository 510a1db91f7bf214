"""数据库对接 Departments' databases for who runs intake: what is pulled, how that goes; a department sees its own."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.catalogue import publish
from xinyong.intake import docked, docking, jobs, pulling
from xinyong.intake.docking import Access, Schedule
from xinyong.intake.supply import NotGranted
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound, XinyongError
from xinyong.office import answer
from xinyong.security import identity
from xinyong.security.access import Action, access, may

_PER_PAGE = 20
_SHOWN = 50
_DIALECTS = [("postgresql", "PostgreSQL"), ("mysql", "MySQL / MariaDB"), ("mssql", "SQL Server"), ("oracle", "Oracle")]
_TLS = [
    ("require", gettext_lazy("加密，不核对证书")), ("verify", gettext_lazy("加密并核对证书")),
    ("off", gettext_lazy("不加密（只限可信的内部网络）")),
]  # fmt: skip


class AccessForm(forms.Form):
    """How to get into a database."""

    dialect = forms.ChoiceField(label=gettext_lazy("数据库种类"), choices=_DIALECTS)
    host = forms.CharField(
        label=gettext_lazy("主机"), max_length=253, help_text=gettext_lazy("域名或 IP 地址，须在系统允许对接的网段内。"),
        error_messages={"required": gettext_lazy("请填写主机。")},
    )  # fmt: skip
    port = forms.IntegerField(
        label=gettext_lazy("端口"),
        min_value=1,
        max_value=65535,
        required=False,
        help_text=gettext_lazy("为空即该种数据库的常用端口。"),
    )
    database = forms.CharField(
        label=gettext_lazy("库名"), max_length=128, help_text=gettext_lazy("Oracle 填服务名。"),
        error_messages={"required": gettext_lazy("请填写库名。")},
    )  # fmt: skip
    username = forms.CharField(
        label=gettext_lazy("用户名"), max_length=128, help_text=gettext_lazy("请对方建一个只有 SELECT 权限的专用账号。"),
        error_messages={"required": gettext_lazy("请填写用户名。")},
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("密码"), max_length=500, required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("加密保存，任何页面和日志都不再显示。"),
    )  # fmt: skip
    password_file = forms.CharField(
        label=gettext_lazy("或者密码文件"), max_length=80, required=False,
        help_text=gettext_lazy("密码由系统管理员放在服务器的密码文件夹里时，填文件名。"),
    )  # fmt: skip
    tls = forms.ChoiceField(label=gettext_lazy("连接加密"), choices=_TLS)
    ca_pem = forms.CharField(
        label=gettext_lazy("对方的根证书"), required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy("核对证书时用，PEM 格式。为空即用本机信任的机构。"),
    )  # fmt: skip

    def access(self) -> Access:
        """What was filled in."""
        names = ("dialect", "host", "port", "database", "username", "password", "password_file", "tls", "ca_pem")
        return Access(**{name: self.cleaned_data[name] for name in names})


class NewDatabase(AccessForm):
    """A database of a department."""

    name = forms.CharField(
        label=gettext_lazy("名称"), max_length=80, help_text=gettext_lazy("例如：市场监管局处罚库。"),
        error_messages={"required": gettext_lazy("请填写名称。")},
    )  # fmt: skip
    department = forms.ChoiceField(
        label=gettext_lazy("所属单位"), error_messages={"required": gettext_lazy("请选择所属单位。")}
    )
    field_order = ("name", "department")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = [(unit.code, unit.name) for unit in identity.source_units(only_active=True)]
        self.fields["department"].choices = [("", gettext("请选择")), *units]  # type: ignore[attr-defined]


class WhichTable(forms.Form):
    """The first step of a table: which it is, and which item it holds."""

    item = forms.ChoiceField(label=gettext_lazy("事项"), error_messages={"required": gettext_lazy("请选择事项。")})
    schema = forms.CharField(
        label=gettext_lazy("模式"), max_length=128, required=False,
        help_text=gettext_lazy("表不在默认模式（schema）里时填写。"),
    )  # fmt: skip
    table = forms.CharField(
        label=gettext_lazy("表或视图"),
        max_length=128,
        error_messages={"required": gettext_lazy("请填写表名或视图名。")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_english = answer.is_english()
        items = [(one.id, one.title_en if is_english else one.title_zh) for one in publish.reported()]
        self.fields["item"].choices = [("", gettext("请选择")), *items]  # type: ignore[attr-defined]


class HowToPull(WhichTable):
    """The second step: watermark, key, schedule, and for every column its field."""

    watermark = forms.ChoiceField(
        label=gettext_lazy("水位列"), help_text=gettext_lazy("每次新增或修改都会变大的列：更新时间，或只增的数字。"),
        error_messages={"required": gettext_lazy("请选择水位列。")},
    )  # fmt: skip
    key = forms.ChoiceField(
        label=gettext_lazy("主键列"),
        required=False,
        help_text=gettext_lazy("不重复、不为空的列；同一时刻的许多行按它分批。"),
    )
    every_minutes = forms.IntegerField(
        label=gettext_lazy("每隔几分钟拉取"), required=False, min_value=docking.LEAST_MINUTES, max_value=docking.MOST_MINUTES,
        help_text=gettext_lazy("与“每天几点”二者填一。"),
    )  # fmt: skip
    daily_at = forms.TimeField(
        label=gettext_lazy("每天几点拉取"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    overlap = forms.IntegerField(
        label=gettext_lazy("回看"), required=False, min_value=0, max_value=10_000_000,
        help_text=gettext_lazy("从上次的水位再往前看多少：时间为秒，数字为个数。为空即 600 秒或 1000。"),
    )  # fmt: skip

    def __init__(self, *args: Any, columns: list[pulling.Suggested], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("item", "schema", "table"):
            self.fields[name].widget = forms.HiddenInput()
        marks = [(one.name, one.name) for one in columns if one.kind in {"moment", "day", "number"}]
        keys = [(one.name, one.name) for one in columns if one.kind in {"number", "text"}]
        self.fields["watermark"].choices = [("", gettext("请选择")), *marks]  # type: ignore[attr-defined]
        self.fields["key"].choices = [("", gettext("没有")), *keys]  # type: ignore[attr-defined]


@access(Action.VIEW_DOCKING)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All databases and their tables; a department's own."""
    who = answer.actor(request)
    found = docked.databases(seen_by=who)
    troubled = [table for one in found for table in one.tables if table.is_troubled and table.state == "active"]
    context = {"databases": found, "troubled": troubled, "may_manage": may(who, Action.MANAGE_DOCKING)}
    return answer.page(request, "office/docking.html", context)


@access(Action.MANAGE_DOCKING)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Declares a database; the next step is to test it."""
    form = NewDatabase(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = docking.declare(
                name=form.cleaned_data["name"], department=form.cleaned_data["department"], access=form.access(),
                by=answer.actor(request), now=clock.now(),
            )  # fmt: skip
        except (Invalid, Conflict, NotFound) as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已登记。请先测试连接，再对应表。"))
            return HttpResponseRedirect(f"/office/docking/{made}/")
    context = {"form": form}
    return answer.page(request, "office/docking_new.html", context, status=400 if form.errors else 200)


@access(Action.VIEW_DOCKING)
@require_GET
def database(request: HttpRequest, database_id: int) -> HttpResponse:
    """One database and its tables."""
    return _database(request, database_id)


@access(Action.MANAGE_DOCKING)
@require_POST
def database_act(request: HttpRequest, database_id: int) -> HttpResponse:
    """Tests the connection, or removes the database."""
    who, asked = answer.actor(request), request.POST.get("act", "")
    if asked == "test":
        try:
            found = pulling.try_out(database_id, schema=request.POST.get("schema", "")[:128], by=who)
        except (Invalid, Conflict) as error:
            return _database(request, database_id, failed=error)
        return _database(request, database_id, tested=found)
    if asked == "remove" and request.POST.get("sure"):
        docking.remove(database_id, by=who, now=clock.now())
        messages.success(request, gettext("已移除，密码已删去。拉取过的数据和历史都保留。"))
    else:
        docking.find_database(database_id, who)
        messages.warning(request, gettext("没有改动：请勾选确认后再提交。"))
    return HttpResponseRedirect(f"/office/docking/{database_id}/")


@access(Action.MANAGE_DOCKING)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, database_id: int) -> HttpResponse:
    """Other ways in: a new password, another host."""
    who = answer.actor(request)
    found = docked.database(database_id, seen_by=who)
    names = ("dialect", "host", "port", "database", "username", "tls", "ca_pem", "password_file")
    form = AccessForm(answer.sent(request), initial={name: getattr(found, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            docking.change(database_id, access=form.access(), by=who)
        except (Invalid, Conflict) as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("连接已更改。请再测试一次。"))
            return HttpResponseRedirect(f"/office/docking/{database_id}/")
    intro = gettext("密码为空即不变；换了服务器、账号或减弱加密时，必须重新填写。")
    return answer.form(
        request,
        form,
        title=gettext("更改连接"),
        button=gettext("保存"),
        back=f"/office/docking/{database_id}/",
        intro=intro,
    )


@access(Action.MANAGE_DOCKING)
@require_http_methods(["GET", "POST"])
def new_table(request: HttpRequest, database_id: int) -> HttpResponse:
    """Which table or view holds which item: first its name, then what each column is."""
    who, back = answer.actor(request), f"/office/docking/{database_id}/"
    docking.find_database(database_id, who)
    asked = request.POST if request.method == "POST" else request.GET
    which = WhichTable(asked if "table" in asked else None)
    columns: list[pulling.Suggested] = []
    if which.is_bound and which.is_valid():
        given = which.cleaned_data
        try:
            columns = pulling.suggest(
                database_id, item_id=given["item"], table=given["table"], schema=given["schema"], by=who
            )
        except (Invalid, Conflict) as error:
            answer.say(which, error)
    if not columns:
        context = {"form": which, "back": back}
        return answer.page(request, "office/docking_table_which.html", context, status=400 if which.errors else 200)
    form = HowToPull(answer.sent(request), initial=which.cleaned_data | {"every_minutes": 60}, columns=columns)
    if request.method == "POST" and form.is_valid():
        made = _declare(request, database_id, form, columns)
        if made is not None:
            messages.success(request, gettext("已登记，尚未启用。请先看预览。"))
            return HttpResponseRedirect(f"/office/docking/tables/{made}/")
    item = publish.current(which.cleaned_data["item"], on=clock.today())
    chosen = {one.name: request.POST.get(f"column-{place}", one.field) for place, one in enumerate(columns)}
    context = {
        "form": form, "back": back, "item": item, "fields": [one for one in item.fields if not one.is_computed],
        "columns": [(f"column-{place}", one, chosen[one.name]) for place, one in enumerate(columns)],
    }  # fmt: skip
    return answer.page(request, "office/docking_table_new.html", context, status=400 if form.errors else 200)


@access(Action.VIEW_DOCKING)
@require_GET
def table(request: HttpRequest, docked_id: int) -> HttpResponse:
    """One table: how it is pulled, how that goes, what came."""
    who = answer.actor(request)
    found = docked.table(docked_id, seen_by=who)
    pulls = docked.pulls(docked_id, seen_by=who, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1)
    fields = {field.code: field for item in publish.items() if item.id == found.item_id for field in item.fields}
    context = {
        "table": found, "pulls": pulls[:_PER_PAGE], "may_manage": may(who, Action.MANAGE_DOCKING),
        "next_after": pulls[_PER_PAGE - 1].id if len(pulls) > _PER_PAGE else None, "is_first": "after" not in request.GET,
        "columns": [(name, code, fields.get(code)) for name, code in found.columns],
    }  # fmt: skip
    return answer.page(request, "office/docking_table.html", context)


@access(Action.MANAGE_DOCKING)
@require_GET
def preview(request: HttpRequest, docked_id: int) -> HttpResponse:
    """The first rows as the item's fields, and what would become of them."""
    who = answer.actor(request)
    found = docked.table(docked_id, seen_by=who)
    context: dict[str, Any] = {"table": found}
    try:
        looked = pulling.preview(docked_id, by=who)
        words = "message_en" if answer.is_english() else "message"
        said = [(one.row_no, one.column, getattr(one, words)) for one in looked.trial.findings[:_SHOWN]]
        context |= {"preview": looked, "findings": said}
    except (Invalid, Conflict, NotGranted) as error:
        context["failed"] = _said(error)
    return answer.page(request, "office/docking_preview.html", context, status=409 if "failed" in context else 200)


@access(Action.MANAGE_DOCKING)
@require_POST
def table_act(request: HttpRequest, docked_id: int) -> HttpResponse:
    """Starts, pauses, pulls now, reads again from the beginning, or removes."""
    who, asked = answer.actor(request), request.POST.get("act", "")
    try:
        if asked == "start":
            jobs.start_pulling(docked_id, by=who)
            messages.success(request, gettext("后台作业随即拉取，稍后刷新本页查看结果。"))
        elif asked == "pause":
            docking.pause(docked_id, by=who)
            messages.success(request, gettext("已暂停。"))
        elif asked == "rewind" and request.POST.get("sure"):
            docking.rewind(docked_id, by=who)
            messages.success(request, gettext("下一次从头读起；档案中已有的记为未变。"))
        elif asked == "remove" and request.POST.get("sure"):
            docking.remove_table(docked_id, by=who)
            messages.success(request, gettext("已移除。拉取过的数据和历史都保留。"))
        else:
            docked.table(docked_id, seen_by=who)
            messages.warning(request, gettext("没有改动：请勾选确认后再提交。"))
    except Conflict as error:
        messages.warning(request, _said(error))
    return HttpResponseRedirect(f"/office/docking/tables/{docked_id}/")


def _database(
    request: HttpRequest,
    database_id: int,
    *,
    tested: pulling.Tested | None = None,
    failed: XinyongError | None = None,
) -> HttpResponse:
    who = answer.actor(request)
    context = {
        "database": docked.database(database_id, seen_by=who), "tested": tested,
        "failed": _said(failed) if failed else "", "may_manage": may(who, Action.MANAGE_DOCKING),
    }  # fmt: skip
    return answer.page(request, "office/docking_database.html", context, status=409 if failed else 200)


def _declare(request: HttpRequest, database_id: int, form: HowToPull, columns: list[pulling.Suggested]) -> int | None:
    given = form.cleaned_data
    chosen = {one.name: request.POST.get(f"column-{place}", "") for place, one in enumerate(columns)}
    try:
        return docking.declare_table(
            database_id, item_id=given["item"], table=given["table"], schema=given["schema"],
            columns={name: code for name, code in chosen.items() if code}, watermark=given["watermark"], key=given["key"],
            schedule=Schedule(given["every_minutes"], given["daily_at"]), overlap=given["overlap"],
            by=answer.actor(request), now=clock.now(),
        )  # fmt: skip
    except (Invalid, Conflict, NotGranted) as error:
        answer.say(form, error)
        return None


def _said(error: XinyongError) -> str:
    return error.en if answer.is_english() else error.zh
