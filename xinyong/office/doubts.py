"""The desk of doubtful data: what waits, filtered; suggestions accepted one by one or together, after a look at what that does."""

from collections import Counter
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import publish
from xinyong.intake import doubts, settle
from xinyong.intake.doubts import Asked
from xinyong.office import answer, words
from xinyong.security import identity
from xinyong.security.access import Action, access

_PER_PAGE = 30
_AGES = (0, 3, 7, 30)
_SHOWN = 5


@access(Action.SETTLE_DOUBTS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Rows that wait; a source unit's are its own."""
    who, asked = answer.actor(request), _asked(request)
    found = doubts.rows(
        seen_by=who, asked=asked, after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1
    )  # fmt: skip
    context = {
        "rows": [(one, words.ACTS[one.standing.kind] if one.standing else "") for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "asked": asked,
        "is_filtered": asked != Asked(),
        "items": publish.items(),
        "sources": [] if who.department else identity.source_units(),
        "rules": doubts.rules(seen_by=who),
        "ages": _AGES[1:],
        "states": [(one, words.ROW_STATES[one]) for one in doubts.STATES],
        "waivers": doubts.waivers(seen_by=who),
        "can_accept": any(one.can_accept for one in found[:_PER_PAGE]),
        "back": _query(asked, request.GET.get("after")),
    }
    return answer.page(request, "office/doubts.html", context)


@access(Action.SETTLE_DOUBTS)
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Accepts what is suggested for one row; for several it first shows what that does."""
    back = HttpResponseRedirect("/office/doubts/" + _safe(request.POST.get("back", "")))
    if request.method == "GET":
        return back
    one = answer.number(request.POST.get("one"))
    ids = [one] if one is not None else [n for text in request.POST.getlist("row") if (n := answer.number(text))]
    if not ids:
        messages.warning(request, gettext("请先勾选要采纳建议的行。"))
        return back
    if len(ids) > 1 and request.POST.get("sure") != "1":
        return _preview(request, ids[: settle.MOST])
    done = settle.accept(ids, by=answer.actor(request))
    if done.went_in:
        messages.success(request, gettext("已采纳建议并入库 %(n)s 行。可以在各行的页面上撤销。") % {"n": done.went_in})
    reasons = Counter((en if answer.is_english() else zh) for _, zh, en in done.left)
    for reason, count in reasons.most_common(_SHOWN):
        messages.warning(request, gettext("%(n)s 行没有入库：%(why)s") % {"n": count, "why": reason})
    return back


def _preview(request: HttpRequest, ids: list[int]) -> HttpResponse:
    chosen = doubts.rows(seen_by=answer.actor(request), ids=ids, limit=len(ids))
    context = {
        "rows": [one for one in chosen if one.can_accept],
        "without": len(ids) - sum(one.can_accept for one in chosen),
        "back": _safe(request.POST.get("back", "")),
    }
    return answer.page(request, "office/doubts_accept.html", context)


def _asked(request: HttpRequest) -> Asked:
    days, state = answer.number(request.GET.get("days")) or 0, request.GET.get("state", "")
    return Asked(
        request.GET.get("item", "")[:40], request.GET.get("source", "")[:18], request.GET.get("rule", "")[:60],
        days if days in _AGES else 0,
        state if state in doubts.STATES else "",
    )  # fmt: skip


def _query(asked: Asked, after: str | None) -> str:
    said = {
        "item": asked.item_id, "source": asked.source_code, "rule": asked.rule, "days": str(asked.days or ""),
        "state": asked.state,
        "after": after or "",
    }  # fmt: skip
    kept = {name: text for name, text in said.items() if text}
    return "?" + urlencode(kept) if kept else ""


def _safe(query: str) -> str:
    """Where on the desk to return to: a query of this desk's, nothing else."""
    return query if query.startswith("?") and len(query) < 400 and "\n" not in query and "\r" not in query else ""
