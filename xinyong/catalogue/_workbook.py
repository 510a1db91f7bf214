"""The empty import workbook of an item: a sheet to fill in, a sheet that explains, a sheet of codes.

Codes are text columns: a spreadsheet turns an 18-digit code typed as a number into 9.19E+17 and loses its tail.
"""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range_abs

from xinyong.catalogue.schema import Code, Field, FieldType, Item, Requirement
from xinyong.kernel.cells import WORKBOOK_OPTIONS

#: Rows prepared with formats and drop-downs; more may be filled in.
PREPARED_ROWS = 50_000
_TYPES = {
    FieldType.TEXT: "文本", FieldType.CODE: "代码", FieldType.DATE: "日期（2026-03-02）", FieldType.DECIMAL: "小数",
    FieldType.INTEGER: "整数", FieldType.BOOLEAN: "是/否", FieldType.USCC: "统一社会信用代码（18位）",
    FieldType.ORG_CODE: "组织机构代码（9位）", FieldType.CERTIFICATE: "证件号码",
}  # fmt: skip


def build(item: Item, codes: Mapping[str, tuple[Code, ...]]) -> bytes:
    """The workbook as bytes; the same item gives the same bytes."""
    buffer = io.BytesIO()
    options = {"in_memory": True} | WORKBOOK_OPTIONS
    with xlsxwriter.Workbook(buffer, options) as book:
        made = item.effective_from
        stamp = datetime(made.year, made.month, made.day, tzinfo=UTC) if made else datetime(2018, 7, 25, tzinfo=UTC)
        book.set_properties(
            {"title": f"{item.title_zh}（第 {item.version} 版）", "created": stamp.replace(tzinfo=None)}
        )
        fields = [one for one in item.fields if one.requirement is not Requirement.BLANK]
        formats = _formats(book)
        data, guide = book.add_worksheet("数据"), book.add_worksheet("填写说明")
        lists = book.add_worksheet("代码表")
        places = _code_sheet(lists, fields, codes, formats)
        _data_sheet(data, fields, codes, places, formats)
        _guide_sheet(guide, item, fields, codes, formats)
    return buffer.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    head = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": "#9AA5B1"}
    wrap = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#D5DBE1"}
    return {
        "required": book.add_format(head | {"bg_color": "#1F4E79", "font_color": "#FFFFFF"}),
        "conditional": book.add_format(head | {"bg_color": "#D6E4F0"}),
        "optional": book.add_format(head | {"bg_color": "#F2F4F7"}),
        "computed": book.add_format(head | {"bg_color": "#E4E7EB", "font_color": "#52606D", "italic": True}),
        "text": book.add_format({"num_format": "@"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "number": book.add_format({"num_format": "0.######"}),
        "whole": book.add_format({"num_format": "0"}),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format(head | {"bg_color": "#F2F4F7"}),
        "cell": book.add_format(wrap | {"num_format": "@"}),
        "plain": book.add_format({"text_wrap": True, "valign": "top"}),
    }


def _data_sheet(
    sheet: Any,
    fields: list[Field],
    codes: Mapping[str, tuple[Code, ...]],
    places: dict[str, str],
    formats: dict[str, Any],
) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 48)
    for index, one in enumerate(fields):
        sheet.set_column(index, index, _width(one), formats[_kind(one)])
        sheet.write_string(0, index, one.name_zh, formats[_need(one)[0]])
        sheet.write_comment(0, index, _advice(one, codes), {"x_scale": 2.2, "y_scale": 1.6, "author": "信用"})
        check = _validation(one, codes, places)
        if check is not None:
            sheet.data_validation(1, index, PREPARED_ROWS, index, check)
    sheet.autofilter(0, 0, 0, len(fields) - 1)


def _guide_sheet(
    sheet: Any, item: Item, fields: list[Field], codes: Mapping[str, tuple[Code, ...]], formats: dict[str, Any]
) -> None:
    sheet.write_string(0, 0, f"{item.title_zh}：填写说明（第 {item.version} 版）", formats["title"])
    lines = [
        item.description,
        f"报送要求：{item.update_cycle}。提供单位：{item.source}。",
        "请在“数据”页第二行起填写，不要改动表头。深蓝色表头必填，浅蓝色按条件必填，灰色斜体由平台计算。",
        "代码、文书号等列已设为文本格式，请勿改成数字：18位代码按数字录入会丢失末尾几位，无法恢复。",
    ]
    for row, line in enumerate(lines, start=1):
        sheet.merge_range(row, 0, row, 6, line, formats["plain"])
        sheet.set_row(row, 32)
    heads = ("序号", "名称", "列代码", "填写要求", "类型", "长度", "说明")
    top = len(lines) + 2
    for column, (text, width) in enumerate(zip(heads, (6, 36, 16, 24, 22, 8, 64), strict=True)):
        sheet.write_string(top, column, text, formats["head"])
        sheet.set_column(column, column, width)
    for row, one in enumerate(fields, start=top + 1):
        cells = (
            str(row - top), one.name_zh, one.code, _need(one)[1], _TYPES[one.type], _length(one), _explained(one, codes)
        )  # fmt: skip
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, formats["cell"])
    bottom = top + len(fields) + 2
    sheet.write_string(bottom, 0, "示例（虚构，仅供参考，请勿报送）", formats["title"])
    for column, one in enumerate(fields):
        sheet.write_string(bottom + 1, column, one.name_zh, formats["head"])
        sheet.write_string(bottom + 2, column, one.example, formats["cell"])
    sheet.freeze_panes(top + 1, 0)


def _code_sheet(
    sheet: Any, fields: list[Field], codes: Mapping[str, tuple[Code, ...]], formats: dict[str, Any]
) -> dict[str, str]:
    places: dict[str, str] = {}
    column = 0
    for one in fields:
        if one.code_list is None or one.code_list in places:
            continue
        values = [code.value for code in codes[one.code]]
        sheet.write_string(0, column, one.name_zh, formats["head"])
        sheet.write_string(0, column + 1, "含义", formats["head"])
        for row, code in enumerate(codes[one.code], start=1):
            sheet.write_string(row, column, code.value + ("-" if code.needs_detail else ""), formats["cell"])
            sheet.write_string(row, column + 1, code.name_zh, formats["cell"])
        sheet.set_column(column, column + 1, 28)
        places[one.code_list] = f"='代码表'!{xl_range_abs(1, column, len(values), column)}"
        column += 3
    return places


def _validation(one: Field, codes: Mapping[str, tuple[Code, ...]], places: dict[str, str]) -> dict[str, Any] | None:
    common: dict[str, Any] = {"ignore_blank": True, "error_title": one.name_zh[:30]}
    match one.type:
        case FieldType.CODE:
            # Several values, or 其他-… with its detail, cannot be listed: the list then only helps, it does not refuse.
            is_open = one.is_multiple or any(code.needs_detail for code in codes[one.code])
            text = "请从下拉列表中选择。"
            return common | {
                "validate": "list", "source": places[str(one.code_list)], "show_error": not is_open, "error_message": text
            }  # fmt: skip
        case FieldType.DATE:
            text = "请填写日期，如 2026-03-02；长期有效填 2099-12-31。"
            span = {"criteria": "between", "minimum": datetime(1900, 1, 1), "maximum": datetime(2099, 12, 31)}  # noqa: DTZ001  # a spreadsheet's dates have no zone
            return common | {"validate": "date", "error_type": "warning", "error_message": text} | span
        case FieldType.DECIMAL:
            text = f"请填写数字，单位：{one.unit or '无'}，最多 {one.scale} 位小数。"
            return common | {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": text}
        case FieldType.INTEGER:
            span = {"criteria": "between", "minimum": 0, "maximum": 10 ** (one.length or 9) - 1}
            return common | {"validate": "integer", "error_message": "请填写整数。"} | span
        case FieldType.USCC:
            text = "统一社会信用代码为18位，请核对。"
            return common | {"validate": "length", "criteria": "==", "value": 18, "error_message": text}
    if one.length is None:
        return None
    text = f"最长 {one.length} 个字符。"
    return common | {"validate": "length", "criteria": "<=", "value": one.length, "error_message": text}


def _need(one: Field) -> tuple[str, str]:
    if one.is_computed:
        return "computed", "不填（平台计算）"
    if one.requirement is Requirement.REQUIRED:
        return "required", "必填"
    if one.required_when:
        return "conditional", "按条件必填"
    return ("conditional", "同组至少填一项") if one.one_of else ("optional", "选填")


def _advice(one: Field, codes: Mapping[str, tuple[Code, ...]]) -> str:
    parts = [
        f"{_need(one)[1]}；{_TYPES[one.type]}" + (f"；最长{one.length}" if one.length else ""),
        _explained(one, codes),
    ]
    if one.example:
        parts.append(f"示例：{one.example}")
    return "\n".join(part for part in parts if part)


def _explained(one: Field, codes: Mapping[str, tuple[Code, ...]]) -> str:
    parts = [one.note, f"单位：{one.unit}。" if one.unit else ""]
    if one.code_list:
        values = (
            f"{code.value} {code.name_zh}" if code.value != code.name_zh else code.value for code in codes[one.code]
        )
        parts.append(f"可填：{'、'.join(values)}。")
    return "".join(part if part.endswith("。") or not part else f"{part}。" for part in parts)


def _length(one: Field) -> str:
    if one.length is None:
        return ""
    return f"{one.length},{one.scale}" if one.scale is not None else str(one.length)


def _kind(one: Field) -> str:
    return {FieldType.DATE: "date", FieldType.DECIMAL: "number", FieldType.INTEGER: "whole"}.get(one.type, "text")


def _width(one: Field) -> int:
    return max(12, min(40, len(one.name_zh) * 2 + 2))
