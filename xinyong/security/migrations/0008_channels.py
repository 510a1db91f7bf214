"""Rights of the channels."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("security", "0007_scopes")]
    operations: ClassVar = []
