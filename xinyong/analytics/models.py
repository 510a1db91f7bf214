"""Bulletins as they were issued; tasks as they stand, and all that was done about them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from xinyong.security.sealed import SealedFiles

SEALED = (SealedFiles("analytics/evidence/*/*.sealed", "analytics.task-evidence"),)


class Bulletin(models.Model):
    """A month's bulletin, frozen: its figures as the text that was digested, from which page, PDF and DOCX are made again.
    Append-only (a trigger holds it); a later edition corrects an earlier one, which stays."""

    period = models.DateField(help_text="first day of the month")
    edition = models.SmallIntegerField()
    as_of = models.DateTimeField(help_text="what was known at this instant counts")
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=80)
    content = models.TextField(help_text="JSON, members sorted, as digested")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content's UTF-8")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["period", "edition"], name="bulletin_edition_once")]


class Task(models.Model):
    """A task of a plan (任务) as it stands; what was done about it is in ``TaskAct``. A task is its ledger and its words:
    ``key`` is the digest of both, so that a plan imported again adds nothing."""

    class State(models.TextChoices):
        OPEN = "open", "未开展"
        UNDER_WAY = "under-way", "推进中"
        REPORTED = "reported", "待确认"
        DONE = "done", "已完成"
        CANCELLED = "cancelled", "已取消"

    key = models.CharField(max_length=64, unique=True)
    ledger = models.CharField(max_length=200, help_text="the plan's title")
    number = models.IntegerField(help_text="its place in the plan, from 1")
    chapter_no = models.CharField(max_length=20, blank=True)
    chapter = models.CharField(max_length=200, blank=True)
    section = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    owners = models.JSONField(help_text="[{words, code, name, group, is_lead}], the lead's first")
    unit_ids = ArrayField(models.BigIntegerField(), help_text="departments among the owners")
    is_for_all = models.BooleanField(help_text="every department is among the owners")
    is_for_counties = models.BooleanField(help_text="every county's department is")
    deadline_words = models.CharField(max_length=100, blank=True)
    due_on = models.DateField(null=True, help_text="the last day in time")
    is_ongoing = models.BooleanField(help_text="goes on, after due_on where there is one")
    state = models.CharField(max_length=10, choices=State.choices)
    evidence_count = models.IntegerField(default=0)
    act_count = models.IntegerField(default=0, help_text="number of the last act")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["ledger", "number"], name="task_ledger"),
            models.Index(fields=["due_on"], name="task_due"),
        ]


class TaskAct(models.Model):
    """What somebody did about a task. Append-only (a trigger holds it)."""

    class Kind(models.TextChoices):
        ENTERED = "entered", "列入"
        PROGRESS = "progress", "报告进展"
        EVIDENCE = "evidence", "提交佐证"
        ASKED = "asked", "提请确认"
        TAKEN_BACK = "taken-back", "撤回提请"
        CONFIRMED = "confirmed", "确认完成"
        SENT_BACK = "sent-back", "退回"
        CANCELLED = "cancelled", "取消"
        REOPENED = "reopened", "恢复"
        RESCHEDULED = "rescheduled", "调整时限"
        REASSIGNED = "reassigned", "调整责任单位"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="acts", db_index=False)
    number = models.IntegerField(help_text="from 1 within the task")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    by_role = models.CharField(max_length=20)
    department = models.CharField(max_length=18, blank=True, help_text="code of the department that did it")
    note = models.CharField(max_length=1000, blank=True)
    on = models.DateField(null=True, help_text="the day the evidence is of")
    link = models.CharField(max_length=500, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    file_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the kept file")
    file_size = models.BigIntegerField(default=0)
    before = models.CharField(max_length=500, blank=True, help_text="what stood before it was changed")
    after = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "number"], name="task_act_number_once")]
