"""Who was told to let go of a repaired record, and that it was done; trainings and interviews of organisations."""

from django.db import models

from xinyong.workflow.models import Case


class Recipient(models.Model):
    """A machine client that was told what to do about a datum. Append-only (a trigger holds it)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False)
    client_id = models.CharField(max_length=100)
    client_name = models.CharField(max_length=200)
    unit = models.CharField(max_length=200)
    change = models.CharField(max_length=8)
    subject_code = models.CharField(max_length=18)
    item_id = models.CharField(max_length=40)
    ref = models.CharField(max_length=64)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "client_id", "change"], name="recipient_told_once"),
        ]
        indexes = [models.Index(fields=["client_id", "id"], name="recipient_of_client")]


class RecipientReceipt(models.Model):
    """That a recipient has done it. Append-only (a trigger holds it)."""

    recipient = models.OneToOneField(Recipient, on_delete=models.PROTECT, primary_key=True, related_name="receipt")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=100)


class Guidance(models.Model):
    """A training of, or an interview with, an organisation (信用培训、约谈). A later row with ``undoes`` takes one back. Append-only."""

    class Kind(models.TextChoices):
        TRAINING = "training", "信用修复培训"
        INTERVIEW = "interview", "约谈"

    subject_id = models.BigIntegerField()
    subject_code = models.CharField(max_length=18)
    subject_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=9, choices=Kind)
    held_on = models.DateField()
    unit = models.CharField(max_length=200)
    note = models.CharField(max_length=300, blank=True)
    entered_by = models.CharField(max_length=80)
    entered_at = models.DateTimeField()
    token = models.CharField(max_length=64)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token"], name="guidance_entered_once")]
        indexes = [models.Index(fields=["subject_id", "-held_on"], name="guidance_of_subject")]
