"""The watched folders: how they stand, and what is to become of files in quarantine."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.intake import drop_desk
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.office import answer
from xinyong.security.access import Action, access

_PER_PAGE = 50
_PAGE = "/office/drops/"


class Release(forms.Form):
    """Under which item a file goes in."""

    item = forms.ChoiceField(
        label=gettext_lazy("报送事项"), error_messages={"required": gettext_lazy("请选择报送事项。")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = [(one.id, one.title_en if answer.is_english() else one.title_zh) for one in publish.reported()]
        self.fields["item"].choices = [("", gettext("请选择")), *options]  # type: ignore[attr-defined]


@access(Action.MANAGE_DROPS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All folders as of the last look; the files in quarantine with their reasons."""
    who = answer.actor(request)
    found = drop_desk.quarantined(seen_by=who, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1)
    context = {
        "overview": drop_desk.overview(now=clock.now(), seen_by=who),
        "files": found[:_PER_PAGE],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "is_english": answer.is_english(),
    }
    return answer.page(request, "office/drops.html", context)


@access(Action.MANAGE_DROPS)
@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, drop_id: int) -> HttpResponse:
    """Says under which item a file in quarantine goes in as it is, and has it handed in again."""
    who = answer.actor(request)
    one = drop_desk.find(drop_id, seen_by=who)
    form = Release(answer.sent(request), initial={"item": one.item_id})
    if request.method == "POST" and form.is_valid():
        try:
            drop_desk.release(drop_id, item_id=form.cleaned_data["item"], by=who)
        except Conflict as error:  # pressed twice, or another was quicker
            answer.warn(request, error)
        else:
            messages.success(request, gettext("已放行，一分钟内重新报送。"))
        return HttpResponseRedirect(_PAGE)
    return answer.form(
        request, form, title=gettext("放行：%(name)s") % {"name": one.file_name}, button=gettext("放行"), back=_PAGE,
        intro=gettext("文件照原样重新报送，不再核对控制文件；仍要通过读取和逐行校验。"),
    )  # fmt: skip


@access(Action.MANAGE_DROPS)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, drop_id: int) -> HttpResponse:
    """Asks once more, then has a file in quarantine removed."""
    who = answer.actor(request)
    one = drop_desk.find(drop_id, seen_by=who)
    if request.method == "POST":
        try:
            drop_desk.discard(drop_id, by=who)
        except Conflict as error:
            answer.warn(request, error)
        else:
            messages.success(request, gettext("将在一分钟内删除。"))
        return HttpResponseRedirect(_PAGE)
    return answer.form(
        request, forms.Form(), title=gettext("删除：%(name)s") % {"name": one.file_name}, button=gettext("删除文件"), back=_PAGE,
        is_adverse=True, intro=gettext("删除后无法恢复。文件没有入库；如仍需要，应由单位更正后重新传送。"),
    )  # fmt: skip
