"""Submissions by the interface."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("intake", "0002_seen_by_scope")]
    operations: ClassVar = []
