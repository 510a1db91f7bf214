"""Persons' accounts: who gets one and how, what they see, that nobody's number stays anywhere, and that giving it up forgets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from tests.intake import made
from tests.security.provider.running import Provider
from tests.security.provider.running import running as running
from tests.signing import signed_in, stale, with_app
from tools import canaries
from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.records import erasure, own
from xinyong.records.models import AccountErasure, Record
from xinyong.security import citizens, gate, mandates, oidc, persons, scope, separation, sign_in
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.models import Account, AuditEntry, Mandate, OutsideIdentity, PersonAccount
from xinyong.subjects.models import Subject
from xinyong.workflow import subject_channels
from xinyong.workflow.subject_kinds import SubjectKind

pytestmark = pytest.mark.usefixtures("lasting_db")
PENALTY = "admin-penalty-person"


@pytest.fixture(autouse=True)
def _on_the_day(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.cls is TestByTheProvider:  # whose clock is another process's
        yield
        return
    with time_machine.travel(made.NOW, tick=True):
        yield


def admitted(who: made.Person) -> Account:
    """Somebody at the counter; their account."""
    view, _ = persons.admit(
        persons.identity(who.name, who.number, today=clock.today()), by=made.OPERATOR, at=clock.now()
    )
    return Account.objects.get(pk=view.account_id)


def acting(account: Account) -> Actor:
    return gate.actor_for(account, address=None)


class TestAtTheCounter:
    def test_an_account_is_made_on_papers_and_says_nothing_of_its_person(self) -> None:
        who = made.person()
        view, token = persons.admit(
            persons.identity(who.name, f" {who.number.lower()} ", today=clock.today()), by=made.OPERATOR, at=clock.now()
        )
        assert token
        assert view.username.startswith("p-")
        assert view.display_name == f"{who.name[0]}**"
        row = PersonAccount.objects.get()
        assert row.digest == persons.digest("身份证", who.number)
        entry = AuditEntry.objects.get(event="person-admitted")
        assert entry.facts == {"way": "counter", "is_invited": True}
        assert entry.object_ref == view.username
        with pytest.raises(persons.HasAccount):
            admitted(who)

    @pytest.mark.parametrize("wrong", ["", "11010119900307123", "110101199003071230", "x" * 18])
    def test_what_is_no_number_makes_no_account(self, wrong: str) -> None:
        with pytest.raises(persons.NotAPerson):
            persons.identity("某人", wrong, today=clock.today())

    def test_only_an_operator_makes_one(self) -> None:
        who = persons.identity("某人", made.person().number, today=clock.today())
        for role in Role:
            if role not in {Role.OPERATOR, Role.SYSTEM}:
                with pytest.raises(NotAllowed):
                    persons.admit(who, by=Actor(role=role, name="somebody"), at=clock.now())

    def test_by_the_pages_with_a_link_and_a_second_factor_of_ones_own(self) -> None:
        from xinyong.security import identity

        identity.create_account(
            username="op", password=None, display_name="op", role="operator", department=None, by=made.SYSTEM
        )
        desk, who = signed_in(Client(), "op"), made.person()
        form = {
            "name": who.name,
            "certificate": who.number[:-1] + ("1" if who.number[-1] == "0" else "0"),
            "kind": "身份证",
            "is_seen": "on",
        }
        wrong = desk.post("/office/persons/new", form)
        assert wrong.status_code == 400
        assert who.name not in wrong.content.decode()
        answer = desk.post("/office/persons/new", form | {"certificate": who.number}).content.decode()
        link = answer.split("link-once")[1].split("http://testserver")[1].split("<")[0]
        browser = Client()
        assert browser.get(link).headers["Location"] == "/office/welcome/"
        password = "a good long passphrase 42"
        assert (
            browser.post("/office/welcome/", {"password": password, "again": password})
            .headers["Location"]
            .endswith("/sign-in/set-up")
        )
        page = browser.get("/office/sign-in/set-up")
        secret = sign_in._unsealed(browser.session["totp_secret"])
        assert page.status_code == 200
        with time_machine.travel(clock.now(), tick=False):
            from xinyong.security import factors

            shown = factors.code_at(secret, clock.now())
            led = browser.post("/office/sign-in/set-up", {"code": shown}).headers["Location"]
        assert led == "/office/account/codes?next=%2Fown%2F"
        assert "没有记录任何有关您的信息" in browser.get("/own/records/").content.decode()
        assert browser.get("/office/").status_code == 403
        assert browser.get("/own/new/").status_code == 403


@pytest.fixture
def provider(running: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider of citizens, configured."""
    import os

    configured = {
        "issuer": running.issuer, "client_id": "xinyong", "secret_file": os.environ["TEST_PROVIDER_SECRET"],
        "label": "公民统一身份认证", "assurances": "otp", "scope": "openid profile", "name_claim": "real_name",
        "number_claim": "id_number", "organisations_claim": "legal_of",
    }  # fmt: skip
    monkeypatch.setattr(settings, "CITIZEN_OIDC", configured)
    monkeypatch.setattr(settings, "RATE_LIMITS_ON", False)
    return running


def came_back(client: Client, provider: Provider, *, who: str = "wang") -> str:
    away = client.get("/office/sign-in/citizen").headers["Location"]
    assert "scope=openid+profile" in away
    return provider.answer(away, who=who).removeprefix("http://testserver")


class TestByTheProvider:
    def test_somebody_it_vouches_for_has_an_account_and_comes_in_with_its_factor(self, provider: Provider) -> None:
        who, client = made.person(), Client()
        provider.knows(wang={"real_name": who.name, "id_number": who.number})
        assert "公民统一身份认证" in client.get("/office/sign-in").content.decode()
        assert client.get(came_back(client, provider)).headers["Location"] == "/own/"
        page = client.get("/own/records/")
        assert page.status_code == 200
        assert who.number not in page.content.decode()
        account = Account.objects.get()
        assert account.is_person
        assert [one.event for one in AuditEntry.objects.order_by("id")] == [
            "person-admitted", "signed-in", "about-me-viewed",
        ]  # fmt: skip
        again = Client()
        again.get(came_back(again, provider))
        assert Account.objects.count() == 1

    def test_without_an_accepted_factor_ours_is_asked_for(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(settings.CITIZEN_OIDC, "assurances", "")
        who, client = made.person(), Client()
        provider.knows(wang={"real_name": who.name, "id_number": who.number})
        assert client.get(came_back(client, provider)).headers["Location"] == "/office/sign-in/set-up"
        assert client.get("/own/records/").status_code == 302

    def test_who_came_to_the_counter_first_is_the_same_person(self, provider: Provider) -> None:
        who, client = made.person(), Client()
        account = admitted(who)
        provider.knows(wang={"real_name": who.name, "id_number": who.number})
        client.get(came_back(client, provider))
        assert OutsideIdentity.objects.get().account_id == account.pk

    @pytest.mark.parametrize(
        "claims",
        [{}, {"real_name": "某人"}, {"real_name": "某人", "id_number": "110101199003071230"}, {"id_number": 7}],
    )
    def test_one_whose_number_it_does_not_say_gets_nothing(self, provider: Provider, claims: dict[str, Any]) -> None:
        client = Client()
        provider.knows(wang=claims)
        assert client.get(came_back(client, provider)).headers["Location"] == "/office/sign-in"
        assert not Account.objects.exists()
        assert [one.facts["reason"] for one in AuditEntry.objects.filter(event="sign-in-refused")] == ["citizen-claims"]

    def test_a_name_at_the_provider_that_is_now_somebody_else_is_refused(self, provider: Provider) -> None:
        first, other, client = made.person(), made.person(), Client()
        provider.knows(wang={"real_name": first.name, "id_number": first.number})
        client.get(came_back(client, provider))
        provider.knows(wang={"real_name": other.name, "id_number": other.number})
        client = Client()
        assert client.get(came_back(client, provider)).headers["Location"] == "/office/sign-in"
        assert Account.objects.count() == 1

    def test_an_answer_of_another_browser_is_refused(self, provider: Provider) -> None:
        who, victim, attacker = made.person(), Client(), Client()
        provider.knows(wang={"real_name": who.name, "id_number": who.number})
        back = came_back(attacker, provider)
        assert victim.get(back).headers["Location"] == "/office/sign-in"
        assert not Account.objects.exists()

    def test_nobody_signs_up_where_none_is_configured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "CITIZEN_OIDC", settings.CITIZEN_OIDC | {"issuer": ""})
        assert Client().get("/office/sign-in/citizen").status_code == 404
        with pytest.raises(oidc.NoProvider):
            citizens.begin(back_to="http://testserver/")


class TestWhatAPersonSees:
    def test_all_that_is_on_file_of_them_and_of_nobody_else(self, tmp_path: Path) -> None:
        who, other = made.person(), made.person()
        unit = made.department()
        rows = [made.person_row(who, unit), made.person_row(other, unit, CF_WFXW="别人的事由")]
        made.hand_in(made.csv_file(tmp_path / "a.csv", rows), PENALTY, unit)
        account = admitted(who)
        found = own.about(by=acting(account), as_of=clock.today())
        assert (found.total, len(found.records), found.next_after) == (1, 1, None)
        one = found.records[0]
        assert (one.record.source, one.state) == (unit.name, "standing")
        assert one.bases
        assert one.retain_until is not None
        texts = [field.text for field in one.record.fields]
        assert "违反示例管理规定" in texts
        assert who.number not in " ".join(texts)
        nobody = own.about(by=acting(admitted(made.person())), as_of=clock.today())
        assert (nobody.total, nobody.records) == (0, ())

    def test_the_pages_and_the_file_which_asks_for_the_factor_again(self, tmp_path: Path) -> None:
        who = made.person()
        unit = made.department()
        made.hand_in(made.csv_file(tmp_path / "a.csv", [made.person_row(who, unit)]), PENALTY, unit)
        account = admitted(who)
        client = signed_in(Client(), account.username)
        for address in ("/own/records/", "/own/records/all"):
            page = client.get(address).content.decode()
            assert "违反示例管理规定" in page
            assert unit.name in page
            assert who.number not in page
        stale(account.username)
        assert client.get("/own/records/file.json").headers["Location"].startswith("/office/confirm?next=")
        client = signed_in(Client(), account.username)
        answer = client.get("/own/records/file.json")
        assert answer.headers["Cache-Control"] == "no-store"
        said = json.loads(answer.content)
        assert said["subject"]["certificate_number"] == who.number
        assert {"code": "CF_XDR_ZJHM", "name": "行政相对人证件号码", "value": who.number}.items() <= {
            **next(one for one in said["records"][0]["fields"] if one["code"] == "CF_XDR_ZJHM"),
            "name": "行政相对人证件号码",
        }.items()
        assert said["records"][0]["source"] == unit.name

    def test_the_database_shows_a_person_no_other_row(self, tmp_path: Path) -> None:
        who, other = made.person(), made.person()
        unit = made.department()
        rows = [made.person_row(who, unit), made.person_row(other, unit)]
        made.hand_in(made.csv_file(tmp_path / "a.csv", rows), PENALTY, unit)
        account = admitted(who)
        own.about(by=acting(account), as_of=clock.today())
        me = acting(account)
        with scope.acting(me):
            assert set(Record.objects.values_list("subject_id", flat=True)) == {me.subject}
            assert not PersonAccount.objects.exists()
        assert acting(Account.objects.get(pk=account.pk)).subject == me.subject

    def test_nobody_finds_a_person_through_it(self) -> None:
        me = acting(admitted(made.person()))
        from xinyong.records import dossier, special

        with pytest.raises(NotAllowed):
            special.subject_of(certificate=made.person().number, by=me)
        with pytest.raises(NotAllowed):
            persons.listing(seen_by=me)
        who = made.organisation()
        made.register(who)
        assert dossier.of(who.code, as_of=clock.today(), seen_by=me).is_public_view

    def test_who_looked_by_special_query_stands_there_with_unit_and_purpose(self, tmp_path: Path) -> None:
        from xinyong.security import audit

        who = made.person()
        unit = made.department()
        account = admitted(who)
        ref = f"person:{persons.digest('身份证', who.number).hex()}"
        reader = Actor(role=Role.READER, name="reader", department=unit.code)
        audit.enter(
            audit.Event.SPECIAL_QUERIED,
            by=reader,
            object_kind="subject",
            object_ref=ref,
            purpose="licensing: 云市监许申〔2026〕12号",
        )
        page = signed_in(Client(), account.username).get("/own/access-log/").content.decode()
        assert unit.name in page
        assert "办理行政许可" in page
        assert "reader" not in page


class TestGivingUp:
    def test_the_account_forgets_at_once_and_records_stay_with_their_basis(self, tmp_path: Path) -> None:
        who = made.person()
        unit = made.department()
        made.hand_in(made.csv_file(tmp_path / "a.csv", [made.person_row(who, unit)]), PENALTY, unit)
        account = admitted(who)
        with_app(account.username)
        me = acting(account)
        subject_channels.set_up(mail="somebody@example.cn", webhook="", kinds=list(SubjectKind), by=me, at=clock.now())
        client = signed_in(Client(), account.username)
        assert "依法保留" in client.get("/own/leave").content.decode()
        assert client.post("/own/leave", {}).status_code == 400
        page = client.post("/own/leave", {"knows": "on"}).content.decode()
        assert "账号已注销" in page
        assert publish.current(PENALTY).title_zh in page
        assert client.get("/own/records/").status_code == 302
        row = PersonAccount.objects.get()
        assert (row.digest, row.sealed, row.subject_id) == (None, None, None)
        account.refresh_from_db()
        assert (account.is_active, account.display_name, account.has_usable_password()) == (False, "已注销", False)
        assert Subject.objects.get(person_digest=persons.digest("身份证", who.number)).sealed is not None
        done = AccountErasure.objects.get()
        assert done.facts["gone"] == ["account", "identity", "contact", "factors"]
        assert [one["count"] for one in done.facts["stays"]] == [1]
        entry = AuditEntry.objects.get(event="person-erased")
        assert (entry.facts["records_stay"], entry.facts["channels"]) == (1, 1)
        assert admitted(who).pk != account.pk, "who comes back is a new account"

    def test_what_was_erased_stays_erased_and_nobody_becomes_somebody_else(self) -> None:
        account = admitted(made.person())
        erasure.on_request(by=acting(account), at=clock.now())
        for change in ({"erased_at": None, "digest": b"x" * 16, "sealed": b"x"}, {"digest": b"y" * 16}):
            with pytest.raises(DatabaseError), transaction.atomic():
                PersonAccount.objects.update(**change)
        other = admitted(made.person())
        with pytest.raises(DatabaseError), transaction.atomic():
            PersonAccount.objects.filter(account=other).update(digest=b"z" * 16)
        with pytest.raises(DatabaseError), transaction.atomic():
            PersonAccount.objects.filter(account=other).delete()


def test_a_person_serves_in_no_office_and_a_closed_one_gets_no_mandate(tmp_path: Path) -> None:
    from tests.intake import declaring
    from xinyong.security import people

    account = admitted(made.person())
    with pytest.raises(DatabaseError), transaction.atomic():
        people.begin_post(account.pk, department=None, by=made.SYSTEM, at=clock.now())
    organisation = made.organisation()
    made.register(organisation)
    given = declaring.mandate(organisation, tmp_path, username=account.username)
    assert given.token == ""
    assert acting(account).role is Role.PERSON, "who has a mandate is themself until they choose it"
    chosen = gate.actor_for(account, address=None, mandate=given.mandate.id)
    assert (chosen.role, chosen.subject_code) == (Role.SUBJECT, organisation.code)
    erasure.on_request(by=acting(account), at=clock.now())
    assert Mandate.objects.get().ended_at is not None
    other = made.organisation()
    made.register(other)
    with pytest.raises(mandates.NotApartFromOffice):
        declaring.mandate(other, tmp_path, username=account.username)


def test_no_table_and_no_entry_holds_a_number_or_a_name_of_a_person(tmp_path: Path) -> None:
    """Beside the end of the suite, which searches all files: what this room has written, as the owner sees it."""
    who = made.person()
    unit = made.department()
    made.hand_in(made.csv_file(tmp_path / "a.csv", [made.person_row(who, unit)]), PENALTY, unit)
    account = admitted(who)
    client = signed_in(Client(), account.username)
    for address in (
        "/own/records/",
        "/own/records/all",
        "/own/access-log/",
        "/own/notices/",
        "/own/claims/",
        "/own/leave",
    ):
        page = client.get(address)
        assert page.status_code == 200, address
        assert canaries.search(page.content, address) == [], address
    client.get("/own/records/file.json")
    tables = (
        "security_account", "security_personaccount", "security_auditentry", "subjects_subject", "records_erasure",
        "workflow_subjectnotice", "workflow_subjectchannel", "django_session",
    )  # fmt: skip
    with separation.as_owner(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            assert canaries.search(cursor.fetchone()[0].encode(), table) == [], table
