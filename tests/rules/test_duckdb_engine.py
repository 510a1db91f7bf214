"""Many expressions over one table: values, failures, and tables that do not fit."""

import os
import signal
import threading
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from xinyong.rules.duckdb_engine import TableDoesNotFit, evaluate, failing
from xinyong.rules.language import ColumnType, Expression, parse

COLUMNS = {
    "t": ColumnType.TEXT,
    "T": ColumnType.TEXT,
    "d": ColumnType.DATE,
    "n": ColumnType.INTEGER,
    "x": ColumnType.DECIMAL,
}


def _rule(text: str, expects: ColumnType | None = None) -> Expression:
    return parse(text, columns=COLUMNS, expects=expects)


TABLE = pa.table(
    {
        "t": ["a", None, "c"],
        "T": ["A", "B", None],
        "d": [date(2024, 1, 1), None, date(2024, 1, 3)],
        "n": [1, 2, None],
        "x": pa.array([Decimal("1.5"), None, Decimal("-1")], pa.decimal128(18, 6)),
    }
)


def test_every_expression_becomes_a_column_in_order() -> None:
    found = evaluate(TABLE, {"b": _rule("t = 'a'"), "a": _rule("n + 1"), "天": _rule("x * 2"), 'q"': _rule("t || T")})
    assert found.column_names == ["b", "a", "天", 'q"']
    assert found.to_pydict() == {
        "b": [True, None, False], "a": [2, 3, None], "天": [Decimal(3), None, Decimal(-2)], 'q"': ["aA", None, None],
    }  # fmt: skip
    assert [str(one.type) for one in found.schema] == ["bool", "decimal128(19, 0)", "decimal128(19, 6)", "string"]


def test_a_row_fails_a_check_only_when_it_is_false() -> None:
    found = failing(TABLE, {"a": _rule("t = 'a'"), "b": _rule("n > 5"), "c": _rule("d IS NULL OR n IS NOT NULL")})
    assert {name: rows.to_pylist() for name, rows in found.items()} == {"a": [2], "b": [0, 1], "c": [2]}


def test_columns_that_differ_only_in_case_are_two_columns() -> None:
    assert evaluate(TABLE, {"r": _rule("t = 'a' AND T = 'A'")}).column("r").to_pylist() == [True, False, False]


def test_a_given_value_stands_for_all_rows_and_hides_the_column() -> None:
    found = evaluate(TABLE, {"r": _rule("d <= DATE '2024-01-02'"), "s": _rule("t = 'it''s'")},
                     given={"d": date(2024, 1, 3), "t": "it's"})  # fmt: skip
    assert found.to_pydict() == {"r": [False] * 3, "s": [True] * 3}
    assert evaluate(TABLE, {"r": _rule("x < 0")}, given={"x": Decimal("-0.5")}).column("r").to_pylist() == [True] * 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("n", "1"), ("n", True), ("n", 1.0), ("n", 2**70), ("x", 1.5), ("x", Decimal("1.1234567")), ("x", Decimal("NaN")),
     ("x", Decimal(10**15)), ("t", 1), ("d", datetime(2024, 1, 1, tzinfo=UTC)), ("d", "2024-01-01"), ("d", 1)],
)  # fmt: skip
def test_a_given_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(TableDoesNotFit) as refused:
        evaluate(TABLE, {"r": _rule(f"{name} IS NULL")}, given={name: value})
    assert refused.value.facts["column"] == name


def test_a_relation_of_the_callers_own_connection_is_read_where_it_is() -> None:
    connection = duckdb.connect(":memory:")
    relation = connection.sql("SELECT i::BIGINT AS n, 'v' || i AS t FROM range(3) AS r(i)")
    found = evaluate(relation, {"r": _rule("n > 0 AND t <> 'v2'"), "one": _rule("1", ColumnType.INTEGER)})
    assert found.to_pydict() == {"r": [False, True, False], "one": [1, 1, 1]}
    with pytest.raises(TableDoesNotFit):
        evaluate(connection.sql("SELECT 1.5::DOUBLE AS x"), {"r": _rule("x > 1")})


@pytest.mark.parametrize(
    ("column", "array"),
    [
        ("x", pa.array([1.5])),
        ("x", pa.array([Decimal("1.1234567")], pa.decimal128(18, 7))),
        ("x", pa.array([Decimal(1)], pa.decimal128(38, 6))),
        ("x", pa.array([1], pa.int64())),
        ("n", pa.array([1], pa.uint64())),
        ("n", pa.array(["1"])),
        ("t", pa.array([b"x"])),
        ("d", pa.array([datetime(2024, 1, 1, tzinfo=UTC)])),
    ],
)
def test_a_column_that_would_lose_values_is_refused(column: str, array: pa.Array) -> None:
    with pytest.raises(TableDoesNotFit) as refused:
        evaluate(pa.table({column: array}), {"r": _rule(f"{column} IS NULL")})
    assert refused.value.facts["column"] == column


@pytest.mark.parametrize(
    ("column", "array"),
    [
        ("x", pa.array([Decimal("1.5"), None], pa.decimal128(10, 2))),
        ("x", pa.array([1, None], pa.int32())),
        ("n", pa.array([1, None], pa.int8())),
        ("t", pa.array(["x", None], pa.large_string())),
        ("t", pa.array(["x", None]).dictionary_encode()),
        ("t", pa.array([None, None])),
        ("d", pa.array([None, None])),
    ],
)
def test_narrower_and_empty_columns_fit(column: str, array: pa.Array) -> None:
    found = evaluate(pa.table({column: array}), {"r": _rule(f"{column} IS NULL")})
    assert found.column("r").to_pylist() == [one is None for one in array.to_pylist()]


def test_a_missing_or_doubled_column_is_refused() -> None:
    with pytest.raises(TableDoesNotFit):
        evaluate(pa.table({"n": [1]}), {"r": _rule("t = 'a'")})
    with pytest.raises(TableDoesNotFit):
        evaluate(pa.table([pa.array(["a"]), pa.array(["b"])], names=["t", "t"]), {"r": _rule("t = 'a'")})


def test_expressions_that_disagree_about_a_column_are_refused() -> None:
    other = parse("t > 1", columns={"t": ColumnType.INTEGER})
    with pytest.raises(TableDoesNotFit):
        evaluate(TABLE, {"r": _rule("t = 'a'"), "s": other})


def test_no_rows_no_columns_and_no_expressions_are_fine() -> None:
    assert evaluate(TABLE.slice(0, 0), {"r": _rule("t = 'a'")}).num_rows == 0
    assert evaluate(TABLE, {"r": _rule("1 = 1")}).column("r").to_pylist() == [True] * 3
    assert evaluate(TABLE, {}).num_columns == 0


def test_rows_keep_their_order_over_many_chunks() -> None:
    big = pa.table({"n": pa.array(range(300_000))})
    assert evaluate(big, {"r": _rule("n + 0")}).column("r").to_pylist() == list(range(300_000))


def test_threads_do_not_disturb_each_other() -> None:
    results: list[list[bool]] = []
    rule = _rule("n >= 2")

    def work() -> None:
        results.extend(evaluate(TABLE, {"r": rule}).column("r").to_pylist() for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results == [[False, True, None]] * 80


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_evaluates_with_an_engine_of_its_own() -> None:
    evaluate(TABLE, {"r": _rule("n >= 2")})
    child = os.fork()
    if child == 0:
        os._exit(0 if evaluate(TABLE, {"r": _rule("n >= 2")}).column("r").to_pylist() == [False, True, None] else 1)
    for _ in range(200):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert (ended, status) == (child, 0)
