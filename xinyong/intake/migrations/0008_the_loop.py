"""Waived, sent back, escalated: what becomes of doubtful rows."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("intake", "0007_reverted")]
    operations = []
