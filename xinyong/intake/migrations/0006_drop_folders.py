"""Watched folders."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0005_declared"), ("security", "0007_scopes")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="DropFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ticket", models.CharField(max_length=32, unique=True)),
                ("item_id", models.CharField(blank=True, max_length=40)),
                ("file_name", models.CharField(max_length=200)),
                ("size", models.BigIntegerField(default=0)),
                ("content_digest", models.CharField(blank=True, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("submitted", "已报送"),
                            ("done", "已办结"),
                            ("quarantined", "已隔离"),
                            ("releasing", "待放行"),
                            ("released", "已放行"),
                            ("discarding", "待删除"),
                            ("discarded", "已删除"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.JSONField(help_text="code, zh, en of why it is in quarantine", null=True)),
                ("taken_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
                (
                    "submission",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="intake.submission"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["source", "-taken_at"], name="drop_by_source"),
                    models.Index(fields=["status"], name="drop_by_status"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DropLook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("folders", models.JSONField(default=list)),
                ("problems", models.JSONField(default=list)),
            ],
        ),
        # Whose file it is sees it, as with the submissions; the look names every department and is the centre's alone.
        migrations.RunSQL(
            """
            ALTER TABLE intake_dropfile ENABLE ROW LEVEL SECURITY;
            CREATE POLICY dropfile_seen ON intake_dropfile USING (
                (SELECT xinyong_role()) = 'system'
                OR (
                    (
                        (SELECT xinyong_role()) = 'operator'
                        OR ((SELECT xinyong_role()) IN ('source_unit', 'client') AND source_id = (SELECT xinyong_unit()))
                    )
                    AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
                )
            );
            ALTER TABLE intake_droplook ENABLE ROW LEVEL SECURITY;
            CREATE POLICY droplook_seen ON intake_droplook USING ((SELECT xinyong_role()) IN ('system', 'operator'));
            """,
            """
            DROP POLICY dropfile_seen ON intake_dropfile;
            DROP POLICY droplook_seen ON intake_droplook;
            """,
        ),
    ]
