"""Explains an expression on one row, clause by clause: what each part says, what its operands are, and what follows.

The engine itself evaluates the parts, so an explanation cannot disagree with the verdict it explains.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import pyarrow as pa

from xinyong.rules import _text, _words, duckdb_engine
from xinyong.rules._tree import ColumnType, Kind, Node, Value
from xinyong.rules.language import Expression

__all__ = ["Clause", "Operand", "explain"]

HIDDEN = "***"
_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_PARTS = frozenset({Kind.AND, Kind.OR, Kind.NOT, Kind.CASE, Kind.IS_TRUE, Kind.IS_FALSE})
_VERDICTS = {True: ("成立", "holds"), False: ("不成立", "does not hold"), None: ("无法判断", "cannot be judged")}


@dataclass(frozen=True, slots=True)
class Operand:
    """A part that has a value in this row: its text, its phrases, the value (``***`` when hidden)."""

    text: str
    zh: str
    en: str
    value: Value


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: canonical text, value (for a condition True, False or None = unknown), sentences, clauses below."""

    text: str
    value: Value
    sentence_zh: str
    sentence_en: str
    operands: tuple[Operand, ...]
    children: tuple["Clause", ...]


def explain(
    expression: Expression,
    row: Mapping[str, object],
    *,
    labels: Mapping[str, str] = _NO_LABELS,
    hidden: Collection[str] = (),
) -> Clause:
    """The tree of clauses for this row.

    ``row``: column → str, date, Decimal, int, bool or None; a missing column is NULL. ``labels``: column → its name for
    people. ``hidden``: columns whose values are not shown, such as identifiers of persons: what is computed from them
    shows as ``***`` too (whether a condition holds is shown). Raises duckdb_engine.TableDoesNotFit when a value has
    another type than its column.
    """
    shown = [one for one in dict.fromkeys(expression.tree.walk()) if one.kind not in (Kind.LITERAL, Kind.NULL)]
    values = dict(zip(shown, _values(shown, expression.column_types, row), strict=True))
    return _Explainer(values, labels, frozenset(hidden)).clause(expression.tree)


def _values(shown: list[Node], columns: Mapping[str, ColumnType], row: Mapping[str, object]) -> list[Value]:
    given = {name: row.get(name) for name in columns}
    parts = {str(at): Expression(text="", type=one.type.of, tree=one) for at, one in enumerate(shown)}
    found = duckdb_engine.evaluate(pa.table({"_": [None]}), parts, given=given)
    return [_python(found.column(at)) for at in range(len(shown))]


def _python(column: pa.ChunkedArray) -> Value:
    """The only value; a date outside the years 1 to 9999 has no Python form and shows as unknown."""
    try:
        value: Value = column[0].as_py()
    except (OverflowError, ValueError):
        return None
    return value.normalize() if isinstance(value, Decimal) and value else value


class _Explainer:
    def __init__(self, values: Mapping[Node, Value], labels: Mapping[str, str], hidden: frozenset[str]) -> None:
        self.values, self.labels, self.hidden = values, labels, hidden

    def clause(self, node: Node) -> Clause:
        value = self.values.get(node, node.value)
        children = tuple(self.clause(one) for one in _children(node))
        is_whole = node.kind not in _PARTS or _words.is_plain_negation(node)
        operands = tuple(self.operands(node)) if is_whole else ()
        zh, en = self.sentence(node, value, operands, children)
        return Clause(_text.spell(node), self.shown(node, value), zh, en, operands, children)

    def operands(self, node: Node) -> list[Operand]:
        """The values a clause rests on: its operands, then the columns inside them."""
        below = node.operands[0].operands if node.kind is Kind.NOT else node.operands
        own = [node] if node.kind is Kind.COLUMN else [one for one in below if one in self.values]
        columns = [one for part in own for one in part.walk() if one.kind is Kind.COLUMN]
        return [
            Operand(_text.spell(one), *_words.phrase(one, self.labels), self.shown(one, self.values[one]))
            for one in dict.fromkeys([*own, *columns])
        ]

    def shown(self, node: Node, value: Value) -> Value:
        is_hidden = any(one.kind is Kind.COLUMN and one.value in self.hidden for one in node.walk())
        return HIDDEN if is_hidden and value is not None and not isinstance(value, bool) else value

    def sentence(
        self, node: Node, value: Value, operands: tuple[Operand, ...], children: tuple[Clause, ...]
    ) -> tuple[str, str]:
        if node.kind in (Kind.AND, Kind.OR):
            return _counted(node.kind is Kind.AND, value, children)
        zh, en = _words.phrase(node, self.labels)
        facts_zh = "，".join(f"{one.zh}为{_said(one.value)[0]}" for one in operands if one.text != _text.spell(node))
        facts_en = ", ".join(f"{one.en} is {_said(one.value)[1]}" for one in operands if one.text != _text.spell(node))
        if node.type.of is ColumnType.BOOLEAN:
            said: tuple[str, str] = _VERDICTS[None if value is None else bool(value)]
        else:
            zh_value, en_value = _said(self.shown(node, value))
            said = (zh_value.strip(), en_value)
        tail_zh, tail_en = (f"（{facts_zh}）" if facts_zh else ""), (f" ({facts_en})" if facts_en else "")
        return f"{zh}：{said[0]}{tail_zh}", f"{en}: {said[1]}{tail_en}"


def _children(node: Node) -> tuple[Node, ...]:
    """The clauses below: conditions inside a condition, and the conditions of a CASE."""
    if node.kind is Kind.CASE:
        return node.operands[0:-1:2]
    if _words.is_plain_negation(node):
        return ()
    inside = node.operands if node.kind in _PARTS or node.kind is Kind.CALL else ()
    return tuple(one for one in inside if one.type.of is ColumnType.BOOLEAN and one.kind is not Kind.LITERAL)


def _counted(is_all: bool, value: Value, children: tuple[Clause, ...]) -> tuple[str, str]:
    counts = [sum(1 for one in children if one.value is wanted) for wanted in (True, False, None)]
    rule = ("须全部成立", "all must hold") if is_all else ("有一项成立即可", "one must hold")
    verdict = _VERDICTS[None if value is None else bool(value)]
    return (
        f"{rule[0]}，{len(children)} 项中 {counts[0]} 项成立、{counts[1]} 项不成立、{counts[2]} 项无法判断：{verdict[0]}",
        f"{rule[1]}: of {len(children)}, {counts[0]} hold, {counts[1]} do not, {counts[2]} unknown: {verdict[1]}",
    )


def _said(value: Value) -> tuple[str, str]:
    if value is None:
        return "空", "empty"
    if isinstance(value, bool):
        return ("是", "true") if value else ("否", "false")
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    quoted = isinstance(value, str) and value != HIDDEN
    return (f"“{text}”", f'"{text}"') if quoted else (f" {text}", text)
