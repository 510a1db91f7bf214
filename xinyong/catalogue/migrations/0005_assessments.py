"""Impact assessments and who put them in force: rows are only ever added."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0004_earlier_texts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Assessment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("items", models.JSONField(default=dict)),
                (
                    "activity",
                    models.CharField(
                        blank=True, help_text="id of a processing activity of the platform's own", max_length=60
                    ),
                ),
                ("reasons", models.JSONField()),
                ("lawful", models.TextField()),
                ("effects", models.TextField()),
                ("measures", models.TextField()),
                ("valid_until", models.DateField(help_text="the last day")),
                ("written_at", models.DateTimeField()),
                ("written_by", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                (
                    "supersedes",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="later",
                        to="catalogue.assessment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AssessmentForce",
            fields=[
                (
                    "assessment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="force",
                        serialize=False,
                        to="catalogue.assessment",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                (
                    "agreed_by",
                    models.CharField(
                        blank=True, help_text="empty: the owner alone, at the command line", max_length=80
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION assessment_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'impact assessments are kept as they were written: %', TG_OP; END $$;
            CREATE TRIGGER assessment_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON catalogue_assessment
                FOR EACH STATEMENT EXECUTE FUNCTION assessment_only_grows();
            CREATE TRIGGER assessment_force_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON catalogue_assessmentforce
                FOR EACH STATEMENT EXECUTE FUNCTION assessment_only_grows();
            """,
            "DROP FUNCTION assessment_only_grows() CASCADE",
        ),
    ]
