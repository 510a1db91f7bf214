"""The catalogue as one file: what is written reads back equal; what comes in becomes drafts, never more."""

from dataclasses import replace
from datetime import date

import pytest

from tests.catalogue import samples
from xinyong.catalogue import load, publish, whole
from xinyong.catalogue.problems import CatalogueError
from xinyong.catalogue.whole import Step
from xinyong.security.access import system

OWNER = system("test")


def test_the_library_reads_back_equal_from_one_file() -> None:
    items = list(load.library().values())
    assert whole.read(whole.dump(items), file="all.yaml") == items


def test_a_file_of_one_item_is_taken_too() -> None:
    assert whole.read(samples.ITEM, file="one.yaml") == [load.load_item(samples.ITEM)]


def test_problems_of_every_item_are_told_with_their_lines() -> None:
    text = whole.dump([*load.library().values()][:3]).replace("type: uscc", "type: usc", 1)
    text = text.replace("category: 1\n", "category: 77\n")
    with pytest.raises(CatalogueError) as raised:
        whole.read(text, file="all.yaml")
    lines = text.splitlines()
    assert len(raised.value.problems) >= 2
    for one in raised.value.problems:
        assert one.line is not None
        assert any(word in lines[one.line - 1] for word in ("usc", "77"))
    with pytest.raises(CatalogueError, match="format"):
        whole.read("format: other\nitems: []\n", file="all.yaml")


@pytest.mark.django_db
def test_the_plan_says_of_each_item_what_would_become_of_it() -> None:
    sample = load.load_item(samples.ITEM)
    following = replace(sample, version=2, effective_from=date(2027, 1, 1), update_cycle="每日")
    assert [one.step for one in whole.plan([sample])] == [Step.NEW_ITEM]
    publish.draft(sample, by=OWNER)
    assert [one.step for one in whole.plan([replace(sample, source="别处")])] == [Step.NEW_DRAFT_TEXT]
    publish.publish("site-safety", 1, by=OWNER)
    assert [one.step for one in whole.plan([sample, replace(sample, source="别处")])] == [Step.SAME, Step.TAKEN]
    (planned,) = whole.plan([following])
    assert (planned.step, planned.compared_with) == (Step.NEW_VERSION, 1)
    assert {one.path for one in planned.changes} == {"version", "effective_from", "update_cycle"}
    publish.draft(following, by=OWNER)
    publish.publish("site-safety", 2, by=OWNER)
    publish.retire("site-safety", 1, by=OWNER)
    assert [one.step for one in whole.plan([replace(sample, source="别处")])] == [Step.TAKEN]


@pytest.mark.django_db
def test_what_is_brought_in_is_a_draft_and_what_is_here_stays() -> None:
    sample = load.load_item(samples.ITEM)
    items = [*load.library().values(), sample]
    planned = whole.bring_in(whole.read(whole.dump(items), file="all.yaml"), by=OWNER)
    assert [one.item.id for one in planned if one.is_brought_in] == ["site-safety"]
    assert [one.status for one in publish.versions("site-safety")] == ["draft"]
    assert whole.bring_in([sample], by=OWNER)[0].step is Step.SAME
