"""What organisations declared of themselves and somebody has checked (核验)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0003_sealed_again")]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("submission_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("subject_id", models.BigIntegerField()),
                ("unit", models.CharField(max_length=200)),
                ("checked_on", models.DateField()),
                ("checked_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["subject_id"], name="verification_of_subject")]},
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION verification_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'that a declaration was checked is only added, never changed: %', TG_OP; END $$;
            CREATE TRIGGER verification_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_verification
                FOR EACH STATEMENT EXECUTE FUNCTION verification_only_grows();

            -- Who checked what and when is public; only who may check enters it.
            ALTER TABLE records_verification ENABLE ROW LEVEL SECURITY;
            CREATE POLICY verification_seen ON records_verification FOR SELECT USING ((SELECT xinyong_role()) IS NOT NULL);
            CREATE POLICY verification_entered ON records_verification FOR INSERT
                WITH CHECK ((SELECT xinyong_role()) IN ('operator', 'system'));
            """,
            "DROP FUNCTION verification_only_grows() CASCADE",
        ),
    ]
