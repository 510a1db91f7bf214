"""Nobody looks without a purpose of the register, nor at a person without an authorisation that lives; each refusal names its condition."""

import itertools
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from hypothesis import settings

from tests.intake import made
from tests.rights.conftest import NOTE, OF_PERSONS, PENALTY, Hall
from xinyong.catalogue.schema import Grade
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.rights import consent, purposes, queries, whose
from xinyong.rights.models import KeptAnswer
from xinyong.security import quotas, scope
from xinyong.security.access import Actor, FactorNeeded, NotAllowed, Role
from xinyong.security.models import AuditEntry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
#: Random histories in the suite; ``XINYONG_TEST_PROFILE=evidence`` makes them many.
HISTORIES = 4 if settings().max_examples < 1000 else 200


def test_by_authorisation_a_bank_sees_a_persons_record_masked_and_logged(hall: Hall) -> None:
    given = hall.gives()
    seen = hall.looks()
    assert (seen.authorisation, seen.items, seen.level) == (given.number, (OF_PERSONS,), Grade.AUTHORISED)
    [row] = seen.rows
    fields = dict(row.fields)
    assert row.item_id == OF_PERSONS
    assert fields["行政处罚决定书文号"].startswith("云示罚")
    assert hall.person.number not in str(seen.rows)
    entry = AuditEntry.objects.filter(event="authorised-queried").latest("id")
    assert (entry.actor, entry.department, entry.purpose) == (hall.program.name, hall.bank.code, f"loan: {NOTE}")
    assert entry.object_ref == hall.about("person", hall.program).ref
    assert (entry.facts["authorisation"], entry.facts["items"], entry.facts["level"]) == (
        given.number,
        OF_PERSONS,
        "authorised",
    )
    hall.withdraws(given)


def test_an_organisations_shared_records_need_a_purpose_only(hall: Hall) -> None:
    seen = hall.looks("organisation", by=hall.reader, purpose="licensing", items=[PENALTY])
    assert [row.item_id for row in seen.rows] == [PENALTY]
    assert seen.ref == "", "only a program fetches again"


@pytest.mark.parametrize(
    ("code", "of", "by", "wanted"),
    [
        ("rights.purpose-needed", "organisation", "reader", {"purpose": "curiosity"}),
        ("rights.purpose-needed", "organisation", "reader", {"purpose": "licensing", "note": "看"}),
        ("rights.purpose-not-yours", "organisation", "reader", {"purpose": "loan"}),
        ("rights.purpose-not-yours", "organisation", "program", {"purpose": "licensing"}),
        ("rights.purpose-not-yours", "organisation", "reader", {"purpose": "emergency"}),
        ("rights.item-not-allowed", "organisation", "program", {"items": ["water-fee"]}),
        ("rights.item-not-allowed", "person", "program", {"items": [PENALTY]}),
        ("rights.level-beyond-purpose", "organisation", "reader", {"purpose": "inspection", "level": Grade.AUTHORISED}),
        ("rights.withheld-too-long", "organisation", "reader", {"purpose": "inspection", "withheld_days": 31}),
        ("rights.withheld-too-long", "organisation", "reader", {"purpose": "licensing", "withheld_days": 1}),
        ("rights.withheld-without-basis", "organisation", "reader", {"purpose": "inspection", "withheld_days": 30}),
        ("rights.no-authorisation", "organisation", "program", {}),
        ("rights.no-authorisation", "person", "reader", {"purpose": "licensing"}),
        ("rights.no-authorisation", "organisation", "reader", {"purpose": "licensing", "level": Grade.AUTHORISED}),
    ],
)  # fmt: skip
def test_a_refusal_says_which_condition_failed(
    fresh: Hall, noted: object, code: str, of: str, by: str, wanted: dict[str, object]
) -> None:
    with pytest.raises(XinyongError) as refused:
        fresh.looks(of, by=getattr(fresh, by), **wanted)
    assert refused.value.code == code
    assert noted() == [], "and nothing was looked at"  # type: ignore[operator]


def test_each_way_an_authorisation_fails_has_its_own_word(fresh: Hall) -> None:
    given = fresh.gives(days=1)
    with pytest.raises(queries.ItemsNotAuthorised):
        fresh.looks(items=[OF_PERSONS, "admin-licence-person"])
    with pytest.raises(queries.OtherPurpose) as refused:
        fresh.looks(purpose="benefit")
    assert refused.value.facts["invariant"] == "E_PURPOSE"
    with pytest.raises(queries.AuthorisationEnded):
        fresh.looks(at=given.valid_to)
    fresh.withdraws(given)
    with pytest.raises(queries.AuthorisationWithdrawn) as withdrawn:
        fresh.looks()
    assert withdrawn.value.facts["invariant"] == "E_WITHDRAWN"
    with pytest.raises(queries.NoAuthorisation) as none:
        fresh.looks(by=fresh.reader, purpose="licensing")
    assert none.value.facts["invariant"] == "E_PERSON_PUBLIC"


def test_an_authorisation_is_its_recipients_alone(fresh: Hall) -> None:
    fresh.gives()
    with pytest.raises(queries.NoAuthorisation):
        fresh.looks(by=replace(fresh.program, department=made.department().code), purpose="benefit")
    nowhere = Actor(role=Role.OPERATOR, name="operator")
    with pytest.raises(queries.NoAuthorisation):
        fresh.looks(by=nowhere, purpose="licensing")


def test_what_a_grant_does_not_reach_no_authorisation_opens(fresh: Hall) -> None:
    fresh.gives()
    with pytest.raises(queries.ItemNotAllowed):
        fresh.looks(by=replace(fresh.program, items=frozenset({"honour"})))
    with pytest.raises(FactorNeeded):
        fresh.looks("organisation", by=replace(fresh.reader, is_fresh=False), purpose="licensing")
    with pytest.raises(NotAllowed):
        fresh.looks("organisation", by=made.AUDITOR, purpose="licensing")


def test_the_quota_of_a_day_is_the_last_condition_and_counts_refused_ones_for_nothing(fresh: Hall) -> None:
    by = replace(fresh.reader, account_id=7_000_000 + fresh.ids["person"])
    with override_settings(QUERIES_DAILY=2):
        with pytest.raises(queries.NoAuthorisation):
            fresh.looks(by=by, purpose="licensing")
        for _ in range(2):
            fresh.looks("organisation", by=by, purpose="licensing")
        with pytest.raises(quotas.QuotaSpent) as spent:
            fresh.looks("organisation", by=by, purpose="licensing")
        assert spent.value.facts["span"] == "day"


def test_a_programs_calls_are_counted_at_the_door_and_not_again(fresh: Hall) -> None:
    fresh.gives("organisation")
    with override_settings(QUERIES_DAILY=1):
        assert [fresh.looks("organisation").purpose.id for _ in range(3)] == ["loan"] * 3


def test_whether_somebody_is_on_file_is_told_to_nobody_they_did_not_authorise(fresh: Hall) -> None:
    stranger = replace(fresh, person=made.person())
    with pytest.raises(queries.NoAuthorisation) as unknown:
        stranger.looks()
    with pytest.raises(queries.NoAuthorisation) as known:
        fresh.looks()
    assert (unknown.value.zh, unknown.value.facts) == (known.value.zh, known.value.facts)
    asked = [replace(one.asks(), id=0, asked_at=made.NOW, lapses_at=made.NOW) for one in (stranger, fresh)]
    assert asked[0] == asked[1]
    for one in (stranger, fresh):
        with pytest.raises(consent.StillOpen):
            one.asks()
    assert stranger.about("person").id == stranger.about("person").key < 0


def test_one_subject_is_named_in_one_way(fresh: Hall) -> None:
    for both in ({}, {"code": fresh.organisation.code, "certificate": fresh.person.number}):
        with pytest.raises(whose.OneSubject):
            whose.find(by=fresh.reader, **both)
    assert whose.find(certificate=fresh.person.number.lower(), by=fresh.reader) == fresh.about("person")


def test_a_program_fetches_its_answer_again_for_a_day_and_nobody_else_does(fresh: Hall) -> None:
    given = fresh.gives()
    seen = fresh.looks()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM rights_keptanswer WHERE ref = %s", [seen.ref])
        assert NOTE.encode() not in bytes(cursor.fetchone()[0])
    with scope.acting(fresh.program):
        assert queries.fetch(seen.ref, seen_by=fresh.program, at=clock.now()).rows == seen.rows
        with pytest.raises(queries.AnswerGone):
            queries.fetch(seen.ref, seen_by=fresh.program, at=clock.now() + queries.KEPT_FOR)
    other = replace(fresh.program, name="xy-other")
    with scope.acting(other), pytest.raises(queries.AnswerGone):
        queries.fetch(seen.ref, seen_by=other, at=clock.now())
    entry = AuditEntry.objects.filter(event="authorised-queried").latest("id")
    assert entry.facts["again"] is True
    assert queries.sweep(now=clock.now() + queries.KEPT_FOR) >= 1
    assert not KeptAnswer.objects.filter(ref=seen.ref).exists()
    fresh.withdraws(given)


def test_an_answer_whose_authorisation_ran_out_is_not_fetched_again(fresh: Hall) -> None:
    given = fresh.gives(days=1)
    seen = fresh.looks(at=given.valid_to - timedelta(hours=1))
    with scope.acting(fresh.program), pytest.raises(queries.AnswerGone):
        queries.fetch(seen.ref, seen_by=fresh.program, at=given.valid_to)


def test_the_register_is_dated_and_every_purpose_has_its_basis() -> None:
    assert len(purposes.published(on=made.TODAY)) == len({one.id for one in purposes.register()})
    assert all(one.bases and one.roles for one in purposes.register())
    assert [one.id for one in purposes.register() if one.is_emergency] == ["emergency"]
    assert all(bool(one.withheld_days) == bool(one.withheld_basis) for one in purposes.register())
    assert all(one.max_days for one in purposes.register() if one.needs_authorisation)
    one = purposes.find("loan", on=made.TODAY)
    ended = replace(one, valid_to=made.TODAY)
    assert (ended.holds(made.TODAY - timedelta(days=1)), ended.holds(made.TODAY)) == (True, False)
    with pytest.raises(purposes.PurposeNeeded):
        purposes.find("loan", on=date(2020, 1, 1))
    assert purposes.words("loan: 云信贷〔2026〕1号")[1] == "Deciding and watching a loan"
    assert purposes.words("随便看看") == ("", "")


def test_every_item_and_section_of_the_register_is_in_the_catalogue(hall: Hall) -> None:
    from xinyong.catalogue import publish

    known = {one.id for one in publish.items()}
    for one in purposes.register():
        assert one.items <= known, one.id
        assert purposes.items(one, on=made.TODAY), one.id


def test_in_an_emergency_one_looks_without_and_it_is_marked_for_ever(fresh: Hall) -> None:
    about = fresh.about("person")
    with scope.acting(fresh.reader):
        seen = queries.break_glass(
            about, items=[OF_PERSONS], reason="危化品泄漏须立即联系负责人", seen_by=fresh.reader, at=clock.now()
        )
        with pytest.raises(queries.ItemNotAllowed):
            queries.break_glass(about, items=[PENALTY], reason="危化品泄漏", seen_by=fresh.reader, at=clock.now())
    assert (seen.purpose.id, seen.authorisation) == ("emergency", "")
    entry = AuditEntry.objects.filter(event="glass-broken").latest("id")
    assert (entry.object_ref, entry.purpose) == (about.ref, "emergency: 危化品泄漏须立即联系负责人")
    for who in (fresh.program, Actor(role=Role.SOURCE_UNIT, name="clerk", department=fresh.unit.code)):
        with pytest.raises(NotAllowed):
            queries.break_glass(about, items=[OF_PERSONS], reason="想看看而已", seen_by=who, at=clock.now())


def test_the_entry_stands_before_anything_is_read(fresh: Hall) -> None:
    asked: list[str] = []

    def noting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append("entry" if "INTO security_auditentry" in sql else "records" if "FROM record r" in sql else "")
        return execute(sql, params, many, context)

    fresh.gives()
    with connection.execute_wrapper(noting):
        fresh.looks()
    assert [one for one in asked if one] == ["entry", "records"]


@dataclass(frozen=True, slots=True)
class _Given:
    """An authorisation in the naive model: what it was given for, from when to when."""

    purpose: str
    items: frozenset[str]
    starts: int
    ends: float


def _lives(model: dict[int, _Given], purpose: str, items: set[str], hour: int) -> bool:
    """The naive model: some authorisation for this purpose and all of these items holds at this hour."""
    return any(
        one.purpose == purpose and items <= one.items and one.starts <= hour < one.ends for one in model.values()
    )


_ITEMS = {
    "loan": ("admin-penalty-person", "admin-licence-person"),
    "benefit": ("admin-licence-person", "professional-title"),
}


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_query_succeeds_exactly_when_an_authorisation_lives(hall: Hall, fresh: Hall, seed: int) -> None:
    """Random histories of asking, giving, refusing, withdrawing and running out, against a model that only counts."""
    chance, model, begins = random.Random(f"consents {seed}"), {}, clock.now()
    who, waiting, outcomes = fresh.owner("person"), {}, set()
    for hour in range(0, 24 * 6, 4):
        at = begins + timedelta(hours=hour)
        purpose = chance.choice([*_ITEMS])
        wanted = sorted(chance.sample(_ITEMS[purpose], chance.choice([1, 2])))
        match chance.choice(["ask", "give", "answer", "refuse", "withdraw", "nothing"]):
            case "ask":
                try:
                    asked = fresh.asks(purpose=purpose, items=wanted, days=chance.choice([1, 2, 3]), at=at)
                    waiting[asked.id] = asked
                except (consent.StillOpen, consent.AskedAgain):
                    pass
            case "give":
                days = chance.choice([1, 2])
                made_one = fresh.gives(purpose=purpose, items=wanted, days=days, at=at)
                model[made_one.id] = _Given(purpose, frozenset(wanted), hour, hour + 24 * days)
            case "answer" if waiting:
                asked = waiting.pop(chance.choice([*waiting]))
                with scope.acting(who):
                    given = consent.give(asked.id, by=who, at=at)
                model[given.id] = _Given(asked.purpose, frozenset(asked.items), hour, hour + 24 * asked.days)
            case "refuse" if waiting:
                with scope.acting(who):
                    consent.refuse(waiting.pop(chance.choice([*waiting])).id, by=who, at=at)
            case "withdraw" if model:
                number = chance.choice([*model])
                with scope.acting(who):
                    consent.withdraw(number, by=who, at=at)
                model[number] = replace(model[number], ends=min(model[number].ends, hour))
        for asked_for, item_set in itertools.product(_ITEMS, ((0,), (1,), (0, 1))):
            items = [_ITEMS[asked_for][place] for place in item_set]
            try:
                fresh.looks(purpose=asked_for, items=items, at=at)
                succeeded = True
            except (
                queries.NoAuthorisation, queries.OtherPurpose, queries.ItemsNotAuthorised, queries.AuthorisationEnded,
                queries.AuthorisationWithdrawn,
            ):  # fmt: skip
                succeeded = False
            outcomes.add(succeeded)
            assert succeeded is _lives(model, asked_for, set(items), hour), (seed, hour, asked_for, items)
    assert outcomes == {True, False}
