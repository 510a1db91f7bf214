"""Code lists in dated editions: drafted, checked against the records, in force from their day, frozen once published."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from tests.intake import made
from xinyong.catalogue import codes, load
from xinyong.catalogue.schema import Code, CodeList
from xinyong.kernel import clock
from xinyong.security.access import Actor, NotAllowed, Role

pytestmark = pytest.mark.django_db
LIST = "penalty-kind"


def _edition(*, days: int = 30) -> CodeList:
    """The list with one code less, one more, one renamed."""
    now = load.code_lists()[LIST]
    kept = tuple(
        replace(one, name_zh="通报批评（公开）") if one.value == "通报批评" else one
        for one in now.codes
        if one.value != "限制从业"
    )
    more = Code("信用惩戒", "信用惩戒", "Credit sanction", ("惩戒",))
    day = clock.today() + timedelta(days)
    return replace(now, codes=(*kept, more), valid_from=day, source="示例修订文件〔2026〕1号", is_verified=False)


def _published(one: CodeList) -> CodeList:
    codes.draft(one, by=made.SYSTEM)
    codes.keep_effects(one, {}, by=made.SYSTEM)
    return codes.publish_edition(one.id, one.valid_from, by=made.SYSTEM)


def test_an_edition_rules_from_its_day_on_and_the_one_before_until_then() -> None:
    one = _published(_edition())
    assert codes.of(LIST, one.valid_from) == one
    assert codes.of(LIST, one.valid_from + timedelta(4000)) == one
    assert codes.of(LIST, one.valid_from - timedelta(1)) == load.code_lists()[LIST]
    assert codes.of(LIST, date(2020, 1, 1)).valid_to == date(2021, 7, 15)
    assert codes.newest(on=clock.today())[LIST] == load.code_lists()[LIST]


def test_the_difference_between_editions_is_told_in_words() -> None:
    before, after = load.code_lists()[LIST], _edition()
    said = {(one.kind, one.value): one.zh for one in codes.changes(before, after)}
    assert set(said) == {("removed", "限制从业"), ("added", "信用惩戒"), ("changed", "通报批评")}
    assert said["changed", "通报批评"] == "“通报批评”的名称由“通报批评”改为“通报批评（公开）”。"
    assert codes.changes(before, before) == []


def test_a_published_edition_is_frozen_also_for_who_writes_sql() -> None:
    one = _published(_edition())
    with pytest.raises(codes.EditionFrozen):
        codes.draft(replace(one, source="另一文件"), by=made.SYSTEM)
    with pytest.raises(codes.EditionFrozen):
        codes.discard(LIST, one.valid_from, by=made.SYSTEM)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE catalogue_codeedition SET body = '{}' WHERE list_id = %s", [LIST])


@pytest.mark.parametrize("days", [-1, -400])
def test_no_edition_begins_in_the_past(days: int) -> None:
    with pytest.raises(codes.EditionPast):
        codes.draft(_edition(days=days), by=made.SYSTEM)


def test_an_edition_begins_after_every_other_of_its_list() -> None:
    one = _published(_edition(days=30))
    for days in (10, 30):
        with pytest.raises(codes.EditionFrozen):
            codes.draft(_edition(days=days), by=made.SYSTEM)
    assert _published(replace(one, valid_from=one.valid_from + timedelta(1))).source == one.source


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(load.UnknownCodeList):
        codes.draft(replace(_edition(), id="no-such-list"), by=made.SYSTEM)


def test_a_draft_rules_nothing_and_another_text_forgets_what_the_former_would_do() -> None:
    one = _edition()
    codes.draft(one, by=made.SYSTEM)
    assert codes.of(LIST, one.valid_from) == load.code_lists()[LIST]
    codes.keep_effects(one, {}, by=made.SYSTEM)
    assert codes.waiting() == []
    again = replace(one, source="另一份文件")
    codes.draft(again, by=made.SYSTEM)
    codes.keep_effects(one, {}, by=made.SYSTEM)  # an answer about the former text comes late
    assert codes.waiting() == [(LIST, one.valid_from)]
    codes.discard(LIST, one.valid_from, by=made.SYSTEM)
    assert codes.waiting() == []


def test_only_the_credit_centre_drafts_and_publishes() -> None:
    unit = Actor(role=Role.SOURCE_UNIT, name="unit")
    for verb in (lambda: codes.draft(_edition(), by=unit), lambda: codes.publish_edition(LIST, clock.today(), by=unit)):
        with pytest.raises(NotAllowed):
            verb()
