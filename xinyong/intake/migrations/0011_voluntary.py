"""What subjects say of themselves."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("intake", "0010_uploads")]
    operations = []
