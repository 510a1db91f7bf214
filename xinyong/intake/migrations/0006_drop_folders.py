"""Watched folders."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0005_declared")]
    operations: ClassVar = []
