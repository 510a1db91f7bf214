"""What is strange about looks is told once, to those who review; never to who looked; and somebody else says what came out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import override_settings

from tests.intake import made
from tests.rights.conftest import OF_PERSONS, Hall
from xinyong.kernel import clock
from xinyong.rights import alarms, queries
from xinyong.rights.models import Alarm
from xinyong.security import identity, scope
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.models import Account, AuditEntry
from xinyong.workflow.models import Notice

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
SECURITY = Actor(role=Role.SECURITY_ADMIN, name="security")


@pytest.fixture
def who(hall: Hall) -> Actor:
    """A reader nobody has seen look yet."""
    username = f"curious-{Account.objects.count()}"
    account = identity.create_account(
        username=username, password="a long enough pass", display_name="示例员", role="reader",
        department=hall.unit.code, by=made.SYSTEM,
    )  # fmt: skip
    return Actor(role=Role.READER, name=username, account_id=account, department=hall.unit.code)


def _watch() -> int:
    return alarms.watch(now=clock.now(), by=made.SYSTEM)


def _of(who: Actor, kind: str) -> list[Alarm]:
    return list(Alarm.objects.filter(actor=who.name, kind=kind))


def _look(hall: Hall, who: Actor) -> None:
    hall.looks("organisation", by=who, purpose="licensing")


def test_many_subjects_in_an_hour_raise_one_alarm_and_the_same_one_often_none(hall: Hall, who: Actor) -> None:
    others = [made.organisation() for _ in range(3)]
    made.register(*others)
    with override_settings(LOOKS_AN_HOUR=3):
        for _ in range(5):
            _look(hall, who)
        _watch()
        assert _of(who, "bulk") == []
        for one in others:
            _look(replace(hall, organisation=one), who)
        assert _watch() == 1
        assert _watch() == 0, "told once"
    [raised] = _of(who, "bulk")
    assert (raised.count, raised.department) == (4, hall.unit.code)


@pytest.mark.parametrize(
    ("at", "raised"),
    [
        ("2026-06-15T06:59", 1), ("2026-06-15T07:00", 0), ("2026-06-15T20:59", 0), ("2026-06-15T21:00", 1),
        ("2026-06-14T10:00", 1),  # a Sunday
        ("2026-06-19T10:00", 1),  # the Dragon Boat festival
    ],
)  # fmt: skip
def test_looks_outside_the_hours_are_told(hall: Hall, who: Actor, at: str, raised: int) -> None:
    with time_machine.travel(datetime.fromisoformat(at).replace(tzinfo=clock.ZONE), tick=True):
        _look(hall, who)
        _look(hall, who)
        _watch()
    assert [one.count for one in _of(who, "hours")] == [2] * raised


def test_a_person_of_the_lookers_family_name_is_a_hint_and_no_name_is_kept(hall: Hall, who: Actor) -> None:
    Account.objects.filter(pk=who.account_id).update(display_name=f"{hall.person.name[0]}示例")
    given = hall.gives(purpose="licensing", recipient=hall.unit.code)
    hall.looks(by=who, purpose="licensing")
    _watch()
    [raised] = _of(who, "surname")
    assert raised.count == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rights_alarm a WHERE a::text LIKE %s", [f"%{hall.person.name}%"])
        assert cursor.fetchone() == (0,)
    hall.withdraws(given)


@pytest.mark.parametrize(
    ("name", "family"),
    [("王伟", "王"), ("欧阳明月", "欧阳"), ("欧阳", "欧"), ("司马 迁", "司马"), ("operator", ""), ("王", ""), ("市场监管局经办人", "")],
)  # fmt: skip
def test_a_family_name_is_read_from_a_chinese_name_only(name: str, family: str) -> None:
    assert alarms.family_name(name) == family


def test_programs_raise_none(hall: Hall) -> None:
    given = hall.gives()
    with override_settings(LOOKS_AN_HOUR=0, OFFICE_HOURS=(1, 2)):
        hall.looks()
        _watch()
    assert not Alarm.objects.filter(actor=hall.program.name).exists()
    hall.withdraws(given)


def _break_glass(hall: Hall, who: Actor) -> Alarm:
    with scope.acting(who):
        queries.break_glass(
            hall.about("person"), items=[OF_PERSONS], reason="事故现场救援", seen_by=who, at=clock.now()
        )
    [raised] = _of(who, "emergency")
    return raised


def test_an_emergency_is_told_at_once_and_reviewed_by_another_within_days(hall: Hall, who: Actor) -> None:
    raised = _break_glass(hall, who)
    assert (raised.reason, str(raised.due_on)) == ("事故现场救援", "2026-06-18")
    assert Notice.objects.filter(kind="emergency-look", department__code=hall.unit.code).exists()
    with scope.acting(SECURITY):
        assert raised.id in {one.id for one in alarms.listing(seen_by=SECURITY, at=clock.now())}
        [late] = [
            one for one in alarms.listing(seen_by=SECURITY, at=clock.now() + timedelta(days=4)) if one.id == raised.id
        ]
        assert late.is_overdue
        alarms.review(raised.id, outcome="in-order", note="核对了应急指挥部记录", by=SECURITY, at=clock.now())
        with pytest.raises(alarms.AlreadyReviewed):
            alarms.review(raised.id, outcome="referred", note="改主意了吧", by=SECURITY, at=clock.now())
        assert raised.id not in {one.id for one in alarms.listing(seen_by=SECURITY, at=clock.now())}
        seen = alarms.find(raised.id, seen_by=SECURITY, at=clock.now())
    assert (seen.outcome, seen.reviewed_by, seen.is_overdue) == ("in-order", "security", False)
    entry = AuditEntry.objects.filter(event="alarm-reviewed").latest("id")
    assert (entry.object_ref, entry.facts["result"]) == (str(raised.id), "in-order")


def test_nobody_reviews_their_own_looks_nor_sees_alarms_by_other_rights(hall: Hall, who: Actor) -> None:
    raised = _break_glass(hall, who)
    with pytest.raises(alarms.NotYourOwn):
        alarms.review(
            raised.id, outcome="in-order", note="都是正常的", by=replace(SECURITY, name=who.name), at=clock.now()
        )
    for outcome, note in (("fine", "都是正常的"), ("in-order", "好")):
        with pytest.raises(alarms.ReviewIncomplete):
            alarms.review(raised.id, outcome=outcome, note=note, by=SECURITY, at=clock.now())
    with pytest.raises(alarms.UnknownAlarm):
        alarms.find(10**12, seen_by=SECURITY, at=clock.now())
    for one in (who, made.OPERATOR):
        with pytest.raises(NotAllowed):
            alarms.listing(seen_by=one, at=clock.now())
        with scope.acting(one):
            assert not Alarm.objects.filter(pk=raised.id).exists()
            with pytest.raises(DatabaseError), transaction.atomic():
                Alarm.objects.create(
                    kind="bulk", key="forged", actor="x", count=1, first_at=clock.now(), last_at=clock.now(),
                    raised_at=clock.now(),
                )  # fmt: skip


def test_the_watch_leaves_an_entry_only_when_it_found_something(
    hall: Hall, who: Actor, noted: Callable[[], list[str]]
) -> None:
    _watch()
    noted()
    _watch()
    assert noted() == []


def test_a_number_in_the_reason_of_an_emergency_is_not_kept(fresh: Hall) -> None:
    reason = f"抢救需要，病人证件 {fresh.person.number}，家属无法联系"
    about = fresh.about("person", by=fresh.reader)
    with scope.acting(fresh.reader):
        queries.break_glass(about, items=[], reason=reason, seen_by=fresh.reader, at=clock.now())
    kept = Alarm.objects.latest("id").reason
    assert "家属无法联系" in kept
    assert fresh.person.number not in kept
