"""Notices go out by mail and webhook: signed, without persons' data, tried again, given up and shown; never told twice."""

import base64
import ipaddress
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.conftest import free_port
from tests.intake import made
from tests.workflow.receivers import Calls, Mailbox, https_server, mail_server
from xinyong.kernel import clock
from xinyong.security import signatures
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.audit import Event
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry
from xinyong.workflow import _webhook, channels, notices, outbox
from xinyong.workflow.kinds import WORDS, Kind, checked, composed
from xinyong.workflow.models import Message, Notice

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
NOTE = "请联系张三核对"
FACTS = {"submission": 7, "row": 3, "due": "2026-06-20", "note": NOTE, "item_zh": "行政处罚", "item_en": "Penalties"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def unit() -> Iterator[SourceUnit]:
    with time_machine.travel(made.NOW, tick=False):
        yield made.department()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as box:
        settings.MAIL = {
            **settings.MAIL,
            "host": "127.0.0.1",
            "port": box.port,
            "security": "off",
            "from": "city@example.cn",
        }
        yield box


@pytest.fixture
def receiver(settings: Any, tmp_path: Path) -> Iterator[Calls]:
    with https_server(tmp_path) as (calls, certificate):
        settings.WEBHOOK_NETWORKS, settings.WEBHOOK_CA = LOOPBACK, str(certificate)
        yield calls


def administrator(unit: SourceUnit) -> Actor:
    return Actor(role=Role.UNIT_ADMIN, name="admin", department=unit.code)


def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


def wants(unit: SourceUnit, mail: str = "off", webhook: str = "") -> None:
    addresses = ["office@example.cn", "duty@example.cn"] if mail != "off" else []
    channels.set_up(
        unit.code, mail=mail, addresses=addresses, webhook=webhook, by=administrator(unit), at=clock.now()
    )  # fmt: skip


def tell(unit: SourceUnit, key: str = "1") -> int | None:
    return notices.tell(
        Kind.SENT_BACK, department_id=unit.id, facts=FACTS, link="/office/submissions/7/rows/3/", key=key, by=made.SYSTEM,
        at=clock.now(),
    )  # fmt: skip


def deliver(now: datetime | None = None) -> outbox.Delivered:
    return outbox.deliver_due(now=now or clock.now(), by=made.SYSTEM)


def text(mail: Mail) -> str:
    return base64.b64decode(str(mail.get_payload())).decode()


def test_told_twice_is_told_once(unit: SourceUnit) -> None:
    assert tell(unit) is not None
    assert tell(unit) is None
    assert [one.body_zh for one in notices.inbox(seen_by=clerk(unit))] == [
        f"报送 7 第 3 行（行政处罚）被退回，请于 2026-06-20 前更正。说明：{NOTE}"
    ]


def test_a_department_reads_its_own_and_who_read_it_stands_there(unit: SourceUnit) -> None:
    other = made.department()
    mine, theirs = tell(unit), tell(other)
    assert mine is not None
    assert theirs is not None
    assert notices.unread(clerk(unit)) == 1
    assert notices.mark_read([mine, theirs], by=clerk(unit), at=clock.now()) == 1
    assert notices.unread(clerk(unit)) == 0
    assert notices.unread(clerk(other)) == 1
    assert [(one.id, one.read_by) for one in notices.inbox(seen_by=clerk(unit))] == [(mine, "clerk")]
    assert [one.id for one in notices.inbox(seen_by=made.OPERATOR)] == [theirs, mine]
    assert [one.id for one in notices.inbox(seen_by=made.OPERATOR, unread_only=True)] == [theirs]
    assert [one.id for one in notices.inbox(seen_by=made.OPERATOR, after=theirs)] == [mine]
    with pytest.raises(NotAllowed):
        notices.mark_read(None, by=made.OPERATOR, at=clock.now())


@pytest.mark.parametrize("kind", Kind)
def test_a_template_takes_its_own_facts_and_no_other_text(kind: Kind) -> None:
    names = WORDS[kind].names
    facts = dict.fromkeys(names, "{note} {0.__class__} %s")
    told = composed(kind, checked(kind, facts), is_english=False) + composed(
        kind, checked(kind, facts), is_english=True
    )
    assert told.count("{0.__class__}") == len(WORDS[kind].body_zh.split("{")) + len(WORDS[kind].body_en.split("{")) - 2
    with pytest.raises(ValueError, match="needs"):
        checked(kind, facts | {"more": "x"})
    with pytest.raises(ValueError, match="needs"):
        checked(kind, {})


def test_mail_at_once_says_how_many_and_nothing_of_what_they_say(unit: SourceUnit, mailbox: Mailbox) -> None:
    wants(unit, "immediate")
    tell(unit)
    assert deliver() == outbox.Delivered(1, 0)
    ((to, mail),) = mailbox.mails
    assert to == ["office@example.cn", "duty@example.cn"]
    said = text(mail)
    assert "有数据被退回更正：1 条" in said
    assert "/office/notices/" in said
    assert not [one for one in (NOTE, "张三", "2026-06-20", unit.name) if one in said]
    assert mail["Message-ID"] == f"<{Message.objects.get().ref}@127.0.0.1>"
    assert deliver() == outbox.Delivered(0, 0)


def test_a_days_digest_gathers_until_the_morning(unit: SourceUnit, mailbox: Mailbox) -> None:
    wants(unit, "daily")
    tell(unit, "1")
    tell(unit, "2")
    assert deliver() == outbox.Delivered(0, 0)
    morning = made.NOW.replace(hour=8) + timedelta(days=1)
    assert deliver(morning) == outbox.Delivered(1, 0)
    assert "有数据被退回更正：2 条" in text(mailbox.mails[0][1])
    with time_machine.travel(morning + timedelta(minutes=1)):
        tell(unit, "3")
    assert [one.notices.count() for one in Message.objects.order_by("id")] == [2, 1]


def test_a_mail_server_that_is_down_is_tried_again_then_given_up_shown_and_resent(
    unit: SourceUnit, mailbox: Mailbox, settings: Any
) -> None:
    wants(unit, "immediate")
    tell(unit, "1")
    tell(unit, "2")
    settings.MAIL = {**settings.MAIL, "port": free_port()}
    assert deliver() == outbox.Delivered(0, 1), "a server that is down is asked once a go"
    assert deliver(clock.now() + timedelta(seconds=30)) == outbox.Delivered(0, 1), "the other one"
    first = Message.objects.earliest("id")
    for attempt in range(2, outbox.GIVE_UP_AFTER + 1):
        first.refresh_from_db()
        assert first.state == "due"
        Message.objects.exclude(pk=first.pk).update(due_at=first.due_at + timedelta(days=9))
        assert deliver(first.due_at - timedelta(seconds=1)) == outbox.Delivered(0, 0)
        assert deliver(first.due_at) == outbox.Delivered(0, 1)
        first.refresh_from_db()
        assert first.attempts == attempt
    assert first.state == "given-up"
    (late, lost) = outbox.undelivered(seen_by=made.OPERATOR)
    assert (late.state, lost.state, lost.attempts) == ("due", "given-up", outbox.GIVE_UP_AFTER)
    assert "邮件服务器没有应答" in lost.failure_zh
    assert AuditEntry.objects.filter(event=Event.NOTICE_GIVEN_UP).count() == 1
    settings.MAIL = {**settings.MAIL, "port": mailbox.port}
    outbox.resend(lost.id, by=made.OPERATOR, at=clock.now())
    assert deliver() == outbox.Delivered(1, 0)
    with pytest.raises(outbox.NotGivenUp):
        outbox.resend(lost.id, by=made.OPERATOR, at=clock.now())
    with pytest.raises(NotAllowed):
        outbox.undelivered(seen_by=administrator(unit))


def test_a_mail_that_the_server_refuses_waits_and_goes_again_under_its_id(unit: SourceUnit, mailbox: Mailbox) -> None:
    wants(unit, "immediate")
    tell(unit)
    mailbox.answer = "451 later"
    deliver()
    assert "代码 451" in Message.objects.get().failure["zh"]
    mailbox.answer = "250 OK"
    assert deliver(clock.now() + timedelta(minutes=2)) == outbox.Delivered(1, 0)
    first, second = (mail["Message-ID"] for _, mail in mailbox.mails)
    assert first == second


def test_a_webhook_is_signed_and_leaves_out_what_people_typed(unit: SourceUnit, receiver: Calls) -> None:
    wants(unit, webhook=receiver.url)
    tell(unit)
    assert deliver() == outbox.Delivered(1, 0)
    ((path, headers, body),) = receiver.seen
    assert path == "/notices?from=city"
    message = signatures.Message("POST", receiver.url, headers, body)
    said = signatures.read(message, tag=_webhook.TAG)
    signatures.check(
        message, said, public_pem=signatures.node_public_pem(), tag=_webhook.TAG, now=clock.now()
    )  # fmt: skip
    (sent,) = receiver.bodies
    assert sent["id"] == headers["idempotency-key"] == Message.objects.get().ref
    assert (sent["department"], sent["notices"][0]["kind"]) == (unit.code, "sent-back")
    assert sent["notices"][0]["facts"] == {name: value for name, value in FACTS.items() if name != "note"}
    with pytest.raises(signatures.DigestWrong):
        signatures.check(
            signatures.Message("POST", receiver.url, headers, body + b" "), said,
            public_pem=signatures.node_public_pem(), tag=_webhook.TAG, now=clock.now(),
        )  # fmt: skip


@pytest.mark.parametrize(("status", "location"), [(500, ""), (302, "https://localhost/elsewhere"), (404, "")])
def test_a_webhook_that_is_not_taken_is_tried_again(
    unit: SourceUnit, receiver: Calls, status: int, location: str
) -> None:
    wants(unit, webhook=receiver.url)
    tell(unit)
    receiver.status, receiver.location = status, location
    assert deliver() == outbox.Delivered(0, 1)
    assert f"HTTP {status}" in Message.objects.get().failure["zh"]
    receiver.status = 202
    assert deliver(clock.now() + timedelta(minutes=2)) == outbox.Delivered(1, 0)
    assert len({headers["idempotency-key"] for _, headers, _ in receiver.seen}) == 1
    assert len(receiver.seen) == 2


def test_a_receiver_whose_certificate_nobody_vouches_for_gets_nothing(
    unit: SourceUnit, receiver: Calls, settings: Any
) -> None:
    wants(unit, webhook=receiver.url)
    tell(unit)
    settings.WEBHOOK_CA = ""
    assert deliver() == outbox.Delivered(0, 1)
    assert receiver.seen == []


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost/x", "https://user:word@localhost/x", "https://localhost/x#y", "https:///x", "ftp://localhost",
        "https://[::1/x", "https://local host/x", "https://localhost:99999/", "https://10.1.2.3/x",
        "https://169.254.169.254/latest", "https://0.0.0.0/", "https://[::ffff:10.0.0.1]/", "https://本机/x",
    ],
)  # fmt: skip
def test_an_address_that_is_not_to_be_called_is_refused(
    unit: SourceUnit, receiver: Calls, settings: Any, address: str
) -> None:
    with pytest.raises(_webhook.WebhookRefused):
        wants(unit, webhook=address)


def test_a_name_that_leads_elsewhere_meanwhile_is_not_called(unit: SourceUnit, receiver: Calls, settings: Any) -> None:
    wants(unit, webhook=receiver.url)
    tell(unit)
    settings.WEBHOOK_NETWORKS = (ipaddress.ip_network("10.9.0.0/16"),)
    assert deliver() == outbox.Delivered(0, 1)
    assert receiver.seen == []
    assert "不在允许回调的网段内" in Message.objects.get().failure["zh"]


def test_nothing_goes_out_unless_it_was_turned_on(unit: SourceUnit) -> None:
    wants(unit, "immediate")  # no mail server is configured
    with pytest.raises(_webhook.WebhooksOff):
        wants(unit, webhook="https://localhost/x")
    tell(unit)
    assert Message.objects.count() == 0
    assert Notice.objects.count() == 1


def test_who_turns_mail_off_gets_nothing_that_waited(unit: SourceUnit, mailbox: Mailbox) -> None:
    wants(unit, "daily")
    tell(unit)
    wants(unit, "off")
    deliver(clock.now() + timedelta(days=1))
    assert mailbox.mails == []
    assert Message.objects.get().state == "dropped"


@pytest.mark.parametrize(
    "given", [["nobody"], ["办公室@example.cn"], ["a@b.cn\nBcc: c@d.cn"], [f"n{n}@example.cn" for n in range(6)]]
)
def test_what_is_no_address_is_refused(unit: SourceUnit, given: list[str]) -> None:
    with pytest.raises(channels.BadAddress):
        channels.set_up(unit.code, mail="daily", addresses=given, webhook="", by=administrator(unit), at=clock.now())


def test_mail_wants_an_address_and_only_ones_own_administrator_says_it(unit: SourceUnit) -> None:
    with pytest.raises(channels.NoAddress):
        channels.set_up(unit.code, mail="daily", addresses=[], webhook="", by=administrator(unit), at=clock.now())
    for who in (clerk(unit), administrator(made.department()), made.AUDITOR):
        with pytest.raises(NotAllowed):
            channels.set_up(unit.code, mail="off", addresses=[], webhook="", by=who, at=clock.now())
