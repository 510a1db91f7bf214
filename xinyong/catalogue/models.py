"""Published catalogue versions, the operator's tables: working days, legally issued exception codes."""

from django.db import models


class ItemVersion(models.Model):
    """One version of a catalogue item. ``body`` is the item as data; a published body never changes (a trigger)."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        PUBLISHED = "published", "已发布"
        RETIRED = "retired", "已停用"

    item_id = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    effective_from = models.DateField()
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=80, blank=True)
    retired_at = models.DateTimeField(null=True, help_text="from when it rules no longer; may lie ahead")
    retire_reason = models.CharField(max_length=200, blank=True, default="")
    drafted_at = models.DateTimeField(null=True)
    drafted_by = models.CharField(max_length=80, blank=True, default="")
    earlier = models.JSONField(
        default=list, help_text="bodies a draft had before, the oldest first; empty once published"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item_id", "version"], name="item_version_once")]


class Recheck(models.Model):
    """What the text of a draft would do to the records on file, worked out before anybody agrees to publish it. One row a
    version: another text of the draft starts it anew. ``result`` holds counts and places, no values of persons."""

    class State(models.TextChoices):
        WAITING = "waiting", "等待核对"
        RUNNING = "running", "正在核对"
        DONE = "done", "已核对"
        FAILED = "failed", "未完成"

    item_id = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    finished_at = models.DateTimeField(null=True)
    total = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    result = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item_id", "version"], name="recheck_once")]


class CodeEdition(models.Model):
    """An edition of a code list, drafted or published here beside the library's. ``body`` is the edition as data; a published one
    never changes (a trigger). ``effects`` holds by item what it would do to the records on file: counts and places only."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        PUBLISHED = "published", "已发布"

    class State(models.TextChoices):
        WAITING = "waiting", "等待核对"
        DONE = "done", "已核对"
        FAILED = "failed", "未完成"

    list_id = models.CharField(max_length=40)
    valid_from = models.DateField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    drafted_at = models.DateTimeField()
    drafted_by = models.CharField(max_length=80)
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    effects = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list_id", "valid_from"], name="code_edition_once")]


class WorkingDayOverride(models.Model):
    """A day that differs from Monday–Friday working: a holiday or a make-up working day, with its official notice."""

    day = models.DateField(primary_key=True)
    is_working = models.BooleanField()
    name = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=200)
    is_provisional = models.BooleanField(default=False)


class IssuedException(models.Model):
    """A code that fails its check character but was lawfully issued (early pilot codes)."""

    code = models.CharField(max_length=18, primary_key=True)
    reason = models.CharField(max_length=200)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.CharField(max_length=80)


class Assessment(models.Model):
    """An impact assessment (个人信息保护影响评估) as it was written. Append-only (a trigger holds it): kept for ever, which is longer
    than the three years of PIPL 56. ``items``: item id → {title, fields, disclosure} that it covers."""

    title = models.CharField(max_length=200)
    items = models.JSONField(default=dict)
    activity = models.CharField(
        max_length=60, blank=True, help_text="id of a processing activity of the platform's own"
    )
    reasons = models.JSONField()
    lawful = models.TextField()
    effects = models.TextField()
    measures = models.TextField()
    valid_until = models.DateField(help_text="the last day")
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="later")
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)


class AssessmentForce(models.Model):
    """That an assessment was put in force, and who agreed to it. Append-only (a trigger holds it)."""

    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT, related_name="force", primary_key=True)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    agreed_by = models.CharField(max_length=80, blank=True, help_text="empty: the owner alone, at the command line")
