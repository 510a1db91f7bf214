"""Text that prints as it reads: nothing invisible, nothing that reorders, nothing that a font drops (T24).

A name with a right-to-left override, a control character or a character the font lacks must not print as another name
or as a blank. Such a character is printed as its code point, 〔U+202E〕, so that the reader sees that something stands
there.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

#: Assigned letters and symbols that have a width but no ink: they could make a blank name.
_BLANK_LETTERS = frozenset({0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
#: Characters that choose a glyph variant and show nothing themselves.
_VARIATION = (range(0x034F, 0x0350), range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
#: Han planes: newer blocks than our Unicode tables know are still characters (GB 18030-2022 level 3).
_HAN_PLANES = range(0x20000, 0x3FFFE)

Value = TypeVar("Value")


def code_point(character: str) -> str:
    """The visible stand-in of a character: 〔U+202E〕."""
    return f"〔U+{ord(character):04X}〕"


def visible(text: str) -> str:
    """``text`` with line breaks and odd blanks as single blanks and everything else invisible as its code point."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def covered(text: str, glyphs: frozenset[int]) -> str:
    """``text`` with each character that ``glyphs`` (code points of the font) lacks as its code point."""
    if glyphs.issuperset(map(ord, text)):
        return text
    return "".join(c if ord(c) in glyphs else code_point(c) for c in text)


def everywhere(value: Value, change: Callable[[str], str]) -> Value:
    """The same frozen value with ``change`` applied to every text in it, however deep (dataclasses, tuples, dicts)."""
    return _everywhere(value, change)  # type: ignore[no-any-return]


def _everywhere(value: Any, change: Callable[[str], str]) -> Any:
    if type(value) is str:
        return change(value)
    if isinstance(value, tuple | list):
        return type(value)(_everywhere(one, change) for one in value)
    if isinstance(value, dict):
        return {key: _everywhere(one, change) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _everywhere(getattr(value, one.name), change) for one in fields(value)})
    return value


@lru_cache(maxsize=8192)
def _visible(character: str) -> str:
    if character in "\t\n\v\f\r\x85\u2028\u2029":
        return " "
    category = unicodedata.category(character)
    if category == "Zs":
        return character if character == "\u3000" else " "
    point = ord(character)
    if category in {"Cc", "Cf", "Cs", "Co"} or point in _BLANK_LETTERS or any(point in span for span in _VARIATION):
        return code_point(character)
    if category == "Cn" and point not in _HAN_PLANES:
        return code_point(character)
    return character
