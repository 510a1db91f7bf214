from django.db import migrations

# A rotation of data keys seals values again. The owner of the tables may change the sealed bytes of a record, where it says
# so (xinyong.reseal), and nothing else: the content's digest, and with it the evidence, stays what it was. The running
# program's role has no UPDATE at all.
ALLOW = """
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
CREATE TRIGGER record_only_grows_row BEFORE UPDATE ON record FOR EACH ROW EXECUTE FUNCTION record_only_grows();
"""

FORBID = """
DROP TRIGGER record_only_grows_row ON record;
CREATE OR REPLACE FUNCTION record_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'records are only added, never changed: %', TG_OP; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0002_seen_by_scope")]

    operations = [migrations.RunSQL(ALLOW, FORBID)]
