"""Writes docs/reference/catalogue: a page for each item of the library, for the code lists and for the rule sets.

``python tools/catalogue_reference.py`` writes; with ``--check`` it only says (exit code 1) whether a page is out of date.
"""

import sys
from datetime import date
from pathlib import Path

from xinyong.catalogue import load
from xinyong.catalogue.schema import Field, Item, Requirement
from xinyong.intake import usage

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "catalogue"
_NEED = {Requirement.REQUIRED: "必填 required", Requirement.OPTIONAL: "选填 optional", Requirement.BLANK: "不填 blank"}
_GRADE = {"public": "公开", "shared": "政务共享", "authorised": "授权查询", "internal": "内部"}


def pages() -> dict[str, str]:
    """File name → text of every page."""
    items = load.library()
    found = {f"{item.id}.md": _item(item) for item in items.values()}
    found["README.md"] = _index(items)
    found["code-lists.md"] = _code_lists()
    found["rule-sets.md"] = _rule_sets()
    return found


def _index(items: dict[str, Item]) -> str:
    rows = [
        f"| [{item.id}]({item.id}.md) | {item.title_zh} | {item.title_en} | {item.category} | {_GRADE[item.disclosure]} |"
        f" {len(item.fields)} | {len(item.rules)} |"
        for item in items.values()
    ]
    return _page(
        "目录 Catalogue",
        "由 `xinyong/catalogue/library` 生成 Generated from the library: `python tools/catalogue_reference.py`.",
        _table(("事项 item", "名称", "Title", "类别", "公开属性", "数据项", "规则"), rows),
        "另见 See also: [代码表 code lists](code-lists.md), [公示期限 publicity terms](rule-sets.md).",
    )


def _item(item: Item) -> str:
    facts = [
        f"- 版本 version {item.version}，{item.effective_from} 起生效 in force",
        f"- 公开属性 disclosure: {item.disclosure}；公示 publicity: {item.publicity.clock}"
        f"；保存 retention: {item.retention.years or '—'} 年 years ({item.retention.start})",
        f"- 自然主键 natural key: {', '.join(f'`{code}`' for code in item.natural_key)}",
        f"- 更新周期 update cycle: {item.update_cycle}",
        "" if item.is_verified else "- ⚠ 未逐项核对标准原文 not verified against the text of the standard",
    ]
    fields = [_field_row(index, one) for index, one in enumerate(item.fields, start=1)]
    rules = [
        f"| {r.id} | {r.severity} | `{_cell(r.expression)}` | {r.message}<br>{r.message_en} | {r.basis} |"
        for r in item.rules
    ]
    bases = [
        f"| {one.id} | {one.title} {one.article} | {one.rank} | {'是 yes' if one.is_verified else '否 no'} |"
        for one in item.bases
    ]
    severity = []
    if item.severity:
        severity = [f"- {name}: `{text}`" for name, text in item.severity.classes] + [
            f"- 其余 otherwise: {item.severity.otherwise}"
        ]
    return _page(
        f"{item.title_zh} {item.title_en}",
        f"{item.description}\n\n{item.description_en}",
        "\n".join(fact for fact in facts if fact),
        "## 数据项 Fields",
        _table(
            ("#", "代码 code", "名称 name", "类型 type", "填写 need", "公开属性", "说明 note", "别名 aliases"), fields
        ),
        "## 规则 Checks" if rules else "",
        _table(("id", "级别", "条件（成立为合格）", "提示 message", "依据 basis"), rules) if rules else "",
        "## 严重程度 Severity" if severity else "",
        "\n".join(severity),
        "" if item.is_self_declared else "## 用接口报送 By the interface",
        "由市场主体登录后自主申报，单位不报送。Declared by organisations themselves, once signed in; departments do not report it."
        if item.is_self_declared
        else f"`POST /api/v1/submissions`, scope `submit:{item.id}`；先用 `?test=true` 试 try with `?test=true` first"
        f"（[怎样报送 how to](../../how-to/submit-by-api.md)）。\n\n```json\n{_body(item)}\n```",
        "## 依据 Bases",
        _table(("id", "名称 title", "rank", "已核对 verified"), bases),
    )


def _body(item: Item) -> str:
    return usage.of(item, on=date.max, origin="https://credit.example.gov.cn").body


def _field_row(index: int, one: Field) -> str:
    kind = (
        one.type.value + (f" {one.length}" if one.length else "") + (f",{one.scale}" if one.scale is not None else "")
    )
    need = f"条件必填 when `{_cell(one.required_when)}`" if one.required_when else _NEED[one.requirement]
    need = "平台计算 computed" if one.is_computed else need
    code_list = f" [{one.code_list}](code-lists.md#{one.code_list})" if one.code_list else ""
    grade = _GRADE[one.grade] + ("（个人信息 personal）" if one.is_personal else "")
    name = f"{one.name_zh}<br>{one.name_en}"
    return f"| {index} | `{one.code}` | {name} | {kind}{code_list} | {need} | {grade} | {one.note} | {'、'.join(one.aliases)} |"


def _code_lists() -> str:
    parts = []
    for one in load.editions():
        rows = [
            f"| {code.value} | {code.name_zh} | {code.name_en} | {'、'.join(code.aliases)} | {'是' if code.needs_detail else ''} |"
            for code in one.codes
        ]
        span = f"{one.valid_from} – {one.valid_to or ''}"
        parts += [f"## {one.id}", f"{one.title_zh} {one.title_en}（{span}）。{one.source}"]
        parts.append(_table(("值 value", "名称", "Name", "可接受的写法 spellings", "须写明具体内容"), rows))
    return _page("代码表 Code lists", *parts)


def _rule_sets() -> str:
    rows = []
    for one in load.rule_sets():
        span = f"{one.valid_from} – {one.valid_to or ''}"
        months = [
            f"{least}–{most}" if most else "不公示 not published"
            for least, most in (one.months[c] for c in ("minor", "general", "serious"))
        ]
        rows.append(f"| {one.id} | {one.title} | {span} | {' | '.join(months)} | {'是' if one.is_verified else '否'} |")
    heads = ("id", "规则", "施行 in force", "轻微 minor", "一般 general", "严重 serious", "已核对")
    return _page(
        "公示期限 Publicity terms", "最短–最长公示期（月）Minimum–maximum months of publicity.", _table(heads, rows)
    )


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", *(part for part in parts if part)]) + "\n"


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *rows])


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def main() -> int:
    """Writes or checks the pages."""
    wanted = pages()
    if "--check" in sys.argv:
        stale = [
            name
            for name, text in wanted.items()
            if not (TARGET / name).exists() or (TARGET / name).read_text("utf-8") != text
        ]
        stale += [path.name for path in TARGET.glob("*.md") if path.name not in wanted]
        print("\n".join(f"out of date: {name}" for name in stale) or "up to date")
        return 1 if stale else 0
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    print(f"{len(wanted)} pages in {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
