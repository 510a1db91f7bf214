from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0006_keys")]

    operations: list[object] = []
