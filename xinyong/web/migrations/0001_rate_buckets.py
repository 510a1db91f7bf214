"""Token buckets of the portal's rate limits. Unlogged: after a crash everybody starts with a full bucket."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE rate_bucket (
                key bytea PRIMARY KEY,
                tokens double precision NOT NULL,
                at timestamptz NOT NULL
            ) WITH (fillfactor = 50)
            """,
            "DROP TABLE rate_bucket",
        )
    ]
