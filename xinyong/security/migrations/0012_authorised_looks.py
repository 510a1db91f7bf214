"""Authorised queries and emergencies are looks too: the index that finds an organisation's looks has them, and one by time."""

from django.db import migrations

_BEFORE = "('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued')"
_NOW = "('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')"
_INDEX = """
    DROP INDEX audit_looks;
    CREATE INDEX audit_looks ON security_auditentry (
        (CASE WHEN object_kind = 'subject' THEN object_ref::text
              ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END), at)
    WHERE event IN {events};
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0011_persons")]
    operations = [
        migrations.RunSQL(
            _INDEX.format(events=_NOW)
            + f"CREATE INDEX audit_looks_at ON security_auditentry (at) WHERE event IN {_NOW};",
            "DROP INDEX audit_looks_at;" + _INDEX.format(events=_BEFORE),
        )
    ]
