"""Drafts are reviewed by a second person and published on a date."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_the_catalogue_and_tables")]
    operations = []
