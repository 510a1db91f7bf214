"""Drafts are reviewed by a second person and published on a date."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_the_catalogue_and_tables")]
    operations = [
        migrations.AddField("itemversion", "retire_reason", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("itemversion", "drafted_at", models.DateTimeField(null=True)),
        migrations.AddField("itemversion", "drafted_by", models.CharField(blank=True, default="", max_length=80)),
        migrations.AlterField(
            "itemversion",
            "retired_at",
            models.DateTimeField(help_text="from when it rules no longer; may lie ahead", null=True),
        ),
        migrations.CreateModel(
            name="Recheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("version", models.PositiveSmallIntegerField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "等待核对"), ("running", "正在核对"), ("done", "已核对"), ("failed", "未完成"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("finished_at", models.DateTimeField(null=True)),
                ("total", models.BigIntegerField(default=0)),
                ("done", models.BigIntegerField(default=0)),
                ("result", models.JSONField(null=True)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("item_id", "version"), name="recheck_once")]},
        ),
    ]  # fmt: skip
