"""What each part of the rule language means: a rule and a value, the same on every engine."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from django.db import connection

from xinyong.rules.duckdb_engine import evaluate
from xinyong.rules.language import ColumnType, Expression, parse

COLUMNS = {
    "T": ColumnType.TEXT,
    "D": ColumnType.DATE,
    "N": ColumnType.INTEGER,
    "X": ColumnType.DECIMAL,
    "B": ColumnType.BOOLEAN,
}

#: rule with T, D, N, X, B empty → value
CASES: list[tuple[str, object]] = [
    # three-valued logic
    ("TRUE AND B", None), ("FALSE AND B", False), ("TRUE OR B", True), ("FALSE OR B", None), ("NOT B", None),
    ("B IS TRUE", False), ("B IS NOT TRUE", True), ("B IS FALSE", False), ("B IS NULL", True), ("T IS NOT NULL", False),
    ("NOT (N > 1)", None), ("T = 'x' OR T IS NULL", True), ("N IN (1, 2)", None), ("N NOT IN (1, 2)", None),
    ("N BETWEEN 1 AND 2", None), ("T LIKE '%'", None), ("T || 'x'", None), ("coalesce(T, 'x')", "x"),
    # precedence
    ("TRUE OR TRUE AND FALSE", True), ("(TRUE OR TRUE) AND FALSE", False), ("NOT FALSE AND FALSE", False),
    ("NOT 1 = 2", True), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("10 - 3 - 2", 5), ("2 - -3", 5), ("-2 * 3", -6),
    ("'a' || 'b' = 'ab'", True), ("'a' || 'b' LIKE 'a%'", True), ("1 BETWEEN 0 AND 2 AND FALSE", False),
    ("8 / 4 / 2", Decimal(1)), ("NOT 'a' IN ('b')", True), ("NOT N IS NULL", False),
    # exact numbers
    ("0.1 + 0.2 = 0.3", True), ("1 / 3", Decimal("0.333333")), ("2 / 3", Decimal("0.666667")), ("-2 / 3", Decimal("-0.666667")),
    ("1 / 2 = 0.5", True), ("7 / 2", Decimal("3.5")), ("1 / 0", None), ("0.0 / 0.00", None), ("1 / 1000000", Decimal("0.000001")),
    ("0.000001 / 2", Decimal("0.000001")), ("-0.000001 / 2", Decimal("-0.000001")), ("0.000001 / 3", Decimal("0")),
    ("999999999999.999999 * 999999999999.999999", Decimal("999999999999999998000000.000000000001")),
    ("999999999999999999 + 1", Decimal(10**18)), ("999999999999.999999 / 0.000001", Decimal("999999999999999999")),
    ("round(2.5)", 3), ("round(-2.5)", -3), ("round(3.5)", 4), ("round(1.005, 2)", Decimal("1.01")), ("round(9.99, 1)", Decimal("10.0")),
    ("round(-0.5)", -1), ("round(7, 2)", 7), ("floor(-0.1)", -1), ("ceil(-0.9)", 0), ("floor(9.9)", 9), ("ceil(9.1)", 10),
    ("abs(-1.5)", Decimal("1.5")), ("least(3, N, 2.5)", Decimal("2.5")), ("greatest(1, N)", 1), ("least(N, N)", None),
    ("nullif(1.0, 1)", None), ("nullif(2, 1)", 2), ("1.50 IN (1.5)", True), ("1 = 1.000000", True),
    ("CASE WHEN FALSE THEN 1 ELSE 2.5 END", Decimal("2.5")), ("CASE WHEN B THEN 1 END", None),
    ("CASE WHEN B THEN 1 WHEN B IS NULL THEN 2 END", 2),
    # text
    ("length('信用𠮷é')", 4), ("length('')", 0), ("length('e\u0301')", 2), ("'' = ''", True), ("'' IS NULL", False),
    ("trim('\u3000 信 用\u00a0\n')", "信 用"), ("trim('\u3000')", ""), ("upper('aß龥ız')", "Aß龥ıZ"), ("lower('AİΣZ')", "aİΣz"),
    ("left('𠮷信用', 2)", "𠮷信"), ("left('ab', 9)", "ab"), ("left('ab', 0)", ""), ("right('信用码', 2)", "用码"), ("right('a', 0)", ""),
    ("substring('91130900', 3, 4)", "1309"), ("substring('abc', 9, 2)", ""), ("substring('abc', 2, 0)", ""),
    ("starts_with('92A', '92')", True), ("starts_with('x', '')", True), ("ends_with('税务局', '局')", True), ("ends_with('', '')", True),
    ("ends_with('ab', 'abc')", False), ("contains('没收、罚款', '罚款')", True), ("contains('x', '')", True), ("'a' = 'A'", False),
    ("'Z' < 'a'", True), ("'一' < '𠮷'", True), ("'\uff21' < '𠮷'", True), ("'a' BETWEEN 'B' AND 'b'", True), ("'é' = 'e\u0301'", False),
    ("'a' = 'a '", False), ("'it''s' = 'it''s'", True), ("'a%' LIKE 'a\\%'", False), ("'a\\b' LIKE 'a\\b'", True), ("'𠮷' LIKE '_'", True),
    ("'a\nb' LIKE 'a_b'", True), ("'ABC' LIKE 'a%'", False), ("'a%b' LIKE 'a%b'", True), ("'x' NOT LIKE '%y%'", True),
    # patterns
    ("regexp_matches('a\nb', '^a.b$')", True), ("regexp_matches('ab\n', 'b$')", False), ("regexp_matches('x', '^')", True),
    ("regexp_matches('١', '\\d')", False), ("regexp_matches('é', '\\w')", False), ("regexp_matches('\u3000', '^\\s$')", True),
    ("regexp_matches('龥', '^[一-龥]$')", True), ("regexp_matches('𠮷', '^.$')", True), ("regexp_matches('a]b', '[\\]]')", True),
    ("regexp_matches('a-b', '^[a-]+b$')", True), ("regexp_matches('A', 'a')", False), ("regexp_matches('\n', '[^a]')", True),
    ("regexp_matches('ab', '^(a|b){2}$')", True), ("regexp_matches('a.b', '^a\\.b$')", True), ("regexp_matches('', '^$')", True),
    # dates
    ("DATE '2024-01-31' + INTERVAL '1' MONTH", date(2024, 2, 29)), ("DATE '2023-03-31' - INTERVAL '1' MONTH", date(2023, 2, 28)),
    ("DATE '2024-02-29' + INTERVAL 1 YEAR", date(2025, 2, 28)), ("DATE '2024-02-29' - INTERVAL '4' YEARS", date(2020, 2, 29)),
    ("DATE '2023-12-31' + INTERVAL '1' DAY", date(2024, 1, 1)), ("DATE '2024-03-01' - DATE '2024-02-01'", 29),
    ("year(DATE '2024-02-29')", 2024), ("month(DATE '2024-02-29')", 2), ("day(DATE '2024-02-29')", 29),
    ("DATE '2099-12-31' > DATE '2024-01-01'", True), ("D + INTERVAL '1' DAY IS NULL", True), ("year(D)", None),
    ("least(DATE '2024-01-02', D, DATE '2024-01-01')", date(2024, 1, 1)), ("year(DATE '0001-01-01' - INTERVAL '1' DAY)", 0),
    ("year(DATE '0001-01-01' - INTERVAL '1' YEAR - INTERVAL '1' DAY)", -1), ("D IN (DATE '2024-01-01')", None),
]  # fmt: skip


def _cases() -> Iterator[Expression]:
    for text, _ in CASES:
        yield parse(text, columns=COLUMNS, expects=None)


@pytest.fixture(scope="module")
def on_duckdb() -> dict[str, object]:
    rules = {one.text: one for one in _cases()}
    found = evaluate(pa.table({name: pa.nulls(1) for name in COLUMNS}), rules)
    return {text: found.column(text)[0].as_py() for text in rules}


def test_cases_are_told_apart() -> None:
    assert len({text for text, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(("text", "value"), CASES, ids=[ascii(text) for text, _ in CASES])
def test_a_rule_means_this_on_duckdb(text: str, value: object, on_duckdb: dict[str, object]) -> None:
    assert on_duckdb[text] == value


@pytest.mark.django_db
def test_rules_mean_the_same_on_postgres() -> None:
    wanted = ", ".join(one.to_sql("postgres") for one in _cases())
    nothing = 'NULL::text AS "T", NULL::date AS "D", NULL::bigint AS "N", NULL::numeric AS "X", NULL::boolean AS "B"'
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM (SELECT {nothing}) AS row")
        found = cursor.fetchone()
    assert {text: got for (text, _), got in zip(CASES, found, strict=True)} == dict(CASES)
