"""Who acts for an organisation (代表关系), and the one source under which organisations' own declarations stand."""

import django.db.models.deletion
from django.db import migrations, models

MANDATES = """
CREATE FUNCTION xinyong_subject() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('xinyong.subject', true), '')::bigint $$;

-- One mandate of an account for an organisation at a time (integers as ranges of one, as for posts).
ALTER TABLE security_mandate ADD CONSTRAINT mandate_one_at_a_time EXCLUDE USING gist (
    int8range(account_id, account_id, '[]') WITH &&, int8range(subject_id, subject_id, '[]') WITH &&,
    tstzrange(valid_from, greatest(valid_from, least(valid_to, ended_at))) WITH &&
);

CREATE FUNCTION mandate_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
     OR (to_jsonb(OLD) - '{ended_at,ended_by,end_reason}'::text[]) <> (to_jsonb(NEW) - '{ended_at,ended_by,end_reason}'::text[])
  THEN
    PERFORM refuse_grant('mandate_only_ends', 'a mandate is not edited: it ends, once');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER mandate_only_ends BEFORE UPDATE ON security_mandate FOR EACH ROW EXECUTE FUNCTION mandate_only_ends();
CREATE TRIGGER security_is_kept BEFORE DELETE OR TRUNCATE ON security_mandate
    FOR EACH STATEMENT EXECUTE FUNCTION security_is_kept();

-- Who serves in an office speaks for no organisation, and the other way round. With the owner's eyes: whoever enters a post
-- does not see mandates.
CREATE FUNCTION mandate_apart() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'security_mandate' AND EXISTS (
       SELECT FROM security_post p WHERE p.account_id = NEW.account_id
          AND tstzrange(p.valid_from, p.valid_to) && tstzrange(NEW.valid_from, NEW.valid_to)) THEN
    PERFORM refuse_grant('mandate_apart', 'who serves in an office speaks for no organisation');
  ELSIF TG_TABLE_NAME = 'security_post' AND EXISTS (
       SELECT FROM security_mandate m WHERE m.account_id = NEW.account_id
          AND tstzrange(m.valid_from, greatest(m.valid_from, least(m.valid_to, m.ended_at))) && tstzrange(NEW.valid_from, NEW.valid_to))
  THEN
    PERFORM refuse_grant('mandate_apart', 'who speaks for an organisation serves in no office');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER mandate_apart BEFORE INSERT ON security_mandate FOR EACH ROW EXECUTE FUNCTION mandate_apart();
CREATE TRIGGER mandate_apart BEFORE INSERT ON security_post FOR EACH ROW EXECUTE FUNCTION mandate_apart();

ALTER TABLE security_mandate ENABLE ROW LEVEL SECURITY;
CREATE POLICY mandate_seen ON security_mandate USING (
    (SELECT xinyong_role()) IN ('system', 'operator', 'auditor')
    OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
);
"""
UNDO = """
DROP POLICY mandate_seen ON security_mandate;
DROP TRIGGER mandate_apart ON security_post;
DROP TRIGGER security_is_kept ON security_mandate;
DROP FUNCTION mandate_apart, mandate_only_ends CASCADE;
DROP FUNCTION xinyong_subject();
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0010_looks")]  # which was there first

    operations = [
        migrations.AddField(
            model_name="department",
            name="kind",
            field=models.CharField(
                choices=[("department", "信源单位"), ("subjects", "市场主体自主申报")],
                default="department",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="department",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "department"), ("is_active", False), _connector="OR"),
                name="department_or_inactive",
            ),
        ),
        migrations.AddConstraint(
            model_name="department",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "subjects")), fields=("kind",), name="subjects_unit_once"
            ),
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "subject_id",
                    models.BigIntegerField(help_text="of the register of subjects, which lies above this room"),
                ),
                ("subject_code", models.CharField(max_length=18)),
                (
                    "region_code",
                    models.CharField(
                        blank=True, help_text="the organisation's division when it was given", max_length=12
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("legal", "法定代表人（负责人）"), ("agent", "经办人")], max_length=5),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField()),
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
                "indexes": [models.Index(fields=["account"], name="mandate_of_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_to__gt", models.F("valid_from"))), name="mandate_has_time"
                    )
                ],
            },
        ),
        migrations.RunSQL(MANDATES, UNDO),
    ]
