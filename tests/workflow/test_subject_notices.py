"""Subjects are told once, in their own words; mails say nothing of what; each morning tells what the day before brought."""

import base64
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from tests.conftest import ROOT
from tests.intake import declaring, made
from tests.signing import signed_in, stale
from tests.workflow.receivers import Calls, Mailbox, https_server, mail_server
from tests.workflow.test_outbox import LOOPBACK
from xinyong.catalogue import publish
from xinyong.intake import revert
from xinyong.kernel import clock
from xinyong.records import erasure, repaired, telling
from xinyong.security import audit, gate, mandates, persons, scope
from xinyong.security.access import Action, Actor, NotAllowed, Role, may
from xinyong.security.models import Account, AuditEntry
from xinyong.subjects import persons as register
from xinyong.workflow import outbox, subject_channels, subject_notices
from xinyong.workflow.channels import BadAddress
from xinyong.workflow.models import Message, SubjectChannel, SubjectNotice
from xinyong.workflow.subject_channels import BadMailLink
from xinyong.workflow.subject_kinds import WORDS, SubjectKind, checked, composed

pytestmark = pytest.mark.usefixtures("lasting_db")
#: A morning's run that dies when everything is told and nothing is committed.
_KILLED = """
import os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "xinyong.config.settings"
import django
django.setup()
from datetime import date, datetime
from django.db import connection, transaction
connection.settings_dict["NAME"] = sys.argv[1]
from xinyong.kernel import clock
from xinyong.records import telling
from xinyong.security import scope
from xinyong.security.access import system
scope.stand_as(system("worker"))
day = date.fromisoformat(sys.argv[2])
at = datetime(day.year, day.month, day.day, 9, tzinfo=clock.ZONE)
with transaction.atomic():
    assert telling.tell(today=day, by=system("worker"), at=at).told
    os.kill(os.getpid(), signal.SIGKILL)
"""
ON = {"item_zh": "行政处罚", "item_en": "Penalties", "on": "2026-06-15"}


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    with time_machine.travel(made.NOW, tick=False):
        yield


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as box:
        settings.MAIL = settings.MAIL | {
            "host": "127.0.0.1", "port": box.port, "security": "off", "from": "city@example.cn",
        }  # fmt: skip
        yield box


@pytest.fixture
def receiver(settings: Any, tmp_path: Path) -> Iterator[Calls]:
    with https_server(tmp_path) as (calls, certificate):
        settings.WEBHOOK_NETWORKS, settings.WEBHOOK_CA = LOOPBACK, str(certificate)
        yield calls


def person(who: made.Person | None = None) -> Account:
    """Somebody with an account."""
    one = who or made.person()
    view, _ = persons.admit(
        persons.identity(one.name, one.number, today=clock.today()), by=made.OPERATOR, at=clock.now()
    )
    return Account.objects.get(pk=view.account_id)


def on_file(folder: Path, **changes: str) -> tuple[Account, Actor]:
    """Somebody with an account of whom a penalty is on file."""
    who, unit = made.person(), made.department()
    made.hand_in(
        made.csv_file(folder / f"{who.number[:6]}.csv", [made.person_row(who, unit, **changes)]),
        "admin-penalty-person",
        unit,
    )
    account = person(who)
    return account, register.settled(gate.actor_for(account, address=None))


def tell(subject: int | None, key: str = "1", kind: SubjectKind = SubjectKind.REPAIR_DONE) -> int | None:
    assert subject is not None
    return subject_notices.tell(
        kind, subject_id=subject, facts=ON, link="/own/records/", key=key, by=made.SYSTEM, at=clock.now()
    )


def inbox(by: Actor) -> list[tuple[str, str]]:
    with scope.acting(by):
        return [(one.kind.value, one.happened[0]) for one in subject_notices.inbox(seen_by=by)]


def morning(day: date, hour: int = 8) -> dict[SubjectKind, int]:
    at = made.NOW.replace(year=day.year, month=day.month, day=day.day, hour=hour)
    with time_machine.travel(at, tick=False):
        return telling.tell(today=day, by=made.SYSTEM, at=at).told


def text(mail: tuple[list[str], Mail]) -> str:
    return base64.b64decode(str(mail[1].get_payload())).decode()


class TestTelling:
    def test_told_twice_is_told_once_and_its_words_never_change(self, tmp_path: Path) -> None:
        _, me = on_file(tmp_path)
        one = tell(me.subject)
        assert one is not None
        assert tell(me.subject) is None
        assert inbox(me) == [("repair-done", "“行政处罚”信息的信用修复已于 2026-06-15 完成。")]
        for change in ({"facts": {}}, {"kind": "looked-at"}, {"subject_id": 7}):
            with pytest.raises(DatabaseError), transaction.atomic():
                SubjectNotice.objects.filter(pk=one).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            SubjectNotice.objects.filter(pk=one).delete()

    def test_what_is_told_within_a_transaction_goes_with_it(self, tmp_path: Path) -> None:
        _, me = on_file(tmp_path)
        with transaction.atomic():
            assert tell(me.subject) is not None
            transaction.set_rollback(True)
        assert not SubjectNotice.objects.exists()

    def test_a_subject_reads_its_own_and_nobody_elses(self, tmp_path: Path) -> None:
        _, me = on_file(tmp_path)
        _, other = on_file(tmp_path)
        mine, theirs = tell(me.subject), tell(other.subject)
        assert mine is not None
        assert theirs is not None
        with scope.acting(me):
            assert subject_notices.unread(me) == 1
            assert subject_notices.mark_read([mine, theirs], by=me, at=clock.now()) == 1
            assert subject_notices.unread(me) == 0
            assert not SubjectNotice.objects.filter(pk=theirs).exists()
        assert subject_notices.unread(other) == 1
        with pytest.raises(NotAllowed):
            subject_notices.inbox(seen_by=made.OPERATOR)

    def test_whoever_acts_for_an_organisation_reads_its_notices(self, tmp_path: Path) -> None:
        who = made.organisation()
        made.register(who)
        by = declaring.speaks_for(who, tmp_path)
        tell(by.subject)
        assert len(inbox(by)) == 1
        page = signed_in(Client(), by.name).get("/own/notices/").content.decode()
        assert "信用修复已完成" in page
        assert "不需要再办理" in page

    @pytest.mark.parametrize("kind", SubjectKind)
    def test_every_kind_says_what_happened_what_it_means_and_what_can_be_done(self, kind: SubjectKind) -> None:
        words = WORDS[kind]
        facts = checked(kind, dict.fromkeys(words.names, "{count} {0.__class__} %s"))
        for pair in (words.title, words.happened, words.means, words.can):
            for sentence in pair:
                assert sentence
                assert "{" not in composed(sentence, dict.fromkeys(words.names, "x"))
        assert "{0.__class__}" in composed(words.happened[0], facts)
        with pytest.raises(ValueError, match="needs"):
            checked(kind, facts | {"more": "x"})

    def test_a_link_leads_into_the_own_area(self, tmp_path: Path) -> None:
        _, me = on_file(tmp_path)
        with pytest.raises(ValueError, match="own area"):
            subject_notices.tell(
                SubjectKind.REPAIR_DONE, subject_id=me.subject or 0, facts=ON, link="https://evil.example/", key="1",
                by=made.SYSTEM, at=clock.now(),
            )  # fmt: skip


class TestPlaces:
    def test_a_mail_goes_to_a_verified_address_and_says_nothing_of_what(self, mailbox: Mailbox, tmp_path: Path) -> None:
        account, me = on_file(tmp_path)
        subject_channels.set_up(mail="me@example.cn", webhook="", kinds=list(SubjectKind), by=me, at=clock.now())
        tell(me.subject, "before")
        outbox.deliver_due(now=clock.now(), by=made.SYSTEM)
        (link_mail,) = mailbox.mails
        path = text(link_mail).split("/own/notices/verify/")[1].split()[0]
        client = signed_in(Client(), account.username)
        assert client.get(f"/own/notices/verify/{path}").status_code == 200
        assert not subject_channels.of(by=me).is_verified, "mail programs open links before people do"
        client.post(f"/own/notices/verify/{path}")
        assert subject_channels.of(by=me).is_verified
        tell(me.subject, "after")
        outbox.deliver_due(now=clock.now(), by=made.SYSTEM)
        said = text(mailbox.mails[-1])
        assert len(mailbox.mails) == 2
        assert "1 条新通知" in said
        for word in ("行政处罚", "修复", "Penalties", account.display_name):
            assert word not in said
        assert AuditEntry.objects.filter(event="contact-verified").count() == 1

    def test_a_link_is_of_one_account_one_address_and_three_days(self, mailbox: Mailbox, tmp_path: Path) -> None:
        from xinyong.workflow import _to_subjects

        _, me = on_file(tmp_path)
        other = gate.actor_for(person(), address=None)
        subject_channels.set_up(mail="me@example.cn", webhook="", kinds=[], by=me, at=clock.now())
        token = _to_subjects.token(SubjectChannel.objects.get())
        with pytest.raises(BadMailLink):
            subject_channels.verify(token, by=other, at=clock.now())
        with pytest.raises(BadMailLink):
            subject_channels.verify(token[:-2], by=me, at=clock.now())
        with time_machine.travel(made.NOW + timedelta(days=4)), pytest.raises(BadMailLink):
            subject_channels.verify(token, by=me, at=clock.now())
        subject_channels.set_up(mail="new@example.cn", webhook="", kinds=[], by=me, at=clock.now())
        with pytest.raises(BadMailLink):
            subject_channels.verify(token, by=me, at=clock.now())

    def test_the_address_lies_sealed_and_is_forgotten_with_the_account(self, mailbox: Mailbox, tmp_path: Path) -> None:
        _, me = on_file(tmp_path)
        subject_channels.set_up(mail="me@example.cn", webhook="", kinds=list(SubjectKind), by=me, at=clock.now())
        row = SubjectChannel.objects.get()
        assert b"example" not in bytes(row.sealed or b"")
        assert "example" not in str(AuditEntry.objects.get(event="own-channels-set").facts)
        erasure.on_request(by=me, at=clock.now())
        row.refresh_from_db()
        assert row.sealed is None
        outbox.deliver_due(now=clock.now(), by=made.SYSTEM)
        assert mailbox.mails == []
        assert Message.objects.get().state == "dropped"

    def test_kinds_that_were_not_chosen_stay_in_the_account(self, mailbox: Mailbox, tmp_path: Path) -> None:
        _, me = on_file(tmp_path)
        subject_channels.set_up(mail="me@example.cn", webhook="", kinds=[SubjectKind.LOOKED_AT], by=me, at=clock.now())
        SubjectChannel.objects.update(mail_verified_at=clock.now())
        tell(me.subject)
        assert len(inbox(me)) == 1
        assert Message.objects.filter(subject_notices__isnull=False).count() == 0

    def test_an_organisations_program_is_told_the_kind_and_no_more_once_the_mandate_is_over_nothing(
        self, receiver: Calls, tmp_path: Path
    ) -> None:
        who = made.organisation()
        made.register(who)
        by = declaring.speaks_for(who, tmp_path)
        subject_channels.set_up(mail="", webhook=receiver.url, kinds=list(SubjectKind), by=by, at=clock.now())
        tell(by.subject)
        outbox.deliver_due(now=clock.now(), by=made.SYSTEM)
        (body,) = receiver.bodies
        assert [sorted(one) for one in body["notices"]] == [["id", "kind", "made_at"]]
        assert body["notices"][0]["kind"] == "repair-done"
        tell(by.subject, "2")
        one = mandates.of_account(by.account_id or 0, at=clock.now())[0]
        mandates.end(one.id, reason="经办人离职", by=made.OPERATOR, at=clock.now())
        outbox.deliver_due(now=clock.now(), by=made.SYSTEM)
        assert len(receiver.seen) == 1

    def test_what_is_no_address_is_refused_and_the_factor_is_asked_for(self, tmp_path: Path) -> None:
        account, me = on_file(tmp_path)
        with pytest.raises(BadAddress):
            subject_channels.set_up(mail="not one", webhook="", kinds=[], by=me, at=clock.now())
        client = signed_in(Client(), account.username)
        assert client.get("/own/notices/channels").status_code == 200
        assert client.post("/own/notices/channels", {"mail": "not one"}).status_code == 400
        stale(account.username)
        assert client.get("/own/notices/channels").headers["Location"].startswith("/office/confirm")


class TestEachMorning:
    def test_new_and_changed_information_is_told_once_to_those_with_an_account(self, tmp_path: Path) -> None:
        account, me = on_file(tmp_path)
        assert morning(made.TODAY) == {}, "the first morning begins with what comes after it"
        who_has_none = made.person()
        unit = made.department("云溪市示例告知局")
        known = made.Person(*_identity(account))
        document = made.document()
        rows = [made.person_row(known, unit, CF_WSH=document), made.person_row(who_has_none, unit)]
        made.hand_in(made.csv_file(tmp_path / "new.csv", rows), "admin-penalty-person", unit)
        tomorrow = made.TODAY + timedelta(days=1)
        assert morning(tomorrow) == {SubjectKind.INFORMATION_ADDED: 1}
        assert morning(tomorrow, 9) == {}
        title = publish.current("admin-penalty-person").title_zh
        assert inbox(me) == [("information-added", f"云溪市示例告知局 报送的 1 条“{title}”信息已记入您的信用档案。")]
        with time_machine.travel(made.NOW + timedelta(days=1, hours=2), tick=False):
            changed = [made.person_row(known, unit, CF_WSH=document, CF_NR="罚款0.1万元", CF_NR_FK="0.1")]
            made.hand_in(made.csv_file(tmp_path / "changed.csv", changed), "admin-penalty-person", unit, at=clock.now())
        assert morning(made.TODAY + timedelta(days=2)) == {SubjectKind.INFORMATION_CHANGED: 1}
        assert SubjectNotice.objects.count() == 2

    def test_what_its_source_took_back_is_told_as_withdrawn(self, tmp_path: Path) -> None:
        who, unit = made.organisation(), made.department("云溪市示例撤回局")
        made.register(who)
        by = declaring.speaks_for(who, tmp_path)
        morning(made.TODAY)
        view = made.hand_in(made.csv_file(tmp_path / "a.csv", [made.penalty_row(who, unit)]), "admin-penalty-org", unit)
        assert morning(made.TODAY, 9) == {SubjectKind.INFORMATION_ADDED: 1}
        revert.begin(view.id, reason="报错了所属月份", by=made.SYSTEM)
        revert.finish(view.id, by=made.SYSTEM)
        assert morning(made.TODAY + timedelta(days=1)) == {SubjectKind.INFORMATION_REMOVED: 1}
        assert morning(made.TODAY + timedelta(days=1), 9) == {}
        title = publish.current("admin-penalty-org").title_zh
        assert inbox(by)[0] == (
            "information-removed", f"云溪市示例撤回局 撤回了 1 条“{title}”信息：来源单位撤回了报送。"
        )  # fmt: skip

    def test_of_what_was_repaired_neither_the_end_of_publicity_nor_repair_is_told(self, tmp_path: Path) -> None:
        from xinyong.records.models import Record

        who, unit = made.organisation(), made.department()
        made.register(who)
        made.hand_in(made.csv_file(tmp_path / "a.csv", [made.penalty_row(who, unit)]), "admin-penalty-org", unit)
        declaring.mandate(who, tmp_path, last_on=made.TODAY + timedelta(days=400))
        one = Record.objects.get(disclosure="public")
        repaired.enter(one.subject_id, bytes(one.key_digest).hex(), case_id=1, at=clock.now())
        assert one.repair_from is not None
        assert one.publish_until is not None
        morning(made.TODAY)
        for day in (one.repair_from, one.publish_until - timedelta(days=30)):
            morning(day - timedelta(days=1))
            assert not {SubjectKind.REPAIR_POSSIBLE, SubjectKind.PUBLICITY_ENDS} & set(morning(day))

    def test_a_morning_that_is_killed_before_its_end_has_told_nothing_and_the_next_tells_all_of_it_once(
        self, mailbox: Mailbox, tmp_path: Path
    ) -> None:
        account, me = on_file(tmp_path)
        subject_channels.set_up(mail="me@example.cn", webhook="", kinds=list(SubjectKind), by=me, at=clock.now())
        SubjectChannel.objects.update(mail_verified_at=clock.now())
        Message.objects.all().delete()
        morning(made.TODAY)
        known, unit = made.Person(*_identity(account)), made.department()
        made.hand_in(made.csv_file(tmp_path / "new.csv", [made.person_row(known, unit)]), "admin-penalty-person", unit)
        command = [sys.executable, "-c", _KILLED, str(connection.settings_dict["NAME"]), made.TODAY.isoformat()]
        assert subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode == -signal.SIGKILL
        assert not SubjectNotice.objects.exists(), "nothing of it was committed"
        assert not Message.objects.exists()
        assert morning(made.TODAY, 9) == {SubjectKind.INFORMATION_ADDED: 1}
        assert morning(made.TODAY, 10) == {}
        assert Message.objects.count() == 1

    def test_the_end_of_publicity_repair_and_a_mandate_are_told_before_their_day(self, tmp_path: Path) -> None:
        from xinyong.records.models import Record

        who, unit = made.organisation(), made.department()
        made.register(who)
        made.hand_in(made.csv_file(tmp_path / "a.csv", [made.penalty_row(who, unit)]), "admin-penalty-org", unit)
        given = declaring.mandate(who, tmp_path, last_on=made.TODAY + timedelta(days=400))
        record = Record.objects.get(disclosure="public")
        assert record.publish_until is not None
        assert record.repair_from is not None
        morning(made.TODAY)
        told = {}
        for day in (
            record.repair_from,
            record.publish_until - timedelta(days=30),
            record.publish_until - timedelta(days=7),
        ):
            morning(day - timedelta(days=1))
            told[day] = morning(day)
        assert told[record.repair_from] == {SubjectKind.REPAIR_POSSIBLE: 1}
        assert told[record.publish_until - timedelta(days=30)] == {SubjectKind.PUBLICITY_ENDS: 1}
        assert told[record.publish_until - timedelta(days=7)] == {SubjectKind.PUBLICITY_ENDS: 1}
        last = given.mandate.last_on
        morning(last - timedelta(days=8))
        assert morning(last - timedelta(days=7)).get(SubjectKind.MANDATE_ENDS) == 1

    def test_looks_of_a_day_are_one_notice_a_category_and_ones_own_are_none(self, tmp_path: Path) -> None:
        who = made.organisation()
        made.register(who)
        by = declaring.speaks_for(who, tmp_path)
        morning(made.TODAY)
        for role, name, unit in (
            (Role.READER, "a", ""), (Role.SOURCE_UNIT, "b", ""), (Role.OPERATOR, "c", ""), (Role.PUBLIC, "d", ""),
            (Role.CLIENT, "e", "91990100MA00000007"), (Role.CLIENT, "f", "11990100MA0000000X"),
        ):  # fmt: skip
            audit.enter(
                audit.Event.DOSSIER_VIEWED, by=Actor(role=role, name=name, department=unit or None), object_kind="subject", object_ref=who.code,
                purpose="办理许可",
            )  # fmt: skip
        assert morning(made.TODAY + timedelta(days=1)) == {SubjectKind.LOOKED_AT: 4}
        assert sorted(said for _, said in inbox(by)) == [
            "2026-06-15，信用中心查询您的信息 1 次。", "2026-06-15，行政机关查询您的信息 2 次。",
            "2026-06-15，行政机关的系统查询您的信息 1 次。", "2026-06-15，银行等机构查询您的信息 1 次。",
        ]  # fmt: skip
        assert AuditEntry.objects.filter(event="subjects-told").latest("id").facts == {"looked_at": 4}

    def test_looks_are_sent_out_for_the_categories_that_were_chosen_and_all_stand_in_the_account(
        self, mailbox: Mailbox, tmp_path: Path
    ) -> None:
        who = made.organisation()
        made.register(who)
        by = declaring.speaks_for(who, tmp_path)
        subject_channels.set_up(
            mail="me@example.cn",
            webhook="",
            kinds=list(SubjectKind),
            lookers=["enterprise", "nobody"],
            by=by,
            at=clock.now(),
        )
        assert subject_channels.of(by=by).lookers == {"enterprise"}
        SubjectChannel.objects.update(mail_verified_at=clock.now())
        Message.objects.all().delete()
        morning(made.TODAY)
        for role, unit in ((Role.OPERATOR, None), (Role.CLIENT, "91990100MA00000007")):
            audit.enter(
                audit.Event.DOSSIER_VIEWED, by=Actor(role=role, name="one", department=unit), object_kind="subject",
                object_ref=who.code, purpose="办理贷款",
            )  # fmt: skip
        assert morning(made.TODAY + timedelta(days=1)) == {SubjectKind.LOOKED_AT: 2}
        assert len(inbox(by)) == 2
        [message] = Message.objects.all()
        assert [one.key for one in message.subject_notices.all()] == ["looked-at/2026-06-15/enterprise"]

    def test_days_that_were_missed_are_caught_up(self, tmp_path: Path) -> None:
        who = made.organisation()
        made.register(who)
        declaring.mandate(who, tmp_path, last_on=made.TODAY + timedelta(days=32))
        morning(made.TODAY)
        assert morning(made.TODAY + timedelta(days=5)) == {SubjectKind.MANDATE_ENDS: 1}

    def test_nobody_but_the_platform_tells(self) -> None:
        assert not may(made.OPERATOR, Action.OPERATE)
        with pytest.raises(NotAllowed):
            telling.tell(today=made.TODAY, by=made.OPERATOR, at=clock.now())


def _identity(account: Account) -> tuple[str, str]:
    said = persons.own(by=gate.actor_for(account, address=None))
    return said["name"], said["certificate_number"]
