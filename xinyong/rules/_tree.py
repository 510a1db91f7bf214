"""The typed tree of an expression: what remains of a rule's text once it has been checked.

It has no room for anything but the closed list: eighteen kinds of node, five types of value, functions by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from xinyong.kernel.errors import Invalid

#: Digits an engine can hold in one exact number (DuckDB's DECIMAL; PostgreSQL's is wider).
DIGITS = 38
#: A DECIMAL column has at most this many digits before and after the point: decimal(18,6), amounts in 万元.
COLUMN_DIGITS, COLUMN_SCALE = 12, 6
#: An INTEGER column has at most this many digits, so that it fits 64 bits.
INTEGER_DIGITS = 18
#: Digits after the point of a quotient.
QUOTIENT_SCALE = 6


class ColumnType(StrEnum):
    """What a column or an expression holds."""

    TEXT = "text"
    DATE = "date"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class RuleError(Invalid):
    """The text is no rule. Facts: ``reason`` (machine word), ``at`` (offset), ``line``, ``column`` (both from 1)."""

    code = "rules.invalid-expression"


class Kind(StrEnum):
    """The closed list of nodes."""

    COLUMN = "column"
    LITERAL = "literal"
    NULL = "null"
    AND = "and"
    OR = "or"
    NOT = "not"
    COMPARE = "compare"
    IN = "in"
    BETWEEN = "between"
    LIKE = "like"
    IS_NULL = "is null"
    IS_TRUE = "is true"
    IS_FALSE = "is false"
    ARITHMETIC = "arithmetic"
    NEGATE = "negate"
    CONCAT = "concat"
    CASE = "case"
    SHIFT = "shift"  # a date plus or minus an interval
    DAYS = "days"  # a date minus a date
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Type:
    """A type; numbers also carry how many digits they can have before and after the point at most."""

    of: ColumnType
    digits: int = 0
    scale: int = 0

    @property
    def is_number(self) -> bool:
        """True for INTEGER and DECIMAL."""
        return self.of in (ColumnType.INTEGER, ColumnType.DECIMAL)

    @property
    def precision(self) -> int:
        """All digits."""
        return self.digits + self.scale


TEXT = Type(ColumnType.TEXT)
DATE = Type(ColumnType.DATE)
BOOLEAN = Type(ColumnType.BOOLEAN)


def integer(digits: int) -> Type:
    """An integer of at most so many digits."""
    return Type(ColumnType.INTEGER, digits)


def decimal(digits: int, scale: int) -> Type:
    """A decimal of at most so many digits before and after the point."""
    return Type(ColumnType.DECIMAL, digits, scale)


def column(of: ColumnType) -> Type:
    """The type of a column."""
    if of is ColumnType.INTEGER:
        return integer(INTEGER_DIGITS)
    return decimal(COLUMN_DIGITS, COLUMN_SCALE) if of is ColumnType.DECIMAL else Type(of)


def common(types: list[Type]) -> Type | None:
    """The type that holds values of all of these, or None: numbers mix with numbers, nothing else mixes."""
    if all(one.is_number for one in types):
        digits, scale = max(one.digits for one in types), max(one.scale for one in types)
        is_whole = all(one.of is ColumnType.INTEGER for one in types)
        return integer(digits) if is_whole else decimal(digits, scale)
    return types[0] if all(one.of is types[0].of for one in types) else None


def division_factors(left: Type, right: Type) -> tuple[int, int]:
    """Powers of ten that make both sides of a division whole, so that the whole quotient has one digit more than
    ``QUOTIENT_SCALE``: exact integer division, then one rounding."""
    up = max(QUOTIENT_SCALE + 1 + right.scale, left.scale)
    return up, up - QUOTIENT_SCALE - 1


Value = str | Decimal | int | date | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """One node. ``value`` is the literal, the column's name, the operator, the function's name, the LIKE pattern, or
    for SHIFT ``"-3 MONTH"``."""

    kind: Kind
    type: Type
    operands: tuple["Node", ...] = ()
    value: Value = None

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, outermost first."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.operands))


NULL = Node(Kind.NULL, BOOLEAN)
