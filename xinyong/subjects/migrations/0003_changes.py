"""The change feed of the registration authority, and succession: five tables that only grow."""

import django.db.models.deletion
from django.db import migrations, models

# What a change says is sealed; a rotation of data keys seals it again, as in the archive (records/0003).
CHANGE_GROWS = """
CREATE FUNCTION change_only_grows() RETURNS trigger LANGUAGE plpgsql AS
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
    RAISE EXCEPTION 'changes of the register are only added: %', TG_OP;
END $$;
CREATE TRIGGER change_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_change
    FOR EACH STATEMENT EXECUTE FUNCTION change_only_grows();
CREATE TRIGGER change_only_grows_row BEFORE UPDATE ON subjects_change
    FOR EACH ROW EXECUTE FUNCTION change_only_grows();
"""

OTHERS_GROW = """
CREATE FUNCTION register_feed_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is only added to: %', TG_TABLE_NAME, TG_OP; END $$;
CREATE TRIGGER register_feed_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_changerun
    FOR EACH STATEMENT EXECUTE FUNCTION register_feed_only_grows();
CREATE TRIGGER register_feed_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_changeoutcome
    FOR EACH STATEMENT EXECUTE FUNCTION register_feed_only_grows();
CREATE TRIGGER register_feed_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_changeskip
    FOR EACH STATEMENT EXECUTE FUNCTION register_feed_only_grows();
CREATE TRIGGER register_feed_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_succession
    FOR EACH STATEMENT EXECUTE FUNCTION register_feed_only_grows();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0008_channels"),
        ("subjects", "0002_names_merged_by_anybody"),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField(help_text="the authority's number, without gaps")),
                ("event_id", models.CharField(help_text="the authority's own name of the event", max_length=64)),
                ("kind", models.CharField(max_length=12)),
                (
                    "code",
                    models.CharField(blank=True, help_text="empty when it is no organisation's code", max_length=18),
                ),
                ("effective_on", models.DateField(help_text="when it happened in the world")),
                ("digest", models.BinaryField(help_text="keyed digest of the whole event", max_length=16)),
                ("sealed", models.BinaryField(help_text="the event as sent, or why that may not be kept")),
                ("received_at", models.DateTimeField()),
                ("received_by", models.CharField(max_length=80)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="security.department"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChangeOutcome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField()),
                ("outcome", models.CharField(choices=[("applied", "已生效"), ("refused", "已拒绝")], max_length=8)),
                ("reasons", models.JSONField(default=list)),
                ("submission_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("change", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="subjects.change")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="security.department"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChangeRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("submission_id", models.BigIntegerField()),
                ("begun_at", models.DateTimeField()),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="security.department"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChangeSkip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("reason", models.CharField(max_length=200)),
                ("skipped_by", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="security.department"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Succession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "relation",
                    models.CharField(
                        choices=[
                            ("merged", "新设合并"),
                            ("absorbed", "吸收合并"),
                            ("split", "分立"),
                            ("recoded", "迁移换码"),
                            ("converted", "转制改组"),
                        ],
                        max_length=9,
                    ),
                ),
                ("effective_on", models.DateField()),
                (
                    "instrument",
                    models.CharField(blank=True, help_text="number of the document it rests on", max_length=100),
                ),
                ("known_from", models.DateTimeField()),
                ("said_by", models.CharField(max_length=80)),
                ("reason", models.CharField(blank=True, help_text="of an undoing", max_length=200)),
                ("change", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="subjects.change")),
                (
                    "predecessor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="followed_by", to="subjects.subject"
                    ),
                ),
                (
                    "successor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="follows", to="subjects.subject"
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="subjects.succession"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.UniqueConstraint(fields=("source", "sequence"), name="change_sequence_once"),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.UniqueConstraint(fields=("source", "event_id"), name="change_event_once"),
        ),
        migrations.AddIndex(
            model_name="changeoutcome",
            index=models.Index(
                condition=models.Q(("outcome", "refused")), fields=["source", "-sequence"], name="change_refused"
            ),
        ),
        migrations.AddConstraint(
            model_name="changeoutcome",
            constraint=models.UniqueConstraint(fields=("source", "sequence"), name="change_outcome_once"),
        ),
        migrations.AddConstraint(
            model_name="changerun",
            constraint=models.UniqueConstraint(fields=("source", "first"), name="change_run_once"),
        ),
        migrations.AddConstraint(
            model_name="changeskip",
            constraint=models.UniqueConstraint(fields=("source", "first"), name="change_skip_once"),
        ),
        migrations.AddConstraint(
            model_name="changeskip",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))), name="change_skip_has_length"
            ),
        ),
        migrations.AddConstraint(
            model_name="succession",
            constraint=models.CheckConstraint(
                condition=models.Q(("predecessor", models.F("successor")), _negated=True), name="succession_by_another"
            ),
        ),
        migrations.RunSQL(CHANGE_GROWS, "DROP FUNCTION change_only_grows() CASCADE"),
        migrations.RunSQL(OTHERS_GROW, "DROP FUNCTION register_feed_only_grows() CASCADE"),
    ]
