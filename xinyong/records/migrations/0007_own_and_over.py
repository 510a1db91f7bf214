"""Subjects see what is on file of themselves. That accounts were given up. Who was told when."""

from django.db import migrations, models

OWN = """
CREATE POLICY record_seen_own ON record FOR SELECT USING (
    (SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject())
);
"""

GROWS = """
CREATE FUNCTION account_erasure_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what was erased is only added to: %', TG_OP; END $$;
CREATE TRIGGER account_erasure_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_accounterasure
    FOR EACH STATEMENT EXECUTE FUNCTION account_erasure_only_grows();
CREATE FUNCTION telling_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'who was told when is only added to: %', TG_OP; END $$;
CREATE TRIGGER telling_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_telling
    FOR EACH STATEMENT EXECUTE FUNCTION telling_only_grows();
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0006_opt_outs"), ("security", "0011_persons")]

    operations = [
        migrations.CreateModel(
            name="Telling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("at", models.DateTimeField()),
                ("batch", models.BigIntegerField(help_text="newest batch of the log that was looked at")),
            ],
        ),
        migrations.CreateModel(
            name="AccountErasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("subjects", models.IntegerField()),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 over the digests of what was erased, in order", max_length=64),
                ),
                (
                    "facts",
                    models.JSONField(default=dict, help_text="what went, what stays until when on which basis"),
                ),
            ],
        ),
        migrations.RunSQL(GROWS, "DROP FUNCTION account_erasure_only_grows, telling_only_grows CASCADE"),
        migrations.RunSQL(OWN, "DROP POLICY record_seen_own ON record"),
    ]
