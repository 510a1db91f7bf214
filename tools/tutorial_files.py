"""Writes the two workbooks of docs/tutorial: a department's file as it comes, and the same file corrected.

The organisations stand in every synthetic city made from the seed 7 (they are its oldest), so that the rows find them.
``python -m tools.tutorial_files`` writes them; tests/contracts/test_tutorial.py holds that they are current.
"""

import io
from datetime import datetime
from pathlib import Path

import xlsxwriter

TARGET = Path(__file__).parent.parent / "docs" / "tutorial"
#: The source unit that hands the file in: 云溪市行政审批服务局.
SOURCE = "11990100MGDPMKN144"
_AUTHORITY = "云溪市行政审批服务局"

HEADERS = (
    "行政相对人名称", "行政相对人类别", "统一社会信用代码", "法定代表人", "行政许可决定文书名称", "行政许可决定文书号", "许可类别",
    "许可编号", "许可内容", "许可决定日期", "有效期自", "有效期至", "许可机关", "许可机关统一社会信用代码", "当前状态", "数据来源单位",
    "数据来源单位统一社会信用代码", "内部编号", "经办人",
)  # fmt: skip
_ORGANISATION, _TRADER = "法人及非法人组织", "个体工商户"

Row = tuple[str | int, ...]


def _row(
    number: int, name: str, kind: str, code: str | int, person: str, decided: str, begins: str, ends: str, content: str
) -> Row:
    """One licence, in the order of HEADERS. A code given as a number is written as a number."""
    return (
        name, kind, code, person, "准予行政许可决定书", f"云审批许字〔2026〕第{number}号", "普通", f"JY{9901000 + number}", content,
        decided, begins, ends, _AUTHORITY, SOURCE, "1", _AUTHORITY, SOURCE, f"XK-{number:05}", "窗口3",
    )  # fmt: skip


_FOOD, _LABOUR, _ROAD = "食品经营许可：热食类食品制售", "劳务派遣经营许可", "道路普通货物运输经营许可"

_GOOD: tuple[Row, ...] = (
    _row(2101, "云溪市芸粟餐饮服务有限公司", _ORGANISATION, "91990102000554337H", "王永洋", "2026-11-17", "2026-11-17",
         "2031-11-16", _FOOD),
    _row(2102, "望泽区溯弦沅面馆", _TRADER, "92990103793093170F", "刘晓丽", "2026年11月17日", "2026年11月17日", "2031年11月16日",
         _FOOD),
    _row(2103, "云溪芸卷物流有限责任公司", _ORGANISATION, "919901033103816032", "陈世平", "2026.11.18", "2026.11.18", "2099.12.31",
         _ROAD),
)  # fmt: skip
_RIGHT: tuple[Row, ...] = (
    _row(2104, "望泽霁歌科技有限公司", _ORGANISATION, "9199010048326590XF", "朱小文", "2026-11-18", "2026-11-18", "2029-11-17",
         _LABOUR),
    _row(2105, "砚泉苒诗人力资源有限公司", _ORGANISATION, "91990181931400619G", "胡梓敏", "2026-11-18", "2026-11-18",
         "2029-11-17", _LABOUR),
    _row(2106, "云溪市潋钰珩建设工程厂", _ORGANISATION, "919901214486890451", "龚文峰", "2026-11-18", "2026-11-18", "2099-12-31",
         _ROAD),
    _row(2107, "云溪璞石餐饮管理有限公司", _ORGANISATION, "91990181275804745M", "许小娜", "2026-11-19", "2026-11-19", "2031-11-18",
         _FOOD),
    _row(2108, "松墨县澜允豆腐坊", _TRADER, "92990121516478291N", "龙红伟", "2026-11-19", "2026-11-19", "2031-11-18", _FOOD),
)  # fmt: skip


def _changed(row: Row, **cells: str | int) -> Row:
    """The row with cells replaced, by header."""
    return tuple(cells.get(header, value) for header, value in zip(HEADERS, row, strict=True))


#: What is wrong, in the order of the rows: a letter O for a zero, a name of somebody else, a code typed as a number,
#: no end of validity, a sole trader called an organisation; and the first row once more.
_WRONG: tuple[Row, ...] = (
    _changed(_RIGHT[0], 统一社会信用代码="9199O10048326590XF"),
    _changed(_RIGHT[1], 行政相对人名称="砚泉苒诗劳务有限公司"),
    _changed(_RIGHT[2], 统一社会信用代码=919901214486890451),
    _changed(_RIGHT[3], 有效期至=""),
    _changed(_RIGHT[4], 行政相对人类别=_ORGANISATION),
)


def workbooks() -> dict[str, bytes]:
    """File name → content."""
    return {
        "licences.xlsx": _workbook((*_GOOD, *_WRONG, _GOOD[0])),
        "licences-corrected.xlsx": _workbook((*_GOOD, *_RIGHT)),
    }


def _workbook(rows: tuple[Row, ...]) -> bytes:
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 11, 20)})  # noqa: DTZ001 — a fixed stamp: the same file at every run
    sheet = book.add_worksheet("行政许可")
    title = book.add_format({"bold": True, "font_size": 14, "align": "center"})
    head = book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#E8EEF6"})
    text = book.add_format({"num_format": "@", "border": 1})
    whole = book.add_format({"num_format": "0", "border": 1})
    sheet.merge_range(0, 0, 0, len(HEADERS) - 1, "云溪市行政审批服务局2026年11月行政许可信息表", title)
    sheet.write_row(1, 0, HEADERS, head)
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, column, value, whole)
            else:
                sheet.write_string(number, column, value, text)
    sheet.set_column(0, len(HEADERS) - 1, 22)
    sheet.freeze_panes(2, 1)
    book.close()
    return memory.getvalue()


def main() -> None:
    """Writes the workbooks."""
    for name, content in workbooks().items():
        (TARGET / name).write_bytes(content)
        print(TARGET / name)


if __name__ == "__main__":
    main()
