"""The change feed of the registration authority, and succession."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("subjects", "0002_names_merged_by_anybody")]
    operations = []
