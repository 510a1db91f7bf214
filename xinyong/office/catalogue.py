"""The catalogue: import templates, its items with their versions, each item whole, files of it to take away."""

import json
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinyong.catalogue import assessment, body, bundle, codes, dictionary, export, publish
from xinyong.catalogue import whole as whole_file
from xinyong.catalogue.publish import VersionView
from xinyong.catalogue.schema import Item
from xinyong.intake import supply, supply_view, usage
from xinyong.kernel import clock
from xinyong.office import answer
from xinyong.security.access import Action, access, may

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@access(Action.USE_OFFICE)
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """All items with their templates; for a unit those it may report, with ``?all=1`` the others too."""
    who = answer.actor(request)
    closed, is_whole = supply.closed_to(who, on=clock.today()), request.GET.get("all") == "1"
    context = {
        "items": [(one, one.id in closed) for one in publish.reported() if is_whole or one.id not in closed],
        "closed": len(closed), "is_whole": is_whole, "may_see_catalogue": may(who, Action.VIEW_CATALOGUE),
    }  # fmt: skip
    return answer.page(request, "office/templates.html", context)


@access(Action.USE_OFFICE)
@require_GET
def template(request: HttpRequest, item_id: str) -> HttpResponse:
    """An empty import workbook with drop-downs, notes and an example."""
    item = publish.current(item_id)
    title = item.title_en if answer.is_english() else item.title_zh
    name = gettext("%(title)s-导入模板.xlsx") % {"title": title}
    response = HttpResponse(export.workbook(item, on=clock.today(), among=codes.editions()), content_type=XLSX)
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return response


@access(Action.USE_OFFICE)
@require_GET
def rules(request: HttpRequest, item_id: str) -> FileResponse:
    """The item's rules to take away: files are checked with them where there is no network."""
    with tempfile.TemporaryDirectory(prefix="xinyong-bundle-") as folder:
        path = Path(folder) / "bundle.zip"
        stamp = bundle.make(item_id, path, made_at=clock.now())
        name = f"{item_id}-{stamp.version}-{stamp.made_at:%Y%m%d}.zip"
        return answer.download(path, name=name, content_type="application/zip")


@dataclass(frozen=True, slots=True)
class Listed:
    """An item in the list: the version that rules today, its drafts, what is published for a later day."""

    latest: VersionView
    ruling: VersionView | None
    drafts: tuple[VersionView, ...]
    coming: tuple[VersionView, ...]
    versions: int


@access(Action.VIEW_CATALOGUE)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every item: what rules today, what is drafted, what comes."""
    who = answer.actor(request)
    ruling = {item.id: item.version for item in publish.items()}
    by_item: dict[str, list[VersionView]] = {}
    for one in publish.versions():
        by_item.setdefault(one.item_id, []).append(one)
    lines = [_listed(views, ruling.get(item_id)) for item_id, views in by_item.items()]
    lines.sort(key=lambda one: (not one.drafts, not one.coming, one.ruling is None, one.latest.item_id))
    lacking = {one.id for one in assessment.lacking(publish.items(), on=clock.today())}
    context = {
        "lines": lines, "may_manage": may(who, Action.MANAGE_CATALOGUE), "lacking": lacking,
        "may_see_assessments": may(who, Action.VIEW_DATA_DUTIES),
    }  # fmt: skip
    return answer.page(request, "office/catalogue.html", context)


def _listed(views: list[VersionView], ruling: int | None) -> Listed:
    today = clock.today()
    return Listed(
        latest=views[-1],
        ruling=next((one for one in views if one.version == ruling), None),
        drafts=tuple(one for one in views if one.status == "draft"),
        coming=tuple(one for one in views if one.status == "published" and one.effective_from > today),
        versions=len(views),
    )


@access(Action.VIEW_CATALOGUE)
@require_GET
def item(request: HttpRequest, item_id: str) -> HttpResponse:
    """An item whole: its dictionary, rules, code lists, bases, clocks, versions. ``?version=`` picks one."""
    who, views = answer.actor(request), publish.versions(item_id)
    number = answer.number(request.GET.get("version"))
    chosen = [one for one in views if one.version == number] if number else []
    if not chosen:
        chosen = [one for one in views if one.version == _ruling(item_id)] or views[-1:]
    if not chosen:
        publish.current(item_id)  # raises for what does not exist
    found, today = publish.version(item_id, chosen[0].version), clock.today()
    titles = {basis.id: basis for basis in found.bases}
    context = {
        "item": found, "view": chosen[0], "versions": views[::-1], "lines": dictionary.lines(found),
        "rules": [(rule, titles.get(rule.basis)) for rule in found.rules], "today": today,
        "lists": dictionary.editions(found, among=codes.editions()), "natural_key": [_named(found, code) for code in found.natural_key],
        "grade": dictionary.GRADES[found.disclosure], "may_manage": may(who, Action.MANAGE_CATALOGUE),
        "is_ruling": chosen[0].version == _ruling(item_id),
        "supply": None if found.is_self_declared else supply_view.of_item(item_id, seen_by=who, on=today),
        "needs_assessment": bool(assessment.reasons_of(found)), "may_see_assessments": may(who, Action.VIEW_DATA_DUTIES),
        "assessed": assessment.covering(found, assessment.in_force(on=today)),
        "is_of_a_unit": bool(who.department), "may_supply": may(who, Action.OVERSEE_REPORTING, item=item_id),
    }  # fmt: skip
    return answer.page(request, "office/catalogue_item.html", context)


def _ruling(item_id: str) -> int | None:
    try:
        return publish.current(item_id).version
    except publish.UnknownItem:
        return None


def _named(found: Item, code: str) -> str:
    if code == "$subject":
        return gettext("主体")
    field = found.field_of(code)
    return field.name_en if answer.is_english() else field.name_zh


@access(Action.VIEW_CATALOGUE)
@require_GET
def taken(request: HttpRequest, item_id: str, version: int, form: str) -> HttpResponse:
    """A version as a file: the catalogue file (yaml, json), or its dictionary (csv, xlsx). ``?next=1``: the catalogue file with
    the next version number and a day to come, to be edited and uploaded."""
    found = publish.version(item_id, version)
    if request.GET.get("next") == "1":
        number = max(one.version for one in publish.versions(item_id)) + 1
        first = (clock.today().replace(day=1) + timedelta(days=32)).replace(day=1)
        found = replace(
            found, version=number, effective_from=max(first, (found.effective_from or first) + timedelta(1))
        )
    content, kind = _file(found, form)
    title = found.title_en if answer.is_english() else found.title_zh
    said = {"title": title, "version": found.version}
    name = (
        gettext("%(title)s-第%(version)s版")
        if form in {"yaml", "json"}
        else gettext("%(title)s-数据字典-第%(version)s版")
    )
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = str(content_disposition_header(True, f"{name % said}.{form}"))
    return answer.kept_by_nobody(response)


@access(Action.VIEW_CATALOGUE)
@require_GET
def whole(request: HttpRequest) -> HttpResponse:
    """The catalogue in force as one file, which another installation, or this one, takes in."""
    response = HttpResponse(whole_file.dump(publish.items()).encode(), content_type="application/yaml; charset=utf-8")
    name = gettext("信息目录-%(day)s.yaml") % {"day": clock.today().isoformat()}
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return answer.kept_by_nobody(response)


@access(Action.VIEW_CATALOGUE)
@require_GET
def interface(request: HttpRequest, item_id: str) -> HttpResponse:
    """How the item in force is handed in by the interface: body, example, commands, fields, checks."""
    found = usage.of(
        publish.current_reported(item_id), on=clock.today(), origin=settings.SITE_ORIGIN, among=codes.editions()
    )
    titles = {one.code: _named(found.item, one.code) for one in found.item.fields}
    checks = [(one, [titles.get(code, code) for code in one.columns]) for one in (*found.checks, *found.formats)]
    return answer.page(
        request, "office/catalogue_interface.html", {"usage": found, "item": found.item, "checks": checks}
    )


@access(Action.VIEW_CATALOGUE)
@require_GET
def interface_file(request: HttpRequest, item_id: str, form: str) -> HttpResponse:
    """The same to take away: Markdown, or the OpenAPI document of the one operation."""
    today, known = clock.today(), codes.editions()
    found = usage.of(publish.current_reported(item_id), on=today, origin=settings.SITE_ORIGIN, among=known)
    match form:
        case "md":
            content, kind = usage.markdown(found), "text/markdown; charset=utf-8"
        case "json":
            described = usage.openapi(found, on=today, origin=settings.SITE_ORIGIN, among=known)
            content, kind = json.dumps(described, ensure_ascii=False, indent=2) + "\n", "application/json"
        case _:
            raise Http404
    response = HttpResponse(content.encode(), content_type=kind)
    name = gettext("%(title)s-接口说明.%(form)s")
    title = found.item.title_en if answer.is_english() else found.item.title_zh
    response["Content-Disposition"] = str(content_disposition_header(True, name % {"title": title, "form": form}))
    return answer.kept_by_nobody(response)


def _file(found: Item, form: str) -> tuple[bytes, str]:
    match form:
        case "yaml":
            return export.yaml(found).encode(), "application/yaml; charset=utf-8"
        case "json":
            text = json.dumps(body.to_data(found), ensure_ascii=False, indent=2)
            return f"{text}\n".encode(), "application/json"
        case "csv":
            return dictionary.csv(found), "text/csv; charset=utf-8"
        case "xlsx":
            return dictionary.workbook(found, on=clock.today(), among=codes.editions()), XLSX
    raise Http404
