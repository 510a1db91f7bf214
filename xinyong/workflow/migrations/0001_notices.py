"""Notices and what became of them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0008_channels")]
    operations = []
