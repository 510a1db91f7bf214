"""Notices, where departments want to be told, and what goes out; cases stand in workflow/case_models.py."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from xinyong.security.models import Account, Department
from xinyong.security.sealed import SealedColumn, SealedFiles
from xinyong.workflow.case_models import Case, CaseDocument, CaseStep

__all__ = ["Case", "CaseDocument", "CaseStep", "Message", "Notice", "Preference"]

SEALED = (
    SealedFiles("workflow/papers/*/*.sealed", "workflow.paper"), SealedColumn("workflow_subjectchannel", "channel.sealed"),
)  # fmt: skip


class Notice(models.Model):
    """Something a department is told once: ``key`` says what. Its words are composed from ``kind`` and ``facts`` when shown. A
    department has one inbox; who of it read a notice first stands with it."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    facts = models.JSONField()
    link = models.CharField(max_length=200)
    key = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    read_at = models.DateTimeField(null=True)
    read_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "key"], name="notice_told_once")]
        indexes = [
            models.Index(fields=["department", "-id"], name="notice_inbox"),
            models.Index(fields=["department"], name="notice_unread", condition=models.Q(read_at__isnull=True)),
        ]


class Preference(models.Model):
    """Where a department wants to be told besides the office. Without one: nowhere."""

    class Mail(models.TextChoices):
        OFF = "off", "不发邮件"
        IMMEDIATE = "immediate", "随时发送"
        DAILY = "daily", "每日汇总"

    department = models.OneToOneField(Department, on_delete=models.PROTECT)
    mail = models.CharField(max_length=10, choices=Mail, default=Mail.OFF)
    addresses = models.JSONField(default=list)
    webhook = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)


class SubjectNotice(models.Model):
    """Something a subject is told once: ``key`` says what. Its words never change (a trigger): only that it was read."""

    subject_id = models.BigIntegerField(help_text="of the register of subjects, which lies above this room")
    kind = models.CharField(max_length=20)
    facts = models.JSONField()
    link = models.CharField(max_length=200)
    key = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    read_at = models.DateTimeField(null=True)
    read_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_id", "key"], name="subject_told_once")]
        indexes = [
            models.Index(fields=["subject_id", "-id"], name="subject_inbox"),
            models.Index(fields=["subject_id"], name="subject_unread", condition=models.Q(read_at__isnull=True)),
        ]


class SubjectChannel(models.Model):
    """Where an account is told as a subject: for the organisation it acts for, or (no subject) for the person it is. ``sealed``
    holds address and webhook; null once forgotten."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    subject_id = models.BigIntegerField(null=True)
    sealed = models.BinaryField(null=True)
    mail_verified_at = models.DateTimeField(null=True)
    kinds = ArrayField(models.CharField(max_length=20), default=list)
    lookers = ArrayField(models.CharField(max_length=10), null=True, help_text="of whose looks; null: of everybody's")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "subject_id"], name="own_channel_once", nulls_distinct=False)
        ]


class Message(models.Model):
    """What goes out to a department, or to a place a subject has given (``to``): one notice, or a day's (a digest, which gathers
    until it is due). To a place, without a notice: the link that verifies its address. ``ref`` stays the same
    however often it is sent: by it a receiver knows what came twice."""

    class Channel(models.TextChoices):
        MAIL = "mail", "邮件"
        WEBHOOK = "webhook", "回调"

    class State(models.TextChoices):
        DUE = "due", "待发送"
        SENT = "sent", "已送达"
        GIVEN_UP = "given-up", "未能送达"
        DROPPED = "dropped", "已取消"

    ref = models.CharField(max_length=32, unique=True)
    department = models.ForeignKey(Department, null=True, on_delete=models.PROTECT)
    to = models.ForeignKey(SubjectChannel, null=True, on_delete=models.PROTECT)
    channel = models.CharField(max_length=7, choices=Channel)
    is_digest = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.JSONField(null=True, help_text="zh, en of why the last attempt failed")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    notices = models.ManyToManyField(Notice)
    subject_notices = models.ManyToManyField(SubjectNotice)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(department__isnull=False) ^ models.Q(to__isnull=False), name="message_to_one"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="message_due", condition=models.Q(state="due")),
            models.Index(fields=["-id"], name="message_failing", condition=models.Q(attempts__gt=0)),
        ]
