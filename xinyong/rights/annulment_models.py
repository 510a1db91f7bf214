"""That the decision behind a record was annulled, changed or found unlawful; that its source withdrew the record, and that it was done."""

from django.db import models

from xinyong.security.models import Department


class Annulment(models.Model):
    """The basis of a record fell, and since when its source knows (依据被撤销、变更). Append-only (a trigger holds it)."""

    class Cause(models.TextChoices):
        REVOKED = "revoked", "决定被撤销"
        CHANGED = "changed", "决定被变更"
        UNLAWFUL = "unlawful", "决定被确认违法"
        VOID = "void", "决定被确认无效"

    subject_id = models.BigIntegerField()
    subject_code = models.CharField(max_length=18, blank=True)
    subject_name = models.CharField(max_length=200, blank=True)
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    ref = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    version = models.SmallIntegerField(help_text="the record's newest when it was noted")
    cause = models.CharField(max_length=8, choices=Cause)
    instrument = models.CharField(max_length=100, help_text="number of the instrument that annuls")
    body = models.CharField(max_length=120, help_text="which body annulled")
    explanation = models.CharField(max_length=300)
    known_on = models.DateField(help_text="day the source knew")
    noted_at = models.DateTimeField()
    noted_by = models.CharField(max_length=80)
    noted_unit = models.CharField(max_length=200)
    token = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token"], name="annulment_noted_once")]
        indexes = [
            models.Index(fields=["subject_id", "ref"], name="annulment_of_datum"),
            models.Index(fields=["source", "-id"], name="annulment_of_source"),
        ]


class AnnulmentOrder(models.Model):
    """That its source withdraws the record: from here on the platform carries it out, whatever is killed. Append-only."""

    annulment = models.OneToOneField(Annulment, on_delete=models.PROTECT, primary_key=True, related_name="order")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    unit = models.CharField(max_length=200)
    hours_over = models.IntegerField(help_text="whole hours past the three days; 0: in time")


class AnnulmentDone(models.Model):
    """That the record is withdrawn, its subject and the recipients told; what followed, by name of the effect. Append-only."""

    annulment = models.OneToOneField(Annulment, on_delete=models.PROTECT, primary_key=True, related_name="done")
    at = models.DateTimeField()
    effects = models.JSONField(default=dict)
