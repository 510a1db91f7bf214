"""What the platform holds, in figures and charts, each with its numbers behind it."""

from django.http import HttpRequest, HttpResponse

from xinyong.kernel import clock
from xinyong.portal import answer, drawings
from xinyong.records import listing
from xinyong.security.access import Action, access


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
