"""The front page: search, what is published, figures, the latest."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from xinyong.kernel import clock
from xinyong.portal import answer, drawings
from xinyong.portal.lists import LICENCES, PENALTIES
from xinyong.records import listing
from xinyong.security.access import Action, access

LATEST = 5


@access(Action.VIEW_PUBLIC)
def home(request: HttpRequest) -> HttpResponse:
    """Three short queries, as this page shows three things; each is a verb of the same room."""
    today = clock.today()
    figures = listing.figures(as_of=today, seen_by=answer.READER)
    licences = listing.latest(item_ids=(LICENCES,), as_of=today, seen_by=answer.READER, limit=LATEST)
    penalties = listing.latest(item_ids=(PENALTIES,), as_of=today, seen_by=answer.READER, limit=LATEST)
    held = {one.key: one.count for one in figures.by_item}
    counts = [
        (gettext("家单位"), figures.subjects_total, "/search"),
        (gettext("条行政许可"), held.get(LICENCES, 0), f"/publicity/{LICENCES}/"),
        (gettext("条行政处罚"), held.get(PENALTIES, 0), f"/publicity/{PENALTIES}/"),
        (gettext("条严重失信名单信息"), held.get("serious-dishonesty", 0), "/lists/serious-dishonesty/"),
    ]
    return answer.page(
        request,
        "portal/home.html",
        {
            "figures": figures,
            "counts": counts,
            "licences": licences.records,
            "penalties": penalties.records,
            "by_department": drawings.departments(figures, limit=6),
            "by_item": drawings.item_bars(figures),
            "by_month": drawings.months(figures),
        },
        has_records=True,
    )
