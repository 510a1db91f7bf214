"""Divisions, departments, accounts, the audit log."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Region(models.Model):
    """An administrative division this node knows, with its validity (行政区划). Codes have 6, 9 or 12 digits."""

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField(help_text="1 province, 2 city, 3 county, 4 township, 5 village")
    parent_code = models.CharField(max_length=12, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    successor_code = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="region_code_once", nulls_distinct=False)
        ]


class Department(models.Model):
    """A source unit (信源单位): reports data under its own unified social credit code."""

    code = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60, blank=True)
    region_code = models.CharField(max_length=12, blank=True)
    is_active = models.BooleanField(default=True)
    reports_for = models.ManyToManyField("self", symmetrical=False, blank=True)

    def __str__(self) -> str:
        return self.name


class Accounts(BaseUserManager["Account"]):
    """Django's account manager, as its auth asks for one."""


class Account(AbstractBaseUser):
    """Somebody who signs in to the office. One account, one person, one role."""

    class RoleName(models.TextChoices):
        SOURCE_UNIT = "source_unit", "信源单位"
        OPERATOR = "operator", "信用中心"
        AUDITOR = "auditor", "审计"

    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=60)
    role = models.CharField(max_length=20, choices=RoleName)
    department = models.ForeignKey(Department, null=True, blank=True, on_delete=models.PROTECT)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Accounts] = Accounts()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name", "role"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(role="source_unit") | models.Q(department__isnull=False),
                name="source_unit_has_department",
            )
        ]


class AuditEntry(models.Model):
    """One act: who, for whom, what, on what, why, with what result, from where. Append-only (a trigger holds it)."""

    at = models.DateTimeField(db_index=True)
    role = models.CharField(max_length=20)
    actor = models.CharField(max_length=80)
    department = models.CharField(max_length=18, blank=True)
    address = models.GenericIPAddressField(null=True)
    event = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=30)
    object_ref = models.CharField(max_length=80, help_text="never a personal identifier: an id, or a keyed digest")
    purpose = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20)
    facts = models.JSONField(default=dict)
