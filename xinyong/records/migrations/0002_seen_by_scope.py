from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0001_the_archive"), ("security", "0007_scopes")]

    operations = [
        migrations.CreateModel(
            name="Later",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subject_id",
                        "key_digest",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                ("key_digest", models.BinaryField(max_length=16)),
                ("version", models.SmallIntegerField()),
                ("known_from", models.DateTimeField()),
            ],
            options={"db_table": "record_later"},
        ),
        migrations.AddIndex(model_name="tally", index=models.Index(fields=["item_id"], name="tally_item")),
        migrations.RunSQL(
            """
            CREATE FUNCTION record_later_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'that a datum has later versions is only added, never changed: %', TG_OP; END $$;
            CREATE TRIGGER record_later_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON record_later
                FOR EACH STATEMENT EXECUTE FUNCTION record_later_only_grows();
            CREATE FUNCTION record_note_later() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN
                INSERT INTO record_later (subject_id, key_digest, version, known_from)
                VALUES (NEW.subject_id, NEW.key_digest, NEW.version, NEW.known_from);
                RETURN NULL;
            END $$;
            CREATE TRIGGER record_note_later AFTER INSERT ON record
                FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION record_note_later();

            -- The second wall behind records/disclosure.py. Whether a later version exists is no secret and stands in
            -- record_later: else an actor who may not see the later version would be shown the earlier as if it held.
            ALTER TABLE record ENABLE ROW LEVEL SECURITY;
            CREATE POLICY record_seen ON record FOR SELECT USING (
                (SELECT xinyong_role()) = 'system'
                OR (
                    (SELECT xinyong_role()) IN ('source_unit', 'reader', 'operator', 'client')
                    AND (
                        source_id = (SELECT xinyong_unit())
                        OR (
                            disclosure IN ('public', 'shared')
                            AND ((SELECT xinyong_reach()) IS NULL OR source_id = ANY((SELECT xinyong_reach())::bigint[]))
                        )
                    )
                    AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
                )
                OR (
                    (SELECT xinyong_role()) IS NOT NULL AND disclosure = 'public' AND state = 1
                    AND publish_from <= (SELECT xinyong_today())
                    AND (publish_until IS NULL OR (SELECT xinyong_today()) < publish_until)
                    AND (retain_until IS NULL OR (SELECT xinyong_today()) < retain_until)
                )
            );
            CREATE POLICY record_loaded ON record FOR INSERT WITH CHECK (true);
            """,
            "DROP POLICY record_seen ON record; DROP POLICY record_loaded ON record; ALTER TABLE record DISABLE ROW LEVEL SECURITY",
        ),
    ]
