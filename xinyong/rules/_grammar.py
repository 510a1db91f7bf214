"""From text to sqlglot's tree, through two walls: a closed set of characters, then a closed list of words and nodes.

The dialect is our own: sqlglot's SQL with every function, cast and no-parenthesis function taken out, so that a call is
only a name with arguments and `check` decides about it. Only an expression is ever parsed, never a statement.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Never

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from xinyong.rules._functions import FUNCTIONS
from xinyong.rules._tree import RuleError

LONGEST_TEXT = 8_000
MOST_WORDS = 1_500
#: Brackets and CASEs inside each other. sqlglot takes 20 to 30 Python frames for each, of 1,000.
DEEPEST_BRACKETS = 12
MOST_SIGNS_IN_A_ROW = 4

#: The closed list of node kinds, each with the parts that may be filled.
NODES: Mapping[type[exp.Expr], frozenset[str]] = MappingProxyType(
    {
        kind: frozenset(parts.split())
        for kind, parts in {
            exp.Add: "this expression",
            exp.And: "this expression",
            exp.Anonymous: "this expressions",
            exp.Between: "this low high",
            exp.Boolean: "this",
            exp.Case: "ifs default",
            exp.Cast: "this to",
            exp.Column: "this",
            exp.DataType: "this nested",
            exp.Div: "this expression",
            exp.DPipe: "this expression safe",
            exp.EQ: "this expression",
            exp.GT: "this expression",
            exp.GTE: "this expression",
            exp.Identifier: "this quoted",
            exp.If: "this true",
            exp.In: "this expressions",
            exp.Interval: "this unit",
            exp.Is: "this expression",
            exp.LT: "this expression",
            exp.LTE: "this expression",
            exp.Like: "this expression negate",
            exp.Literal: "this is_string",
            exp.Mul: "this expression",
            exp.NEQ: "this expression",
            exp.Neg: "this",
            exp.Not: "this",
            exp.Null: "",
            exp.Or: "this expression",
            exp.Paren: "this",
            exp.Sub: "this expression",
            exp.Var: "this",
        }.items()
    }
)

#: Units of an interval, with the largest count.
UNITS: Mapping[str, int] = MappingProxyType({"DAY": 36_600, "MONTH": 1_200, "YEAR": 100})

#: Words and signs that have a meaning of their own. Every other keyword of SQL is refused unless it is a quoted name.
WORDS = frozenset(
    ["AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "BETWEEN", "LIKE", "CASE", "WHEN", "THEN", "ELSE", "END",
     "DATE", "INTERVAL"]
)  # fmt: skip
_KNOWN = WORDS | {one.upper() for one in FUNCTIONS} | set(UNITS) | {f"{one}S" for one in UNITS}
_SIGNS = frozenset(["(", ")", ",", "=", "==", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "||"])
_SHIFTED = {chr(one): chr(one - 0xFEE0) for one in range(0xFF01, 0xFF5F)} | {
    "\u3000": "space", "“": '"', "”": '"', "‘": "'", "’": "'", "。": ".", "、": ",", "《": "<", "》": ">", "×": "*",
    "÷": "/", "≤": "<=", "≥": ">=", "≠": "<>",
}  # fmt: skip
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_NAME = re.compile(r"[^\W\d]\w*")


class _Grammar(Parser):
    """sqlglot's grammar of expressions, without functions that have a grammar of their own."""

    FUNCTIONS = {}
    FUNCTION_PARSERS = {}
    NO_PAREN_FUNCTIONS = {}
    NO_PAREN_FUNCTION_PARSERS = {"CASE": Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


def refuse(text: str, at: int, reason: str, zh: str, en: str, **facts: object) -> Never:
    """Raises RuleError with the place in words."""
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    raise RuleError(
        f"规则第 {line} 行第 {column} 列：{zh}",
        f"rule, line {line}, column {column}: {en}",
        reason=reason, at=at, line=line, column=column, **facts,
    )  # fmt: skip


def refuse_depth(text: str, at: int) -> Never:
    """Raises RuleError: nested deeper than a parser can follow."""
    zh = f"括号、CASE 或连续的 NOT、负号套得太深（最多 {DEEPEST_BRACKETS} 层）"
    refuse(text, at, "too-deep", zh, f"brackets, CASE, NOT or minus are nested too deep (at most {DEEPEST_BRACKETS})")


def read(text: str) -> exp.Expr:
    """The sqlglot tree of one expression, made of ``NODES`` only. Raises RuleError."""
    if not text.strip():
        refuse(text, 0, "empty", "规则是空的", "the rule is empty")
    if len(text) > LONGEST_TEXT:
        zh, en = f"规则长 {len(text)} 个字符，最多 {LONGEST_TEXT} 个", f"{len(text)} characters; at most {LONGEST_TEXT}"
        refuse(text, LONGEST_TEXT, "too-long", zh, en)
    _check_characters(text)
    dialect = Dialect.get_or_raise(None)
    try:
        tokens = dialect.tokenize(text)
        _check_words(text, tokens)
        found = _Grammar(dialect=dialect, error_level=ErrorLevel.IMMEDIATE).parse_into(exp.Condition, tokens, text)
    except SqlglotError as failed:
        refuse(text, _place(failed, text), "syntax", "这里读不懂，不是规则语言的写法", "this cannot be read as a rule")
    if len(found) != 1 or found[0] is None:
        refuse(text, 0, "syntax", "应当正好是一个表达式", "exactly one expression is wanted")
    _check_nodes(text, found[0])
    return found[0]


def is_plain_name(name: str) -> bool:
    """True when a column's name needs no quotes."""
    is_word = _NAME.fullmatch(name) is not None and not any(one in _SHIFTED for one in name)
    return is_word and name.upper() not in Tokenizer.KEYWORDS and name.upper() not in _KNOWN


def place(node: exp.Expr) -> int:
    """Where a node starts in the text; for one that has no words of its own, where what it stands in starts."""
    starts = [one.meta["start"] for one in node.walk() if "start" in one.meta]
    if not starts and node.parent is not None:
        return place(node.parent)
    return min(starts, default=0)


def _check_characters(text: str) -> None:
    """The first wall: outside quotes only letters, digits, blanks and the signs of the language."""
    quote = ""
    for at, one in enumerate(text):
        category = unicodedata.category(one)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and one not in "\n\r\t":
            name = f"U+{ord(one):04X}"
            zh, en = f"有看不见的或未定义的字符 {name}，请删去", f"remove the invisible or unassigned character {name}"
            refuse(text, at, "bad-character", zh, en)
        if quote:
            quote = "" if one == quote else quote
        elif one in "'\"":
            quote = one
        elif one in _SHIFTED:
            good = _SHIFTED[one]
            zh, en = f"“{one}”是全角符号，请改成半角 {good}", f"{one} is a full-width character; write {good}"
            refuse(text, at, "full-width", zh, en)
        elif text[at : at + 2] in ("--", "/*"):
            refuse(text, at, "comment", "规则里不能有注释", "a rule has no comments; - - needs a bracket between")
        elif not (category[0] in "LM" or (category == "Nd" and one.isascii()) or one in "_ \n\r\t()=<>!+-*/|,."):
            zh, en = f"规则语言没有“{one}”这个符号", f"the rule language has no sign {one}"
            refuse(text, at, "bad-character", zh, en)
    if quote:
        zh, en = f"引号 {quote} 没有成对", f"a quotation mark {quote} is not closed"
        refuse(text, text.rfind(quote), "syntax", zh, en)


def _check_words(text: str, tokens: list[Token]) -> None:
    """The second wall: no keyword outside the list, and nothing deeper than the parser can bear."""
    if len(tokens) > MOST_WORDS:
        zh, en = f"规则有 {len(tokens)} 个词，最多 {MOST_WORDS} 个", f"{len(tokens)} words; at most {MOST_WORDS}"
        refuse(text, tokens[MOST_WORDS].start, "too-long", zh, en)
    depth = signs = 0
    for at, token in enumerate(tokens):
        word = token.text.upper()
        is_open = token.token_type in (TokenType.L_PAREN, TokenType.CASE)
        is_closed = token.token_type in (TokenType.R_PAREN, TokenType.END)
        depth += is_open - is_closed
        signs = signs + 1 if word in ("NOT", "-", "+") and token.token_type != TokenType.STRING else 0
        if depth > DEEPEST_BRACKETS or signs > MOST_SIGNS_IN_A_ROW:
            refuse_depth(text, token.start)
        if not _is_known(token, word):
            if token.token_type == TokenType.NUMBER:
                refuse(text, token.start, "bad-literal", "数字写成 100000 或 0.5", "write numbers like 100000 or 0.5")
            zh = f'规则语言没有 {token.text}；如果它是列名，请写成 "{token.text}"'
            refuse(
                text, token.start, "unknown-word", zh, f'no word {token.text} here; write "{token.text}" for a column'
            )
        if word == "NULL" and at and tokens[at - 1].text.upper() == "NOT" and tokens[at - 2].text.upper() != "IS":
            refuse(text, token.start, "unknown-word", "请写 IS NOT NULL", "write IS NOT NULL")


def _is_known(token: Token, word: str) -> bool:
    match token.token_type:
        case TokenType.STRING | TokenType.IDENTIFIER:
            return True
        case TokenType.NUMBER:
            return _NUMBER.fullmatch(token.text) is not None or re.fullmatch(r"\.[0-9]+", token.text) is not None
        case TokenType.VAR:
            return _NAME.fullmatch(token.text) is not None
    return word in _KNOWN or word in _SIGNS


def _check_nodes(text: str, tree: exp.Expr) -> None:
    """The third wall: every node is of a listed kind and has nothing but its listed parts."""
    for node in tree.walk():
        parts = NODES.get(type(node))
        extra = next((name for name, part in _filled(node) if parts is None or name not in parts), None)
        if parts is None or extra is not None:
            found = text[place(node) :][:40]
            zh = f"规则语言不允许这样写：{found}。可用的有列、常量、比较、IN、BETWEEN、LIKE、IS NULL、AND/OR/NOT、加减乘除、||、CASE 和列出的函数"
            en = f"not allowed in a rule: {found}. There are columns, constants, comparisons, IN, BETWEEN, LIKE, IS NULL, "
            refuse(text, place(node), "not-allowed", zh, en + "AND/OR/NOT, + - * /, ||, CASE and the listed functions")


def _filled(node: exp.Expr) -> Iterator[tuple[str, Any]]:
    """The parts of a node that say something (False, None and [] say nothing)."""
    return ((name, part) for name, part in node.args.items() if part is not None and part is not False and part != [])


def _place(failed: SqlglotError, text: str) -> int:
    """Where sqlglot stopped: its errors carry line and end column."""
    first: dict[str, Any] = next(iter(getattr(failed, "errors", [])), {})
    line, end = first.get("line"), first.get("col")
    if not line or end is None:
        return 0
    lines = text.split("\n")
    start = sum(len(one) + 1 for one in lines[: line - 1])
    return max(0, min(start + int(end) - len(first.get("highlight") or ""), len(text) - 1))
