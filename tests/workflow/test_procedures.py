"""Procedures as data, terms computed from steps, and steps that are taken once whoever sends them how often."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.intake import made
from tests.rights import objecting
from tests.rights.objecting import CENTRE, SECOND, Matter, token
from xinyong.kernel import clock
from xinyong.kernel.calendar import Calendar
from xinyong.kernel.errors import XinyongError
from xinyong.rights import objection, objection_desk
from xinyong.rights.objection import Said
from xinyong.security import scope
from xinyong.security.access import Actor
from xinyong.workflow import deadlines
from xinyong.workflow.deadlines import Pause
from xinyong.workflow.definition import BadProcedure, Procedure, UnknownProcedure, read
from xinyong.workflow.models import Case, CaseStep

CALENDAR = Calendar.builtin()
LIBRARY = Path(objection.__file__).parent / "library"
FLOW = (LIBRARY / "objection.yaml").read_text(encoding="utf-8")
ZHEJIANG = (LIBRARY / "objection" / "zhejiang.yaml").read_text(encoding="utf-8")


@dataclass
class Taken:
    """A step, for what computes terms."""

    action: str
    to_state: str
    at: datetime
    facts: dict[str, object] = field(default_factory=dict)


def at(day: str, hour: int = 10) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour), tzinfo=clock.ZONE)


def naive(start: date, days: int, pauses: list[tuple[date, date]], unit: str) -> date:
    """The last day of a term, counted day by day as a clerk does on a wall calendar."""
    day = start
    while days:
        day += timedelta(days=1)
        stands_still = any(first <= day < to for first, to in pauses)
        if not stands_still and (unit == "calendar" or CALENDAR.is_working(day)):
            days -= 1
    return day


@given(
    start=st.dates(date(2024, 1, 1), date(2026, 6, 30)), days=st.integers(1, 30), unit=st.sampled_from(["working", "calendar"]),
    gaps=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), max_size=4),
)  # fmt: skip
def test_a_term_with_pauses_is_due_when_a_day_by_day_count_says(
    start: date, days: int, unit: str, gaps: list[tuple[int, int]]
) -> None:
    spans, place = [], start
    for before, lasts in gaps:
        first = place + timedelta(days=before)
        place = first + timedelta(days=lasts)
        spans.append((first, place))
    found, _ = deadlines.due(start, days, [Pause(*one) for one in spans], unit=unit, calendar=CALENDAR)
    assert found == naive(start, days, spans, unit)


@given(start=st.dates(date(2024, 1, 1), date(2026, 6, 30)), days=st.integers(1, 20), passed=st.integers(0, 60))
def test_what_is_left_and_what_is_over_never_contradict_each_other(start: date, days: int, passed: int) -> None:
    rules = objection.procedures()[-1]
    steps = [Taken("lodge", "received", datetime.combine(start, time(9), tzinfo=clock.ZONE))]
    now = datetime.combine(start + timedelta(days=passed), time(18), tzinfo=clock.ZONE)
    term = deadlines.terms(rules, steps, at=now, calendar=CALENDAR)[0]
    assert term.due_on == naive(start, 5, [], "working")
    assert term.is_over == (now.date() > term.due_on)
    left = sum(CALENDAR.is_working(now.date() + timedelta(days=n)) for n in range(1, 400) if now.date() + timedelta(days=n) <= term.due_on)  # fmt: skip
    assert term.days_left == left
    if term.is_over:
        assert term.hours_over == (now - datetime.combine(term.due_on + timedelta(days=1), time(), tzinfo=clock.ZONE)) // timedelta(hours=1)  # fmt: skip


def profile(name: str) -> Procedure:
    return next(one for one in objection.procedures() if one.id == name)


@pytest.mark.parametrize(
    ("name", "steps", "due"),
    [
        ("zhejiang", [("lodge", "received", "2026-11-23")], {"whole": "2026-11-30"}),
        ("zhejiang", [("lodge", "received", "2026-09-24")], {"whole": "2026-10-09"}),
        ("shanghai", [("lodge", "received", "2026-11-23")], {"forward": "2026-11-25", "own": "2026-11-30"}),
        ("shanghai", [("lodge", "received", "2026-11-23"), ("forward", "with-source", "2026-11-24")], {"source": "2026-12-01"}),
        ("shandong", [("lodge", "received", "2026-11-23")], {"own": "2026-11-26"}),
        ("shandong", [("lodge", "received", "2026-11-23"), ("forward", "with-source", "2026-11-24")], {"whole": "2026-12-02"}),
        (
            "henan", [("lodge", "received", "2026-11-23"), ("forward", "with-source", "2026-11-24")],
            {"source": "2026-11-27", "whole": "2026-12-02"},
        ),
        ("shenzhen", [("lodge", "received", "2026-11-23"), ("forward", "with-source", "2026-11-23")], {"source": "2026-11-25"}),
    ],
)  # fmt: skip
def test_each_regulation_counts_its_own_terms(
    name: str, steps: list[tuple[str, str, str]], due: dict[str, str]
) -> None:
    taken = [Taken(action, state, at(day)) for action, state, day in steps]
    found = deadlines.terms(profile(name), taken, at=taken[-1].at, calendar=CALENDAR)
    assert {one.id: str(one.due_on) for one in found if one.is_running} == due


def test_an_extension_beyond_the_total_counts_to_the_total_only() -> None:
    steps = [
        Taken("lodge", "received", at("2026-03-02")),
        Taken("extend", "received", at("2026-03-03"), {"term": "whole", "days": 300}),
    ]
    term = deadlines.terms(profile("zhejiang"), steps, at=at("2026-03-04"), calendar=CALENDAR)[0]
    assert (term.extended_by, str(term.due_on)) == (15, str(CALENDAR.add_working_days(date(2026, 3, 2), 20).on))


def test_a_term_that_was_kept_is_not_moved_by_a_later_pause_and_stays_kept() -> None:
    steps = [
        Taken("lodge", "received", at("2026-11-23")), Taken("forward", "with-source", at("2026-11-24")),
        Taken("pause", "paused", at("2026-11-25")),
    ]  # fmt: skip
    found = {
        one.id: one for one in deadlines.terms(profile("henan"), steps, at=at("2027-03-01"), calendar=CALENDAR)
    }  # fmt: skip
    assert (str(found["own"].due_on), found["own"].is_over, found["own"].is_running) == ("2026-11-26", False, False)
    assert (found["source"].due_on, found["source"].is_paused, found["source"].is_over) == (None, True, False)


@pytest.mark.parametrize(
    "change",
    [
        ("days: 5, party: centre", "days: 0, party: centre"), ("starts: [lodge, ", "starts: [lodges, "),
        ("is_verified: true", "is_verified: 'yes'"), ("id: zhejiang", "id: zhejiang\nid: zhejiang"),
        ("version: 1", "version: 1\ncolour: red"), ("effective_from: 2018-01-01", "effective_from: 2018-01-01\neffective_to: 2017-01-01"),
        ("id: zhejiang", "id: &a zhejiang\nnotes_zh: *a"), ("party: centre", "party: mayor"),
        ("is_verified: true", "is_verified: true\nfirst: nowhere"),
    ],
)  # fmt: skip
def test_a_file_that_says_what_cannot_be_done_is_refused(change: tuple[str, str]) -> None:
    assert change[0] in ZHEJIANG
    with pytest.raises(BadProcedure):
        read(ZHEJIANG.replace(change[0], change[1], 1), flow=FLOW, file="x.yaml")


def test_a_state_that_nobody_reaches_or_leaves_is_refused() -> None:
    lonely = FLOW.replace("states:", "states:\n  - {id: lonely, zh: 孤立, en: Lonely, stage: 2}", 1)
    with pytest.raises(BadProcedure, match="lonely"):
        read(ZHEJIANG, flow=lonely, file="x.yaml")


def test_before_a_regulation_was_in_force_there_is_no_procedure(settings: Any) -> None:
    settings.REMEDY_PROFILE = "shenzhen"
    with pytest.raises(UnknownProcedure):
        objection.procedure(date(2022, 1, 1))
    assert objection.procedure(date(2026, 1, 1)).id == "shenzhen"


@pytest.fixture
def one(lasting_db: None, tmp_path: Path) -> Any:
    with time_machine.travel(made.NOW, tick=True):
        yield objecting.matter(tmp_path)


def together(deeds: list[Callable[[], object]]) -> list[str]:
    """What each of them came to, all sent at the same moment, each on a connection of its own."""
    found: list[str] = [""] * len(deeds)
    barrier = threading.Barrier(len(deeds))

    def run(place: int) -> None:
        barrier.wait()
        try:
            deeds[place]()
            found[place] = "done"
        except XinyongError as error:
            found[place] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return found


def acting(by: Actor, verb: Callable[..., object], *args: Any, **said: Any) -> Callable[[], object]:
    def deed() -> object:
        with scope.acting(by):
            return verb(*args, by=by, at=clock.now(), **said)

    return deed


def test_a_form_sent_many_times_at_once_opens_one_case_and_marks_once(one: Matter) -> None:
    said, form = Said("wrong", "罚款金额与决定书不一致", {"CF_NR_FK": "0.1"}), token()
    ref = one.shown.ref
    found = together([acting(one.by, objection.lodge, ref, said, token=form)] * 8)
    assert found == ["done"] * 8
    assert Case.objects.count() == 1
    assert CaseStep.objects.count() == 1
    forms = together([acting(one.by, objection.lodge, ref, said, token=token()) for _ in range(4)])
    assert forms == ["workflow.case-already-open"] * 4


def test_a_double_click_takes_a_step_once_and_both_get_the_same_answer(one: Matter) -> None:
    case, form = objecting.lodge(one), token()
    found = together([acting(CENTRE, objection_desk.forward, case.id, after=case.after, token=form)] * 6)
    assert found == ["done"] * 6
    assert [each.action for each in CaseStep.objects.order_by("number")] == ["lodge", "forward"]


def test_of_two_desks_one_decides_and_the_other_is_told(one: Matter) -> None:
    case = objecting.lodge(one)
    decide = {"outcome": "refuse", "changes": {}, "reason": "与处罚决定书一致", "after": case.after}
    found = together(
        [
            acting(by, objection_desk.decide, case.id, token=token(), **decide)
            for by in (CENTRE, SECOND)
            for _ in range(3)
        ]
    )
    assert sorted(found) == ["done", *["workflow.case-moved-meanwhile"] * 5]
    assert CaseStep.objects.filter(action="refuse").count() == 1


def test_a_replay_long_after_answers_the_same_and_another_word_under_the_same_form_is_refused(one: Matter) -> None:
    case, form = objecting.lodge(one), token()
    deed = acting(CENTRE, objection_desk.forward, case.id, after=case.after, token=form, note="请核实")
    deed()
    objecting.own(
        one,
        objection.withdraw,
        objection_desk.cases.again(case.id, kind=None, by=CENTRE, at=clock.now(), calendar=CALENDAR),
        reason="",
    )
    assert together([deed, deed]) == ["done", "done"]
    other = acting(CENTRE, objection_desk.forward, case.id, after=case.after, token=form, note="请立即核实")
    assert together([other]) == ["workflow.form-used"]
    assert [each.action for each in CaseStep.objects.order_by("number")] == ["lodge", "forward", "withdraw"]
