"""That what a datum says was repaired, and that a repair was revoked (信用修复、撤销修复)."""

import django.db.models.deletion
from django.db import migrations, models

SECURED = """
CREATE FUNCTION repair_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'repairs are entered and revoked, never changed: %', TG_OP; END $$;
CREATE TRIGGER repair_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_repair
    FOR EACH STATEMENT EXECUTE FUNCTION repair_only_grows();
CREATE TRIGGER repair_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_repairend
    FOR EACH STATEMENT EXECUTE FUNCTION repair_only_grows();

-- That a datum was repaired hides it from everybody: whoever could not see this table would be shown what it hides. Who enters it
-- is whoever decides: the department whose record it is, the centre, the platform.
ALTER TABLE records_repair ENABLE ROW LEVEL SECURITY;
CREATE POLICY repair_seen ON records_repair FOR SELECT USING (true);
CREATE POLICY repair_entered ON records_repair FOR INSERT
    WITH CHECK ((SELECT xinyong_role()) IN ('source_unit', 'operator', 'system'));
ALTER TABLE records_repairend ENABLE ROW LEVEL SECURITY;
CREATE POLICY repair_end_seen ON records_repairend FOR SELECT USING (true);
CREATE POLICY repair_end_entered ON records_repairend FOR INSERT
    WITH CHECK ((SELECT xinyong_role()) IN ('source_unit', 'operator', 'system'));

-- The second wall: what was repaired is not public, whoever forgets to ask.
ALTER POLICY record_seen ON record USING (
    (SELECT xinyong_role()) = 'system'
    OR (
        (SELECT xinyong_role()) IN ('source_unit', 'reader', 'operator', 'client')
        AND (
            source_id = (SELECT xinyong_unit())
            OR (
                disclosure IN ('public', 'shared')
                AND ((SELECT xinyong_reach()) IS NULL OR source_id = ANY((SELECT xinyong_reach())::bigint[]))
            )
        )
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
    )
    OR (
        (SELECT xinyong_role()) IS NOT NULL AND disclosure = 'public' AND state = 1
        AND publish_from <= (SELECT xinyong_today())
        AND (publish_until IS NULL OR (SELECT xinyong_today()) < publish_until)
        AND (retain_until IS NULL OR (SELECT xinyong_today()) < retain_until)
        AND NOT EXISTS (
            SELECT 1 FROM records_repair p
            WHERE p.subject_id = record.subject_id AND p.key_digest = record.key_digest
              AND NOT EXISTS (SELECT 1 FROM records_repairend e WHERE e.repair_id = p.id)
        )
    )
);
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0008_erased"), ("security", "0009_mandates")]

    operations = [
        migrations.CreateModel(
            name="Repair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("key_digest", models.BinaryField(max_length=16)),
                ("case_id", models.BigIntegerField(help_text="workflow.Case")),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_id", "key_digest"], name="repair_of_datum"),
                    models.Index(fields=["case_id"], name="repair_of_case"),
                ]
            },
        ),
        migrations.CreateModel(
            name="RepairEnd",
            fields=[
                (
                    "repair",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="end",
                        serialize=False,
                        to="records.repair",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(help_text="revoked (fraud, error) or plan-failed", max_length=20)),
            ],
        ),
        migrations.RunSQL(SECURED, "DROP FUNCTION repair_only_grows() CASCADE"),
    ]
