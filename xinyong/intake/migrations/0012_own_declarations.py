"""What organisations declare of themselves (自主申报): the submission's organisation, the declaration, its acts and proofs."""

import django.db.models.deletion
from django.db import migrations, models

GROWS = "".join(
    f"""
    CREATE FUNCTION {name}_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'acts and proofs of declarations are only added, never changed: %', TG_OP; END $$;
    CREATE TRIGGER {name}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}_only_grows();
    """
    for name, table in (("own_act", "intake_owndeclarationact"), ("own_proof", "intake_declarationproof"))
)
_REACH = """(SELECT xinyong_role()) = 'system'
    OR (
        (
            (SELECT xinyong_role()) IN ('operator', 'auditor')
            OR ((SELECT xinyong_role()) IN ('source_unit', 'client') AND source_id = (SELECT xinyong_unit()))
            {own}
        )
        AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[]))
    )"""
_OWN = "OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))"
_PARTS = ("intake_chunk", "intake_finding", "intake_waitingrow")
_ROLES = "('source_unit', 'client', 'operator')"


def _seen(roles: str, own: str) -> str:
    return (
        f"DROP POLICY submission_seen ON intake_submission; CREATE POLICY submission_seen ON intake_submission USING ({_REACH.format(own=own)});"
        + "".join(
            f"""
        DROP POLICY {part}_seen ON {part};
        CREATE POLICY {part}_seen ON {part} USING (
            (SELECT xinyong_role()) = 'system'
            OR ((SELECT xinyong_role()) IN {roles} AND submission_id IN (SELECT id FROM intake_submission))
        );
        """
            for part in _PARTS
        )
    )


SEEN = _seen("('source_unit', 'client', 'operator', 'subject')", _OWN)
OWN_SEEN = f"""
    ALTER TABLE intake_owndeclaration ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_declaration_seen ON intake_owndeclaration USING (
        (SELECT xinyong_role()) = 'system'
        OR ((SELECT xinyong_role()) = 'operator'
            AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[])))
        {_OWN}
    );
""" + "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY {table}_seen ON {table} USING (
        (SELECT xinyong_role()) = 'system'
        OR ((SELECT xinyong_role()) IN ('operator', 'subject')
            AND declaration_id IN (SELECT submission_id FROM intake_owndeclaration))
    );
    """
    for table in ("intake_owndeclarationact", "intake_declarationproof")
)
_STATES = [("declared", "待核验"), ("checked", "已核验"), ("refused", "核验不通过"), ("withdrawn", "已撤回")]
_KINDS = [("declared", "申报"), ("checked", "核验通过"), ("refused", "核验不通过"), ("withdrawn", "撤回")]


def _of_declaration(name: str) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=name,
        to="intake.owndeclaration",
    )


class Migration(migrations.Migration):
    # What was there first, whatever its number.
    dependencies = [("intake", "0014_interruptions"), ("security", "0009_mandates")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="subject_id",
            field=models.BigIntegerField(help_text="the organisation whose own word it is (自主申报)", null=True),
        ),
        migrations.RemoveConstraint(model_name="submission", name="submission_content_once"),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverted_at__isnull", True)),
                fields=("source", "item_id", "content_digest", "subject_id"),
                name="submission_content_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(("subject_id__isnull", False)),
                fields=["subject_id", "-id"],
                name="submission_of_subject",
            ),
        ),
        migrations.CreateModel(
            name="OwnDeclaration",
            fields=[
                (
                    "submission",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="declaration",
                        serialize=False,
                        to="intake.submission",
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                ("subject_code", models.CharField(max_length=18)),
                ("subject_name", models.CharField(max_length=200)),
                ("region_code", models.CharField(blank=True, max_length=12)),
                ("item_id", models.CharField(max_length=40)),
                ("title", models.CharField(blank=True, help_text="what it says, in one line", max_length=200)),
                ("state", models.CharField(choices=_STATES, default="declared", max_length=9)),
                ("act_count", models.IntegerField(default=0)),
                ("account_id", models.BigIntegerField()),
                ("commitment", models.CharField(max_length=20)),
                (
                    "commitment_digest",
                    models.CharField(help_text="SHA-256 of the text that was shown", max_length=64),
                ),
                ("declared_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_id", "-submission"], name="own_declaration_of"),
                    models.Index(
                        condition=models.Q(("state", "declared")), fields=["submission"], name="own_declaration_waits"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="OwnDeclarationAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(help_text="from 1 within the declaration")),
                ("kind", models.CharField(choices=_KINDS, max_length=9)),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                ("by_role", models.CharField(max_length=20)),
                ("unit", models.CharField(blank=True, help_text="which unit checked", max_length=200)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("declaration", _of_declaration("acts")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("declaration", "number"), name="own_act_number_once")]
            },
        ),
        migrations.CreateModel(
            name="DeclarationProof",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(help_text="SHA-256 of the kept file", max_length=64)),
                ("size", models.BigIntegerField()),
                ("declaration", _of_declaration("proofs")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("declaration", "number"), name="declaration_proof_once")
                ]
            },
        ),
        migrations.RunSQL(GROWS, "DROP FUNCTION own_act_only_grows, own_proof_only_grows CASCADE"),
        migrations.RunSQL(SEEN + OWN_SEEN, _seen(_ROLES, "")),
    ]
