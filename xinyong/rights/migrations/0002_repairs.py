"""Who was told to let go of a repaired record, and that it was done; trainings and interviews (修复同步、培训约谈)."""

import django.db.models.deletion
from django.db import migrations, models

SECURED = "".join(
    f"""
    CREATE FUNCTION {name}_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{said} are only added, never changed: %', TG_OP; END $$;
    CREATE TRIGGER {name}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}_only_grows();
    """
    for name, table, said in (
        ("recipient", "rights_recipient", "recipients"), ("receipt", "rights_recipientreceipt", "receipts"),
        ("guidance", "rights_guidance", "trainings and interviews"),
    )
) + """
-- Who sees the case sees whom it waits for; what a recipient has to do the platform tells it (rights/recipients.py).
ALTER TABLE rights_recipient ENABLE ROW LEVEL SECURITY;
CREATE POLICY recipient_seen ON rights_recipient USING (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) IN ('operator', 'source_unit', 'subject') AND case_id IN (SELECT id FROM workflow_case))
);
ALTER TABLE rights_recipientreceipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY receipt_seen ON rights_recipientreceipt USING (
    (SELECT xinyong_role()) = 'system' OR recipient_id IN (SELECT id FROM rights_recipient)
);
ALTER TABLE rights_guidance ENABLE ROW LEVEL SECURITY;
CREATE POLICY guidance_seen ON rights_guidance USING (
    (SELECT xinyong_role()) IN ('system', 'operator', 'source_unit')
    OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
);
"""  # fmt: skip
UNDO = "DROP FUNCTION recipient_only_grows, receipt_only_grows, guidance_only_grows CASCADE"


class Migration(migrations.Migration):
    dependencies = [("rights", "0001_consents"), ("workflow", "0002_cases"), ("security", "0009_mandates")]

    operations = [
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.CharField(max_length=100)),
                ("client_name", models.CharField(max_length=200)),
                ("unit", models.CharField(max_length=200)),
                ("change", models.CharField(max_length=8)),
                ("subject_code", models.CharField(max_length=18)),
                ("item_id", models.CharField(max_length=40)),
                ("ref", models.CharField(max_length=64)),
                ("told_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="workflow.case"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["case", "client_id", "change"], name="recipient_told_once")
                ],
                "indexes": [models.Index(fields=["client_id", "id"], name="recipient_of_client")],
            },
        ),
        migrations.CreateModel(
            name="RecipientReceipt",
            fields=[
                (
                    "recipient",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="receipt",
                        serialize=False,
                        to="rights.recipient",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="Guidance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("subject_code", models.CharField(max_length=18)),
                ("subject_name", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(choices=[("training", "信用修复培训"), ("interview", "约谈")], max_length=9),
                ),
                ("held_on", models.DateField()),
                ("unit", models.CharField(max_length=200)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("entered_by", models.CharField(max_length=80)),
                ("entered_at", models.DateTimeField()),
                ("token", models.CharField(max_length=64)),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="rights.guidance",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["token"], name="guidance_entered_once")],
                "indexes": [models.Index(fields=["subject_id", "-held_on"], name="guidance_of_subject")],
            },
        ),
        migrations.RunSQL(SECURED, UNDO),
    ]
