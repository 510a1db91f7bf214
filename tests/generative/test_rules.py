"""Random rules on random rows: DuckDB and PostgreSQL give the same, and no rule ever raises an error."""

import os
from collections.abc import Sequence
from decimal import Decimal

import duckdb
import orjson
import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from sqlglot import exp

from tests.rules.expressions import COLUMNS, Productions, rows
from xinyong.rules import _grammar
from xinyong.rules._functions import FUNCTIONS
from xinyong.rules._tree import Kind
from xinyong.rules.duckdb_engine import arrow_type, evaluate
from xinyong.rules.language import ColumnType, Expression, RuleError, parse

#: Repetitions per production; `make evidence` sets more.
EXAMPLES = int(os.environ.get("XINYONG_RULE_EXAMPLES", "8"))
PRODUCTIONS = Productions(2).roots
_quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
_POSTGRES = {
    ColumnType.TEXT: "text", ColumnType.DATE: "date", ColumnType.DECIMAL: "numeric(18,6)", ColumnType.INTEGER: "bigint",
    ColumnType.BOOLEAN: "boolean",
}  # fmt: skip

Row = dict[str, object]


def _read(text: str) -> Expression:
    """The rule; numbers that could outgrow the engines are refused, and that is right."""
    try:
        return parse(text, columns=COLUMNS, expects=None)
    except RuleError as refused:
        if refused.facts["reason"] not in ("too-many-digits", "null"):
            raise
        raise UnsatisfiedAssumption from refused


def _table(values: Sequence[Row]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in values], arrow_type(of)) for name, of in COLUMNS.items()})


def _on_duckdb(rules: Sequence[Expression], values: Sequence[Row]) -> list[list[object]]:
    # results as text or numbers: a date before the year 1 is a date to both engines but not to Python
    found = evaluate(_table(values), {str(at): rule for at, rule in enumerate(rules)})
    columns = [
        found.column(at).cast(pa.int32()) if pa.types.is_date(found.schema.field(at).type) else found.column(at)
        for at in range(len(rules))
    ]
    return [one.to_pylist() for one in columns]


def _on_postgres(rules: Sequence[Expression], values: Sequence[Row]) -> list[list[object]]:
    columns = ", ".join('"' + name.replace('"', '""') + f'" {_POSTGRES[of]}' for name, of in COLUMNS.items())
    wanted = ", ".join(
        f"({one.to_sql('postgres')}) - DATE '1970-01-01'" if one.type is ColumnType.DATE else one.to_sql("postgres")
        for one in rules
    )
    source = f"jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e(value, n), jsonb_to_record(value) AS r({columns})"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted.replace('%', '%%')} FROM {source} ORDER BY n", [_json(values)])
        return [list(one) for one in zip(*cursor.fetchall(), strict=True)]


def _json(values: Sequence[Row]) -> str:
    return orjson.dumps(values, default=lambda one: f"{one:f}" if isinstance(one, Decimal) else str(one)).decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", PRODUCTIONS)
def test_a_rule_gives_the_same_on_both_engines_whatever_the_row(name: str) -> None:
    seen: list[Expression] = []

    @_quick
    @given(st.lists(PRODUCTIONS[name][1], min_size=1, max_size=3), rows)
    def agree(texts: list[str], values: list[Row]) -> None:
        rules = [_read(one) for one in texts]
        seen.extend(rules)
        assert _on_duckdb(rules, values) == _on_postgres(rules, values), [one.text for one in rules]

    agree()
    assert any(name in (node.kind.value, node.value) for rule in seen for node in rule.tree.walk())


def test_every_node_kind_and_every_function_is_generated() -> None:
    assert set(PRODUCTIONS) == {one.value for one in Kind if one is not Kind.CALL} | set(FUNCTIONS)


def test_every_allowed_node_of_the_parser_is_generated() -> None:
    seen: set[type[exp.Expr]] = set()

    @settings(_quick, max_examples=120, derandomize=True)  # coverage is no matter of luck
    @given(st.tuples(*(how for _, how in Productions(1).roots.values())))
    def collect(texts: tuple[str, ...]) -> None:
        for text in texts:
            seen.update(type(node) for node in _grammar.read(text).walk())

    collect()
    assert seen == set(_grammar.NODES)


@_quick
@given(st.lists(st.one_of(*(how for _, how in PRODUCTIONS.values())), min_size=1, max_size=5))
def test_the_canonical_text_means_the_same(texts: list[str]) -> None:
    for text in texts:
        rule = _read(text)
        again = parse(rule.canonical, columns=COLUMNS, expects=None)
        assert again == rule
        assert again.canonical == rule.canonical


_CONDITION = st.recursive(
    st.sampled_from(['"IS_OK"', '"end"', "TRUE", '"数量" > 0', "\"XK_WSH\" LIKE 'a%'", '"数量" + 1 * 2 - 3 <= -"_connector"',
                     '"数量" IS NULL', '"数量" NOT IN (1, 2)', '"数量" BETWEEN 0 AND 2 + 1', "\"XK_WSH\" || 'x' <> 'x'", '"end" IS NOT TRUE',
                     '"数量" NOT BETWEEN 1 AND 2', "\"XK_WSH\" NOT LIKE '_'"]),
    lambda inner: st.tuples(inner, st.sampled_from([" AND ", " OR ", " AND NOT ", " OR NOT "]), inner).map("".join)
    | inner.map(lambda one: f"NOT {one}")
    | inner.map(lambda one: f"({one})"),
    max_leaves=8,
)  # fmt: skip


@_quick
@given(st.lists(_CONDITION, min_size=1, max_size=8), rows)
def test_unbracketed_text_means_what_sql_says(texts: list[str], values: list[Row]) -> None:
    """The text itself, run by DuckDB as it stands, agrees with what we read in it."""
    table = _table(values).select(["数量", "_connector", "IS_OK", "end", "XK_WSH"])
    ours = evaluate(table, {str(at): parse(one, columns=COLUMNS) for at, one in enumerate(texts)})
    raw = duckdb.connect(":memory:").from_arrow(table)
    theirs = raw.project(", ".join(f"CAST({one} AS BOOLEAN)" for one in texts)).to_arrow_table()
    assert [one.to_pylist() for one in ours.columns] == [one.to_pylist() for one in theirs.columns], texts
