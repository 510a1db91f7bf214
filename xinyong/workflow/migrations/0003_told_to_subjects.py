"""Notices to subjects, where somebody wants to be told as one, and messages that go there."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

#: Whoever acts for a subject sees what it is told, and marks it read; the platform tells it. Where somebody wants to be told is
#: the platform's alone.
SECURED = """
CREATE FUNCTION subject_notice_only_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR OLD.read_at IS NOT NULL
     OR (to_jsonb(OLD) - '{read_at,read_by}'::text[]) <> (to_jsonb(NEW) - '{read_at,read_by}'::text[]) THEN
    RAISE EXCEPTION 'a notice to a subject is not changed: it is read, once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER subject_notice_only_read BEFORE UPDATE OR DELETE ON workflow_subjectnotice
    FOR EACH ROW EXECUTE FUNCTION subject_notice_only_read();

ALTER TABLE workflow_subjectnotice ENABLE ROW LEVEL SECURITY;
CREATE POLICY subject_notice_of ON workflow_subjectnotice USING (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))
) WITH CHECK (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()) AND read_at IS NOT NULL)
);
ALTER TABLE workflow_subjectchannel ENABLE ROW LEVEL SECURITY;
CREATE POLICY subject_channel_of ON workflow_subjectchannel USING ((SELECT xinyong_role()) = 'system');
ALTER TABLE workflow_message_subject_notices ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_subject_notices_of ON workflow_message_subject_notices USING (
    (SELECT xinyong_role()) IN ('system', 'operator')
);
"""
UNDO = """
DROP POLICY message_subject_notices_of ON workflow_message_subject_notices;
ALTER TABLE workflow_message_subject_notices DISABLE ROW LEVEL SECURITY;
DROP POLICY subject_channel_of ON workflow_subjectchannel;
ALTER TABLE workflow_subjectchannel DISABLE ROW LEVEL SECURITY;
DROP POLICY subject_notice_of ON workflow_subjectnotice;
ALTER TABLE workflow_subjectnotice DISABLE ROW LEVEL SECURITY;
DROP FUNCTION subject_notice_only_read CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0011_persons"), ("workflow", "0002_cases")]

    operations = [
        migrations.CreateModel(
            name="SubjectNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "subject_id",
                    models.BigIntegerField(help_text="of the register of subjects, which lies above this room"),
                ),
                ("kind", models.CharField(max_length=20)),
                ("facts", models.JSONField()),
                ("link", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("read_at", models.DateTimeField(null=True)),
                ("read_by", models.CharField(blank=True, max_length=80)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_id", "-id"], name="subject_inbox"),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)), fields=["subject_id"], name="subject_unread"
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("subject_id", "key"), name="subject_told_once")],
            },
        ),
        migrations.CreateModel(
            name="SubjectChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField(null=True)),
                ("sealed", models.BinaryField(null=True)),
                ("mail_verified_at", models.DateTimeField(null=True)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.account"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "subject_id"), name="own_channel_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="message",
            name="department",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="security.department"),
        ),
        migrations.AddField(
            model_name="message",
            name="to",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, to="workflow.subjectchannel"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="subject_notices",
            field=models.ManyToManyField(to="workflow.subjectnotice"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("department__isnull", False), ("to__isnull", False), _connector="XOR"),
                name="message_to_one",
            ),
        ),
        migrations.RunSQL(SECURED, UNDO),
    ]
