"""Requests for an authorisation wait for a time, and for persons who are on no file; refusals that are taken back; guardians."""

import django.db.models.deletion
from django.db import migrations, models

_TABLES = ("consentrequest", "consentrefusal", "consent", "consentwithdrawal")
_GUARDED = models.BigIntegerField(null=True, help_text="of the guardian who said it, where one did")

#: What persons were asked and have said goes from their id on the register to their key (rights/whose.py, key_of): 62 bits of the digest.
KEYED = "".join(
    f"""
    ALTER TABLE rights_{table} DISABLE TRIGGER rights_{table}_only_grows;
    UPDATE rights_{table} r SET subject_id =
        -2 - (((('x' || encode(substr(s.person_digest, 1, 8), 'hex'))::bit(64)::bigint) >> 2) & 4611686018427387903)
    FROM subjects_subject s WHERE s.id = r.subject_id AND s.person_digest IS NOT NULL;
    """
    for table in _TABLES
)
#: Answers kept for a day say whom they are about in their sealed part from now on: those of before are asked for again.
WAITING = """
    DELETE FROM rights_keptanswer;
    UPDATE rights_consentrequest SET lapses_at = asked_at + interval '30 days';
    SET CONSTRAINTS ALL IMMEDIATE;
"""
GROWS_AGAIN = "".join(f"ALTER TABLE rights_{table} ENABLE TRIGGER rights_{table}_only_grows;" for table in _TABLES)

_SUBJECT = "((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))"
UNDOING = f"""
    CREATE FUNCTION rights_refusalundoing_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'what was said about who may look is only added, never changed: %', TG_OP; END $$;
    CREATE TRIGGER rights_refusalundoing_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON rights_refusalundoing
        FOR EACH STATEMENT EXECUTE FUNCTION rights_refusalundoing_only_grows();
    ALTER TABLE rights_refusalundoing ENABLE ROW LEVEL SECURITY;
    CREATE POLICY rights_refusalundoing_seen ON rights_refusalundoing FOR SELECT USING (
        (SELECT xinyong_role()) = 'system' OR {_SUBJECT}
        OR ((SELECT xinyong_role()) IN ('source_unit', 'reader', 'client')
            AND refusal_id IN (SELECT request_id FROM rights_consentrefusal))
    );
    CREATE POLICY rights_refusalundoing_made ON rights_refusalundoing FOR INSERT WITH CHECK (
        (SELECT xinyong_role()) = 'system' OR {_SUBJECT}
    );
"""
UNDO = """
    DROP POLICY rights_refusalundoing_seen ON rights_refusalundoing;
    DROP POLICY rights_refusalundoing_made ON rights_refusalundoing;
    DROP FUNCTION rights_refusalundoing_only_grows() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("rights", "0005_effects"),
        ("security", "0013_guardians"),
        ("subjects", "0005_claims"),
    ]

    operations = [
        *(
            migrations.AddField(model_name=name, name="guardianship_id", field=_GUARDED.clone())
            for name in ("consent", "consentrefusal", "consentwithdrawal")
        ),
        migrations.AddField(
            model_name="consentrequest",
            name="lapses_at",
            field=models.DateTimeField(help_text="first instant at which it can be answered no more", null=True),
        ),
        migrations.RunSQL(KEYED + WAITING + GROWS_AGAIN, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="consentrequest",
            name="lapses_at",
            field=models.DateTimeField(help_text="first instant at which it can be answered no more"),
        ),
        migrations.CreateModel(
            name="RefusalUndoing",
            fields=[
                (
                    "refusal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="undoing",
                        serialize=False,
                        to="rights.consentrefusal",
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                ("undone_at", models.DateTimeField()),
                ("undone_by", models.CharField(max_length=80)),
                ("guardianship_id", _GUARDED.clone()),
            ],
        ),
        migrations.RunSQL(UNDOING, UNDO),
    ]
