"""What a draft of the catalogue would do to the records on file: counted in columns, compared with what holds today."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.intake import made
from xinyong.catalogue import publish, recheck
from xinyong.catalogue.schema import Field, FieldType, Grade, Item, Requirement, Rule, Severity
from xinyong.intake import impact, jobs
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry

ITEM, PERSONS = "admin-penalty-org", "admin-penalty-person"


@pytest.fixture(autouse=True)
def _today(lasting_db: None) -> Iterator[None]:
    with time_machine.travel(made.NOW, tick=True):
        yield
        for one in publish.versions():
            if one.status == "draft":
                publish.discard(one.item_id, one.version, by=made.SYSTEM)


@pytest.fixture
def units(tmp_path: Path) -> tuple[SourceUnit, SourceUnit]:
    """Two departments: one handed in three penalties, of which one was doubled; the other one."""
    first, second, who = made.department(), made.department(), made.organisation()
    made.register(who)
    rows = [made.penalty_row(who, first, CF_NR_FK=amount) for amount in ("0.2", "3", "50")]
    made.hand_in(made.csv_file(tmp_path / "a.csv", rows), ITEM, first)
    made.hand_in(made.csv_file(tmp_path / "b.csv", [made.penalty_row(who, second, BZ="已,缴清\n“款项”")]), ITEM, second)
    return first, second


def _draft(item_id: str = ITEM, **changes: Any) -> Item:
    item = publish.current(item_id)
    return replace(item, version=item.version + 1, effective_from=date(2026, 7, 1), **changes)


def _with_field(item: Item, code: str, **changes: Any) -> Item:
    fields = tuple(replace(one, **changes) if one.code == code else one for one in item.fields)
    return replace(item, fields=fields)


def _rule(item: Item, check: str, severity: Severity = Severity.DOUBTFUL, column: str = "CF_NR_FK") -> Item:
    added = Rule("V99x", check, severity, "罚款过高，请核对。", "Fine too high.", item.bases[0].id, (column,))
    return replace(item, rules=(*item.rules, added))


def test_a_draft_that_only_adds_words_touches_no_record(units: object) -> None:
    found = impact.effect(_draft(update_cycle="每日"), by=made.SYSTEM)
    assert (found.records, found.doubtful, found.wrong, found.rules, found.examples) == (4, 0, 0, (), ())
    assert (found.compared_with, found.on) == (1, "2026-07-01")


def test_a_new_rule_is_counted_by_department_with_examples(units: tuple[SourceUnit, SourceUnit]) -> None:
    found = impact.effect(_rule(_draft(), "CF_NR_FK < 2"), by=made.SYSTEM)
    assert (found.records, found.doubtful, found.wrong) == (4, 2, 0)
    assert [(one.name, one.records, one.doubtful, one.wrong) for one in found.departments] == [
        (units[0].short_name or units[0].name, 3, 2, 0), (units[1].short_name or units[1].name, 1, 0, 0),
    ]  # fmt: skip
    (rule,) = found.rules
    assert (rule.rule, rule.field, rule.severity, rule.message, rule.records) == (
        "V99x", "CF_NR_FK", "doubtful", "罚款过高，请核对。", 2,
    )  # fmt: skip
    assert sorted(one.row_no for one in found.examples) == [3, 4]


def test_an_optional_field_made_required_makes_records_wrong_once_each(units: object) -> None:
    draft = _with_field(_rule(_draft(), "CF_NR_FK < 2"), "BZ", requirement=Requirement.REQUIRED)
    found = impact.effect(draft, by=made.SYSTEM)
    assert (found.doubtful, found.wrong) == (0, 3)  # the fourth has a remark; what is wrong is not doubtful as well
    assert {one.rule: one.records for one in found.rules}["V99x"] == 2


def test_what_the_version_in_force_finds_too_is_not_new(units: object, tmp_path: Path) -> None:
    """A record that came in when the rules were others is no news of this draft's."""
    ruling = impact.effect(_draft(rules=()), by=made.SYSTEM)
    assert (ruling.doubtful, ruling.wrong) == (0, 0)
    draft = _with_field(_draft(), "CF_XDR_MC", length=3)
    assert impact.effect(draft, by=made.SYSTEM).wrong == 4


def test_a_removed_field_says_how_many_records_have_it(units: object) -> None:
    item = _draft()
    rules = tuple(one for one in item.rules if "CF_YJ" not in one.expression)
    draft = replace(item, fields=tuple(one for one in item.fields if one.code != "CF_YJ"), rules=rules)
    found = impact.effect(draft, by=made.SYSTEM)
    assert [(one.field, one.records) for one in found.removed] == [("CF_YJ", 4)]


def test_only_the_newest_version_of_a_record_is_checked(units: tuple[SourceUnit, SourceUnit], tmp_path: Path) -> None:
    who = made.organisation()
    made.register(who)
    row = made.penalty_row(who, units[0], CF_NR_FK="9")
    made.hand_in(made.csv_file(tmp_path / "c.csv", [row]), ITEM, units[0])
    assert impact.effect(_rule(_draft(), "CF_NR_FK < 9"), by=made.SYSTEM).doubtful == 2
    made.hand_in(made.csv_file(tmp_path / "d.csv", [row | {"CF_NR_FK": "1"}]), ITEM, units[0])
    found = impact.effect(_rule(_draft(), "CF_NR_FK < 9"), by=made.SYSTEM)
    assert (found.records, found.doubtful) == (5, 1)


def test_sealed_records_of_persons_are_checked_and_no_example_repeats_them(
    units: tuple[SourceUnit, SourceUnit], tmp_path: Path
) -> None:
    who = made.person()
    made.hand_in(made.csv_file(tmp_path / "p.csv", [made.person_row(who, units[0], CF_NR_FK="7")]), PERSONS, units[0])
    found = impact.effect(_rule(_draft(PERSONS), "CF_NR_FK < 7"), by=made.SYSTEM)
    assert (found.records, found.doubtful) == (1, 1)
    assert who.name not in str(found)
    assert who.number not in str(found)
    assert impact.effect(_draft(PERSONS), by=made.SYSTEM).wrong == 0


def test_a_new_required_field_finds_every_record(units: object) -> None:
    item = _draft()
    added = Field(
        "XZ_JB", "级别", "Level", FieldType.TEXT, requirement=Requirement.REQUIRED, grade=Grade.PUBLIC, length=8
    )
    found = impact.effect(replace(item, fields=(*item.fields, added)), by=made.SYSTEM)
    assert (found.wrong, found.doubtful) == (4, 0)


def test_an_item_without_records_has_no_effect() -> None:
    found = impact.effect(_draft("honour"), by=made.SYSTEM)
    assert (found.records, found.departments) == (0, ())


def test_the_worker_keeps_the_answer_and_another_text_makes_it_stale(units: object) -> None:
    draft = _rule(_draft(), "CF_NR_FK < 2")
    publish.draft(draft, by=made.SYSTEM)
    assert recheck.of(ITEM, 2, seen_by=made.SYSTEM) is None
    asked = jobs.recheck_later(ITEM, 2, by=made.OPERATOR)
    assert (asked.state, asked.total, asked.effect) == ("waiting", 4, None)
    assert recheck.unfinished() == [(ITEM, 2)]
    impact.run(ITEM, 2, by=made.SYSTEM)
    kept = recheck.of(ITEM, 2, seen_by=made.OPERATOR)
    assert kept is not None
    assert kept.effect is not None
    assert (kept.state, kept.done, kept.total, kept.effect.doubtful, kept.is_stale) == ("done", 4, 4, 2, False)
    assert kept.effect == replace(impact.effect(draft, by=made.SYSTEM), seconds=kept.effect.seconds)
    last = AuditEntry.objects.order_by("-id")[0]
    assert (last.event, last.object_ref, last.facts["doubtful"]) == ("catalogue-rechecked", f"{ITEM}@2", 2)

    publish.draft(replace(draft, update_cycle="每日"), by=made.SYSTEM)
    stale = recheck.of(ITEM, 2, seen_by=made.OPERATOR)
    assert stale is not None
    assert stale.is_stale


def test_a_version_is_not_asked_to_be_published_before_its_effect_is_known(units: object) -> None:
    publish.draft(_draft(update_cycle="每日"), by=made.SYSTEM)
    with pytest.raises(publish.NotRechecked):
        publish.ask_to_publish(ITEM, 2, reason="年度修订", by=made.OPERATOR)
    jobs.recheck_later(ITEM, 2, by=made.OPERATOR)
    with pytest.raises(publish.NotRechecked):
        publish.ask_to_publish(ITEM, 2, reason="年度修订", by=made.OPERATOR)


def test_a_draft_thrown_away_takes_its_answer_along(units: object) -> None:
    publish.draft(_draft(update_cycle="每日"), by=made.SYSTEM)
    jobs.recheck_later(ITEM, 2, by=made.OPERATOR)
    publish.discard(ITEM, 2, by=made.OPERATOR)
    impact.run(ITEM, 2, by=made.SYSTEM)
    assert recheck.of(ITEM, 2, seen_by=made.SYSTEM) is None
    with pytest.raises(publish.Frozen):
        publish.discard(ITEM, 1, by=made.OPERATOR)
