"""Exports: what another tool reads in them is what the catalogue says."""

import io
import json
import re

import openpyxl
import pytest
from frictionless import Resource, Schema
from jsonschema import Draft202012Validator
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from tests.catalogue.test_rules_of_the_library import row_of
from xinyong.catalogue import export, load
from xinyong.catalogue.schema import Item, Requirement

ITEMS = list(load.library().values())
everywhere = pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)


def _row(item: Item) -> dict[str, object]:
    row = {code: value for code, value in row_of(item).items() if value is not None}
    plain = json.loads(json.dumps({code: value for code, value in row.items() if code in _codes(item)}, default=str))
    assert isinstance(plain, dict)
    return plain


def _codes(item: Item) -> set[str]:
    return {one.code for one in item.fields}


@everywhere
def test_the_json_schema_is_one_and_accepts_the_example_row(item: Item) -> None:
    schema = export.json_schema(item)
    Draft202012Validator.check_schema(schema)
    row = _row(item)
    for one in item.fields:  # a person's number has no example: it must not look like anybody's
        if one.requirement is Requirement.REQUIRED:
            row.setdefault(one.code, "（18位号码）")
    assert list(Draft202012Validator(schema).iter_errors(row)) == []


@pytest.mark.parametrize(("changes", "path"), [
    ({"CF_XDR_SHXYM": "9199010"}, "CF_XDR_SHXYM"),
    ({"CF_XDR_LB": "公司"}, "CF_XDR_LB"),
    ({"CF_CFLB": "罚款;打手心"}, "CF_CFLB"),
    ({"CF_CFLB": "其他"}, "CF_CFLB"),
    ({"CF_NR_FK": "0.2000001"}, "CF_NR_FK"),
    ({"CF_XDR_MC": "甲" * 201}, "CF_XDR_MC"),
    ({"CF_XDR_MC": ""}, "CF_XDR_MC"),
    ({"CF_XDR_ZJHM": "A1"}, "CF_XDR_ZJHM"),
])  # fmt: skip
def test_the_json_schema_refuses_what_the_fields_refuse(changes: dict[str, str], path: str) -> None:
    item = load.library()["admin-penalty-org"]
    errors = list(Draft202012Validator(export.json_schema(item)).iter_errors(_row(item) | changes))
    assert [error.path[0] for error in errors] == [path]


@pytest.mark.parametrize("kinds", ["罚款", "警告;罚款", "其他-责令改正", "罚款;其他-责令改正;警告"])
def test_several_kinds_and_kinds_with_detail_are_accepted(kinds: str) -> None:
    item = load.library()["admin-penalty-org"]
    assert Draft202012Validator(export.json_schema(item)).is_valid(_row(item) | {"CF_CFLB": kinds})


@everywhere
def test_the_table_schema_names_every_column_to_fill(item: Item) -> None:
    schema = export.table_schema(item)
    filled = [one for one in item.fields if one.requirement is not Requirement.BLANK]
    assert [field["name"] for field in schema["fields"]] == [one.code for one in filled]
    for one, field in zip(filled, schema["fields"], strict=True):
        limits = field.get("constraints", {})
        assert limits.get("required", False) == (one.requirement is Requirement.REQUIRED)
        if "pattern" in limits:
            re.compile(limits["pattern"])
    json.dumps(schema)


def _in_frictionless(item: Item, rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    """What the reference implementation of Table Schema objects to in a file of these rows: kind of error, column."""
    schema = export.table_schema(item)
    names = [field["name"] for field in schema["fields"]]
    cells = [[row.get(name, "") for name in names] for row in rows]
    found = Resource(data=[names, *cells], schema=Schema.from_descriptor(schema)).validate()
    assert found.errors == []  # of the schema or the file as a whole; those of cells stand with their task
    return [(error.type, getattr(error, "field_name", "")) for task in found.tasks for error in task.errors]


def _file_row(item: Item) -> dict[str, str]:
    """The exported examples as cells of a file; a person's number has none: it must not look like anybody's."""
    schema = export.table_schema(item)
    examples = {field["name"]: field.get("example", "") for field in schema["fields"]}
    persons = [one.code for one in item.fields if one.is_personal and one.requirement is Requirement.REQUIRED]
    return examples | {code: "（18位号码）" for code in persons if not examples[code]}


@everywhere
def test_the_table_schema_is_one_and_accepts_its_own_examples(item: Item) -> None:
    assert list(Schema.metadata_validate(export.table_schema(item))) == []
    assert _in_frictionless(item, [_file_row(item)]) == []


@everywhere
def test_the_table_schema_asks_for_the_required_fields(item: Item) -> None:
    required = {one.code for one in item.fields if one.requirement is Requirement.REQUIRED}
    row = _file_row(item)
    for code in required:
        assert _in_frictionless(item, [row | {code: ""}]) == [("constraint-error", code)]


@pytest.mark.parametrize(("column", "cell", "kind"), [
    ("CF_XDR_SHXYM", "9199010", "constraint-error"),
    ("CF_XDR_LB", "公司", "constraint-error"),
    ("CF_CFLB", "罚款;打手心", "constraint-error"),
    ("CF_XDR_MC", "甲" * 201, "constraint-error"),
    ("CF_NR_FK", "两千", "type-error"),
    ("CF_JDRQ", "2026年6月8日", "type-error"),
    ("CF_JDRQ", "2026-02-30", "type-error"),
])  # fmt: skip
def test_the_table_schema_refuses_what_the_fields_refuse(column: str, cell: str, kind: str) -> None:
    item = load.library()["admin-penalty-org"]
    assert _in_frictionless(item, [_file_row(item) | {column: cell}]) == [(kind, column)]


@everywhere
def test_the_import_workbook_has_headers_notes_drop_downs_and_text_columns(item: Item) -> None:
    book = openpyxl.load_workbook(io.BytesIO(export.workbook(item)))
    sheet = book["数据"]
    filled = [one for one in item.fields if one.requirement is not Requirement.BLANK]
    assert [cell.value for cell in sheet[1]] == [one.name_zh for one in filled]
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == 1
    lists = {
        str(where.sqref).split(":")[0] for where in sheet.data_validations.dataValidation if where.type == "list"
    }  # fmt: skip
    for index, one in enumerate(filled, start=1):
        cell = sheet.cell(1, index)
        assert cell.comment is not None
        assert not one.example or one.example in cell.comment.text
        letter = get_column_letter(index)
        assert (f"{letter}2" in lists) == (one.code_list is not None)
        if one.type in ("uscc", "org_code", "text", "certificate"):
            assert _format_of(sheet, index) == "@"
    assert book.sheetnames == ["数据", "填写说明", "代码表"]


def test_the_second_sheet_explains_every_field_and_shows_an_example() -> None:
    item = load.library()["admin-penalty-org"]
    sheet = openpyxl.load_workbook(io.BytesIO(export.workbook(item)))["填写说明"]
    texts = {cell.value for row in sheet.iter_rows() for cell in row if cell.value}
    assert {"CF_NR_FK", "按条件必填", "必填", "不填（平台计算）", "91990102MA00000070"} <= texts


def test_nothing_in_the_workbook_is_a_formula() -> None:
    for item in ITEMS:
        book = openpyxl.load_workbook(io.BytesIO(export.workbook(item)))
        assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_same_item_gives_the_same_bytes() -> None:
    item = load.library()["honour"]
    assert export.workbook(item) == export.workbook(item)


def _format_of(sheet: Worksheet, index: int) -> str:
    for dimension in sheet.column_dimensions.values():
        if (dimension.min or 0) <= index <= (dimension.max or 0):
            return str(dimension.number_format)
    raise AssertionError(f"column {index} has no format")
