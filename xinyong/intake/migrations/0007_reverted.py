"""A submission can be taken back as a whole; the same content may be handed in anew afterwards."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0006_drop_folders")]

    operations = [
        migrations.AddField("submission", "reverted_at", models.DateTimeField(null=True)),
        migrations.AddField("submission", "reverted_by", models.CharField(blank=True, default="", max_length=80)),
        migrations.AddField("submission", "revert_reason", models.CharField(blank=True, default="", max_length=200)),
        migrations.AlterField(
            "submission",
            "status",
            models.CharField(
                choices=[
                    ("received", "已收到"), ("staged", "已读取"), ("deposited", "已入库"), ("refused", "已拒收"),
                    ("cancelled", "已取消"), ("reverted", "已撤回"),
                ],
                default="received",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint("submission", "submission_content_once"),
        migrations.AddConstraint(
            "submission",
            models.UniqueConstraint(
                fields=["source", "item_id", "content_digest"], condition=models.Q(reverted_at__isnull=True),
                name="submission_content_once",
            ),
        ),
    ]  # fmt: skip
