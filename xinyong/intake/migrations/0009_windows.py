"""Reporting windows: periods, due days, locks, exceptions."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("intake", "0008_the_loop")]
    operations = []
