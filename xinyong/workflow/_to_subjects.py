"""What goes out to subjects: that there is something to read, and where; nothing of what it says, not even of which kind.

A mail lies in a mailbox that others may read, and a title alone ("repair is possible") says that somebody was penalised. Programs
of organisations, which chose their own address, are told the kind besides.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import connection

from xinyong.kernel import clock, sql
from xinyong.security import encryption, mandates, persons
from xinyong.workflow import _mail, _webhook
from xinyong.workflow.models import Message, SubjectChannel

_SQL = sql.load(__file__, "subjects.sql")
_INBOX = "/own/notices/"
SALT = "own-mail"


def messages(notice_ids: Sequence[int], *, at: datetime) -> int:
    """Enters one message for each place and way; how many."""
    if not notice_ids:
        return 0
    wanted: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SQL["places"], {"notices": list(notice_ids)})
        for channel_id, notice_id in cursor.fetchall():
            wanted[channel_id].append(notice_id)
    made: list[tuple[Message, list[int]]] = []
    for one in SubjectChannel.objects.filter(pk__in=wanted):
        mail, webhook = opened(one)
        ways = [Message.Channel.MAIL] if mail and one.mail_verified_at and _mail.is_on() else []
        ways += [Message.Channel.WEBHOOK] if webhook and _webhook.is_on() else []
        made += [
            (Message(ref=secrets.token_hex(16), to=one, channel=way, due_at=at, made_at=at), wanted[one.pk])
            for way in ways
        ]
    Message.objects.bulk_create([message for message, _ in made])
    through = Message.subject_notices.through
    through.objects.bulk_create(
        [through(message_id=message.pk, subjectnotice_id=pk) for message, notices in made for pk in notices],
        batch_size=5000,
    )
    return len(made)


def place(message: Message, now: datetime) -> tuple[list[str], str]:
    """Where a message goes: nowhere once the account no longer acts for the subject, or the address was taken away. A link goes to an
    address that is not verified yet, a notice never."""
    assert message.to is not None
    if not is_acting(message.to, at=now):
        return [], ""
    mail, webhook = opened(message.to)
    is_link = not message.subject_notices.exists()
    return ([mail] if mail and (is_link or message.to.mail_verified_at) else []), webhook


def letter(message: Message) -> tuple[str, str]:
    """Subject line and text of a mail."""
    assert message.to is not None
    count = message.subject_notices.count()
    if not count:
        link = f"{settings.SITE_ORIGIN}{_INBOX}verify/{token(message.to)}"
        zh = f"有人在{settings.SITE_NAME}填写了这个邮箱，用于接收通知。如果是您本人，请在三天内登录并打开以下链接确认：{link}"
        en = f"Somebody gave this address on {settings.SITE_NAME} for notices. If it was you, sign in and open the link within three days."
        last = "如果不是您本人，不必理会：不确认就不会再收到邮件。 If it was not you, do nothing."
        return f"{settings.SITE_NAME}：请确认邮箱 confirm your address", "\n\n".join((zh, en, last))
    link = f"{settings.SITE_ORIGIN}{_INBOX}"
    text = "\n".join(
        (
            f"您在{settings.SITE_NAME}有 {count} 条新通知，请登录查看：{link}", "",
            f"You have {count} new notice(s) on {settings.SITE_NAME}. Sign in to read: {link}", "",
            "为保护您的信息，邮件不写通知内容。本邮件由系统发送，请勿回复；可在“通知设置”中停止接收。",
        )
    )  # fmt: skip
    return f"{settings.SITE_NAME}：{count} 条新通知 new notices", text


def body(message: Message) -> dict[str, object]:
    """What a webhook is sent."""
    assert message.to is not None
    is_organisation = message.to.subject_id is not None
    return {
        "id": message.ref,
        "notices": [
            {"id": one.pk, "made_at": one.made_at.astimezone(clock.ZONE).isoformat(timespec="seconds")}
            | ({"kind": one.kind} if is_organisation else {})
            for one in message.subject_notices.order_by("pk")
        ],
        "link": f"{settings.SITE_ORIGIN}{_INBOX}",
    }


def token(channel: SubjectChannel) -> str:
    """What the link in the mail carries: which place, and a mark of the address in place of it."""
    return signing.dumps([channel.pk, mark(channel)], salt=SALT)


def mark(channel: SubjectChannel) -> str:
    """What tells one address from another without showing it."""
    return encryption.digest(opened(channel)[0], kind="own-mail").hex()


def opened(channel: SubjectChannel) -> tuple[str, str]:
    """Address and webhook of a place."""
    if channel.sealed is None:
        return "", ""
    mail, webhook = json.loads(encryption.unseal(bytes(channel.sealed), context="channel.sealed"))
    return str(mail), str(webhook)


def is_acting(channel: SubjectChannel, *, at: datetime) -> bool:
    """True while the account is the person's, or has a mandate of the organisation."""
    if channel.subject_id is None:
        return persons.of_account(channel.account_id) is not None
    return any(one.subject_id == channel.subject_id for one in mandates.of_account(channel.account_id, at=at))
