"""Subjects see what is on file of themselves. What is sealed is erased when its time is over, with a proof. Who was told when."""

from django.db import migrations, models

OWN = """
CREATE POLICY record_seen_own ON record FOR SELECT USING (
    (SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject())
);
"""

# The owner alone changes the sealed bytes of a record, and only so: to the same under another key (xinyong.reseal), or to nothing
# (xinyong.erase) once the newest version of the datum may no longer be used. record_erase is the one way there for the program
# that runs; it decides nothing that is not the law's.
OVER = """
CREATE FUNCTION record_is_over(whose bigint, which bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT r.retain_until <= (SELECT max(day) FROM records_clockrun)
                     FROM record r WHERE r.subject_id = whose AND r.key_digest = which
                     ORDER BY r.version DESC LIMIT 1), false)
$$;
CREATE OR REPLACE FUNCTION record_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
       AND 'on' IN (current_setting('xinyong.reseal', true), current_setting('xinyong.erase', true)) THEN
        IF TG_LEVEL = 'STATEMENT' THEN
            RETURN NULL;
        ELSIF OLD.sealed IS NOT NULL AND to_jsonb(NEW) - 'sealed' = to_jsonb(OLD) - 'sealed' THEN
            IF NEW.sealed IS NOT NULL AND current_setting('xinyong.reseal', true) = 'on'
               AND substring(NEW.sealed FOR 4) <> substring(OLD.sealed FOR 4) THEN
                RETURN NEW;
            ELSIF NEW.sealed IS NULL AND current_setting('xinyong.erase', true) = 'on'
               AND record_is_over(OLD.subject_id, OLD.key_digest) THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'records are only added, never changed: %', TG_OP;
END $$;
CREATE FUNCTION record_erase(subjects bigint[], keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET xinyong.erase = 'on' AS $$
DECLARE done bigint;
BEGIN
    UPDATE record r SET sealed = NULL
    FROM unnest(subjects, keys) AS o(subject_id, key_digest)
    WHERE r.subject_id = o.subject_id AND r.key_digest = o.key_digest AND r.sealed IS NOT NULL;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;
"""
BACK = """
DROP FUNCTION record_erase(bigint[], bytea[]);
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
DROP FUNCTION record_is_over(bigint, bytea);
"""
GROWS = """
CREATE FUNCTION erasure_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what was erased is only added to: %', TG_OP; END $$;
CREATE TRIGGER erasure_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION erasure_only_grows();
CREATE TRIGGER erasure_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_erasedversion
    FOR EACH STATEMENT EXECUTE FUNCTION erasure_only_grows();
CREATE FUNCTION telling_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'who was told when is only added to: %', TG_OP; END $$;
CREATE TRIGGER telling_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON records_telling
    FOR EACH STATEMENT EXECUTE FUNCTION telling_only_grows();
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0006_opt_outs"), ("security", "0011_persons")]

    operations = [
        migrations.CreateModel(
            name="Telling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("at", models.DateTimeField()),
                ("batch", models.BigIntegerField(help_text="newest batch of the log that was looked at")),
            ],
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("request", "本人申请"), ("retention", "保存期满")], max_length=9),
                ),
                ("at", models.DateTimeField()),
                ("versions", models.IntegerField()),
                ("subjects", models.IntegerField()),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 over the digests of what was erased, in order", max_length=64),
                ),
                (
                    "facts",
                    models.JSONField(default=dict, help_text="what went, what stays until when on which basis"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ErasedVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("submission_id", models.BigIntegerField()),
                ("before", models.BinaryField(help_text="leaf of the version as it came in", max_length=32)),
                ("after", models.BinaryField(help_text="leaf of the version without what was sealed", max_length=32)),
                (
                    "erasure",
                    models.ForeignKey(on_delete=models.deletion.PROTECT, to="records.erasure"),
                ),
            ],
            options={"indexes": [models.Index(fields=["submission_id"], name="erased_of_submission")]},
        ),
        migrations.RunSQL(GROWS, "DROP FUNCTION erasure_only_grows, telling_only_grows CASCADE"),
        migrations.RunSQL(OWN, "DROP POLICY record_seen_own ON record"),
        migrations.RunSQL(OVER, BACK),
    ]
