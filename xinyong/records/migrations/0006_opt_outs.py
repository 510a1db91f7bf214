"""Which good deeds a subject does not want recorded or shown (不记载)."""

from django.db import migrations, models

_KINDS = [("honours", "荣誉表彰"), ("donations", "慈善捐赠"), ("volunteering", "志愿服务")]


class Migration(migrations.Migration):
    dependencies = [("records", "0005_annotations"), ("security", "0009_mandates")]

    operations = [
        migrations.CreateModel(
            name="OptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("kind", models.CharField(choices=_KINDS, max_length=12)),
                ("is_out", models.BooleanField()),
                ("said_at", models.DateTimeField()),
                ("said_by", models.CharField(max_length=80)),
            ],
            options={"indexes": [models.Index(fields=["subject_id", "kind", "-id"], name="opt_out_of_subject")]},
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION opt_out_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'what a subject said is only added, never changed: %', TG_OP; END $$;
            CREATE TRIGGER opt_out_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_optout
                FOR EACH STATEMENT EXECUTE FUNCTION opt_out_only_grows();

            -- Every reader's query asks it, so that what is opted out of is shown to nobody; only the subject itself says so.
            ALTER TABLE records_optout ENABLE ROW LEVEL SECURITY;
            CREATE POLICY opt_out_seen ON records_optout FOR SELECT USING ((SELECT xinyong_role()) IS NOT NULL);
            CREATE POLICY opt_out_said ON records_optout FOR INSERT WITH CHECK (
                (SELECT xinyong_role()) = 'system'
                OR ((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))
            );
            """,
            "DROP FUNCTION opt_out_only_grows() CASCADE",
        ),
    ]
