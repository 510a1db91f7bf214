"""What the worker had to interrupt."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

_CAUSES = [
    ("disk-full", "磁盘已满"), ("database-full", "数据库磁盘已满"), ("database-away", "数据库不可用"),
    ("out-of-memory", "内存不足"), ("reader-killed", "读取进程被中止"), ("worker-died", "后台进程意外结束"),
    ("broken", "程序出错"),
]  # fmt: skip
_STAGES = [("read", "读取"), ("check", "校验"), ("deposit", "入库"), ("finish", "办结")]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0011_voluntary")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Interruption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("stage", models.CharField(choices=_STAGES, max_length=8)),
                ("cause", models.CharField(choices=_CAUSES, max_length=16)),
                (
                    "lines",
                    models.IntegerField(default=0, help_text="ledger lines there were: more of them is progress"),
                ),
                ("tries", models.IntegerField(default=0)),
                ("since", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("next_at", models.DateTimeField(help_text="null: waits for an operator, or is over", null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
                (
                    "submission",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="intake.submission"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)), fields=["-id"], name="interruption_open"
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)), fields=["-ended_at"], name="interruption_over"
                    ),
                ],
            },
        ),
        # Whose submission it is sees it, as with the submissions.
        migrations.RunSQL(
            """
            ALTER TABLE intake_interruption ENABLE ROW LEVEL SECURITY;
            CREATE POLICY interruption_seen ON intake_interruption USING (
                (SELECT xinyong_role()) = 'system'
                OR (
                    (
                        (SELECT xinyong_role()) = 'operator'
                        OR ((SELECT xinyong_role()) IN ('source_unit', 'client') AND source_id = (SELECT xinyong_unit()))
                    )
                    AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
                )
            );
            """,
            "DROP POLICY interruption_seen ON intake_interruption;",
        ),
    ]
