"""An overview as a file, each figure with its numerator, its denominator and what was left out."""

from datetime import datetime
from pathlib import Path

import xlsxwriter

from xinyong.analytics.definitions import Rate, rate
from xinyong.analytics.rates import By, Figure, Line, figures
from xinyong.kernel import cells
from xinyong.kernel.periods import Period
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

_HEAD = ("编号", "名称", "指标", "百分比", "分子", "分母", "不计入")


def write(period: Period, *, by: By, to: Path, seen_by: Actor, as_of: datetime) -> int:
    """Writes every figure of every line and of the whole, one a row (.xlsx, otherwise CSV); how many. One audit entry.
    Raises NotAllowed, NotYet."""
    require(seen_by, Action.VIEW_RATES)
    found = figures(period, by=by, as_of=as_of, seen_by=seen_by)
    rows = [row for line in (*found.lines, found.total) for row in _rows(line)]
    audit.enter(
        audit.Event.RATES_EXPORTED, by=seen_by, object_kind="rates", object_ref=f"{period.start:%Y-%m}", by_what=by.value,
        rows=len(rows),
    )  # fmt: skip
    title = f"{period.start:%Y-%m} 报送指标 · 截至 {as_of:%Y-%m-%d %H:%M} · {seen_by.name}"
    (_workbook if to.suffix == ".xlsx" else _csv)(to, title, rows)
    return len(rows)


def _rows(line: Line) -> list[tuple[str, ...]]:
    return [_row(line, rate(name), figure) for name, figure in line.figures.items()]


def _row(line: Line, of: Rate, figure: Figure) -> tuple[str, ...]:
    numerator, denominator = figure.parts
    return (
        line.key,
        line.zh,
        of.zh,
        figure.percent,
        f"{numerator}",
        "" if denominator is None else f"{denominator}",
        excluded(of, figure),
    )


def excluded(of: Rate, figure: Figure, *, is_english: bool = False) -> str:
    """What was left out, in words: reason and how many."""
    words = {one.id: one.en if is_english else one.zh for one in of.exclusions}
    sign = "; " if is_english else "；"
    return sign.join(f"{words.get(name, name)} {count:,}" for name, count in figure.excluded.items())


def _csv(to: Path, title: str, rows: list[tuple[str, ...]]) -> None:
    with to.open("w", encoding="utf-8-sig", newline="") as file:
        out = cells.csv_writer(file)
        out.writerow([title])
        out.writerow(_HEAD)
        out.writerows(rows)


def _workbook(to: Path, title: str, rows: list[tuple[str, ...]]) -> None:
    with xlsxwriter.Workbook(to, {"constant_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        sheet = book.add_worksheet("报送指标")
        bold = book.add_format({"bold": True})
        sheet.set_column(0, len(_HEAD) - 1, 20)
        sheet.write_string(0, 0, title)
        for place, row in enumerate((_HEAD, *rows), start=1):
            for column, text in enumerate(row):
                if column in (4, 5) and place > 1 and text:
                    sheet.write_number(place, column, float(text))
                else:
                    sheet.write_string(place, column, text, bold if place == 1 else None)
