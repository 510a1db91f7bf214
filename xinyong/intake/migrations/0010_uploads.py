"""Uploads in parts, and rows entered by hand."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

_ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
_SOURCE = ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department"))
_SUBMISSION = models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="intake.submission")

# Whose unit it is; which of its people's, the program's own filter says.
_SEEN = """
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY {table}_seen ON {table} USING (
        (SELECT xinyong_role()) = 'system'
        OR (
            ((SELECT xinyong_role()) = 'operator'
             OR ((SELECT xinyong_role()) = 'source_unit' AND source_id = (SELECT xinyong_unit())))
            AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
        )
    );
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0009_windows")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="EntryRow",
            fields=[
                _ID,
                ("account_id", models.BigIntegerField()),
                ("item_id", models.CharField(max_length=40)),
                ("sealed", models.BinaryField()),
                ("corrects_row", models.IntegerField(null=True)),
                ("made_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("corrects", _SUBMISSION),
                _SOURCE,
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "corrects", "corrects_row"), name="entry_corrects_once"
                    ),
                    models.CheckConstraint(
                        name="entry_corrects_a_row",
                        condition=models.Q(("corrects__isnull", True), ("corrects_row__isnull", True))
                        | models.Q(("corrects__isnull", False), ("corrects_row__isnull", False)),
                    ),
                ],
                "indexes": [
                    models.Index(fields=["account_id", "source", "item_id"], name="entry_draft"),
                    models.Index(fields=["changed_at"], name="entry_by_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                _ID,
                ("account_id", models.BigIntegerField()),
                ("item_id", models.CharField(max_length=40)),
                ("file_name", models.CharField(max_length=200)),
                ("size", models.BigIntegerField()),
                ("part_size", models.IntegerField()),
                ("mark", models.CharField(max_length=64)),
                ("parts", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                _SOURCE,
                ("submission", _SUBMISSION),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("submission__isnull", True)),
                        fields=("account_id", "source", "item_id", "mark"),
                        name="upload_once",
                    )
                ],
                "indexes": [models.Index(fields=["changed_at"], name="upload_by_age")],
            },
        ),
        *(
            migrations.RunSQL(_SEEN.format(table=table), f"DROP POLICY {table}_seen ON {table}")
            for table in ("intake_entryrow", "intake_upload")
        ),
    ]
