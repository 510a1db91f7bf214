"""A guardian says for a child who may look, until the birthday that no table holds; a child under fourteen does not say it alone."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.utils import translation

from tests.intake import declaring, made
from tests.rights.conftest import OF_PERSONS, Hall
from tests.signing import signed_in
from xinyong.kernel import clock
from xinyong.kernel.code_checks import citizen_check
from xinyong.records import own
from xinyong.rights import access_log, consent, whose
from xinyong.rights.consent_view import State
from xinyong.rights.models import Consent
from xinyong.security import ages, gate, guardians, identity, mandates, persons, scope
from xinyong.security.access import FOR_A_WARD, Action, Actor, NotAllowed, Role, may
from xinyong.security.guardians import GuardianshipView
from xinyong.security.models import Account, AuditEntry, Guardianship
from xinyong.web import messages

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
_numbers = itertools.count(1)
TODAY = made.TODAY


def born(day: date) -> made.Person:
    """Somebody invented who was born on a day."""
    first = f"990178{day:%Y%m%d}{next(_numbers):03d}"
    return made.Person("佘小示", first + citizen_check(first))


def years_ago(years: int, *, days: int = 0) -> date:
    """The day that many years before today, and some days after that."""
    return TODAY.replace(year=TODAY.year - years) + timedelta(days=days)


def admitted(who: made.Person) -> Account:
    view, _ = persons.admit(
        persons.identity(who.name, who.number, today=clock.today()), by=made.OPERATOR, at=clock.now()
    )
    return Account.objects.get(pk=view.account_id)


def as_subject(who: Actor, deed: Callable[[], Any]) -> Any:
    with scope.acting(who):
        return deed()


@dataclass(slots=True)
class Family:
    """A parent with an account and a child, in the hall where the child is asked."""

    hall: Hall
    parent: Account
    child: made.Person
    folder: Path

    def entered(self, *, last_on: date = TODAY + timedelta(days=1000), **more: Any) -> GuardianshipView:
        """The parent at the counter."""
        wanted = {"username": self.parent.username, "ward": self.ward, "at": clock.now(), "by": made.OPERATOR} | more
        return guardians.enter(
            wanted.pop("username"), last_on=last_on, proof_name=f"户口簿 {self.child.number}.png",
            proof=declaring.picture(self.folder / f"{next(_numbers)}.png"), **wanted,
        )  # fmt: skip

    @property
    def ward(self) -> persons.Identity:
        return persons.identity(self.child.name, self.child.number, today=TODAY)

    def acting(self, one: GuardianshipView | None = None) -> Actor:
        """The parent, as guardian where one is given."""
        return gate.actor_for(self.parent, address=None, guardianship=one.id if one else None)

    def gives(self, who: Actor, *, at: datetime | None = None) -> Any:
        return as_subject(
            who,
            lambda: consent.give_unasked(
                self.hall.bank.code, purpose="loan", items=[OF_PERSONS], days=365, by=who, at=at or clock.now()
            ),
        )


@pytest.fixture
def family(fresh: Hall, tmp_path: Path) -> Family:
    child = born(years_ago(10))
    return Family(replace(fresh, person=child), admitted(made.person()), child, tmp_path)


def test_a_guardian_answers_for_a_child_and_it_stands_as_theirs(family: Family) -> None:
    asked = family.hall.asks()
    one = family.entered()
    assert (one.state, one.ward) == ("current", "佘**")
    who = family.acting(one)
    assert (who.role, who.guardianship, who.subject) == (Role.PERSON, one.id, None)
    assert as_subject(who, lambda: consent.waiting(by=who, at=clock.now())) == 1
    given = as_subject(who, lambda: consent.give(asked.id, by=who, at=clock.now()))
    assert given.is_by_guardian
    row = Consent.objects.get(pk=given.id)
    assert (row.given_by, row.guardianship_id) == (family.parent.username, one.id)
    entry = AuditEntry.objects.filter(event="consent-given").latest("id")
    assert (entry.actor, entry.facts["guardianship"]) == (family.parent.username, one.id)
    assert family.hall.looks().authorisation == given.number
    shown, total = as_subject(who, lambda: access_log.of(by=who, at=clock.now()))
    assert (total, shown[0].authorisation) == (1, given.number)
    parent = family.acting()
    assert as_subject(parent, lambda: access_log.of(by=parent, at=clock.now()))[1] == 0, "their own log is another"
    assert as_subject(parent, lambda: consent.of_subject(by=parent, at=clock.now())).consents == ()


def test_what_is_on_file_of_the_child_the_guardian_sees_and_no_other(family: Family) -> None:
    made.hand_in(
        made.csv_file(family.folder / "c.csv", [made.person_row(family.child, family.hall.unit)]),
        OF_PERSONS,
        family.hall.unit,
    )
    who = family.acting(family.entered())
    assert as_subject(who, lambda: own.about(by=who, as_of=TODAY)).total == 1
    again = family.acting(guardians.of_account(family.parent.pk, at=clock.now())[0])
    assert (again.subject or 0) > 0, "settled for the next request"
    parent = family.acting()
    assert as_subject(parent, lambda: own.about(by=parent, as_of=TODAY)).total == 0


def test_under_fourteen_nobody_authorises_alone_but_may_say_no_and_take_back(family: Family) -> None:
    asked, other = family.hall.asks(), family.hall.asks(purpose="benefit", items=["admin-licence-person"])
    child = gate.actor_for(admitted(family.child), address=None)
    assert as_subject(child, lambda: consent.needs_guardian(by=child, at=clock.now()))
    for deed in (lambda: consent.give(asked.id, by=child, at=clock.now()), lambda: family.gives(child)):
        with pytest.raises(consent.GuardianNeeded) as refused:
            as_subject(child, deed)
        assert refused.value.facts["invariant"] == "E_MINOR"
        assert "未满十四周岁" in refused.value.zh
    assert as_subject(child, lambda: consent.refuse(other.id, by=child, at=clock.now())).state is State.REFUSED
    who = family.acting(family.entered())
    given = as_subject(who, lambda: consent.give(asked.id, by=who, at=clock.now()))
    assert as_subject(child, lambda: consent.withdraw(given.id, by=child, at=clock.now())).state is State.WITHDRAWN


@pytest.mark.parametrize(("days", "is_refused"), [(1, True), (0, False)])
def test_fourteen_is_a_matter_of_the_day(fresh: Hall, tmp_path: Path, days: int, is_refused: bool) -> None:
    child = born(years_ago(14, days=days))
    family = Family(replace(fresh, person=child), admitted(made.person()), child, tmp_path)
    alone, guardian = gate.actor_for(admitted(child), address=None), family.acting(family.entered())
    if is_refused:
        with pytest.raises(consent.GuardianNeeded):
            family.gives(alone)
        assert family.gives(guardian).is_by_guardian
    else:
        with pytest.raises(consent.WardConsents):
            family.gives(guardian)
        assert not family.gives(alone).is_by_guardian


def test_it_ends_by_itself_on_the_eighteenth_birthday(fresh: Hall, tmp_path: Path) -> None:
    child = born(years_ago(18, days=5))
    family = Family(replace(fresh, person=child), admitted(made.person()), child, tmp_path)
    one = family.entered()
    midnight = datetime.combine(TODAY + timedelta(days=5), datetime.min.time(), tzinfo=clock.ZONE)
    assert guardians.of_account(family.parent.pk, at=midnight - timedelta(seconds=1)) != []
    assert guardians.of_account(family.parent.pk, at=midnight) == []
    with time_machine.travel(midnight, tick=True):
        assert family.acting(one).guardianship is None, "from then on the parent is only themself"
    assert guardians.forget_over(by=made.SYSTEM, at=midnight - timedelta(seconds=1)) == 0
    assert guardians.forget_over(by=made.SYSTEM, at=midnight) == 1
    seen = guardians.find(one.id, seen_by=made.OPERATOR, at=midnight)
    assert (seen.state, seen.ward) == ("over", "")


def test_the_birthday_stands_nowhere(family: Family) -> None:
    one = family.entered()
    row = Guardianship.objects.get(pk=one.id)
    day = ages.born(family.child.number)
    eighteenth = ages.reached_on(ages.OF_AGE, day, on=TODAY)
    assert clock.day(row.valid_to) == TODAY + timedelta(days=1001), "the term asked for, no birthday"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(g)::text FROM security_guardianship g WHERE id = %s", [one.id])
        text = cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*) FROM security_auditentry e WHERE e::text LIKE ANY (%s)",
            [[f"%{family.child.number}%", f"%{day.isoformat()}%", f"%{eighteenth.isoformat()}%"]],
        )
        assert cursor.fetchone() == (0,)
    for mark in (family.child.number, f"{day:%Y%m%d}", day.isoformat(), eighteenth.isoformat(), family.child.name):
        assert mark not in text
    assert "*" in row.proof_name, "nor in the name of the file"


def test_who_is_no_guardian_is_not_entered(family: Family) -> None:
    grown = persons.identity("某人", made.person().number, today=TODAY)
    teenager = admitted(born(years_ago(17)))
    with pytest.raises(guardians.WardOfAge):
        family.entered(ward=grown)
    with pytest.raises(guardians.WardOfAge):
        family.entered(ward=persons.identity("某人", "EA1234567", "护照号", today=TODAY))
    for username in ("nobody", teenager.username, admitted(family.child).username):
        with pytest.raises(guardians.NotAGuardian):
            family.entered(username=username)
    for last_on in (TODAY - timedelta(days=1), TODAY + timedelta(days=guardians.LONGEST_DAYS + 1)):
        with pytest.raises(guardians.BadGuardianTerm):
            family.entered(last_on=last_on)
    for role in Role:
        if role not in {Role.OPERATOR, Role.SYSTEM}:
            with pytest.raises(NotAllowed):
                family.entered(by=Actor(role=role, name="somebody"))
    family.entered()
    with pytest.raises(guardians.GuardianshipHeld):
        family.entered()


def test_ended_early_it_is_over_with_the_next_request_and_the_ward_is_forgotten(family: Family) -> None:
    one = family.entered()
    with pytest.raises(mandates.EndReasonNeeded):
        guardians.end(one.id, reason="x", by=made.OPERATOR, at=clock.now())
    for _ in range(2):
        done = guardians.end(one.id, reason="监护人变更", by=made.OPERATOR, at=clock.now())
    assert (done.state, done.ward, done.end_reason) == ("ended", "", "监护人变更")
    assert family.acting(one).guardianship is None
    assert AuditEntry.objects.filter(event="mandate-ended", facts__guardianship=one.id).count() == 1
    row = Guardianship.objects.get(pk=one.id)
    assert (row.ward_digest, row.sealed) == (None, None)
    assert family.entered().state == "current", "and may be entered anew"


def test_a_guardian_of_one_child_is_none_of_another(family: Family, fresh: Hall, tmp_path: Path) -> None:
    one = family.entered()
    stranger = admitted(made.person())
    assert gate.actor_for(stranger, address=None, guardianship=one.id).guardianship is None
    forged = replace(gate.actor_for(stranger, address=None), guardianship=one.id, subject=None)
    assert guardians.digest_of(forged) is None
    with pytest.raises(consent.UnknownConsent):
        family.gives(forged)


def test_the_policy_says_what_a_guardian_may(family: Family) -> None:
    who = family.acting(family.entered())
    allowed = {action for action in Action if may(who, action)}
    assert allowed == {action for action in FOR_A_WARD if may(family.acting(), action)}
    assert not allowed & {Action.ERASE_ME, Action.TAKE_ABOUT_ME, Action.CLAIM_ORGANISATION, Action.SET_OWN_CHANNELS}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE security_guardianship SET valid_to = valid_to + interval '1 day'",
        "UPDATE security_guardianship SET ward_digest = '\\x00'::bytea", "DELETE FROM security_guardianship",
        "UPDATE security_guardianship SET account_id = account_id + 1",
    ],
)  # fmt: skip
def test_a_guardianship_is_not_edited(family: Family, statement: str) -> None:
    family.entered()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("day", "years", "reached"),
    [(date(2012, 6, 15), 14, date(2026, 6, 15)), (date(2012, 2, 29), 14, date(2026, 2, 28)), (date(2008, 2, 29), 18, date(2026, 2, 28))],
)  # fmt: skip
def test_an_age_is_reached_with_the_birthday(day: date, years: int, reached: date) -> None:
    rule_id = ages.CONSENTS_ALONE if years == 14 else ages.OF_AGE
    assert ages.rule(rule_id, on=TODAY).years == years
    assert ages.reached_on(rule_id, day, on=TODAY) == reached
    assert ages.is_under(rule_id, day, on=reached - timedelta(days=1))
    assert not ages.is_under(rule_id, day, on=reached)
    with pytest.raises(ValueError, match="no rule"):
        ages.rule(rule_id, on=date(2000, 1, 1))
    assert all(one.basis[0] for one in ages.rules())


@pytest.fixture
def _pages() -> Iterator[None]:
    from django.conf import settings

    messages.compile_messages()
    kept, settings.RATE_LIMITS_ON = settings.RATE_LIMITS_ON, False
    with translation.override("zh-hans"):
        yield
    settings.RATE_LIMITS_ON = kept


@pytest.mark.usefixtures("_pages")
def test_by_the_pages_from_the_counter_to_the_answer_and_back(family: Family) -> None:
    asked = family.hall.asks()
    identity.create_account(
        username=f"op-{family.parent.pk}",
        password=None,
        display_name="op",
        role="operator",
        department=None,
        by=made.SYSTEM,
    )
    desk, parent = signed_in(Client(), f"op-{family.parent.pk}"), signed_in(Client(), family.parent.username)
    assert "还没有登记监护关系" in desk.get("/office/guardians/").content.decode() or Guardianship.objects.exists()
    proof = declaring.picture(family.folder / "proof.png")
    sent = {
        "username": family.parent.username, "name": family.child.name, "certificate": made.person().number,
        "last_on": str(TODAY + timedelta(days=90)), "is_seen": "on",
    }  # fmt: skip
    with proof.open("rb") as file:
        wrong = desk.post("/office/guardians/new", sent | {"proof": file})
    assert (wrong.status_code, "未满十八周岁" in wrong.content.decode()) == (400, True)
    assert family.child.name not in wrong.content.decode(), "what was typed of the child is not shown again"
    with proof.open("rb") as file:
        done = desk.post("/office/guardians/new", sent | {"certificate": family.child.number, "proof": file})
    assert done.status_code == 302
    address = done.headers["Location"]
    one_id = int(address.split("/")[-2])
    assert "佘**" in desk.get(address).content.decode()
    opened = desk.get(f"{address}proof")
    assert b"".join(opened.streaming_content) == proof.read_bytes()
    opened.close()
    assert "佘**" in desk.get("/office/guardians/").content.decode()

    html = parent.get("/own/records/").content.decode()
    assert "为被监护人办理" in html
    assert parent.post("/own/act-for", {"ward": str(one_id)}).headers["Location"] == "/own/records/"
    html = parent.get("/own/records/").content.decode()
    assert "您正以监护人身份为 佘** 办理" in html
    assert "有 1 项授权请求等您答复" in html
    assert "/own/leave" not in html
    assert "/own/claims/" not in html
    assert parent.get("/own/leave").status_code == 403
    assert parent.get("/own/records/file.json").status_code == 403
    page = f"/own/consents/asked/{asked.id}/"
    given = parent.post(page, {"what": "give", "days": "5", "items": [OF_PERSONS]})
    assert given.status_code == 302
    assert "由监护人作出" in parent.get(given.headers["Location"]).content.decode()
    parent.post("/own/act-for", {"mandate": "0"})
    assert "您正以监护人身份" not in parent.get("/own/records/").content.decode()
    assert parent.get(page).status_code == 404
    parent.post("/own/act-for", {"ward": str(one_id)})
    assert desk.post(f"{address}end", {"reason": ""}).status_code == 400
    assert desk.post(f"{address}end", {"reason": "监护人变更"}).status_code == 302
    assert "您正以监护人身份" not in parent.get("/own/records/").content.decode()
    assert parent.post("/own/act-for", {"ward": str(one_id)}).status_code == 404


@pytest.mark.usefixtures("_pages")
def test_a_child_reads_why_it_cannot_say_yes_and_can_say_no(family: Family) -> None:
    asked = family.hall.asks()
    child = signed_in(Client(), admitted(family.child).username)
    page = f"/own/consents/asked/{asked.id}/"
    html = child.get(page).content.decode()
    assert "未满十四周岁" in html
    assert "同意所选" not in html
    refused = child.post(page, {"what": "give", "days": "5", "items": [OF_PERSONS]})
    assert (refused.status_code, "监护人" in refused.content.decode()) == (403, True)
    assert "未满十四周岁" in child.get("/own/consents/new/loan/").content.decode()
    assert child.post(page, {"what": "refuse"}).status_code == 302
    html = child.get("/own/consents/").content.decode()
    assert "允许再次请求" in html
    assert child.post(f"{page}allow").status_code == 302
    assert "已允许再次请求" in child.get("/own/consents/").content.decode()


def test_a_whose_of_a_ward_is_the_childs(family: Family) -> None:
    who = family.acting(family.entered())
    digest = persons.digest("身份证", family.child.number)
    assert whose.ref_of_oneself(who) == f"person:{digest.hex()}"
    assert whose.speaker(who).subject == whose.key_of(digest)
