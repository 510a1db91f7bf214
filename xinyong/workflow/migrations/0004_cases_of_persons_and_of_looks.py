"""Persons have cases of their own; the unit that looked reads a complaint about its look; a case about the credit centre's own doing
has no source unit (投诉、申诉)."""

import django.db.models.deletion
from django.db import migrations, models

_OF_ITEMS = "((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))"
_FORWARDED = f"is_forwarded AND source_id = (SELECT xinyong_unit()) AND {_OF_ITEMS}"
_PARTS = ("workflow_casestep", "workflow_casedocument")


def _seen(whole: str, parts: str) -> str:
    return (
        f"DROP POLICY case_seen ON workflow_case; CREATE POLICY case_seen ON workflow_case USING ({whole});"
        + "".join(
            f"""
        DROP POLICY {table}_seen ON {table};
        CREATE POLICY {table}_seen ON {table} USING (
            (SELECT xinyong_role()) = 'system'
            OR ((SELECT xinyong_role()) IN ({parts}) AND case_id IN (SELECT id FROM workflow_case))
        );
        """
            for table in _PARTS
        )
    )


BEFORE = _seen(
    f"""
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) = 'operator' AND {_OF_ITEMS})
    OR ((SELECT xinyong_role()) = 'source_unit' AND {_FORWARDED})
    OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
    """,
    "'operator', 'source_unit', 'subject'",
)
NOW = _seen(
    f"""
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) = 'operator' AND {_OF_ITEMS})
    OR ((SELECT xinyong_role()) = 'source_unit' AND {_FORWARDED})
    OR ((SELECT xinyong_role()) = 'reader' AND kind = 'complaint' AND {_FORWARDED})
    OR ((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))
    """,
    "'operator', 'source_unit', 'reader', 'subject', 'person'",
)


class Migration(migrations.Migration):
    dependencies = [("workflow", "0003_told_to_subjects"), ("security", "0011_persons")]

    operations = [
        migrations.AlterField(
            model_name="case",
            name="source",
            field=models.ForeignKey(
                db_index=False,
                help_text="null: the credit centre itself",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="security.department",
            ),
        ),
        migrations.RunSQL(NOW, BEFORE),
    ]
