"""Why a rule holds or not: clause by clause, in words, without what must not be shown."""

from datetime import date
from decimal import Decimal

import pytest

from xinyong.rules.duckdb_engine import TableDoesNotFit
from xinyong.rules.explain import Clause, explain
from xinyong.rules.language import ColumnType, parse

COLUMNS = {
    "XK_WSH": ColumnType.TEXT,
    "XK_JDRQ": ColumnType.DATE,
    "CF_NR_FK": ColumnType.DECIMAL,
    "IS_OK": ColumnType.BOOLEAN,
}
LABELS = {"XK_WSH": "决定文书号", "XK_JDRQ": "决定日期", "CF_NR_FK": "罚款金额", "IS_OK": "已核对"}
ROW = {"XK_WSH": "冀0001号", "XK_JDRQ": date(2024, 1, 31), "CF_NR_FK": Decimal("1.5")}


def _explain(text: str, **row: object) -> Clause:
    return explain(parse(text, columns=COLUMNS, expects=None), ROW | row, labels=LABELS)


def test_a_tree_of_clauses_with_their_values() -> None:
    found = _explain("length(XK_WSH) <= 3 AND (IS_OK OR CF_NR_FK > 1)")
    assert (found.text, found.value) == ("length(XK_WSH) <= 3 AND (IS_OK OR CF_NR_FK > 1)", False)
    length, either = found.children
    assert (length.value, either.value) == (False, True)
    assert [one.value for one in either.children] == [None, True]
    assert [(one.text, one.value) for one in length.operands] == [("length(XK_WSH)", 6), ("XK_WSH", "冀0001号")]


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("length(XK_WSH) <= 3", "“决定文书号”的字数不大于 3：不成立（“决定文书号”的字数为 6，“决定文书号”为“冀0001号”）",
         "the length of 决定文书号 is at most 3: does not hold (the length of 决定文书号 is 6, 决定文书号 is \"冀0001号\")"),
        ("XK_JDRQ < DATE '2024-01-01'", "“决定日期”早于 2024-01-01：不成立（“决定日期”为 2024-01-31）",
         "决定日期 is before 2024-01-01: does not hold (决定日期 is 2024-01-31)"),
        ("XK_WSH IS NOT NULL", "“决定文书号”不为空：成立（“决定文书号”为“冀0001号”）",
         "决定文书号 is not empty: holds (决定文书号 is \"冀0001号\")"),
        ("IS_OK", "“已核对”：无法判断", "已核对: cannot be judged"),
        ("CF_NR_FK * 2", "“罚款金额”乘以 2：3（“罚款金额”为 1.5）", "罚款金额 times 2: 3 (罚款金额 is 1.5)"),
        ("XK_WSH NOT IN ('是 甲', '乙')", "“决定文书号”不是 '是 甲'、'乙' 之一：成立（“决定文书号”为“冀0001号”）",
         "决定文书号 is not one of '是 甲', '乙': holds (决定文书号 is \"冀0001号\")"),
        ("IS_OK AND CF_NR_FK > 9", "须全部成立，2 项中 0 项成立、1 项不成立、1 项无法判断：不成立",
         "all must hold: of 2, 0 hold, 1 do not, 1 unknown: does not hold"),
    ],
)  # fmt: skip
def test_a_clause_in_words(text: str, zh: str, en: str) -> None:
    found = _explain(text)
    assert (found.sentence_zh, found.sentence_en) == (zh, en)


@pytest.mark.parametrize(
    "text",
    [
        "XK_JDRQ + INTERVAL '3' MONTH > DATE '2024-04-29'", "XK_JDRQ - DATE '2024-01-01' BETWEEN 1 AND 40", "XK_WSH LIKE '冀%'",
        "XK_WSH NOT LIKE 'x%'", "regexp_matches(XK_WSH, '^冀')", "CASE WHEN IS_OK IS TRUE THEN 1 ELSE round(CF_NR_FK) END > 0",
        "coalesce(IS_OK, CF_NR_FK > 1)", "-CF_NR_FK < 0", "CF_NR_FK / 3 = 0.5", "NOT (IS_OK IS FALSE)", "upper(XK_WSH) || 'x' <> 'y'",
        "left(trim(XK_WSH), 1) = '冀'", "greatest(CF_NR_FK, 1) >= 1", "nullif(CF_NR_FK, 0) IS NOT NULL",
        "XK_JDRQ NOT BETWEEN DATE '2020-01-01' AND DATE '2021-01-01'",
        "1 = 1", "TRUE",
    ],
)  # fmt: skip
def test_every_kind_of_clause_has_its_words(text: str) -> None:
    found = _explain(text)
    assert found.value is True
    assert found.sentence_zh.split("（", maxsplit=1)[0].endswith("成立") or "：成立" in found.sentence_zh
    assert "holds" in found.sentence_en


def test_hidden_columns_show_neither_their_values_nor_what_is_computed_from_them() -> None:
    rule = parse("left(XK_WSH, 2) = 'x' OR length(XK_WSH) > 3 OR XK_WSH || 'x' IS NULL", columns=COLUMNS)
    found = explain(rule, ROW, labels=LABELS, hidden={"XK_WSH"})
    assert found.value is True
    assert "冀" not in repr(found)
    assert found.children[1].operands[0].value == "***"


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(TableDoesNotFit):
        _explain("CF_NR_FK > 1", CF_NR_FK=1.5)


def test_a_column_that_the_row_lacks_is_empty() -> None:
    assert explain(parse("XK_WSH IS NULL", columns=COLUMNS), {}).value is True
