"""手工录入 Rows entered by hand: the form, what the rules say of it while it is typed, the draft, handing in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake import correcting, duties, entry, jobs, supply
from xinyong.intake.entry_form import RowForm, typed
from xinyong.intake.outcome import Found
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound, XinyongError
from xinyong.kernel.periods import month_of
from xinyong.office import answer
from xinyong.security import identity
from xinyong.security.access import Action, Actor, access
from xinyong.security.quotas import QuotaSpent
from xinyong.subjects import registry
from xinyong.web import problems

_SEVERITIES = ("error", "doubtful", "warning")
_HELD_UP = {"error", "doubtful"}


@access(Action.SUBMIT)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What can be entered, what the unit owes this month first, and drafts that wait."""
    who = answer.actor(request)
    entry.own_unit(who)
    month = month_of(clock.today())
    owed = {one.item_id for one in duties.owed(month, as_of=clock.now(), seen_by=who)}
    begun = {one.item_id: one for one in entry.drafts(by=who)}
    items = [one for one in publish.reported() if who.items is None or one.id in who.items]
    closed = supply.closed_to(who, on=clock.today())
    items = [one for one in items if one.id not in closed or one.id in begun]
    lines = [(one, one.id in owed, begun.get(one.id)) for one in items]
    lines.sort(key=lambda line: (line[2] is None, not line[1]))
    return answer.page(request, "office/entry_index.html", {"lines": lines})


@access(Action.SUBMIT)
@require_GET
def item(request: HttpRequest, item_id: str) -> HttpResponse:
    """The form and the draft. ``row``: a row of the draft to go on with; ``copy``: one to begin a new row from."""
    who, one = answer.actor(request), entry.item_of(item_id, by=answer.actor(request))
    row_id, copied = answer.number(request.GET.get("row")), answer.number(request.GET.get("copy"))
    if row_id is not None:
        seen = entry.row(one.id, row_id, by=who)
        return _page(request, one, seen.values, seen=seen, found=_looked(one, [seen.values], who).get(1, []))
    if copied is not None:
        return _page(request, one, _copied(one, entry.row(one.id, copied, by=who).values))
    entry.must_be_open(one, by=who, on=clock.today())
    return _page(request, one, _own(one, who))


@access(Action.SUBMIT)
@sensitive_post_parameters()
@require_POST
def row(request: HttpRequest, item_id: str) -> HttpResponse:
    """A row was typed: checked only, kept in the draft, or kept and handed in with all of it."""
    who, one, now = answer.actor(request), entry.item_of(item_id, by=answer.actor(request)), clock.now()
    row_id, what = answer.number(request.POST.get("row")), request.POST.get("what", "")
    seen = entry.row(one.id, row_id, by=who) if row_id is not None else None
    values = typed(one, request.POST, seen.values if seen else {}, now.date())
    try:
        if what == "check":
            found = entry.by_row(entry.look(one.id, [values], by=who, at=now)).get(1, [])
            return _page(request, one, values | _looked_up(one, values, who), seen=seen, found=found, is_checked=True)
        entry.keep(one.id, values, row_id=row_id, by=who, at=now)
    except (Conflict, Invalid) as error:
        return _page(request, one, values, seen=seen, error=error)
    if what == "hand-in":
        return _hand_in(request, one, who)
    messages.success(request, gettext("已加入草稿，还没有报送。"))
    return HttpResponseRedirect(f"/office/entry/{one.id}/")


@access(Action.SUBMIT)
@sensitive_post_parameters()
@require_POST
def look(request: HttpRequest, item_id: str) -> HttpResponse:
    """What the rules say of the row as it stands, for the page's script; nothing is kept."""
    who, now = answer.actor(request), clock.now()
    try:
        one = entry.item_of(item_id, by=answer.actor(request))
        row_id = answer.number(request.POST.get("row"))
        before = entry.row(one.id, row_id, by=who).values if row_id is not None else {}
        values = typed(one, request.POST, before, now.date())
        found = entry.by_row(entry.look(one.id, [values], by=who, at=now)).get(1, []) if values else []
    except Forbidden:  # the gate's to answer, and to note
        raise
    except XinyongError as error:
        return problems.problem(error)
    said: dict[str, list[dict[str, str]]] = {}
    for finding in found:
        said.setdefault(finding.field, []).append(_told(finding))
    return answer.kept_by_nobody(JsonResponse({"fields": said, "fill": _looked_up(one, values, who)}))


@access(Action.SUBMIT)
@require_POST
def act(request: HttpRequest, item_id: str) -> HttpResponse:
    """Takes a row out of the draft, throws the draft away, tries it against the archive, or hands it in."""
    who, one = answer.actor(request), entry.item_of(item_id, by=answer.actor(request))
    what, its_page = request.POST.get("what", ""), HttpResponseRedirect(f"/office/entry/{item_id}/")
    if what == "hand-in":
        return _hand_in(request, one, who)
    try:
        if what.startswith("remove-") and (row_id := answer.number(what.removeprefix("remove-"))) is not None:
            entry.remove(one.id, row_id, by=who)
            messages.success(request, gettext("已从草稿移除这一行。"))
        elif what == "discard":
            entry.discard(one.id, by=who)
            messages.success(request, gettext("草稿已清空。"))
        elif what == "check":
            counts = entry.check(one.id, by=who, at=clock.now()).counts
            messages.info(
                request,
                gettext(
                    "试报结果：入库 %(a)s 行，与已有数据相同 %(u)s 行，草稿内重复 %(r)s 行，疑问 %(d)s 行，退回 %(w)s 行。没有报送。"
                )
                % {
                    "a": counts.accepted,
                    "u": counts.unchanged,
                    "r": counts.duplicate,
                    "d": counts.doubtful,
                    "w": counts.rejected,
                },
            )
    except (Conflict, NotFound, Invalid) as error:
        messages.warning(request, _said(error))
    return its_page


@access(Action.SUBMIT)
@require_POST
def correct(request: HttpRequest, submission_id: int, row_no: int) -> HttpResponse:
    """Opens a row that waits in the form."""
    item_id, row_id = correcting.begin(submission_id, row_no, by=answer.actor(request), at=clock.now())
    return HttpResponseRedirect(f"/office/entry/{item_id}/?row={row_id}")


def _hand_in(request: HttpRequest, one: Item, who: Actor) -> HttpResponse:
    """Rows that would be held up are handed in only when that is what is wanted."""
    rows = entry.draft(one.id, by=who)
    try:
        found = _looked(one, [row.values for row in rows], who)
        bad = sum(any(each.severity in _HELD_UP for each in ones) for ones in found.values())
        if bad and request.POST.get("anyway") != "1":
            messages.warning(
                request, gettext("还有 %(n)s 行有问题，没有报送。请改正，或在下面选“仍然报送”。") % {"n": bad}
            )
            return HttpResponseRedirect(f"/office/entry/{one.id}/?anyway=1#draft")
        entered, is_new = jobs.hand_in_rows(one.id, by=who, at=clock.now())
    except (Conflict, Invalid) as error:
        messages.warning(request, _said(error))
        return HttpResponseRedirect(f"/office/entry/{one.id}/")
    if not is_new:
        messages.info(request, gettext("内容相同的数据以前报送过，就是下面这一次；没有重复入库。"))
    return HttpResponseRedirect(f"/office/submissions/{entered.id}/")


def _page(
    request: HttpRequest, one: Item, values: Mapping[str, str], *, seen: entry.Entry | None = None,
    found: Sequence[Found] = (), error: XinyongError | None = None, is_checked: bool = False,
) -> HttpResponse:  # fmt: skip
    who = answer.actor(request)
    rows = entry.draft(one.id, by=who)
    form = RowForm(one, values, seen.shown if seen else {}, english=answer.is_english(), on=clock.today())
    by_field: dict[str, list[dict[str, str]]] = {}
    for finding in found:
        by_field.setdefault(finding.field, []).append(_told(finding))
    lines = [_pointed(form, finding) for finding in found]
    held_up = _looked(one, [row.values for row in rows], who) if rows else {}
    context: dict[str, Any] = {
        "item": one, "seen": seen, "is_checked": is_checked, "is_fine": is_checked and not found,
        "fields": [(form[name], by_field.get(name, ()), form.lists.get(name, ())) for name in form.fields],
        "lines": [("", _said(error))] if error else lines,
        "rows": [_line(one, row, held_up.get(number, [])) for number, row in enumerate(rows, 1)],
        "bad": sum(any(f.severity in _HELD_UP for f in ones) for ones in held_up.values()),
        "unit": identity.source_unit(str(who.department)), "may_anyway": request.GET.get("anyway") == "1",
        "ends_at": max(row.changed_at for row in rows) + entry.KEPT if rows else None,
        "most": entry.MOST_ROWS, "kept_days": entry.KEPT // timedelta(days=1),
    }  # fmt: skip
    return answer.page(request, "office/entry.html", context, status=error.status if error else 200)


def _pointed(form: RowForm, found: Found) -> tuple[str, str]:
    """Where a finding leads and what it says, with the field's name where the sentence has none."""
    said = _told(found)["said"]
    if found.field not in form.fields:
        return "", said
    bound = form[found.field]
    label = str(bound.label)
    return bound.id_for_label or f"{bound.auto_id}_0", said if label in said else f"{label}：{said}"


def _line(one: Item, row: entry.Entry, found: Sequence[Found]) -> dict[str, Any]:
    """A row of the draft: who and what, masked; how many findings of what weight."""
    roles = one.roles
    return {
        "row": row, "name": row.shown.get(roles.subject_name, ""),
        "code": row.shown.get(roles.subject_code or roles.person_certificate or "", ""),
        "document": row.shown.get(roles.document_no or "", ""), "day": row.shown.get(roles.decided_on, ""),
        "counts": {one: sum(f.severity == one for f in found) for one in _SEVERITIES},
    }  # fmt: skip


def _looked(one: Item, rows: Sequence[Mapping[str, str]], who: Actor) -> dict[int, list[Found]]:
    try:
        return entry.by_row(entry.look(one.id, rows, by=who, at=clock.now())) if rows else {}
    except QuotaSpent:
        return {}


def _looked_up(one: Item, values: Mapping[str, str], who: Actor) -> dict[str, str]:
    """The registered name behind a code, where the name is still empty. Persons are never looked up."""
    roles = one.roles
    code = values.get(roles.subject_code or "", "")
    if not code or values.get(roles.subject_name) or one.is_about_persons:
        return {}
    try:
        return {roles.subject_name: registry.subject(code, seen_by=who).name}
    except NotFound:
        return {}


def _own(one: Item, who: Actor) -> dict[str, str]:
    """What is the same in every row of the unit's own."""
    unit, roles = identity.source_unit(str(who.department)), one.roles
    pairs = {
        roles.source_name: unit.name,
        roles.source_code: unit.code,
        roles.authority_name: unit.name,
        roles.authority_code: unit.code,
    }
    return {code: text for code, text in pairs.items() if code}


def _copied(one: Item, values: Mapping[str, str]) -> dict[str, str]:
    """A row to begin from: without the document's number, which is another's, and without persons' numbers."""
    apart = {one.roles.document_no} | {each.code for each in entry.fields(one) if entry.is_hidden(each)}
    return {code: text for code, text in values.items() if code not in apart}


def _told(one: Found) -> dict[str, str]:
    text = one.message_en if answer.is_english() else one.message
    return {"severity": one.severity, "said": text, "suggestion": one.suggestion}


def _said(error: XinyongError) -> str:
    return error.en if answer.is_english() else error.zh
