r"""One reading of JSON for every door (严格 JSON): what two parsers could read in two ways is refused.

RFC 8259 leaves open what a key that stands twice means, how deep and how long a text may be, and what a lone surrogate
is; ``NaN`` it forbids and most parsers take. A message that one program checks and another one acts on must have one
meaning (security.md §3-22, T26). Size and depth are judged before anything is parsed.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from xinyong.kernel.errors import Invalid

MEGABYTE = 1 << 20
MOST_DEPTH = 32
#: A number may have so many characters; no amount, code or identifier of ours has more.
MOST_DIGITS = 40
_MOST_EXPONENT = 300

#: A string with its quotation marks, closed or not. Possessive, so that the time is linear in any text.
_STRING = re.compile(r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_ALIKE = str.maketrans("{}", "[]")
#: Far below where the parser's own recursion ends; a text with so few brackets open it may look at.
_SAFE_DEPTH = 500
_BLANKS = re.compile(r"[ \t\n\r]*")
_LONG_DIGITS = re.compile(r"[0-9０-９]{6}")


class NotStrictJson(Invalid):
    """The JSON is not valid, or two programs could read it in two ways. ``facts["reason"]`` names which, ``line`` and
    ``column`` where, when the place is known."""

    code: ClassVar[str] = "kernel.not-strict-json"


def _refused(reason: str, zh: str, en: str, **facts: object) -> NotStrictJson:
    return NotStrictJson(zh, en, reason=reason, **facts)


def _too_long(number: str) -> NoReturn:
    raise _refused(
        "long-number",
        f"有一个数字长达 {len(number)} 个字符或指数过大。长的号码请写成带引号的文字。",
        f"A number has {len(number)} characters or too large an exponent. Write long numbers as text in quotes.",
    )


@dataclass(frozen=True, slots=True)
class StrictJson:
    """A reader with its bounds. ``parse`` gives dicts, lists, texts, ints, ``Decimal`` (never a float), booleans, None.

    ``long_number`` receives the digits of a number beyond the bounds; unless given, such a number refuses the text.
    """

    most_bytes: int = MEGABYTE
    most_depth: int = MOST_DEPTH
    long_number: Callable[[str], Any] = _too_long
    _decoder: json.JSONDecoder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        decoder = json.JSONDecoder(
            object_pairs_hook=_once, parse_constant=_constant, parse_float=self._number, parse_int=self._integer
        )
        object.__setattr__(self, "_decoder", decoder)

    def parse(self, content: bytes | str) -> Any:
        """The value of a whole JSON text. Raises NotStrictJson and nothing else, whatever the text is."""
        text = self._checked(content)
        try:
            value = self._decoder.decode(text)
        except json.JSONDecodeError as error:
            raise _syntax(error) from error
        if "\\u" in text:
            _check_texts(value)
        return value

    def elements(self, content: bytes | str) -> Iterator[Any]:
        """The elements of a JSON text that is one array, one by one: a large array is never whole in memory as values.

        Raises NotStrictJson, perhaps after elements were given.
        """
        text = self._checked(content)
        has_escapes = "\\u" in text
        try:
            at = _past(text, 0, "[")
            if text[at : at + 1] == "]":
                return _end(text, at + 1)
            while True:
                value, at = self._decoder.raw_decode(text, at)
                if has_escapes:
                    _check_texts(value)
                yield value
                at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # matches nothing too
                if text[at : at + 1] == "]":
                    return _end(text, at + 1)
                at = _past(text, at, ",")
        except json.JSONDecodeError as error:
            raise _syntax(error) from error

    def _checked(self, content: bytes | str) -> str:
        text = self._text(content)
        self._check_depth(text)
        return text

    def _text(self, content: bytes | str) -> str:
        if len(content) > self.most_bytes:
            raise self._too_large()
        if isinstance(content, str):
            try:
                size = len(content.encode("utf-8"))
            except UnicodeEncodeError as error:
                raise _surrogate() from error
            if size > self.most_bytes:
                raise self._too_large()
            text = content
        else:
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _refused(
                    "not-utf-8",
                    f"JSON 应为 UTF-8 编码：第 {error.start} 字节起不是。",
                    f"JSON must be UTF-8; from byte {error.start} on it is not.",
                ) from error
        if text.startswith("\ufeff"):
            raise _refused(
                "byte-order-mark",
                "JSON 开头有字节顺序标记（BOM），请去掉。",
                "The JSON begins with a byte order mark; please leave it out.",
            )
        if "\0" in text:
            raise _zero()
        return text

    def _check_depth(self, text: str) -> None:
        """Each round takes away the innermost pairs, so what is left after ``most_depth`` rounds is nested deeper."""
        if text.count("[") + text.count("{") <= self.most_depth:
            return
        brackets = _NO_BRACKETS.sub("", _STRING.sub("", text)).translate(_ALIKE)
        for _ in range(self.most_depth):
            brackets = brackets.replace("[]", "")
        opened, closed = brackets.count("["), brackets.count("]")
        # Brackets that do not pair are the parser's to refuse, who knows the place; unless they could exhaust it.
        if brackets.startswith("[") and (opened == closed or opened > _SAFE_DEPTH):
            raise _refused(
                "depth",
                f"JSON 嵌套超过 {self.most_depth} 层。",
                f"The JSON is nested more than {self.most_depth} levels deep.",
            )

    def _too_large(self) -> NotStrictJson:
        shown = f"{self.most_bytes / MEGABYTE:g} MB" if self.most_bytes >= MEGABYTE // 8 else f"{self.most_bytes} B"
        return _refused("size", f"JSON 超过 {shown} 的上限。", f"The JSON exceeds {shown}.")

    def _integer(self, digits: str) -> Any:
        return int(digits) if len(digits) <= MOST_DIGITS else self.long_number(digits)

    def _number(self, text: str) -> Any:
        if len(text) > MOST_DIGITS:
            return self.long_number(text)
        _, sign, exponent = text.lower().partition("e")
        if sign and (len(exponent) > 5 or abs(int(exponent)) > _MOST_EXPONENT):
            return self.long_number(text)
        return Decimal(text)


def _past(text: str, at: int, sign: str) -> int:
    """The place after a sign and the blanks around it."""
    at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]
    if not text.startswith(sign, at):
        raise json.JSONDecodeError(f"{sign} expected", text, at)
    return _BLANKS.match(text, at + 1).end()  # type: ignore[union-attr]


def _end(text: str, at: int) -> None:
    if _BLANKS.match(text, at).end() < len(text):  # type: ignore[union-attr]
        raise json.JSONDecodeError("Extra data", text, at)


def _syntax(error: json.JSONDecodeError) -> NotStrictJson:
    return _refused(
        "syntax",
        f"不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列附近）。",
        f"Not valid JSON (near line {error.lineno}, column {error.colno}).",
        line=error.lineno,
        column=error.colno,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                shown = _shown(key)
                raise _refused("duplicate-key", f"键{shown}出现了两次。", f"The key {shown} stands twice.")
            seen.add(key)
    return record


def _shown(key: str) -> str:
    """The key for a sentence; not one that may be somebody's number, nor one that no terminal prints."""
    plain = key[:40]
    return "…" if _LONG_DIGITS.search(key) or not plain.isprintable() else f"“{plain}”"


def _constant(name: str) -> NoReturn:
    raise _refused(
        "not-a-number",
        f"JSON 中没有 {name} 这样的数。缺少的值请写 null。",
        f"There is no {name} in JSON. Write null where a value is missing.",
    )


def _check_texts(value: Any) -> None:
    """Zero characters and lone surrogates written as escapes."""
    for text in _texts(value):
        if "\0" in text:
            raise _zero()
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise _surrogate() from error


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _zero() -> NotStrictJson:
    return _refused("zero-character", "JSON 含有空字符（NUL）。", "The JSON holds a zero character (NUL).")


def _surrogate() -> NotStrictJson:
    return _refused(
        "lone-surrogate",
        "JSON 含有孤立的代理项（不成字符的 \\uD800–\\uDFFF）。",
        "The JSON holds a lone surrogate (\\uD800–\\uDFFF), which is no character.",
    )


def parse(content: bytes | str) -> Any:
    """The value of a JSON text of at most 1 MB, nested at most 32 deep: what every door for messages uses.

    Raises NotStrictJson for anything else: a key twice, NaN and Infinity, a zero character, a lone surrogate, a number
    of more than 40 characters, bytes that are not UTF-8.
    """
    return _STANDARD.parse(content)


_STANDARD = StrictJson()
