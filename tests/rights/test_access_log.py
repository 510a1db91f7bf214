"""A subject sees who looked at its file, when, for what; no official by name; what is withheld comes up when its time is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.intake import made
from tests.rights.conftest import NOTE, OF_PERSONS, PENALTY, WHY, Hall
from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.records import dossier
from xinyong.rights import access_log, purposes, queries
from xinyong.security import scope
from xinyong.security.access import NotAllowed

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


def lines(hall: Hall, of: str = "organisation", **more: object) -> list[access_log.Line]:
    who = hall.owner(of)
    with scope.acting(who):
        return access_log.of(by=who, at=more.pop("at", None) or clock.now(), **more)[0]  # type: ignore[arg-type]


def test_every_kind_of_look_is_there_with_unit_and_registered_purpose(fresh: Hall) -> None:
    with scope.acting(fresh.reader):
        queries.file(
            fresh.organisation.code,
            purpose="licensing",
            note=NOTE,
            as_of=made.TODAY,
            seen_by=fresh.reader,
            at=clock.now(),
        )
    fresh.looks("organisation", by=fresh.reader, purpose="inspection", items=[PENALTY])
    fresh.gives("organisation")
    fresh.looks("organisation")
    found = lines(fresh)
    assert [(one.unit_zh, one.purpose_zh, one.kind_zh) for one in found] == [
        (fresh.bank.name, "信贷审批、贷后管理", "授权查询"), (fresh.unit.name, "日常监管、抽查检查", "授权查询"),
        (fresh.unit.name, "办理行政许可", "查看档案"),
    ]  # fmt: skip
    assert (found[0].is_by_program, found[0].authorisation[:2], found[1].authorisation) == (True, "SQ", "")
    item = publish.current(PENALTY)
    assert found[1].items == ((item.title_zh, item.title_en),)
    assert NOTE not in repr(found), "the matter is the unit's own affair"
    assert fresh.reader.name not in repr(found), "nor does an official stand there"


def test_a_query_of_everything_is_told_as_that_and_a_long_choice_whole(fresh: Hall) -> None:
    every = [one.id for one in purposes.items(purposes.find("inspection", on=made.TODAY), on=made.TODAY, persons=False)]
    fresh.looks("organisation", by=fresh.reader, purpose="inspection")
    fresh.looks("organisation", by=fresh.reader, purpose="inspection", items=every)
    chosen, whole = lines(fresh)
    assert whole.items == ()
    assert len(chosen.items) == len(every) > 20
    assert {zh for zh, _ in chosen.items} == {one.title_zh for one in publish.items() if one.id in every}


def test_a_person_sees_the_emergency_that_went_past_them(fresh: Hall) -> None:
    about = fresh.about("person")
    with scope.acting(fresh.reader):
        queries.break_glass(about, items=[OF_PERSONS], reason="洪水转移人员", seen_by=fresh.reader, at=clock.now())
    [one] = lines(fresh, "person")
    assert (one.is_marked, one.unit_code, one.purpose_zh) == (True, fresh.unit.code, "紧急情况下的应急处置")
    assert lines(fresh) == [], "and nobody else's log has it"


def test_what_is_withheld_comes_up_to_the_minute(fresh: Hall) -> None:
    now = clock.now()
    fresh.looks("organisation", by=fresh.reader, purpose="inspection", withheld_days=30, withheld_basis=WHY, at=now)
    fresh.looks("organisation", by=fresh.reader, purpose="licensing", at=now)
    until = now + timedelta(days=30)
    assert [one.purpose_zh for one in lines(fresh, at=until - timedelta(seconds=1))] == ["办理行政许可"]
    shown = lines(fresh, at=until)
    assert [one.withheld_until for one in shown] == [None, until], "and says until when it was kept back"


def test_pages_follow_each_other_without_gap_or_repeat(fresh: Hall) -> None:
    for _ in range(7):
        fresh.looks("organisation", by=fresh.reader, purpose="licensing")
    seen: list[int] = []
    after = None
    while page := lines(fresh, after=after, limit=3):
        seen += [one.id for one in page]
        after = page[-1].id
    assert seen == sorted({one.id for one in lines(fresh)}, reverse=True)
    assert len(seen) == 7


def test_ones_own_and_the_platforms_looks_are_nobodys(fresh: Hall) -> None:
    dossier.of(fresh.organisation.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    assert lines(fresh) == []


def test_only_the_subject_itself_reads_its_log(fresh: Hall) -> None:
    with pytest.raises(NotAllowed):
        access_log.of(by=made.AUDITOR, at=clock.now())
    with pytest.raises(NotAllowed):
        access_log.reference(by=fresh.reader, at=clock.now())


def test_the_reference_is_random_ones_own_and_void_when_replaced(fresh: Hall) -> None:
    who, viewer = fresh.owner("person"), replace(fresh.program, name="xy-viewer")
    with scope.acting(who):
        first = access_log.reference(by=who, at=clock.now())
        assert access_log.reference(by=who, at=clock.now()) == first
    fresh.gives()
    fresh.looks()

    def asked(ref: str) -> int:
        with scope.acting(viewer):
            return access_log.usage(
                ref, since=None, until=None, offset=0, limit=10, seen_by=viewer, at=clock.now()
            ).total

    assert asked(first) == 1
    with scope.acting(who):
        second = access_log.reference(by=who, at=clock.now(), anew=True)
    assert asked(second) == 1
    for wrong in (first, fresh.person.number, "XY" + "0" * 30):
        with pytest.raises(access_log.UnknownUser):
            asked(wrong)
    with scope.acting(fresh.owner()):
        from xinyong.rights.models import UsageReference

        assert not UsageReference.objects.filter(ref=second).exists()


def test_reading_ones_log_leaves_an_entry(fresh: Hall, noted: object) -> None:
    lines(fresh)
    assert noted() == ["access-log-viewed"]  # type: ignore[operator]
