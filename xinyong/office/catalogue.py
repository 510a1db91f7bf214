"""Import templates of the catalogue's items; its drafts, published by two."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.catalogue import bundle, export, publish
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.office import answer, words
from xinyong.security import approvals
from xinyong.security.access import Action, access

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@access(Action.USE_OFFICE)
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """All items with their templates."""
    return answer.page(request, "office/templates.html", {"items": publish.items()})


@access(Action.USE_OFFICE)
@require_GET
def template(request: HttpRequest, item_id: str) -> HttpResponse:
    """An empty import workbook with drop-downs, notes and an example."""
    item = publish.current(item_id)
    title = item.title_en if answer.is_english() else item.title_zh
    name = gettext("%(title)s-导入模板.xlsx") % {"title": title}
    response = HttpResponse(export.workbook(item), content_type=XLSX)
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


@access(Action.VIEW_CATALOGUE)
@require_GET
def drafts(request: HttpRequest) -> HttpResponse:
    """Versions of the catalogue's items: drafts first, each with what its publication waits for."""
    who = answer.actor(request)
    own = {}
    for one in reversed(approvals.own(by=who, at=clock.now(), kind=approvals.Kind.PUBLISH_CATALOGUE)):
        own[one.digest, one.object_ref] = words.request(one)
    latest = {ref: asked for (_, ref), asked in own.items()}
    found = sorted(publish.versions(), key=lambda one: (one.status != "draft", one.item_id, -one.version))
    lines = [(one, latest.get(f"{one.item_id}@{one.version}")) for one in found]
    return answer.page(request, "office/catalogue.html", {"versions": lines})


@access(Action.PUBLISH_CATALOGUE)
@require_http_methods(["GET", "POST"])
def publishing(request: HttpRequest, item_id: str, version: int) -> HttpResponse:
    """Asks for consent to publishing a draft, or publishes it once somebody has agreed."""
    who = answer.actor(request)
    if request.method == "POST":
        try:
            if request.POST.get("step") == "publish":
                publish.publish(item_id, version, by=who)
                messages.success(request, gettext("已发布。"))
            else:
                reason = request.POST.get("reason", "").strip()[:400]
                asked = publish.ask_to_publish(item_id, version, reason=reason or "-", by=who)
                messages.info(request, gettext("已提交复核申请；另一位业务员同意后即可发布。"))
                return HttpResponseRedirect(f"/office/approvals/{asked.id}/")
        except (Conflict, NotFound, approvals.ConsentNeeded) as error:
            messages.warning(request, error.en if answer.is_english() else error.zh)
    return HttpResponseRedirect("/office/catalogue/")
