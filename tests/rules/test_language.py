"""What an author gets from the rule language: an expression, or a sentence about what is wrong and where."""

import pickle
from dataclasses import FrozenInstanceError

import pytest

from xinyong.rules.language import ColumnType, Expression, RuleError, parse

COLUMNS = {
    "XK_WSH": ColumnType.TEXT, "XK_JDRQ": ColumnType.DATE, "CF_NR_FK": ColumnType.DECIMAL, "数量": ColumnType.INTEGER,
    "IS_OK": ColumnType.BOOLEAN,
}  # fmt: skip


def _rule(text: str) -> Expression:
    return parse(text, columns=COLUMNS, expects=None)


def _refusal(text: str, expects: ColumnType | None = ColumnType.BOOLEAN) -> RuleError:
    with pytest.raises(RuleError) as refused:
        parse(text, columns=COLUMNS, expects=expects)
    return refused.value


def test_an_expression_knows_its_columns_type_and_text() -> None:
    rule = parse("length( XK_WSH )<=64 or  CF_NR_FK>数量", columns=COLUMNS)
    assert rule.columns == {"XK_WSH", "CF_NR_FK", "数量"}
    assert rule.type is ColumnType.BOOLEAN
    assert rule.text == "length( XK_WSH )<=64 or  CF_NR_FK>数量"
    assert rule.canonical == "length(XK_WSH) <= 64 OR CF_NR_FK > 数量"


def test_expressions_are_equal_when_they_mean_the_same_text_aside() -> None:
    assert _rule("CF_NR_FK>1") == _rule("(CF_NR_FK  >  1)")
    assert hash(_rule("CF_NR_FK>1")) == hash(_rule("(CF_NR_FK > 1)"))
    assert _rule("CF_NR_FK>1") != _rule("CF_NR_FK>2")


def test_an_expression_is_frozen_and_survives_pickling() -> None:
    rule = _rule("regexp_matches(XK_WSH, '^a') AND XK_JDRQ + INTERVAL '3' MONTH > DATE '2020-01-01'")
    assert pickle.loads(pickle.dumps(rule)) == rule
    with pytest.raises(FrozenInstanceError):
        rule.text = "x"  # type: ignore[misc]


def test_sql_stands_in_a_larger_select_and_columns_can_be_renamed() -> None:
    rule = _rule("XK_WSH = 'it''s' AND 数量 > 1")
    assert rule.to_sql() == "((\"XK_WSH\" = 'it''s') AND (\"数量\" > 1))"
    assert rule.to_sql("postgres", names={"XK_WSH": 'a"b'}) == '(("a""b" = CAST(\'it\'\'s\' AS text)) AND ("数量" > 1))'
    with pytest.raises(ValueError, match="no such dialect"):
        rule.to_sql("mysql")


def test_a_whole_number_will_do_where_a_decimal_is_wanted_but_not_the_other_way() -> None:
    assert parse("数量 + 1", columns=COLUMNS, expects=ColumnType.DECIMAL).type is ColumnType.DECIMAL
    assert _refusal("CF_NR_FK + 1", ColumnType.INTEGER).facts["reason"] == "wrong-type"


@pytest.mark.parametrize(
    ("text", "reason", "at", "zh"),
    [
        ("lenght(XK_WSH) > 1", "unknown-function", 0, "是不是 length？"),
        ("1 = 1 AND XK_wsh = 'a'", "unknown-column", 10, "是不是 XK_WSH？"),
        ("XK_WSH = abc", "unknown-column", 9, "文本请用单引号括起来"),
        ("XK_JDRQ > '2020-01-01'", "wrong-type", 10, "日期常量请写成 DATE '2020-01-01'"),
        ("XK_WSH = 1", "wrong-type", 9, "文本常量要用单引号"),
        ("XK_JDRQ > DATE '2020-13-01'", "bad-literal", 15, "不是日期"),
        ("XK_JDRQ + 7 > XK_JDRQ", "wrong-type", 0, "INTERVAL '7' DAY"),
        ("XK_WSH = NULL", "null", 0, "IS NULL"),
        ("XK_WSH IN ('a', NULL)", "null", 0, "IS NULL"),
        ("XK_WSH IN ('a', XK_WSH)", "not-allowed", 16, "只能有常量"),
        ("IS_OK = TRUE", "wrong-type", 0, "IS TRUE"),
        ("XK_WSH", "wrong-type", 0, "这里应是是否，现在是文本"),
        ("XK_WSH LIKE XK_WSH", "not-allowed", 0, "contains()"),
        ("XK_WSH ＝ 'a'", "full-width", 7, "请改成半角 ="),
        ("XK_WSH = ‘a’", "full-width", 9, "请改成半角 '"),
        ("CAST(数量 AS text) = '1'", "unknown-word", 8, "规则语言没有 AS"),
        ("regexp_matches(XK_WSH, 'a{300}')", "bad-pattern", 23, "最多 255"),
        ("CF_NR_FK * CF_NR_FK * CF_NR_FK > 1", "too-many-digits", 0, "round()"),
        ("left(XK_WSH, 数量) = 'a'", "wrong-arguments", 13, "写明"),
        ("left(XK_WSH) = 'a'", "wrong-arguments", 0, "要 2 个参数"),
        ("数量 = 1 AND", "syntax", 7, "读不懂"),
        ("CASE WHEN IS_OK THEN 1 ELSE 'a' END = 1", "wrong-type", 28, "不能放在一起"),
        ("CASE WHEN IS_OK THEN NULL END = 1", "null", 10, "不是 NULL"),
    ],
)
def test_a_refusal_says_where_and_what_instead(text: str, reason: str, at: int, zh: str) -> None:
    refused = _refusal(text)
    assert (refused.facts["reason"], refused.facts["at"]) == (reason, at)
    assert zh in refused.zh
    assert refused.en.startswith(f"rule, line 1, column {at + 1}: ")
    assert refused.code == "rules.invalid-expression"


def test_a_refusal_counts_lines() -> None:
    refused = _refusal("数量 = 1\n  AND lenght(XK_WSH) > 1")
    assert (refused.facts["line"], refused.facts["column"]) == (2, 7)


def test_two_hundred_codes_fit_in_a_list_and_a_hundred_conditions_in_a_chain() -> None:
    assert len(_rule("XK_WSH IN (" + ", ".join(f"'{at:06}'" for at in range(200)) + ")").tree.operands) == 201
    assert len(_rule(" AND ".join(f"数量 <> {at}" for at in range(100))).tree.operands) == 100


def test_the_canonical_text_quotes_only_names_that_need_it() -> None:
    names = ["BZ", "数量", "select", "year", "DATE", "a b", "Ａ", "1a", "x·y", "_c", "key", "end"]
    columns = dict.fromkeys(names, ColumnType.TEXT)
    for name in names:
        rule = parse(f"\"{name}\" = 'x'", columns=columns)
        assert parse(rule.canonical, columns=columns) == rule
    assert [name for name in names if parse(f"\"{name}\" = 'x'", columns=columns).canonical[0] != '"'] == [
        "BZ",
        "数量",
        "_c",
        "key",
    ]
