"""The difference between two versions says every change, in words, and nothing else."""

import pytest

from tests.catalogue import samples
from xinyong.catalogue import load
from xinyong.catalogue.difference import difference


def test_equal_versions_have_no_difference() -> None:
    for item in load.library().values():
        assert difference(item, item) == []


@pytest.mark.parametrize(("path", "value", "expected", "kind", "sentence"), [
    (("retention", "years"), 3, "retention.years", "changed", "保存期限（years）由“5”改为“3”。"),
    (("is_verified",), True, "is_verified", "changed", "是否已核对原文由“否”改为“是”。"),
    (("fields", 4, "length"), 800, "fields.JCJG.length", "changed", "数据项“JCJG 检查结果”的长度由“500”改为“800”。"),
    (("fields", 4, "requirement"), "required", "fields.JCJG.requirement", "changed", "改为“required”"),
    (("fields", 4, "code"), "JCQK", "fields.JCQK", "added", "增加数据项“JCQK 检查结果”。"),
    (("rules", 0, "check"), "JCRQ < today", "rules.V06a.check", "changed", "规则“V06a”的条件由“JCRQ <= today”改为“JCRQ < today”。"),
    (("rules", 0, "id"), "V06b", "rules.V06a", "removed", "删除规则“V06a”。"),
    (("natural_key",), ["JCBH", "$subject", "JCRQ"], "natural_key", "changed", "自然主键由“JCBH、$subject”改为"),
])  # fmt: skip
def test_a_change_is_told_with_path_values_and_sentence(
    path: tuple[str | int, ...], value: object, expected: str, kind: str, sentence: str
) -> None:
    data = samples.data()
    target = data
    for step in path[:-1]:
        target = target[step]  # type: ignore[index]
    target[path[-1]] = value  # type: ignore[index]
    changes = difference(load.load_item(samples.ITEM), load.load_item(samples.text(data)))
    found = {change.path: change for change in changes}
    assert found[expected].kind == kind
    assert sentence in found[expected].sentence_zh
    assert len(changes) == (2 if kind in ("added", "removed") else 1)


def test_a_new_order_of_fields_is_a_change_of_its_own() -> None:
    data = samples.data()
    data["fields"].append(data["fields"].pop(0))
    changes = difference(load.load_item(samples.ITEM), load.load_item(samples.text(data)))
    assert [(change.path, change.kind) for change in changes] == [("fields", "moved")]
