"""Declared totals, zero reports, spot checks, duties: versions, contradictions, who may."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import conftest as shared
from tests.intake import made
from xinyong.intake import declared, duties
from xinyong.kernel import clock, periods
from xinyong.security import scope, separation
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
module_db, on_the_day = shared.module_db, shared.on_the_day

ITEM = "admin-penalty-org"
JUNE = periods.month("2026-06")


@pytest.fixture
def unit(module_db: None) -> SourceUnit:
    return made.department()


def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


def say(unit: SourceUnit, number: int, **more: Any) -> declared.Word:
    words = {"by": clerk(unit), "at": clock.now()} | more
    return declared.declare(item_id=ITEM, source_code=unit.code, period=JUNE, number=number, **words)


def line(unit: SourceUnit) -> declared.Line:
    return next(one for one in declared.lines(JUNE, seen_by=clerk(unit), as_of=clock.now()) if one.item_id == ITEM)


def test_a_later_word_takes_the_place_of_an_earlier_one_and_both_stay(unit: SourceUnit) -> None:
    say(unit, 12, note="初报")
    say(unit, 15, after=1)
    assert (line(unit).total.number, line(unit).version) == (15, 2)
    declared.take_back(item_id=ITEM, source_code=unit.code, period=JUNE, by=clerk(unit), at=clock.now())
    assert line(unit).total.number is None
    words = declared.history(item_id=ITEM, source_code=unit.code, period=JUNE, seen_by=clerk(unit))
    assert [(one.version, one.number, one.note) for one in words] == [(3, None, ""), (2, 15, ""), (1, 12, "初报")]
    with pytest.raises(declared.NothingToTakeBack):
        declared.take_back(item_id=ITEM, source_code=unit.code, period=JUNE, by=clerk(unit), at=clock.now())


def test_who_has_not_seen_the_newest_version_overwrites_nothing(unit: SourceUnit) -> None:
    say(unit, 3, after=0)
    with pytest.raises(declared.SaidMeanwhile):
        say(unit, 4, after=0)
    assert line(unit).total.number == 3


def test_a_zero_report_that_rows_follow_contradicts_itself(unit: SourceUnit, hand_in: Callable[..., Any]) -> None:
    who = made.organisation()
    made.register(who)
    assert declared.report_zero(
        item_id=ITEM, source_code=unit.code, period=JUNE, by=clerk(unit), at=clock.now()
    ).is_zero_report
    assert not line(unit).is_contradicted
    hand_in([made.penalty_row(who, unit)], ITEM, unit)
    assert (line(unit).arrived, line(unit).is_contradicted) == (1, True)
    say(unit, 1)
    assert not line(unit).is_contradicted


hand_in, file = shared.hand_in, shared.file


@pytest.mark.parametrize("number", [-1, declared.MOST + 1])
def test_a_number_that_counts_nothing_is_refused(unit: SourceUnit, number: int) -> None:
    with pytest.raises(declared.BadNumber):
        say(unit, number)


def test_a_month_that_has_not_begun_is_not_declared(unit: SourceUnit) -> None:
    with pytest.raises(declared.NotThatMonth):
        declared.declare(
            item_id=ITEM,
            source_code=unit.code,
            period=periods.month("2026-07"),
            number=1,
            by=clerk(unit),
            at=clock.now(),
        )


def test_a_unit_declares_for_itself_and_sees_itself(unit: SourceUnit) -> None:
    other = made.department()
    say(other, 7)
    with pytest.raises(NotAllowed):
        say(other, 8, by=clerk(unit))
    with pytest.raises(NotAllowed):
        declared.history(item_id=ITEM, source_code=other.code, period=JUNE, seen_by=clerk(unit))
    assert declared.lines(JUNE, seen_by=clerk(unit), as_of=clock.now(), source_code=other.code) == []
    with scope.acting(clerk(unit)):
        assert [one for one in declared.words(JUNE, as_of=clock.now()) if one.source_id != unit.id] == []
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO intake_declaration (source_id, item_id, period, kind, version, number, note, made_at, made_by)"
                " VALUES (%s, %s, '2026-06-01', 'total', 9, 1, '', now(), 'x')",
                [other.id, ITEM],
            )
    with pytest.raises(NotAllowed):
        say(unit, 1, by=made.AUDITOR)


def test_a_spot_check_is_the_credit_centres(unit: SourceUnit) -> None:
    where: dict[str, Any] = {"item_id": ITEM, "source_code": unit.code, "period": JUNE, "at": clock.now()}
    with pytest.raises(NotAllowed):
        declared.spot_check(checked=10, found=9, by=clerk(unit), **where)
    with pytest.raises(declared.BadNumber):
        declared.spot_check(checked=10, found=11, by=made.OPERATOR, **where)
    declared.spot_check(checked=10, found=9, by=made.OPERATOR, **where)
    seen = line(unit).spot_check
    assert seen is not None
    assert (seen.number, seen.found, line(unit).total) == (10, 9, None)


def test_what_was_declared_is_never_changed(unit: SourceUnit) -> None:
    say(unit, 1)
    for statement in ("UPDATE intake_declaration SET number = 2", "DELETE FROM intake_duty"):
        with separation.as_owner(), pytest.raises(DatabaseError, match="only added"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_every_word_leaves_one_entry(unit: SourceUnit) -> None:
    before = AuditEntry.objects.count()
    say(unit, 5)
    declared.take_back(item_id=ITEM, source_code=unit.code, period=JUNE, by=clerk(unit), at=clock.now())
    line(unit)
    events = list(AuditEntry.objects.order_by("id").values_list("event", flat=True))[before:]
    assert events == ["total-declared", "total-taken-back", "declarations-viewed"]


def test_a_duty_is_said_anew_and_never_twice_on_a_day(unit: SourceUnit) -> None:
    where: dict[str, Any] = {"item_id": ITEM, "source_code": unit.code, "by": made.OPERATOR, "at": clock.now()}
    start = date(2026, 1, 1)
    duties.assign(starts_on=start, **where)
    duties.assign(starts_on=start, **where)
    with pytest.raises(duties.Overlapping):
        duties.assign(starts_on=date(2026, 5, 1), **where)
    with pytest.raises(duties.EndsBeforeItBegins):
        duties.assign(starts_on=start, ends_on=start - timedelta(days=1), **where)
    duties.assign(starts_on=start, ends_on=date(2026, 5, 1), **where)
    duties.assign(starts_on=date(2026, 5, 1), **where)
    mine = duties.listing(seen_by=made.OPERATOR, source_code=unit.code)
    assert [(one.starts_on, one.ends_on) for one in mine] == [(start, date(2026, 5, 1)), (date(2026, 5, 1), None)]
    assert [one.days for one in duties.owed(JUNE, as_of=clock.now(), seen_by=clerk(unit))] == [30]
    duties.assign(starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 1), **where)
    assert duties.owed(JUNE, as_of=clock.now(), seen_by=clerk(unit)) == []
    with pytest.raises(NotAllowed):
        duties.assign(starts_on=start, **where | {"by": clerk(unit)})


def test_the_months_of_addresses() -> None:
    assert periods.month("2026-12") == periods.Period(date(2026, 12, 1), date(2027, 1, 1))
    for wrong in ("2026-13", "2026-1", "26-01", "", "2026-01-01", "二〇二六年一"):
        with pytest.raises(ValueError):
            periods.month(wrong)
