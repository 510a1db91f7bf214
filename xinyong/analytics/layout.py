"""What a bulletin says, in order: headings, sentences and tables. Page, PDF and DOCX are three ways of setting the same
blocks. Pure; the text is Chinese, as an official paper's is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from xinyong.analytics.bulletins import MONTHS, Issued, group_name
from xinyong.analytics.definitions import Rate, rate
from xinyong.kernel import clock

TITLE = "公共信用信息报送情况通报"
#: Rates that stand beside each item.
_OF_ITEMS = ("compliance", "timeliness", "late", "completeness")
_SEVERITY = {"error": "退回", "doubtful": "疑问"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; its level is 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; ``is_small`` for notes."""

    text: str
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: what it is about, its head, its rows, and which columns are numbers. ``widths``: shares of the width."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]
    widths: tuple[int, ...]

    @property
    def lines(self) -> list[list[tuple[str, str]]]:
        """Rows, each cell with the head of its column."""
        return [list(zip(row, self.head, strict=True)) for row in self.rows]


Block = Heading | Text | Grid


def subtitle(one: Issued) -> str:
    """Month and edition: 2026年10月（第1版）."""
    return f"{one.period.year}年{one.period.month}月（第{one.edition}版）"


def blocks(one: Issued) -> list[Block]:
    """The whole bulletin after its title."""
    content = one.content
    as_of = one.as_of.astimezone(clock.ZONE)
    made: list[Block] = [
        Text(f"{content['issuer']}　印发时间：{one.issued_at.astimezone(clock.ZONE):%Y年%m月%d日 %H:%M}"),
        Text(f"本通报由平台按截至 {as_of:%Y-%m-%d %H:%M} 已知的数据编制。数据摘要 {one.digest[:16]}。", is_small=True),
        Heading("一、总体情况"),
        _overall(content["rates"]),
        Heading("二、各事项报送情况"),
        _items(content["items"]),
        Heading("三、排名"),
        Text(_how(content)),
        *_rankings(content),
        Heading("四、突出问题"),
        _findings(content["findings"]),
        Heading("五、约谈"),
        *_interviews(content),
        Heading("六、指标说明"),
        *(Text(_explained(rate(entry["id"])), is_small=True) for entry in content["rates"]),
    ]
    return made


def signed(change: str | None) -> str:
    """A change of a rate in percentage points, with its sign; — when there is nothing to compare."""
    if change is None:
        return "—"
    points = (Decimal(change) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{points:+}" if points else "0.00"


def _overall(entries: Sequence[Mapping[str, Any]]) -> Grid:
    rows = [
        (
            rate(one["id"]).zh, one["percent"], _parts(one), one["before"], signed(one["change"]),
            _excluded(rate(one["id"]), one["excluded"]),
        )
        for one in entries
    ]  # fmt: skip
    head = ("指标", "本月", "分子／分母", "上月", "变化（百分点）", "不计入")
    return Grid("总体情况", head, tuple(rows), frozenset({1, 2, 3, 4}), (16, 11, 22, 11, 13, 27))


def _items(lines: Sequence[Mapping[str, Any]]) -> Grid:
    rows = [
        (one["name"], _grouped(one["rates"]["compliance"]["denominator"] or "0"), *(one["rates"][name]["percent"] for name in _OF_ITEMS))
        for one in lines
    ]  # fmt: skip
    head = ("事项", "报送行数", *(rate(name).zh for name in _OF_ITEMS))
    return Grid("各事项报送情况", head, tuple(rows), frozenset(range(1, len(head))), (40, 14, 12, 12, 11, 11))


def _how(content: Mapping[str, Any]) -> str:
    parts = "、".join(f"{rate(name).zh}{weight}" for name, weight in content["weights"])
    return (
        f"综合得分按权重计算：{parts}。超过100%的按100%计；没有的指标不计，其余指标按比例补足；得分相同名次并列，下一名次顺延。"
        "市级部门、县（市、区）部门、县（市、区）分别排名。权重由本市自行确定。"
    )


def _rankings(content: Mapping[str, Any]) -> list[Block]:
    made: list[Block] = []
    places = content["places"]
    names = [name for name, _ in content["weights"]]
    head = ("名次", "名称", "综合得分", *(rate(name).zh for name in names), "较上月")
    for group in sorted({one["group"] for one in places}):
        rows = [
            (
                str(one["rank"]) if one["rank"] else "—", one["name"], one["score"] or "—", *one["rates"],
                _moved(content["moved"].get(f"{group}/{one['key']}")),
            )
            for one in places
            if one["group"] == group
        ]  # fmt: skip
        widths = (8, 32, 12, *(38 // len(names) for _ in names), 10)
        numbers = frozenset({0, *range(2, len(head))})
        made += [Heading(group_name(group), 2), Grid(group_name(group), head, tuple(rows), numbers, widths)]
    return made or [Text("本月没有可排名的单位。")]


def _moved(places: int | None) -> str:
    if places is None:
        return "—"
    return "持平" if not places else f"升{places}" if places > 0 else f"降{-places}"


def _findings(found: Sequence[Mapping[str, Any]]) -> Block:
    if not found:
        return Text("本月报送的数据没有疑问或退回的问题。")
    rows = [
        (one["text"], _SEVERITY.get(one["severity"], one["severity"]), f"{one['count']:,}", str(one["units"]), f"{one['closed']:,}")
        for one in found
    ]  # fmt: skip
    head = ("问题", "处理", "次数", "涉及单位", "已更正")
    return Grid("突出问题", head, tuple(rows), frozenset({2, 3, 4}), (50, 11, 13, 13, 13))


def _interviews(content: Mapping[str, Any]) -> list[Block]:
    count = content["last_places"]
    rule = f"连续{MONTHS}个月位列本组后{count}名的，约谈主要负责人。"
    named = content["interviews"]
    if not named:
        return [Text(f"{rule}本月没有应约谈的单位。")]
    rows = tuple((group_name(one["group"]), one["name"]) for one in named)
    return [Text(f"{rule}本月应约谈："), Grid("约谈名单", ("分组", "名称"), rows, frozenset(), (35, 65))]


def _explained(one: Rate) -> str:
    mark = "" if one.is_verified else "（未核对原文）"
    return f"{one.zh}：{one.numerator_zh}÷{one.denominator_zh}。依据：{one.basis}{mark}。"


def _parts(one: Mapping[str, Any]) -> str:
    return f"{_grouped(one['numerator'])}／{_grouped(one['denominator']) if one['denominator'] else '—'}"


def _grouped(number: str) -> str:
    return f"{Decimal(number):,}"


def _excluded(of: Rate, counts: Mapping[str, int]) -> str:
    words = {one.id: one.zh for one in of.exclusions}
    return "；".join(f"{words.get(name, name)} {count:,}" for name, count in counts.items() if count) or "—"
