"""What is noted beside a datum: that its subject disputes it, and what its subject says of it (异议标注、异议声明)."""

import django.db.models.deletion
from django.db import migrations, models

SECURED = """
CREATE FUNCTION annotation_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what was noted beside a datum is only added to, never changed: %', TG_OP; END $$;
CREATE TRIGGER annotation_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_annotation
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_only_grows();
CREATE TRIGGER annotation_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_annotationend
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_only_grows();

-- Only what is public can be objected to, so what is noted beside it is no secret, nor that it ended; who may not see the datum
-- has nothing to read it beside. (A policy that asks for the record itself is planned anew with every query: 10 ms each.) A subject
-- notes beside its own data only.
ALTER TABLE records_annotation ENABLE ROW LEVEL SECURITY;
CREATE POLICY annotation_seen ON records_annotation FOR SELECT USING ((SELECT xinyong_role()) IS NOT NULL);
CREATE POLICY annotation_entered ON records_annotation FOR INSERT WITH CHECK (
    (SELECT xinyong_role()) IN ('operator', 'system')
    OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
);
ALTER TABLE records_annotationend ENABLE ROW LEVEL SECURITY;
CREATE POLICY annotation_end_seen ON records_annotationend FOR SELECT USING ((SELECT xinyong_role()) IS NOT NULL);
CREATE POLICY annotation_end_entered ON records_annotationend FOR INSERT WITH CHECK (
    (SELECT xinyong_role()) IN ('operator', 'system')
    OR ((SELECT xinyong_role()) = 'subject' AND annotation_id IN (
        SELECT id FROM records_annotation WHERE subject_id = (SELECT xinyong_subject())
    ))
);
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0004_verifications"), ("security", "0009_mandates")]

    operations = [
        migrations.CreateModel(
            name="Annotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("key_digest", models.BinaryField(max_length=16)),
                (
                    "kind",
                    models.CharField(choices=[("disputed", "异议标注"), ("statement", "异议声明")], max_length=9),
                ),
                ("case_id", models.BigIntegerField()),
                ("text", models.CharField(blank=True, max_length=300)),
                ("noted_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_id", "key_digest"], name="annotation_of_datum"),
                    models.Index(fields=["case_id"], name="annotation_of_case"),
                ]
            },
        ),
        migrations.CreateModel(
            name="AnnotationEnd",
            fields=[
                (
                    "annotation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="end",
                        serialize=False,
                        to="records.annotation",
                    ),
                ),
                ("ended_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(SECURED, "DROP FUNCTION annotation_only_grows() CASCADE"),
    ]
