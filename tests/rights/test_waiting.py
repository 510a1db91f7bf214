"""A request finds somebody who is on no file and has no account, on the day they prove who they are; the asking unit learns nothing of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from tests.intake import made
from tests.rights.conftest import OF_PERSONS, Hall
from xinyong.kernel import clock
from xinyong.rights import access_log, consent, queries, whose
from xinyong.rights.consent_view import State
from xinyong.rights.models import ConsentRequest
from xinyong.security import gate, persons, quotas, scope
from xinyong.security.access import Actor
from xinyong.security.models import Account
from xinyong.subjects import persons as register

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def stranger(fresh: Hall) -> Hall:
    """The hall with a person of whom nobody has ever reported anything."""
    return replace(fresh, person=made.person())


def admitted(hall: Hall) -> Actor:
    """The person with an account made at the counter, as they act now."""
    view, _ = persons.admit(
        persons.identity(hall.person.name, hall.person.number, today=clock.today()), by=made.OPERATOR, at=clock.now()
    )
    return acting(view.account_id)


def acting(account_id: int) -> Actor:
    return gate.actor_for(Account.objects.get(pk=account_id), address=None)


def as_subject(who: Actor, deed: Callable[[], Any]) -> Any:
    with scope.acting(who):
        return deed()


def put_on_file(hall: Hall, tmp_path: Any) -> None:
    """A department reports something about the person."""
    made.hand_in(made.csv_file(tmp_path / "p.csv", [made.person_row(hall.person, hall.unit)]), OF_PERSONS, hall.unit)


def test_what_was_asked_before_the_account_is_found_answered_and_queried(stranger: Hall) -> None:
    asked = stranger.asks()
    who = admitted(stranger)
    assert who.subject is None, "nothing is on file of them"
    seen = as_subject(who, lambda: consent.of_subject(by=who, at=clock.now()))
    assert [one.id for one in seen.waiting] == [asked.id]
    assert as_subject(who, lambda: consent.waiting(by=who, at=clock.now())) == 1
    given = as_subject(who, lambda: consent.give(asked.id, by=who, at=clock.now()))
    answer = stranger.looks()
    assert (answer.authorisation, answer.rows) == (given.number, ()), "who was allowed may know that there is nothing"
    shown, total = as_subject(who, lambda: access_log.of(by=who, at=clock.now()))
    assert (total, shown[0].authorisation) == (1, given.number)
    as_subject(who, lambda: consent.withdraw(given.id, by=who, at=clock.now()))
    with pytest.raises(queries.AuthorisationWithdrawn):
        stranger.looks()


def test_what_was_said_before_something_came_on_file_holds_afterwards(stranger: Hall, tmp_path: Any) -> None:
    asked, other = stranger.asks(), stranger.asks(purpose="benefit", items=["admin-licence-person"])
    who = admitted(stranger)
    given = as_subject(who, lambda: consent.give(asked.id, by=who, at=clock.now()))
    put_on_file(stranger, tmp_path)
    assert len(stranger.looks().rows) == 1
    on_file = register.settled(acting(who.account_id or 0))
    assert (on_file.subject or 0) > 0
    seen = as_subject(on_file, lambda: consent.of_subject(by=on_file, at=clock.now()))
    assert [one.id for one in seen.waiting] == [other.id]
    assert [one.id for one in seen.live] == [given.id]
    as_subject(on_file, lambda: consent.refuse(other.id, by=on_file, at=clock.now()))
    with pytest.raises(consent.AskedAgain):
        stranger.asks(purpose="benefit", items=["admin-licence-person"])
    as_subject(on_file, lambda: consent.withdraw(given.id, by=on_file, at=clock.now()))
    with pytest.raises(queries.AuthorisationWithdrawn):
        stranger.looks()


def test_a_program_fetches_again_what_it_learnt_of_somebody_who_is_on_no_file(stranger: Hall) -> None:
    who = admitted(stranger)
    as_subject(
        who,
        lambda: consent.give_unasked(
            stranger.bank.code, purpose="loan", items=[OF_PERSONS], days=7, by=who, at=clock.now()
        ),
    )
    kept = stranger.looks()
    with scope.acting(stranger.program):
        assert queries.fetch(kept.ref, seen_by=stranger.program, at=clock.now()).rows == ()
    _, total = as_subject(who, lambda: access_log.of(by=who, at=clock.now()))
    assert total == 2


def test_the_unit_sees_the_same_whether_somebody_is_on_file_or_not(stranger: Hall, fresh: Hall) -> None:
    views = [hall.asks() for hall in (stranger, fresh)]
    now = clock.now()
    for one, hall in zip(views, (stranger, fresh), strict=True):
        with scope.acting(hall.program):
            assert consent.request_of(one.id, by=hall.program, at=now) == one
    alike = [replace(one, id=0, asked_at=now, lapses_at=now) for one in views]
    assert alike[0] == alike[1]
    after = now + timedelta(days=31)
    with scope.acting(fresh.program):
        assert {consent.request_of(one.id, by=fresh.program, at=after).state for one in views} == {State.LAPSED}
    rows = ConsentRequest.objects.filter(pk__in=[one.id for one in views]).values_list("subject_id", flat=True)
    assert all(key < -1 for key in rows), "nor does the table say who is on file"


def test_a_request_lapses_and_may_be_made_anew(stranger: Hall) -> None:
    asked = stranger.asks()
    who, late = admitted(stranger), asked.lapses_at
    assert late - asked.asked_at == timedelta(days=30)
    assert as_subject(who, lambda: consent.waiting(by=who, at=late - timedelta(seconds=1))) == 1
    assert as_subject(who, lambda: consent.waiting(by=who, at=late)) == 0
    seen = as_subject(who, lambda: consent.of_subject(by=who, at=late))
    assert [one.state for one in seen.requests] == [State.LAPSED]
    for deed in (consent.give, consent.refuse):
        with pytest.raises(consent.RequestLapsed):
            as_subject(who, lambda deed=deed: deed(asked.id, by=who, at=late))
    with pytest.raises(consent.StillOpen):
        stranger.asks(at=late - timedelta(seconds=1))
    assert stranger.asks(at=late).state is State.WAITING


def test_a_refusal_is_taken_back_by_the_subject_alone_and_then_one_may_ask(fresh: Hall, noted: Any) -> None:
    asked, who = fresh.asks(), fresh.owner("person")
    with pytest.raises(consent.NotRefused):
        as_subject(who, lambda: consent.let_ask(asked.id, by=who, at=clock.now()))
    as_subject(who, lambda: consent.refuse(asked.id, by=who, at=clock.now()))
    with pytest.raises(consent.AskedAgain):
        fresh.asks(at=clock.now() + timedelta(days=3000))
    stranger = replace(who, subject=fresh.ids["organisation"], subject_code=fresh.organisation.code)
    with pytest.raises(consent.UnknownConsent):
        as_subject(stranger, lambda: consent.let_ask(asked.id, by=stranger, at=clock.now()))
    noted()
    for _ in range(2):
        assert as_subject(who, lambda: consent.let_ask(asked.id, by=who, at=clock.now())).may_ask_again
    assert noted() == ["asking-allowed"], "once, however often it is pressed"
    again = fresh.asks()
    as_subject(who, lambda: consent.refuse(again.id, by=who, at=clock.now()))
    with pytest.raises(consent.AskedAgain):
        fresh.asks()


def test_asking_has_its_quota_of_a_day_and_refused_requests_count_for_nothing(fresh: Hall) -> None:
    by = replace(fresh.reader, account_id=8_000_000 + fresh.ids["person"])
    with override_settings(QUERIES_DAILY=2):
        with pytest.raises(consent.BadConsent):
            fresh.asks(by=by, purpose="licensing", items=[])
        for purpose in ("licensing", "award"):
            fresh.asks(by=by, purpose=purpose)
        with pytest.raises(quotas.QuotaSpent):
            fresh.asks(by=by, purpose="funds")


def test_the_key_is_the_same_in_the_program_and_in_the_migration(fresh: Hall) -> None:
    digest = persons.digest("身份证", fresh.person.number)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT -2 - (((('x' || encode(substr(%s::bytea, 1, 8), 'hex'))::bit(64)::bigint) >> 2) & 4611686018427387903)",
            [digest],
        )
        assert cursor.fetchone() == (whose.key_of(digest),)
    for one in (b"\x00" * 16, b"\xff" * 16, b"\x80" + b"\x00" * 15):
        assert -(2**63) <= whose.key_of(one) <= -2
