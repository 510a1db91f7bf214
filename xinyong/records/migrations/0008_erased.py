"""What is over is erased: the content of persons' versions, with a tombstone each and a proof for each run and item."""

import django.db.models.deletion
from django.db import migrations, models

# Beside sealing again (0003) the owner of the tables may take the content out of a version, where it says so (xinyong.erase), of
# an item about persons, when the newest version of the datum may be used no longer by the server's own clock and the tombstone
# stands; everything else of the row stays. The running program's role has no UPDATE at all.
ALLOW = """
CREATE OR REPLACE FUNCTION record_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        IF current_setting('xinyong.reseal', true) = 'on' THEN
            IF TG_LEVEL = 'STATEMENT' THEN
                RETURN NULL;
            ELSIF OLD.sealed IS NOT NULL AND NEW.sealed IS NOT NULL
                  AND substring(NEW.sealed FOR 4) <> substring(OLD.sealed FOR 4)
                  AND to_jsonb(NEW) - 'sealed' = to_jsonb(OLD) - 'sealed' THEN
                RETURN NEW;
            END IF;
        END IF;
        IF current_setting('xinyong.erase', true) = 'on' THEN
            IF TG_LEVEL = 'STATEMENT' THEN
                RETURN NULL;
            ELSIF NEW.payload = '{}'::jsonb AND NEW.sealed IS NULL AND NEW.extra IS NULL
                  AND to_jsonb(NEW) - '{payload,sealed,extra}'::text[] = to_jsonb(OLD) - '{payload,sealed,extra}'::text[]
                  AND EXISTS (SELECT 1 FROM record_erased e WHERE e.subject_id = OLD.subject_id
                              AND e.key_digest = OLD.key_digest AND e.version = OLD.version)
                  AND EXISTS (SELECT 1 FROM catalogue_itemversion v WHERE v.item_id = OLD.item_id
                              AND v.version = OLD.item_version AND v.status <> 'draft'
                              AND (v.body ->> 'is_about_persons')::boolean)
                  AND (SELECT n.retain_until FROM record n WHERE n.subject_id = OLD.subject_id
                       AND n.key_digest = OLD.key_digest ORDER BY n.version DESC LIMIT 1)
                      <= (now() AT TIME ZONE 'Asia/Shanghai')::date THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'records are only added, never changed: %', TG_OP;
END $$;

CREATE FUNCTION record_erased_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'INSERT' AND current_setting('xinyong.erase', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'tombstones are entered by erasing alone, and never changed: %', TG_OP;
END $$;
CREATE TRIGGER record_erased_only_grows BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON record_erased
    FOR EACH STATEMENT EXECUTE FUNCTION record_erased_only_grows();
ALTER TABLE record_erased ADD CONSTRAINT record_erased_digests
    CHECK (octet_length(key_digest) = 16 AND octet_length(content_digest) = 16 AND octet_length(leaf) = 32);

CREATE FUNCTION erasure_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what was erased is only added, never changed: %', TG_OP; END $$;
CREATE TRIGGER erasure_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION erasure_only_grows();
CREATE TRIGGER erasure_run_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_erasurerun
    FOR EACH STATEMENT EXECUTE FUNCTION erasure_only_grows();
CREATE TRIGGER erased_beside_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON record_erased_beside
    FOR EACH STATEMENT EXECUTE FUNCTION erasure_only_grows();

-- Who answers for it reads the proofs; only the platform's own run enters them.
ALTER TABLE records_erasure ENABLE ROW LEVEL SECURITY;
CREATE POLICY erasure_seen ON records_erasure FOR SELECT USING ((SELECT xinyong_role()) IN ('operator', 'auditor', 'system'));
CREATE POLICY erasure_entered ON records_erasure FOR INSERT WITH CHECK ((SELECT xinyong_role()) = 'system');
ALTER TABLE records_erasurerun ENABLE ROW LEVEL SECURITY;
CREATE POLICY erasure_run_seen ON records_erasurerun FOR SELECT USING ((SELECT xinyong_role()) IN ('operator', 'auditor', 'system'));
CREATE POLICY erasure_run_entered ON records_erasurerun FOR INSERT WITH CHECK ((SELECT xinyong_role()) = 'system');
ALTER TABLE record_erased_beside ENABLE ROW LEVEL SECURITY;
CREATE POLICY erased_beside_seen ON record_erased_beside FOR SELECT USING ((SELECT xinyong_role()) IS NOT NULL);
CREATE POLICY erased_beside_entered ON record_erased_beside FOR INSERT WITH CHECK ((SELECT xinyong_role()) = 'system');
"""

FORBID = """
CREATE OR REPLACE FUNCTION record_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('xinyong.reseal', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        IF TG_LEVEL = 'STATEMENT' THEN
            RETURN NULL;
        ELSIF OLD.sealed IS NOT NULL AND NEW.sealed IS NOT NULL
              AND substring(NEW.sealed FOR 4) <> substring(OLD.sealed FOR 4)
              AND to_jsonb(NEW) - 'sealed' = to_jsonb(OLD) - 'sealed' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'records are only added, never changed: %', TG_OP;
END $$;
DROP FUNCTION record_erased_only_grows() CASCADE;
DROP FUNCTION erasure_only_grows() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0007_own_and_over"),
        ("catalogue", "0001_the_catalogue_and_tables"),
        ("security", "0007_scopes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasureRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(help_text="records, waiting-rows or originals", max_length=12)),
                ("ended_by", models.DateField(help_text="erased is what had ended by this day, grace included")),
                ("grace_days", models.IntegerField()),
                ("basis", models.CharField(max_length=200)),
                ("began_at", models.DateTimeField()),
                ("began_by", models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name="Erased",
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
                ("item_id", models.CharField(max_length=40)),
                ("content_digest", models.BinaryField(max_length=16)),
                ("leaf", models.BinaryField(help_text="the version's digest in the evidence log", max_length=32)),
                ("ended_on", models.DateField(help_text="first day it might no longer be used")),
                ("run_id", models.BigIntegerField()),
                ("erased_at", models.DateTimeField()),
            ],
            options={
                "db_table": "record_erased",
                "indexes": [models.Index(fields=["run_id", "item_id"], name="erased_by_run")],
            },
        ),
        migrations.CreateModel(
            name="ErasedBeside",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=12)),
                ("submission_id", models.BigIntegerField()),
                ("row_no", models.IntegerField(default=0, help_text="0: the file as a whole")),
                ("item_id", models.CharField(max_length=40)),
                ("leaf", models.BinaryField(max_length=32)),
                ("run_id", models.BigIntegerField()),
                ("erased_at", models.DateTimeField()),
            ],
            options={
                "db_table": "record_erased_beside",
                "indexes": [models.Index(fields=["run_id", "item_id"], name="erased_beside_by_run")],
                "constraints": [
                    models.UniqueConstraint(fields=("what", "submission_id", "row_no"), name="erased_beside_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=40)),
                ("count", models.IntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("hash_name", models.CharField(max_length=8)),
                ("first_ended_on", models.DateField(null=True)),
                ("last_ended_on", models.DateField(null=True)),
                ("finished_at", models.DateTimeField()),
                ("finished_by", models.CharField(max_length=80)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="records.erasurerun")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("run", "item_id"), name="erasure_once")],
            },
        ),
        migrations.RunSQL(ALLOW, FORBID),
    ]
