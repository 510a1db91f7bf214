"""What goes back to the sender: their own workbook, marked, and nothing else touched."""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from tests.intake.reading import KNOWN, NAMES
from xinyong.intake import feedback, read
from xinyong.intake.outcome import Counts, Found

EXTRA = [*NAMES, "经办人手记"]
ROWS: list[list[Any]] = [
    ["甲公司", "91X", date(2026, 1, 5), 0.2, "=1+1"],
    ["=HYPERLINK(1)", "92X", "2026年1月5日", -3, "勿动"],
    ["丙公司", "93X", "", "", None],
]
COUNTS = Counts(rows_read=3, accepted=1, doubtful=1, rejected=1)


@dataclass(frozen=True)
class Sent:
    """A file as sent and what reading found."""

    path: Path
    facts: dict[str, Any]


def finding(row_no: int, column: str, severity: str = "error", **changed: str) -> Found:
    texts = {
        "field": "", "value": "91X", "rule": "uscc.check", "message": "代码校验位不符", "message_en": "wrong check character",
        "basis": "GB 32100-2015", "suggestion": "=91…",
    }  # fmt: skip
    return Found(row_no=row_no, column=column, severity=severity, **(texts | changed))


def sent(path: Path) -> Sent:
    reading = read.read(path, folder=path.parent / "read", file_name=path.name, known_headers=KNOWN)
    return Sent(path, reading.facts() | {"rows": reading.rows})


def as_xlsx(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "许可"
    sheet.append(["行政许可信息"])
    sheet.merge_cells("A1:E1")
    for row in (EXTRA, *ROWS):
        sheet.append(row)
    sheet["A4"].data_type = "s"
    sheet.column_dimensions["A"].width = 33
    book.create_sheet("内部用").append(["不要动我"])
    path = folder / "许可.xlsx"
    book.save(path)
    return path


def as_csv(folder: Path) -> Path:
    path = folder / "许可.csv"
    with path.open("w", newline="", encoding="gb18030") as file:
        csv.writer(file).writerows([EXTRA, *ROWS])
    return path


def as_xls(folder: Path) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("许可")
    for place, row in enumerate([EXTRA, *ROWS]):
        for column, value in enumerate(row):
            sheet.write(place, column, str(value) if isinstance(value, date) else value)
    path = folder / "许可.xls"
    book.save(str(path))
    return path


def returned(file: Sent, *found: Found, to: str = "反馈.xlsx", counts: Counts = COUNTS) -> Path:
    target = file.path.parent / to
    write = feedback.workbook if to.endswith("xlsx") else feedback.csv
    write(original=file.path, file_name=file.path.name, facts=file.facts, findings=found, counts=counts, to=target)
    return target


def test_the_senders_own_workbook_comes_back_with_faulty_cells_coloured_and_commented(tmp_path: Path) -> None:
    file = sent(as_xlsx(tmp_path))
    target = returned(file, finding(3, NAMES[1]), finding(4, NAMES[2], "doubtful"), finding(4, NAMES[2], "warning"))
    book = openpyxl.load_workbook(target)
    sheet = book["许可"]
    assert sheet["B3"].fill.fgColor.rgb.endswith("FFC7CE")
    assert "代码校验位不符" in sheet["B3"].comment.text
    assert "GB 32100-2015" in sheet["B3"].comment.text
    assert sheet["C4"].fill.fgColor.rgb.endswith("FFEB9C")
    assert sheet["C4"].comment.text.count("wrong check character") == 2
    assert sheet["A3"].comment is None
    assert sheet["A3"].fill.fill_type is None


def test_everything_else_in_the_workbook_is_as_it_was(tmp_path: Path) -> None:
    file = sent(as_xlsx(tmp_path))
    before, after = openpyxl.load_workbook(file.path), openpyxl.load_workbook(returned(file, finding(3, NAMES[1])))
    assert after.sheetnames == [*before.sheetnames, "反馈说明 Feedback"]
    for name in before.sheetnames:
        one, other = before[name], after[name]
        assert [[cell.value for cell in row] for row in one] == [[cell.value for cell in row] for row in other]
        assert one.merged_cells.ranges == other.merged_cells.ranges
    assert after["许可"].column_dimensions["A"].width == 33
    assert after["许可"]["E3"].value == "=1+1"
    assert after["许可"]["A4"].data_type == "s"


def test_the_sheet_of_findings_holds_counts_and_no_formula(tmp_path: Path) -> None:
    file = sent(as_xlsx(tmp_path))
    book = openpyxl.load_workbook(returned(file, finding(3, NAMES[1], value="=cmd|' /C calc'!A0")))
    rows = [[cell.value for cell in row] for row in book["反馈说明 Feedback"]]
    assert ["读取行数 rows read", 3] in [row[:2] for row in rows]
    assert rows[-1][:4] == [3, NAMES[1], "=cmd|' /C calc'!A0", "错误 error"]
    assert all(cell.data_type != "f" for row in book["反馈说明 Feedback"] for cell in row)


def test_marks_of_an_earlier_feedback_are_taken_away(tmp_path: Path) -> None:
    first = returned(sent(as_xlsx(tmp_path)), finding(3, NAMES[1]))
    again = returned(sent(first), finding(4, NAMES[0]), to="again.xlsx")
    book = openpyxl.load_workbook(again)
    assert book["许可"]["B3"].comment is None
    assert book["许可"]["B3"].fill.fill_type is None
    assert book["许可"]["A4"].comment is not None
    assert book.sheetnames.count("反馈说明 Feedback") == 1


@pytest.mark.parametrize("make", [as_csv, as_xls])
def test_other_formats_come_back_as_a_workbook_of_the_same_columns(make: Any, tmp_path: Path) -> None:
    file = sent(make(tmp_path))
    book = openpyxl.load_workbook(returned(file, finding(2, NAMES[1]), finding(3, "不在表中的列")))
    sheet = book["数据 Data"]
    rows = [[cell.value for cell in row] for row in sheet]
    assert rows[0] == [*EXTRA, "原文件行号 Source row"]
    assert [row[0] for row in rows[1:]] == ["甲公司", "=HYPERLINK(1)", "丙公司"]
    assert [row[-1] for row in rows[1:]] == [2, 3, 4]
    assert sheet["B2"].fill.fgColor.rgb.endswith("FFC7CE")
    assert sheet["B2"].comment is not None
    assert sheet["A3"].comment is not None
    assert all(cell.data_type != "f" for row in sheet for cell in row)
    assert "反馈说明 Feedback" in book.sheetnames


def test_a_long_file_comes_back_with_its_faulty_rows_only(tmp_path: Path) -> None:
    file = sent(as_csv(tmp_path))
    book = openpyxl.load_workbook(
        returned(file, finding(3, NAMES[1]), counts=Counts(rows_read=100_001, accepted=100_001))
    )
    assert [row[-1].value for row in book["数据 Data"]][1:] == [3]
    said = [cell.value for row in book["反馈说明 Feedback"] for cell in row]
    assert any("只列出有问题的行" in str(value) for value in said)


def test_csv_feedback_has_the_senders_columns_then_result_and_problems(tmp_path: Path) -> None:
    file = sent(as_csv(tmp_path))
    target = returned(file, finding(2, NAMES[1]), finding(4, NAMES[0], "doubtful"), to="反馈.csv")
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(newline="", encoding="utf-8-sig") as out:
        rows = list(csv.reader(out))
    assert rows[0][: len(EXTRA)] == EXTRA
    assert [row[len(EXTRA)] for row in rows[1:]] == ["2", "3", "4"]
    assert [row[len(EXTRA) + 1][:2] for row in rows[1:]] == ["退回", "无问", "存疑"]
    assert "代码校验位不符" in rows[1][len(EXTRA) + 2]
    assert rows[1][-1] == "'=91…"
    assert rows[2][0] == "'=HYPERLINK(1)"
    assert rows[2][3] == "-3"


def test_a_workbook_that_cannot_be_marked_in_place_is_made_anew(tmp_path: Path) -> None:
    file = sent(as_xlsx(tmp_path))
    broken = file.facts | {"sheet": "许可"}
    other = Sent(as_csv(tmp_path), broken | {"format": "xlsx"})
    assert "数据 Data" in openpyxl.load_workbook(returned(other, finding(3, NAMES[1]))).sheetnames
