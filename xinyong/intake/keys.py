"""How key texts are compared, once in Python and once as DuckDB's SQL: brackets of a document number are one kind
(〔2025〕, [2025] and （2025） are the same number, security.md T18), blanks go, digits are
narrow, letters are capitals."""

_FROM = "[]【】（）()［］{}「」﹝﹞０１２３４５６７８９－abcdefghijklmnopqrstuvwxyz"
_TO = "〔〕〔〕〔〕〔〕〔〕〔〕〔〕〔〕0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BLANKS = (" ", "\u3000")
_TABLE = str.maketrans(_FROM, _TO, "".join(_BLANKS))


def folded(text: str | None) -> str:
    """The text as compared; nothing is an empty text."""
    return (text or "").translate(_TABLE)


def folded_sql(column: str) -> str:
    """The same as a DuckDB expression over a text column (``column`` is SQL of ours)."""
    plain = f"coalesce({column}, '')"
    for blank in _BLANKS:
        plain = f"replace({plain}, '{blank}', '')"
    return f"translate({plain}, '{_FROM}', '{_TO}')"
