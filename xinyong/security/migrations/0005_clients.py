from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0004_people_and_grants")]

    operations: list[object] = []
