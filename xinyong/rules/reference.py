"""The reference of the rule language, written from the closed lists themselves, so that it cannot fall behind."""

from collections.abc import Iterator

from xinyong.rules._functions import FUNCTIONS, Function, Takes
from xinyong.rules._grammar import DEEPEST_BRACKETS, LONGEST_TEXT, MOST_WORDS, UNITS
from xinyong.rules._patterns import LARGEST_REPETITION, LARGEST_SIZE
from xinyong.rules._tree import COLUMN_DIGITS, COLUMN_SCALE, DIGITS, INTEGER_DIGITS, QUOTIENT_SCALE
from xinyong.rules.check import DEEPEST_TREE, LONGEST_LITERAL, MOST_IN_A_LIST

_TAKES = {
    Takes.TEXT: "text", Takes.NUMBER: "number", Takes.DATE: "date", Takes.ORDERED: "number | date", Takes.ANY: "any",
    Takes.COUNT: "n", Takes.POSITION: "from", Takes.PLACES: "places", Takes.PATTERN: "'pattern'",
}  # fmt: skip

_TOP = """# 规则语言 / The rule language

<!-- Written by tools/rule_reference.py from xinyong.rules; do not edit. -->

规则是一个 SQL 表达式：对一行数据求值，得到是否、数字、日期或文本。只能用这一页上的写法；别的写法在载入时就会被拒绝，并指出位置和改法。
同一条规则在 DuckDB 和 PostgreSQL 上得到同样的结果，并且无论数据是什么都不会出错。

A rule is one SQL expression over the columns of one row. Only what stands on this page is allowed; anything else is
refused when the rule is loaded, with the place and what to write instead. The same rule gives the same result on DuckDB
and on PostgreSQL, and no value in a row makes it fail.

## 检查怎样判定 / How a check is judged

检查是一个对正确数据成立的条件。逻辑是 SQL 的三值逻辑：只有结果为“不成立”（FALSE）时这一行才算错；结果未知（NULL，例如某列为空）
时无法判断，算通过。某列是否必填由目录的 `requirement`、`required_when` 另行规定。

A check is a condition that holds for a good row. A row fails only when the result is FALSE; unknown (NULL) cannot be
judged and passes. Whether a value must be there is said elsewhere (`requirement`, `required_when`).
"""

_BASICS = (
    ("列 column", "`XK_WSH`, `\"列名\"`", "数据项代码，区分大小写；与 SQL 词相同、带空格的写在双引号里 / field code, case matters; "
     "in double quotes if it is an SQL word or has blanks"),
    ("文本 text", "`'罚款'`, `'it''s'`", "单引号；引号本身写两个 / single quotes, doubled inside"),
    ("数字 number", "`1000`, `0.5`", "精确十进制，没有浮点数 / exact decimals, no floating point"),
    ("日期 date", "`DATE '2020-01-31'`", ""),
    ("是否 boolean", "`TRUE`, `FALSE`", ""),
    ("比较 comparison", "`= <> < <= > >=`", "两边同一类型；文本按 Unicode 码点排序 / both sides of one type; text by code point"),
    ("列表 list", "`A IN ('1', '2')`, `NOT IN`", "只列常量 / constants only"),
    ("范围 range", "`A BETWEEN 1 AND 9`, `NOT BETWEEN`", "含两端 / both ends included"),
    ("空值 null", "`A IS NULL`, `A IS NOT NULL`", "没有 `= NULL` / there is no `= NULL`"),
    ("真假 truth", "`B IS TRUE`, `IS NOT TRUE`, `IS FALSE`", "用于 BOOLEAN 列和条件；是否值不能用 = 比较 / for conditions; not compared with ="),
    ("通配 wildcard", "`A LIKE '%局'`, `NOT LIKE`", "`%` 任意多字，`_` 一个字，没有转义 / any characters, one character; no escape"),
    ("逻辑 logic", "`AND`, `OR`, `NOT`, `( )`", ""),
    ("加减乘 arithmetic", "`+ - *`", "精确；可能超过位数的在载入时拒绝 / exact; what could outgrow the digits is refused when loaded"),
    ("除 division", "`/`", f"保留 {QUOTIENT_SCALE} 位小数，四舍五入，一半时远离零；除以 0 得 NULL；整数相除也是如此 / rounded half away from "
     f"zero to {QUOTIENT_SCALE} places; by zero it is NULL; whole numbers alike"),
    ("日期差 days", "`D1 - D2`", "天数 / days"),
    ("日期加减 interval", "`D + INTERVAL '3' MONTH`", "月末取当月最后一天：1 月 31 日加一个月是 2 月底 / clamped to the month's last day"),
    ("连接 concatenation", "`A || B`", "有一个为空则为空 / NULL if one is NULL"),
    ("分支 choice", "`CASE WHEN … THEN … ELSE … END`", "没有 `CASE x WHEN` / no `CASE x WHEN`"),
)  # fmt: skip

_PATTERNS = """## 正则表达式 / Patterns

`regexp_matches` 的第二个参数是写明的正则表达式，用 RE2 和 PostgreSQL 理解一致的部分：

| 写法 | 含义 / meaning |
|---|---|
| `.` | 任意一个字符，含换行 / any character, line breaks too |
| `^` `$` | 整段文本的开头、结尾 / start and end of the whole text |
| `[abc]` `[a-z]` `[一-龥]` `[^…]` | 字符集 / sets; `\\]` `\\[` `\\^` `\\-` `\\\\` inside |
| `\\d` `\\w` `\\s` | `[0-9]`；`[0-9A-Za-z_]`；Unicode 空白，与 `trim` 相同 / blanks as in `trim` |
| `\\.` `\\(` … | 标点本身 / the punctuation itself |
| `* + ?` `{m}` `{m,}` `{m,n}` | 重复 / repetition |
| `(…)` `(?:…)` `a\\|b` | 分组、或 / group, or |

没有：前后查看、反向引用、懒惰匹配、标志、`\\b`、`\\p{…}`、`[[:alpha:]]`。
Not there: look-around, back references, lazy repetition, flags, `\\b`, `\\p{…}`, `[[:alpha:]]`.
"""


def page() -> str:
    """docs/reference/rule-language.md."""
    return "\n".join([_TOP, *_basics(), *_functions(), _PATTERNS, *_limits()]) + "\n"


def _basics() -> Iterator[str]:
    yield "## 写法 / What there is\n"
    yield "| | 写法 / form | 说明 / remarks |"
    yield "|---|---|---|"
    for name, form, remark in _BASICS:
        yield f"| {name} | {form.replace('|', chr(92) + '|')} | {remark} |"
    yield ""


def _functions() -> Iterator[str]:
    yield "## 函数 / Functions\n"
    yield "| 函数 / function | 含义 / meaning | 例 / example |"
    yield "|---|---|---|"
    for one in FUNCTIONS.values():
        yield f"| `{_signature(one)}` | {one.meaning_zh} / {one.meaning_en} | `{one.example}` |"
    yield ""


def _signature(one: Function) -> str:
    names = [_TAKES[takes].replace("|", "\\|") for takes in one.takes]
    optional = [f"[, {name}]" for name in names[one.arguments_from :]]
    return f"{one.name}({', '.join(names[: one.arguments_from])}{''.join(optional)}{', …' if one.is_variadic else ''})"


def _limits() -> Iterator[str]:
    yield "## 限度 / Limits\n"
    yield "| | |"
    yield "|---|---|"
    units = ", ".join(f"{most:,} {unit}" for unit, most in UNITS.items())
    for name, value in (
        ("规则长度 / length of a rule", f"{LONGEST_TEXT:,} 字符 characters, {MOST_WORDS:,} 词 words"),
        ("括号和 CASE 的层数 / brackets and CASE inside each other", str(DEEPEST_BRACKETS)),
        ("运算的层数 / operations inside each other", str(DEEPEST_TREE)),
        ("文本常量 / a text constant", f"{LONGEST_LITERAL:,} 字符 characters"),
        ("IN 列表 / an IN list", f"{MOST_IN_A_LIST} 项 constants"),
        ("整数列 / an INTEGER column", f"{INTEGER_DIGITS} 位 digits"),
        ("小数列 / a DECIMAL column", f"{COLUMN_DIGITS} + {COLUMN_SCALE} 位 digits"),
        ("运算结果 / a result", f"{DIGITS} 位 digits"),
        ("时间间隔 / an interval", units),
        ("正则表达式 / a pattern", f"重复 repetition ≤ {LARGEST_REPETITION}, 展开 expanded ≤ {LARGEST_SIZE}"),
    ):
        yield f"| {name} | {value} |"
