"""Workbooks: sheets, headers, dates, numbers that lost digits, declared dimensions that lie."""

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from python_calamine import CalamineWorkbook

from tests.intake.reading import NAMES, Result
from xinyong.intake import headers, read
from xinyong.intake._cells import number_text, serial_text, shows

HEADERS = NAMES
SHARED = Path(__file__).parents[2] / "../shared/data/awkward-files"


def workbook(folder: Path, *rows: Sequence[object], edit: Callable[[Any], None] | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    if edit:
        edit(book)
    path = folder / "input.xlsx"
    book.save(path)
    return path


def patched(path: Path, part: str, old: str, new: str) -> Path:
    """The workbook with one part changed by a regular expression."""
    target = path.with_name("patched.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                changed = re.sub(old, new, content.decode(), flags=re.DOTALL)
                assert changed != content.decode()
                content = changed.encode()
            out.writestr(name, content)
    return target


def test_rows_come_out_as_text_with_the_numbers_a_spreadsheet_counts(tmp_path: Path) -> None:
    result = Result(
        workbook(tmp_path, HEADERS, ["甲", "91X", date(2026, 1, 5), 0.2], ["乙", "92X", "2026年1月5日", 12])
    )
    assert result.head.headers == HEADERS
    assert (result.head.format, result.head.sheet, result.head.header_row) == ("xlsx", "Sheet", 1)
    assert result.rows == [(2, "甲", "91X", "2026-01-05", "0.2"), (3, "乙", "92X", "2026年1月5日", "12")]
    assert result.notes == []


def test_the_header_is_found_below_merged_titles_and_instructions(tmp_path: Path) -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("A1:D1")
        book.active.merge_cells("A2:D2")

    path = workbook(
        tmp_path, ["行政许可信息表"], ["填表说明：……"], [], HEADERS, ["甲", "1", "", ""], [], ["乙"], edit=merge
    )
    result = Result(path)
    assert result.head.header_row == 4
    assert [row[:2] for row in result.rows] == [(5, "甲"), (7, "乙")]


def test_the_declared_dimension_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADERS, *[[f"企业{i}", "1", "", i] for i in range(1000)])
    lied = patched(path, "xl/worksheets/sheet1.xml", r'<dimension ref="[^"]*"', '<dimension ref="A1:A1"')
    assert len(Result(lied).rows) == 1000


def test_a_used_range_to_the_last_column_is_formatting(tmp_path: Path) -> None:
    def paint(book: Any) -> None:
        for row in (1, 2):
            book.active.cell(row, 16_384).fill = PatternFill("solid", fgColor="FFFF00")

    result = Result(workbook(tmp_path, HEADERS, ["甲", "1", "", ""], edit=paint))
    assert result.head.headers == HEADERS


def test_a_code_typed_as_a_number_is_noted_and_not_repaired(tmp_path: Path) -> None:
    result = Result(
        workbook(tmp_path, HEADERS, ["甲", 110101199003070011, "", 10**15], ["乙", 1310101990, "", 13101019901])
    )
    assert result.rows[0][2] == "110101199003070000"
    assert result.notes == [
        (2, 1, "number-lost-digits"),
        (2, 3, "number-lost-digits"),
        (3, 3, "number-as-text"),
    ]


def test_formulas_give_their_kept_value_and_are_noted_without_one(tmp_path: Path) -> None:
    path = tmp_path / "input.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    sheet.write_formula(1, 0, '="甲"&"公司"', None, "甲公司")
    sheet.write_formula(1, 3, "=1/4", None, 0.25)
    book.close()
    assert Result(path).rows == [(2, "甲公司", None, None, "0.25")]
    without = Result(workbook(tmp_path, HEADERS, ["甲", "1", "", "=1+1"]))
    assert without.rows == [(2, "甲", "1", None, None)]
    assert without.notes == [(2, 3, "formula-without-value")]


def test_error_values_and_truth_values_are_told_apart_from_empty_cells(tmp_path: Path) -> None:
    result = Result(workbook(tmp_path, HEADERS, ["甲", "#N/A", True, None]))
    assert result.rows == [(2, "甲", "#N/A", "TRUE", None)]
    assert result.notes == [(2, 1, "error-value")]


def test_dates_are_read_in_the_1904_system_too(tmp_path: Path) -> None:
    def old_mac(book: Any) -> None:
        book.epoch = CALENDAR_MAC_1904

    path = workbook(tmp_path, HEADERS, ["甲", "1", date(2026, 1, 5), ""], edit=old_mac)
    assert Result(path).rows[0][3] == "2026-01-05"


@pytest.mark.parametrize("format_id", [14, 22, 27, 31, 57, 58])
def test_built_in_date_formats_of_chinese_editions_show_dates(format_id: int, tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADERS, ["甲", "1", date(2026, 1, 5), ""])
    style = rf"\g<1>{format_id}\g<2>"
    path = patched(path, "xl/styles.xml", r'(<cellXfs.*numFmtId=")164(".*</cellXfs>)', style)
    assert Result(path).rows[0][3] == "2026-01-05"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ('yyyy"年"m"月"d"日"', "date"),
        ("[DBNum1][$-804]yyyy年m月d日;@", "date"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "date"),
        ("m/d", "date"),
        ("h:mm:ss", "time"),
        ("[h]:mm", "time"),
        ("General", "number"),
        ("0.00_);[Red](0.00)", "number"),
        ('#,##0.00"元"', "number"),
        ('[$¥-804]#,##0.00;"day"', "number"),
        ("@", "number"),
    ],
)
def test_custom_formats_are_told_apart(code: str, kind: str) -> None:
    assert shows(170, {170: code}) == kind


@pytest.mark.parametrize(
    ("value", "text", "note"),
    [
        ("0.2", "0.2", None),
        ("0.30000000000000004", "0.3", None),
        ("1E-7", "0.0000001", None),
        ("12.0", "12", None),
        ("-0", "0", None),
        ("1.1010119900307E+17", "110101199003070000", "number-lost-digits"),
        ("999999999999999", "999999999999999", "number-as-text"),
        ("1e999", "1e999", None),
        ("二", "二", None),
    ],
)
def test_numbers_keep_what_a_spreadsheet_shows(value: str, text: str, note: str | None) -> None:
    assert number_text(value) == (text, note)


@given(st.dates(date(1900, 3, 1), date(9999, 12, 31)))
def test_every_serial_is_its_date(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    assert serial_text(str(serial), is_1904=False, is_time=False) == day.isoformat()


def test_serials_that_are_no_dates_are_noted(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADERS, ["甲", "1", date(2026, 1, 5), ""])
    broken = patched(path, "xl/worksheets/sheet1.xml", r"<v>46027</v>", "<v>-5</v>")
    assert Result(broken).notes == [(2, 2, "error-value")]


def test_the_sheet_with_the_best_header_is_read_and_the_others_named(tmp_path: Path) -> None:
    def more(book: Any) -> None:
        book.create_sheet("说明").append(["请勿修改"])
        book.create_sheet("空表")
        hidden = book.create_sheet("码表")
        hidden.append(HEADERS)
        hidden.sheet_state = "hidden"

    result = Result(workbook(tmp_path, HEADERS[:3], ["甲", "1", ""], edit=more))
    assert result.head.sheet == "Sheet"
    assert result.facts["sheets_ignored"] == ["说明", "码表"]
    assert any("说明" in remark for remark in result.facts["remarks"])


def test_two_sheets_with_equal_headers_are_asked_for(tmp_path: Path) -> None:
    def twin(book: Any) -> None:
        other = book.create_sheet("二")
        other.append(HEADERS)
        other.append(["乙", "2", "", ""])

    path = workbook(tmp_path, HEADERS, ["甲", "1", "", ""], edit=twin)
    with pytest.raises(read.SheetUnclear, match="二"):
        Result(path)
    assert Result(path, sheet="二").rows == [(2, "乙", "2", None, None)]
    with pytest.raises(read.SheetUnclear, match="没有名为"):
        Result(path, sheet="三")


def test_rich_and_phonetic_texts_read_as_what_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "input.xlsx"
    book = xlsxwriter.Workbook(path)
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    sheet.write_rich_string(1, 0, "云溪", bold, "商贸", "公司")
    sheet.write_string(1, 1, "上\r\n下")
    book.close()
    guided = patched(path, "xl/sharedStrings.xml", "(<si><r>)", r"<si><rPh sb='0' eb='1'><t>yun</t></rPh><r>")
    assert Result(guided).rows[0][1:3] == ("云溪商贸公司", "上\r\n下")


def test_prefixed_markup_and_cells_without_references_are_read(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADERS, ["甲", "1", "", 5])
    bare = patched(path, "xl/worksheets/sheet1.xml", r' r="[A-Z]+\d+"', "")
    assert Result(bare).rows[0][1:3] == ("甲", "1")
    prefixed = patched(path, "xl/worksheets/sheet1.xml", r"<(/?)(\w)", r"<\1x:\2")
    prefixed = patched(prefixed.rename(tmp_path / "p.xlsx"), "xl/worksheets/sheet1.xml", 'xmlns="', 'xmlns:x="')
    assert Result(prefixed).rows == [(2, "甲", "1", None, "5")]


def test_old_workbooks_are_read(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("许可")
    dated = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for column, header in enumerate(HEADERS):
        sheet.write(1, column, header)
    sheet.write(2, 0, "甲")
    sheet.write(2, 1, 110101199003070011)
    sheet.write(2, 2, datetime(2026, 1, 5), dated)  # noqa: DTZ001
    sheet.write(2, 3, 0.2)
    path = tmp_path / "input.xls"
    book.save(str(path))
    result = Result(path)
    assert (result.head.format, result.head.header_row) == ("xls", 2)
    assert result.rows == [(3, "甲", "110101199003070000", "2026-01-05", "0.2")]
    assert result.notes == [(3, 1, "number-lost-digits")]


def test_a_workbook_named_csv_is_read_by_content_and_said(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADERS, ["甲", "1", "", ""])
    result = Result(path.rename(tmp_path / "data.csv"))
    assert result.rows == [(2, "甲", "1", None, None)]
    assert any("已按内容读取" in remark for remark in result.facts["remarks"])


@pytest.mark.parametrize(
    "name",
    [
        "compatibility__t02.xlsx",
        "compatibility__t03.xlsx",
        "compatibility__t07.xlsx",
        "dataformat__dataformat.xlsx",
        "demo__cellDataDemo.xlsx",
    ],
)
def test_awkward_real_files_read_the_same_as_another_reader(name: str, tmp_path: Path) -> None:
    if not SHARED.exists():
        pytest.skip("no shared data")
    path = SHARED / name
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    content = sheet.to_python(skip_empty_area=False)
    top = max(content[:3], key=lambda row: sum(map(bool, row)))
    copy = tmp_path / name
    copy.write_bytes(path.read_bytes())
    result = Result(copy, known=frozenset(headers.normalise(str(each)) for each in top if each), sheet=sheet.name)
    expected = content[result.head.header_row :]
    assert len(result.rows) == sum(1 for row in expected if any(str(cell).strip() for cell in row))
    for row in result.rows:
        for ours, theirs in zip(row[1:], content[row[0] - 1], strict=False):
            if isinstance(theirs, str):
                assert (ours or "").strip() == theirs.strip()
            elif isinstance(theirs, float):
                assert float(ours) == pytest.approx(theirs, rel=1e-14)
            elif isinstance(theirs, datetime):
                assert abs(datetime.fromisoformat(ours) - theirs) < timedelta(seconds=1)


_value = st.one_of(
    st.none(),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=10
    ),
    st.integers(-(10**14), 10**14),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12),
    st.dates(date(1901, 1, 1), date(2099, 12, 31)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(_value, min_size=4, max_size=4), min_size=1, max_size=8))
def test_two_readers_agree_on_what_xlsxwriter_writes(rows: list[list[object]], tmp_path: Path) -> None:
    path = tmp_path / "input.xlsx"
    book = xlsxwriter.Workbook(
        path, {"default_date_format": "yyyy-mm-dd", "strings_to_urls": False, "strings_to_formulas": False}
    )
    sheet = book.add_worksheet()
    for number, row in enumerate([HEADERS, *rows, ["末", "1", "", 1]]):
        sheet.write_row(number, 0, row)
    book.close()
    ours = {row[0]: row[1:] for row in Result(path).rows}
    for number, row in enumerate(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1:], start=2):
        for mine, theirs in zip(ours.get(number, [None] * 4), row, strict=True):
            if isinstance(theirs, float):
                assert mine is not None
                assert float(mine) == pytest.approx(theirs, rel=1e-14)
            elif isinstance(theirs, date):
                assert mine == theirs.isoformat()
            else:
                assert (mine or "") == (theirs if str(theirs).strip() else "")
