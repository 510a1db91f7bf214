"""Single values of a sender's text: dates in the five Chinese forms, exact decimals, code lists. Pure.

Columns are checked by their distinct values (a million rows hold some thousand dates), so these may take their time.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue.schema import CodeList
from xinyong.kernel.periods import INDEFINITE

_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0, "Ｏ": 0, "O": 0}
_DATE_FORMS = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?"),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?: 0?0:00(?::00)?)?"),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})"),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]"),
)
_HAN_DATE = re.compile(
    r"([〇零○OＯ一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]"
)
_INDEFINITE = {"长期", "长期有效", "永久", "无固定期限"}
#: Years beyond are slips of the pen, and terms counted from them would leave the calendar; 9999-12-31 is other systems'
#: way to write "no end".
_LAST_YEAR = 2999
_NO_END = (9999, 12, 31)
_WIDE = str.maketrans("０１２３４５６７８９／．－", "0123456789/.-")


def read_date(text: str) -> date | None:
    """A date in one of the forms departments write, or None when it is none (or does not exist).

    ``长期`` and the like read as the standard's sentinel 2099-12-31 (data.md §1.1 item 22).
    """
    plain = text.translate(_WIDE).strip().replace(" 年", "年").replace("年 ", "年").replace("月 ", "月")
    if plain in _INDEFINITE:
        return INDEFINITE
    for form in _DATE_FORMS:
        if match := form.fullmatch(plain):
            return _date(*(int(part) for part in match.groups()))
    if match := _HAN_DATE.fullmatch(plain):
        year = int("".join(str(_DIGITS[c]) for c in match[1]))
        return _date(year, _han_number(match[2]), _han_number(match[3]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    if (year, month, day) == _NO_END:
        return INDEFINITE
    try:
        return date(year, month, day) if year <= _LAST_YEAR else None
    except ValueError:
        return None


def _han_number(text: str) -> int:
    """一 … 三十一; 0, which no date has, for anything else (十十, 一二十)."""
    if "十" not in text:
        return _DIGITS[text] if len(text) == 1 else 0
    tens, _, ones = text.partition("十")
    if any(len(part) > 1 or part == "十" for part in (tens, ones)):
        return 0
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


_DECIMAL_WIDE = str.maketrans("０１２３４５６７８９．，－＋", "0123456789.,-+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}")


def read_integer(text: str) -> int | None:
    """A whole number of at most 16 digits, or None."""
    plain = text.translate(_DECIMAL_WIDE).strip()
    return int(plain) if _WHOLE.fullmatch(plain) else None


_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?")


def read_decimal(text: str, *, scale: int) -> Decimal | None:
    """An exact decimal with at most ``scale`` places, or None. Thousands separators are accepted, units are not."""
    plain = text.translate(_DECIMAL_WIDE).strip()
    if not plain or not _NUMBER.fullmatch(plain):
        return _scientific(plain, scale)
    try:
        number = Decimal(plain.replace(",", ""))
    except InvalidOperation:
        return None
    return _fit(number, scale)


def decimal_column(texts: pa.Array, *, scale: int) -> pa.Array:
    """``read_decimal`` over a text column, as decimal128(18, 6). Plain numbers, nearly all, are read by Arrow at once."""
    kind = pa.decimal128(18, 6)
    is_plain = pc.fill_null(
        pc.match_substring_regex(texts, rf"^[0-9]{{1,12}}(?:\.[0-9]{{1,{scale}}})?$" if scale else "^[0-9]{1,12}$"),
        False,
    )
    numbers = pc.if_else(is_plain, texts, pa.scalar(None, pa.string())).cast(kind)
    odd = pc.and_(pc.invert(is_plain), pc.is_valid(texts))
    if not pc.any(odd).as_py():
        return numbers
    read = [read_decimal(text, scale=scale) for text in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(numbers, odd, pa.array(read, kind))


def _scientific(plain: str, scale: int) -> Decimal | None:
    # Spreadsheets write small numbers as 5E-05: exact all the same.
    if not re.fullmatch(r"[+-]?\d(\.\d+)?[eE][+-]?\d{1,2}", plain):
        return None
    return _fit(Decimal(plain), scale)


def _fit(number: Decimal, scale: int) -> Decimal | None:
    exponent = number.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > scale or abs(number) >= Decimal(10) ** 12:
        return None
    return number


def read_boolean(text: str) -> bool | None:
    """是/否 and its usual spellings, or None."""
    plain = text.strip().lower()
    if plain in {"是", "1", "true", "y", "yes", "有"}:
        return True
    if plain in {"否", "0", "false", "n", "no", "无"}:
        return False
    return None


_SEPARATORS = re.compile(r"[;；、,，|\n]+")
_DETAIL = re.compile(r"^(其他|其它)[\s\-—－:：(（]*(.*?)[)）]?$", re.DOTALL)


class CodeReader:
    """Reads values of one code list: the value itself, its name, an alias; several joined when ``is_multiple``."""

    def __init__(self, code_list: CodeList, *, is_multiple: bool) -> None:
        self.is_multiple = is_multiple
        self.names = [code.name_zh for code in code_list.codes]
        self._by_spelling: dict[str, str] = {}
        self._needs_detail = {code.name_zh for code in code_list.codes if code.needs_detail}
        for code in code_list.codes:
            for spelling in (code.value, code.name_zh, *code.aliases):
                self._by_spelling.setdefault(spelling.strip().lower(), code.value)
        self._names = {code.value: code.name_zh for code in code_list.codes}

    def read(self, text: str) -> tuple[str | None, str]:
        """The standard form and "", or None and the reason: ``unknown-code`` or ``detail-missing``."""
        parts = [part.strip() for part in _SEPARATORS.split(text)] if self.is_multiple else [text.strip()]
        read = []
        for part in parts:
            if not part:
                continue
            one, reason = self._one(part)
            if one is None:
                return None, reason
            if one not in read:
                read.append(one)
        return (";".join(read), "") if read else (None, "unknown-code")

    def _one(self, part: str) -> tuple[str | None, str]:
        value = self._by_spelling.get(part.lower())
        if value is not None and self._names[value] not in self._needs_detail:
            return value, ""
        if match := _DETAIL.match(part):
            head = self._by_spelling.get(match[1].replace("它", "他"))
            if head is not None:
                detail = match[2].strip()
                if self._names[head] in self._needs_detail and not detail:
                    return None, "detail-missing"
                return (f"{head}-{detail}" if detail else head), ""
        return (value, "") if value is not None else (None, "unknown-code")
