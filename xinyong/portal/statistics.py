"""What the platform holds, in figures and charts, each with its numbers behind it; about natural persons no figure of few."""

import tempfile
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from xinyong.analytics import persons_figures
from xinyong.kernel import clock
from xinyong.portal import answer, drawings
from xinyong.records import listing
from xinyong.security.access import Action, access
from xinyong.web.limits import limited


@access(Action.VIEW_PUBLIC)
def statistics(request: HttpRequest) -> HttpResponse:
    """Organisations by class; records by kind, department and month."""
    figures = listing.figures(as_of=clock.today(), seen_by=answer.READER)
    context = {
        "figures": figures,
        "by_class": drawings.classes(figures),
        "by_item": drawings.items(figures),
        "by_department": drawings.departments(figures),
        "by_month": drawings.months(figures),
    }
    return answer.page(request, "portal/statistics.html", context)


@access(Action.VIEW_PUBLIC)
@require_GET
def persons(request: HttpRequest) -> HttpResponse:
    """Records about natural persons by item, county and month; nothing about few people."""
    found = persons_figures.figures(today=clock.today())
    context = {
        "figures": found,
        "note": answer.word(*persons_figures.note(found.least)),
        "months": persons_figures.MONTHS,
    }
    return answer.page(request, "portal/statistics_persons.html", context)


@access(Action.VIEW_PUBLIC)
@require_GET
@limited("verify")
def persons_file(request: HttpRequest, form: str) -> HttpResponse:
    """The same as a file: csv or json."""
    found = persons_figures.figures(today=clock.today())
    if form == "json":
        response: HttpResponse = JsonResponse(persons_figures.plain(found), json_dumps_params={"ensure_ascii": False})
    elif form == "csv":
        with tempfile.TemporaryDirectory(prefix="xinyong-figures-") as folder:
            path = Path(folder) / "persons.csv"
            persons_figures.csv(found, to=path)
            response = HttpResponse(path.read_bytes(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="persons-{found.as_of:%Y-%m}.csv"'
    else:
        raise Http404
    response["Cache-Control"] = f"public, max-age={answer.KEPT}"
    return response
