"""The closed list of functions: what each takes, gives, means, and how each engine spells it.

Templates are filled with SQL of our own writing. Where two engines disagree on a function, its spelling pins one meaning
(blanks of ``trim``, ASCII letters of ``upper``), or the function is not in the list.
"""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from xinyong.rules._patterns import BLANKS
from xinyong.rules._tree import BOOLEAN, TEXT, Type, common, integer


class Takes(StrEnum):
    """What a parameter accepts."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    ORDERED = "number or date"  # all arguments alike
    ANY = "any"  # all arguments alike
    COUNT = "count"  # a whole number written out, from 0
    POSITION = "position"  # a whole number written out, from 1
    PLACES = "places"  # 0 to 6 written out
    PATTERN = "pattern"  # a regular expression written out


@dataclass(frozen=True, slots=True)
class Function:
    """One function. ``zh`` and ``en`` are phrases for explanations; ``meaning`` is for the reference."""

    name: str
    takes: tuple[Takes, ...]
    gives: Callable[[list[Type]], Type]
    duckdb: str
    postgres: str
    zh: str
    en: str
    meaning_zh: str
    meaning_en: str
    example: str
    is_variadic: bool = False  # the last parameter may come again
    least_arguments: int = -1  # fewer than the parameters: the last are optional

    @property
    def arguments_from(self) -> int:
        """The fewest arguments."""
        return len(self.takes) if self.least_arguments < 0 else self.least_arguments


def _always(one: Type) -> Callable[[list[Type]], Type]:
    return lambda _: one


def _alike(types: list[Type]) -> Type:
    found = common(types)
    assert found is not None  # the checker has seen to it
    return found


def _same(types: list[Type]) -> Type:
    return types[0]


def _whole(types: list[Type]) -> Type:
    """A whole number; for ``round`` with places the checker puts in the scale."""
    return integer(types[0].digits + 1)


_LOWER, _UPPER = string.ascii_lowercase, string.ascii_uppercase
#: PostgreSQL knows no year 0 (1 BC is -1), DuckDB does: count in the calendar's later cycle of 400 years.
_YEAR_PG = "(CAST(extract(year FROM {0} + INTERVAL '4000 years') AS bigint) - 4000)"

_ALL = (
    Function("length", (Takes.TEXT,), _always(integer(10)), "length({0})", "length({0})",
             "{0}的字数", "the length of {0}",
             "字数，按 Unicode 码点计；汉字、字母、扩展区汉字都算一个", "Number of characters (code points)",
             "length(XK_WSH) <= 64"),
    Function("trim", (Takes.TEXT,), _always(TEXT), "regexp_replace({0}, {blank_ends}, '', 'g')", "btrim({0}, {blanks})",
             "去掉首尾空白的{0}", "{0} without blanks at both ends",
             "去掉首尾空白：Unicode 全部空白字符，含全角空格、不间断空格、换行",
             "Without blanks at both ends: every Unicode white space, full-width and line breaks too",
             "trim(XK_XDR_MC) <> ''"),
    Function("upper", (Takes.TEXT,), _always(TEXT), "translate({0}, {lower}, {upper})",
             "translate({0}, {lower}, {upper})", "{0}的大写", "{0} in capitals",
             "只把 a–z 变成 A–Z，其他字符不变", "a–z become A–Z; every other character stays",
             "upper(XK_XDR_SHXYM) = XK_XDR_SHXYM"),
    Function("lower", (Takes.TEXT,), _always(TEXT), "translate({0}, {upper}, {lower})",
             "translate({0}, {upper}, {lower})", "{0}的小写", "{0} in small letters",
             "只把 A–Z 变成 a–z，其他字符不变", "A–Z become a–z; every other character stays", "lower(BZ) <> 'null'"),
    Function("left", (Takes.TEXT, Takes.COUNT), _always(TEXT), "left({0}, {1})", "left({0}, {1})",
             "{0}的前{1}个字", "the first {1} characters of {0}",
             "前若干个字；不够长时是全部", "The first characters; all of them if there are fewer",
             "left(XK_XDR_SHXYM, 2) = '92'"),
    Function("right", (Takes.TEXT, Takes.COUNT), _always(TEXT), "right({0}, {1})", "right({0}, {1})",
             "{0}的后{1}个字", "the last {1} characters of {0}",
             "后若干个字；不够长时是全部", "The last characters; all of them if there are fewer",
             "right(XK_XDR_MC, 2) <> '测试'"),
    Function("substring", (Takes.TEXT, Takes.POSITION, Takes.COUNT), _always(TEXT), "substring({0}, {1}, {2})",
             "substring({0}, {1}, {2})", "{0}从第{1}个字起的{2}个字", "{2} characters of {0} from the {1}th on",
             "从第几个字（从 1 数）起的若干个字", "So many characters from a position on, counted from 1",
             "substring(XK_XDR_SHXYM, 3, 6) = '130900'"),
    Function("starts_with", (Takes.TEXT, Takes.TEXT), _always(BOOLEAN), "starts_with({0}, {1})",
             "starts_with({0}, {1})", "{0}以{1}开头", "{0} starts with {1}",
             "是否以它开头；空文本是任何文本的开头", "Whether it starts so; the empty text starts every text",
             "starts_with(XK_XDR_SHXYM, '92')"),
    Function("ends_with", (Takes.TEXT, Takes.TEXT), _always(BOOLEAN), "suffix({0}, {1})",
             "starts_with(reverse({0}), reverse({1}))", "{0}以{1}结尾", "{0} ends with {1}",
             "是否以它结尾", "Whether it ends so", "ends_with(XK_XKJG, '局')"),
    Function("contains", (Takes.TEXT, Takes.TEXT), _always(BOOLEAN), "contains({0}, {1})",
             "(strpos({0}, {1}) > 0)", "{0}包含{1}", "{0} contains {1}",
             "是否包含它", "Whether it stands in it", "contains(CF_CFLB, '罚款')"),
    Function("regexp_matches", (Takes.TEXT, Takes.PATTERN), _always(BOOLEAN), "regexp_matches({0}, {1}, 's')",
             "({0} COLLATE \"C\" ~ {1})", "{0}含有符合{1}的部分", "{0} has a part that matches {1}",
             "文本中是否有一处符合正则表达式；要整段符合请用 ^ 和 $",
             "Whether some part matches the pattern; use ^ and $ for the whole text",
             "regexp_matches(XK_XDR_SHXYM, '^[0-9A-HJ-NPQRTUWXY]{18}$')"),
    Function("coalesce", (Takes.ANY, Takes.ANY), _alike, "coalesce({all})", "coalesce({all})",
             "{all}中第一个不为空的", "the first of {all} that is not empty",
             "第一个不为空的值", "The first value that is not NULL", "coalesce(CF_NR_FK, 0) >= 0", is_variadic=True),
    Function("nullif", (Takes.ANY, Takes.ANY), _alike, "nullif({0}, {1})", "nullif({0}, {1})",
             "{0}（等于{1}时视为空）", "{0}, or nothing if it equals {1}",
             "两者相等时为空，否则为前者", "NULL if both are equal, else the first", "nullif(trim(BZ), '') IS NULL"),
    Function("abs", (Takes.NUMBER,), _same, "abs({0})", "abs({0})", "{0}的绝对值", "the absolute value of {0}",
             "绝对值", "Absolute value", "abs(CF_NR_FK) = CF_NR_FK"),
    Function("round", (Takes.NUMBER, Takes.PLACES), _whole, "round({0}, {1})", "round({0}, {1})",
             "{0}四舍五入到{1}位小数", "{0} rounded to {1} places",
             "四舍五入（恰为一半时远离零）到 0 至 6 位小数；不写位数时到整数",
             "Rounded half away from zero to 0–6 places; to a whole number if no places are given",
             "round(CF_NR_FK, 2) = CF_NR_FK", least_arguments=1),
    Function("floor", (Takes.NUMBER,), _whole, "floor({0})", "floor({0})", "不大于{0}的最大整数",
             "the largest whole number not above {0}", "不大于它的最大整数", "Largest whole number not above it",
             "floor(CF_NR_FK) >= 0"),
    Function("ceil", (Takes.NUMBER,), _whole, "ceil({0})", "ceil({0})", "不小于{0}的最小整数",
             "the smallest whole number not below {0}", "不小于它的最小整数", "Smallest whole number not below it",
             "ceil(CF_NR_FK) <= 100"),
    Function("least", (Takes.ORDERED, Takes.ORDERED), _alike, "least({all})", "least({all})", "{all}中最小的",
             "the least of {all}", "最小（最早）的一个；空值不计，全空才为空",
             "The smallest or earliest; NULLs do not count unless all are", "least(XK_YXQZ, XK_JDRQ) = XK_JDRQ",
             is_variadic=True),
    Function("greatest", (Takes.ORDERED, Takes.ORDERED), _alike, "greatest({all})", "greatest({all})", "{all}中最大的",
             "the greatest of {all}", "最大（最晚）的一个；空值不计，全空才为空",
             "The largest or latest; NULLs do not count unless all are", "greatest(CF_NR_FK, CF_NR_WFFF) > 0",
             is_variadic=True),
    Function("year", (Takes.DATE,), _always(integer(5)), "year({0})", _YEAR_PG, "{0}的年份", "the year of {0}",
             "年", "The year", "year(CF_JDRQ) >= 1949"),
    Function("month", (Takes.DATE,), _always(integer(2)), "month({0})", "CAST(extract(month FROM {0}) AS bigint)",
             "{0}的月份", "the month of {0}", "月，1–12", "The month, 1–12", "month(CF_JDRQ) BETWEEN 1 AND 12"),
    Function("day", (Takes.DATE,), _always(integer(2)), "day({0})", "CAST(extract(day FROM {0}) AS bigint)",
             "{0}的日", "the day of the month of {0}", "日，1–31", "The day of the month, 1–31", "day(CF_JDRQ) <= 31"),
)  # fmt: skip

#: name → function
FUNCTIONS: Mapping[str, Function] = MappingProxyType({one.name: one for one in _ALL})

#: Named constants of the templates, before quoting.
CONSTANTS: Mapping[str, str] = MappingProxyType(
    {
        "blanks": BLANKS,
        # DuckDB's own trim builds a set of the characters for every row: 39 ms for 50,000 rows, this 9
        "blank_ends": f"^[{BLANKS}]+|[{BLANKS}]+$",
        "lower": _LOWER,
        "upper": _UPPER,
    }
)
