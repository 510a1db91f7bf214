"""Departments' databases that rows are pulled from, their tables, and each pull."""

from django.db import models

from xinyong.security.models import Department


class DockedDatabase(models.Model):
    """A department's own database that rows are pulled from (数据库对接), read-only. ``sealed`` holds its password; empty
    when that lies in a file of the secrets folder (``password_file``). A removed one stays for its history."""

    class Dialect(models.TextChoices):
        POSTGRESQL = "postgresql", "PostgreSQL"
        MYSQL = "mysql", "MySQL / MariaDB"
        MSSQL = "mssql", "SQL Server"
        ORACLE = "oracle", "Oracle"

    class Tls(models.TextChoices):
        VERIFY = "verify", "加密并核对证书"
        REQUIRE = "require", "加密"
        OFF = "off", "不加密"

    name = models.CharField(max_length=80)
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    dialect = models.CharField(max_length=10, choices=Dialect)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    database = models.CharField(max_length=128)
    username = models.CharField(max_length=128)
    sealed = models.BinaryField(null=True)
    password_file = models.CharField(max_length=80, blank=True)
    tls = models.CharField(max_length=7, choices=Tls, default=Tls.REQUIRE)
    ca_pem = models.TextField(blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], name="docked_database_name_once", condition=models.Q(removed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="docked_database_one_password",
                condition=models.Q(sealed__isnull=True) ^ models.Q(password_file=""),
            ),
        ]


class DockedTable(models.Model):
    """A table or view of a docked database, the catalogue item its rows are, and how far they have been read.

    ``mark`` is the watermark up to which everything was read, as text of its type. While a reading in slices is under way
    ``ceiling`` is where it will end and ``at`` the watermark and key of the last row handed in. ``seen``: 16-byte digests of
    the rows within the overlap before ``mark``, so that reading them again hands nothing in again.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "运行中"
        PAUSED = "paused", "已暂停"
        REMOVED = "removed", "已移除"

    database = models.ForeignKey(DockedDatabase, on_delete=models.PROTECT, related_name="tables")
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    schema = models.CharField(max_length=128, blank=True)
    table = models.CharField(max_length=128)
    columns = models.JSONField(help_text="[[column, field code], …] in the order of the file")
    watermark = models.CharField(max_length=128)
    is_number = models.BooleanField(help_text="the watermark is an increasing number, otherwise a date or an instant")
    key = models.CharField(max_length=128, blank=True)
    overlap = models.PositiveIntegerField(help_text="seconds, or with a number how many")
    slice_rows = models.PositiveIntegerField()
    every_minutes = models.PositiveIntegerField(null=True)
    daily_at = models.TimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.PAUSED)
    mark = models.CharField(max_length=64, blank=True)
    ceiling = models.CharField(max_length=64, blank=True)
    at = models.JSONField(null=True, help_text="[watermark, key] of the last row handed in of a reading under way")
    seen = models.BinaryField(default=bytes)
    seen_rows = models.BigIntegerField(default=0, help_text="rows within the overlap, when too many to remember")
    next_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    pulled_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="docked_table_one_schedule",
                condition=models.Q(every_minutes__isnull=True) ^ models.Q(daily_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], name="docked_table_due", condition=models.Q(state="active")),
        ]


class Pull(models.Model):
    """One pull of a docked table that came to an end, well or not. Only grows."""

    table = models.ForeignKey(DockedTable, on_delete=models.PROTECT, related_name="pulls")
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    rows = models.BigIntegerField()
    submission = models.ForeignKey("intake.Submission", null=True, on_delete=models.PROTECT)
    from_mark = models.CharField(max_length=64, blank=True)
    to_mark = models.CharField(max_length=64, blank=True)
    failure = models.JSONField(null=True, help_text="code, zh, en of why it failed")

    class Meta:
        indexes = [models.Index(fields=["table", "-id"], name="pull_by_table")]
