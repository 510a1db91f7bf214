"""Levels: what a lower level may do to an item of an upper one, and what it must look at when that changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.catalogue import samples
from xinyong.catalogue import inheritance, load, publish
from xinyong.catalogue.problems import CatalogueError
from xinyong.catalogue.schema import (
    Basis,
    Field,
    FieldType,
    Grade,
    Item,
    Parent,
    Publicity,
    Requirement,
    Retention,
    Rule,
    Severity,
)  # fmt: skip
from xinyong.security.access import system

DAY = date(2026, 6, 15)
OWNER = system("test")
LOCAL = Basis("city-credit-2025", "某市信用条例", rank="local-regulation")


def _parent() -> Item:
    return load.load_item(samples.ITEM)


def _child(**changes: Any) -> Item:
    parent = _parent()
    made = {
        "id": "site-safety-city", "level": "city", "parent": Parent("site-safety", 1), "bases": (*parent.bases, LOCAL),
    } | changes  # fmt: skip
    return replace(parent, **made)


def _field(code: str, **changes: Any) -> Item:
    child = _child()
    return replace(child, fields=tuple(replace(one, **changes) if one.code == code else one for one in child.fields))


def _rule(**changes: Any) -> Item:
    child = _child()
    return replace(child, rules=(replace(child.rules[0], **changes),))


ADDED = Field("DF_BZ", "地方备注", "Local remark", FieldType.TEXT, length=100)
STRICTER = Rule("V90", "JCRQ >= DATE '2020-01-01'", Severity.ERROR, "过早。", "Too early.", LOCAL.id, ("JCRQ",))


@pytest.mark.parametrize(
    "child",
    [
        _child,
        lambda: _child(fields=(*_parent().fields, ADDED)),
        lambda: _child(rules=(*_parent().rules, STRICTER)),
        lambda: _field("JCJG", requirement=Requirement.REQUIRED),
        lambda: _field("JCJG", grade=Grade.INTERNAL, length=100),
        lambda: _child(disclosure=Grade.SHARED, publicity=Publicity("never"), retention=Retention(3)),
    ],
    ids=["as it is", "a field more", "a rule more", "required", "less open", "shorter"],
)
def test_a_lower_level_may_add_and_tighten(child: Callable[[], Item]) -> None:
    assert inheritance.violations(child(), _parent(), on=DAY) == []


@pytest.mark.parametrize(
    ("child", "path", "said"),
    [
        (lambda: _child(fields=_parent().fields[:-1]), "fields.JCJG", "删去了上级目录的数据项"),
        (lambda: _field("ZTMC", requirement=Requirement.OPTIONAL), "fields.ZTMC.requirement", "改成了选填"),
        (lambda: _field("ZTMC", length=300), "fields.ZTMC.length", "长度超过"),
        (lambda: _field("ZTMC", type=FieldType.INTEGER), "fields.ZTMC.type", "类型"),
        (lambda: _child(fields=(*_parent().fields, ADDED), bases=_parent().bases), "bases", "没有上级目录之外的法律"),
        (lambda: _child(rules=()), "rules.V06a", "删去了上级目录的规则"),
        (lambda: _rule(severity=Severity.WARNING), "rules.V06a.severity", "降为“warning”"),
        (lambda: _rule(expression="true"), "rules.V06a.check", "请另加一条规则"),
        (lambda: _child(retention=Retention(6)), "retention", "更长"),
        (lambda: _child(retention=Retention(None)), "retention", "更长"),
        (lambda: _child(publicity=Publicity("always", 3)), "publicity", "不得延长公示"),
        (lambda: _child(subject_classes=("enterprise", "other")), "subject_classes", "other"),
        (lambda: _child(level="national"), "level", "不低于"),
    ],
)
def test_a_lower_level_may_not_loosen(child: Callable[[], Item], path: str, said: str) -> None:
    (one,) = inheritance.violations(child(), _parent(), on=DAY)
    assert one.path == path
    assert said in one.zh
    assert one.en


@pytest.mark.parametrize(("ours", "is_wider"), [("penalty-kind", False), ("licence-kind", True), (None, True)])
def test_a_code_list_may_not_be_widened(ours: str | None, is_wider: bool) -> None:
    theirs = Field("LB", "类别", "Kind", FieldType.CODE, code_list="penalty-kind")
    parent = replace(_parent(), fields=(*_parent().fields, theirs))
    child = replace(_child(), fields=(*_child().fields, replace(theirs, code_list=ours)))
    assert [one.path for one in inheritance.violations(child, parent, on=DAY)] == (
        ["fields.LB.code_list"] if is_wider else []
    )


def test_grades_personal_marks_and_openness_of_the_parent_stay() -> None:
    closed = replace(_parent(), disclosure=Grade.SHARED, fields=tuple(
        replace(one, grade=Grade.INTERNAL, is_personal=True) if one.code == "JCJG" else one for one in _parent().fields
    ))  # fmt: skip
    assert {one.path for one in inheritance.violations(_child(), closed, on=DAY)} == {
        "disclosure", "fields.JCJG.grade", "fields.JCJG.is_personal",
    }  # fmt: skip


def test_three_ways_tell_theirs_ours_and_where_they_meet() -> None:
    newer = replace(
        _parent(), version=2, effective_from=date(2027, 1, 1), update_cycle="每日",
        fields=tuple(replace(one, length=100) if one.code == "JCJG" else one for one in _parent().fields),
    )  # fmt: skip
    ours = replace(_field("JCJG", length=200), fields=(*_field("JCJG", length=200).fields, ADDED))
    found = inheritance.three_way(_parent(), newer, ours, on=DAY)
    assert {one.path for one in found.theirs} == {"update_cycle", "fields.JCJG.length"}
    assert {one.path for one in found.ours} == {"fields.JCJG.length", "fields.DF_BZ", f"bases.{LOCAL.id}"}
    assert [(one.theirs.after, one.ours.after) for one in found.conflicts] == [(100, 200)]
    assert [one.path for one in found.violations] == ["fields.JCJG.length"]


@pytest.mark.django_db
def test_a_draft_that_loosens_its_parent_is_not_kept_and_a_newer_parent_is_found() -> None:
    with pytest.raises(CatalogueError, match="不存在或尚未发布"):
        publish.draft(_child(), by=OWNER)
    publish.draft(_parent(), by=OWNER)
    publish.publish("site-safety", 1, by=OWNER)
    with pytest.raises(CatalogueError, match="改成了选填"):
        publish.draft(_field("ZTMC", requirement=Requirement.OPTIONAL), by=OWNER)
    publish.draft(_child(), by=OWNER)
    child = publish.publish("site-safety-city", 1, by=OWNER)
    assert child == publish.version("site-safety-city", 1)
    assert publish.newer_parent(child) is None
    newer = replace(_parent(), version=2, effective_from=date(2027, 1, 1), update_cycle="每日")
    publish.draft(newer, by=OWNER)
    assert publish.newer_parent(child) is None
    publish.publish("site-safety", 2, by=OWNER)
    assert publish.newer_parent(child) == (_parent(), newer)
