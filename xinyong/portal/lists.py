"""Records across organisations: two-item publicity (licences, penalties) and lists, newest first, page by page."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy

from xinyong.kernel import clock
from xinyong.portal import answer
from xinyong.records import listing
from xinyong.security import identity
from xinyong.security.access import Action, access
from xinyong.web.lookups import look_up, shown

LICENCES = "admin-licence-org"
PENALTIES = "admin-penalty-org"
PER_PAGE = 20
#: The oldest year offered in the filter: two-item publicity began with 国发〔2015〕 documents; nothing older is published.
FIRST_YEAR = 2016
MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class Kind:
    """One page of this module: its item, its name, what it says under the heading."""

    item_id: str
    title: object
    said: object
    is_adverse: bool = False


PUBLICITY = (
    Kind(LICENCES, gettext_lazy("行政许可"), gettext_lazy("各部门作出的行政许可决定，自决定之日起 7 个工作日内公示。")),
    Kind(
        PENALTIES,
        gettext_lazy("行政处罚"),
        gettext_lazy("各部门作出的行政处罚决定，自决定之日起 7 个工作日内公示。公示期满即不再显示。"),
        is_adverse=True,
    ),
)
LISTS = (
    Kind(
        "serious-dishonesty",
        gettext_lazy("严重失信主体名单"),
        gettext_lazy("由有权部门依法认定。移出名单或公示期满后，这里不再显示。"),
        is_adverse=True,
    ),
    Kind(
        "abnormal-operation",
        gettext_lazy("经营异常名录"),
        gettext_lazy("由登记机关列入，改正后可申请移出。列入异常名录不等于严重失信。"),
        is_adverse=True,
    ),
    Kind("honour", gettext_lazy("诚实守信"), gettext_lazy("依法依规认定的守信记录，例如纳税信用 A 级。")),
)


@access(Action.VIEW_PUBLIC)
def publicity_start(request: HttpRequest) -> HttpResponse:
    """The first of the publicity pages."""
    return HttpResponseRedirect(f"/publicity/{LICENCES}/")


@access(Action.VIEW_PUBLIC)
def lists_start(request: HttpRequest) -> HttpResponse:
    """The first of the lists."""
    return HttpResponseRedirect(f"/lists/{LISTS[0].item_id}/")


@access(Action.VIEW_PUBLIC)
@look_up
def publicity(request: HttpRequest, item_id: str) -> HttpResponse:
    """Latest licences or penalties, by department and year."""
    return _listing(request, item_id, PUBLICITY, base="publicity", name=gettext("双公示"))


@access(Action.VIEW_PUBLIC)
@look_up
def lists(request: HttpRequest, item_id: str) -> HttpResponse:
    """A list, latest first."""
    return _listing(request, item_id, LISTS, base="lists", name=gettext("名单"))


def _listing(request: HttpRequest, item_id: str, kinds: tuple[Kind, ...], *, base: str, name: str) -> HttpResponse:
    kind = next((k for k in kinds if k.item_id == item_id), None)
    if kind is None:
        raise Http404
    today = clock.today()
    years = range(today.year, FIRST_YEAR - 1, -1)
    units = sorted(identity.source_units(), key=lambda unit: unit.short_name)
    department = next((unit for unit in units if unit.code == request.GET.get("department")), None)
    asked = request.GET.get("year", "")
    year = int(asked) if asked in map(str, years) else None
    asked = request.GET.get("month", "")
    month = int(asked) if year and asked in map(str, MONTHS) else None
    found = listing.latest(
        item_ids=(item_id,), as_of=today, seen_by=answer.READER, limit=PER_PAGE, after=request.GET.get("after"),
        source_code=department.code if department else None, year=year, month=month, with_total=True,
    )  # fmt: skip
    shown(request, len({record.subject_code for record in found.records}))
    context = {
        "kind": kind, "kinds": kinds, "base": base, "name": name, "records": found.records, "total": found.total,
        "next_after": found.next_after, "units": units, "department": department, "years": years, "year": year,
        "months": MONTHS, "month": month, "is_cut": found.is_cut,
    }  # fmt: skip
    return answer.page(request, "portal/listing.html", context, is_indexed=not kind.is_adverse, has_records=True)
