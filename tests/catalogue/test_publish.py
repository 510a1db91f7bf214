"""Versions: what rules a record on a date, and that what was published stays as it was."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.catalogue import samples
from xinyong.catalogue import body, load, publish
from xinyong.catalogue.schema import Item
from xinyong.security import audit
from xinyong.security.access import Actor, NotAllowed, Role, system

pytestmark = pytest.mark.django_db
OPERATOR = system("test")


def _sample(**changes: Any) -> Item:
    return replace(load.load_item(samples.ITEM), **changes)


def _published(**changes: Any) -> Item:
    item = _sample(**changes)
    publish.draft(item, by=OPERATOR)
    return publish.publish(item.id, item.version, by=OPERATOR)


def test_the_library_installs_once_and_a_second_time_changes_nothing() -> None:
    first = publish.install_library(by=OPERATOR)
    second = publish.install_library(by=OPERATOR)
    assert len(first.published) + len(first.unchanged) == len(load.library())
    assert second.published == ()
    assert len(second.unchanged) == len(load.library())


def test_a_published_item_equals_its_library_file() -> None:
    publish.install_library(by=OPERATOR)
    for item in load.library().values():
        assert publish.current(item.id) == item
        assert body.digest(publish.version(item.id, 1)) == body.digest(item)
    assert {item.id for item in publish.items()} >= set(load.library())


def test_all_items_in_force_cost_one_query_however_many_there_are(django_assert_num_queries: Any) -> None:
    publish.install_library(by=OPERATOR)
    known = publish.items()
    with django_assert_num_queries(1):
        assert publish.items() == known
    with django_assert_num_queries(1):
        publish.current("honour")


def test_the_list_of_items_has_of_each_the_version_that_rules_on_the_day() -> None:
    publish.install_library(by=OPERATOR)
    _published()
    _published(version=2, effective_from=date(2027, 1, 1))
    publish.retire("site-safety", 2, by=OPERATOR)
    for day in (date(2020, 1, 1), date(2026, 12, 31), date(2027, 1, 1), date(2040, 1, 1)):
        listed = {item.id: item.version for item in publish.items(on=day)}
        assert listed == {name: version for name in listed | {"site-safety": 0} if (version := _ruling(name, day))}


def _ruling(item_id: str, day: date) -> int | None:
    try:
        return publish.current(item_id, on=day).version
    except publish.UnknownItem:
        return None


def test_a_draft_does_not_rule_until_it_is_published() -> None:
    publish.draft(_sample(), by=OPERATOR)
    with pytest.raises(publish.UnknownItem):
        publish.current("site-safety", on=date(2026, 6, 1))
    publish.publish("site-safety", 1, by=OPERATOR)
    assert publish.current("site-safety", on=date(2026, 6, 1)).version == 1


def test_a_draft_can_be_replaced_but_a_published_version_cannot() -> None:
    publish.draft(_sample(), by=OPERATOR)
    publish.draft(_sample(source="另一个机关"), by=OPERATOR)
    assert publish.publish("site-safety", 1, by=OPERATOR).source == "另一个机关"
    with pytest.raises(publish.Frozen):
        publish.draft(_sample(), by=OPERATOR)
    with pytest.raises(publish.OutOfOrder):
        publish.publish("site-safety", 1, by=OPERATOR)


@pytest.mark.parametrize("statement", [
    "UPDATE catalogue_itemversion SET body = '{}' WHERE item_id = 'site-safety'",
    "UPDATE catalogue_itemversion SET effective_from = '2020-01-01' WHERE item_id = 'site-safety'",
    "DELETE FROM catalogue_itemversion WHERE item_id = 'site-safety'",
])  # fmt: skip
def test_the_database_itself_refuses_to_change_a_published_version(statement: str) -> None:
    _published()
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_date_is_ruled_by_the_newest_version_effective_on_it() -> None:
    _published()
    _published(version=2, effective_from=date(2026, 9, 1), update_cycle="每日")
    assert publish.current("site-safety", on=date(2026, 8, 31)).version == 1
    assert publish.current("site-safety", on=date(2026, 9, 1)).version == 2
    with pytest.raises(publish.UnknownItem):
        publish.current("site-safety", on=date(2025, 12, 31))


@pytest.mark.parametrize("changes", [
    {"version": 2, "effective_from": date(2026, 1, 1)},
    {"version": 2, "effective_from": date(2025, 6, 1)},
])  # fmt: skip
def test_a_version_must_follow_the_one_before_in_number_and_date(changes: dict[str, Any]) -> None:
    _published()
    with pytest.raises(publish.OutOfOrder):
        _published(**changes)


def test_a_retired_version_rules_no_longer_but_can_still_be_read() -> None:
    _published()
    publish.retire("site-safety", 1, by=OPERATOR)
    with pytest.raises(publish.UnknownItem):
        publish.current("site-safety")
    assert publish.current("site-safety", on=date(2026, 1, 2)).version == 1
    assert publish.version("site-safety", 1).version == 1
    with pytest.raises(publish.OutOfOrder):
        publish.retire("site-safety", 1, by=OPERATOR)


def test_what_does_not_exist_is_said_so() -> None:
    with pytest.raises(publish.UnknownItem, match="no-such-item"):
        publish.current("no-such-item")
    with pytest.raises(publish.UnknownItem):
        publish.publish("no-such-item", 1, by=OPERATOR)


def test_only_the_operator_publishes_and_every_step_stands_in_the_log() -> None:
    unit = Actor(role=Role.SOURCE_UNIT, name="unit", department="11990100MA0000007B")
    with pytest.raises(NotAllowed):
        publish.draft(_sample(), by=unit)
    _published()
    publish.retire("site-safety", 1, by=OPERATOR)
    entries = audit.entries(seen_by=Actor(role=Role.AUDITOR, name="auditor"), limit=3)
    assert [entry.event for entry in entries] == ["catalogue-retired", "catalogue-published", "catalogue-drafted"]
    assert {entry.object_ref for entry in entries} == {"site-safety@1"}
