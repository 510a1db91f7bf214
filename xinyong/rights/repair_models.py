"""Who was told to follow a repair, a correction, a withdrawal, and that it was done; which partners get records; trainings, interviews."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from xinyong.rights.annulment_models import Annulment
from xinyong.security.models import Partner
from xinyong.workflow.models import Case


class Recipient(models.Model):
    """Somebody who receives records and was told what to do: a machine client, or a partner. About a datum, by a case or an annulment;
    or about all that it got under an authorisation. Append-only (a trigger holds it)."""

    class Way(models.TextChoices):
        CLIENT = "client", "接口客户端"
        PARTNER = "partner", "共享节点"

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, db_index=False)
    annulment = models.ForeignKey(Annulment, null=True, on_delete=models.PROTECT, db_index=False)
    consent = models.ForeignKey("rights.Consent", null=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    way = models.CharField(max_length=7, choices=Way, default=Way.CLIENT)
    client_id = models.CharField(max_length=100, help_text="the client's id, or the partner's code")
    client_name = models.CharField(max_length=200)
    unit = models.CharField(max_length=200)
    change = models.CharField(max_length=8)
    subject_code = models.CharField(max_length=18, blank=True)
    item_id = models.CharField(max_length=40, blank=True)
    ref = models.CharField(max_length=64)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "annulment", "consent", "way", "client_id", "change", "ref"],
                name="recipient_told_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(case__isnull=False, annulment__isnull=True, consent__isnull=True)
                | models.Q(case__isnull=True, annulment__isnull=False, consent__isnull=True)
                | models.Q(case__isnull=True, annulment__isnull=True, consent__isnull=False),
                name="recipient_of_one_cause",
            ),
        ]
        indexes = [
            models.Index(fields=["way", "client_id", "id"], name="recipient_of_whom"),
            models.Index(fields=["annulment"], name="recipient_of_annulment", condition=models.Q(annulment__isnull=False)),
            models.Index(fields=["consent"], name="recipient_of_consent", condition=models.Q(consent__isnull=False)),
        ]  # fmt: skip


class RecipientReceipt(models.Model):
    """That a recipient has done it. Append-only (a trigger holds it)."""

    recipient = models.OneToOneField(Recipient, on_delete=models.PROTECT, primary_key=True, related_name="receipt")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=100)


class PartnerSupply(models.Model):
    """Which records a partner gets from here (向节点供数), from when on: items, or all (null); ``is_on`` False: none any more. The newest
    row of a partner holds. Append-only (a trigger holds it)."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT)
    items = ArrayField(models.CharField(max_length=40), null=True)
    is_on = models.BooleanField()
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["partner", "-id"], name="supply_of_partner")]


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
