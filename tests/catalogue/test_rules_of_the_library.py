"""The checks of the eight items, run on rows that should pass and rows that should not."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xinyong.catalogue import load
from xinyong.catalogue._checks import columns_of
from xinyong.catalogue.schema import FieldType, Item
from xinyong.rules import duckdb_engine
from xinyong.rules.language import parse

TODAY = date(2026, 11, 21)
DATA = Path(__file__).parents[2] / "../shared/data"


def row_of(item: Item, **changes: Any) -> dict[str, Any]:
    """The example row of the import workbook, changed."""
    row: dict[str, Any] = {one.code: one.example or None for one in item.fields}
    for one in item.fields:
        if one.type is FieldType.DATE and one.example:
            row[one.code] = date.fromisoformat(one.example)
        if one.type is FieldType.DECIMAL and one.example:
            row[one.code] = Decimal(one.example)
        if one.type is FieldType.INTEGER and one.example:
            row[one.code] = int(one.example)
        if one.type is FieldType.BOOLEAN and one.example:
            row[one.code] = one.example == "是"
        if one.code_list and one.example:
            by_name = {code.name_zh: code.value for code in load.code_lists()[one.code_list].codes}
            row[one.code] = by_name.get(one.example, one.example)
    return row | {"today": TODAY, "received_on": TODAY} | changes


def evaluated(item: Item, row: dict[str, Any], expressions: dict[str, str]) -> dict[str, bool | None]:
    """Each expression's value on the row."""
    kinds = {"date": pa.date32(), "decimal": pa.decimal128(18, 6), "integer": pa.int64(), "boolean": pa.bool_()}
    columns = columns_of(item)
    schema = pa.schema([(name, kinds.get(kind.value, pa.string())) for name, kind in columns.items()])
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns}], schema=schema)
    parsed = {name: parse(text, columns=columns) for name, text in expressions.items()}
    found = duckdb_engine.evaluate(table, parsed).to_pylist()[0]
    return {name: found[name] for name in expressions}


def failing(item: Item, row: dict[str, Any]) -> set[str]:
    """Ids of the checks a row fails."""
    values = evaluated(item, row, {rule.id: rule.expression for rule in item.rules})
    return {name for name, value in values.items() if value is False}


def severity(row: dict[str, Any]) -> str:
    """The severity class of a penalty."""
    item = load.library()["admin-penalty-org"]
    assert item.severity is not None
    values = evaluated(item, row, {str(index): text for index, (_, text) in enumerate(item.severity.classes)})
    for index, (name, _) in enumerate(item.severity.classes):
        if values[str(index)]:
            return name
    return item.severity.otherwise


@pytest.mark.skipif(not DATA.exists(), reason="the real samples are not here")
@pytest.mark.parametrize("file", ["registry_sample.csv", "other_organisations_sample.csv"])
def test_no_row_of_a_real_register_fails_a_check_or_is_too_long(file: str) -> None:
    item = load.library()["organisation-register"]
    spelled = {text: one for one in item.fields for text in (one.name_zh, *one.aliases)}
    with (DATA / file).open(encoding="utf-8-sig", newline="") as lines:
        rows = [{spelled[head]: text for head, text in row.items()} for row in csv.DictReader(lines)]
    assert len(rows) in (150, 1500)
    assert not [one.code for row in rows for one, text in row.items() if one.length and len(text) > one.length]
    columns = columns_of(item)
    table = pa.table({
        name: pa.array(
            [date.fromisoformat(row[one]) if one.type is FieldType.DATE else row[one] for row in rows]
            if (one := next((field for field in rows[0] if field.code == name), None))
            else [TODAY if name in ("today", "received_on") else None] * len(rows),
            duckdb_engine.arrow_type(kind),
        )
        for name, kind in columns.items()
    })  # fmt: skip
    parsed = {rule.id: parse(rule.expression, columns=columns) for rule in item.rules}
    found = duckdb_engine.evaluate(table, parsed)
    assert not [rule for rule in parsed if False in found[rule].to_pylist()]


@pytest.mark.parametrize("item_id", load.library())
def test_the_example_row_passes_every_check(item_id: str) -> None:
    item = load.library()[item_id]
    assert failing(item, row_of(item)) == set()


PLACEHOLDER = "0" * 17 + "X"


@pytest.mark.parametrize(("item_id", "changes", "fails"), [
    ("admin-licence-org", {"XK_XDR_MC": "测试"}, {"V02a"}),
    ("admin-licence-org", {"XK_XDR_MC": "NULL"}, {"V02a"}),
    ("admin-licence-org", {"XK_XDR_MC": "甲<b>公司"}, {"V02b"}),
    ("admin-licence-org", {"XK_XDR_MC": "甲'公司"}, {"V02b"}),
    ("admin-licence-org", {"XK_XDR_LB": "个体工商户"}, {"V03a"}),
    ("admin-licence-org", {"XK_XDR_SHXYM": "92990102MA0000007P"}, {"V03b"}),
    ("admin-licence-org", {"XK_XDR_LB": "自然人"}, {"V03c"}),
    ("admin-licence-org", {"XK_XDR_LB": "个体工商户", "XK_XDR_SHXYM": PLACEHOLDER}, {"V04a"}),
    ("admin-licence-org", {"XK_XDR_LB": "个体工商户", "XK_XDR_SHXYM": PLACEHOLDER, "XK_XDR_GSZC": "1"}, set()),
    ("admin-licence-org", {"XK_XDR_SHXYM": PLACEHOLDER, "XK_XDR_GSZC": "1"}, {"V04b"}),
    ("admin-licence-org", {"XK_JDRQ": date(2026, 11, 22)}, {"V06a"}),
    ("admin-licence-org", {"XK_JDRQ": date(1949, 9, 30)}, {"V06b"}),
    ("admin-licence-org", {"XK_YXQZ": date(2032, 1, 1)}, {"V06c"}),
    ("admin-licence-org", {"XK_YXQZI": date(2100, 1, 1)}, {"V06d"}),
    ("admin-licence-org", {"XK_YXQZI": date(2099, 12, 31)}, set()),
    ("admin-licence-org", {"XK_YXQZI": date(2099, 1, 31)}, {"V06e"}),
    ("admin-licence-person", {"XK_XDR_LB": "个体工商户"}, {"V03d"}),
    ("admin-penalty-org", {"CF_NR_FK": Decimal(0)}, {"V07a"}),
    ("admin-penalty-org", {"CF_CFLB": "警告", "CF_NR_WFFF": None}, {"V07b"}),
    ("admin-penalty-org", {"CF_CFLB": "警告", "CF_NR_FK": Decimal(0), "CF_NR_WFFF": None}, set()),
    ("admin-penalty-org", {"CF_CFLB": "罚款"}, {"V07d"}),
    ("admin-penalty-org", {"CF_NR_FK": Decimal(2000)}, {"V08a"}),
    ("admin-penalty-org", {"CF_WSH": "云公交简易〔2026〕1号"}, {"V14"}),
    ("admin-penalty-org", {"BZ": "适用简易程序"}, {"V14"}),
    ("admin-penalty-person", {"BZ": "当场处罚"}, {"V14"}),
    ("organisation-register", {"CLRQ": None}, set()),
    ("organisation-register", {"JYZT": "cancelled"}, {"V06h"}),
    ("abnormal-operation", {"YCRQ": date(2026, 7, 1)}, {"V06c"}),
    ("serious-dishonesty", {"GZRQ": date(2026, 6, 1)}, {"V15b"}),
    ("serious-dishonesty", {"LRWSH": "无"}, {"V15c"}),
    ("serious-dishonesty", {"YCRQ": date(2026, 9, 1)}, {"V15a"}),
    ("honour", {"ND": 26}, {"V16"}),
    ("admin-levy", {"JE": Decimal(-1)}, {"V17"}),
    ("admin-inspection", {"JCRQ": date(2026, 10, 20)}, {"V18"}),
    ("judicial-enforcement", {"SXRQ": date(2026, 1, 1)}, {"V06c"}),
    ("professional-title", {"YXQZI": date(2026, 1, 1)}, {"V06c"}),
    ("contract-performance", {"LYQX": date(2026, 8, 1)}, {"V06c"}),
    ("contract-performance", {"BDDJ": Decimal(-1)}, {"V17a"}),
    ("contract-performance", {"WYSY": "迟延交货"}, {"V19"}),
    ("contract-performance", {"WYF": "乙方", "WYSY": "迟延交货", "WYYJ": "判决书"}, set()),
    ("credit-commitment", {"CNRLB": "自然人"}, {"V03c"}),
    ("credit-commitment", {"CNBM": "1234"}, {"V19a"}),
    ("credit-commitment", {"WLXNR": "未补齐材料"}, {"V19b"}),
    ("credit-commitment", {"LXZT": "2", "WLXNR": "未补齐材料", "ZJNR": "撤销许可"}, set()),
    ("credit-commitment", {"RDRQ": date(2026, 1, 1)}, {"V19c"}),
    ("evaluation-result", {"PJND": 26}, {"V16"}),
    ("legal-compliance", {"SSQZ": date(2024, 1, 1)}, {"V06c"}),
    ("intellectual-property", {"SQRQ": date(2026, 11, 23)}, {"V06a"}),
    ("water-fee", {"YL": Decimal(-1)}, {"V17"}),
    ("tax-payment", {"SSQQ": date(2026, 10, 1)}, {"V06c"}),
    ("real-estate", {"DJRQ": date(2026, 10, 30)}, {"V18"}),
    ("research", {"YFTR": Decimal(-1)}, {"V17"}),
])  # fmt: skip
def test_each_check_finds_its_fault_and_nothing_else(item_id: str, changes: dict[str, Any], fails: set[str]) -> None:
    item = load.library()[item_id]
    assert failing(item, row_of(item, **changes)) == fails


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, "general"),
    ({"CF_CFLB": "警告", "CF_NR_FK": None, "CF_NR_WFFF": None}, "minor"),
    ({"CF_CFLB": "警告;通报批评", "CF_NR_FK": None}, "minor"),
    ({"CF_CFLB": "警告;罚款", "CF_NR_FK": Decimal("0.1")}, "general"),
    ({"BZ": "适用简易程序"}, "minor"),
    ({"CF_CFLB": "吊销许可证件"}, "serious"),
    ({"CF_CFLB": "罚款;责令停产停业"}, "serious"),
    ({"CF_CFLB": "罚款", "CF_NR_FK": Decimal(100)}, "serious"),
    ({"CF_CFLB": "罚款", "CF_NR_FK": Decimal("99.999999")}, "general"),
])  # fmt: skip
def test_the_severity_class_of_a_penalty(changes: dict[str, Any], expected: str) -> None:
    assert severity(row_of(load.library()["admin-penalty-org"], **changes)) == expected


@pytest.mark.parametrize(("changes", "code", "must"), [
    ({"CF_CFLB": "罚款"}, "CF_NR_FK", True),
    ({"CF_CFLB": "警告"}, "CF_NR_FK", False),
    ({"CF_CFLB": "没收非法财物"}, "CF_NR_WFFF", True),
    ({"CF_CFLB": "吊销执照"}, "CF_NR_ZKDX", True),
    ({"CF_FR_ZJLX": "身份证"}, "CF_FR_ZJHM", True),
    ({"CF_FR_ZJLX": None}, "CF_FR_ZJHM", False),
])  # fmt: skip
def test_conditional_fields_are_required_when_their_condition_holds(
    changes: dict[str, Any], code: str, must: bool
) -> None:
    item = load.library()["admin-penalty-org"]
    condition = item.field_of(code).required_when
    assert condition is not None
    assert evaluated(item, row_of(item, **changes), {"must": condition})["must"] is must
