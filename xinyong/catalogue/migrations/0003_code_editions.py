"""Editions of code lists are drafted, reviewed by a second person and published on a day."""

from django.db import migrations, models

STATUS = [("draft", "草稿"), ("published", "已发布")]
STATE = [("waiting", "等待核对"), ("done", "已核对"), ("failed", "未完成")]


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0002_review")]
    operations = [
        migrations.CreateModel(
            name="CodeEdition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("list_id", models.CharField(max_length=40)),
                ("valid_from", models.DateField()),
                ("status", models.CharField(choices=STATUS, default="draft", max_length=10)),
                ("body", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("drafted_at", models.DateTimeField()),
                ("drafted_by", models.CharField(max_length=80)),
                ("published_at", models.DateTimeField(null=True)),
                ("published_by", models.CharField(blank=True, default="", max_length=80)),
                ("state", models.CharField(choices=STATE, default="waiting", max_length=8)),
                ("effects", models.JSONField(null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("list_id", "valid_from"), name="code_edition_once")]
            },
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION published_edition_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.status <> 'draft' THEN
                    RAISE EXCEPTION 'a published edition of a code list is frozen: % from %', OLD.list_id, OLD.valid_from;
                END IF;
                RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
            END $$;
            CREATE TRIGGER published_edition_is_frozen BEFORE UPDATE OR DELETE ON catalogue_codeedition
                FOR EACH ROW EXECUTE FUNCTION published_edition_is_frozen();
            """,
            "DROP FUNCTION published_edition_is_frozen() CASCADE",
        ),
    ]
