"""自主申报 An organisation's own area: what it declared of itself and what became of it, declaring anew, withdrawing.

Whoever holds the organisation's mandate signs in as everybody does; these pages show nothing of any other organisation.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.catalogue import export
from xinyong.catalogue.schema import Item
from xinyong.intake import jobs, receipt, voluntary
from xinyong.intake.entry_form import RowForm, typed
from xinyong.intake.outcome import Found
from xinyong.intake.voluntary import Proof
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.portal import answer
from xinyong.portal.own_page import LARGEST, actor, is_english, kept_by_nobody, number, page, say
from xinyong.security import guardians, mandates, proofs
from xinyong.security.access import Action, FactorNeeded, access
from xinyong.security.gate import ACTING_AS_GUARDIAN, ACTING_FOR
from xinyong.web.words import OWN_ACTS, OWN_STATES

_PER_PAGE = 20
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _proof_field(number: int) -> forms.FileField:
    return forms.FileField(
        label=gettext_lazy("证明材料") if number == 1 else f"{gettext('证明材料')} {number}",
        required=number == 1, widget=forms.ClearableFileInput(attrs={"accept": proofs.OFFERED}),
        help_text=gettext_lazy("PDF、图片、Word 或 Excel，每份不超过 10 MB。只用于核验，不公开。请遮盖个人证件号码、电话。") if number == 1 else "",
        error_messages={
            "required": gettext_lazy("请选择证明材料。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。"),
        },
    )  # fmt: skip


class Handover(forms.Form):
    """What goes with every declaration: proof, and the commitment of truth."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in range(1, voluntary.MOST_PROOFS + 1):
            self.fields[f"proof_{place}"] = _proof_field(place)
        self.fields["commits"] = forms.BooleanField(
            label=gettext("我已阅读并代表本单位作出以上承诺"),
            error_messages={"required": gettext("请阅读并勾选真实性承诺。")},
        )
        self.fields["commitment"] = forms.CharField(widget=forms.HiddenInput(), initial=voluntary.COMMITMENT)

    @property
    def given(self) -> list[Proof]:
        """The files of proof as the room takes them."""
        names = [f"proof_{place}" for place in range(1, voluntary.MOST_PROOFS + 1)]
        files = [cast(TemporaryUploadedFile, self.cleaned_data[name]) for name in names if self.cleaned_data.get(name)]
        return [Proof(Path(one.temporary_file_path()), one.name or "file") for one in files]


class FileHandover(Handover):
    """A file of rows, and what goes with it."""

    file = forms.FileField(
        label=gettext_lazy("申报文件"),
        help_text=gettext_lazy("用下载的模板填写，每行一项；只能是本单位的信息，其他单位的行会被退回。"),
        error_messages={
            "required": gettext_lazy("请选择申报文件。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。"),
        },
    )  # fmt: skip


class Reason(forms.Form):
    """Why a declaration is withdrawn."""

    reason = forms.CharField(
        label=gettext_lazy("撤回的原因"), min_length=4, max_length=200,
        help_text=gettext_lazy("例如“证书已换发”。请勿填写个人信息。"),
        error_messages={
            "required": gettext_lazy("请写明撤回的原因。"), "min_length": gettext_lazy("请写明撤回的原因，至少 4 个字。"),
        },
    )  # fmt: skip


@access(Action.VIEW_OWN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What the organisation declared, the newest first."""
    who, now = actor(request), clock.now()
    found = voluntary.listing(by=who, at=now, after=number(request.GET.get("after")), limit=_PER_PAGE + 1)
    context = {
        "lines": [(one, OWN_STATES[one.state]) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
    }
    return page(request, "portal/own.html", context)


@access(Action.DECLARE_OWN)
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """What can be declared."""
    return page(request, "portal/own_new.html", {"items": voluntary.items(by=actor(request))})


@access(Action.DECLARE_OWN)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def form(request: HttpRequest, item_id: str) -> HttpResponse:
    """One fact, filled in: checked only, or handed in with its proof."""
    who, now = actor(request), clock.now()
    item = voluntary.item_of(item_id, by=who)
    if request.method == "GET":
        return _form_page(request, item, voluntary.own_values(item, by=who), Handover())
    values = typed(item, request.POST, {}, now.date()) | voluntary.own_values(item, by=who)
    try:
        found = voluntary.look(item.id, values, by=who, at=now).findings
    except XinyongError as error:
        return _form_page(request, item, values, Handover(), error=error)
    if request.POST.get("what") == "check":
        return _form_page(request, item, values, Handover(initial=request.POST.dict()), found=found, is_checked=True)
    handover = Handover(request.POST, request.FILES)
    held_up = any(one.severity in ("error", "doubtful") for one in found)
    if held_up or not handover.is_valid():
        handover.full_clean()
        return _form_page(request, item, values, handover, found=found)
    try:
        made, is_new = jobs.declare(
            item.id, values, proofs_given=handover.given, commitment=handover.cleaned_data["commitment"], by=who, at=now
        )
    except XinyongError as error:
        return _form_page(request, item, values, handover, error=error)
    return _declared(request, made.id, is_new=is_new)


@access(Action.DECLARE_OWN)
@require_http_methods(["GET", "POST"])
def file(request: HttpRequest, item_id: str) -> HttpResponse:
    """Facts of one kind as a file."""
    who = actor(request)
    item = voluntary.item_of(item_id, by=who)
    handover = FileHandover(request.POST, request.FILES) if request.method == "POST" else FileHandover()
    status = 200
    if request.method == "POST":
        status = 400
        if handover.is_valid():
            sent = cast(TemporaryUploadedFile, handover.cleaned_data["file"])
            try:
                made, is_new = jobs.declare_file(
                    item.id, Path(sent.temporary_file_path()), file_name=sent.name or "file", proofs_given=handover.given,
                    commitment=handover.cleaned_data["commitment"], by=who, at=clock.now(),
                )  # fmt: skip
                return _declared(request, made.id, is_new=is_new)
            except XinyongError as error:
                status = say(handover, error)
    context = {"item": item, "handover": handover, "proofs": _proofs(handover), "commitment": _commitment()}
    return page(request, "portal/own_file.html", context, status=status)


@access(Action.DECLARE_OWN)
@require_GET
def template(request: HttpRequest, item_id: str) -> HttpResponse:
    """An empty workbook of an item."""
    item = voluntary.item_of(item_id, by=actor(request))
    name = gettext("%(title)s-申报模板.xlsx") % {"title": answer.word(item.title_zh, item.title_en)}
    response = HttpResponse(export.workbook(item), content_type=_XLSX)
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return kept_by_nobody(response)


@access(Action.VIEW_OWN)
@require_GET
def declaration(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """One declaration: how it stands and why, what it says, what was found wrong, the way it went."""
    seen = voluntary.find(min(declaration_id, LARGEST), by=actor(request), at=clock.now())
    commitment = voluntary.COMMITMENTS.get(seen.declaration.commitment, ("", ""))
    context = {
        "one": seen.declaration, "state": OWN_STATES[seen.declaration.state], "records": seen.records,
        "findings": [_told(one.found) | {"row": one.found.row_no, "column": one.found.column} for one in seen.findings],
        "acts": [(act, OWN_ACTS[act.kind]) for act in seen.declaration.acts],
        "commitment": answer.word(*commitment),
    }  # fmt: skip
    return page(request, "portal/own_declaration.html", context)


@access(Action.DECLARE_OWN)
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """Says what withdrawing does, and does it."""
    who, now, one_id = actor(request), clock.now(), min(declaration_id, LARGEST)
    bound = Reason(request.POST if request.method == "POST" else None)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and bound.is_valid():
        try:
            jobs.withdraw_declared(one_id, reason=bound.cleaned_data["reason"], by=who, at=now)
            messages.success(request, gettext("已撤回，稍后即不再公开。"))
            return HttpResponseRedirect(f"/own/{one_id}/")
        except voluntary.UnknownDeclaration:
            raise
        except XinyongError as error:
            status = say(bound, error)
    seen = voluntary.find(one_id, by=who, at=now)
    return page(request, "portal/own_withdraw.html", {"form": bound, "one": seen.declaration}, status=status)


@access(Action.VIEW_OWN)
@require_GET
def take_receipt(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """The signed receipt of a declaration."""
    made = receipt.of_own(min(declaration_id, LARGEST), seen_by=actor(request))
    response = HttpResponse(json.dumps(made, ensure_ascii=False, indent=1) + "\n", content_type="application/json")
    name = gettext("回执-%(id)s.json") % {"id": made["id"][:8]}
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return kept_by_nobody(response)


@access(Action.VIEW_ABOUT_ME)
@require_POST
def act_for(request: HttpRequest) -> HttpResponse:
    """Goes on for another organisation whose mandate one holds, for a child whose guardian one is, or as oneself."""
    wanted, ward = number(request.POST.get("mandate")) or 0, number(request.POST.get("ward"))
    if ward is not None:
        guardians.choose(request, ward, by=actor(request), at=clock.now(), key=ACTING_AS_GUARDIAN)
        return HttpResponseRedirect("/own/records/")
    request.session.pop(ACTING_AS_GUARDIAN, None)
    mandates.choose(request, wanted, by=actor(request), at=clock.now(), key=ACTING_FOR)
    return HttpResponseRedirect("/own/")


def _declared(request: HttpRequest, declaration_id: int, *, is_new: bool) -> HttpResponse:
    if is_new:
        messages.success(request, gettext("已申报。处理完毕后以“自主申报 · 未经核实”公开，核验后更新标注。"))
    else:
        messages.info(request, gettext("内容相同的信息以前申报过，就是下面这一项；没有重复申报。"))
    return HttpResponseRedirect(f"/own/{declaration_id}/")


def _form_page(
    request: HttpRequest, item: Item, values: Mapping[str, str], handover: Handover, *, found: Sequence[Found] = (),
    error: XinyongError | None = None, is_checked: bool = False,
) -> HttpResponse:  # fmt: skip
    if isinstance(error, FactorNeeded):
        raise error
    whose = {item.roles.subject_name, item.roles.subject_code}
    row = RowForm(item, values, {}, english=is_english(), on=clock.today())
    by_field: dict[str, list[dict[str, str]]] = {}
    for one in found:
        by_field.setdefault(one.field, []).append(_told(one))
    lines = [(f"id_{one.field}" if one.field in row.fields else "", _told(one)["said"]) for one in found]
    if error is not None:
        lines.insert(0, ("", answer.word(error.zh, error.en)))
    for name, said in handover.errors.items() if handover.is_bound else ():
        lines += [(handover[name].id_for_label, str(each)) for each in said]
    context = {
        "item": item, "fields": [(row[name], by_field.get(name, ())) for name in row.fields if name not in whose],
        "handover": handover, "proofs": _proofs(handover), "lines": lines, "commitment": _commitment(),
        "is_fine": is_checked and not found, "is_bound": handover.is_bound or bool(error),
    }  # fmt: skip
    status = error.status if error else 400 if handover.is_bound else 200
    return page(request, "portal/own_form.html", context, status=status)


def _proofs(handover: Handover) -> list[forms.BoundField]:
    return [handover[f"proof_{place}"] for place in range(1, voluntary.MOST_PROOFS + 1)]


def _commitment() -> str:
    return answer.word(*voluntary.COMMITMENTS[voluntary.COMMITMENT])


def _told(one: Found) -> dict[str, Any]:
    return {"severity": one.severity, "said": answer.word(one.message, one.message_en), "suggestion": one.suggestion}
