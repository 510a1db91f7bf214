"""How key texts are compared, once in Python and once as DuckDB's SQL: brackets of a document number are one kind
(〔2025〕, [2025] and （2025） are the same number, security.md T18), blanks go, digits are
narrow, letters are capitals."""

import re

import pyarrow as pa
import pyarrow.compute as pc

_FROM = "[]【】（）()［］{}「」﹝﹞０１２３４５６７８９－abcdefghijklmnopqrstuvwxyz"
_TO = "〔〕〔〕〔〕〔〕〔〕〔〕〔〕〔〕0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BLANKS = (" ", "\u3000")
_CHANGED = "[" + re.escape(_FROM + "".join(_BLANKS)) + "]"
_TABLE = str.maketrans(_FROM, _TO, "".join(_BLANKS))


def folded(text: str | None) -> str:
    """The text as compared; nothing is an empty text."""
    return (text or "").translate(_TABLE)


def folded_sql(column: str, *, is_folded: bool = False) -> str:
    """The same as a DuckDB expression over a text column (``column`` is SQL of ours). ``is_folded``: the column is
    known to be so already, and translating letter by letter is saved."""
    plain = f"coalesce({column}, '')"
    if is_folded:
        return plain
    for blank in _BLANKS:
        plain = f"replace({plain}, '{blank}', '')"
    return f"translate({plain}, '{_FROM}', '{_TO}')"


def is_folded(column: pa.Array) -> bool:
    """True when no cell of the column holds a character that folding changes."""
    return not pc.any(pc.match_substring_regex(column, _CHANGED)).as_py()
