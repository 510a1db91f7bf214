"""Guardians of children: that a person acts for one, on a proof; who the ward is, sealed, and forgotten when it is over."""

import django.db.models.deletion
from django.db import migrations, models

GUARDIANS = """
-- A guardianship is not edited: it ends, once; what it says of the ward is sealed anew, settled, or forgotten for ever.
CREATE FUNCTION guardianship_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(OLD) - '{ended_at,ended_by,end_reason,ward_digest,sealed,subject_id}'::text[])
     <> (to_jsonb(NEW) - '{ended_at,ended_by,end_reason,ward_digest,sealed,subject_id}'::text[])
     OR (OLD.ended_at IS NOT NULL AND ROW(OLD.ended_at, OLD.ended_by, OLD.end_reason)
                                      IS DISTINCT FROM ROW(NEW.ended_at, NEW.ended_by, NEW.end_reason))
     OR (NEW.ward_digest IS NOT NULL AND NEW.ward_digest IS DISTINCT FROM OLD.ward_digest)
  THEN
    PERFORM refuse_grant('guardianship_only_ends', 'a guardianship is not edited: it ends, once, and its ward is forgotten');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guardianship_only_ends BEFORE UPDATE ON security_guardianship
    FOR EACH ROW EXECUTE FUNCTION guardianship_only_ends();
CREATE TRIGGER security_is_kept BEFORE DELETE OR TRUNCATE ON security_guardianship
    FOR EACH STATEMENT EXECUTE FUNCTION security_is_kept();

ALTER TABLE security_guardianship ENABLE ROW LEVEL SECURITY;
CREATE POLICY guardianship_seen ON security_guardianship USING ((SELECT xinyong_role()) IN ('system', 'operator'));
"""
UNDO = """
DROP POLICY guardianship_seen ON security_guardianship;
DROP TRIGGER security_is_kept ON security_guardianship;
DROP FUNCTION guardianship_only_ends CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0012_authorised_looks")]

    operations = [
        migrations.CreateModel(
            name="Guardianship",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ward_digest",
                    models.BinaryField(help_text="keyed digest of kind and number, as of the subject", null=True),
                ),
                (
                    "sealed",
                    models.BinaryField(
                        help_text="name, kind and number of the ward's certificate, encrypted", null=True
                    ),
                ),
                (
                    "subject_id",
                    models.BigIntegerField(
                        help_text="of the register of subjects, once something is on file", null=True
                    ),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(help_text="the end of the term asked for, never a birthday")),
                ("proof_name", models.CharField(max_length=200)),
                ("proof_digest", models.CharField(help_text="SHA-256 of the kept file", max_length=64)),
                ("proof_size", models.BigIntegerField()),
                ("given_at", models.DateTimeField()),
                ("given_by", models.CharField(max_length=80)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=80)),
                ("end_reason", models.CharField(blank=True, max_length=200)),
                (
                    "account",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.account"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["account"], name="guardianship_of_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_to__gt", models.F("valid_from"))), name="guardianship_has_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sealed__isnull", False), ("ward_digest__isnull", False)),
                            models.Q(
                                ("sealed__isnull", True), ("subject_id__isnull", True), ("ward_digest__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="guardianship_whole_or_forgotten",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDIANS, UNDO),
    ]
