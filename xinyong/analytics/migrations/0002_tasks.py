"""The task ledger: tasks as they stand, and every act about them."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("analytics", "0001_bulletins"), ("security", "0008_channels")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("ledger", models.CharField(help_text="the plan's title", max_length=200)),
                ("number", models.IntegerField(help_text="its place in the plan, from 1")),
                ("chapter_no", models.CharField(blank=True, max_length=20)),
                ("chapter", models.CharField(blank=True, max_length=200)),
                ("section", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField()),
                ("owners", models.JSONField(help_text="[{words, code, name, group, is_lead}], the lead's first")),
                (
                    "unit_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), help_text="departments among the owners", size=None
                    ),
                ),
                ("is_for_all", models.BooleanField(help_text="every department is among the owners")),
                ("is_for_counties", models.BooleanField(help_text="every county's department is")),
                ("deadline_words", models.CharField(blank=True, max_length=100)),
                ("due_on", models.DateField(help_text="the last day in time", null=True)),
                ("is_ongoing", models.BooleanField(help_text="goes on, after due_on where there is one")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "未开展"),
                            ("under-way", "推进中"),
                            ("reported", "待确认"),
                            ("done", "已完成"),
                            ("cancelled", "已取消"),
                        ],
                        max_length=10,
                    ),
                ),
                ("evidence_count", models.IntegerField(default=0)),
                ("act_count", models.IntegerField(default=0, help_text="number of the last act")),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["ledger", "number"], name="task_ledger"),
                    models.Index(fields=["due_on"], name="task_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaskAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(help_text="from 1 within the task")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("entered", "列入"),
                            ("progress", "报告进展"),
                            ("evidence", "提交佐证"),
                            ("asked", "提请确认"),
                            ("taken-back", "撤回提请"),
                            ("confirmed", "确认完成"),
                            ("sent-back", "退回"),
                            ("cancelled", "取消"),
                            ("reopened", "恢复"),
                            ("rescheduled", "调整时限"),
                            ("reassigned", "调整责任单位"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                ("by_role", models.CharField(max_length=20)),
                (
                    "department",
                    models.CharField(blank=True, help_text="code of the department that did it", max_length=18),
                ),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("on", models.DateField(help_text="the day the evidence is of", null=True)),
                ("link", models.CharField(blank=True, max_length=500)),
                ("file_name", models.CharField(blank=True, max_length=200)),
                ("file_digest", models.CharField(blank=True, help_text="SHA-256 of the kept file", max_length=64)),
                ("file_size", models.BigIntegerField(default=0)),
                ("before", models.CharField(blank=True, help_text="what stood before it was changed", max_length=500)),
                ("after", models.CharField(blank=True, max_length=500)),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="analytics.task",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("task", "number"), name="task_act_number_once")],
            },
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION task_act_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'what was done about a task is only added, undoing is a later act: %', TG_OP; END $$;
            CREATE TRIGGER task_act_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON analytics_taskact
                FOR EACH STATEMENT EXECUTE FUNCTION task_act_only_grows();

            -- A department sees the tasks it owns, by name or as one of a group; nobody removes any.
            CREATE FUNCTION task_is_own(units bigint[], for_all boolean, for_counties boolean) RETURNS boolean
            LANGUAGE sql STABLE AS $$
                SELECT for_all OR xinyong_unit() = ANY (units) OR (for_counties AND EXISTS (
                    SELECT 1 FROM security_department
                    WHERE id = xinyong_unit() AND region_code <> '' AND region_code NOT LIKE '____00'))
            $$;
            ALTER TABLE analytics_task ENABLE ROW LEVEL SECURITY;
            CREATE POLICY task_seen ON analytics_task FOR SELECT USING (
                (SELECT xinyong_role()) IN ('system', 'operator', 'auditor')
                OR ((SELECT xinyong_role()) = 'source_unit' AND task_is_own(unit_ids, is_for_all, is_for_counties)));
            CREATE POLICY task_made ON analytics_task FOR INSERT
                WITH CHECK ((SELECT xinyong_role()) IN ('system', 'operator'));
            CREATE POLICY task_changed ON analytics_task FOR UPDATE USING (
                (SELECT xinyong_role()) IN ('system', 'operator')
                OR ((SELECT xinyong_role()) = 'source_unit' AND task_is_own(unit_ids, is_for_all, is_for_counties)));
            ALTER TABLE analytics_taskact ENABLE ROW LEVEL SECURITY;
            CREATE POLICY task_act_seen ON analytics_taskact FOR SELECT
                USING (task_id IN (SELECT id FROM analytics_task));
            CREATE POLICY task_act_made ON analytics_taskact FOR INSERT WITH CHECK (
                (SELECT xinyong_role()) IN ('system', 'operator', 'source_unit')
                AND task_id IN (SELECT id FROM analytics_task));
            """,
            """
            DROP POLICY task_act_seen ON analytics_taskact;
            DROP POLICY task_act_made ON analytics_taskact;
            DROP POLICY task_seen ON analytics_task;
            DROP POLICY task_made ON analytics_task;
            DROP POLICY task_changed ON analytics_task;
            DROP FUNCTION task_is_own(bigint[], boolean, boolean);
            DROP FUNCTION task_act_only_grows() CASCADE;
            """,
        ),
    ]
