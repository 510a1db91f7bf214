"""How each department keeps its files: format, spelling of the headers, columns of its own, its way of writing days.

Headers are the item's names, codes and aliases, so a file always fits the catalogue it was written for.
"""

import re
from dataclasses import dataclass

import numpy as np

from xinyong.catalogue.schema import Field, Item
from xinyong.operations.synthetic import draw, naming
from xinyong.operations.synthetic.agencies import Agency, quirk
from xinyong.operations.synthetic.decisions import Columns
from xinyong.operations.synthetic.faults import DATE_FORMS

#: Formats and how often they are met; spreadsheets only below LARGEST_SHEET rows.
FORMATS: tuple[tuple[str, float], ...] = (
    ("xlsx", 30), ("csv", 22), ("csv-bom", 14), ("csv-gb18030", 16), ("csv-utf16", 5), ("tsv", 4), ("jsonl", 6), ("parquet", 3),
)  # fmt: skip
LARGEST_SHEET = 2_500
LARGEST_LINES = 20_000
#: The data bureau's exports, the newest first.
_EXPORTS = ("csv", "jsonl", "parquet", "csv-bom", "csv-gb18030", "csv-utf16", "tsv")
SUFFIXES = {"xlsx": ".xlsx", "tsv": ".tsv", "jsonl": ".jsonl", "parquet": ".parquet"}
_SPELLINGS: tuple[tuple[str, float], ...] = (("name", 40), ("wide", 22), ("code", 14), ("old", 12), ("alias", 12))
_DATE_WEIGHTS = (52, 16, 10, 10, 10, 2)
_CODE = re.compile(r"[A-Z][A-Z0-9_]+")
_ROOMS = ("综合科", "法规科", "行政审批科", "执法一大队", "执法二大队", "信用监管科")


@dataclass(frozen=True, slots=True)
class Layout:
    """One department's habit for one item."""

    format: str
    spelling: str
    date_form: str
    extras: tuple[str, ...]
    has_title: bool
    has_instruction: bool
    is_whole_template: bool

    @property
    def suffix(self) -> str:
        """The end of its file names."""
        return SUFFIXES.get(self.format, ".csv")


def of(agency: Agency, item_id: str, rows: int, *, age: int = 0) -> Layout:
    """The habit of the agency. The data bureau changes its export every half year (``age``: days ago); a file that a
    spreadsheet cannot hold well is sent as CSV."""
    salt = f"layout/{item_id}"
    chosen = FORMATS[_pick(quirk(agency, salt + "/format"), [weight for _, weight in FORMATS])][0]
    if agency.key == "data":
        chosen = _EXPORTS[age // 183 % len(_EXPORTS)]
    if (rows > LARGEST_SHEET and chosen == "xlsx") or (rows > LARGEST_LINES and chosen == "jsonl"):
        chosen = "csv"
    spelling = _SPELLINGS[_pick(quirk(agency, salt + "/spelling"), [weight for _, weight in _SPELLINGS])][0]
    if chosen in {"jsonl", "parquet"}:
        spelling = "code"
    extras = tuple(
        name for name, share in (("内部编号", 0.7), ("经办人", 0.5), ("承办科室", 0.4), ("录入日期", 0.3))
        if quirk(agency, salt + name) < share
    )  # fmt: skip
    return Layout(
        format=chosen, spelling=spelling, extras=extras,
        date_form=DATE_FORMS[_pick(quirk(agency, salt + "/dates"), _DATE_WEIGHTS)],
        has_title=chosen == "xlsx" and quirk(agency, salt + "/title") < 0.6,
        has_instruction=chosen == "xlsx" and quirk(agency, salt + "/instruction") < 0.3,
        is_whole_template=spelling in {"name", "wide"} and quirk(agency, salt + "/whole") < 0.6,
    )  # fmt: skip


def _pick(share: float, weights: tuple[float, ...] | list[float]) -> int:
    return int(draw.positions(np.array([share]), weights)[0])


def headers(layout: Layout, item: Item, columns: Columns) -> list[tuple[str, str]]:
    """(header, column code) in the order of the template; template columns without values too, where they are kept."""
    wanted = [field for field in item.fields if field.code in columns or layout.is_whole_template]
    return [(_spelled(field, layout.spelling), field.code) for field in wanted] + [
        (name, name) for name in layout.extras
    ]


def _spelled(field: Field, spelling: str) -> str:
    match spelling:
        case "wide":
            star = "*" if field.requirement == "required" else ""
            return star + field.name_zh.replace("(", "（").replace(")", "）") + (" " if len(field.name_zh) > 12 else "")
        case "code":
            return field.code
        case "old":
            return next((alias for alias in field.aliases if _CODE.fullmatch(alias)), field.code)
        case "alias":
            return next((alias for alias in field.aliases if not _CODE.fullmatch(alias)), field.name_zh)
        case _:
            return field.name_zh


def own_columns(layout: Layout, agency: Agency, seed: int, index: draw.Whole, days: draw.Whole) -> Columns:
    """The department's own columns: they mean nothing to the catalogue and come back to it untouched."""
    made: Columns = {}
    if "内部编号" in layout.extras:
        made["内部编号"] = draw.join(agency.mark, "-", draw.digits(index + 1, 7))
    if "经办人" in layout.extras:
        made["经办人"] = naming.persons(seed, agency.code + "/clerk", index % 9)
    if "承办科室" in layout.extras:
        made["承办科室"] = draw.take(_ROOMS, draw.below(seed, agency.code + "/room", index % 9, len(_ROOMS)))
    if "录入日期" in layout.extras:
        made["录入日期"] = draw.iso(days + 1)
    return made
