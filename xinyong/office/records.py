"""Shared records as a file, and special queries: for a purpose, with a second person where the policy wants one."""

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer, files, words
from xinyong.office.catalogue import XLSX
from xinyong.records import exporting, special
from xinyong.records.exporting import Wanted
from xinyong.rights import purposes
from xinyong.security import approvals, identity
from xinyong.security.access import Action, Actor, access

_TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}
_NEEDS = {"required": gettext_lazy("请填写此项。")}


def _items(english: bool, *, persons: bool) -> list[tuple[str, str]]:
    def name(one: Item) -> str:
        return one.title_en if english else one.title_zh

    return [(one.id, name(one)) for one in publish.items() if persons or not one.is_about_persons]


class Export(forms.Form):
    """Which records, what for, in which form."""

    item = forms.ChoiceField(label=gettext_lazy("目录事项"), error_messages=_NEEDS)
    year = forms.IntegerField(label=gettext_lazy("作出决定的年份"), required=False, min_value=1990, max_value=2100)
    source = forms.ChoiceField(label=gettext_lazy("信源单位"), required=False)
    purpose = forms.ChoiceField(label=gettext_lazy("查询目的"), error_messages=_NEEDS)
    matter = forms.CharField(label=gettext_lazy("所办事项"), min_length=4, max_length=120, error_messages=_NEEDS)
    reason = forms.CharField(
        label=gettext_lazy("依据或事由"), max_length=200, error_messages=_NEEDS,
        help_text=gettext_lazy("超过 500 行须由另一人复核，复核人会看到这里写的内容。"),
    )  # fmt: skip
    form = forms.ChoiceField(label=gettext_lazy("文件格式"), choices=[("xlsx", "Excel (xlsx)"), ("csv", "CSV")])

    def __init__(self, *args: Any, who: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = files.purpose_choices(who)  # type: ignore[attr-defined]
        self.fields["item"].choices = [("", gettext("请选择")), *_items(answer.is_english(), persons=False)]  # type: ignore[attr-defined]
        units = [(one.code, one.name) for one in identity.source_units()]
        self.fields["source"].choices = [("", gettext("全部")), *units]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        """The filters."""
        said = self.cleaned_data
        return Wanted((said["item"],), clock.today(), said["year"], said["source"])


@access(Action.EXPORT_SHARED)
@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest) -> HttpResponseBase:
    """The form: a small file comes at once, a larger one is asked for."""
    who, now = answer.actor(request), clock.now()
    form = Export(answer.sent(request), who=who)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            purpose = purposes.said(said["purpose"], said["matter"], by=who, at=now)
            rows = exporting.count(form.wanted, by=who)
            if rows <= exporting.ALONE:
                return _file(request, form.wanted, said["form"], purpose, None)
            asked = exporting.ask(form.wanted, purpose=purpose, reason=said["reason"], by=who, at=now)
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.info(
                request, gettext("共 %(n)s 行，已提交复核申请；同意后在“数据导出”页下载。") % {"n": f"{rows:,}"}
            )
            return HttpResponseRedirect(f"/office/approvals/{asked.id}/")
    ready = [
        words.request(one)
        for one in approvals.own(by=who, at=now, kind=approvals.Kind.EXPORT_SHARED)
        if one.state == "approved"
    ]
    return answer.page(
        request, "office/exports.html", {"form": form, "ready": ready}, status=400 if form.errors else 200
    )


@access(Action.EXPORT_SHARED)
@require_http_methods(["GET", "POST"])
def export_file(request: HttpRequest, request_id: int) -> HttpResponseBase:
    """The file that a second person agreed to; once."""
    if request.method == "GET":
        return HttpResponseRedirect("/office/exports/")
    found = approvals.find(request_id, seen_by=answer.actor(request), at=clock.now())
    form = "csv" if request.POST.get("form") == "csv" else "xlsx"
    return _file(request, Wanted.of(found.facts), form, found.purpose, int(str(found.facts["rows"])))


def _file(request: HttpRequest, wanted: Wanted, form: str, purpose: str, approved: int | None) -> HttpResponseBase:
    now = clock.now()
    with tempfile.TemporaryDirectory(prefix="xinyong-export-") as folder:
        path = Path(folder) / f"file.{form}"
        written = exporting.export(
            wanted, purpose=purpose, to=path, approved_rows=approved, by=answer.actor(request), at=now
        )
        name = gettext("共享数据-%(day)s-%(number)s.%(form)s") % {
            "day": now.date(), "number": written.id, "form": form,
        }  # fmt: skip
        return answer.download(path, name=name, content_type=_TYPES[form])


class Query(forms.Form):
    """About whom, which fields, what for, on which basis."""

    item = forms.ChoiceField(label=gettext_lazy("目录事项"), error_messages=_NEEDS)
    code = forms.CharField(label=gettext_lazy("统一社会信用代码"), max_length=40, required=False)
    certificate = forms.CharField(
        label=gettext_lazy("自然人证件号码"), max_length=40, required=False,
        help_text=gettext_lazy("查自然人时填写。号码不保存、不记入日志。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    asked = forms.MultipleChoiceField(
        label=gettext_lazy("要查的数据项"), widget=forms.CheckboxSelectMultiple, error_messages=_NEEDS,
        help_text=gettext_lazy("只选办事需要的；只返回所选的。"),
    )  # fmt: skip
    purpose = forms.ChoiceField(label=gettext_lazy("查询目的"), error_messages=_NEEDS)
    matter = forms.CharField(label=gettext_lazy("所办事项"), min_length=4, max_length=120, error_messages=_NEEDS)
    basis = forms.CharField(
        label=gettext_lazy("依据"), max_length=200, error_messages=_NEEDS,
        help_text=gettext_lazy("授权书、协助函等的编号。"),
    )  # fmt: skip

    def __init__(self, *args: Any, item_id: str, who: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = files.purpose_choices(who)  # type: ignore[attr-defined]
        self.fields["item"].choices = _items(answer.is_english(), persons=True)  # type: ignore[attr-defined]
        self.fields["item"].widget = forms.HiddenInput()
        english = answer.is_english()
        choices = [(one.code, one.name_en if english else one.name_zh) for one in special.fields(item_id)]
        self.fields["asked"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One subject."""
        said = self.cleaned_data
        if bool(said.get("code")) == bool(said.get("certificate")):
            self.add_error("code", gettext("请填写单位代码或自然人证件号码，二者填一项。"))
        return said


@access(Action.SPECIAL_QUERY)
@sensitive_post_parameters("certificate")
@require_http_methods(["GET", "POST"])
def queries(request: HttpRequest) -> HttpResponse:
    """Asks for a special query; lists those that may be answered now."""
    who, now = answer.actor(request), clock.now()
    items = _items(answer.is_english(), persons=True)
    wanted = request.POST.get("item") or request.GET.get("item") or items[0][0]
    item_id = wanted if wanted in dict(items) else items[0][0]
    form = Query(answer.sent(request), item_id=item_id, who=who, initial={"item": item_id})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            subject = special.subject_of(code=said["code"], certificate=said["certificate"], by=who)
            asked = special.ask(
                subject,
                item_id=item_id,
                asked=said["asked"],
                purpose=purposes.said(said["purpose"], said["matter"], by=who, at=now),
                basis=said["basis"],
                by=who,
                at=now,
            )
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.info(request, gettext("已提交复核申请；同意后在“特殊查询”页查看结果，只能查看一次。"))
            return HttpResponseRedirect(f"/office/approvals/{asked.id}/")
    ready = [
        words.request(one)
        for one in approvals.own(by=who, at=now, kind=approvals.Kind.SPECIAL_QUERY)
        if one.state == "approved"
    ]
    context = {"form": form, "ready": ready, "items": items, "item_id": item_id}
    return answer.page(request, "office/special.html", context, status=400 if form.errors else 200)


@access(Action.SPECIAL_QUERY)
@require_http_methods(["GET", "POST"])
def query_answer(request: HttpRequest, request_id: int) -> HttpResponse:
    """The answer, once."""
    if request.method == "GET":
        return HttpResponseRedirect("/office/special/")
    found = special.answer(request_id, by=answer.actor(request), at=clock.now())
    return answer.page(request, "office/special_answer.html", {"found": found, "asked": words.request(found.request)})
