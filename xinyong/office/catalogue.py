"""Import templates of the catalogue's items."""

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinyong.catalogue import export, publish
from xinyong.office import answer
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
