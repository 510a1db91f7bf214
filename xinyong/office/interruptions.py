"""处理中断 What the worker had to interrupt: which submission, why, what happens next, what to do; how much room is left."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from xinyong.catalogue import publish
from xinyong.intake import interruptions, jobs, space
from xinyong.kernel.errors import NotFound
from xinyong.office import answer
from xinyong.security.access import Action, access

_PER_PAGE = 30
_PAGE = "/office/interruptions/"
_DISKS = {
    "data": gettext_lazy("数据目录"), "staging": gettext_lazy("暂存目录"), "temporary": gettext_lazy("临时目录"),
}  # fmt: skip


@access(Action.MANAGE_WORK)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What is interrupted, the disks, what went on by itself lately."""
    who, place = answer.actor(request), 1 if answer.is_english() else 0
    found = interruptions.unfinished(
        seen_by=who, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1
    )  # fmt: skip
    disks = [(_DISKS[one.name], one) for one in space.disks()]
    context: dict[str, Any] = {
        "rows": [_said(one, place) for one in found[:_PER_PAGE]],
        "over": [_said(one, place) for one in interruptions.over(seen_by=who)],
        "disks": disks,
        "is_full": any(one.state is space.State.BAD for _, one in disks),
        "is_short": any(one.state is space.State.CARE for _, one in disks),
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
    }
    return answer.page(request, "office/interruptions.html", context)


@access(Action.MANAGE_WORK)
@require_POST
def again(request: HttpRequest, submission_id: int) -> HttpResponse:
    """Lets the worker try it now."""
    try:
        jobs.try_again(submission_id, by=answer.actor(request))
    except NotFound as error:  # it went on by itself meanwhile, or was pressed twice
        messages.info(request, error.en if answer.is_english() else error.zh)
    else:
        messages.success(request, gettext("已交后台重试，几秒后刷新查看。"))
    return HttpResponseRedirect(_PAGE)


def _said(one: interruptions.InterruptionView, place: int) -> dict[str, Any]:
    item = publish.version(one.item_id, one.item_version)  # it may be retired by now
    return {
        "one": one, "happened": one.happened[place], "advice": one.advice[place], "stage": one.stage_said[place],
        "item": item.title_en if place else item.title_zh,
    }  # fmt: skip
