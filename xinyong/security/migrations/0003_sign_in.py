from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0002_the_log")]

    operations: list[object] = []
