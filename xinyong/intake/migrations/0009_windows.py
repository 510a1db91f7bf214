"""Reporting windows: periods, due days, locks, exceptions."""

import django.db.models.deletion
from django.db import migrations, models

#: What a unit has to report when is its own; an operator and an auditor see all. The operator says it.
RULES = """
CREATE FUNCTION {name}_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{table} only grows, what held stays to be seen: %', TG_OP; END $$;
CREATE TRIGGER {name}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}_only_grows();
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY {table}_seen ON {table} FOR SELECT USING (
    (SELECT xinyong_role()) = 'system'
    OR (
        (
            (SELECT xinyong_role()) IN ('operator', 'auditor')
            OR ((SELECT xinyong_role()) = 'source_unit' AND source_id = (SELECT xinyong_unit()))
        )
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
    )
);
CREATE POLICY {table}_made ON {table} FOR INSERT WITH CHECK ((SELECT xinyong_role()) IN ('system', 'operator'));
"""
TABLES = {"window_rule": "intake_windowrule", "window_exception": "intake_windowexception"}


class Migration(migrations.Migration):
    dependencies = [("intake", "0008_the_loop"), ("security", "0008_channels")]

    operations = [
        migrations.CreateModel(
            name="WindowException",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("period", models.DateField(help_text="first day of the period")),
                ("until", models.DateField(help_text="last day on which it holds")),
                ("reason", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
                (
                    "withdraws",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="intake.windowexception",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["source", "item_id", "period"], name="window_exception_of")],
                "constraints": [models.UniqueConstraint(fields=("withdraws",), name="window_exception_withdrawn_once")],
            },
        ),
        migrations.CreateModel(
            name="WindowRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("version", models.SmallIntegerField()),
                ("since", models.DateField(help_text="first day of the first period it holds for")),
                ("every", models.CharField(choices=[("month", "每月"), ("quarter", "每季度")], max_length=7)),
                ("due_days", models.PositiveSmallIntegerField(help_text="working days after the period")),
                ("grace_days", models.PositiveSmallIntegerField(help_text="working days after the due day")),
                (
                    "lock_days",
                    models.PositiveSmallIntegerField(
                        help_text="working days after the grace; null: never locked", null=True
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("source", "item_id", "version"), name="window_rule_version_once")
                ],
            },
        ),
        migrations.RunSQL(
            "".join(RULES.format(name=name, table=table) for name, table in TABLES.items()),
            "".join(f"DROP FUNCTION {name}_only_grows() CASCADE;" for name in TABLES),
        ),
    ]
