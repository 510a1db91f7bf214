"""Which unit may report which item: asked wherever a file enters or is tried; said anew, never changed; a unit sees its own."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError

from tests.intake import made
from tests.intake.test_feed import Authority
from xinyong.intake import (
    by_interface,
    correcting,
    duties,
    entry,
    jobs,
    revert,
    submit,
    supply,
    supply_view,
    uploads,
    views,
)
from xinyong.intake.models import Submission, SupplyGrant, SupplyMode
from xinyong.intake.supply import Mode, NotGranted
from xinyong.kernel import clock
from xinyong.security import identity, scope, separation
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

ITEM, OTHER_ITEM = "admin-penalty-org", "admin-licence-org"
WHY = "三定方案载明的职责"


@pytest.fixture
def unit(module_db: None) -> SourceUnit:
    return made.department()


@pytest.fixture
def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=91, department=unit.code)


@pytest.fixture
def closed() -> Iterator[None]:
    """The item is granted for the time of the test."""
    say(Mode.GRANTED)
    yield
    say(Mode.OPEN)


def say(mode: Mode, item: str = ITEM, **more: Any) -> None:
    words = {"basis": WHY, "by": made.OPERATOR, "at": clock.now()} | more
    supply.set_mode(item_id=item, mode=mode, **words)


def grant(unit: SourceUnit, **more: Any) -> None:
    words = {"item_id": ITEM, "starts_on": date(2026, 6, 1), "basis": WHY, "by": made.OPERATOR, "at": clock.now()}
    supply.grant(source_code=unit.code, **words | more)


def row(unit: SourceUnit, **changes: str) -> made.Row:
    return made.penalty_row(made.organisation(), unit, **changes)


def receive(unit: SourceUnit, path: Path, **more: Any) -> views.SubmissionView:
    words = {"by": made.SYSTEM, "received_at": clock.now(), "file_name": path.name, "item_id": ITEM}
    return submit.receive(path, source_code=unit.code, **words | more)


Write = Callable[..., Path]


def test_of_an_item_nobody_spoke_of_every_unit_may_report(unit: SourceUnit, file: Write) -> None:
    assert supply.may(unit.id, ITEM, on=made.TODAY)
    assert receive(unit, file([row(unit)])).status == "received"


def test_a_granted_item_is_refused_to_whom_it_is_not_granted_until_it_is_open_again(
    unit: SourceUnit, file: Write
) -> None:
    say(Mode.GRANTED)
    path, before = file([row(unit)]), Submission.objects.count()
    with pytest.raises(NotGranted) as refused:
        receive(unit, path)
    assert (refused.value.code, refused.value.status) == ("intake.not-granted", 403)
    for part in (unit.name, "行政处罚", "信用中心", "/office/supply/"):
        assert part in refused.value.zh
    assert unit.name in refused.value.en
    assert "/office/supply/" in refused.value.en
    assert Submission.objects.count() == before
    say(Mode.OPEN)
    assert receive(unit, path).status == "received"


@pytest.mark.usefixtures("closed")
def test_a_grant_holds_from_its_first_day_to_the_day_before_its_end(unit: SourceUnit) -> None:
    grant(unit, ends_on=date(2026, 6, 20))
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 19), date(2026, 6, 20)]
    assert [supply.may(unit.id, ITEM, on=one) for one in days] == [False, True, True, False]
    grant(unit, ends_on=made.TODAY)
    assert not supply.may(unit.id, ITEM, on=made.TODAY), "ended today"
    grant(unit)
    assert supply.may(unit.id, ITEM, on=made.TODAY), "put right"
    grant(unit, ends_on=date(2026, 6, 1))
    assert not any(supply.may(unit.id, ITEM, on=one) for one in days), "it never was granted"
    assert not supply.may(made.department().id, ITEM, on=made.TODAY)


@pytest.mark.usefixtures("closed")
def test_whoever_owes_an_item_may_report_it(unit: SourceUnit, clerk: Actor, file: Write) -> None:
    where = {"item_id": ITEM, "source_code": unit.code, "by": made.OPERATOR, "at": clock.now()}
    duties.assign(starts_on=date(2026, 6, 1), ends_on=date(2026, 7, 1), **where)
    assert [supply.may(unit.id, ITEM, on=one) for one in (made.TODAY, date(2026, 7, 1))] == [True, False]
    program = Actor(role=Role.CLIENT, name="a-program", department=unit.code)
    for who in (clerk, program):
        with scope.acting(who):
            assert supply.may(unit.id, ITEM, on=made.TODAY), "whatever the database shows to the one who asks"
            assert receive(unit, file([row(unit)]), by=who).status == "received"
    duties.assign(starts_on=date(2026, 6, 1), ends_on=date(2026, 6, 1), **where)
    with pytest.raises(NotGranted):
        receive(unit, file([row(unit)]))


@pytest.mark.usefixtures("closed")
def test_a_trial_is_refused_as_the_file_would_be(unit: SourceUnit, clerk: Actor, file: Write) -> None:
    path = file([row(unit)])
    words: dict[str, Any] = {"item_id": ITEM, "file_name": path.name, "by": clerk, "received_at": clock.now()}
    with pytest.raises(NotGranted):
        submit.check(path, source_code=unit.code, **words)
    with pytest.raises(NotGranted):
        by_interface.attempt(path, source_code=unit.code, mapping={}, **words)
    grant(unit)
    assert submit.check(path, source_code=unit.code, **words).counts.accepted == 1


@pytest.mark.usefixtures("closed")
def test_a_file_that_was_taken_before_the_switch_is_worked_on_and_can_be_taken_back(
    unit: SourceUnit, file: Write
) -> None:
    say(Mode.OPEN)
    received = receive(unit, file([row(unit)]))
    say(Mode.GRANTED)
    assert submit.run(received.id, by=made.SYSTEM).status == "deposited"
    revert.begin(received.id, reason="报错了所属月份", by=made.OPERATOR)
    assert revert.finish(received.id, by=made.OPERATOR).status == "reverted"


@pytest.mark.usefixtures("closed")
def test_an_upload_is_refused_before_its_first_part_and_again_when_it_is_finished(
    unit: SourceUnit, clerk: Actor, file: Write
) -> None:
    content = file([row(unit)]).read_bytes()
    words: dict[str, Any] = {"item_id": ITEM, "source_code": unit.code, "file_name": "处罚.csv", "size": len(content)}
    words |= {"mark": hashlib.sha256(content).hexdigest(), "by": clerk, "at": made.NOW}
    with pytest.raises(NotGranted):
        uploads.begin(**words)
    say(Mode.OPEN)
    begun, part = uploads.begin(**words), hashlib.sha256(content).hexdigest()
    uploads.put(begun.id, offset=0, digest=part, content=content, by=clerk, at=made.NOW)
    say(Mode.GRANTED)
    with pytest.raises(NotGranted):
        jobs.finish_upload(begun.id, digest=uploads.together([part]), by=clerk, at=made.NOW)
    assert [one.id for one in uploads.unfinished(by=clerk)] == [begun.id], "what has arrived is kept"
    grant(unit)
    assert jobs.finish_upload(begun.id, digest=uploads.together([part]), by=clerk, at=made.NOW)[1]


@pytest.mark.usefixtures("closed")
def test_no_row_is_begun_by_hand_but_one_that_waits_is_put_right(unit: SourceUnit, clerk: Actor, file: Write) -> None:
    say(Mode.OPEN)
    who = made.organisation()
    made.register(who)
    first = made.hand_in(file([made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")]), ITEM, unit)
    say(Mode.GRANTED)
    one = entry.item_of(ITEM, by=clerk)
    for refused in (
        lambda: entry.keep(ITEM, row(unit), by=clerk, at=made.NOW),
        lambda: entry.look(ITEM, [row(unit)], by=clerk, at=made.NOW),
        lambda: entry.must_be_open(one, by=clerk, on=made.TODAY),
    ):
        with pytest.raises(NotGranted):
            refused()
    _, row_id = correcting.begin(first.id, 2, by=clerk, at=made.NOW)
    entry.must_be_open(one, by=clerk, on=made.TODAY)
    values = entry.row(ITEM, row_id, by=clerk).values | {"CF_JDRQ": "2026-06-05"}
    entry.keep(ITEM, values, row_id=row_id, by=clerk, at=made.NOW)
    assert entry.look(ITEM, [values], by=clerk, at=made.NOW).findings == ()
    assert entry.check(ITEM, by=clerk, at=made.NOW).counts.accepted == 1
    entered, _ = jobs.hand_in_rows(ITEM, by=clerk, at=made.NOW)
    assert submit.run(entered.id, by=made.SYSTEM).counts.accepted == 1
    assert views.submission(first.id, seen_by=clerk).open_rows == 0


@pytest.mark.usefixtures("closed")
def test_a_new_row_among_corrections_is_not_handed_in_with_them(unit: SourceUnit, clerk: Actor, file: Write) -> None:
    say(Mode.OPEN)
    first = made.hand_in(file([row(unit, CF_JDRQ="2026年13月5日")]), ITEM, unit)
    entry.keep(ITEM, row(unit), by=clerk, at=made.NOW)
    say(Mode.GRANTED)
    correcting.begin(first.id, 2, by=clerk, at=made.NOW)
    for refused in (entry.check, jobs.hand_in_rows):
        with pytest.raises(NotGranted):
            refused(ITEM, by=clerk, at=made.NOW)
    new = next(one for one in entry.draft(ITEM, by=clerk) if one.corrects is None)
    entry.remove(ITEM, new.id, by=clerk)
    assert jobs.hand_in_rows(ITEM, by=clerk, at=made.NOW)[1], "the draft was kept, and without it the rest goes"


def test_the_change_feed_of_the_register_asks_for_no_grant(file: Write) -> None:
    item, authority, who = (
        "organisation-register",
        Authority(made.department(), itertools.count(1)),
        made.organisation(),
    )
    say(Mode.GRANTED, item)
    try:
        with pytest.raises(NotGranted):
            receive(authority.unit, file([made.register_row(who, authority.unit)]), item_id=item)
        assert [one.outcome for one in authority.send(authority.new(who))] == ["applied"]
    finally:
        say(Mode.OPEN, item)


def test_a_grant_is_said_anew_and_never_twice_on_a_day(unit: SourceUnit, clerk: Actor) -> None:
    start = date(2026, 1, 1)
    grant(unit, starts_on=start)
    grant(unit, starts_on=start)
    with pytest.raises(supply.Overlapping):
        grant(unit, starts_on=date(2026, 5, 1))
    with pytest.raises(supply.EndsBeforeItBegins):
        grant(unit, starts_on=start, ends_on=start - timedelta(days=1))
    grant(unit, starts_on=start, ends_on=date(2026, 5, 1), after=1)
    with pytest.raises(supply.SaidMeanwhile):
        grant(unit, starts_on=start, after=1)
    grant(unit, starts_on=date(2026, 5, 1))
    seen = supply_view.listing(seen_by=made.OPERATOR, on=made.TODAY, source_code=unit.code).grants
    assert [(one.starts_on, one.ends_on, one.version, one.holds) for one in seen] == [
        (start, date(2026, 5, 1), 2, False), (date(2026, 5, 1), None, 1, True),
    ]  # fmt: skip
    assert SupplyGrant.objects.filter(source_id=unit.id).count() == 3
    for who in (clerk, made.AUDITOR, Actor(role=Role.OPERATOR, name="o", items=frozenset({OTHER_ITEM}))):
        with pytest.raises(NotAllowed):
            grant(unit, by=who)


@pytest.mark.parametrize("basis", ["", "  三定  ", "字" * 301])
def test_without_a_basis_nothing_is_said(unit: SourceUnit, basis: str) -> None:
    with pytest.raises(supply.BasisNeeded):
        grant(unit, basis=basis)
    with pytest.raises(supply.BasisNeeded):
        say(Mode.GRANTED, basis=basis)
    assert supply.is_open(ITEM)


def test_a_persons_number_in_a_basis_is_not_kept(unit: SourceUnit) -> None:
    who = made.person()
    grant(unit, basis=f"来函联系人 {who.number} 电话 13900001234")
    kept = SupplyGrant.objects.get(source_id=unit.id).basis
    assert kept == "来函联系人 *** 电话 ***"
    said = AuditEntry.objects.filter(event="supply-set", object_ref=unit.code).latest("id")
    assert who.number not in str(said.__dict__)


def test_an_item_is_switched_by_whoever_reaches_the_whole_city(clerk: Actor) -> None:
    county = Actor(role=Role.OPERATOR, name="county", region="990102")
    limited = Actor(role=Role.OPERATOR, name="limited", items=frozenset({OTHER_ITEM}))
    for who in (clerk, made.AUDITOR, county, limited):
        with pytest.raises(NotAllowed):
            say(Mode.GRANTED, by=who)
        with pytest.raises(NotAllowed):
            supply_view.effect(ITEM, seen_by=who, at=clock.now())
    assert supply.is_open(ITEM)


def test_a_countys_operator_grants_to_units_of_the_county() -> None:
    county = Actor(role=Role.OPERATOR, name="county", region="990102")
    own, other = (
        identity.register_department(
            code=made.code_of("11"), name=f"{region} 供数示例局", region_code=region, by=made.SYSTEM
        )
        for region in ("990102", "990103")
    )
    grant(own, by=county)
    assert SupplyGrant.objects.filter(source_id=own.id).count() == 1
    with pytest.raises(NotAllowed):
        grant(other, by=county)


def test_a_mode_is_said_once_and_only_over_what_was_seen() -> None:
    item = "abnormal-operation"  # of which no other test speaks
    say(Mode.OPEN, item)
    assert SupplyMode.objects.filter(item_id=item).count() == 0, "it was open anyway"
    say(Mode.GRANTED, item, after=0)
    say(Mode.GRANTED, item)
    with pytest.raises(supply.SaidMeanwhile):
        say(Mode.OPEN, item, after=0)
    say(Mode.OPEN, item, after=1)
    assert [one.version for one in SupplyMode.objects.filter(item_id=item).order_by("version")] == [1, 2]


def test_of_two_grants_told_at_once_that_overlap_one_stands(unit: SourceUnit) -> None:
    told: list[str] = []
    together = threading.Barrier(2)

    def tell(start: date) -> None:
        try:
            together.wait(10)
            grant(unit, starts_on=start)
            told.append("granted")
        except supply.Overlapping:
            told.append("overlaps")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tell, args=(date(2026, month, 1),)) for month in (3, 4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["granted", "overlaps"]
    assert SupplyGrant.objects.filter(source_id=unit.id).count() == 1


def test_what_was_said_is_never_changed(unit: SourceUnit) -> None:
    grant(unit)
    for statement in (
        "UPDATE intake_supplygrant SET ends_on = NULL", "DELETE FROM intake_supplygrant", "TRUNCATE intake_supplymode",
        "UPDATE intake_supplymode SET mode = 'open'",
    ):  # fmt: skip
        with separation.as_owner(), pytest.raises(DatabaseError, match="only added"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_unit_sees_its_own_grants_and_makes_none(unit: SourceUnit, clerk: Actor) -> None:
    other = made.department()
    grant(unit)
    grant(other)
    with scope.acting(clerk):
        assert set(SupplyGrant.objects.values_list("source_id", flat=True)) == {unit.id}
        assert {pk for pk, _, _ in supply.holders(on=made.TODAY)} == {unit.id}
        for statement in (
            "INSERT INTO intake_supplygrant (source_id, item_id, starts_on, basis, version, made_at, made_by)"
            " VALUES (%s, 'honour', '2026-06-01', 'x', 1, now(), 'x')",
            "INSERT INTO intake_supplymode (item_id, mode, basis, version, made_at, made_by)"
            " SELECT 'honour', 'open', 'x', 99, now(), 'x' WHERE %s > 0",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [unit.id])
    for role in (Role.READER, Role.CLIENT):
        with scope.acting(Actor(role=role, name="somebody", department=unit.code)):
            assert not SupplyGrant.objects.exists()
            assert not SupplyMode.objects.exists()
    with pytest.raises(NotAllowed):
        supply_view.listing(seen_by=clerk, on=made.TODAY)


@pytest.mark.usefixtures("closed")
def test_of_an_item_a_unit_reads_whether_it_may_and_the_credit_centre_who(unit: SourceUnit, clerk: Actor) -> None:
    other = made.department()
    grant(other)
    assert supply_view.of_item(ITEM, seen_by=clerk, on=made.TODAY).suppliers == ()
    assert other.name in supply_view.of_item(ITEM, seen_by=made.OPERATOR, on=made.TODAY).granted
    assert supply.closed_to(clerk, on=made.TODAY) == {ITEM}
    assert supply.closed_to(made.OPERATOR, on=made.TODAY) == frozenset()
    grant(unit)
    assert supply_view.of_item(ITEM, seen_by=clerk, on=made.TODAY).granted == (unit.name,)
    assert supply.closed_to(clerk, on=made.TODAY) == frozenset()


def test_before_a_switch_it_is_shown_whom_it_would_refuse(file: Write) -> None:
    units = [made.department() for _ in range(4)]
    sending, granted, owing, long_ago = units
    for one in units[:3]:
        made.hand_in(file([row(one)]), ITEM, one)
    made.hand_in(file([row(sending)]), ITEM, sending)
    made.hand_in(file([row(long_ago, CF_JDRQ="2025-05-02")]), ITEM, long_ago, at=made.NOW - timedelta(days=400))
    grant(granted)
    duties.assign(item_id=ITEM, source_code=owing.code, starts_on=date(2026, 6, 1), by=made.OPERATOR, at=clock.now())
    found = {one.source_code: one for one in supply_view.effect(ITEM, seen_by=made.OPERATOR, at=clock.now())}
    assert set(found) & {one.code for one in units} == {sending.code}
    assert (found[sending.code].count, found[sending.code].channels) == (2, ("file",))
    assert supply.is_open(ITEM), "looked at, not switched"


def test_every_word_and_every_look_leaves_one_entry(unit: SourceUnit) -> None:
    before = AuditEntry.objects.count()
    grant(unit)
    grant(unit)
    say(Mode.GRANTED, "honour")
    say(Mode.OPEN, "honour")
    supply_view.listing(seen_by=made.OPERATOR, on=made.TODAY)
    supply_view.effect(ITEM, seen_by=made.OPERATOR, at=clock.now())
    events = list(AuditEntry.objects.order_by("id").values_list("event", flat=True))[before:]
    assert events == ["supply-set"] * 3 + ["supplies-viewed"] * 2
