"""Levels of the catalogue (国家、省、市、县): a lower level may add with a basis, and may not loosen (目录承接).

An item of a lower level names the version it follows (``parent``). Added are fields, rules and bases; what comes from above
stays at least as strict: no field dropped, none required made optional, no grade opened, no code list widened, no publicity
or retention lengthened, no rule dropped, changed or weakened. Basis: 国办发〔2020〕49号 (the catalogue bounds what may be collected);
Shenzhen's credit regulation, article 33 (a local supplement rests on a local regulation).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from xinyong.catalogue import difference, load
from xinyong.catalogue.difference import Change
from xinyong.catalogue.problems import Problem
from xinyong.catalogue.schema import Field, Grade, Item, Masking, Requirement, Severity

LEVELS = ("national", "provincial", "city", "county")
_GRADES = (Grade.PUBLIC, Grade.SHARED, Grade.AUTHORISED, Grade.INTERNAL)
_SEVERITIES = (Severity.WARNING, Severity.DOUBTFUL, Severity.ERROR)
_LAWS = ("law", "regulation", "local-regulation")
#: Heads that say which version this is, not what it holds.
_OWN = frozenset({"id", "version", "effective_from", "level", "parent", "is_verified"})

#: Path, Chinese, English.
Said = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place that both levels changed, each in its own way."""

    theirs: Change
    ours: Change


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """What the upper level changed since the version we follow, what we had changed, where the two meet, and what our text would
    break if it followed the new version as it stands."""

    base: Item
    newer: Item
    theirs: tuple[Change, ...]
    ours: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    violations: tuple[Problem, ...]


def violations(item: Item, parent: Item, *, on: date) -> list[Problem]:
    """Everything in which the item loosens what its parent says; empty when it may stand. ``on``: whose code lists."""
    said = [*_of_the_head(item, parent), *_of_fields(item, parent, on), *_of_rules(item, parent)]
    return [Problem(f"{item.id}@{item.version}", None, *one) for one in said]


def three_way(base: Item, newer: Item, ours: Item, *, on: date) -> ThreeWay:
    """``ours`` follows ``base``, of which there is a ``newer`` version now."""
    theirs, own = _changes(base, newer), _changes(base, ours)
    conflicts = [Conflict(a, b) for a in theirs for b in own if _meet(a.path, b.path) and a.after != b.after]
    return ThreeWay(base, newer, theirs, own, tuple(conflicts), tuple(violations(ours, newer, on=on)))


def _changes(old: Item, new: Item) -> tuple[Change, ...]:
    found = difference.difference(old, new)
    return tuple(one for one in found if one.path.split(".")[0] not in _OWN and one.kind != "moved")


def _meet(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _of_the_head(item: Item, parent: Item) -> Iterator[Said]:
    if LEVELS.index(item.level) <= LEVELS.index(parent.level):
        zh = f"层级“{item.level}”不低于上级目录的“{parent.level}”。请写明本级的层级。"
        yield "level", zh, f"The level “{item.level}” is not below the parent's “{parent.level}”."
    if _GRADES.index(item.disclosure) < _GRADES.index(parent.disclosure):
        zh = f"公开属性“{item.disclosure}”比上级目录的“{parent.disclosure}”更开放。"
        yield "disclosure", zh, f"Disclosure “{item.disclosure}” is more open than the parent's “{parent.disclosure}”."
    if wider := set(item.subject_classes) - set(parent.subject_classes):
        zh = f"主体类别多出：{'、'.join(sorted(wider))}。下级目录不得扩大主体范围。"
        yield "subject_classes", zh, f"Subject classes beyond the parent's: {', '.join(sorted(wider))}."
    is_longer = item.publicity.clock != parent.publicity.clock and item.publicity.clock != "never"
    if is_longer or item.publicity.months_after > parent.publicity.months_after:
        yield (
            "publicity",
            "公示期限与上级目录不同或更长。下级目录不得延长公示。",
            "Publicity differs from the parent's or is longer.",
        )
    years, most = item.retention.years, parent.retention.years
    if most is not None and (years is None or years > most or item.retention.start != parent.retention.start):
        zh = f"保存期限比上级目录的 {most} 年更长，或起算不同。"
        yield "retention", zh, f"Retention is longer than the parent's {most} years, or counted otherwise."


def _of_fields(item: Item, parent: Item, on: date) -> Iterator[Said]:
    own = {one.code: one for one in item.fields}
    for theirs in parent.fields:
        name, path = f"{theirs.code} {theirs.name_zh}", f"fields.{theirs.code}"
        ours = own.get(theirs.code)
        if ours is None:
            yield path, f"删去了上级目录的数据项“{name}”。", f"The parent's field “{theirs.code}” is missing."
            continue
        for part, is_looser, zh, en in _LOOSER:
            if is_looser(ours, theirs):
                yield f"{path}.{part}", f"数据项“{name}”{zh}。", f"Field “{theirs.code}”: {en}."
        if wider := _wider_codes(ours, theirs, on):
            zh = f"数据项“{name}”的代码表比上级目录宽：{wider}。"
            yield f"{path}.code_list", zh, f"Field “{theirs.code}” takes codes the parent does not: {wider}."
    added = [one.code for one in item.fields if one.code not in {one.code for one in parent.fields}]
    known = {one.id for one in parent.bases}
    if added and not any(one.rank in _LAWS and one.id not in known for one in item.bases):
        zh = f"增加了数据项 {'、'.join(added)}，但 bases 中没有上级目录之外的法律、法规依据。"
        yield (
            "bases",
            zh,
            f"Fields were added ({', '.join(added)}) without a law or regulation the parent does not name.",
        )


def _of_rules(item: Item, parent: Item) -> Iterator[Said]:
    own = {one.id: one for one in item.rules}
    for theirs in parent.rules:
        path, ours = f"rules.{theirs.id}", own.get(theirs.id)
        if ours is None:
            yield path, f"删去了上级目录的规则“{theirs.id}”。", f"The parent's rule “{theirs.id}” is missing."
        elif ours.expression != theirs.expression:
            zh = f"改动了上级目录规则“{theirs.id}”的条件。要更严请另加一条规则。"
            yield (
                f"{path}.check",
                zh,
                f"The condition of the parent's rule “{theirs.id}” differs. To be stricter add a rule.",
            )
        elif _SEVERITIES.index(ours.severity) < _SEVERITIES.index(theirs.severity):
            zh = f"规则“{theirs.id}”的程度由“{theirs.severity}”降为“{ours.severity}”。"
            yield f"{path}.severity", zh, f"Rule “{theirs.id}” is weakened from {theirs.severity} to {ours.severity}."


def _wider_codes(ours: Field, theirs: Field, on: date) -> str:
    if theirs.code_list is None or ours.code_list == theirs.code_list:
        return ""
    if ours.code_list is None:
        return "任意文字"
    allowed = {one.value for one in load.code_list(theirs.code_list, on).codes}
    return "、".join(one.value for one in load.code_list(ours.code_list, on).codes if one.value not in allowed)


def _is_open(one: Field) -> bool:
    return one.requirement is not Requirement.REQUIRED


def _is_longer(ours: Field, theirs: Field) -> bool:
    return theirs.length is not None and (ours.length is None or ours.length > theirs.length)


def _may_be_left_out(ours: Field, theirs: Field) -> bool:
    return theirs.requirement is Requirement.REQUIRED and _is_open(ours)


def _may_be_filled(ours: Field, theirs: Field) -> bool:
    return theirs.requirement is Requirement.BLANK and ours.requirement is not Requirement.BLANK


def _is_asked_otherwise(ours: Field, theirs: Field) -> bool:
    return theirs.required_when is not None and theirs.required_when != ours.required_when and _is_open(ours)


def _shows_more(ours: Field, theirs: Field) -> bool:
    is_same = ours.masking in {theirs.masking, Masking.ALL}
    return theirs.masking is not Masking.NONE and not is_same


#: Part of a field, whether ours is looser than theirs, and what to say.
_LOOSER: tuple[tuple[str, Callable[[Field, Field], bool], str, str], ...] = (
    ("type", lambda a, b: a.type is not b.type, "的类型与上级目录不同", "its type differs from the parent's"),
    ("length", _is_longer, "的长度超过上级目录", "it is longer than the parent's"),
    ("requirement", _may_be_left_out, "在上级目录必填，这里改成了选填", "required by the parent, optional here"),
    ("requirement", _may_be_filled, "在上级目录须为空，这里可以填写", "must be empty for the parent, not here"),
    ("required_when", _is_asked_otherwise, "的必填条件与上级目录不同", "its condition of requirement differs"),
    (
        "grade", lambda a, b: _GRADES.index(a.grade) < _GRADES.index(b.grade), "的公开属性比上级目录更开放",
        "it is more open than the parent's",
    ),
    (
        "is_personal", lambda a, b: b.is_personal and not a.is_personal, "在上级目录是个人信息，这里不是",
        "personal for the parent, not here",
    ),
    ("masking", _shows_more, "的脱敏方式与上级目录不同", "its masking differs from the parent's"),
)  # fmt: skip
