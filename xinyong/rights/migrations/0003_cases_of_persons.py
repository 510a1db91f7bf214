"""Natural persons have cases, and what is said in them lies sealed (自然人的异议)."""

import django.db.models.deletion
from django.db import migrations, models

#: A rotation of data keys seals values again: the owner of the tables may change the sealed bytes, where it says so (xinyong.reseal).
#: When the content of a datum is erased (records 0008), what was said in cases about it goes with it, in the same transaction.
GROWS = """
CREATE FUNCTION case_words_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'DELETE' AND current_setting('xinyong.erase', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('xinyong.reseal', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        IF TG_LEVEL = 'STATEMENT' THEN
            RETURN NULL;
        ELSIF substring(NEW.sealed FOR 4) <> substring(OLD.sealed FOR 4)
              AND to_jsonb(NEW) - 'sealed' = to_jsonb(OLD) - 'sealed' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what is said in a case is only added to, never changed: %', TG_OP;
END $$;
CREATE FUNCTION case_words_erased() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    DELETE FROM rights_casewords w USING workflow_case c
    WHERE w.case_id = c.id AND c.subject_id = NEW.subject_id AND c.object_ref = encode(NEW.key_digest, 'hex');
    RETURN NULL;
END $$;
CREATE TRIGGER case_words_erased AFTER INSERT ON record_erased FOR EACH ROW EXECUTE FUNCTION case_words_erased();
CREATE TRIGGER case_words_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON rights_casewords
    FOR EACH STATEMENT EXECUTE FUNCTION case_words_only_grows();
CREATE TRIGGER case_words_only_grows_row BEFORE UPDATE OR DELETE ON rights_casewords
    FOR EACH ROW EXECUTE FUNCTION case_words_only_grows();
"""
#: A person has their own cases. What is said in one is for whoever sees the case.
SEEN = (
    """
CREATE POLICY case_of_person ON workflow_case USING (
    (SELECT xinyong_role()) = 'person' AND subject_id = (SELECT xinyong_subject())
);
"""
    + "".join(
        f"""
    CREATE POLICY {name}_of_person ON {table} USING (
        (SELECT xinyong_role()) = 'person' AND case_id IN (SELECT id FROM workflow_case)
    );
    """
        for name, table in (("case_step", "workflow_casestep"), ("case_document", "workflow_casedocument"))
    )
    + """
ALTER TABLE rights_casewords ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_words_seen ON rights_casewords USING (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) IN ('operator', 'source_unit', 'reader', 'subject', 'person') AND case_id IN (SELECT id FROM workflow_case))
);
"""
)
UNDO = """
DROP POLICY case_words_seen ON rights_casewords;
DROP POLICY case_document_of_person ON workflow_casedocument;
DROP POLICY case_step_of_person ON workflow_casestep;
DROP POLICY case_of_person ON workflow_case;
DROP FUNCTION case_words_only_grows, case_words_erased CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("rights", "0002_repairs"),
        ("workflow", "0003_told_to_subjects"),
        ("security", "0011_persons"),
        ("records", "0008_erased"),
    ]

    operations = [
        migrations.CreateModel(
            name="CaseWords",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(help_text="of the step within the case")),
                ("sealed", models.BinaryField()),
                (
                    "case",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="workflow.case"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "number"), name="case_words_once")],
            },
        ),
        migrations.RunSQL(GROWS + SEEN, UNDO),
    ]
