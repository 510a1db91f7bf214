"""Departments' databases."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0003_by_interface")]
    operations: ClassVar = []
