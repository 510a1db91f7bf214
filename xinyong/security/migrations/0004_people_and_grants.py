from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0003_sign_in")]

    operations: list[object] = []
