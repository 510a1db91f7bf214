"""Parts of an expression as phrases: “许可决定日期”的年份, the year of 许可决定日期."""

from collections.abc import Mapping

from xinyong.rules import _text
from xinyong.rules._functions import FUNCTIONS
from xinyong.rules._tree import TEXT, ColumnType, Kind, Node

_UNITS = {"DAY": ("天", "day"), "MONTH": ("个月", "month"), "YEAR": ("年", "year")}
_SIGNS = {
    "+": ("{0}加{1}", "{0} plus {1}"), "-": ("{0}减{1}", "{0} minus {1}"), "*": ("{0}乘以{1}", "{0} times {1}"),
    "/": ("{0}除以{1}", "{0} divided by {1}"),
}  # fmt: skip
_COMPARED = {
    "=": ("{0}等于{1}", "{0} equals {1}"), "<>": ("{0}不等于{1}", "{0} differs from {1}"),
    "<": ("{0}小于{1}", "{0} is below {1}"), "<=": ("{0}不大于{1}", "{0} is at most {1}"),
    ">": ("{0}大于{1}", "{0} is above {1}"), ">=": ("{0}不小于{1}", "{0} is at least {1}"),
}  # fmt: skip
_COMPARED_DATES = _COMPARED | {
    "<": ("{0}早于{1}", "{0} is before {1}"), "<=": ("{0}不晚于{1}", "{0} is not after {1}"),
    ">": ("{0}晚于{1}", "{0} is after {1}"), ">=": ("{0}不早于{1}", "{0} is not before {1}"),
}  # fmt: skip

_NEGATED = frozenset({Kind.IS_NULL, Kind.IN, Kind.LIKE, Kind.BETWEEN})

Pair = tuple[str, str]


def phrase(node: Node, labels: Mapping[str, str]) -> Pair:
    """The node in Chinese and in English; ``labels`` name the columns."""
    zh, en = _phrase(node, labels)
    return zh.strip(), en


def is_plain_negation(node: Node) -> bool:
    """NOT before IS NULL, IN, LIKE, BETWEEN: people read the two as one."""
    return node.kind is Kind.NOT and node.operands[0].kind in _NEGATED


def _phrase(node: Node, labels: Mapping[str, str]) -> Pair:
    parts = [_phrase(one, labels) for one in node.operands]
    match node.kind:
        case Kind.COLUMN:
            name = str(node.value)
            label = labels.get(name, name)
            return f"“{label}”", label
        case Kind.LITERAL | Kind.NULL:
            text = str(node.value) if node.type.of is ColumnType.DATE else _text.spell(node)
            return f" {text} ", text
        case Kind.AND | Kind.OR | Kind.CONCAT:
            joint = {Kind.AND: ("且", " and "), Kind.OR: ("或", " or "), Kind.CONCAT: ("连接", " followed by ")}[
                node.kind
            ]
            return joint[0].join(zh for zh, _ in parts), joint[1].join(en for _, en in parts)
        case Kind.NOT if is_plain_negation(node):
            inner = node.operands[0]
            return _presence(inner, [_phrase(one, labels) for one in inner.operands], is_negated=True)
        case Kind.NOT:
            return f"并非（{parts[0][0]}）", f"not ({parts[0][1]})"
        case Kind.COMPARE:
            is_date = node.operands[0].type.of is ColumnType.DATE
            return _fill((_COMPARED_DATES if is_date else _COMPARED)[str(node.value)], parts)
        case Kind.IN | Kind.BETWEEN | Kind.LIKE | Kind.IS_NULL:
            return _presence(node, parts, is_negated=False)
        case Kind.IS_TRUE | Kind.IS_FALSE:
            word = ("成立", "true") if node.kind is Kind.IS_TRUE else ("不成立", "false")
            return f"{parts[0][0]}{word[0]}", f"{parts[0][1]} is {word[1]}"
        case Kind.NEGATE:
            return f"负的{parts[0][0]}", f"minus {parts[0][1]}"
        case Kind.ARITHMETIC:
            return _fill(_SIGNS[str(node.value)], parts)
        case Kind.DAYS:
            return _fill(("{1}到{0}的天数", "the days from {1} to {0}"), parts)
        case Kind.SHIFT:
            count, unit = str(node.value)[1:].split()
            zh, en = _UNITS[unit]
            later = str(node.value).startswith("+")
            plural = en if count == "1" else f"{en}s"
            return (
                f"{parts[0][0]}之{'后' if later else '前'} {count} {zh}",
                f"{count} {plural} {'after' if later else 'before'} {parts[0][1]}",
            )
        case Kind.CASE:
            return _case(parts)
        case Kind.CALL:
            function = FUNCTIONS[str(node.value)]
            if function.name == "round" and len(parts) == 1:
                parts.append((" 0 ", "0"))
            listed = ("、".join(zh for zh, _ in parts), ", ".join(en for _, en in parts))
            return (
                function.zh.format(*(zh for zh, _ in parts), all=listed[0]),
                function.en.format(*(en for _, en in parts), all=listed[1]),
            )


def _presence(node: Node, parts: list[Pair], *, is_negated: bool) -> Pair:
    """IS NULL, IN, LIKE, BETWEEN, with or without NOT."""
    (subject_zh, subject_en), *rest = parts
    no_zh, no_en = ("不", " not") if is_negated else ("", "")
    match node.kind:
        case Kind.IS_NULL:
            return f"{subject_zh}{no_zh}为空", f"{subject_en} is{no_en} empty"
        case Kind.IN:
            listed = "、".join(zh.strip() for zh, _ in rest), ", ".join(en for _, en in rest)
            return f"{subject_zh}{no_zh}是 {listed[0]} 之一", f"{subject_en} is{no_en} one of {listed[1]}"
        case Kind.BETWEEN:
            shape = (f"{{0}}{no_zh}在{{1}}与{{2}}之间", f"{{0}} is{no_en} between {{1}} and {{2}}")
            return _fill(shape, parts)
    text = _text.spell(Node(Kind.LITERAL, TEXT, value=node.value))
    return f"{subject_zh}{no_zh}形如 {text} ", f"{subject_en} {'does not look' if is_negated else 'looks'} like {text}"


def _fill(shape: Pair, parts: list[Pair]) -> Pair:
    return shape[0].format(*(zh for zh, _ in parts)), shape[1].format(*(en for _, en in parts))


def _case(parts: list[Pair]) -> Pair:
    *pairs, otherwise = parts
    zh = "；".join(f"若{pairs[at][0]}则取{pairs[at + 1][0]}" for at in range(0, len(pairs), 2))
    en = "; ".join(f"{pairs[at + 1][1]} if {pairs[at][1]}" for at in range(0, len(pairs), 2))
    return f"（{zh}；否则取{otherwise[0]}）", f"({en}; otherwise {otherwise[1]})"
