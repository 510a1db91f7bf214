"""Bulletins as they were issued."""

from django.db import models


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
