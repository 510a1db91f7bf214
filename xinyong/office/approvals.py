"""Requests that need a second person: one's own, and those one may decide."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import codes, publish
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.office import answer, assessments, code_lists, drafts, words
from xinyong.security import approvals, audit
from xinyong.security.access import Action, Actor, access, may


@access(Action.USE_OFFICE)
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for this person's word, and what they asked for."""
    who, now = answer.actor(request), clock.now()
    waiting = approvals.waiting(seen_by=who, at=now) if may(who, Action.APPROVE) else []
    own = approvals.own(by=who, at=now)
    audit.enter(
        audit.Event.APPROVALS_VIEWED,
        by=who,
        object_kind="approval",
        object_ref="all",
        waiting=len(waiting),
        own=len(own),
    )
    context = {
        "waiting": [words.request(one) for one in waiting], "own": [words.request(one) for one in own],
        "may_decide": may(who, Action.APPROVE),
    }  # fmt: skip
    return answer.page(request, "office/approvals.html", context)


@access(Action.USE_OFFICE)
@require_GET
def one(request: HttpRequest, request_id: int) -> HttpResponse:
    """A request: what exactly is asked for, by whom, why, and what became of it."""
    who, now = answer.actor(request), clock.now()
    found = approvals.find(request_id, seen_by=who, at=now)
    audit.enter(audit.Event.APPROVALS_VIEWED, by=who, object_kind="approval", object_ref=str(request_id))
    context = {
        "asked": words.request(found),
        "may_decide": found.state == "open"
        and found.asked_by_id != who.account_id
        and may(who, Action.APPROVE)
        and approvals.DECIDES[approvals.Kind(found.kind)] is who.role,
        "next": _next(found) if found.asked_by_id == who.account_id and found.state == "approved" else None,
    }
    if found.kind == approvals.Kind.PUBLISH_CATALOGUE:
        context |= _of_a_list(found, who) if "list" in found.facts else _of_the_catalogue(found, who)
    if found.kind == approvals.Kind.ASSESS_IMPACT and may(who, Action.VIEW_DATA_DUTIES):
        context |= assessments.shown(int(str(found.facts["assessment"])), seen_by=who)
    return answer.page(request, "office/approval.html", context)


@access(Action.APPROVE)
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, request_id: int) -> HttpResponse:
    """The second person's word."""
    verdict = request.POST.get("verdict")
    if request.method == "POST" and verdict in {"agree", "refuse"}:
        reason = request.POST.get("reason", "").strip()[:400]
        if verdict == "refuse" and not reason:
            messages.warning(request, gettext("不同意须写明理由，申请人要据此修改。"))
            return HttpResponseRedirect(f"/office/approvals/{request_id}/")
        try:
            approvals.decide(
                request_id, agrees=verdict == "agree", reason=reason, by=answer.actor(request), at=clock.now()
            )
        except Conflict as error:
            answer.warn(request, error)
        else:
            messages.success(
                request, gettext("已同意。") if verdict == "agree" else gettext("已退回，理由将告知申请人。")
            )
    return HttpResponseRedirect(f"/office/approvals/{request_id}/")


def _of_the_catalogue(found: approvals.Request, who: Actor) -> dict[str, Any]:
    """The version asked about beside the one in force, and what it would do; ``is_other``: its text is another by now."""
    item_id, version = str(found.facts["item"]), answer.number(str(found.facts["version"])) or 0
    try:
        reviewed = drafts.review_of(item_id, version, seen_by=who)
    except publish.UnknownItem:
        return {"is_gone": True}
    return {"review": reviewed, "is_other": reviewed.view.digest != found.facts.get("text")}


def _of_a_list(found: approvals.Request, who: Actor) -> dict[str, Any]:
    """The edition of a code list asked about beside the one before, and what it would do."""
    try:
        seen = code_lists.reviewed(str(found.facts["list"]), str(found.facts["effective_from"]), seen_by=who)
    except codes.UnknownEdition:
        return {"is_gone": True}
    return seen | {"is_other": seen["edition"].digest != found.facts.get("text")}


def _next(found: approvals.Request) -> tuple[str, str]:
    """Where the asker goes on once somebody has agreed."""
    places = {
        approvals.Kind.PUBLISH_CATALOGUE: f"/office/code-lists/{found.facts['list']}/{found.facts['effective_from']}/"
        if "list" in found.facts
        else f"/office/catalogue/{found.facts.get('item')}/{found.facts.get('version')}/",
        approvals.Kind.EXPORT_SHARED: "/office/exports/",
        approvals.Kind.SPECIAL_QUERY: "/office/special/",
        approvals.Kind.GRANT_ADMINISTRATOR: f"/office/people/{found.facts.get('account')}/give",
        approvals.Kind.ASSESS_IMPACT: f"/office/assessments/{found.facts.get('assessment')}/",
    }
    return places[approvals.Kind(found.kind)], gettext("去办理")
