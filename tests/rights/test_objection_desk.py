"""异议 The desk and the clock: who sees a case when, in which order, what is told, extended, paused, and never changed."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import made
from tests.rights.objecting import (
    CENTRE,
    SECOND,
    Matter,
    desk,
    forwarded,
    lodge,
    matter,
    on,
    own,
    paper,
    refusal,
    refused,
    token,
)
from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.records.models import Annotation
from xinyong.rights import objection, objection_desk, reminders
from xinyong.security import scope
from xinyong.security.access import Actor, Role
from xinyong.security.models import AuditEntry
from xinyong.workflow import cases, notices, subject_notices
from xinyong.workflow.kinds import Kind
from xinyong.workflow.models import Case, CaseDocument, CaseStep

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


def test_each_step_has_actor_time_reason_and_one_entry(one: Matter) -> None:
    before = AuditEntry.objects.latest("id").pk
    case = forwarded(one)
    desk(one.source, objection_desk.answer, case, outcome="refuse", changes={}, reason="与决定书一致")
    told = AuditEntry.objects.filter(id__gt=before).order_by("id")
    steps = [(each.event, each.role, each.facts["step"]) for each in told if each.event.startswith("case-")]
    assert steps == [
        ("case-opened", "subject", "lodge"), ("case-step", "operator", "forward"), ("case-step", "source_unit", "answer"),
    ]  # fmt: skip
    rows = CaseStep.objects.filter(case_id=case.id).order_by("number")
    assert [(each.number, each.party, each.by_name, each.unit) for each in rows] == [
        (1, "subject", one.by.name, one.who.name), (2, "centre", "centre", objection_desk._unit(CENTRE)),
        (3, "source", "clerk", one.unit.name),
    ]  # fmt: skip


def test_the_unit_sees_a_case_only_once_it_was_forwarded_and_no_other_unit_ever(one: Matter, tmp_path: Path) -> None:
    case = lodge(one)
    stranger = matter(tmp_path)
    for by, is_its in ((one.source, True), (stranger.source, False)):
        with scope.acting(by):
            assert (
                refusal(lambda by=by: objection_desk.find(case.id, seen_by=by, at=clock.now()))
                == "workflow.unknown-case"
            )
            assert not Case.objects.filter(pk=case.id).exists(), "nor does the database show it"
        assert is_its or by is stranger.source
    desk(CENTRE, objection_desk.forward, case)
    with scope.acting(one.source):
        seen = objection_desk.find(case.id, seen_by=one.source, at=clock.now())
        assert "answer" in seen.may
        assert not {"forward", "uphold", "refuse"} & seen.may
        told = notices.inbox(seen_by=one.source)
        assert [(each.kind, each.link) for each in told] == [(Kind.OBJECTION, f"/office/objections/{case.id}/")]
    with scope.acting(stranger.source):
        assert not Case.objects.filter(pk=case.id).exists()
        assert not CaseStep.objects.filter(case_id=case.id).exists()
    with scope.acting(stranger.by):
        assert refusal(lambda: objection.find(case.id, by=stranger.by, at=clock.now())) == "workflow.unknown-case"
        assert not Case.objects.filter(pk=case.id).exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            Annotation.objects.create(
                subject_id=one.by.subject,
                key_digest=bytes(16),
                kind="statement",
                case_id=case.id,
                text="x",
                noted_at=clock.now(),
            )


@pytest.mark.parametrize(
    "table", ["workflow_casestep", "workflow_casedocument", "records_annotation", "records_annotationend"]
)
def test_what_was_done_is_never_changed(one: Matter, table: str) -> None:
    refused(one)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


def test_a_case_moves_and_changes_in_nothing_else(one: Matter) -> None:
    case = lodge(one)
    with pytest.raises(DatabaseError), transaction.atomic():
        Case.objects.filter(pk=case.id).update(subject_code="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        Case.objects.filter(pk=case.id).delete()


def test_the_inbox_is_in_the_order_of_what_presses_with_search_and_pages(tmp_path: Path) -> None:
    with on("2026-06-16"):
        first = matter(tmp_path)
        lodge(first)
    with on("2026-06-18"):
        second = matter(tmp_path)
        lodge(second)
        extended = forwarded(first_again := matter(tmp_path))
        desk(SECOND, objection_desk.extend, extended, term="whole", days=10, reason="案情复杂，经负责人批准")
        ours = {each.who.code for each in (first, second, first_again)}
        order: list[str] = []
        after = ""
        with scope.acting(CENTRE):
            while True:
                page = objection_desk.inbox(after=after, limit=2, seen_by=CENTRE, at=clock.now())
                order += [each.case.subject_code for each in page.lines if each.case.subject_code in ours]
                after = page.next_after
                if not after:
                    break
            assert order == [first.who.code, second.who.code, first_again.who.code]
            found = objection_desk.inbox(text=second.who.name[3:7], seen_by=CENTRE, at=clock.now())
            assert second.who.code in {each.case.subject_code for each in found.lines}
            bad = partial(objection_desk.inbox, after="x" * 40, seen_by=CENTRE, at=clock.now())
            assert refusal(bad) == "workflow.bad-place"


def test_many_are_forwarded_at_once_each_by_itself_and_a_replay_forwards_none_twice(tmp_path: Path) -> None:
    opened = [lodge(matter(tmp_path)) for _ in range(3)]
    desk(CENTRE, objection_desk.forward, opened[0])
    chosen, form = [(each.id, each.after) for each in opened], token()
    with scope.acting(CENTRE):
        done, kept = objection_desk.bulk("forward", chosen, token=form, by=CENTRE, at=clock.now())
        assert (done, [(case, error.code) for case, error in kept]) == (
            2, [(opened[0].id, "workflow.case-moved-meanwhile")],
        )  # fmt: skip
        objection_desk.bulk("forward", chosen, token=form, by=CENTRE, at=clock.now())
    counts = [CaseStep.objects.filter(case_id=each.id, action="forward").count() for each in opened]
    assert counts == [1, 1, 1]


def test_overdue_is_told_escalated_once_and_shown_in_hours(one: Matter) -> None:
    with on("2026-06-15", 11):
        case = forwarded(one)
    with on("2026-06-23"):  # five working days after the 15th, the Dragon Boat festival (19 June) between them
        view = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar())
        assert (view.pressing.due_on.isoformat(), view.pressing.hours_over) == ("2026-06-23", 0)  # type: ignore[union-attr]
        assert reminders.follow(by=made.SYSTEM, at=clock.now()).near >= 1
        assert reminders.follow(by=made.SYSTEM, at=clock.now()).near == 0
    with on("2026-06-24", 15):
        assert reminders.follow(by=made.SYSTEM, at=clock.now()).over >= 1
        reminders.follow(by=made.SYSTEM, at=clock.now())
        with scope.acting(CENTRE):
            page = objection_desk.inbox(is_over=True, text=one.who.code, seen_by=CENTRE, at=clock.now())
        assert [each.term.hours_over for each in page.lines if each.term] == [15]
        assert CaseStep.objects.filter(case_id=case.id, action="escalate").count() == 1
        with scope.acting(one.source):
            told = [each.kind for each in notices.inbox(seen_by=one.source)]
        assert told == [Kind.OBJECTION_OVERDUE, Kind.OBJECTION_NEAR, Kind.OBJECTION]


def test_an_extension_is_anothers_to_grant_once_and_within_the_regulation(one: Matter) -> None:
    case = forwarded(one)
    extend = {"term": "whole", "reason": "案情复杂，经负责人批准"}
    own_hand = partial(desk, CENTRE, objection_desk.extend, case, days=5, **extend)
    assert refusal(own_hand) == "workflow.step-not-yours"
    too_long = partial(desk, SECOND, objection_desk.extend, case, days=16, **extend)
    assert refusal(too_long) == "rights.objection-extension"
    before = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar()).pressing
    case = desk(SECOND, objection_desk.extend, case, days=15, **extend)
    after = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar()).pressing
    assert before is not None
    assert after is not None
    assert (after.days + after.extended_by, after.due_on > before.due_on) == (20, True)  # type: ignore[operator]
    twice = partial(
        desk, Actor(role=Role.OPERATOR, name="third", account_id=903), objection_desk.extend, case, days=1, **extend
    )
    assert refusal(twice) == "workflow.step-not-now"


def test_the_clock_stands_still_only_where_the_regulation_says_so(one: Matter, settings: Any) -> None:
    case = forwarded(one)
    pause = {"cause": "expert-test", "reason": "委托鉴定机构鉴定笔迹"}
    assert refusal(lambda: desk(one.source, objection_desk.pause, case, **pause)) == "rights.objection-pause"
    settings.REMEDY_PROFILE = "henan"
    with on("2026-06-15"):
        theirs = matter(one.folder)
        case = forwarded(theirs)
    with on("2026-06-16"):
        case = desk(theirs.source, objection_desk.pause, case, **pause)
        view = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar())
        assert view.pressing is not None
        assert (view.state.id, view.pressing.due_on) == ("paused", None)
    with on("2026-06-29"):
        case = desk(theirs.source, objection_desk.resume, case)
        view = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar())
        due = {term.id: str(term.due_on) for term in view.terms if term.is_running}
    assert view.state.id == "with-source"
    assert due == {"source": "2026-07-01", "whole": "2026-07-07"}


def test_a_case_goes_on_under_the_procedure_it_was_taken_under(one: Matter, settings: Any) -> None:
    case = lodge(one)
    settings.REMEDY_PROFILE = "shenzhen"
    view = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar())
    assert (view.procedure.id, [term.id for term in view.terms]) == ("zhejiang", ["whole"])


def test_more_papers_may_be_asked_for_and_added_while_it_is_open(one: Matter, tmp_path: Path) -> None:
    case = desk(one.source, objection_desk.ask, forwarded(one), reason="请补充决定书全文")
    case = own(one, objection.add, case, papers=[paper(tmp_path)], note="决定书全文")
    assert [each.step for each in CaseDocument.objects.filter(case_id=case.id).order_by("number")] == [1, 4]
    nothing = partial(own, one, objection.add, case, papers=[], note=" ")
    assert refusal(nothing) == "workflow.reason-missing"


def test_the_organisation_is_told_that_it_was_answered(one: Matter) -> None:
    case = refused(one)
    with scope.acting(one.by):
        found = subject_notices.inbox(seen_by=one.by)
    assert [(each.kind.value, each.link) for each in found] == [("objection-answered", f"/own/objections/{case.id}/")]


def test_a_unit_that_does_not_answer_is_done_without_and_one_asked_again_has_its_term_anew(
    one: Matter, settings: Any
) -> None:
    settings.REMEDY_PROFILE = "henan"
    with on("2026-06-16"):
        case = forwarded(one)
    with on("2026-06-24"):
        case = desk(CENTRE, objection_desk.recall, case, reason="逾期未答复，由信用中心自行核实")
        case = desk(CENTRE, objection_desk.forward, case)
        view = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar())
        told = [(str(term.due_on), term.is_running, term.is_over) for term in view.terms if term.id == "source"]
        assert told == [("2026-06-22", False, True), ("2026-06-29", True, False)], "what was late stays late"
        case = desk(CENTRE, objection_desk.recall, case, reason="再次逾期，由信用中心自行核实")
        assert (
            desk(CENTRE, objection_desk.decide, case, outcome="refuse", changes={}, reason="与决定书一致").state.id
            == "refused"
        )
