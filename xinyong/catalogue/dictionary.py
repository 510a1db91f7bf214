"""The data dictionary of an item (数据字典): one line a field, for a page, as CSV and as a workbook with the code lists."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import xlsxwriter

from xinyong.catalogue import load
from xinyong.catalogue.schema import Code, CodeList, Field, FieldType, Grade, Item, Requirement
from xinyong.kernel import cells

#: What the words of the schema say, in Chinese and English.
TYPES: dict[FieldType, tuple[str, str]] = {
    FieldType.TEXT: ("文本", "text"), FieldType.CODE: ("代码", "code"), FieldType.DATE: ("日期", "date"),
    FieldType.DECIMAL: ("小数", "decimal"), FieldType.INTEGER: ("整数", "integer"), FieldType.BOOLEAN: ("是/否", "yes or no"),
    FieldType.USCC: ("统一社会信用代码", "unified code"), FieldType.ORG_CODE: ("组织机构代码", "organisation code"),
    FieldType.CERTIFICATE: ("证件号码", "certificate number"),
}  # fmt: skip
GRADES: dict[Grade, tuple[str, str]] = {
    Grade.PUBLIC: ("社会公开", "public"), Grade.SHARED: ("政务共享", "shared"), Grade.AUTHORISED: ("授权查询", "authorised"),
    Grade.INTERNAL: ("内部", "internal"),
}  # fmt: skip
_HEAD = (
    "序号",
    "列代码",
    "名称",
    "英文名称",
    "类型",
    "长度",
    "填写要求",
    "必填条件",
    "公开属性",
    "个人信息",
    "代码表",
    "说明",
    "示例",
    "表头别名",
)
_WIDTHS = (6, 16, 30, 30, 18, 8, 20, 30, 12, 10, 24, 50, 24, 40)


@dataclass(frozen=True, slots=True)
class Line:
    """A field as a reader sees it. Words come in Chinese and English."""

    field: Field
    type_zh: str
    type_en: str
    length: str
    need_zh: str
    need_en: str
    grade_zh: str
    grade_en: str


def lines(item: Item) -> list[Line]:
    """Every field in the order of the item."""
    return [
        Line(one, *TYPES[one.type], _length(one), *_need(one), *GRADES[one.grade]) for one in item.fields
    ]  # fmt: skip


def code_lists(item: Item, *, on: date, among: Sequence[CodeList] | None = None) -> list[CodeList]:
    """The code lists its fields use, in the edition of the day, each once."""
    return [
        load.code_list(one, on, among=among) for one in dict.fromkeys(field.code_list for field in item.fields) if one
    ]


def editions(item: Item, *, among: Sequence[CodeList] | None = None) -> list[CodeList]:
    """Every edition of the code lists its fields use, the newest of each first."""
    wanted = {one.code_list for one in item.fields}
    return sorted(
        (one for one in (among or load.editions()) if one.id in wanted),
        key=lambda one: (one.id, -one.valid_from.toordinal()),
    )


def csv(item: Item) -> bytes:
    """One line a field, UTF-8 with a mark so that spreadsheets read it."""
    out = io.StringIO(newline="")
    writer = cells.csv_writer(out)
    writer.writerow(_HEAD)
    writer.writerows(_cells(item))
    return ("\ufeff" + out.getvalue()).encode()


def workbook(item: Item, *, on: date, among: Sequence[CodeList] | None = None) -> bytes:
    """The same as a sheet, and each code list of the day below one another on a second."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("数据项")
        sheet.freeze_panes(1, 3)
        for place, (text, width) in enumerate(zip(_HEAD, _WIDTHS, strict=True)):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, text, bold)
        for row, line in enumerate(_cells(item), start=1):
            for place, text in enumerate(line):
                sheet.write_string(row, place, text, wrap)
        codes = book.add_worksheet("代码表")
        codes.set_column(0, 3, 28)
        rows = [("代码表", "代码", "名称", "生效日期"), *_codes(code_lists(item, on=on, among=among))]
        for row, one in enumerate(rows):
            for place, text in enumerate(one):
                codes.write_string(row, place, text, bold if row == 0 else wrap)
    return buffer.getvalue()


def _cells(item: Item) -> list[tuple[str, ...]]:
    return [
        (
            str(number), one.field.code, one.field.name_zh, one.field.name_en, one.type_zh, one.length, one.need_zh,
            one.field.required_when or "", one.grade_zh, "是" if one.field.is_personal else "", one.field.code_list or "",
            one.field.note, one.field.example, "、".join(one.field.aliases),
        )
        for number, one in enumerate(lines(item), start=1)
    ]  # fmt: skip


def _codes(lists: list[CodeList]) -> list[tuple[str, str, str, str]]:
    return [
        (f"{one.id} {one.title_zh}", code.value, _named(code), str(one.valid_from))
        for one in lists
        for code in one.codes
    ]


def _named(code: Code) -> str:
    return f"{code.name_zh}（须写明具体内容）" if code.needs_detail else code.name_zh


def _need(one: Field) -> tuple[str, str]:
    if one.is_computed:
        return "平台计算", "computed"
    if one.requirement is Requirement.BLANK:
        return "须为空", "must be empty"
    if one.requirement is Requirement.REQUIRED:
        return "必填", "required"
    if one.required_when:
        return "按条件必填", "required on a condition"
    return ("同组至少填一项", "one of a group") if one.one_of else ("选填", "optional")


def _length(one: Field) -> str:
    if one.length is None:
        return ""
    return f"{one.length},{one.scale}" if one.scale is not None else str(one.length)
