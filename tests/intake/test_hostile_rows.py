"""Cells that break programs: each gets a finding or goes in, and never stops the rows around it."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.intake import made
from tests.intake.made import HandIn, Row
from xinyong.intake import returned
from xinyong.records import dossier

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

#: Every field of a type gets every one of these.
HORRORS = (
    "\ud7ff\ue000", "\u202e罚", "=1+1", "@SUM(A1)", "'; DROP TABLE record; --", "\\N", "\\.", "\\",
    '"', '""', "'", ",", "\n", "\r\n", "\t", "{}", '{"a":', "NaN", "inf", "-inf", "1e999", "-0", "+", "-", ".", "+-5", "--1",
    "１２", "٣", "1,2,3", "1e5", "0x10", "9" * 400, "0000-00-00", "9999-12-31", "9999-12-30", "2026-13-01", "0001-01-01",
    "99999999", "二〇二六年一二月十一日", "十十年十月十日", "2026年2月31日", "𠀀𠀁", "🏛", "a" * 70_000, "%s", "%(x)s", "$1", "NULL", "null",
)  # fmt: skip


@pytest.mark.parametrize("item_id", ["admin-penalty-org", "organisation-register", "honour", "serious-dishonesty"])
def test_no_cell_stops_the_good_rows_beside_it(item_id: str, tmp_path: Path) -> None:
    from xinyong.catalogue import publish

    unit, who = made.department(), made.organisation()
    made.register(who)
    item = publish.current(item_id)
    good: dict[str, Row] = {
        "admin-penalty-org": made.penalty_row(who, unit),
        "organisation-register": made.register_row(who, unit),
        "honour": {
            "ZTMC": who.name, "TYSHXYDM": who.code, "RYLB": "纳税信用A级", "RYMC": "纳税信用A级纳税人", "ND": "2025",
            "RDRQ": "2026-06-01", "YXQZ": "2026-06-01", "YXQZI": "2027-06-01", "RDJG": unit.name,
        },
        "serious-dishonesty": {
            "ZTMC": who.name, "TYSHXYDM": who.code, "MDLB": "市场监督管理严重违法失信名单", "LRWSH": made.document("列"),
            "LRSY": "示例事由", "LRYJ": "示例依据", "LRRQ": "2026-06-01", "LRJZRQ": "2029-06-01", "RDJG": unit.name,
            "RDJGDM": unit.code, "GZRQ": "2026-05-01",
        },
    }  # fmt: skip
    row = good[item_id]
    by_type: dict[object, str] = {}
    for field in item.fields:
        by_type.setdefault((field.type, field.is_computed, field.is_personal), field.code)
    spoilt = [row | {code: horror} for code in by_type.values() for horror in HORRORS]
    path = made.jsonl_file(tmp_path / "rows.jsonl", [row | dict.fromkeys(by_type.values(), "") | row, *spoilt])
    view = made.hand_in(path, item_id, unit)
    assert view.status == "deposited", view.refusal
    assert view.counts.is_whole
    assert view.counts.rows_read == 1 + len(spoilt)
    assert view.counts.accepted >= 1
    returned.write(view.id, to=tmp_path / "back.csv", seen_by=made.SYSTEM)


def test_dates_at_the_edge_of_the_calendar_do_not_stop_a_list(hand_in: HandIn) -> None:
    unit = made.department()
    rows = [
        {
            "ZTMC": who.name, "TYSHXYDM": who.code, "RYLB": "其他-示例荣誉", "RYMC": "示例荣誉", "RDRQ": "2026-06-01",
            "YXQZ": "", "YXQZI": end, "RDJG": unit.name, "ND": year,
        }
        for end, year in [("9999-12-31", "2025"), ("2999-12-31", "2025"), ("3000-01-01", "2025"), ("1980-01-01", "2025"),
                          ("", "+-5"), ("", "2025")]
        for who in [made.organisation()]
    ]  # fmt: skip
    view = hand_in(rows, "honour", unit)
    assert view.status == "deposited", view.refusal
    assert made.rules(view).keys() >= {4, 6}
    assert (view.counts.accepted, view.counts.rejected) == (4, 2)


def test_a_code_typed_as_a_number_is_refused_and_said_to_be_lost(tmp_path: Path) -> None:
    unit, who = made.department(), made.organisation()
    made.register(who)
    good = made.penalty_row(who, unit)
    digits = "911301097000000012"
    path = made.xlsx_file(
        tmp_path / "双公示.xlsx",
        [good, made.penalty_row(who, unit) | {"CF_XDR_SHXYM": int(digits)}, made.penalty_row(who, unit, CF_JDRQ="2026-02-30"),
         made.penalty_row(who, unit) | {"CF_NR_FK": 0.2, "内部编号": "甲-7"}],
        title="行政处罚信息公示表",
    )  # fmt: skip
    view = made.hand_in(path, "admin-penalty-org", unit)
    rules = made.rules(view)
    assert "F9-number-lost-digits" in rules[4]
    assert (view.counts.accepted, view.counts.rejected) == (2, 2)
    lost = next(one for one in made.found(view) if one.rule == "F9-number-lost-digits")
    assert (lost.column, lost.suggestion) == ("CF_XDR_SHXYM", "")

    back = returned.write(view.id, to=tmp_path / "back.xlsx", seen_by=made.SYSTEM)
    sheet = openpyxl.load_workbook(back).worksheets[0]
    header = [cell.value for cell in sheet[2]]
    assert sheet["A1"].value == "行政处罚信息公示表"
    faulty = sheet.cell(5, header.index("CF_JDRQ") + 1)
    assert faulty.fill.fgColor.rgb.endswith("FFC7CE")
    assert faulty.comment is not None
    assert "不是存在的日期" in faulty.comment.text
    assert sheet.cell(6, header.index("内部编号") + 1).value == "甲-7", "their own column is untouched"
    assert sheet.cell(3, header.index("CF_JDRQ") + 1).comment is None
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    assert len([r for s in file.sections for r in s.records]) == 2


def test_feedback_of_text_files_comes_back_with_every_row_and_harmless_formulas(file: Callable[..., Path]) -> None:
    unit, who = made.department(), made.organisation()
    rows = [made.penalty_row(who, unit) | {"备": "=HYPERLINK(1)"}, made.penalty_row(who, unit, CF_WSH="") | {"备": "x"}]
    path = file(rows)
    view = made.hand_in(path, "admin-penalty-org", unit)
    text = returned.write(view.id, to=path.with_name("back.csv"), seen_by=made.SYSTEM).read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    assert "V01-required" in text
    book = openpyxl.load_workbook(returned.write(view.id, to=path.with_name("back.xlsx"), seen_by=made.SYSTEM))
    values = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert rows[0]["CF_WSH"] in values
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_a_register_row_under_the_placeholder_says_why_it_waits(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    view = hand_in([made.register_row(who, unit, TYSHXYDM="0" * 17 + "X"), made.register_row(who, unit)],
                   "organisation-register", unit)  # fmt: skip
    assert view.counts.accepted == 1
    assert made.rules(view).get(2), "no row waits without a word"


def test_one_unknown_code_under_two_names_goes_in_under_the_first_and_the_other_waits(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    other = made.penalty_row(who, unit, CF_XDR_MC="云溪市完全另外一家建筑有限公司")
    view = hand_in([made.penalty_row(who, unit), other], "admin-penalty-org", unit)
    assert (view.counts.accepted, view.counts.doubtful) == (1, 1)
    assert "V05-name-mismatch" in made.rules(view)[3]
