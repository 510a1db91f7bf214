"""Submissions by the interface: keys of requests, what is under way by sender, submissions taken back."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0002_seen_by_scope"), ("security", "0007_scopes")]
    operations: ClassVar = [
        migrations.AlterField(
            model_name="submission",
            name="status",
            field=models.CharField(
                choices=[
                    ("received", "已收到"),
                    ("staged", "已读取"),
                    ("deposited", "已入库"),
                    ("refused", "已拒收"),
                    ("cancelled", "已取消"),
                ],
                default="received",
                max_length=10,
            ),
        ),
        # Few rows are under way at any time, but all are read once to find them: seconds for millions of submissions.
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                fields=["received_by"],
                name="submission_under_way",
                condition=models.Q(("status__in", ["received", "staged"])),
            ),
        ),
        migrations.CreateModel(
            name="RequestKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client", models.CharField(max_length=80)),
                ("key_digest", models.BinaryField(max_length=16)),
                ("request_digest", models.CharField(max_length=64)),
                (
                    "submission_id",
                    models.BigIntegerField(help_text="null only within the transaction that enters both", null=True),
                ),
                ("made_at", models.DateTimeField()),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
            options={
                "indexes": [models.Index(fields=["made_at"], name="request_key_by_age")],
                "constraints": [models.UniqueConstraint(fields=("client", "key_digest"), name="request_key_once")],
            },
        ),
        migrations.RunSQL(
            """
            ALTER TABLE intake_requestkey ENABLE ROW LEVEL SECURITY;
            CREATE POLICY requestkey_seen ON intake_requestkey USING (
                (SELECT xinyong_role()) = 'system'
                OR ((SELECT xinyong_role()) = 'client' AND source_id = (SELECT xinyong_unit()))
            );
            """,
            "DROP POLICY requestkey_seen ON intake_requestkey; ALTER TABLE intake_requestkey DISABLE ROW LEVEL SECURITY;",
        ),
    ]
