"""An expression in the rule language itself, in one canonical spelling: what explanations and differences show."""

from datetime import date
from decimal import Decimal

from xinyong.rules._grammar import is_plain_name
from xinyong.rules._sql import identifier
from xinyong.rules._tree import Kind, Node

_STRENGTH = {Kind.OR: 1, Kind.AND: 2, Kind.NOT: 3, Kind.COMPARE: 4, Kind.IS_NULL: 4, Kind.IS_TRUE: 4, Kind.IS_FALSE: 4,
             Kind.IN: 4, Kind.BETWEEN: 4, Kind.LIKE: 4, Kind.CONCAT: 5, Kind.SHIFT: 6, Kind.DAYS: 6, Kind.NEGATE: 8}  # fmt: skip
_TIGHT = 9


def spell(node: Node) -> str:
    """The canonical text; reading it again gives the same tree."""
    return _spell(node)


def _strength(node: Node) -> int:
    if node.kind is Kind.ARITHMETIC:
        return 7 if node.value in ("*", "/") else 6
    return _STRENGTH.get(node.kind, _TIGHT)


def _inside(node: Node, least: int) -> str:
    """A part, in brackets when it binds less tightly than ``least``."""
    text = _spell(node)
    return text if _strength(node) >= least else f"({text})"


def _spell(node: Node) -> str:
    operands, value = node.operands, node.value
    match node.kind:
        case Kind.COLUMN:
            name = str(value)
            return name if is_plain_name(name) else identifier(name)
        case Kind.LITERAL:
            return _literal(node)
        case Kind.NULL:
            return "NULL"
        case Kind.AND | Kind.OR | Kind.CONCAT:
            sign = {Kind.AND: " AND ", Kind.OR: " OR ", Kind.CONCAT: " || "}[node.kind]
            return sign.join(_inside(one, _strength(node) + 1) for one in operands)
        case Kind.NOT:
            return _negated(operands[0])
        case Kind.IS_NULL | Kind.IS_TRUE | Kind.IS_FALSE:
            return f"{_inside(operands[0], 5)} {node.kind.upper()}"
        case Kind.COMPARE:
            return f"{_inside(operands[0], 5)} {value} {_inside(operands[1], 5)}"
        case Kind.IN:
            return f"{_inside(operands[0], 5)} IN ({', '.join(map(_spell, operands[1:]))})"
        case Kind.BETWEEN:
            subject, low, high = (_inside(one, 5) for one in operands)
            return f"{subject} BETWEEN {low} AND {high}"
        case Kind.LIKE:
            return f"{_inside(operands[0], 5)} LIKE {_quoted(str(value))}"
        case Kind.NEGATE:
            return (
                f"-{_inside(operands[0], _TIGHT)}"
                if operands[0].kind is not Kind.LITERAL
                else f"-({_spell(operands[0])})"
            )
        case Kind.ARITHMETIC | Kind.DAYS:
            own = _strength(node)
            return f"{_inside(operands[0], own)} {value or '-'} {_inside(operands[1], own + 1)}"
        case Kind.SHIFT:
            sign, (count, unit) = str(value)[0], str(value)[1:].split()
            return f"{_inside(operands[0], 6)} {sign} INTERVAL '{count}' {unit}"
        case Kind.CASE:
            *pairs, otherwise = map(_spell, operands)
            branches = " ".join(f"WHEN {pairs[at]} THEN {pairs[at + 1]}" for at in range(0, len(pairs), 2))
            return f"CASE {branches} ELSE {otherwise} END"
        case Kind.CALL:
            return f"{value}({', '.join(map(_spell, operands))})"


def _negated(node: Node) -> str:
    """NOT, put where SQL puts it: NOT IN, NOT LIKE, NOT BETWEEN, IS NOT NULL."""
    if node.kind in (Kind.IN, Kind.LIKE, Kind.BETWEEN):
        word = f" {node.kind.upper()} "
        subject = _inside(node.operands[0], 5)
        return f"{subject} NOT{word}{_spell(node)[len(subject) + len(word) :]}"
    if node.kind in (Kind.IS_NULL, Kind.IS_TRUE, Kind.IS_FALSE):
        return f"{_inside(node.operands[0], 5)} IS NOT {node.kind.upper()[3:]}"
    return f"NOT {_inside(node, 3)}"


def _literal(node: Node) -> str:
    value = node.value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    assert isinstance(value, int | Decimal)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
