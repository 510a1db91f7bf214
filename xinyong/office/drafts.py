"""A catalogue version on its way: drafted from a file, compared, checked against the records, agreed to, published, retired."""

import codecs
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import difference, inheritance, publish, recheck
from xinyong.catalogue.difference import Change
from xinyong.catalogue.problems import CatalogueError, Problem
from xinyong.catalogue.schema import Item
from xinyong.intake import jobs
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.office import answer, two_hands, words
from xinyong.security import approvals
from xinyong.security.access import Action, Actor, access, may

#: The largest catalogue file taken, in bytes; the longest of the library has about 30,000.
_LARGEST = 1_000_000


class Upload(forms.Form):
    """The file of one item."""

    file = forms.FileField(
        label=gettext_lazy("目录文件"),
        help_text=gettext_lazy(
            "YAML 或 JSON，一个事项或整份目录。先下载底稿，改好后上传；文件里的 version 要比现行版本大。"
        ),
        error_messages={
            "required": gettext_lazy("请选择目录文件。"),
            "empty": gettext_lazy("这个文件是空的。请检查后重新选择。"),
        },
    )

    file_name = ""

    def clean_file(self) -> str:
        """The text of the file."""
        file = self.cleaned_data["file"]
        self.file_name = str(file.name)
        if file.size > _LARGEST:
            raise forms.ValidationError(gettext("目录文件不能超过 1 MB。"))
        try:
            text = bytes(file.read()).removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError as error:
            raise forms.ValidationError(gettext("文件不是 UTF-8 编码的文本。请另存为 UTF-8 后上传。")) from error
        return text


class Retire(forms.Form):
    """From which day, and why."""

    on = forms.DateField(
        label=gettext_lazy("停用日期"), help_text=gettext_lazy("从这一天起不再适用；当天停用立即生效。"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("请填写停用日期。"), "invalid": gettext_lazy("请填写日期，如 2026-12-31。")},
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("停用原因"), min_length=4, max_length=200,
        help_text=gettext_lazy("写明依据，例如“上级目录已不再列入此事项”。"),
        error_messages={
            "required": gettext_lazy("请写明停用原因。"), "min_length": gettext_lazy("请把原因写清楚，至少 4 个字。"),
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody needs to decide on a version. ``before`` is the version it is compared with, None for a new item."""

    item: Item
    view: publish.VersionView
    before: Item | None
    changes: list[Change]
    recheck: recheck.RecheckView | None
    three_way: inheritance.ThreeWay | None

    @property
    def is_known(self) -> bool:
        """True when the effect on the records is known for this very text, or there was no version before."""
        if self.before is None:
            return True
        return self.recheck is not None and self.recheck.state == "done" and not self.recheck.is_stale

    @property
    def is_under_way(self) -> bool:
        """True while the records are being checked."""
        return self.recheck is not None and self.recheck.state in {"waiting", "running"}


def review_of(item_id: str, version: int, *, seen_by: Actor) -> Review:
    """A version beside the one before it, with what it would do to the records. Raises UnknownItem."""
    item, views = publish.version(item_id, version), publish.versions(item_id)
    earlier = [one.version for one in views if one.version < version and one.status != "draft"]
    before = publish.version(item_id, earlier[-1]) if earlier else None
    return Review(
        item, next(one for one in views if one.version == version), before,
        difference.difference(before, item) if before else [], recheck.of(item_id, version, seen_by=seen_by),
        inheritance.three_way(*newer, item, on=clock.today()) if (newer := publish.newer_parent(item)) else None,
    )  # fmt: skip


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Drafts a version from a file; what is wrong with the file is listed, all of it."""
    form = Upload(answer.sent(request), request.FILES if request.method == "POST" else None)
    problems: tuple[Problem, ...] = ()
    if form.is_valid():
        try:
            kept = jobs.draft(form.cleaned_data["file"], file=form.file_name, by=answer.actor(request))
        except CatalogueError as error:
            problems = error.problems
        except Conflict as error:
            answer.say(form, error)
        else:
            if not kept:
                messages.info(request, gettext("文件中的事项这里都已经有了，没有新的草稿。"))
                return HttpResponseRedirect("/office/catalogue/")
            messages.success(request, gettext("已存为草稿，正在核对存量数据。"))
            place = f"{kept[0].item_id}/{kept[0].version}/" if len(kept) == 1 else ""
            return HttpResponseRedirect(f"/office/catalogue/{place}")
    status = 400 if problems or form.errors else 200
    context = {"form": form, "problems": problems, "items": publish.items()}
    return answer.page(request, "office/catalogue_upload.html", context, status=status)


@access(Action.VIEW_CATALOGUE)
@require_GET
def review(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """A version: what it changes, what it would do to the records on file, and what its publication waits for."""
    who = answer.actor(request)
    found = review_of(item_id, version, seen_by=who)
    context = {
        "review": found, "asked": _asked(found.view, who), "may_manage": may(who, Action.MANAGE_CATALOGUE),
        "form": Retire(initial={"on": clock.today()}), "today": clock.today(),
    }  # fmt: skip
    return answer.page(request, "office/catalogue_version.html", context)


@access(Action.PUBLISH_CATALOGUE)
@require_http_methods(["GET", "POST"])
def publishing(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """Asks for consent to publishing a draft, or publishes it once somebody has agreed."""
    who = answer.actor(request)
    return two_hands.publishing(
        request, publish=lambda: publish.publish(item_id, version, by=who),
        ask=lambda reason: publish.ask_to_publish(item_id, version, reason=reason, by=who), back=_page_of(item_id, version),
    )  # fmt: skip


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """Asks anew what a draft would do to the records on file."""
    if request.method == "POST":
        try:
            jobs.recheck_later(item_id, version, by=answer.actor(request))
        except (Conflict, NotFound) as error:
            answer.warn(request, error)
    return _to(item_id, version)


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """Throws a draft away."""
    if request.method == "POST":
        try:
            publish.discard(item_id, version, by=answer.actor(request))
        except (Conflict, NotFound) as error:
            answer.warn(request, error)
        else:
            messages.success(request, gettext("草稿已放弃。"))
            return HttpResponseRedirect("/office/catalogue/")
    return _to(item_id, version)


@access(Action.MANAGE_CATALOGUE)
@require_http_methods(["GET", "POST"])
def retire(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """Takes a published version out of force from a day on, with the reason."""
    form = Retire(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            on: date = form.cleaned_data["on"]
            publish.retire(item_id, version, on=on, reason=form.cleaned_data["reason"], by=answer.actor(request))
        except (Conflict, Invalid) as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("已登记停用；此前入库的数据不变。"))
            return _to(item_id, version)
    found = review_of(item_id, version, seen_by=answer.actor(request))
    context = {"review": found, "form": form}
    return answer.page(request, "office/catalogue_retire.html", context, status=400 if form.errors else 200)


def _asked(view: publish.VersionView, who: Actor) -> Any:
    """The newest request of this actor's to publish this version as it stands."""
    ref = f"{view.item_id}@{view.version}"
    own = approvals.own(by=who, at=clock.now(), kind=approvals.Kind.PUBLISH_CATALOGUE)
    fitting = [one for one in own if one.object_ref == ref and one.facts.get("text") == view.digest]
    return words.request(fitting[0]) if fitting else None


def _to(item_id: str, version: int) -> HttpResponse:
    return HttpResponseRedirect(_page_of(item_id, version))


def _page_of(item_id: str, version: int) -> str:
    return f"/office/catalogue/{item_id}/{version}/"
