"""Ends of clocks are noted once each with their reason, also of records that were over before they arrived."""

from datetime import date, timedelta

import pytest

from tests.intake import made
from tests.intake.made import HandIn, Organisation, Row
from xinyong.kernel import clock
from xinyong.records import dossier, expiry
from xinyong.records.models import ClockEnd, Record
from xinyong.security import audit
from xinyong.security.access import PUBLIC, Actor, NotAllowed
from xinyong.security.identity import SourceUnit
from xinyong.subjects import registry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

OVER = "2022-03-01"  # under the rules of 2019: a general penalty is shown for twelve months


@pytest.fixture
def unit() -> SourceUnit:
    return made.department()


@pytest.fixture
def who() -> Organisation:
    someone = made.organisation()
    made.register(someone)
    return someone


def _penalty(who: Organisation, unit: SourceUnit, decided: str, **changes: str) -> Row:
    return made.penalty_row(who, unit, CF_JDRQ=decided, **changes)


def _subject(who: Organisation) -> int:
    return registry.subject(who.code, seen_by=made.SYSTEM).id


def _noted(who: Organisation) -> list[tuple[int, str, str, str]]:
    """Version, clock, reason and first day without, of everything noted about an organisation."""
    found = ClockEnd.objects.filter(subject_id=_subject(who)).order_by("ended_on", "clock", "version")
    return [(one.version, one.clock, one.reason, one.ended_on.isoformat()) for one in found]


def _shown(who: Organisation, actor: Actor = PUBLIC) -> set[str]:
    file = dossier.of(who.code, as_of=clock.today(), seen_by=actor, purpose="测试")
    return {record.ref for section in file.sections for record in section.records}


def _close() -> list[expiry.Closing]:
    return expiry.close(today=clock.today(), by=made.SYSTEM)


def _runs() -> int:
    return len(audit.entries(seen_by=made.AUDITOR, event="clocks-run", limit=1000))


@pytest.mark.parametrize("by", [PUBLIC, made.OPERATOR, made.AUDITOR], ids=lambda one: one.role.value)
def test_only_the_platform_itself_closes_days(by: Actor) -> None:
    with pytest.raises(NotAllowed):
        expiry.close(today=clock.today(), by=by)
    with pytest.raises(NotAllowed):
        expiry.close_day(clock.today(), today=clock.today(), by=by)


def test_what_was_over_before_it_arrived_is_noted_with_its_own_day_and_reason(
    hand_in: HandIn, who: Organisation, unit: SourceUnit
) -> None:
    _close()
    penalties = [_penalty(who, unit, OVER), _penalty(who, unit, "2020-05-01"), _penalty(who, unit, "2026-06-01")]
    assert hand_in(penalties, "admin-penalty-org", unit).counts.accepted == 3
    licence = made.licence_row(who, unit, XK_JDRQ="2024-02-01", XK_YXQZ="2024-02-01", XK_YXQZI="2026-01-31")
    assert hand_in([licence], "admin-licence-org", unit).counts.accepted == 1
    assert _noted(who) == []
    (closing,) = _close()
    assert (closing.day, closing.late, closing.is_new) == (made.TODAY, 4, False)
    assert _noted(who) == [
        (1, "publicity", "publicity-maximum-reached", "2021-05-01"),
        (1, "publicity", "publicity-maximum-reached", "2023-03-01"),
        (1, "retention", "retention-ended", "2025-05-01"),
        (1, "publicity", "validity-ended", "2026-02-01"),
    ]
    assert audit.entries(seen_by=made.AUDITOR, event="clocks-run", limit=1)[0].facts["late"] == 4


def test_an_end_is_noted_once_however_often_the_job_runs(hand_in: HandIn, who: Organisation, unit: SourceUnit) -> None:
    hand_in([_penalty(who, unit, OVER)], "admin-penalty-org", unit)
    _close()
    before, runs = _noted(who), _runs()
    assert len(before) == 1
    assert [(one.late, one.is_new) for one in (*_close(), *_close())] == [(0, False), (0, False)]
    assert _noted(who) == before
    assert _runs() == runs


def test_a_correction_that_is_over_too_is_noted_as_its_own_version(
    hand_in: HandIn, who: Organisation, unit: SourceUnit
) -> None:
    row = _penalty(who, unit, OVER)
    hand_in([row], "admin-penalty-org", unit)
    _close()
    hand_in([row | {"CF_SY": "另一事由"}], "admin-penalty-org", unit)
    _close()
    end = ("publicity", "publicity-maximum-reached", "2023-03-01")
    assert _noted(who) == [(1, *end), (2, *end)]


def test_a_correction_before_the_job_leaves_only_the_newest_to_note(
    hand_in: HandIn, who: Organisation, unit: SourceUnit
) -> None:
    row = _penalty(who, unit, OVER)
    hand_in([row], "admin-penalty-org", unit)
    hand_in([row | {"CF_SY": "另一事由"}], "admin-penalty-org", unit)
    _close()
    assert [version for version, *_ in _noted(who)] == [2]


def test_what_was_never_published_has_no_publicity_to_end(hand_in: HandIn, who: Organisation, unit: SourceUnit) -> None:
    minor = _penalty(who, unit, "2026-05-06", CF_CFLB="警告", CF_NR="警告", CF_NR_FK="")
    before_it_began = made.licence_row(who, unit, XK_JDRQ="2023-06-08", XK_YXQZ="2022-01-01", XK_YXQZI="2023-01-01")
    hand_in([minor], "admin-penalty-org", unit)
    hand_in([before_it_began], "admin-licence-org", unit)
    assert Record.objects.filter(subject_id=_subject(who), publish_from__isnull=True).count() == 2
    _close()
    assert _noted(who) == []
    assert not _shown(who)


def test_the_page_and_the_job_agree_on_what_has_ended(hand_in: HandIn, who: Organisation, unit: SourceUnit) -> None:
    days = [date(2021, 7, 1) + timedelta(days=41 * n) for n in range(44)]
    hand_in([_penalty(who, unit, day.isoformat()) for day in days], "admin-penalty-org", unit)
    _close()
    ended = {
        bytes(one.key_digest).hex() for one in ClockEnd.objects.filter(subject_id=_subject(who), clock="publicity")
    }
    assert _shown(who) | ended == _shown(who, made.SYSTEM)
    assert not _shown(who) & ended
    assert min(len(ended), len(_shown(who))) > 5
