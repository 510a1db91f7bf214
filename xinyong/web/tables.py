"""Tables: columns, sortable heads with their addresses, cells. Drawn by templates/web/pieces/table.html."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``kind``: text | number | date | code | tag. ``is_key``: heads the card that a row becomes at 360 px."""

    key: str
    label: str
    kind: str = "text"
    is_sortable: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: text, and where it leads, the tone of a tag, the language its text is in."""

    text: object
    href: str = ""
    tone: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A drawn head: its column, the address that sorts by it, and how the table is sorted by it now."""

    column: Column
    href: str
    sorted: str  # "ascending" | "descending" | "none"


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to draw. ``caption`` is always there (it may be shown to screen readers only)."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: tuple[Head, ...]
    is_caption_shown: bool = False
    empty: str = ""
    total: int | None = None

    @property
    def lines(self) -> list[list[tuple[Column, Cell]]]:
        """Rows with the column of each cell."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Sort:
    """How a table is sorted, read from an address: ``sort=key`` or ``sort=-key``."""

    key: str
    is_descending: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, query: Mapping[str, str], columns: Sequence[Column], default: str) -> "Sort":
        """The sort the address asks for, when its column can be sorted by; else ``default`` ("key" or "-key")."""
        asked = query.get("sort", default)
        allowed = {column.key for column in columns if column.is_sortable}
        if asked.lstrip("-") not in allowed:
            asked = default
        kept = {name: query[name] for name in query if name not in {"sort", "after", "before"}}
        return cls(key=asked.lstrip("-"), is_descending=asked.startswith("-"), kept=kept)

    def head(self, column: Column) -> Head:
        """The head of ``column``: choosing it sorts by it, choosing it again turns the order round."""
        if not column.is_sortable:
            return Head(column=column, href="", sorted="none")
        is_now = column.key == self.key
        asked = f"-{column.key}" if is_now and not self.is_descending else column.key
        order = ("descending" if self.is_descending else "ascending") if is_now else "none"
        return Head(column=column, href="?" + urlencode({**self.kept, "sort": asked}), sorted=order)


def table(
    *,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    sort: Sort | None = None,
    empty: str = "",
    total: int | None = None,
    is_caption_shown: bool = False,
) -> Table:
    """A table of these columns and rows (one cell a column). Without ``sort`` no head is a link."""
    made = tuple(Head(c, "", "none") if sort is None else sort.head(c) for c in columns)
    return Table(
        caption=caption, columns=tuple(columns), rows=tuple(tuple(r) for r in rows), heads=made,
        is_caption_shown=is_caption_shown, empty=empty, total=total,
    )  # fmt: skip
