"""Persons' accounts: who they are, sealed; erased for ever. Agents whom a legal representative appoints, who end with them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

PERSONS = """
-- Who an account is does not change: it is erased, once. Sealing anew after a rotation changes the sealed bytes alone.
CREATE FUNCTION person_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.erased_at IS NOT NULL THEN
    PERFORM refuse_grant('person_only_erased', 'what was erased of a person stays erased');
  ELSIF NEW.erased_at IS NULL AND (NEW.digest <> OLD.digest OR NEW.account_id <> OLD.account_id OR NEW.way <> OLD.way) THEN
    PERFORM refuse_grant('person_only_erased', 'who an account is does not change: it is erased');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER person_only_erased BEFORE UPDATE ON security_personaccount
    FOR EACH ROW EXECUTE FUNCTION person_only_erased();
CREATE TRIGGER security_is_kept BEFORE DELETE OR TRUNCATE ON security_personaccount
    FOR EACH STATEMENT EXECUTE FUNCTION security_is_kept();

-- A person's account serves in no office, and an account that does is no person's.
CREATE FUNCTION person_apart() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'security_post' AND EXISTS (
       SELECT FROM security_account a WHERE a.id = NEW.account_id AND a.is_person) THEN
    PERFORM refuse_grant('person_apart', 'a person''s account serves in no office');
  ELSIF TG_TABLE_NAME = 'security_personaccount' AND EXISTS (
       SELECT FROM security_post p WHERE p.account_id = NEW.account_id) THEN
    PERFORM refuse_grant('person_apart', 'an account of an office is no person''s');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER person_apart BEFORE INSERT ON security_post FOR EACH ROW EXECUTE FUNCTION person_apart();
CREATE TRIGGER person_apart BEFORE INSERT ON security_personaccount FOR EACH ROW EXECUTE FUNCTION person_apart();

-- The platform itself finds persons, and nobody in passing.
ALTER TABLE security_personaccount ENABLE ROW LEVEL SECURITY;
CREATE POLICY person_seen ON security_personaccount USING ((SELECT xinyong_role()) = 'system');
"""
UNDO = """
DROP POLICY person_seen ON security_personaccount;
DROP TRIGGER security_is_kept ON security_personaccount;
DROP FUNCTION person_apart, person_only_erased CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0009_mandates")]

    operations = [
        migrations.AddField(model_name="account", name="is_person", field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name="mandate",
            name="given_under",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agents",
                to="security.mandate",
            ),
        ),
        migrations.CreateModel(
            name="PersonAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "digest",
                    models.BinaryField(
                        help_text="keyed digest of kind and number, as of the subject", null=True, unique=True
                    ),
                ),
                (
                    "sealed",
                    models.BinaryField(help_text="name, kind and number of the certificate, encrypted", null=True),
                ),
                ("way", models.CharField(choices=[("oidc", "统一身份认证"), ("counter", "窗口核验")], max_length=7)),
                ("verified_at", models.DateTimeField()),
                ("verified_by", models.CharField(max_length=200)),
                (
                    "subject_id",
                    models.BigIntegerField(
                        help_text="of the register of subjects, once something is on file", null=True
                    ),
                ),
                (
                    "represents",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=18), default=list, size=None
                    ),
                ),
                (
                    "represents_at",
                    models.DateTimeField(help_text="when the provider said which organisations", null=True),
                ),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="person", to="security.account"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("subject_id__isnull", False)),
                        fields=["subject_id"],
                        name="person_of_subject",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("digest__isnull", False), ("erased_at__isnull", True), ("sealed__isnull", False)),
                            models.Q(
                                ("digest__isnull", True),
                                ("erased_at__isnull", False),
                                ("sealed__isnull", True),
                                ("subject_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="person_whole_or_erased",
                    )
                ],
            },
        ),
        migrations.RunSQL(PERSONS, UNDO),
    ]
