"""A draft edited by forms, for people who do not write YAML. A form makes the file's data, the file's own door takes it: the
YAML stays the source of truth, the checks are the same, and every change can be taken back.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import yaml
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from xinyong.catalogue import body, load, publish
from xinyong.catalogue.problems import CatalogueError, Problem
from xinyong.catalogue.schema import Item
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.office import answer, drafts
from xinyong.office.catalogue_form import FieldForm, HeadForm, Part, RuleForm
from xinyong.security.access import Action, access

Data = dict[str, Any]
_KEY = {"fields": "code", "rules": "id"}


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest, item_id: str) -> HttpResponse:
    """Drafts the next version of an item as it is in force, to be edited; an unfinished draft is gone on with."""
    views = publish.versions(item_id)
    drafted = [one for one in views if one.status == "draft"]
    if drafted or request.method != "POST":
        return HttpResponseRedirect(
            _place(item_id, drafted[-1].version) if drafted else f"/office/catalogue/{item_id}/"
        )
    ruling, first = publish.current(item_id), (clock.today().replace(day=1) + timedelta(days=32)).replace(day=1)
    latest = max(one.effective_from for one in views)
    made = replace(ruling, version=views[-1].version + 1, effective_from=max(first, latest + timedelta(1)))
    publish.draft(made, by=answer.actor(request))
    messages.success(request, gettext("已按现行版本起草，可以修改了。"))
    return HttpResponseRedirect(_place(item_id, made.version))


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def head(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """The draft: its head as a form, its fields and rules in a list, what it changes in words. Moves and removals too."""
    item, digest = _draft(item_id, version)
    data = body.to_data(item)
    if request.method == "POST" and "act" in request.POST:
        return _acted(request, item, digest)
    form = HeadForm(
        answer.sent(request), item=item, english=answer.is_english(), initial=HeadForm.start(data) | {"seen": digest}
    )
    left: list[Problem] = []
    if form.is_valid():
        left = _kept(request, form, form.changed(data), within="", digest=digest)
        if not left and not form.errors:
            messages.success(request, gettext("已保存。"))
            return HttpResponseRedirect(_place(item_id, version))
    context = {
        "form": form,
        "problems": left,
        "review": drafts.review_of(item_id, version, seen_by=answer.actor(request)),
        "digest": digest,
    }
    return answer.page(request, "office/catalogue_edit.html", context, status=400 if left or form.errors else 200)


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def part(request: HttpRequest, item_id: str, version: int, kind: str, which: str) -> HttpResponse:
    """One field or rule of a draft as a form; ``new`` adds one at the end."""
    if kind not in _KEY:
        raise Http404
    item, digest = _draft(item_id, version)
    data = body.to_data(item)
    members: list[Data] = data[kind]
    place = next((n for n, one in enumerate(members) if one[_KEY[kind]] == which), None)
    if place is None and which != "new":
        raise Http404
    made: type[FieldForm | RuleForm] = FieldForm if kind == "fields" else RuleForm
    before = {} if place is None else members[place]
    form = made(
        answer.sent(request), item=item, english=answer.is_english(), is_new=place is None,
        initial=made.start(before) | {"seen": digest},
    )  # fmt: skip
    left: list[Problem] = []
    if form.is_valid():
        at = len(members) if place is None else place
        data[kind] = [*members[:at], form.said(), *members[at + 1 :]]
        left = _kept(request, form, data, within=f"{kind}[{at}]", digest=digest)
        if not left and not form.errors:
            messages.success(request, gettext("已保存。"))
            return HttpResponseRedirect(f"{_place(item_id, version)}#{kind}")
    context = {"form": form, "problems": left, "item": item, "kind": kind, "name": which}
    return answer.page(request, "office/catalogue_edit_part.html", context, status=400 if left or form.errors else 200)


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """Takes the last change of a draft back."""
    if request.method == "POST":
        try:
            publish.undo(item_id, version, by=answer.actor(request))
        except (Conflict, NotFound) as error:
            answer.warn(request, error)
        else:
            messages.success(request, gettext("已恢复到上一次修改之前。"))
    return HttpResponseRedirect(_place(item_id, version))


def _acted(request: HttpRequest, item: Item, digest: str) -> HttpResponse:
    """Moves a field up or down, or removes a field or a rule."""
    data, back = body.to_data(item), _place(item.id, item.version)
    kind, _, name = request.POST.get("which", "").partition(":")
    members: list[Data] = data.get(kind, []) if kind in _KEY else []
    place = next((n for n, one in enumerate(members) if one[_KEY[kind]] == name), None)
    moves: dict[str, Callable[[int], int]] = {"up": lambda n: n - 1, "down": lambda n: n + 1}
    act = request.POST["act"]
    if place is None or act not in {*moves, "remove"}:
        return HttpResponseRedirect(back)
    one = members.pop(place)
    if act in moves:
        members.insert(max(0, moves[act](place)), one)
    try:
        _put(request, data, seen=request.POST.get("seen", ""), digest=digest)
    except CatalogueError as error:
        said = "；".join(problem.en if answer.is_english() else problem.zh for problem in error.problems[:5])
        messages.warning(request, gettext("没有改动：%(said)s") % {"said": said})
    except Conflict as error:
        answer.warn(request, error)
    return HttpResponseRedirect(f"{back}#{kind}")


def _kept(request: HttpRequest, form: Part, data: Data, *, within: str, digest: str) -> list[Problem]:
    """Keeps the data as the draft's text; what is wrong stands at the form's inputs, the rest is returned."""
    try:
        _put(request, data, seen=form.cleaned_data["seen"], digest=digest)
    except CatalogueError as error:
        return form.take(error.problems, within=within, english=answer.is_english())
    except Conflict as error:
        answer.say(form, error)
    return []


def _put(request: HttpRequest, data: Data, *, seen: str, digest: str) -> None:
    """The file's own door: data to YAML, read and checked like an upload."""
    if seen != digest:
        raise publish.OutOfOrder(
            "这份草稿刚被别人改过。请重新打开，看过之后再改。",
            "Somebody changed this draft meanwhile. Open it again and look.",
        )
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=118)
    publish.draft(load.item_from_text(text, file=f"{data['id']}.yaml"), by=answer.actor(request))


def _draft(item_id: str, version: int) -> tuple[Item, str]:
    item = publish.version(item_id, version)
    view = next(one for one in publish.versions(item_id) if one.version == version)
    if view.status != "draft":
        raise Http404
    return item, view.digest


def _place(item_id: str, version: int) -> str:
    return f"/office/catalogue/{item_id}/{version}/edit"
