"""Natural persons note beside their own data too; what they say there lies sealed (自然人的异议标注、异议声明)."""

from django.db import migrations, models

#: Beside what is not public a note says that somebody objects, and no word of it: a person's statement is sealed. Notes are read by
#: whoever is shown the datum; a note alone names nobody.
SECURED = """
ALTER POLICY annotation_entered ON records_annotation WITH CHECK (
    (SELECT xinyong_role()) IN ('operator', 'system')
    OR ((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))
);
ALTER POLICY annotation_end_entered ON records_annotationend WITH CHECK (
    (SELECT xinyong_role()) IN ('operator', 'system')
    OR ((SELECT xinyong_role()) IN ('subject', 'person') AND annotation_id IN (
        SELECT id FROM records_annotation WHERE subject_id = (SELECT xinyong_subject())
    ))
);
-- A rotation of data keys seals values again: the owner of the tables may change the sealed bytes, where it says so (xinyong.reseal).
CREATE OR REPLACE FUNCTION annotation_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'records_annotation' AND current_setting('xinyong.reseal', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        IF TG_LEVEL = 'STATEMENT' THEN
            RETURN NULL;
        ELSIF OLD.sealed IS NOT NULL AND NEW.sealed IS NOT NULL
              AND substring(NEW.sealed FOR 4) <> substring(OLD.sealed FOR 4)
              AND to_jsonb(NEW) - 'sealed' = to_jsonb(OLD) - 'sealed' THEN
            RETURN NEW;
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'records_annotation' AND current_setting('xinyong.erase', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        IF TG_LEVEL = 'STATEMENT' THEN
            RETURN NULL;
        ELSIF NEW.sealed IS NULL AND to_jsonb(NEW) - 'sealed' = to_jsonb(OLD) - 'sealed' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what was noted beside a datum is only added to, never changed: %', TG_OP;
END $$;
-- What a person said beside a datum goes with its content (0008), in the same transaction.
CREATE FUNCTION annotation_erased() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE records_annotation SET sealed = NULL
    WHERE subject_id = NEW.subject_id AND key_digest = NEW.key_digest AND sealed IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_erased AFTER INSERT ON record_erased FOR EACH ROW EXECUTE FUNCTION annotation_erased();
CREATE TRIGGER annotation_only_grows_row BEFORE UPDATE ON records_annotation
    FOR EACH ROW EXECUTE FUNCTION annotation_only_grows();
"""
UNDO = """
DROP FUNCTION annotation_erased() CASCADE;
DROP TRIGGER annotation_only_grows_row ON records_annotation;
CREATE OR REPLACE FUNCTION annotation_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what was noted beside a datum is only added to, never changed: %', TG_OP; END $$;
ALTER POLICY annotation_end_entered ON records_annotationend WITH CHECK (
    (SELECT xinyong_role()) IN ('operator', 'system')
    OR ((SELECT xinyong_role()) = 'subject' AND annotation_id IN (
        SELECT id FROM records_annotation WHERE subject_id = (SELECT xinyong_subject())
    ))
);
ALTER POLICY annotation_entered ON records_annotation WITH CHECK (
    (SELECT xinyong_role()) IN ('operator', 'system')
    OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
);
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0009_repaired"), ("security", "0011_persons")]

    operations = [
        migrations.AddField(model_name="annotation", name="sealed", field=models.BinaryField(null=True)),
        migrations.RunSQL(SECURED, UNDO),
    ]
