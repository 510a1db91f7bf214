"""Declared totals, zero reports, spot checks, and who owes which item."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

#: Both are a unit's own; an operator and an auditor see all. A unit declares for itself; what it owes, and what a spot
#: check found, the operator says.
APPEND_ONLY = """
CREATE FUNCTION declaration_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'declared totals are only added, never changed: %', TG_OP; END $$;
CREATE TRIGGER declaration_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_declaration
    FOR EACH STATEMENT EXECUTE FUNCTION declaration_only_grows();
CREATE FUNCTION duty_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'duties are only added, never changed: %', TG_OP; END $$;
CREATE TRIGGER duty_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_duty
    FOR EACH STATEMENT EXECUTE FUNCTION duty_only_grows();
"""
SEEN = """
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
"""
MADE = """
CREATE POLICY intake_declaration_made ON intake_declaration FOR INSERT WITH CHECK (
    (SELECT xinyong_role()) = 'system'
    OR (
        (
            (SELECT xinyong_role()) = 'operator'
            OR ((SELECT xinyong_role()) = 'source_unit' AND source_id = (SELECT xinyong_unit()) AND kind = 'total')
        )
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
    )
);
CREATE POLICY intake_duty_made ON intake_duty FOR INSERT WITH CHECK ((SELECT xinyong_role()) IN ('system', 'operator'));
"""
UNDO = """
DROP POLICY intake_declaration_made ON intake_declaration;
DROP POLICY intake_duty_made ON intake_duty;
DROP POLICY intake_declaration_seen ON intake_declaration;
DROP POLICY intake_duty_seen ON intake_duty;
DROP FUNCTION declaration_only_grows() CASCADE;
DROP FUNCTION duty_only_grows() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0004_docking"), ("security", "0007_scopes")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Declaration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("period", models.DateField(help_text="first day of the month of decision")),
                (
                    "kind",
                    models.CharField(choices=[("total", "应报数"), ("spot-check", "抽查")], max_length=10),
                ),
                ("version", models.SmallIntegerField()),
                (
                    "number",
                    models.IntegerField(help_text="decided, or looked at in a spot check; null: taken back", null=True),
                ),
                (
                    "found",
                    models.IntegerField(help_text="of those looked at, how many had been reported", null=True),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
            options={
                "indexes": [models.Index(fields=["period"], name="declaration_month")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "item_id", "period", "kind", "version"), name="declaration_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__isnull", True), ("number__gte", 0), _connector="OR"),
                        name="declared_number_counts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("found__isnull", True), ("kind", "total")),
                            models.Q(("found__isnull", True), ("number__isnull", True)),
                            models.Q(("found__gte", 0), ("found__lte", models.F("number")), ("kind", "spot-check")),
                            _connector="OR",
                        ),
                        name="found_of_a_spot_check",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Duty",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("starts_on", models.DateField()),
                (
                    "ends_on",
                    models.DateField(
                        help_text="first day it is owed no more; the first day itself: never owed", null=True
                    ),
                ),
                ("version", models.SmallIntegerField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "item_id", "starts_on", "version"), name="duty_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__isnull", True), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                        ),
                        name="duty_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            APPEND_ONLY + SEEN.format(table="intake_declaration") + SEEN.format(table="intake_duty") + MADE,
            UNDO,
        ),
    ]
