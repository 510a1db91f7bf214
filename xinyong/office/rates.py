"""The rates of a month: by department, item or division, each figure with the way to its rows."""

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinyong.analytics import export as files
from xinyong.analytics import rates as room
from xinyong.analytics import rows as behind
from xinyong.analytics.definitions import Level, Rate, rate
from xinyong.analytics.rates import By, Figure, Line
from xinyong.kernel import clock
from xinyong.kernel.periods import Period
from xinyong.office import answer, months
from xinyong.office.catalogue import XLSX
from xinyong.security.access import Action, access
from xinyong.web import charts
from xinyong.web.tables import Cell, Column, Sort, table

_TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}
_PER_PAGE = 60
#: What the table shows beside one another, by the name of the set.
_SETS: dict[str, tuple[str, ...]] = {
    "main": ("collection", "reporting", "compliance", "timeliness", "late"),
    "quality": ("completeness", "linkage", "conflict", "correction", "spot-check"),
}
_BARS = 12


@access(Action.VIEW_RATES)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The figures of a month, sorted as asked; a line for who reported nothing too."""
    who, period, by = answer.actor(request), months.asked(request.GET.get("period")), _by(request)
    name = request.GET.get("set", "main")
    shown = _SETS.get(name, _SETS["main"])
    found = room.overview(period, by=by, as_of=clock.now(), seen_by=who)
    english = answer.is_english()
    columns = (
        Column("name", {By.DEPARTMENT: gettext("单位"), By.ITEM: gettext("事项"), By.DIVISION: gettext("区划")}[by],
               is_sortable=True, is_key=True),
        *(Column(one, _name(rate(one), english), kind="number", is_sortable=True) for one in shown),
    )  # fmt: skip
    sort = Sort.of(request.GET.dict(), columns, "name")
    lines = sorted(found.lines, key=lambda one: _sorted_by(one, sort), reverse=False)
    made = [[Cell(one.en if english else one.zh), *(_cell(period, by, one, each) for each in shown)] for one in lines]
    points = [charts.Point(one.key, one.en if english else one.zh, _reported(one)) for one in lines]
    points = sorted((one for one in points if one.value), key=lambda one: -one.value)
    context = {
        "table": table(
            caption=gettext("报送指标"), columns=columns, rows=made, sort=sort, total=len(made),
            empty=gettext("还没有登记信源单位，没有可计算的指标。"),
        ),
        "total": [
            (one, figure, files.excluded(one, figure, is_english=english), _rows_address(period, by, "", one))
            for one, figure in room.shown(found.total, found.total.figures)
        ],
        "bars": charts.bars(points, limit=_BARS),
        "period": months.key(period), "months": months.offered(period), "by": by.value, "set": name,
        "ways": [("department", gettext("单位")), ("item", gettext("事项")), ("division", gettext("区划"))],
        "is_empty": not points,
        "query": urlencode({"period": months.key(period), "by": by.value}),
    }  # fmt: skip
    return answer.page(request, "office/rates.html", context)


@access(Action.VIEW_RATES)
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows behind one figure, page by page."""
    who, period, by = answer.actor(request), months.asked(request.GET.get("period")), _by(request)
    one = rate(request.GET.get("rate", ""))
    part, key = request.GET.get("part", "all"), request.GET.get("key", "")
    after = (answer.number(request.GET.get("s")) or 0, min(answer.number(request.GET.get("r")) or 0, 2**31 - 1))
    asked = behind.Asked(one.id, by=by, key=key, part=part)
    found = behind.of(asked, period, as_of=clock.now(), seen_by=who, after=after, limit=_PER_PAGE + 1)
    here = {"period": months.key(period), "by": by.value, "rate": one.id, "key": key}
    last = found[_PER_PAGE - 1] if len(found) > _PER_PAGE else None
    context = {
        "rate": one, "rows": found[:_PER_PAGE], "part": part, "period": months.key(period),
        "parts": [
            (name, text, "?" + urlencode(here | {"part": name}))
            for name, text in [
                ("all", gettext("分母中的行")), ("hit", gettext("计入分子的")), ("miss", gettext("没有计入分子的")),
                *((e.id, (e.en if answer.is_english() else e.zh)) for e in one.exclusions if e.where),
            ]
        ],
        "more": "?" + urlencode(here | {"part": part, "s": last.submission_id, "r": last.row_no}) if last else "",
        "first": "?" + urlencode(here | {"part": part}) if any(after) else "",
        "back": "/office/rates/?" + urlencode({"period": months.key(period), "by": by.value}),
    }  # fmt: skip
    return answer.page(request, "office/rates_rows.html", context)


@access(Action.VIEW_RATES)
@require_GET
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The figures as a file."""
    if form not in _TYPES:
        raise Http404
    period, by = months.asked(request.GET.get("period")), _by(request)
    with tempfile.TemporaryDirectory(prefix="xinyong-rates-") as folder:
        path = Path(folder) / f"rates.{form}"
        files.write(period, by=by, to=path, seen_by=answer.actor(request), as_of=clock.now())
        name = gettext("报送指标-%(month)s.%(form)s") % {"month": months.key(period), "form": form}
        return answer.download(path, name=name, content_type=_TYPES[form])


def _by(request: HttpRequest) -> By:
    asked = request.GET.get("by", By.DEPARTMENT.value)
    if asked not in {one.value for one in By}:
        raise Http404
    return By(asked)


def _name(one: Rate, english: bool) -> str:
    return one.en if english else one.zh


def _cell(period: Period, by: By, line: Line, name: str) -> Cell:
    figure = line.figures.get(name)
    if figure is None or (figure.value is None and not figure.numerator):
        return Cell("—")
    return Cell(f"{figure.percent} ({_parts(figure)})", href=_rows_address(period, by, line.key, rate(name)))


def _parts(figure: Figure) -> str:
    numerator, denominator = figure.parts
    return f"{numerator:,} / {'—' if denominator is None else f'{denominator:,}'}"


def _rows_address(period: Period, by: By, key: str, one: Rate) -> str:
    """Where a figure leads: to its rows, or to what was declared; nowhere for those over organisations."""
    where = {"period": months.key(period)}
    if one.level is Level.ROWS:
        return "/office/rates/rows?" + urlencode(where | {"by": by.value, "rate": one.id, "key": key})
    if one.level is Level.DECLARED:
        return "/office/declared/?" + urlencode(where | ({"source": key} if by is By.DEPARTMENT and key else {}))
    return ""


def _sorted_by(line: Line, sort: Sort) -> tuple[Any, ...]:
    """By name, or by a rate with those that have none at the end either way."""
    figure = line.figures.get(sort.key)
    if figure is None:
        return (line.group, line.key)
    value = figure.value
    if value is None:
        return (1, Decimal(0), line.key)
    return (0, -value if sort.is_descending else value, line.key)


def _reported(line: Line) -> int:
    figure = line.figures.get("compliance")
    return (figure.denominator or 0) if figure else 0
