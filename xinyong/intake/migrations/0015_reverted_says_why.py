"""What was taken back says by whom and why, whatever wrote it (INV-76)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0013_supply")]

    operations = [
        migrations.AddConstraint(
            "submission",
            models.CheckConstraint(
                condition=models.Q(reverted_at__isnull=True)
                | (~models.Q(reverted_by="") & ~models.Q(revert_reason="")),
                name="reverted_says_who_and_why",
            ),
        ),
    ]
