"""Which units may report which item. The end of the line: 0012 stands on 0014 already."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION supply_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'who may report what is only added, never changed: %', TG_OP; END $$;
CREATE TRIGGER supply_mode_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_supplymode
    FOR EACH STATEMENT EXECUTE FUNCTION supply_only_grows();
CREATE TRIGGER supply_grant_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_supplygrant
    FOR EACH STATEMENT EXECUTE FUNCTION supply_only_grows();
"""
#: A mode concerns every unit; a grant is a unit's own, as its duties are. Whether somebody may report an item the program asks as
#: the platform itself, whoever hands in.
SEEN = """
ALTER TABLE intake_supplymode ENABLE ROW LEVEL SECURITY;
CREATE POLICY intake_supplymode_seen ON intake_supplymode FOR SELECT USING (
    (SELECT xinyong_role()) IN ('system', 'operator', 'auditor', 'source_unit')
);
CREATE POLICY intake_supplymode_made ON intake_supplymode FOR INSERT WITH CHECK (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) = 'operator'
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[])))
);
ALTER TABLE intake_supplygrant ENABLE ROW LEVEL SECURITY;
CREATE POLICY intake_supplygrant_seen ON intake_supplygrant FOR SELECT USING (
    (SELECT xinyong_role()) = 'system'
    OR (
        (
            (SELECT xinyong_role()) IN ('operator', 'auditor')
            OR ((SELECT xinyong_role()) = 'source_unit' AND source_id = (SELECT xinyong_unit()))
        )
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
    )
);
CREATE POLICY intake_supplygrant_made ON intake_supplygrant FOR INSERT WITH CHECK (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) = 'operator'
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[])))
);
"""
UNDO = """
DROP POLICY intake_supplymode_made ON intake_supplymode;
DROP POLICY intake_supplymode_seen ON intake_supplymode;
DROP POLICY intake_supplygrant_made ON intake_supplygrant;
DROP POLICY intake_supplygrant_seen ON intake_supplygrant;
DROP FUNCTION supply_only_grows() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0012_own_declarations")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SupplyMode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("version", models.SmallIntegerField()),
                ("mode", models.CharField(choices=[("open", "不限单位"), ("granted", "须经授权")], max_length=7)),
                ("basis", models.CharField(max_length=300)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item_id", "version"), name="supply_mode_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SupplyGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("starts_on", models.DateField()),
                (
                    "ends_on",
                    models.DateField(
                        help_text="first day it holds no more; the first day itself: never granted", null=True
                    ),
                ),
                ("basis", models.CharField(max_length=300)),
                ("version", models.SmallIntegerField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "item_id", "starts_on", "version"), name="supply_grant_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__isnull", True), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                        ),
                        name="supply_grant_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY + SEEN, UNDO),
    ]
