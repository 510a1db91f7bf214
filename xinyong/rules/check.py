"""Type checking: sqlglot's tree in, our typed tree out, or a ``RuleError`` that says where, what, and what instead.

Every number carries its largest digit count, so that overflow is found when the rule is loaded, never while it runs.
"""

import difflib
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Never

from sqlglot import exp

from xinyong.rules import _grammar
from xinyong.rules._functions import FUNCTIONS, Function, Takes
from xinyong.rules._patterns import PatternError, canonical
from xinyong.rules._tree import (
    BOOLEAN,
    COLUMN_DIGITS,
    COLUMN_SCALE,
    DATE,
    DIGITS,
    INTEGER_DIGITS,
    NULL,
    QUOTIENT_SCALE,
    TEXT,
    ColumnType,
    Kind,
    Node,
    Type,
    column,
    common,
    decimal,
    division_factors,
    integer,
)

LONGEST_LITERAL = 1_000
MOST_IN_A_LIST = 500
DEEPEST_TREE = 60

_COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: Mapping[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_CHAINS: Mapping[type[exp.Expr], tuple[Kind, Type]] = {
    exp.And: (Kind.AND, BOOLEAN), exp.Or: (Kind.OR, BOOLEAN), exp.DPipe: (Kind.CONCAT, TEXT),
}  # fmt: skip
_NAMES = {
    ColumnType.TEXT: ("文本", "text"), ColumnType.DATE: ("日期", "a date"), ColumnType.DECIMAL: ("小数", "a decimal"),
    ColumnType.INTEGER: ("整数", "a whole number"), ColumnType.BOOLEAN: ("是否", "true or false"),
}  # fmt: skip


def check(text: str, tree: exp.Expr, columns: Mapping[str, ColumnType], expects: ColumnType | None) -> Node:
    """The typed tree of ``tree`` (read from ``text``) over these columns. Raises RuleError."""
    reader = _Checker(text, columns)
    found = reader.node(tree)
    if found.kind is Kind.NULL:
        reader.refuse(tree, "wrong-type", "规则不能只是 NULL", "a rule cannot be NULL alone")
    whole_for_decimal = expects is ColumnType.DECIMAL and found.type.of is ColumnType.INTEGER
    if expects is not None and found.type.of is not expects and not whole_for_decimal:
        reader.wrong_type(tree, found.type, _NAMES[expects])
    return found


class _Checker:
    """Checks one text: the text for error places, the columns for types."""

    def __init__(self, text: str, columns: Mapping[str, ColumnType]) -> None:
        self.text, self.columns = text, columns
        self.depth = 0
        kinds: dict[type[exp.Expr], Callable[..., Node]] = {
            exp.Paren: self.bracketed, exp.Column: self.column, exp.Literal: self.literal, exp.Boolean: self.boolean,
            exp.Null: self.null, exp.Cast: self.date, exp.And: self.chain, exp.Or: self.chain, exp.Not: self.negation,
            exp.Is: self.presence, exp.In: self.membership, exp.Between: self.between, exp.Like: self.like,
            exp.Neg: self.minus, exp.DPipe: self.chain, exp.Case: self.case, exp.Anonymous: self.call,
            exp.Interval: self.interval,
        }  # fmt: skip
        kinds.update(dict.fromkeys(_COMPARISONS, self.comparison))
        kinds.update(dict.fromkeys(_ARITHMETIC, self.arithmetic))
        self.kinds = kinds

    # -- refusals

    def refuse(self, node: exp.Expr, reason: str, zh: str, en: str, **facts: object) -> Never:
        _grammar.refuse(self.text, _grammar.place(node), reason, zh, en, **facts)

    def wrong_type(self, node: exp.Expr, found: Type, wanted: tuple[str, str]) -> Never:
        zh, en = _NAMES[found.of]
        self.refuse(node, "wrong-type", f"这里应是{wanted[0]}，现在是{zh}", f"{wanted[1]} is wanted here, this is {en}")

    # -- entry

    def node(self, node: exp.Expr, *, may_be_null: bool = False) -> Node:
        read = self.kinds.get(type(node))
        if read is None:
            self.refuse(node, "not-allowed", "这种写法只能用在别处", "this may only stand elsewhere")
        self.depth += 1
        if self.depth > DEEPEST_TREE:
            zh, en = f"运算套得太深（最多 {DEEPEST_TREE} 层）", f"operations are nested more than {DEEPEST_TREE} deep"
            self.refuse(node, "too-deep", zh, en)
        found = read(node)
        self.depth -= 1
        if found.kind is Kind.NULL and not may_be_null:
            zh = "与 NULL 运算的结果永远未知；判断空值请写 IS NULL 或 IS NOT NULL"
            self.refuse(node, "null", zh, "NULL makes the result unknown; write IS NULL or IS NOT NULL")
        if found.type.precision > DIGITS:
            zh = f"结果最多可能有 {found.type.precision} 位数字，超过 {DIGITS} 位；请先用 round() 减少小数位"
            en = f"the result may have {found.type.precision} digits, more than {DIGITS}; round() an operand first"
            self.refuse(node, "too-many-digits", zh, en)
        return found

    def typed(self, node: exp.Expr, of: ColumnType) -> Node:
        found = self.node(node)
        if found.type.of is not of:
            self.wrong_type(node, found.type, _NAMES[of])
        return found

    def number(self, node: exp.Expr) -> Node:
        found = self.node(node)
        if not found.type.is_number:
            self.wrong_type(node, found.type, ("数字", "a number"))
        return found

    def alike(self, nodes: list[exp.Expr], found: list[Node]) -> Type:
        """The common type of nodes found (NULLs aside)."""
        known = [one for one in found if one.kind is not Kind.NULL]
        first = known[0].type if known else BOOLEAN
        for node, one in zip(nodes, found, strict=True):
            if one.kind is not Kind.NULL and common([first, one.type]) is None:
                (zh, en), (other_zh, other_en) = _NAMES[first.of], _NAMES[one.type.of]
                hint, hint_en = _date_hint(first, one)
                zh = f"{zh}和{other_zh}不能放在一起{hint}"
                self.refuse(node, "wrong-type", zh, f"{en} and {other_en} do not go together{hint_en}")
        together = common([one.type for one in known]) if known else None
        if together is None:
            self.refuse(nodes[0], "null", "至少要有一个不是 NULL", "at least one must not be NULL")
        if together.precision > DIGITS:
            zh, en = f"合在一起超过 {DIGITS} 位数字", f"together they need more than {DIGITS} digits"
            self.refuse(nodes[0], "too-many-digits", zh + "；请先用 round()", en + "; round() one first")
        return together

    # -- leaves

    def bracketed(self, node: exp.Paren) -> Node:
        return self.node(node.this, may_be_null=True)

    def column(self, node: exp.Column) -> Node:
        name = str(node.name)
        of = self.columns.get(name)
        if of is None:
            near = _near(name, self.columns)
            zh = f"没有 {name} 这一列" + (f"；是不是 {near}？" if near else "；文本请用单引号括起来")
            en = f"there is no column {name}" + (
                f"; did you mean {near}?" if near else "; text stands in single quotes"
            )
            self.refuse(node, "unknown-column", zh, en, name=name, near=near)
        if not name.isprintable() or len(name.encode()) > 63:
            zh, en = "列名超过 63 字节或含控制字符", "a column's name is at most 63 bytes, without control characters"
            self.refuse(node, "unknown-column", zh, en)
        return Node(Kind.COLUMN, column(of), value=name)

    def literal(self, node: exp.Literal) -> Node:
        value = str(node.this)
        if node.is_string:
            if len(value) > LONGEST_LITERAL:
                zh, en = f"文本常量最多 {LONGEST_LITERAL} 个字符", f"a text has at most {LONGEST_LITERAL} characters"
                self.refuse(node, "too-long", zh, en)
            return Node(Kind.LITERAL, TEXT, value=value)
        whole, _, part = value.partition(".")
        whole = whole.lstrip("0")
        if len(whole) > (INTEGER_DIGITS if not part else COLUMN_DIGITS) or len(part) > COLUMN_SCALE:
            zh = f"数字最多 {INTEGER_DIGITS} 位整数，或 {COLUMN_DIGITS} 位整数加 {COLUMN_SCALE} 位小数"
            en = f"at most {INTEGER_DIGITS} digits, or {COLUMN_DIGITS} before and {COLUMN_SCALE} after the point"
            self.refuse(node, "bad-literal", zh, en)
        if part:
            return Node(Kind.LITERAL, decimal(max(len(whole), 1), len(part)), value=Decimal(value))
        return Node(Kind.LITERAL, integer(max(len(whole), 1)), value=int(value))

    def boolean(self, node: exp.Boolean) -> Node:
        return Node(Kind.LITERAL, BOOLEAN, value=bool(node.this))

    def null(self, _node: exp.Null) -> Node:
        return NULL

    def date(self, node: exp.Cast) -> Node:
        if node.to.this is not exp.DType.DATE or not (isinstance(node.this, exp.Literal) and node.this.is_string):
            zh, en = "唯一的类型写法是日期常量，如 DATE '2020-01-01'", "the only typed constant is DATE '2020-01-01'"
            self.refuse(node, "not-allowed", zh, en)
        value = str(node.this.this)
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.isoformat() != value:
            zh, en = f"“{value}”不是日期；请写成 DATE '2020-01-31'", f"{value} is no date; write DATE '2020-01-31'"
            self.refuse(node, "bad-literal", zh, en)
        return Node(Kind.LITERAL, DATE, value=found)

    def interval(self, node: exp.Interval) -> Node:
        zh, en = "INTERVAL 只能加在日期上或从日期中减去", "an INTERVAL is only added to or taken from a date"
        self.refuse(node, "not-allowed", f"{zh}，如 XK_JDRQ + INTERVAL '3' MONTH", en)

    # -- logic

    def chain(self, node: exp.Expr) -> Node:
        """AND, OR and || take as many operands as stand in a row; the parser leans them to the left."""
        kind, of = _CHAINS[type(node)]
        members: list[exp.Expr] = []
        left: exp.Expr = node
        while type(left) is type(node):
            members.append(left.args["expression"])
            left = left.this
        members.append(left)
        return Node(kind, of, tuple(self.typed(one, of.of) for one in reversed(members)))

    def negation(self, node: exp.Not) -> Node:
        return Node(Kind.NOT, BOOLEAN, (self.typed(node.this, ColumnType.BOOLEAN),))

    def presence(self, node: exp.Is) -> Node:
        what = node.expression
        if isinstance(what, exp.Null):
            return Node(Kind.IS_NULL, BOOLEAN, (self.node(node.this),))
        if not isinstance(what, exp.Boolean):
            zh, en = "IS 后面只能是 NULL、TRUE 或 FALSE", "IS takes NULL, TRUE or FALSE"
            self.refuse(node, "not-allowed", zh, en)
        return Node(Kind.IS_TRUE if what.this else Kind.IS_FALSE, BOOLEAN, (self.typed(node.this, ColumnType.BOOLEAN),))

    def comparison(self, node: exp.Binary) -> Node:
        operands = [self.node(node.this), self.node(node.expression)]
        together = self.alike([node.this, node.expression], operands)
        if together.of is ColumnType.BOOLEAN:
            zh = "是否值不能用 = < 比较；请写 A IS TRUE、NOT A，或用 AND、OR"
            self.refuse(node, "wrong-type", zh, "true and false are not compared; write A IS TRUE, NOT A, AND, OR")
        return Node(Kind.COMPARE, BOOLEAN, tuple(operands), _COMPARISONS[type(node)])

    def membership(self, node: exp.In) -> Node:
        items: list[exp.Expr] = node.expressions
        if not 1 <= len(items) <= MOST_IN_A_LIST:
            zh, en = (
                f"IN 后面应有 1 至 {MOST_IN_A_LIST} 个常量",
                f"IN takes 1 to {MOST_IN_A_LIST} constants in brackets",
            )
            self.refuse(node, "not-allowed", zh, en)
        found = [self.node(node.this), *(self.node(one) for one in items)]
        for item, one in zip(items, found[1:], strict=True):
            if not _is_constant(one):
                zh, en = (
                    "IN 的列表里只能有常量；与列比较请用 = 和 OR",
                    "IN lists constants only; compare columns with = and OR",
                )
                self.refuse(item, "not-allowed", zh, en)
        if self.alike([node.this, *items], found).of is ColumnType.BOOLEAN:
            self.wrong_type(node.this, BOOLEAN, ("文本、数字或日期", "text, a number or a date"))
        return Node(Kind.IN, BOOLEAN, tuple(found))

    def between(self, node: exp.Between) -> Node:
        parts: list[exp.Expr] = [node.this, node.args["low"], node.args["high"]]
        found = [self.node(one) for one in parts]
        if self.alike(parts, found).of is ColumnType.BOOLEAN:
            self.wrong_type(node.this, BOOLEAN, ("文本、数字或日期", "text, a number or a date"))
        return Node(Kind.BETWEEN, BOOLEAN, tuple(found))

    def like(self, node: exp.Like) -> Node:
        subject, pattern = self.typed(node.this, ColumnType.TEXT), node.expression
        if not (isinstance(pattern, exp.Literal) and pattern.is_string):
            zh, en = (
                "LIKE 后面只能是文本常量；与列比较请用 contains()",
                "LIKE takes a constant; use contains() for a column",
            )
            self.refuse(node, "not-allowed", zh, en)
        found = Node(Kind.LIKE, BOOLEAN, (subject,), self.literal(pattern).value)
        return Node(Kind.NOT, BOOLEAN, (found,)) if node.args.get("negate") else found

    # -- numbers, dates, choices

    def minus(self, node: exp.Neg) -> Node:
        operand = self.number(node.this)
        if operand.kind is Kind.LITERAL and isinstance(operand.value, int | Decimal):
            return Node(Kind.LITERAL, operand.type, value=-operand.value)
        return Node(Kind.NEGATE, operand.type, (operand,))

    def arithmetic(self, node: exp.Binary) -> Node:
        sign, left_part, right_part = _ARITHMETIC[type(node)], node.this, node.expression
        if isinstance(right_part, exp.Interval):
            return self.shift(sign, left_part, right_part)
        left = self.node(left_part)
        if left.type.of is ColumnType.DATE:
            if sign != "-":
                zh, en = "日期只能加减 INTERVAL，或减去日期", "a date takes + or - INTERVAL, or - another date"
                self.refuse(node, "wrong-type", f"{zh}，如 XK_JDRQ + INTERVAL '7' DAY", en)
            return Node(Kind.DAYS, integer(8), (left, self.typed(right_part, ColumnType.DATE)))
        if not left.type.is_number:
            self.wrong_type(left_part, left.type, ("数字", "a number"))
        right = self.number(right_part)
        result = _result(sign, left.type, right.type)
        if sign == "/" and _division_digits(left.type, right.type) > DIGITS:
            zh, en = "相除的两数位数太多；请先用 round() 减少小数位", "too many digits to divide exactly; round() first"
            self.refuse(node, "too-many-digits", zh, en)
        return Node(Kind.ARITHMETIC, result, (left, right), sign)

    def shift(self, sign: str, left: exp.Expr, interval: exp.Interval) -> Node:
        start = self.typed(left, ColumnType.DATE)
        count, unit = interval.this, interval.args.get("unit")
        name = unit.name.upper().removesuffix("S") if isinstance(unit, exp.Var) else ""
        digits = str(count.this) if isinstance(count, exp.Literal) else ""
        is_good = name in _grammar.UNITS and digits.isascii() and digits.isdigit() and len(digits) <= 5
        if not is_good or int(digits) > _grammar.UNITS[name]:
            limits = "、".join(f"{unit} {most}" for unit, most in _grammar.UNITS.items())
            zh, en = f"时间间隔写成 INTERVAL '3' MONTH，最大 {limits}", f"write INTERVAL '3' MONTH; at most {limits}"
            self.refuse(left, "bad-literal", zh, en)
        return Node(Kind.SHIFT, DATE, (start,), f"{sign}{int(digits)} {name}")

    def case(self, node: exp.Case) -> Node:
        branches: list[exp.If] = node.args["ifs"]
        conditions = [self.typed(one.this, ColumnType.BOOLEAN) for one in branches]
        otherwise: exp.Expr = node.args.get("default") or exp.Null()
        parts: list[exp.Expr] = [*(one.args["true"] for one in branches), otherwise]
        results = [self.node(one, may_be_null=True) for one in parts]
        together = self.alike(parts, results)
        pairs = (part for pair in zip(conditions, results[:-1], strict=True) for part in pair)
        return Node(Kind.CASE, together, (*pairs, results[-1]))

    # -- functions

    def call(self, node: exp.Anonymous) -> Node:
        name = node.this.lower() if isinstance(node.this, str) else ""
        function = FUNCTIONS.get(name)
        parts: list[exp.Expr] = node.expressions
        if function is None:
            near = _near(name, FUNCTIONS)
            zh = f"没有 {name or node.name} 这个函数" + (
                f"；是不是 {near}？" if near else f"；可用的有 {'、'.join(FUNCTIONS)}"
            )
            en = f"no function {name or node.name}" + (
                f"; did you mean {near}?" if near else f"; there are {', '.join(FUNCTIONS)}"
            )
            self.refuse(node, "unknown-function", zh, en, name=name, near=near)
        most = MOST_IN_A_LIST if function.is_variadic else len(function.takes)
        if not function.arguments_from <= len(parts) <= most:
            wanted = function.arguments_from if most == function.arguments_from else f"{function.arguments_from}–{most}"
            zh, en = (
                f"{name} 要 {wanted} 个参数，这里有 {len(parts)} 个",
                f"{name} takes {wanted} arguments, not {len(parts)}",
            )
            self.refuse(node, "wrong-arguments", zh, en)
        takes = [function.takes[min(at, len(function.takes) - 1)] for at in range(len(parts))]
        operands = [self.argument(part, one) for part, one in zip(parts, takes, strict=True)]
        return Node(Kind.CALL, self.given(function, parts, operands), tuple(operands), name)

    def argument(self, part: exp.Expr, takes: Takes) -> Node:
        match takes:
            case Takes.TEXT:
                return self.typed(part, ColumnType.TEXT)
            case Takes.NUMBER:
                return self.number(part)
            case Takes.DATE:
                return self.typed(part, ColumnType.DATE)
            case Takes.COUNT | Takes.POSITION | Takes.PLACES:
                least = 1 if takes is Takes.POSITION else 0
                return self.constant(part, least, COLUMN_SCALE if takes is Takes.PLACES else 10_000)
            case Takes.PATTERN:
                return self.pattern(part)
        found = self.node(part)
        if takes is Takes.ORDERED and found.type.of not in (ColumnType.DATE, ColumnType.DECIMAL, ColumnType.INTEGER):
            self.wrong_type(part, found.type, ("数字或日期", "a number or a date"))
        return found

    def constant(self, part: exp.Expr, least: int, most: int) -> Node:
        found = self.node(part)
        if found.kind is not Kind.LITERAL or not isinstance(found.value, int) or not least <= found.value <= most:
            zh, en = (
                f"这里要写明一个 {least} 至 {most} 的整数",
                f"a whole number from {least} to {most} must be written here",
            )
            self.refuse(part, "wrong-arguments", zh, en)
        return found

    def pattern(self, part: exp.Expr) -> Node:
        if not (isinstance(part, exp.Literal) and part.is_string):
            zh, en = "正则表达式只能是文本常量", "a pattern must be a text constant"
            self.refuse(part, "bad-pattern", zh, en)
        found = self.literal(part)
        try:
            canonical(str(found.value))
        except PatternError as wrong:
            zh, en = (
                f"正则表达式第 {wrong.at + 1} 个字符处：{wrong.zh}",
                f"pattern, character {wrong.at + 1}: {wrong.en}",
            )
            self.refuse(part, "bad-pattern", zh, en)
        return found

    def given(self, function: Function, parts: list[exp.Expr], operands: list[Node]) -> Type:
        """The type a call gives."""
        if function.takes[0] in (Takes.ANY, Takes.ORDERED):
            return self.alike(parts, operands)
        if function.name == "round" and len(operands) == 2 and isinstance(operands[1].value, int):
            number = operands[0].type
            places = min(operands[1].value, number.scale)
            return decimal(number.digits + 1, places) if number.of is ColumnType.DECIMAL else number
        return function.gives([one.type for one in operands])


def _result(sign: str, left: Type, right: Type) -> Type:
    """Digits of a sum, difference, product or quotient, at most."""
    is_whole = left.of is right.of is ColumnType.INTEGER
    if sign == "/":
        return decimal(left.digits + right.scale + 1, QUOTIENT_SCALE)
    if sign == "*":
        digits, scale = left.digits + right.digits, left.scale + right.scale
    else:
        digits, scale = max(left.digits, right.digits) + 1, max(left.scale, right.scale)
    return integer(digits) if is_whole else decimal(digits, scale)


def _division_digits(left: Type, right: Type) -> int:
    """Digits that exact division needs on the way."""
    up, up_right = division_factors(left, right)
    return max(left.precision + up, right.precision + up_right)


def _is_constant(node: Node) -> bool:
    return node.kind is Kind.LITERAL


def _date_hint(first: Type, other: Node) -> tuple[str, str]:
    if ColumnType.DATE in (first.of, other.type.of):
        return "；日期常量请写成 DATE '2020-01-01'", "; a date constant is DATE '2020-01-01'"
    if TEXT in (first, other.type):
        return "；文本常量要用单引号，数字不用", "; text stands in single quotes, numbers do not"
    return "", ""


def _near(name: str, known: Mapping[str, object]) -> str:
    folded = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    return folded[found[0]] if found else ""
