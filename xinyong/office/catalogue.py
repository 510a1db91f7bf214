"""Import templates of the catalogue's items."""

import tempfile
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from xinyong.catalogue import export, publish
from xinyong.office import answer
from xinyong.security.access import Action, access

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@access(Action.USE_OFFICE)
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """All items with their templates."""
    return answer.page(request, "office/templates.html", {"items": publish.items()})


@access(Action.USE_OFFICE)
@require_GET
def template(request: HttpRequest, item_id: str) -> HttpResponse:
    """An empty import workbook with drop-downs, notes and an example."""
    with tempfile.TemporaryDirectory(prefix="xinyong-template-") as folder:
        path = Path(folder) / "template.xlsx"
        path.write_bytes(export.workbook(publish.current(item_id)))
        response = HttpResponse(path.read_bytes(), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="{item_id}.xlsx"'
    return response
