from django.db import migrations

#: What hangs on a submission is seen by who sees the submission.
PARTS = ("intake_chunk", "intake_finding", "intake_waitingrow")


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_submissions"), ("security", "0007_scopes")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE intake_submission ENABLE ROW LEVEL SECURITY;
            CREATE POLICY submission_seen ON intake_submission USING (
                (SELECT xinyong_role()) = 'system'
                OR (
                    (
                        (SELECT xinyong_role()) IN ('operator', 'auditor')
                        OR ((SELECT xinyong_role()) IN ('source_unit', 'client') AND source_id = (SELECT xinyong_unit()))
                    )
                    AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
                )
            );
            """
            + "".join(
                f"""
                ALTER TABLE {part} ENABLE ROW LEVEL SECURITY;
                CREATE POLICY {part}_seen ON {part} USING (
                    (SELECT xinyong_role()) = 'system'
                    OR ((SELECT xinyong_role()) IN ('source_unit', 'client', 'operator')
                        AND submission_id IN (SELECT id FROM intake_submission))
                );
                """
                for part in PARTS
            ),
            "".join(
                f"DROP POLICY {part}_seen ON {part}; ALTER TABLE {part} DISABLE ROW LEVEL SECURITY;" for part in PARTS
            )
            + "DROP POLICY submission_seen ON intake_submission; ALTER TABLE intake_submission DISABLE ROW LEVEL SECURITY;",
        )
    ]
