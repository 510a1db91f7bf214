"""Tables of tasks as plans carry them, in every shape, and the deadlines they write."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from xinyong.analytics import task_owners, task_table
from xinyong.analytics.task_owners import ALL, COUNTIES
from xinyong.analytics.task_table import NoTaskTable
from xinyong.intake.read import Refused
from xinyong.kernel import deadlines
from xinyong.security.identity import SourceUnit

PLAN = """各单位要按时完成。
附表
云溪市2026年信用工作任务分解
序号 | 主要任务 | 重点工作 | 目标任务 | 责任单位 | 完成时间 |
1 | 制度 | 建章立制 | 拟订(暂名)信用管理办法。 | 市发改委 | 持续推进 |
评估“|”以外的旧文件。 | 市发改委、市司法局 | 8月底前 |
宣传解读 | 举办培训。 | 各成员单位,各区县 | 2026年2月,持续推进 |
2 | 数据 | 归集 | 代码重错码清零。 | 市市场监管局、市委编办(改革办、综合科)等 | 根据省市局部署推进 |
提升及时率。 | 市场局等各有关部门 | 某日 |
注:分工可能调整。
2026-1-某某
"""
HEAD = ["序号", "主要任务", "重点工作", "目标任务", "责任单位", "完成时间"]


def _lines(text: str, folder: Path) -> task_table.Table:
    path = folder / "plan.txt"
    path.write_text(text, encoding="utf-8")
    return task_table.of_file(path, file_name=path.name)


def test_rows_whose_first_cells_go_on_from_above_are_read_from_the_right(tmp_path: Path) -> None:
    table = _lines(PLAN.replace("“|”", "“、”"), tmp_path)
    assert table.title == "云溪市2026年信用工作任务分解"
    assert [(one.number, one.chapter_no, one.chapter, one.section) for one in table.lines] == [
        (1, "1", "制度", "建章立制"), (2, "1", "制度", "建章立制"), (3, "1", "制度", "宣传解读"), (4, "2", "数据", "归集"),
        (5, "2", "数据", "归集"),
    ]  # fmt: skip
    assert [one.owners for one in table.lines] == [
        ("市发改委",), ("市发改委", "市司法局"), ("各成员单位", "各区县"), ("市市场监管局", "市委编办(改革办、综合科)"),
        ("市场局", "各有关部门"),
    ]  # fmt: skip
    assert [(one.deadline.due_on, one.deadline.is_ongoing) for one in table.lines] == [
        (None, True), (date(2026, 8, 31), False), (date(2026, 2, 28), True), (None, False), (None, False),
    ]  # fmt: skip
    assert [[doubt.code for doubt in one.doubts] for one in table.lines] == [[], [], [], [], ["deadline-unclear"]]


def test_a_markdown_table_and_one_without_closing_bars(tmp_path: Path) -> None:
    marked = "计划\n| 目标任务 | 责任单位 | 完成时间 |\n| --- | :-: | --- |\n| 甲事 | 市发改委 |  |\n"
    plain = "计划\n目标任务|责任单位|完成时间\n甲事|市发改委|\n"
    for text in (marked, plain):
        (line,) = _lines(text, tmp_path).lines
        assert (line.text, line.owners, line.deadline.words) == ("甲事", ("市发改委",), "")


def test_a_bar_within_a_text_shifts_no_column_in_silence(tmp_path: Path) -> None:
    line = _lines(PLAN.replace("2 | 数据", "2 | 数|据"), tmp_path).lines[3]
    assert line.is_kept_out
    assert [one.code for one in line.doubts] == ["too-many-cells"]


@pytest.mark.parametrize(
    ("row", "code", "is_kept_out"),
    [
        ("1 | 甲 | 乙 |  | 市发改委 | 持续推进", "no-text", True),
        ("1 | 甲 | 乙 | 做事 |  | 持续推进", "no-owner", True),
        ("1 | 甲 | 乙 | 做事 | 市发改委 |  ", "no-deadline", False),
        ("1 | 甲 | 乙 | 拟订(暂名)信用管理办法。 | 市发改委 | 持续推进", "repeated", True),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, row: str, code: str, is_kept_out: bool) -> None:
    head, first = PLAN.splitlines()[3:5]
    rows = [head, *([first] if code == "repeated" else []), row + " |"]
    line = _lines("\n".join(rows), tmp_path).lines[-1]
    assert [one.code for one in line.doubts] == [code]
    assert line.is_kept_out is is_kept_out


def test_a_workbook_and_a_csv_say_the_same_as_the_text(tmp_path: Path) -> None:
    rows = [["1", "制度", "建章", "甲事", "市发改委", "2026-03-31"], ["", "", "", "乙事", "", ""]]
    book = openpyxl.Workbook()
    for row in (HEAD, *rows):
        book.active.append(row)
    book.save(tmp_path / "plan.xlsx")
    (tmp_path / "plan.csv").write_text("\n".join(",".join(row) for row in (HEAD, *rows)), encoding="gb18030")
    for name in ("plan.xlsx", "plan.csv"):
        table = task_table.of_file(tmp_path / name, file_name=name, title="云溪市计划")
        assert [(one.section, one.text, one.owners, one.deadline.due_on) for one in table.lines] == [
            ("建章", "甲事", ("市发改委",), date(2026, 3, 31)), ("建章", "乙事", ("市发改委",), date(2026, 3, 31)),
        ]  # fmt: skip
        assert [one.code for one in table.lines[1].doubts] == ["owners-from-above", "deadline-from-above"]


def test_a_column_of_helpers_parts_them_from_those_who_lead(tmp_path: Path) -> None:
    text = "目标任务|牵头单位|配合单位|完成时限\n甲事|市发改委、市司法局|市税务局|年底前\n"
    table = _lines("2026年要点\n" + text, tmp_path)
    line = table.lines[0]
    assert (line.owners, line.helpers, line.deadline.due_on) == (
        ("市发改委", "市司法局"), ("市税务局",), date(2026, 12, 31),
    )  # fmt: skip
    assert [one.is_lead for one in task_owners.resolve(line.owners, line.helpers, units=[])] == [True, True, False]
    assert [one.is_lead for one in task_owners.resolve(line.owners, units=[])] == [True, False]


@pytest.mark.parametrize("text", ["", "没有表格的文字。", "序号|名称\n1|甲", "目标任务|责任单位|完成时间"])
def test_what_holds_no_table_is_refused_with_what_is_needed(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoTaskTable):
        _lines(text, tmp_path)


def test_a_hostile_workbook_is_the_readers_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "plan.xlsx").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    with pytest.raises(Refused):
        task_table.of_file(tmp_path / "plan.xlsx", file_name="plan.xlsx")


@pytest.mark.parametrize(
    ("words", "due_on", "is_ongoing"),
    [
        ("2026年8月31日前", date(2026, 8, 31), False), ("2026-08-31", date(2026, 8, 31), False),
        ("2026.8.31", date(2026, 8, 31), False), ("2026-08-31 00:00:00", date(2026, 8, 31), False),
        ("２０２６年８月底前完成", date(2026, 8, 31), False), ("2026年2月前", date(2026, 2, 28), False),
        ("6月底前", date(2026, 6, 30), False), ("12月31日前", date(2026, 12, 31), False), ("2026年底", date(2026, 12, 31), False),
        ("2026年第三季度", date(2026, 9, 30), False), ("一季度末", date(2026, 3, 31), False), ("上半年", date(2026, 6, 30), False),
        ("2026年6月前，长期坚持", date(2026, 6, 30), True), ("2026年3月、2026年9月", date(2026, 9, 30), False),
        ("持续推进", None, True), ("常态化推进", None, True), ("根据省市局部署推进", None, False), ("待定", None, False),
    ],
)  # fmt: skip
def test_deadlines_in_every_form(words: str, due_on: date | None, is_ongoing: bool) -> None:
    found = deadlines.read(words, year=deadlines.year_of("云溪市 2026 年计划"))
    assert (found.due_on, found.is_ongoing, found.is_understood, found.words) == (due_on, is_ongoing, True, words)


@pytest.mark.parametrize("words", ["", "尽快", "2026年13月前", "2月30日", "8", "完成"])
def test_a_deadline_that_says_nothing_is_not_guessed(words: str) -> None:
    assert not deadlines.read(words, year=2026).is_understood
    assert not deadlines.read("6月底前").is_understood, "no year"


def _unit(name: str, short: str = "", region: str = "990100") -> SourceUnit:
    return SourceUnit(1, name, name, short or name, region, frozenset())


UNITS = [
    _unit("云溪市发展和改革委员会"), _unit("云溪市市场监督管理局"), _unit("云溪市司法局"), _unit("云溪市水务局"),
    _unit("云溪市水利局"), _unit("青岚区司法局", region="990102"), _unit("云溪市机构编制委员会办公室", "市委编办"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "name", "group", "is_abbreviated"),
    [
        ("云溪市司法局", "云溪市司法局", "", False), ("市司法局", "云溪市司法局", "", False),
        ("市发改委", "云溪市发展和改革委员会", "", True), ("市委编办", "云溪市机构编制委员会办公室", "", False),
        ("市市场监管局(知识产权局)", "云溪市市场监督管理局", "", True), ("青岚区司法局", "青岚区司法局", "", False),
        ("市水局", "", "", False), ("市局", "", "", False), ("市教育局", "", "", False), ("某平台公司", "", "", False),
        ("各成员单位", "", ALL, False), ("各有关部门", "", ALL, False), ("各行业监管部门", "", ALL, False),
        ("各区县", "", COUNTIES, False), ("各县(市、区)", "", COUNTIES, False), ("各金融机构", "", "", False),
    ],
)  # fmt: skip
def test_whom_a_name_means(words: str, name: str, group: str, is_abbreviated: bool) -> None:
    (found,) = task_owners.resolve([words], units=UNITS)
    assert (found.words, found.name, found.group, found.is_abbreviated) == (words, name, group, is_abbreviated)
