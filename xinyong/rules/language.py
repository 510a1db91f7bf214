"""The front of the rule language: a text and the columns it may use in, a checked ``Expression`` out.

A *check* is a boolean expression that is true for a good row. Logic is SQL's three-valued logic: a row fails a check only
when the expression is FALSE; unknown (NULL) cannot be judged and passes, for whether a value must be there is another rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xinyong.rules import _grammar, _sql, _text
from xinyong.rules._tree import ColumnType, Kind, Node, RuleError
from xinyong.rules.check import check

__all__ = ["ColumnType", "Expression", "RuleError", "parse"]

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: frozen, comparable by meaning, picklable.

    ``text`` is as the author wrote it, ``type`` what it gives, ``tree`` the typed tree for the rooms' engines.
    """

    text: str = field(compare=False)
    type: ColumnType
    tree: Node

    @property
    def columns(self) -> frozenset[str]:
        """The columns it reads."""
        return frozenset(self.column_types)

    @property
    def column_types(self) -> dict[str, ColumnType]:
        """The columns it reads with their types, in order of first use."""
        return {str(one.value): one.type.of for one in self.tree.walk() if one.kind is Kind.COLUMN}

    @property
    def canonical(self) -> str:
        """The expression in one spelling, whatever the author's blanks and brackets."""
        return _text.spell(self.tree)

    def to_sql(self, dialect: str = "duckdb", *, names: Mapping[str, str] = _NONE) -> str:
        """SQL for ``duckdb`` or ``postgres``, to stand inside a larger SELECT.

        Columns are quoted identifiers, replaced by ``names`` where that has them. They must have these types: TEXT
        varchar, DATE date, INTEGER bigint (18 digits), DECIMAL decimal(18,6), BOOLEAN boolean. Evaluation never raises
        an error then. (A client that takes ``%`` for a parameter needs it doubled.) Raises ValueError for another dialect.
        """
        return _sql.write(self.tree, dialect=dialect, names=names)


def parse(
    expression: str, *, columns: Mapping[str, ColumnType], expects: ColumnType | None = ColumnType.BOOLEAN
) -> Expression:
    """Reads and checks an expression over these columns; ``expects`` is the type it must give (None: any).

    Raises RuleError: what is wrong, where (``facts``: reason, at, line, column), and what is allowed instead.
    """
    try:
        tree = check(expression, _grammar.read(expression), columns, expects)
    except RecursionError:  # the limits hold with a usual stack; a caller may have used most of it
        _grammar.refuse_depth(expression, 0)
    return Expression(text=expression, type=expects or tree.type.of, tree=tree)
