"""What subjects allow whom, answers kept for hand-over, alarms about looks, references for viewers."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

GROWS = "".join(
    f"""
    CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'what was said about who may look is only added, never changed: %', TG_OP; END $$;
    CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows();
    """
    for table in (
        "rights_consentrequest",
        "rights_consentrefusal",
        "rights_consent",
        "rights_consentwithdrawal",
        "rights_alarm",
        "rights_alarmreview",
        "rights_usagereference",
    )
)
_SYSTEM = "(SELECT xinyong_role()) = 'system'"
_SUBJECT = "((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))"
_UNIT = "((SELECT xinyong_role()) IN ('source_unit', 'reader', 'client') AND recipient_id = (SELECT xinyong_unit()))"
_REVIEWS = "(SELECT xinyong_role()) IN ('system', 'security_admin', 'auditor')"


def _policy(table: str, seen: str, made: str) -> str:
    return f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY {table}_seen ON {table} FOR SELECT USING ({seen});
    CREATE POLICY {table}_made ON {table} FOR INSERT WITH CHECK ({made});
    """


#: A subject sees and says its own; a recipient sees what it asked for and what it was given, and asks. An answer that is kept is
#: its recipient's, and the platform's to make and to erase.
SEEN = (
    _policy("rights_consentrequest", f"{_SYSTEM} OR {_SUBJECT} OR {_UNIT}", f"{_SYSTEM} OR {_UNIT}")
    + _policy("rights_consent", f"{_SYSTEM} OR {_SUBJECT} OR {_UNIT}", f"{_SYSTEM} OR {_SUBJECT}")
    + "".join(
        _policy(
            table,
            f"{_SYSTEM} OR {_SUBJECT} OR ((SELECT xinyong_role()) IN ('source_unit', 'reader', 'client')"
            f" AND {key} IN (SELECT id FROM {of}))",
            f"{_SYSTEM} OR {_SUBJECT}",
        )
        for table, key, of in (
            ("rights_consentrefusal", "request_id", "rights_consentrequest"),
            ("rights_consentwithdrawal", "consent_id", "rights_consent"),
        )
    )
    + _policy("rights_keptanswer", f"{_SYSTEM} OR {_UNIT}", _SYSTEM)
    + f"""
    CREATE POLICY rights_keptanswer_erased ON rights_keptanswer FOR DELETE USING ({_SYSTEM});
    CREATE POLICY rights_keptanswer_resealed ON rights_keptanswer FOR UPDATE USING ({_SYSTEM});
    """
    + _policy("rights_alarm", _REVIEWS, _SYSTEM)
    + _policy("rights_alarmreview", _REVIEWS, _REVIEWS)
    + _policy("rights_usagereference", f"{_SYSTEM} OR {_SUBJECT}", f"{_SYSTEM} OR {_SUBJECT}")
)
TABLES = (
    "rights_consentrequest",
    "rights_consentrefusal",
    "rights_consent",
    "rights_consentwithdrawal",
    "rights_keptanswer",
    "rights_alarm",
    "rights_alarmreview",
    "rights_usagereference",
)
UNDO = (
    "".join(
        f"DROP POLICY {table}_seen ON {table}; DROP POLICY {table}_made ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
        for table in TABLES
    )
    + "DROP POLICY rights_keptanswer_erased ON rights_keptanswer; DROP POLICY rights_keptanswer_resealed ON rights_keptanswer;"
    + "".join(f"DROP FUNCTION {table}_only_grows() CASCADE;" for table in TABLES if table != "rights_keptanswer")
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("security", "0009_mandates"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bulk", "短时间大量查询"),
                            ("hours", "非工作时间查询"),
                            ("surname", "查询同姓自然人"),
                            ("emergency", "紧急查询"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.CharField(max_length=160, unique=True)),
                ("actor", models.CharField(max_length=80)),
                ("department", models.CharField(blank=True, max_length=18)),
                ("count", models.IntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "reason",
                    models.CharField(blank=True, help_text="of an emergency, as its official said it", max_length=200),
                ),
                ("due_on", models.DateField(help_text="the last day of the review", null=True)),
                ("raised_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(help_text="on the receipt", max_length=24, unique=True)),
                ("subject_id", models.BigIntegerField()),
                ("purpose", models.CharField(max_length=20)),
                (
                    "items",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(help_text="first instant it holds no more")),
                ("notice", models.CharField(help_text="edition of the text that was shown", max_length=20)),
                ("notice_digest", models.CharField(max_length=64)),
                ("given_at", models.DateTimeField()),
                ("given_by", models.CharField(max_length=80)),
                ("recipient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
        ),
        migrations.CreateModel(
            name="ConsentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("purpose", models.CharField(max_length=20)),
                (
                    "items",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("days", models.PositiveSmallIntegerField()),
                ("without", models.CharField(help_text="what happens when the subject says no", max_length=200)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("recipient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
        ),
        migrations.CreateModel(
            name="AlarmReview",
            fields=[
                (
                    "alarm",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="review",
                        serialize=False,
                        to="rights.alarm",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("in-order", "属正常履职"), ("reminded", "已提醒纠正"), ("referred", "移送处理")],
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(max_length=200)),
                ("reviewed_at", models.DateTimeField()),
                ("reviewed_by", models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name="ConsentWithdrawal",
            fields=[
                (
                    "consent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="withdrawal",
                        serialize=False,
                        to="rights.consent",
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                ("withdrawn_at", models.DateTimeField()),
                ("withdrawn_by", models.CharField(max_length=80)),
                ("effects", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="ConsentRefusal",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="refusal",
                        serialize=False,
                        to="rights.consentrequest",
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                ("refused_at", models.DateTimeField()),
                ("refused_by", models.CharField(max_length=80)),
            ],
        ),
        migrations.AddField(
            model_name="consent",
            name="request",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="consent",
                to="rights.consentrequest",
            ),
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(max_length=32, unique=True)),
                ("client", models.CharField(max_length=80)),
                ("subject_id", models.BigIntegerField()),
                ("sealed", models.BinaryField()),
                ("made_at", models.DateTimeField()),
                ("kept_until", models.DateTimeField()),
                (
                    "consent",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="rights.consent"),
                ),
                ("recipient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department")),
            ],
        ),
        migrations.CreateModel(
            name="UsageReference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("ref", models.CharField(max_length=32, unique=True)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["subject_id", "-id"], name="usage_reference_of_subject")],
            },
        ),
        migrations.AddIndex(
            model_name="consentrequest",
            index=models.Index(fields=["subject_id", "-id"], name="consent_request_of_subject"),
        ),
        migrations.AddIndex(
            model_name="consentrequest",
            index=models.Index(fields=["recipient", "-id"], name="consent_request_of_unit"),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["subject_id", "recipient", "purpose"], name="consent_of_subject"),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["recipient", "-id"], name="consent_of_unit"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__gt", models.F("valid_from"))), name="consent_has_a_term"
            ),
        ),
        migrations.AddIndex(
            model_name="keptanswer",
            index=models.Index(fields=["kept_until"], name="kept_answer_ends"),
        ),
        migrations.RunSQL(GROWS + SEEN, UNDO),
    ]
