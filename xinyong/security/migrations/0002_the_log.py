from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0001_identity_and_audit")]

    operations: list[object] = []
