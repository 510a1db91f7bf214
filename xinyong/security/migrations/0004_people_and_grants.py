import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: Accounts of before carried one role and one department: each gets a post and a grant, given by the upgrade.
BACKFILL = """
INSERT INTO security_post (account_id, department_id, title, valid_from, entered_by, ended_by, end_reason)
SELECT id, department_id, '', created_at, 'upgrade', '', '' FROM security_account;
INSERT INTO security_grant (account_id, post_id, role, department_id, region, items, valid_from, reason, given_at, given_by,
                            ended_by, end_reason)
SELECT a.id, p.id, a.role, p.department_id, '', '{}', a.created_at, '', a.created_at, 'upgrade', '', ''
  FROM security_account a JOIN security_post p ON p.account_id = a.id;
SET CONSTRAINTS ALL IMMEDIATE;
"""

FUNCTIONS = """
-- The digits of a division's code that say something: 990100 is the whole city, its counties begin with 9901.
CREATE FUNCTION grant_reach(region text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN length(region) = 6 THEN rtrim(region, '0') || repeat('0', length(rtrim(region, '0')) % 2)
               ELSE region END $$;

-- Three administrators and everybody else; access.APART says the same (a test compares).
CREATE FUNCTION grant_group(role text) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE role WHEN 'system_admin' THEN 1 WHEN 'security_admin' THEN 2 WHEN 'auditor' THEN 3 ELSE 4 END $$;

-- How long must lie between a role of one group and a later one of another: between two administrators, and before somebody
-- audits, a year: nobody looks into what they did themselves, nor undoes what they were to watch.
CREATE FUNCTION grant_wait(earlier text, later text) RETURNS interval LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN grant_group(later) = 3 OR (grant_group(earlier) < 4 AND grant_group(later) < 4)
               THEN interval '365 days' ELSE interval '0' END $$;

-- Whether a grant is a right at an instant: its own time, its post's, its account, its department, and where it is
-- delegated all of that of its source. Every request asks; no job ends anything.
CREATE FUNCTION grant_holds(which bigint, instant timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE source bigint; own boolean;
BEGIN
  SELECT g.delegated_from_id,
         g.valid_from <= instant AND instant < least(g.valid_to, g.ended_at, p.valid_to, 'infinity')
         AND p.valid_from <= instant AND a.is_active AND coalesce(d.is_active, true)
    INTO source, own
    FROM security_grant g JOIN security_post p ON p.id = g.post_id JOIN security_account a ON a.id = g.account_id
         LEFT JOIN security_department d ON d.id = p.department_id
   WHERE g.id = which;
  RETURN coalesce(own, false) AND (source IS NULL OR grant_holds(source, instant));
END $$;

CREATE FUNCTION refuse_grant(rule text, said text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', said USING ERRCODE = 'check_violation', CONSTRAINT = rule; END $$;
"""

GRANTS = """
CREATE FUNCTION grant_within_bounds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own security_post; under security_grant; consent security_approval; holder_department bigint;
BEGIN
  -- One grant to one account at a time: what is read below stays true until this one stands.
  PERFORM FROM security_account WHERE id = NEW.account_id FOR NO KEY UPDATE;
  SELECT * INTO own FROM security_post WHERE id = NEW.post_id;
  IF own.account_id <> NEW.account_id OR NEW.valid_from < own.valid_from
     OR NEW.valid_from >= coalesce(own.valid_to, 'infinity') THEN
    PERFORM refuse_grant('grant_on_own_post', 'a grant hangs on a post of its account, within its time');
  END IF;
  IF NEW.department_id IS NOT NULL AND NEW.department_id IS DISTINCT FROM own.department_id THEN
    PERFORM refuse_grant('grant_in_department', 'a grant is for the department of its post');
  END IF;
  IF NEW.ended_at IS NOT NULL OR NEW.given_at > NEW.valid_from + interval '1 second' THEN
    PERFORM refuse_grant('grant_begins', 'a grant begins now or later, and has not ended');
  END IF;
  IF EXISTS (
    SELECT FROM security_grant g JOIN security_post p ON p.id = g.post_id
     WHERE g.account_id = NEW.account_id AND grant_group(g.role) <> grant_group(NEW.role)
       AND g.valid_from < least(g.valid_to, g.ended_at, p.valid_to, 'infinity')
       AND NEW.valid_from < least(g.valid_to, g.ended_at, p.valid_to, 'infinity') + grant_wait(g.role, NEW.role)
       AND g.valid_from < least(NEW.valid_to, own.valid_to, 'infinity') + grant_wait(NEW.role, g.role)
  ) THEN
    PERFORM refuse_grant('grants_apart', 'roles of different groups are held by different people');
  END IF;
  IF NEW.granted_by_id IS NULL THEN  -- the owner of the installation, at its command line
    IF NEW.granted_under_id IS NOT NULL OR NEW.delegated_from_id IS NOT NULL OR NEW.approval_id IS NOT NULL THEN
      PERFORM refuse_grant('grant_by_right', 'a grant under a grant has a grantor');
    END IF;
    RETURN NEW;
  END IF;

  SELECT * INTO under FROM security_grant WHERE id = NEW.granted_under_id;
  IF under.id IS NULL OR under.account_id <> NEW.granted_by_id OR NOT grant_holds(under.id, NEW.given_at) THEN
    PERFORM refuse_grant('grant_by_right', 'the grantor acts under a grant of their own that holds');
  END IF;
  IF (under.department_id IS NOT NULL AND NEW.department_id IS DISTINCT FROM under.department_id)
     OR NOT starts_with(NEW.region, grant_reach(under.region))
     OR (under.items <> '{}' AND (NEW.items = '{}' OR NOT NEW.items <@ under.items)) THEN
    PERFORM refuse_grant('grant_within_scope', 'a grant lies inside the scope of its grantor');
  END IF;

  IF NEW.delegated_from_id IS NOT NULL THEN
    SELECT department_id INTO holder_department FROM security_post WHERE id = under.post_id;
    IF NEW.delegated_from_id <> under.id OR under.delegated_from_id IS NOT NULL OR NEW.role <> under.role
       OR grant_group(NEW.role) <> 4 OR NEW.valid_to > NEW.given_at + interval '90 days'
       OR NEW.department_id IS DISTINCT FROM under.department_id
       OR own.department_id IS DISTINCT FROM holder_department THEN
      PERFORM refuse_grant('delegation_within_bounds',
                           'what somebody holds themselves, to a colleague of the department, for 90 days at most');
    END IF;
    RETURN NEW;
  END IF;

  IF under.role = 'unit_admin' THEN
    IF NEW.role NOT IN ('source_unit', 'reader') OR NEW.department_id IS NULL
       OR EXISTS (SELECT FROM security_grant s WHERE s.id = under.delegated_from_id AND s.account_id = NEW.account_id) THEN
      PERFORM refuse_grant('grant_within_role', 'a unit administrator gives work of the own department to others');
    END IF;
  ELSIF under.role = 'security_admin' THEN
    IF grant_group(NEW.role) < 4 THEN
      SELECT * INTO consent FROM security_approval WHERE id = NEW.approval_id;
      IF consent.id IS NULL OR consent.kind <> 'grant-administrator' OR consent.outcome <> 'approved'
         OR consent.used_at IS NULL OR consent.used_at > consent.expires_at OR consent.asked_by_id <> NEW.granted_by_id
         OR consent.decided_by_id IN (NEW.granted_by_id, NEW.account_id)
         OR consent.facts ->> 'account' IS DISTINCT FROM NEW.account_id::text
         OR consent.facts ->> 'role' IS DISTINCT FROM NEW.role THEN
        PERFORM refuse_grant('grant_with_consent', 'an administrator is made by two people');
      END IF;
    END IF;
  ELSE
    PERFORM refuse_grant('grant_within_role', 'this role gives no rights');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grant_within_bounds BEFORE INSERT ON security_grant
    FOR EACH ROW EXECUTE FUNCTION grant_within_bounds();

CREATE FUNCTION grant_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
     OR (to_jsonb(OLD) - '{ended_at,ended_by,end_reason}'::text[]) <> (to_jsonb(NEW) - '{ended_at,ended_by,end_reason}'::text[])
  THEN
    PERFORM refuse_grant('grant_only_ends', 'a grant is not edited: it ends, once');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grant_only_ends BEFORE UPDATE ON security_grant FOR EACH ROW EXECUTE FUNCTION grant_only_ends();

CREATE FUNCTION delegations_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE security_grant SET ended_at = NEW.ended_at, ended_by = NEW.ended_by, end_reason = NEW.end_reason
   WHERE delegated_from_id = NEW.id AND ended_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER delegations_end AFTER UPDATE ON security_grant FOR EACH ROW EXECUTE FUNCTION delegations_end();
"""

POSTS = """
-- One post at a time (an integer as a range of one: core PostgreSQL has no other operator for it in GiST).
ALTER TABLE security_post ADD CONSTRAINT post_one_at_a_time
    EXCLUDE USING gist (int8range(account_id, account_id, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&);

CREATE FUNCTION post_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT FROM security_office o WHERE o.id = NEW.office_id AND o.department_id IS DISTINCT FROM NEW.department_id)
    THEN PERFORM refuse_grant('post_in_own_office', 'an office belongs to the department of the post'); END IF;
    RETURN NEW;
  END IF;
  IF NEW.valid_to IS NULL OR NEW.valid_to > coalesce(OLD.valid_to, 'infinity')
     OR (to_jsonb(OLD) - '{valid_to,ended_by,end_reason}'::text[]) <> (to_jsonb(NEW) - '{valid_to,ended_by,end_reason}'::text[])
  THEN
    PERFORM refuse_grant('post_only_ends', 'a post is not edited: it ends');
  END IF;
  UPDATE security_grant SET ended_at = NEW.valid_to, ended_by = NEW.ended_by, end_reason = NEW.end_reason
   WHERE post_id = NEW.id AND ended_at IS NULL AND coalesce(valid_to, 'infinity') > NEW.valid_to;
  RETURN NEW;
END $$;
CREATE TRIGGER post_only_ends BEFORE INSERT OR UPDATE ON security_post
    FOR EACH ROW EXECUTE FUNCTION post_only_ends();
"""

APPROVALS = """
CREATE FUNCTION approval_one_step_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE later text[] := '{outcome,decided_by_id,decided_under_id,decided_at,decision_reason,used_at,lapsed_at}';
        decided text[] := '{used_at,lapsed_at}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.outcome <> '' OR NEW.used_at IS NOT NULL OR NOT EXISTS (
         SELECT FROM security_grant g WHERE g.id = NEW.asked_under_id AND g.account_id = NEW.asked_by_id
            AND grant_holds(g.id, NEW.asked_at)) THEN
      PERFORM refuse_grant('approval_asked', 'a request is asked under a grant of the asker, and is open');
    END IF;
    RETURN NEW;
  END IF;
  IF (to_jsonb(OLD) - later) <> (to_jsonb(NEW) - later)
     OR (OLD.outcome <> '' AND (to_jsonb(OLD) - decided) <> (to_jsonb(NEW) - decided))
     OR (OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at)
     OR (OLD.lapsed_at IS NOT NULL AND to_jsonb(OLD) <> to_jsonb(NEW)) THEN
    PERFORM refuse_grant('approval_one_step', 'each step of a request is taken once');
  END IF;
  IF OLD.outcome = '' AND NEW.outcome <> '' THEN
    IF NEW.decided_at >= NEW.expires_at OR NOT EXISTS (
         SELECT FROM security_grant g WHERE g.id = NEW.decided_under_id AND g.account_id = NEW.decided_by_id
            AND g.role IN ('operator', 'security_admin') AND grant_holds(g.id, NEW.decided_at)) THEN
      PERFORM refuse_grant('approval_by_right', 'who decides holds a role that may, and the request is open');
    END IF;
    -- Nobody stands in for themselves: neither as the asker's delegate, nor having the asker as theirs.
    IF EXISTS (SELECT FROM security_grant g JOIN security_grant s ON s.id = g.delegated_from_id
                WHERE (g.id = NEW.decided_under_id AND s.account_id = NEW.asked_by_id)
                   OR (g.id = NEW.asked_under_id AND s.account_id = NEW.decided_by_id)) THEN
      PERFORM refuse_grant('approval_by_another', 'a delegate does not decide for the one they stand in for');
    END IF;
  END IF;
  IF OLD.used_at IS NULL AND NEW.used_at IS NOT NULL
     AND (NEW.outcome <> 'approved' OR NEW.used_at >= NEW.expires_at OR NEW.used_at < NEW.decided_at) THEN
    PERFORM refuse_grant('approval_before_use', 'only what was approved and has not expired is used');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approval_one_step_at_a_time BEFORE INSERT OR UPDATE ON security_approval
    FOR EACH ROW EXECUTE FUNCTION approval_one_step_at_a_time();
"""

KEPT = """
CREATE FUNCTION security_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is only added to: %', TG_TABLE_NAME, TG_OP; END $$;
CREATE TRIGGER security_is_kept BEFORE DELETE OR TRUNCATE ON security_grant
    FOR EACH STATEMENT EXECUTE FUNCTION security_is_kept();
CREATE TRIGGER security_is_kept BEFORE DELETE OR TRUNCATE ON security_post
    FOR EACH STATEMENT EXECUTE FUNCTION security_is_kept();
CREATE TRIGGER security_is_kept BEFORE DELETE OR TRUNCATE ON security_approval
    FOR EACH STATEMENT EXECUTE FUNCTION security_is_kept();
CREATE FUNCTION handout_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the register of files handed out is only added to: %', TG_OP; END $$;
CREATE TRIGGER handout_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON security_handout
    FOR EACH STATEMENT EXECUTE FUNCTION handout_only_grows();
"""

UNDO = """
DROP FUNCTION IF EXISTS handout_only_grows, security_is_kept, approval_one_step_at_a_time, post_only_ends, delegations_end, grant_only_ends,
    grant_within_bounds, refuse_grant, grant_holds, grant_wait, grant_group, grant_reach CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0003_sign_in")]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("day", models.DateField()),
                ("used", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("object_ref", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                ("facts", models.JSONField(default=dict)),
                ("purpose", models.CharField(blank=True, max_length=200)),
                ("reason", models.CharField(max_length=400)),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", "待审批"), ("approved", "同意"), ("refused", "不同意")],
                        default="",
                        max_length=10,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision_reason", models.CharField(blank=True, max_length=400)),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "lapsed_at",
                    models.DateTimeField(help_text="when it was noted that its time had passed unused", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=20)),
                ("region", models.CharField(blank=True, max_length=12)),
                (
                    "items",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), default=list, size=None
                    ),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("given_at", models.DateTimeField()),
                ("given_by", models.CharField(max_length=80)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=80)),
                ("end_reason", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Handout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.BigIntegerField(help_text="32 bits hidden in every row of the file", unique=True)),
                ("kind", models.CharField(max_length=40)),
                ("at", models.DateTimeField()),
                ("rows", models.PositiveIntegerField()),
                ("purpose", models.CharField(blank=True, max_length=200)),
                ("facts", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Office",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("is_active", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(blank=True, max_length=60)),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
                ("entered_by", models.CharField(max_length=80)),
                ("ended_by", models.CharField(blank=True, max_length=80)),
                ("end_reason", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name="allowance",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="approval",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="decided_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="grant",
            name="approval",
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to="security.approval"),
        ),
        migrations.AddField(
            model_name="grant",
            name="delegated_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="delegations", to="security.grant"
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="department",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="security.department"),
        ),
        migrations.AddField(
            model_name="grant",
            name="granted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="granted_under",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="security.grant"
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="asked_under",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="security.grant"
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="decided_under",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="security.grant"
            ),
        ),
        migrations.AddField(
            model_name="handout",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="handout",
            name="approval",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="security.approval"),
        ),
        migrations.AddField(
            model_name="office",
            name="department",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department"),
        ),
        migrations.AddField(
            model_name="post",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="post",
            name="department",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="security.department"),
        ),
        migrations.AddField(
            model_name="post",
            name="office",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="security.office"),
        ),
        migrations.AddField(
            model_name="grant",
            name="post",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.post"),
        ),
        migrations.AddConstraint(
            model_name="allowance",
            constraint=models.UniqueConstraint(fields=("account", "kind", "day"), name="allowance_once"),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["kind", "asked_by", "-id"], name="approval_of_asker"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="approval_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by__isnull", True), ("outcome", "")),
                    models.Q(
                        models.Q(("outcome", ""), _negated=True),
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="approval_decided_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at__isnull", True), ("outcome", "approved"), _connector="OR"),
                name="approval_before_use",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("asked_at"))), name="approval_expires"
            ),
        ),
        migrations.AddConstraint(
            model_name="office",
            constraint=models.UniqueConstraint(fields=("department", "name"), name="office_name_once"),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        [
                            "source_unit",
                            "unit_admin",
                            "reader",
                            "operator",
                            "system_admin",
                            "security_admin",
                            "auditor",
                        ],
                    )
                ),
                name="grant_of_a_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role__in", ["source_unit", "unit_admin"]), _negated=True),
                    ("department__isnull", False),
                    _connector="OR",
                ),
                name="grant_has_department",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("granted_by__isnull", True),
                    models.Q(("granted_by", models.F("account")), _negated=True),
                    _connector="OR",
                ),
                name="grant_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="grant_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("delegated_from__isnull", True), ("valid_to__isnull", False), _connector="OR"),
                name="delegation_ends",
            ),
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="account",
            name="source_unit_has_department",
        ),
        migrations.RemoveField(
            model_name="account",
            name="department",
        ),
        migrations.RemoveField(
            model_name="account",
            name="role",
        ),
        migrations.RunSQL(FUNCTIONS + GRANTS + POSTS + APPROVALS + KEPT, UNDO),
    ]
