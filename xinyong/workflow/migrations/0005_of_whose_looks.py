"""Of whose looks somebody wants to be told besides their account; who chose what was split up goes on hearing of both halves."""

import django.contrib.postgres.fields
from django.db import migrations, models

#: Withdrawn information was told as changed; the end of an authorisation goes with being asked for one.
BOTH = """
UPDATE workflow_subjectchannel SET kinds = kinds || ARRAY['information-removed']::varchar[]
WHERE 'information-changed' = ANY(kinds) AND NOT 'information-removed' = ANY(kinds);
UPDATE workflow_subjectchannel SET kinds = kinds || ARRAY['consent-ended']::varchar[]
WHERE 'consent-asked' = ANY(kinds) AND NOT 'consent-ended' = ANY(kinds);
"""
ONE = "UPDATE workflow_subjectchannel SET kinds = array_remove(array_remove(kinds, 'information-removed'), 'consent-ended')"


class Migration(migrations.Migration):
    dependencies = [("workflow", "0004_cases_of_persons_and_of_looks")]

    operations = [
        migrations.AddField(
            model_name="subjectchannel",
            name="lookers",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10),
                help_text="of whose looks; null: of everybody's",
                null=True,
                size=None,
            ),
        ),
        migrations.RunSQL(BOTH, ONE),
    ]
