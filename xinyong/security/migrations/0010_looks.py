"""Entries of the log about one organisation, found without reading the log."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0008_channels")]
    operations = [
        migrations.RunSQL(
            """
            CREATE INDEX audit_looks ON security_auditentry (
                (CASE WHEN object_kind = 'subject' THEN object_ref::text
                      ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END), at)
            WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued');
            CREATE INDEX audit_exports ON security_auditentry (at) WHERE event = 'shared-exported';
            """,
            "DROP INDEX audit_looks; DROP INDEX audit_exports;",
        )
    ]
