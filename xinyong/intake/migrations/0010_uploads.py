"""Uploads in parts, and rows entered by hand."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("intake", "0009_windows")]
    operations = []
