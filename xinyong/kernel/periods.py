"""Half-open periods ``[start, end)`` of dates; no end means open."""

from dataclasses import dataclass
from datetime import date

#: The sentinel the 2018 two-item publicity standard writes for "long-term": never compare it as a date (data.md §7.2).
INDEFINITE = date(2099, 12, 31)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Dates from ``start`` up to, not including, ``end``; ``end`` None is open."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"period ends before it starts: [{self.start}, {self.end})")

    def holds(self, day: date) -> bool:
        """True when ``day`` lies inside."""
        return self.start <= day and (self.end is None or day < self.end)

    def overlaps(self, other: "Period") -> bool:
        """True when the two share at least one day; one that ends on its first day has none."""
        if self.start == self.end or other.start == other.end:
            return False
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; a day the month lacks becomes its last (31 Jan + 1 month = 28/29 Feb)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


def month(text: str) -> Period:
    """The month that ``2026-06`` names, whole. Raises ValueError."""
    if len(text) != 7 or text[4] != "-":
        raise ValueError(f"not a month: {text!r}")
    first = date.fromisoformat(f"{text}-01")
    return Period(first, add_months(first, 1))


def month_of(day: date) -> Period:
    """The month in which a day lies."""
    first = day.replace(day=1)
    return Period(first, add_months(first, 1))
