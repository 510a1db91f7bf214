"""Code lists (代码表): every list with its dated editions, what is in them, who uses them; a new edition on its way to its day."""

import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import body, codes
from xinyong.catalogue.codes import CodeChange, EditionView
from xinyong.catalogue.problems import CatalogueError, Problem
from xinyong.catalogue.schema import Code, CodeList, Item
from xinyong.intake import code_table, jobs
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.office import answer, two_hands, words
from xinyong.security import approvals
from xinyong.security.access import Action, Actor, access, may

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HOME = "/office/code-lists/"


class Propose(forms.Form):
    """An edited table, the day it begins, where it comes from."""

    file = forms.FileField(
        label=gettext_lazy("代码表文件"),
        help_text=gettext_lazy("CSV 或 XLSX。先下载现行代码表，在其上增删修改后上传；表头不要改动。"),
        error_messages={"required": gettext_lazy("请选择文件。"), "empty": gettext_lazy("这个文件是空的。请检查后重新选择。")},
    )  # fmt: skip
    valid_from = forms.DateField(
        label=gettext_lazy("生效日期"), help_text=gettext_lazy("从这一天起按新代码表核对；此前入库的数据不变。"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("请填写生效日期。"), "invalid": gettext_lazy("请填写日期，如 2026-12-31。")},
    )  # fmt: skip
    source = forms.CharField(
        label=gettext_lazy("来源"), min_length=4, max_length=300,
        help_text=gettext_lazy("依据的标准、文件及文号。"),
        error_messages={"required": gettext_lazy("请写明来源。"), "min_length": gettext_lazy("请把来源写清楚，至少 4 个字。")},
    )  # fmt: skip
    is_verified = forms.BooleanField(label=gettext_lazy("已逐条核对来源原文"), required=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list in the overview: the edition of today, how many there are, who uses it, what is on its way."""

    edition: CodeList
    editions: int
    users: list[Item]
    drafts: list[EditionView]
    coming: list[EditionView]
    hits: list[Code]


@access(Action.VIEW_CATALOGUE)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every list; ``?q=`` finds entries in all of them."""
    who, today = answer.actor(request), clock.today()
    wanted = " ".join(request.GET.get("q", "").split())[:60]
    lines = []
    for id, one in codes.newest(on=today).items():
        views = codes.history(id, seen_by=who)
        hits = _hits(one, wanted) if wanted else []
        if wanted and not hits:
            continue
        drafts = [view for view in views if view.status == "draft"]
        coming = [view for view in views if view.status != "draft" and view.list.valid_from > today]
        lines.append(Listed(one, len(views) - len(drafts), codes.users(id), drafts, coming, hits))
    context = {"lines": lines, "q": wanted, "hits": sum(len(one.hits) for one in lines)}
    return answer.page(request, "office/code_lists.html", context)


@access(Action.VIEW_CATALOGUE)
@require_GET
def one(request: HttpRequest, list_id: str) -> HttpResponse:
    """A list: the edition of today, or of ``?from=``; its entries, its history in words, the items that use it."""
    who = answer.actor(request)
    views = codes.history(list_id, seen_by=who)
    standing = [view for view in views if view.status != "draft"]
    chosen = _chosen(standing, request.GET.get("from", ""), list_id)
    wanted = " ".join(request.GET.get("q", "").split())[:60]
    entries = _hits(chosen.list, wanted) if wanted else list(chosen.list.codes)
    context = {
        "list": chosen.list, "view": chosen, "views": views, "entries": entries, "q": wanted,
        "today": codes.of(list_id, clock.today()), "users": codes.users(list_id),
        "history": [(view, before, codes.changes(before.list, view.list)) for view, before in _pairs(standing)],
        "may_manage": may(who, Action.MANAGE_CATALOGUE),
    }  # fmt: skip
    return answer.page(request, "office/code_list.html", context)


@access(Action.VIEW_CATALOGUE)
@require_GET
def taken(request: HttpRequest, list_id: str, day: str, form: str) -> HttpResponse:
    """An edition as a file: csv, xlsx to edit, yaml for the catalogue's own library."""
    found = _edition(list_id, day, answer.actor(request)).list
    writers: dict[str, tuple[Callable[[CodeList], bytes], str]] = {
        "csv": (code_table.csv, "text/csv; charset=utf-8"), "xlsx": (code_table.workbook, XLSX),
        "yaml": (_yaml, "application/yaml; charset=utf-8"),
    }  # fmt: skip
    if form not in writers:
        raise Http404
    write, kind = writers[form]
    response = HttpResponse(write(found), content_type=kind)
    title = found.title_en if answer.is_english() else found.title_zh
    name = gettext("代码表-%(title)s-%(day)s") % {"title": title, "day": day}
    response["Content-Disposition"] = str(content_disposition_header(True, f"{name}.{form}"))
    return answer.kept_by_nobody(response)


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, list_id: str) -> HttpResponse:
    """Drafts an edition from an edited table; what is wrong with it is listed, all of it."""
    who, today = answer.actor(request), clock.today()
    ruling = codes.of(list_id, today)
    start = {"valid_from": (today.replace(day=1) + timedelta(days=32)).replace(day=1), "source": ruling.source}
    form = Propose(answer.sent(request), request.FILES if request.method == "POST" else None, initial=start)
    problems: tuple[Problem, ...] = ()
    if form.is_valid():
        try:
            kept = jobs.draft_codes(_read(form.cleaned_data, ruling), by=who)
        except CatalogueError as error:
            problems = error.problems
        except (Conflict, Invalid) as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已存为草稿，正在核对存量数据。"))
            return HttpResponseRedirect(f"{_HOME}{list_id}/{kept.list.valid_from}/")
    context = {"form": form, "problems": problems, "list": ruling}
    return answer.page(
        request, "office/code_list_propose.html", context, status=400 if problems or form.errors else 200
    )


@access(Action.VIEW_CATALOGUE)
@require_GET
def review(request: HttpRequest, list_id: str, day: str) -> HttpResponse:
    """An edition on its way: what it changes, what it would do to the records on file, what its publication waits for."""
    who = answer.actor(request)
    context = reviewed(list_id, day, seen_by=who)
    view: EditionView = context["edition"]
    own = approvals.own(by=who, at=clock.now(), kind=approvals.Kind.PUBLISH_CATALOGUE)
    fitting = [one for one in own if one.facts.get("list") == list_id and one.facts.get("text") == view.digest]
    context |= {
        "asked": words.request(fitting[0]) if fitting else None, "may_manage": may(who, Action.MANAGE_CATALOGUE),
    }  # fmt: skip
    return answer.page(request, "office/code_list_review.html", context)


def reviewed(list_id: str, day: str, *, seen_by: Actor) -> dict[str, Any]:
    """An edition beside the one before it, for its page and for the second person. Raises Http404, UnknownCodeList."""
    view = _edition(list_id, day, seen_by)
    earlier = [
        one
        for one in codes.history(list_id, seen_by=seen_by)
        if one.status != "draft" and one.list.valid_from < view.list.valid_from
    ]
    before = earlier[0] if earlier else None
    changes: list[CodeChange] = codes.changes(before.list, view.list) if before else []
    return {"edition": view, "before": before, "edition_changes": changes, "effects": view.effects or {}}


@access(Action.PUBLISH_CATALOGUE)
@require_http_methods(["GET", "POST"])
def publishing(request: HttpRequest, list_id: str, day: str) -> HttpResponse:
    """Asks for consent to publishing a drafted edition, or publishes it once somebody has agreed."""
    who, on = answer.actor(request), _day(day)
    return two_hands.publishing(
        request, publish=lambda: codes.publish_edition(list_id, on, by=who),
        ask=lambda reason: codes.ask_to_publish(list_id, on, reason=reason, by=who), back=f"{_HOME}{list_id}/{on}/",
    )  # fmt: skip


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, list_id: str, day: str) -> HttpResponse:
    """Throws a drafted edition away."""
    if request.method == "POST":
        try:
            codes.discard(list_id, _day(day), by=answer.actor(request))
        except (Conflict, NotFound) as error:
            answer.warn(request, error)
        else:
            messages.success(request, gettext("草稿已放弃。"))
    return HttpResponseRedirect(f"{_HOME}{list_id}/")


def _read(said: dict[str, Any], ruling: CodeList) -> CodeList:
    like = replace(
        ruling, valid_from=said["valid_from"], valid_to=None, source=said["source"], is_verified=said["is_verified"]
    )
    file = said["file"]
    with tempfile.TemporaryDirectory(prefix="xinyong-codes-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as to:
            for piece in file.chunks():
                to.write(piece)
        return code_table.of_file(path, file_name=str(file.name), like=like)


def _hits(one: CodeList, wanted: str) -> list[Code]:
    text = wanted.casefold()
    return [
        code for code in one.codes
        if any(text in each.casefold() for each in (code.value, code.name_zh, code.name_en, *code.aliases))
    ]  # fmt: skip


def _pairs(standing: list[EditionView]) -> list[tuple[EditionView, EditionView]]:
    """Each edition with the one before it, the newest first."""
    return list(itertools.pairwise(standing))


def _chosen(standing: list[EditionView], day: str, list_id: str) -> EditionView:
    if day:
        found = [view for view in standing if view.list.valid_from.isoformat() == day]
        if not found:
            raise Http404
        return found[0]
    ruling = codes.of(list_id, clock.today())
    return next(view for view in standing if view.list == ruling)


def _edition(list_id: str, day: str, who: Actor) -> EditionView:
    on = _day(day)
    found = [view for view in codes.history(list_id, seen_by=who) if view.list.valid_from == on]
    if not found:
        raise codes.UnknownEdition(
            f"代码表“{list_id}”没有自 {on} 起生效的版本。", f"No edition of “{list_id}” begins on {on}."
        )
    return found[0]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def _yaml(one: CodeList) -> bytes:
    data = {"code_lists": [body.code_list_data(one)]}
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=118)).encode()
