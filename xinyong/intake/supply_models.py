"""Which units may report which item: the mode of an item, and what was granted to whom."""

from django.db import models

from xinyong.security.models import Department


class SupplyMode(models.Model):
    """Whether every unit may report an item, or only those to whom it is granted and those that owe it (供数方式). Rows are only
    ever added (a trigger holds it); of an item the highest version holds, and one of which nothing was said is open."""

    class Mode(models.TextChoices):
        OPEN = "open", "不限单位"
        GRANTED = "granted", "须经授权"

    item_id = models.CharField(max_length=40)
    version = models.SmallIntegerField()
    mode = models.CharField(max_length=7, choices=Mode)
    basis = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item_id", "version"], name="supply_mode_version_once")]


class SupplyGrant(models.Model):
    """That a unit may report an item, from a day up to, not including, another (供数授权). Rows are only ever added (a trigger
    holds it); of one beginning the highest version holds."""

    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, help_text="first day it holds no more; the first day itself: never granted")
    basis = models.CharField(max_length=300)
    version = models.SmallIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "item_id", "starts_on", "version"], name="supply_grant_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="supply_grant_ends_after_it_begins",
            ),
        ]
