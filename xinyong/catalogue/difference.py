"""The difference between two versions of an item, in sentences a reader of the catalogue understands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xinyong.catalogue import body
from xinyong.catalogue.schema import Item

#: Lists whose members have a name of their own: compared member by member.
_KEYED = {"fields": ("code", "数据项", "field"), "rules": ("id", "规则", "rule"), "bases": ("id", "依据", "basis")}
_LABELS: dict[str, tuple[str, str]] = {
    "version": ("版本号", "version"),
    "effective_from": ("生效日期", "effective date"),
    "title": ("名称", "title"),
    "description": ("说明", "description"),
    "category": ("目录类别", "category"),
    "nature": ("信息性质", "nature"),
    "section": ("栏目", "section"),
    "is_adverse": ("是否失信信息", "adverse"),
    "level": ("目录层级", "level"),
    "parent": ("上级目录", "parent"),
    "is_verified": ("是否已核对原文", "verified"),
    "subject_classes": ("主体类别", "subject classes"),
    "is_about_persons": ("是否自然人信息", "about persons"),
    "self_declared": ("是否由主体自主申报", "declared by subjects themselves"),
    "consent": ("书面同意", "written consent"),
    "topic_basis": ("专门依据", "basis of the topic"),
    "natural_key": ("自然主键", "natural key"),
    "source": ("提供单位", "source"),
    "disclosure": ("公开属性", "disclosure"),
    "update_cycle": ("更新周期", "update cycle"),
    "timeliness_working_days": ("报送时限（工作日）", "working days to report"),
    "publicity": ("公示期限", "publicity"),
    "retention": ("保存期限", "retention"),
    "roles": ("字段角色", "roles"),
    "summary": ("列表显示项", "summary"),
    "severity": ("严重程度规则", "severity rule"),
    "name": ("名称", "name"),
    "type": ("类型", "type"),
    "length": ("长度", "length"),
    "scale": ("小数位", "decimals"),
    "unit": ("单位", "unit"),
    "requirement": ("填写要求", "requirement"),
    "required_when": ("必填条件", "condition of requirement"),
    "one_of": ("多选一分组", "one-of group"),
    "grade": ("公开属性", "disclosure"),
    "is_personal": ("是否个人信息", "personal"),
    "masking": ("脱敏方式", "masking"),
    "code_list": ("代码表", "code list"),
    "is_multiple": ("是否多值", "several values"),
    "certificate_kind": ("证件类型字段", "certificate kind"),
    "is_computed": ("是否由平台计算", "computed"),
    "aliases": ("表头别名", "aliases"),
    "example": ("示例", "example"),
    "note": ("填写说明", "note"),
    "check": ("条件", "condition"),
    "message": ("提示", "message"),
    "basis": ("依据", "basis"),
    "columns": ("标注的数据项", "marked fields"),
    "suggestion": ("建议", "suggestion"),
    "article": ("条款", "article"),
    "rank": ("效力层级", "rank"),
}

#: What a rule calls otherwise than an item does.
_OF_A_RULE = {"severity": ("程度", "severity")}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``kind`` is added, removed, changed or moved; ``path`` is like ``fields.XK_WSH.length``."""

    path: str
    kind: str
    before: Any
    after: Any
    sentence_zh: str
    sentence_en: str


def label(key: str, *, of_a_rule: bool = False) -> tuple[str, str]:
    """What a part of an item, a field or a rule is called, Chinese and English."""
    return (_OF_A_RULE.get(key) if of_a_rule else None) or _LABELS.get(key, (key, key))


def difference(old: Item, new: Item) -> list[Change]:
    """Every difference from ``old`` to ``new``, head first, then fields, rules and bases. Equal items: no change."""
    before, after = body.to_data(old), body.to_data(new)
    changes: list[Change] = []
    for key in dict.fromkeys([*before, *after]):
        if key not in _KEYED:
            changes += _values(key, before.get(key), after.get(key), _LABELS.get(key, (key, key)))
    for key in _KEYED:
        changes += _members(key, before[key], after[key])
    return changes


def _members(key: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[Change]:
    by, zh, en = _KEYED[key]
    old, new = {one[by]: one for one in before}, {one[by]: one for one in after}
    changes: list[Change] = []
    for name in dict.fromkeys([*old, *new]):
        title = _title(new.get(name) or old[name], by)
        label = (f"{zh}“{title}”", f"{en} “{name}”")
        path = f"{key}.{name}"
        if name not in new:
            changes.append(Change(path, "removed", old[name], None, f"删除{label[0]}。", f"Removed {label[1]}."))
        elif name not in old:
            changes.append(Change(path, "added", None, new[name], f"增加{label[0]}。", f"Added {label[1]}."))
        else:
            for part in dict.fromkeys([*old[name], *new[name]]):
                word = _OF_A_RULE.get(part) if key == "rules" else None
                word = word or _LABELS.get(part, (part, part))
                inner = (f"{label[0]}的{word[0]}", f"{word[1]} of {label[1]}")
                changes += _values(f"{path}.{part}", old[name].get(part), new[name].get(part), inner)
    order, wanted = [one for one in old if one in new], [one for one in new if one in old]
    if order != wanted:
        changes.append(Change(key, "moved", order, wanted, f"{zh}的顺序有变。", f"The order of {key} changed."))
    return changes


def _values(path: str, before: Any, after: Any, label: tuple[str, str]) -> list[Change]:
    if before == after:
        return []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found: list[Change] = []
        for key in dict.fromkeys([*before, *after]):
            inner = (f"{label[0]}（{key}）", f"{label[1]} ({key})")
            found += _values(f"{path}.{key}", before.get(key), after.get(key), inner)
        return found
    zh = f"{label[0]}由{_shown(before)[0]}改为{_shown(after)[0]}。"
    en = f"{label[1]}: {_shown(before)[1]} → {_shown(after)[1]}."
    return [Change(path, "changed", before, after, zh, en[0].upper() + en[1:])]


def _title(one: Mapping[str, Any], by: str) -> str:
    name = one.get("name")
    return f"{one[by]} {name['zh']}" if isinstance(name, Mapping) else str(one[by])


def _shown(value: Any) -> tuple[str, str]:
    if value is None or value == "":
        return "（无）", "none"
    if isinstance(value, bool):
        return ("“是”", "yes") if value else ("“否”", "no")
    if isinstance(value, list):
        return f"“{'、'.join(map(_plain, value))}”", f"“{', '.join(map(_plain, value))}”"
    return f"“{_plain(value)}”", f"“{_plain(value)}”"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_plain(inner)}" for key, inner in value.items())
    return str(value)
