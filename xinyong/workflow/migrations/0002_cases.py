"""Cases, their steps and papers (办件、步骤、材料)."""

import django.db.models.deletion
from django.db import migrations, models

GROWS = "".join(
    f"""
    CREATE FUNCTION {name}_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'steps and papers of cases are only added, never changed: %', TG_OP; END $$;
    CREATE TRIGGER {name}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}_only_grows();
    """
    for name, table in (("case_step", "workflow_casestep"), ("case_document", "workflow_casedocument"))
)
#: A case moves on; what it is about, under which procedure and since when never changes, and it is not taken away.
MOVES = """
CREATE FUNCTION case_only_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'a case is not taken away: %', TG_OP;
    ELSIF (to_jsonb(OLD) - '{state,step_count,ended_at,is_forwarded}'::text[])
          <> (to_jsonb(NEW) - '{state,step_count,ended_at,is_forwarded}'::text[])
          OR NEW.step_count < OLD.step_count OR (OLD.is_forwarded AND NOT NEW.is_forwarded) THEN
        RAISE EXCEPTION 'a case moves by its steps and changes in nothing else';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_only_moves BEFORE UPDATE OR DELETE ON workflow_case FOR EACH ROW EXECUTE FUNCTION case_only_moves();
"""
SEEN = """
ALTER TABLE workflow_case ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_seen ON workflow_case USING (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) = 'operator'
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[])))
    OR ((SELECT xinyong_role()) = 'source_unit' AND is_forwarded AND source_id = (SELECT xinyong_unit())
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[])))
    OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
);
""" + "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY {table}_seen ON {table} USING (
        (SELECT xinyong_role()) = 'system'
        OR ((SELECT xinyong_role()) IN ('operator', 'source_unit', 'subject') AND case_id IN (SELECT id FROM workflow_case))
    );
    """
    for table in ("workflow_casestep", "workflow_casedocument")
)
UNDO = "DROP FUNCTION case_step_only_grows, case_document_only_grows, case_only_moves CASCADE"


def _of_case(name: str) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name=name, to="workflow.case"
    )


class Migration(migrations.Migration):
    dependencies = [("workflow", "0001_notices"), ("security", "0009_mandates")]

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=30)),
                ("procedure", models.CharField(max_length=30)),
                ("procedure_version", models.PositiveSmallIntegerField()),
                (
                    "subject_id",
                    models.BigIntegerField(help_text="of the register of subjects, which lies above this room"),
                ),
                ("subject_code", models.CharField(max_length=18)),
                ("subject_name", models.CharField(max_length=200)),
                ("region_code", models.CharField(blank=True, max_length=12)),
                ("item_id", models.CharField(max_length=40)),
                ("object_ref", models.CharField(help_text="what of the subject's it is about", max_length=64)),
                ("title", models.CharField(max_length=200)),
                ("is_forwarded", models.BooleanField(default=False)),
                ("state", models.CharField(max_length=30)),
                ("step_count", models.IntegerField(default=0)),
                (
                    "token",
                    models.CharField(
                        help_text="of the form it was opened by: sent again it opens nothing", max_length=64
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="security.department"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "subject_id", "token"), name="case_opened_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("kind", "subject_id", "object_ref"),
                        name="case_one_open",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)), fields=["kind", "-id"], name="case_open"
                    ),
                    models.Index(fields=["kind", "subject_id", "-id"], name="case_of_subject"),
                    models.Index(fields=["source", "kind", "-id"], name="case_of_source"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(help_text="from 1 within the case")),
                ("action", models.CharField(max_length=30)),
                ("from_state", models.CharField(blank=True, max_length=30)),
                ("to_state", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                ("party", models.CharField(max_length=10)),
                ("account_id", models.BigIntegerField(null=True)),
                ("by_name", models.CharField(max_length=80)),
                ("by_role", models.CharField(max_length=20)),
                (
                    "unit",
                    models.CharField(
                        blank=True, help_text="which unit acted, as the other parties read it", max_length=200
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=1000)),
                ("facts", models.JSONField(default=dict)),
                ("token", models.CharField(max_length=64)),
                ("said_digest", models.CharField(help_text="SHA-256 of what the form said", max_length=64)),
                ("case", _of_case("steps")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("case", "number"), name="case_step_number_once"),
                    models.UniqueConstraint(fields=("case", "token"), name="case_step_once"),
                ]
            },
        ),
        migrations.CreateModel(
            name="CaseDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(help_text="from 1 within the case")),
                ("step", models.IntegerField(help_text="the step it came with")),
                ("party", models.CharField(max_length=10)),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(help_text="SHA-256 of the kept file", max_length=64)),
                ("size", models.BigIntegerField()),
                ("case", _of_case("documents")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("case", "number"), name="case_document_once")]},
        ),
        migrations.RunSQL(GROWS + MOVES + SEEN, UNDO),
    ]
