"""What goes out (外发): entered with the notice, delivered by a job, tried again for two days, then given up and shown.

A message is at work under a row lock: no two workers send it, and a killed one lets go of it. A worker that was killed after
the receiver took the message, and before that was noted, sends it once more under the same ``ref`` (Message-ID,
Idempotency-Key), by which a receiver knows it.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import _mail, _to_subjects, _webhook
from xinyong.workflow._failing import Undelivered
from xinyong.workflow.kinds import WORDS, Kind, outgoing
from xinyong.workflow.models import Message, Notice, Preference

#: Pauses between attempts, in minutes; after the last the message is given up: about 39 hours.
_PAUSES = (1, 5, 15, 60, 240, 720, 1300)
GIVE_UP_AFTER = len(_PAUSES) + 1
#: When a day's digest goes out, Beijing time.
DIGEST_AT = time(8)
#: Messages of one go, so that submissions have their turn.
_MOST = 200
_JOB = "workflow.deliver_due"


class NotGivenUp(Conflict):
    """The message is on its way, arrived, or nobody's."""

    code = "workflow.not-given-up"


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message that is late or was given up, as the operator sees it; not to whom in person. Without a source: to a subject."""

    id: int
    source_code: str
    source_name: str
    channel: str
    state: str
    notices: int
    attempts: int
    made_at: datetime
    due_at: datetime
    failure_zh: str
    failure_en: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one go came to."""

    sent: int
    failed: int


def put(notice: Notice, *, at: datetime) -> None:
    """Enters what is to go out because of a notice, in its transaction."""
    wanted = Preference.objects.filter(department_id=notice.department_id).first()
    if wanted is None:
        return
    if _mail.is_on() and wanted.mail == Preference.Mail.DAILY:
        _gather(notice, at)
    elif _mail.is_on() and wanted.mail == Preference.Mail.IMMEDIATE:
        _enter(notice, Message.Channel.MAIL, at)
    if _webhook.is_on() and wanted.webhook:
        _enter(notice, Message.Channel.WEBHOOK, at)


def put_to_subjects(notice_ids: Sequence[int], *, at: datetime) -> None:
    """Enters what goes out because of notices to subjects, in their transaction: one message for each place and way."""
    found = _to_subjects.messages(notice_ids, at=at)
    if found:
        later()


def put_link(channel_id: int, *, at: datetime) -> None:
    """Enters the mail that verifies the address of a place."""
    Message.objects.create(
        ref=secrets.token_hex(16), to_id=channel_id, channel=Message.Channel.MAIL, due_at=at, made_at=at
    )
    later()


def later() -> None:
    """Asks the worker to deliver what is due; asked twice it is done once."""
    try:
        with transaction.atomic():
            app.configure_task(_JOB, queue="notices", queueing_lock=_JOB).defer(timestamp=0)
    except AlreadyEnqueued:
        return


def deliver_due(*, now: datetime, by: Actor) -> Delivered:
    """Sends what is due, oldest first. A mail server or a receiver that fails once is left alone for the rest of this go.
    Raises NotAllowed."""
    require(by, Action.OPERATE)
    waiting = Message.objects.filter(state=Message.State.DUE, due_at__lte=now).order_by("due_at", "pk")
    sent = failed = 0
    broken: set[str] = set()
    for pk, channel, department, to in waiting.values_list("pk", "channel", "department_id", "to_id")[:_MOST]:
        way = channel if channel == Message.Channel.MAIL else f"{channel}/{department}/{to}"
        if way in broken:
            continue
        is_sent = _deliver(pk, by=by, now=now)
        if is_sent is False:
            broken.add(way)
        sent, failed = sent + (is_sent is True), failed + (is_sent is False)
    return Delivered(sent, failed)


def undelivered(*, seen_by: Actor, after: int | None = None, limit: int = 30) -> Sequence[MessageView]:
    """Messages that failed at least once and have not arrived, the newest first. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.OVERSEE_NOTICES)
    audit.enter(audit.Event.NOTICES_VIEWED, by=seen_by, object_kind="notices", object_ref="undelivered")
    found = Message.objects.filter(attempts__gt=0, state__in=[Message.State.DUE, Message.State.GIVEN_UP])
    if after is not None:
        found = found.filter(pk__lt=after)
    return [
        MessageView(
            one.pk, one.department.code if one.department else "", one.department.name if one.department else "",
            one.channel, one.state, one.subject_notices.count() if one.to_id else one.notices.count(), one.attempts,
            one.made_at, one.due_at, (one.failure or {}).get("zh", ""), (one.failure or {}).get("en", ""),
        )
        for one in found.select_related("department").order_by("-pk")[:limit]
    ]  # fmt: skip


def waiting(*, seen_by: Actor) -> dict[str, int]:
    """How many messages stand how: state → count. Raises NotAllowed."""
    require(seen_by, Action.OVERSEE_NOTICES)
    found = Message.objects.exclude(state=Message.State.SENT).order_by().values_list("state").annotate(n=Count("pk"))
    return {str(state): int(n) for state, n in found}


@transaction.atomic
def resend(message_id: int, *, by: Actor, at: datetime) -> None:
    """Tries a message again that was given up or waits for its next attempt. Raises NotAllowed, NotGivenUp."""
    require(by, Action.OVERSEE_NOTICES)
    found = (
        Message.objects.select_for_update()
        .filter(pk=message_id, attempts__gt=0, state__in=[Message.State.DUE, Message.State.GIVEN_UP])
        .first()
    )
    if found is None:
        raise NotGivenUp("这条消息已送达或已取消。", "This message has arrived or was dropped.")
    is_fresh = found.state == Message.State.GIVEN_UP
    found.state, found.due_at, found.ended_at = Message.State.DUE, at, None
    found.attempts = 1 if is_fresh else found.attempts
    found.save()
    audit.enter(audit.Event.NOTICE_RESENT, by=by, object_kind="notices", object_ref=found.ref)
    later()


@transaction.atomic
def _deliver(message_id: int, *, by: Actor, now: datetime) -> bool | None:
    """True: taken. False: not, tried again later or given up. None: somebody else has it, or nobody wants it any more."""
    message = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(pk=message_id, state=Message.State.DUE, due_at__lte=now)
        .first()
    )
    if message is None:
        return None
    is_mail = message.channel == Message.Channel.MAIL
    addresses, webhook = _to_subjects.place(message, now) if message.to_id else _places(message)
    if not (addresses if is_mail else webhook):
        message.state, message.ended_at = Message.State.DROPPED, now
        message.save()
        return None
    message.attempts += 1
    try:
        if is_mail and message.to_id:
            subject, text = _to_subjects.letter(message)
            _mail.send(addresses, subject=subject, text=text, ref=message.ref, now=now)
        elif is_mail:
            _send_mail(message, addresses, now)
        else:
            body = _to_subjects.body(message) if message.to_id else _body(message)
            _webhook.send(webhook, body=body, ref=message.ref, now=now)
    except Undelivered as failure:
        message.failure = {"zh": failure.zh, "en": failure.en}
        is_over = message.attempts >= GIVE_UP_AFTER
        message.state = Message.State.GIVEN_UP if is_over else Message.State.DUE
        message.ended_at = now if is_over else None
        if not is_over:
            message.due_at = now + timedelta(minutes=_PAUSES[message.attempts - 1])
    else:
        message.state, message.ended_at, message.failure = Message.State.SENT, now, None
    message.save()
    if message.state != Message.State.DUE:
        is_sent = message.state == Message.State.SENT
        audit.enter(
            audit.Event.NOTICE_SENT if is_sent else audit.Event.NOTICE_GIVEN_UP, by=by, object_kind="notices",
            object_ref=message.ref, outcome="done" if is_sent else "failed", channel=message.channel,
            attempts=message.attempts,
        )  # fmt: skip
    return message.state == Message.State.SENT


def _places(message: Message) -> tuple[list[str], str]:
    """Where a department wants to be told now: addresses, and a webhook."""
    wanted = Preference.objects.filter(department=message.department).first()
    if wanted is None:
        return [], ""
    return (wanted.addresses if wanted.mail != Preference.Mail.OFF else []), wanted.webhook


def _enter(notice: Notice, channel: str, at: datetime) -> None:
    _new(notice.department_id, channel, due_at=at, at=at).notices.add(notice)
    later()


def _gather(notice: Notice, at: datetime) -> None:
    """Adds the notice to the digest that gathers; one that a worker holds, or has tried to send, is closed."""
    due = _next_digest(at)
    open_one = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(department_id=notice.department_id, is_digest=True, state=Message.State.DUE, attempts=0, due_at=due)
        .first()
    )
    digest = open_one or _new(notice.department_id, Message.Channel.MAIL, due_at=due, at=at, is_digest=True)
    digest.notices.add(notice)


def _new(department_id: int, channel: str, *, due_at: datetime, at: datetime, is_digest: bool = False) -> Message:
    return Message.objects.create(
        ref=secrets.token_hex(16), department_id=department_id, channel=channel, is_digest=is_digest, due_at=due_at,
        made_at=at,
    )  # fmt: skip


def _next_digest(at: datetime) -> datetime:
    local = at.astimezone(clock.ZONE)
    today = datetime.combine(local.date(), DIGEST_AT, tzinfo=clock.ZONE)
    return today if local < today else today + timedelta(days=1)


def _send_mail(message: Message, to: list[str], now: datetime) -> None:
    """How many of what, and where to read it: nothing of what they say."""
    counts = Counter(Kind(one) for one in message.notices.values_list("kind", flat=True))
    link, total = f"{settings.SITE_ORIGIN}/office/notices/", sum(counts.values())
    zh = [f"  · {WORDS[kind].title_zh}：{count} 条" for kind, count in counts.items()]
    en = [f"  - {WORDS[kind].title_en}: {count}" for kind, count in counts.items()]
    text = "\n".join(
        (
            f"贵单位在{settings.SITE_NAME}有 {total} 条新通知：", *zh, f"请登录查看：{link}", "",
            f"Your department has {total} new notice(s) on {settings.SITE_NAME}:", *en, f"Sign in to read: {link}", "",
            "本邮件由系统发送，请勿回复。接收地址由本单位管理员在“通知设置”中更改。",
        )
    )  # fmt: skip
    _mail.send(
        to, subject=f"{settings.SITE_NAME}：{total} 条新通知 new notices", text=text, ref=message.ref, now=now
    )  # fmt: skip


def _body(message: Message) -> dict[str, object]:
    assert message.department is not None
    return {
        "id": message.ref,
        "department": message.department.code,
        "notices": [
            {
                "id": one.pk, "kind": one.kind, "made_at": one.made_at.astimezone(clock.ZONE).isoformat(timespec="seconds"),
                "title": {"zh": WORDS[Kind(one.kind)].title_zh, "en": WORDS[Kind(one.kind)].title_en},
                "facts": outgoing(Kind(one.kind), one.facts), "link": f"{settings.SITE_ORIGIN}{one.link}",
            }
            for one in message.notices.order_by("pk")
        ],
    }  # fmt: skip
