"""How key texts are compared, one by one and in columns: brackets of a document number are one kind
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


def folded_column(texts: pa.Array) -> pa.Array:
    """The same over a column; a cell that is as compared already, and most are, is not touched."""
    changed = pc.fill_null(pc.match_substring_regex(texts, _CHANGED), False)
    if not pc.any(changed).as_py():
        return texts
    return pc.replace_with_mask(
        texts, changed, pa.array([*map(folded, texts.filter(changed).to_pylist())], pa.string())
    )
