"""Charts as SVG whose places are percentages: bars and columns grow with the page, text keeps its size.

This module only reckons where things stand; the drawing is templates/web/pieces/{bars,columns,parts,line}.html. No style
attribute and no script is needed, so the strict content security policy holds. Every chart carries its numbers as a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

#: Height of the drawing area of columns and lines, and of the axis under it, in CSS pixels.
PLOT = 160
AXIS = 24
_TOP = 20


@dataclass(frozen=True, slots=True)
class Point:
    """One value to draw. ``key`` is for the caller (an address, a class); ``tick`` is written on the axis if not empty."""

    key: str
    label: str
    value: int
    tick: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: width in percent of the longest, share in percent of all."""

    point: Point
    width: str
    share: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars; also the table of its numbers."""

    bars: tuple[Bar, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a time chart: place and width in percent, top and height in pixels, centre for its tick."""

    point: Point
    x: str
    width: str
    top: str
    height: str
    centre: str
    is_peak: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """A column chart; ``lines`` are its gridlines (value, y)."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[int, str], ...]
    peak: Point | None
    last: Point | None
    total: int
    plot: int
    height: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of one stacked bar."""

    point: Point
    x: str
    width: str
    share: str
    tone: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One stroke of a line chart between two neighbouring points."""

    x1: str
    y1: str
    x2: str
    y2: str


def bars(points: Sequence[Point], *, limit: int | None = None) -> Bars:
    """Bars in the order given, the first ``limit`` of them; shares are of all points."""
    total = sum(p.value for p in points)
    longest = max((p.value for p in points), default=0)
    kept = points if limit is None else points[:limit]
    return Bars(bars=tuple(Bar(p, _percent(p.value, longest), share(p.value, total)) for p in kept), total=total)


def columns(points: Sequence[Point]) -> Columns:
    """Columns side by side, oldest first; gridlines at round values."""
    highest = max((p.value for p in points), default=0)
    ceiling, step = _ceiling(highest)
    slot = Decimal(100) / max(len(points), 1)
    peak = max(points, key=lambda p: p.value, default=None)
    drawn = tuple(
        Column(
            point=p,
            x=_short(slot * i + slot * Decimal("0.12")),
            width=_short(slot * Decimal("0.76")),
            top=_short(_y(p.value, ceiling)),
            height=_short(Decimal(_TOP + PLOT) - _y(p.value, ceiling)),
            centre=_short(slot * i + slot / 2),
            is_peak=p is peak and p.value > 0,
            is_last=i == len(points) - 1,
        )
        for i, p in enumerate(points)
    )
    lines = tuple((value, _short(_y(value, ceiling))) for value in range(0, ceiling + 1, step)) if highest else ()
    return Columns(
        columns=drawn, lines=lines, peak=peak, last=points[-1] if points else None,
        total=sum(p.value for p in points), plot=_TOP + PLOT, height=_TOP + PLOT + AXIS,
    )  # fmt: skip


def segments(chart: Columns) -> tuple[Segment, ...]:
    """The strokes of a line through the column tops, for a line chart on the same axes."""
    pairs = zip(chart.columns, chart.columns[1:], strict=False)
    return tuple(Segment(x1=a.centre, y1=a.top, x2=b.centre, y2=b.top) for a, b in pairs)


def parts(points: Sequence[Point]) -> tuple[Part, ...]:
    """One bar cut into its parts; empty when there is nothing to share out."""
    total = sum(p.value for p in points)
    made: list[Part] = []
    at = Decimal(0)
    for tone, p in enumerate(points):
        width = Decimal(p.value) * 100 / total if total else Decimal(0)
        made.append(Part(point=p, x=_short(at), width=_short(width), share=share(p.value, total), tone=tone % 6))
        at += width
    return tuple(made)


def share(value: int, total: int) -> str:
    """A share in percent with one decimal; "—" when there is nothing to divide by."""
    if not total:
        return "—"
    percent = Decimal(value) * 100 / total
    return "<0.1" if 0 < percent < Decimal("0.1") else f"{percent:.1f}"


def _ceiling(highest: int) -> tuple[int, int]:
    """A round value at or above ``highest`` and the step of two to five gridlines under it."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= step * factor * 4:
                width = step * factor
                return max(-(-highest // width) * width, width), width
        step *= 10


def _y(value: int, ceiling: int) -> Decimal:
    return Decimal(_TOP + PLOT) - Decimal(value) * PLOT / ceiling


def _percent(value: int, of: int) -> str:
    return _short(Decimal(value) * 100 / of) if of else "0"


def _short(number: Decimal) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
