"""The desk of rows that no code links: candidates by name with their reasons, a judgement with one press, an undo."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from xinyong.intake import desk
from xinyong.office import answer
from xinyong.security.access import Action, access

_PER_PAGE = 20


@access(Action.REVIEW_LINKS)
@require_GET
def links(request: HttpRequest) -> HttpResponse:
    """Rows that wait for a word on whose they are, and the latest judgements."""
    after = request.GET.get("after", "")
    found = desk.rows(
        seen_by=answer.actor(request), after=int(after) if after.isdecimal() else None, limit=_PER_PAGE + 1
    )
    context = {
        "rows": found[:_PER_PAGE],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": not after,
        "judged": desk.judged(seen_by=answer.actor(request)),
    }
    return answer.page(request, "office/links.html", context)


@access(Action.REVIEW_LINKS)
@require_POST
def judge(request: HttpRequest) -> HttpResponse:
    """Takes a judgement (same, different) or takes one back."""
    who = answer.actor(request)
    if request.POST.get("undo", "").isdecimal():
        desk.undo(int(request.POST["undo"]), by=who)
        messages.info(request, gettext("已撤销判断，这一行回到待关联。"))
    else:
        desk.judge(
            int(request.POST["row"]),
            subject_code=request.POST["code"],
            is_same=request.POST.get("verdict") == "same",
            by=who,
        )
        messages.info(request, gettext("已记录判断。可以随时撤销。"))
    return HttpResponseRedirect("/office/links/")
