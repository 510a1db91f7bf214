"""The task ledger."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_bulletins")]
    operations = []
