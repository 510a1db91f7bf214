"""A complaint about a look that was founded raises an alarm (投诉成立)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rights", "0003_cases_of_persons"), ("workflow", "0004_cases_of_persons_and_of_looks")]

    operations = [
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("bulk", "短时间大量查询"),
                    ("hours", "非工作时间查询"),
                    ("surname", "查询同姓自然人"),
                    ("emergency", "紧急查询"),
                    ("complaint", "投诉成立"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="alarm",
            name="reason",
            field=models.CharField(
                blank=True,
                help_text="of an emergency, as its official said it; of a complaint, as it was decided",
                max_length=200,
            ),
        ),
    ]
