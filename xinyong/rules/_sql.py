"""SQL from the typed tree, for one engine. Every character is written here; nothing is copied from a rule's text.

DuckDB's decimals are fixed at 38 digits and its results are typed by their operands, so each number is cast to the digits
that the checker worked out. PostgreSQL's ``numeric`` needs no digits; text is ordered by code point with COLLATE "C".
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from xinyong.rules._functions import CONSTANTS, FUNCTIONS
from xinyong.rules._patterns import canonical
from xinyong.rules._tree import (
    COLUMN_DIGITS,
    COLUMN_SCALE,
    DIGITS,
    INTEGER_DIGITS,
    QUOTIENT_SCALE,
    TEXT,
    ColumnType,
    Kind,
    Node,
    Type,
    Value,
    common,
    division_factors,
)

DIALECTS = ("duckdb", "postgres")
_COLUMN_SQL = {
    ColumnType.TEXT: "VARCHAR", ColumnType.DATE: "DATE", ColumnType.BOOLEAN: "BOOLEAN", ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: f"DECIMAL({COLUMN_DIGITS + COLUMN_SCALE},{COLUMN_SCALE})",
}  # fmt: skip


_ROUNDING = frozenset({"round", "floor", "ceil", "abs"})


def column_sql(of: ColumnType) -> str:
    """DuckDB's type of a column."""
    return _COLUMN_SQL[of]


def identifier(name: str) -> str:
    """A name in double quotes; a quote inside is doubled."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def constant(value: Value) -> str:
    """A DuckDB literal."""
    return _Writer(True, {}).literal(Node(Kind.LITERAL, TEXT, value=value))


def write(node: Node, *, dialect: str, names: Mapping[str, str]) -> str:
    """One SQL expression. ``names`` gives columns another name. Raises ValueError for a dialect we do not write."""
    if dialect not in DIALECTS:
        raise ValueError(f"no such dialect: {dialect}; there are {', '.join(DIALECTS)}")
    writer = _Writer(dialect == "duckdb", names)
    return writer.result(node)


class _Writer:
    def __init__(self, is_duckdb: bool, names: Mapping[str, str]) -> None:
        self.is_duckdb, self.names = is_duckdb, names

    # -- parts

    def text(self, value: str) -> str:
        quoted = "'" + value.replace("'", "''") + "'"
        if self.is_duckdb:
            return quoted
        # E'' has one meaning whatever the server's standard_conforming_strings
        escape = "E" if "\\" in value else ""
        doubled = quoted.replace("\\", "\\\\")
        return f"CAST({escape}{doubled} AS text)"

    def result(self, node: Node) -> str:
        """The whole expression; on DuckDB a number gets a type that callers can rely on."""
        if not (self.is_duckdb and node.type.is_number):
            return self.sql(node)
        if node.type.of is ColumnType.INTEGER and node.type.digits <= INTEGER_DIGITS:
            return f"CAST({self.sql(node)} AS BIGINT)"
        return self.number(node, node.type)

    def number(self, node: Node, wanted: Type) -> str:
        """A number with the digits of ``wanted``."""
        if node.type == wanted and _is_exact(node):
            return self.sql(node)
        if not self.is_duckdb:
            return f"CAST({self.sql(node)} AS numeric)"
        return f"CAST({self.sql(node)} AS DECIMAL({min(wanted.precision, DIGITS)},{wanted.scale}))"

    def alike(self, nodes: tuple[Node, ...], wanted: Type | None = None) -> list[str]:
        """The nodes as values that engines compare exactly."""
        together = wanted or common([one.type for one in nodes if one.kind is not Kind.NULL])
        if together is None or not together.is_number or self.are_plain(nodes):
            return [self.sql(one) for one in nodes]
        return [self.number(one, together) if one.kind is not Kind.NULL else "NULL" for one in nodes]

    def are_plain(self, nodes: tuple[Node, ...]) -> bool:
        """Whole numbers that fit 64 bits need no casts."""
        return all(one.type.of is ColumnType.INTEGER and one.type.digits <= INTEGER_DIGITS for one in nodes)

    def ordered(self, nodes: tuple[Node, ...]) -> list[str]:
        """Like ``alike``; text is ordered by code point."""
        found = self.alike(nodes)
        if nodes[0].type.of is ColumnType.TEXT and not self.is_duckdb:
            found[0] = f'{found[0]} COLLATE "C"'
        return found

    # -- nodes

    def sql(self, node: Node) -> str:
        operands = node.operands
        match node.kind:
            case Kind.COLUMN:
                name = str(node.value)
                return identifier(self.names.get(name, name))
            case Kind.LITERAL:
                return self.literal(node)
            case Kind.NULL:
                return "NULL"
            case Kind.AND | Kind.OR | Kind.CONCAT:
                sign = {Kind.AND: " AND ", Kind.OR: " OR ", Kind.CONCAT: " || "}[node.kind]
                return f"({sign.join(self.sql(one) for one in operands)})"
            case Kind.NOT:
                return f"(NOT {self.sql(operands[0])})"
            case Kind.IS_NULL | Kind.IS_TRUE | Kind.IS_FALSE:
                return f"({self.sql(operands[0])} {node.kind.upper()})"
            case Kind.COMPARE:
                is_order = node.value not in ("=", "<>")
                left, right = self.ordered(operands) if is_order else self.alike(operands)
                return f"({left} {node.value} {right})"
            case Kind.IN:
                subject, *items = self.alike(operands)
                return f"({subject} IN ({', '.join(items)}))"
            case Kind.BETWEEN:
                subject, low, high = self.ordered(operands)
                return f"({subject} BETWEEN {low} AND {high})"
            case Kind.LIKE:
                end = "" if self.is_duckdb else " ESCAPE ''"
                return f"({self.sql(operands[0])} LIKE {self.text(str(node.value))}{end})"
            case Kind.NEGATE:
                return f"(- {self.number(operands[0], node.type)})"
            case Kind.ARITHMETIC:
                return self.arithmetic(node)
            case Kind.DAYS:
                return f"({self.sql(operands[0])} - {self.sql(operands[1])})"
            case Kind.SHIFT:
                return self.shift(node)
            case Kind.CASE:
                return self.case(node)
            case Kind.CALL:
                return self.call(node)

    def literal(self, node: Node) -> str:
        value = node.value
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, date):
            return f"DATE '{value.isoformat()}'"
        assert isinstance(value, int | Decimal)
        digits = f"{value:f}" if isinstance(value, Decimal) else str(value)  # :f would make an int a float
        return f"({digits})" if value < 0 else digits

    def arithmetic(self, node: Node) -> str:
        (left, right), wanted = node.operands, node.type
        if node.value == "/":
            return self.quotient(left, right, wanted)
        if node.value == "*":
            product = f"({self.wide(left)} * {self.number(right, right.type)})"
            return self.exactly(product, wanted)
        return self.exactly(f"({self.number(left, wanted)} {node.value} {self.number(right, wanted)})", wanted)

    def wide(self, node: Node) -> str:
        """A factor of more than 18 digits: DuckDB multiplies smaller ones in 64 bits, where the product may not fit."""
        wide = max(node.type.digits, INTEGER_DIGITS + 1 - node.type.scale)
        return self.number(node, Type(node.type.of, wide, node.type.scale))

    def exactly(self, sql: str, wanted: Type) -> str:
        return f"CAST({sql} AS DECIMAL({wanted.precision},{wanted.scale}))" if self.is_duckdb else sql

    def quotient(self, left: Node, right: Node, wanted: Type) -> str:
        """Whole division to one digit more than wanted, then one rounding, half away from zero; by zero it is NULL."""
        up, up_right = division_factors(left.type, right.type)
        above, below = self.wide(left), self.wide(right)
        tenth = f"0.{'0' * QUOTIENT_SCALE}1"
        if not self.is_duckdb:
            return f"round(div({above} * {10 ** (QUOTIENT_SCALE + 1)}, NULLIF({below}, 0)) * {tenth}, {QUOTIENT_SCALE})"
        whole = [
            f"CAST({sql} * CAST({10**power} AS DECIMAL({power + 1},0)) AS HUGEINT)"
            for sql, power in ((above, up), (below, up_right))
        ]
        divided = f"CAST({whole[0]} // NULLIF({whole[1]}, 0) AS DECIMAL({DIGITS},0))"
        return self.exactly(f"round({divided} * {tenth}, {QUOTIENT_SCALE})", wanted)

    def shift(self, node: Node) -> str:
        count, unit = str(node.value)[1:].split()
        interval = f"INTERVAL {count} {unit}" if self.is_duckdb else f"INTERVAL '{count} {unit}'"
        return f"CAST({self.sql(node.operands[0])} {str(node.value)[0]} {interval} AS DATE)"

    def case(self, node: Node) -> str:
        *pairs, otherwise = node.operands
        results = self.alike((*pairs[1::2], otherwise), node.type)
        branches = " ".join(
            f"WHEN {self.sql(condition)} THEN {result}"
            for condition, result in zip(pairs[0::2], results[:-1], strict=True)
        )
        return f"(CASE {branches} ELSE {results[-1]} END)"

    def call(self, node: Node) -> str:
        function = FUNCTIONS[str(node.value)]
        template = function.duckdb if self.is_duckdb else function.postgres
        arguments = self.arguments(node)
        constants = {name: self.text(value) for name, value in CONSTANTS.items()}
        filled = template.format(*arguments, all=", ".join(arguments), **constants)
        return self.exactly(filled, node.type) if node.value in _ROUNDING else filled

    def arguments(self, node: Node) -> list[str]:
        operands = node.operands
        match node.value:
            case "coalesce" | "nullif" | "least" | "greatest":
                return self.alike(operands, node.type)
            case "regexp_matches":
                return [self.sql(operands[0]), self.text(canonical(str(operands[1].value)))]
            case name if name in _ROUNDING:
                # one digit more, for 9.9 becomes 10
                number = operands[0].type
                wide = Type(number.of, number.digits + 1, number.scale)
                places = min(int(str(operands[1].value)), number.scale) if len(operands) == 2 else 0
                return [self.number(operands[0], wide), str(places)]
        return [self.sql(one) for one in operands]


def _is_exact(node: Node) -> bool:
    """Whether the node's SQL has the digits of its type already."""
    return node.kind is Kind.ARITHMETIC or (node.kind is Kind.CALL and node.value in _ROUNDING)
