"""Deadlines as plans write them (完成时间): a day, "by the end of", "ongoing", "as the province directs".

Pure: words in, what they mean out. A month, quarter or year that is named is meant to its last day: plans write "8 月前"
and "8 月底前" for the same; the words themselves stay beside the day, so that anybody can see what was written.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from xinyong.kernel.periods import add_months

_BLANKS = re.compile(r"\s+")
_APART = re.compile(r"[,、;]")
_ONGOING = re.compile(r"(?:并|且)?(?:长期|持续|常年|常态|全年|不间断|永久)")
_UNFIXED = re.compile(r"部署|另行|待定|待通知|视情况|适时|按照?(?:上级|省|国家)|根据(?:上级|省|国家)")
#: By … at the latest: 8月前, 8月底前, 8月31日之前.
_BY = re.compile(r"(?:完成|以前|之前|前|底|末|止|为止|内)+$")
_DAY = re.compile(r"(?:(\d{4})[年./-])?(\d{1,2})[月./-](\d{1,2})日?(?: ?\d{2}:\d{2}(?::\d{2})?)?")
_MONTH = re.compile(r"(?:(\d{4})[年./-])?(\d{1,2})月?份?")
_QUARTER = re.compile(r"(?:(\d{4})年)?(?:第?([一二三四1-4])季度|(上半年|下半年)|(年))")
_YEAR = re.compile(r"(\d{4})年?")
_YEAR_WITHIN = re.compile(r"(20\d{2})年")
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4}


@dataclass(frozen=True, slots=True)
class Deadline:
    """``due_on`` is the last day in time; ``is_ongoing``: goes on (after that day, where there is one). Neither: not fixed yet.
    ``is_understood`` is False when the words say nothing we know."""

    words: str
    due_on: date | None = None
    is_ongoing: bool = False
    is_understood: bool = True


def read(words: str, *, year: int | None = None) -> Deadline:
    """What a cell of deadlines says; ``year`` is the plan's, for months without one."""
    text = _BLANKS.sub(" ", unicodedata.normalize("NFKC", words)).strip(" 。.")
    due_on, is_ongoing, is_understood = None, False, bool(text)
    for part in filter(None, (one.strip() for one in _APART.split(text))):
        day = _day(part.replace(" ", "") if not re.search(r"\d \d", part) else part, year)
        if day is not None:
            due_on = day if due_on is None else max(due_on, day)
        elif _UNFIXED.search(part):
            pass
        elif _ONGOING.match(part):
            is_ongoing = True
        else:
            is_understood = False
    return Deadline(words.strip()[:100], due_on, is_ongoing, is_understood)


def year_of(title: str) -> int | None:
    """The year that a plan's title names."""
    found = _YEAR_WITHIN.search(unicodedata.normalize("NFKC", title).replace(" ", ""))
    return int(found.group(1)) if found else None


def _day(part: str, year: int | None) -> date | None:
    part = _BY.sub("", part)
    try:
        if found := _DAY.fullmatch(part):
            return _date(found.group(1), year, int(found.group(2)), int(found.group(3)))
        if found := _MONTH.fullmatch(part):
            if found.group(1) or "月" in part:
                return _last_of(found.group(1), year, int(found.group(2)))
            return None
        if found := _QUARTER.fullmatch(part):
            return _last_of(found.group(1), year, _last_month(found))
        if found := _YEAR.fullmatch(part):
            return _last_of(found.group(1), year, 12)
    except ValueError:
        return None
    return None


def _last_month(found: "re.Match[str]") -> int:
    quarter, half = found.group(2), found.group(3)
    if quarter:
        return 3 * (_QUARTERS.get(quarter) or int(quarter))
    return 6 if half == "上半年" else 12


def _date(written: str | None, year: int | None, month: int, day: int) -> date:
    if written is None and year is None:
        raise ValueError("no year")
    return date(int(written or year or 0), month, day)


def _last_of(written: str | None, year: int | None, month: int) -> date:
    return date.fromordinal(add_months(_date(written, year, month, 1), 1).toordinal() - 1)
