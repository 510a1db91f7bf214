"""The desk of rows that no code links: candidates by name with their reasons, a judgement with one press, an undo."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.intake import desk
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.office import answer
from xinyong.security.access import Action, access

_PER_PAGE = 20


@access(Action.REVIEW_LINKS)
@require_GET
def links(request: HttpRequest) -> HttpResponse:
    """Rows that wait for a word on whose they are, and the latest judgements."""
    who = answer.actor(request)
    found = desk.rows(seen_by=who, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1)
    context = {
        "rows": [(row, [(one, row.denied.get(one.subject_id)) for one in row.candidates]) for row in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "judged": desk.judged(seen_by=who),
    }
    return answer.page(request, "office/links.html", context)


@access(Action.REVIEW_LINKS)
@require_http_methods(["GET", "POST"])
def judge(request: HttpRequest) -> HttpResponse:
    """Takes a judgement (same, different) or takes one back, and returns to the desk where it was."""
    if request.method == "POST":
        try:
            _take(request)
        except (Conflict, NotFound) as error:
            # Mostly another pair of eyes was quicker; the desk as it is now says the rest.
            answer.warn(request, error)
    after = answer.number(request.POST.get("after"))
    return HttpResponseRedirect(f"/office/links/?after={after}" if after else "/office/links/")


def _take(request: HttpRequest) -> None:
    who = answer.actor(request)
    undo, row, code = (request.POST.get(name, "") for name in ("undo", "row", "code"))
    verdict = request.POST.get("verdict")
    if (judgement := answer.number(undo)) is not None:
        desk.undo(judgement, by=who)
        messages.success(request, gettext("已撤销判断，这一行重新等待关联。"))
    elif (row_id := answer.number(row)) is not None and code and verdict in {"same", "different"}:
        desk.judge(row_id, subject_code=code, is_same=verdict == "same", by=who)
        said = gettext("已关联并入库。") if verdict == "same" else gettext("已记下：不是这个主体。")
        messages.success(request, said + gettext("可以在下方“最近的判断”中撤销。"))
    else:
        messages.warning(request, gettext("没有看懂这次判断，请重新选择。"))
