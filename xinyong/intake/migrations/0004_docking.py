"""Departments' databases, the tables that are pulled from them, and what each pull came to."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
#: A department's reporter sees what is pulled for the department; who runs intake sees all.
POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY {table}_seen ON {table} USING (
    (SELECT xinyong_role()) IN ('system', 'operator')
    OR ((SELECT xinyong_role()) = 'source_unit' AND source_id = (SELECT xinyong_unit()))
);
"""
TABLES = ("intake_dockeddatabase", "intake_dockedtable", "intake_pull")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0003_by_interface"), ("security", "0008_channels")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="DockedDatabase",
            fields=[
                ID,
                ("name", models.CharField(max_length=80)),
                (
                    "dialect",
                    models.CharField(
                        choices=[
                            ("postgresql", "PostgreSQL"),
                            ("mysql", "MySQL / MariaDB"),
                            ("mssql", "SQL Server"),
                            ("oracle", "Oracle"),
                        ],
                        max_length=10,
                    ),
                ),
                ("host", models.CharField(max_length=253)),
                ("port", models.PositiveIntegerField()),
                ("database", models.CharField(max_length=128)),
                ("username", models.CharField(max_length=128)),
                ("sealed", models.BinaryField(null=True)),
                ("password_file", models.CharField(blank=True, max_length=80)),
                (
                    "tls",
                    models.CharField(
                        choices=[("verify", "加密并核对证书"), ("require", "加密"), ("off", "不加密")],
                        default="require",
                        max_length=7,
                    ),
                ),
                ("ca_pem", models.TextField(blank=True)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("removed_at", models.DateTimeField(null=True)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
        ),
        migrations.CreateModel(
            name="DockedTable",
            fields=[
                ID,
                ("item_id", models.CharField(max_length=40)),
                ("schema", models.CharField(blank=True, max_length=128)),
                ("table", models.CharField(max_length=128)),
                ("columns", models.JSONField(help_text="[[column, field code], …] in the order of the file")),
                ("watermark", models.CharField(max_length=128)),
                (
                    "is_number",
                    models.BooleanField(
                        help_text="the watermark is an increasing number, otherwise a date or an instant"
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=128)),
                ("overlap", models.PositiveIntegerField(help_text="seconds, or with a number how many")),
                ("slice_rows", models.PositiveIntegerField()),
                ("every_minutes", models.PositiveIntegerField(null=True)),
                ("daily_at", models.TimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "运行中"), ("paused", "已暂停"), ("removed", "已移除")],
                        default="paused",
                        max_length=8,
                    ),
                ),
                ("mark", models.CharField(blank=True, max_length=64)),
                ("ceiling", models.CharField(blank=True, max_length=64)),
                (
                    "at",
                    models.JSONField(
                        help_text="[watermark, key] of the last row handed in of a reading under way", null=True
                    ),
                ),
                ("seen", models.BinaryField(default=bytes)),
                (
                    "seen_rows",
                    models.BigIntegerField(default=0, help_text="rows within the overlap, when too many to remember"),
                ),
                ("next_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("pulled_at", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                (
                    "database",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tables", to="intake.dockeddatabase"
                    ),
                ),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
        ),
        migrations.CreateModel(
            name="Pull",
            fields=[
                ID,
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("rows", models.BigIntegerField()),
                ("from_mark", models.CharField(blank=True, max_length=64)),
                ("to_mark", models.CharField(blank=True, max_length=64)),
                ("failure", models.JSONField(help_text="code, zh, en of why it failed", null=True)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
                (
                    "submission",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="intake.submission"),
                ),
                (
                    "table",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pulls", to="intake.dockedtable"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="dockeddatabase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)), fields=("name",), name="docked_database_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="dockeddatabase",
            constraint=models.CheckConstraint(
                condition=models.Q(("sealed__isnull", True), ("password_file", ""), _connector="XOR"),
                name="docked_database_one_password",
            ),
        ),
        migrations.AddIndex(
            model_name="dockedtable",
            index=models.Index(condition=models.Q(("state", "active")), fields=["next_at"], name="docked_table_due"),
        ),
        migrations.AddConstraint(
            model_name="dockedtable",
            constraint=models.CheckConstraint(
                condition=models.Q(("every_minutes__isnull", True), ("daily_at__isnull", True), _connector="XOR"),
                name="docked_table_one_schedule",
            ),
        ),
        migrations.AddIndex(model_name="pull", index=models.Index(fields=["table", "-id"], name="pull_by_table")),
        migrations.RunSQL(
            """
            CREATE FUNCTION pull_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'intake_pull only grows' USING ERRCODE = 'insufficient_privilege'; END $$;
            CREATE TRIGGER pull_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_pull
                FOR EACH STATEMENT EXECUTE FUNCTION pull_only_grows();
            """,
            "DROP FUNCTION pull_only_grows() CASCADE",
        ),
        migrations.RunSQL(
            "".join(POLICY.format(table=table) for table in TABLES),
            "".join(
                f"DROP POLICY {table}_seen ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
                for table in TABLES
            ),
        ),
    ]
