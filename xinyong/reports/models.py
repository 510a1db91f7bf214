"""Issued papers: what a verify page answers from, what was revoked, and batches that are being made."""

from django.db import models

from xinyong.reports import _demo_key
from xinyong.security.sealed import SealedFiles

BATCH_CONTEXT = "reports.batch"
SEALED = (
    SealedFiles(_demo_key.PATTERN, _demo_key.CONTEXT),
    SealedFiles("reports/batches/**/*.sealed", BATCH_CONTEXT),
)


class IssuedReport(models.Model):
    """A paper that was given out. Append-only; superseded when a newer one of the same kind about the same is there."""

    number = models.CharField(max_length=22, unique=True, help_text="14-digit time stamp and 8 random characters")
    check_code = models.CharField(
        max_length=26, unique=True, help_text="random, in the QR code: tells nothing by itself"
    )
    subject_id = models.BigIntegerField()
    subject_code = models.CharField(max_length=18, help_text="as printed; organisations only")
    subject_name = models.TextField(help_text="as printed; organisations only")
    kind = models.CharField(max_length=20, default="ordinary")
    as_of = models.DateField()
    issued_at = models.DateTimeField()
    issued_to = models.CharField(max_length=80)
    content_digest = models.CharField(max_length=64, help_text="SHA-256 of the facts it states")
    file_digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the signed PDF's bytes")
    counts = models.JSONField(default=dict)
    asked = models.JSONField(default=dict, help_text="what was asked for: domains, period, fact; equal ones supersede")
    purpose = models.CharField(max_length=200, blank=True, db_default="", help_text="what an official said it is for")
    other_digest = models.CharField(max_length=64, blank=True, db_default="", help_text="SHA-256 of a statement's JSON")
    signer = models.CharField(
        max_length=64, blank=True, db_default="", help_text="SHA-256 of the signing certificate; empty: not signed"
    )

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "kind", "id"], name="issued_report_of_subject"),
            models.Index(
                fields=["other_digest"], condition=~models.Q(other_digest=""), name="issued_report_other_digest"
            ),
        ]


class Revocation(models.Model):
    """That a paper was revoked, when and why. Append-only, once for each."""

    report = models.OneToOneField(IssuedReport, on_delete=models.PROTECT, related_name="revocation")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)


class ReportBatch(models.Model):
    """Many papers asked for at once. Its lines are the truth of what is done; ``state`` says what can be done with it."""

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        RUNNING = "running", "正在出具"
        DONE = "done", "已完成"
        REMOVED = "removed", "已清理"

    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    by_role = models.CharField(max_length=20)
    account_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True, help_text="the organisation that asks, where one does")
    purpose = models.CharField(max_length=200, blank=True)
    asked = models.JSONField(help_text="domains, period, branches")
    allowed = models.JSONField(null=True, help_text="ids of the organisations an organisation may ask about; null: all")
    total = models.IntegerField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subject_id", "-id"], name="report_batch_of_subject")]


class BatchLine(models.Model):
    """One name or code of a batch and what came of it; "" while it waits."""

    class Outcome(models.TextChoices):
        ISSUED = "issued", "已出具"
        UNKNOWN = "unknown", "没有查到"
        AMBIGUOUS = "ambiguous", "名称不唯一，未作猜测"
        REFUSED = "refused", "不能出具"
        REPEATED = "repeated", "与前面的行是同一主体"

    batch = models.ForeignKey(ReportBatch, on_delete=models.PROTECT, related_name="lines", db_index=False)
    number = models.IntegerField()
    given = models.CharField(max_length=200)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    subject_id = models.BigIntegerField(null=True)
    subject_code = models.CharField(max_length=18, blank=True)
    subject_name = models.TextField(blank=True)
    report_number = models.CharField(max_length=22, blank=True)
    found = models.IntegerField(null=True, help_text="acts that the paper lists")
    branches = models.JSONField(default=list, help_text="codes and names of the branches it covers")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="batch_line_once")]
        indexes = [models.Index(fields=["batch"], condition=models.Q(outcome=""), name="batch_line_waits")]
