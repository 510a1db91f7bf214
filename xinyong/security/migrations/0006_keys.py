from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0005_clients")]

    operations: list[object] = []
