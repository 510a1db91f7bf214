"""Issued credit reports: what a verify page answers from."""

from django.db import models


class IssuedReport(models.Model):
    """A report that was given out. Append-only; superseded when a newer one of the same subject exists."""

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
    file_digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the PDF bytes")
    counts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject_id", "kind", "id"], name="issued_report_of_subject")]
