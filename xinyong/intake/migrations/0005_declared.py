"""Declared totals and zero reports."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0004_docking")]
    operations: ClassVar = []
