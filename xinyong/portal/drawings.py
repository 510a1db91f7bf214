"""The platform's figures as charts: which points, in which order, with which labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from xinyong.portal import answer
from xinyong.records.view import Count, Figures
from xinyong.web import charts
from xinyong.web.charts import Bars, Columns, Part, Point
from xinyong.web.templatetags.pieces import month

#: Not drawn with records: the base register says who there is, not what was decided.
REGISTER = "organisation-register"
_BRACKETS = re.compile(r"（[^（）]*）$| \([^()]*\)$")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A titled chart over months."""

    key: str
    title: str
    chart: Columns


def label(one: Count) -> str:
    """The label of a count in the reader's language."""
    return answer.word(one.label_zh, one.label_en or one.label_zh)


def classes(figures: Figures) -> Bars:
    """Organisations by class, most first."""
    return charts.bars(_points(sorted(figures.by_class, key=lambda c: -c.count)))


def items(figures: Figures) -> tuple[Part, ...]:
    """Records by catalogue item, without the base register, as parts of one whole."""
    return charts.parts(_item_points(figures))


def item_bars(figures: Figures) -> Bars:
    """The same as bars."""
    return charts.bars(_item_points(figures))


def departments(figures: Figures, *, limit: int | None = None) -> Bars:
    """Records by source unit, most first."""
    return charts.bars(_points(sorted(figures.by_department, key=lambda c: -c.count)), limit=limit)


def months(figures: Figures) -> list[Drawing]:
    """One chart of decisions by month for each item that has any, in the order of ``by_item``."""
    return [
        Drawing(key=item.key, title=_short(label(item)), chart=charts.columns(_months(figures.by_month[item.key])))
        for item in figures.by_item
        if item.key != REGISTER and item.key in figures.by_month
    ]


def _item_points(figures: Figures) -> list[Point]:
    return [
        Point(key=c.key, label=_short(label(c)), value=c.count)
        for c in figures.by_item
        if c.key != REGISTER and c.count
    ]


def _short(title: str) -> str:
    """An item's title without brackets at its end, which say "organisations": only theirs are drawn here."""
    return _BRACKETS.sub("", title)


def _points(counts: Sequence[Count]) -> list[Point]:
    return [Point(key=one.key, label=label(one), value=one.count) for one in counts]


def _months(counts: Sequence[Count]) -> list[Point]:
    """Each January (and the first month, unless January is near) carries the year on the axis."""
    english = (get_language() or "").startswith("en")
    points = []
    for index, one in enumerate(counts):
        is_tick = one.key.endswith("-01") or (index == 0 and int(one.key[-2:]) <= 9)
        tick = (one.key[:4] if english else f"{one.key[:4]}年") if is_tick else ""
        points.append(Point(key=one.key, label=month(one.key), value=one.count, tick=tick))
    return points
