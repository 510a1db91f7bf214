"""Names: the form to show, the key to compare by, the parts of an organisation's name.

Two registers write one name with other widths, brackets, blanks, traditional or variant characters (a quarter of all
differences is the width of brackets). The key folds these and nothing else; a key proves no identity.
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from xinyong.kernel import word_lists
from xinyong.kernel.name_parts import NameParts, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NameParts", "dissect", "key", "key_column", "normalise"]

_INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u180e"
_CONTROLS: Final = "".join(chr(code) for code in (*range(1, 9), 11, 12, *range(14, 32), 127, 0x85))
_BLANKS: Final = " \t\r\n\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_OPENING: Final = "([{<（〔［【｛〈《「『﹙"
_CLOSING: Final = ")]}>）〕］】｝〉》」』﹚"
_QUOTES: Final = "\"'`“”‘’″′,.。，．"
_DOTS: Final = "•‧∙・･⋅●"
_DASHES: Final = "‐‑‒–—―−－─"
_CJK: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇\U00020000-\U000323af（）"
_HAS_CJK: Final = re.compile(f"[{_CJK}]")
_BLANK_RUN: Final = re.compile(r"\s+")
_BLANK_BY_CJK: Final = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_HAS_INVISIBLE: Final = re.compile(f"[{re.escape(_INVISIBLE + _CONTROLS)}]")
_DROP_INVISIBLE: Final = {ord(c): None for c in _INVISIBLE + _CONTROLS}
_TO_DISPLAY: Final = {
    **_DROP_INVISIBLE,
    ord("("): "（",
    ord(")"): "）",
    ord(","): "，",
    **{ord(c): "·" for c in "•‧・"},
}
#: Between the names of a joined column. No cell holds it; one that does is keyed by itself.
_SEPARATOR: Final = "\x00"
#: Characters that combine with no neighbour and that NFKC turns into such: ASCII, Han, full-width forms, common marks.
_ALONE: Final = re.compile("[\x00-\x7f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e\u3000-\u3029·—‘’“”•…]*")
_MANY_CHARACTERS: Final = 80


def normalise(name: str) -> str:
    """The name to show: half-width letters and digits, full-width brackets in Chinese names, no stray blanks."""
    folded = unicodedata.normalize("NFKC", name.translate(_DROP_INVISIBLE))
    if not _HAS_CJK.search(folded):
        return _BLANK_RUN.sub(" ", folded).strip()
    shown = folded.translate(_TO_DISPLAY)
    return unicodedata.normalize("NFC", _BLANK_RUN.sub(" ", _BLANK_BY_CJK.sub("", shown)).strip())


def key(name: str) -> str:
    """The name to compare by: ``normalise`` and traditional, variant and capital letters folded, blanks and quotes gone.

    Not for display. Folding again changes nothing.
    """
    return _fold(name)


def key_column(names: Any) -> Any:
    """``key`` of every name of an Arrow string array or chunked array; null stays null."""
    import pyarrow as pa

    texts = names.to_pylist()
    joined = _SEPARATOR.join("" if text is None else text for text in texts)
    if joined.count(_SEPARATOR) != max(len(texts) - 1, 0):
        return pa.array([None if text is None else key(text) for text in texts], type=pa.string())
    keys = _fold_column(joined).split(_SEPARATOR) if texts else []
    return pa.array(
        [None if text is None else folded for text, folded in zip(texts, keys, strict=True)], type=pa.string()
    )


def dissect(name: str) -> NameParts:
    """The parts of an organisation's name: division, trade name (字号), industry, legal form, branch.

    A reading, not a fact: a part that is not found is "". The division is the prefix or the place in brackets.
    """
    return cut(normalise(name))


def _fold(text: str) -> str:
    """Composes, folds, composes again: dropped marks may leave letters that now compose."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_DROP_INVISIBLE) if _HAS_INVISIBLE.search(text) else text)
    text = text.upper()
    if text.isascii():
        return text.translate(_folding())
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).translate(_folding()))


def _fold_column(joined: str) -> str:
    """``_fold`` of a long text at memory speed. A register uses few characters that fold; where all its characters fold by
    themselves (``_ALONE``), each of those is replaced throughout. No fold's result folds again, so the order is free."""
    present = set(joined)
    if _ALONE.fullmatch("".join(present)) is None:
        return _fold(joined)
    folds = {c: folded for c in present if (folded := _fold(c)) != c}
    if len(folds) > _MANY_CHARACTERS:
        return joined.translate({ord(c): folded for c, folded in folds.items()})
    for character, folded in folds.items():
        joined = joined.replace(character, folded)
    return joined


@cache
def _folding() -> "Mapping[int, str | None]":
    simplified = word_lists.pairs("simplified.txt")
    variants = word_lists.pairs("variants.txt")
    table: dict[int, str | None] = {}
    for character in {**simplified, **variants}:
        folded = character
        # A variant may lead to a traditional form and back: follow to the end.
        for _ in range(4):
            folded = variants.get(folded) or simplified.get(folded, folded)
        table[ord(character)] = folded
    table.update({ord(c): None for c in _INVISIBLE + _CONTROLS + _BLANKS + _QUOTES})
    table.update({ord(c): "(" for c in _OPENING} | {ord(c): ")" for c in _CLOSING})
    table.update({ord(c): "·" for c in _DOTS} | {ord(c): "-" for c in _DASHES})
    return table
