"""Impact assessments: written by one, agreed to by another, good to a day; without one nothing about persons is published."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from tests.catalogue import samples
from tests.intake import made
from xinyong.catalogue import assessment, publish
from xinyong.catalogue.assessment import Answers, AssessmentView, Reason, State
from xinyong.catalogue.models import Assessment, AssessmentForce
from xinyong.catalogue.schema import Grade, Item
from xinyong.kernel import clock
from xinyong.security import approvals, audit, gate, identity
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role
from xinyong.security.models import Account

pytestmark = pytest.mark.django_db

PERSONS, ORGANISATIONS, HARMLESS = "admin-penalty-person", "admin-penalty-org", "intellectual-property"
SAID = Answers(
    "依据行政处罚法和省条例归集，只限目录规定的数据项，方式必要相称。", "被处罚人可能因此受到限制，误关联会伤及他人，风险较高。",
    "逐字段加密，按授权查询并留痕，期满删除，措施与风险相适应。",
)  # fmt: skip


@pytest.fixture
def first() -> Actor:
    return _operator("first")


@pytest.fixture
def second() -> Actor:
    return _operator("second")


def _operator(name: str) -> Actor:
    identity.create_account(
        username=name, password="correct horse battery staple", display_name=name, role="operator", department=None,
        by=made.SYSTEM,
    )  # fmt: skip
    return replace(
        gate.actor_for(Account.objects.get(username=name), address="127.0.0.1"), is_verified=True, is_fresh=True
    )


def _write(by: Actor, *items: str, **changes: Any) -> AssessmentView:
    given: dict[str, Any] = {
        "title": "行政处罚（自然人）影响评估", "items": [publish.current(one) for one in items or (PERSONS,)],
        "reasons": [Reason.SENSITIVE, Reason.SHARING, Reason.PUBLISHING], "answers": SAID,
        "valid_until": clock.today() + timedelta(days=365), "by": by, "at": clock.now(),
    }  # fmt: skip
    return assessment.write(**given | changes)


def _agreed(one: AssessmentView, first: Actor, second: Actor) -> AssessmentView:
    asked = assessment.ask(one.id, reason="年度评估", by=first, at=clock.now())
    approvals.decide(asked.id, agrees=True, by=second, at=clock.now())
    return assessment.put_in_force(one.id, by=first, at=clock.now())


def _next(item_id: str, **changes: Any) -> Item:
    item = publish.current(item_id)
    return replace(item, version=item.version + 1, effective_from=clock.today() + timedelta(days=30), **changes)


@pytest.mark.parametrize(
    ("item", "reasons"),
    [
        (PERSONS, {Reason.SENSITIVE, Reason.SHARING}),
        ("professional-title", {Reason.SENSITIVE, Reason.SHARING}),
        (ORGANISATIONS, {Reason.SENSITIVE, Reason.SHARING}),
        (HARMLESS, set()),
        ("organisation-register", set()),
    ],
)
def test_why_an_item_needs_an_assessment_follows_from_the_catalogue(item: str, reasons: set[Reason]) -> None:
    assert set(assessment.reasons_of(publish.current(item))) == reasons


def test_what_set_up_installed_is_published_and_stands_as_a_duty() -> None:
    due = {one.id for one in assessment.lacking(publish.items(), on=clock.today())}
    assert {PERSONS, ORGANISATIONS, "admin-licence-person"} <= due
    assert HARMLESS not in due
    samples.assessed(publish.current(PERSONS))
    assert due - {one.id for one in assessment.lacking(publish.items(), on=clock.today())} == {PERSONS}


def test_a_version_about_persons_is_published_only_under_an_assessment_in_force(first: Actor, second: Actor) -> None:
    draft = _next(PERSONS, update_cycle="每日")
    publish.draft(draft, by=made.SYSTEM)
    written = _write(first)
    for by in (made.SYSTEM, first):
        with pytest.raises(assessment.AssessmentMissing, match="E_ASSESSMENT"):
            publish.publish(PERSONS, draft.version, by=by)
    _agreed(written, first, second)
    publish.publish(PERSONS, draft.version, by=made.SYSTEM)


@pytest.mark.parametrize("wider", ["a new personal field", "more open"])
def test_an_assessment_covers_what_it_was_written_of_and_no_more(wider: str) -> None:
    item = publish.current(ORGANISATIONS)
    samples.assessed(item)
    assert assessment.lacking([item], on=clock.today()) == []
    assert assessment.lacking([replace(item, fields=item.fields[:-1])], on=clock.today()) == []
    if wider == "more open":
        shared = replace(publish.current(PERSONS), disclosure=Grade.SHARED)
        samples.assessed(publish.current(PERSONS))
        assert [one.id for one in assessment.lacking([shared], on=clock.today())] == [PERSONS]
    else:
        plain = next(one for one in item.fields if not one.is_personal and one.code not in assessment.fields_of(item))
        fields = tuple(replace(one, is_personal=True) if one is plain else one for one in item.fields)
        assert [one.id for one in assessment.lacking([replace(item, fields=fields)], on=clock.today())] == [item.id]


def test_it_takes_two_and_the_second_agrees_to_this_very_text(first: Actor, second: Actor) -> None:
    one = _write(first)
    assert one.state is State.WRITTEN
    with pytest.raises(approvals.ConsentNeeded):
        assessment.put_in_force(one.id, by=first, at=clock.now())
    with pytest.raises(assessment.NotTheWriter):
        assessment.ask(one.id, reason="别人的", by=second, at=clock.now())
    asked = assessment.ask(one.id, reason="年度评估", by=first, at=clock.now())
    assert (asked.facts["text"], asked.facts["items"]) == (one.digest, [PERSONS])
    with pytest.raises(approvals.OwnRequest):
        approvals.decide(asked.id, agrees=True, by=first, at=clock.now())
    approvals.decide(asked.id, agrees=True, by=second, at=clock.now())
    done = assessment.put_in_force(one.id, by=first, at=clock.now())
    assert (done.state, done.agreed_by, done.written_by) == (State.IN_FORCE, "second", "first")
    with pytest.raises(assessment.AlreadyInForce):
        assessment.put_in_force(one.id, by=first, at=clock.now())
    events = [
        (e.event, e.facts.get("digest"))
        for e in audit.entries(seen_by=made.AUDITOR, limit=20)
        if e.object_kind == "assessment"
    ]
    assert events == [("assessment-in-force", one.digest), ("assessment-written", one.digest)]


def test_a_newer_one_takes_its_place_once_it_is_in_force_and_every_one_ends(first: Actor, second: Actor) -> None:
    old = _agreed(_write(first), first, second)
    new = _write(first, supersedes=old.id, title="新一年的评估")
    seen = {one.id: one.state for one in assessment.listing(seen_by=first, on=clock.today())}
    assert seen == {old.id: State.IN_FORCE, new.id: State.WRITTEN}
    _agreed(new, first, second)
    seen = {one.id: one.state for one in assessment.listing(seen_by=first, on=clock.today())}
    assert seen == {old.id: State.SUPERSEDED, new.id: State.IN_FORCE}
    assert assessment.find(old.id, seen_by=first, on=clock.today()).superseded_by == new.id
    last = new.valid_until
    assert assessment.covering(publish.current(PERSONS), assessment.in_force(on=last)) is not None
    assert assessment.in_force(on=last + timedelta(days=1)) == []
    assert assessment.find(new.id, seen_by=first, on=last + timedelta(days=1)).state is State.OVER


@pytest.mark.parametrize(
    "changes",
    [
        {"title": " "},
        {"items": []},
        {"reasons": []},
        {"reasons": [Reason.SHARING]},  # the item is sensitive too
        {"answers": Answers("短", SAID.effects, SAID.measures)},
        {"answers": Answers(SAID.lawful, " " * 40, SAID.measures)},
        {"answers": Answers(SAID.lawful, SAID.effects, "长" * 4001)},
        {"valid_until": "today"},
        {"valid_until": "too far"},
    ],
)
def test_an_assessment_is_whole_or_is_not_kept(changes: dict[str, Any], first: Actor) -> None:
    days: dict[str, date] = {
        "today": clock.today(), "too far": clock.today() + timedelta(days=settings.ASSESSMENT_DAYS + 1)
    }  # fmt: skip
    with pytest.raises(assessment.BadAssessment):
        _write(
            first,
            **{name: days.get(value, value) if isinstance(value, str) else value for name, value in changes.items()},
        )
    assert not Assessment.objects.exists()
    with pytest.raises(assessment.UnknownAssessment):
        _write(first, supersedes=77)


def test_no_assessment_is_ever_changed_or_removed(first: Actor) -> None:
    samples.assessed(publish.current(PERSONS))
    for act in (
        lambda: Assessment.objects.update(lawful="x"), lambda: Assessment.objects.all()._raw_delete("default"),
        lambda: AssessmentForce.objects.update(agreed_by="x"), lambda: AssessmentForce.objects.all()._raw_delete("default"),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


@pytest.mark.parametrize("by", [PUBLIC, made.AUDITOR, Actor(role=Role.SOURCE_UNIT, name="clerk", department="x")])
def test_who_writes_and_who_reads_is_the_policys_word(by: Actor) -> None:
    with pytest.raises(NotAllowed):
        _write(by)
    if by.role is Role.AUDITOR:
        assert assessment.listing(seen_by=by, on=clock.today()) == []
        with pytest.raises(assessment.UnknownAssessment):
            assessment.find(1, seen_by=by, on=clock.today())
    else:
        with pytest.raises(NotAllowed):
            assessment.listing(seen_by=by, on=clock.today())
