"""The index of a batch: a workbook with the outcome of each line, the branches covered, and what was asked."""

from collections.abc import Sequence
from io import BytesIO

import xlsxwriter

from xinyong.kernel import clock
from xinyong.kernel.cells import WORKBOOK_OPTIONS
from xinyong.reports.batch_view import BatchView, LineView
from xinyong.reports.models import BatchLine

_HEAD = ("序号", "提交的名称或代码", "结果", "名称", "统一社会信用代码", "报告编号", "记录条数", "文件", "说明")
_WIDTHS = (6, 34, 22, 34, 22, 26, 10, 28, 60)


def write(to: BytesIO, batch: BatchView, lines: Sequence[LineView]) -> None:
    """Writes the index (.xlsx). Every cell is text or a number; nothing is a formula."""
    with xlsxwriter.Workbook(to, {**WORKBOOK_OPTIONS, "in_memory": True}) as book:
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        words = dict(BatchLine.Outcome.choices)
        sheet = book.add_worksheet("索引")
        for column, (head, width) in enumerate(zip(_HEAD, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width, wrap)
            sheet.write_string(0, column, head, bold)
        sheet.freeze_panes(1, 2)
        for row, one in enumerate(lines, start=1):
            file = f"{one.number:04}-{one.subject_code}.pdf" if one.outcome == BatchLine.Outcome.ISSUED else ""
            texts = (
                one.given,
                words.get(one.outcome, one.outcome),
                one.subject_name,
                one.subject_code,
                one.report_number,
            )
            sheet.write_number(row, 0, one.number)
            for column, text in enumerate(texts, start=1):
                sheet.write_string(row, column, text)
            if one.found is not None:
                sheet.write_number(row, 6, one.found)
            sheet.write_string(row, 7, file)
            sheet.write_string(row, 8, one.note)
        _branches(book.add_worksheet("分支机构"), lines, bold)
        _asked(book.add_worksheet("说明"), batch, lines)


def _branches(sheet: "xlsxwriter.worksheet.Worksheet", lines: Sequence[LineView], bold: object) -> None:
    for column, (head, width) in enumerate((("序号", 6), ("所属单位", 34), ("分支机构", 40), ("统一社会信用代码", 22))):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, bold)
    row = 0
    for one in lines:
        for code, name in one.branches:
            row += 1
            sheet.write_number(row, 0, one.number)
            for column, text in enumerate((one.subject_name, name, code), start=1):
                sheet.write_string(row, column, text)


def _asked(sheet: "xlsxwriter.worksheet.Worksheet", batch: BatchView, lines: Sequence[LineView]) -> None:
    words = dict(BatchLine.Outcome.choices)
    counts = {outcome: sum(one.outcome == outcome for one in lines) for outcome in words}
    said = [
        ("提交时间", f"{batch.asked_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"),
        ("用途", batch.purpose or "—"),
        ("检索期间", f"{batch.asked['first_day']} 至 {batch.asked['last_day']}"),
        ("检索领域", "全部领域" if not batch.asked["domains"] else f"{len(batch.asked['domains'])} 个领域，见各报告"),
        (
            "分支机构",
            "包括本平台已知的分支机构，见“分支机构”页；其他分支机构没有检索" if batch.asked["branches"] else "没有检索",
        ),
        ("提交", f"{batch.total} 行"),
        *((words[outcome], f"{count} 行") for outcome, count in counts.items()),
        ("核验", "每份报告都带有电子签名；撤销和更新情况请扫报告上的二维码。本索引没有签名，以报告为准。"),
    ]
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    for row, (label, text) in enumerate(said):
        sheet.write_string(row, 0, label)
        sheet.write_string(row, 1, text)
