"""Issued bulletins."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [("security", "0007_scopes")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Bulletin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.DateField(help_text="first day of the month")),
                ("edition", models.SmallIntegerField()),
                ("as_of", models.DateTimeField(help_text="what was known at this instant counts")),
                ("issued_at", models.DateTimeField()),
                ("issued_by", models.CharField(max_length=80)),
                ("content", models.TextField(help_text="JSON, members sorted, as digested")),
                ("digest", models.CharField(help_text="SHA-256 of the content's UTF-8", max_length=64)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("period", "edition"), name="bulletin_edition_once")],
            },
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION bulletin_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'bulletins are only added, never changed: %', TG_OP; END $$;
            CREATE TRIGGER bulletin_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON analytics_bulletin
                FOR EACH STATEMENT EXECUTE FUNCTION bulletin_only_grows();
            -- A bulletin goes to everybody it ranks.
            ALTER TABLE analytics_bulletin ENABLE ROW LEVEL SECURITY;
            CREATE POLICY bulletin_seen ON analytics_bulletin FOR SELECT
                USING ((SELECT xinyong_role()) IN ('system', 'operator', 'auditor', 'source_unit'));
            CREATE POLICY bulletin_issued ON analytics_bulletin FOR INSERT
                WITH CHECK ((SELECT xinyong_role()) IN ('system', 'operator'));
            """,
            """
            DROP POLICY bulletin_seen ON analytics_bulletin;
            DROP POLICY bulletin_issued ON analytics_bulletin;
            DROP FUNCTION bulletin_only_grows() CASCADE;
            """,
        ),
    ]
