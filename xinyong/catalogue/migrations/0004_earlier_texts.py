"""A draft keeps the texts it had before, so that a change can be taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0003_code_editions")]
    operations = [
        migrations.AddField(
            "itemversion",
            "earlier",
            models.JSONField(
                default=list, help_text="bodies a draft had before, the oldest first; empty once published"
            ),
        ),
    ]
