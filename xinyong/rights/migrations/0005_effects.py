"""One list of recipients for every cause, partners among them; that a record's basis was annulled; that an authorisation ended."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

GROWS = "".join(
    f"""
    CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{said} are only added, never changed: %', TG_OP; END $$;
    CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows();
    """
    for table, said in (
        ("rights_annulment", "annulments"), ("rights_annulmentorder", "orders to withdraw"),
        ("rights_annulmentdone", "withdrawals that were carried out"), ("rights_consentend", "ends of authorisations"),
        ("rights_partnersupply", "what partners get"),
    )
)  # fmt: skip
_SYSTEM = "(SELECT xinyong_role()) = 'system'"
_OWN = "((SELECT xinyong_role()) IN ('subject', 'person') AND subject_id = (SELECT xinyong_subject()))"
_SOURCE = "((SELECT xinyong_role()) = 'source_unit' AND source_id = (SELECT xinyong_unit()))"
_CENTRE = """((SELECT xinyong_role()) = 'operator'
    AND ((SELECT xinyong_items()) IS NULL OR item_id = ANY((SELECT xinyong_items())::text[])))"""
_OF_ANNULMENT = "annulment_id IN (SELECT id FROM rights_annulment)"


def _policy(table: str, seen: str, made: str) -> str:
    return f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY {table}_seen ON {table} FOR SELECT USING ({seen});
    CREATE POLICY {table}_made ON {table} FOR INSERT WITH CHECK ({made});
    """


#: A source sees and says its own; the centre all; a subject what is about it. Who sees the cause sees whom it waits for. What a
#: partner gets, and that an authorisation has ended, the platform enters.
SEEN = (
    _policy(
        "rights_annulment", f"{_SYSTEM} OR {_OWN} OR {_SOURCE} OR {_CENTRE}", f"{_SYSTEM} OR {_SOURCE} OR {_CENTRE}"
    )
    + _policy(
        "rights_annulmentorder",
        _OF_ANNULMENT,
        f"(SELECT xinyong_role()) IN ('system', 'source_unit') AND {_OF_ANNULMENT}",
    )
    + _policy("rights_annulmentdone", _OF_ANNULMENT, _SYSTEM)
    + _policy(
        "rights_consentend",
        f"{_SYSTEM} OR {_OWN} OR ((SELECT xinyong_role()) IN ('source_unit', 'reader', 'client')"
        " AND consent_id IN (SELECT id FROM rights_consent))",
        _SYSTEM,
    )
    + _policy("rights_partnersupply", _SYSTEM, _SYSTEM)
    + f"""
    ALTER POLICY recipient_seen ON rights_recipient USING (
        {_SYSTEM}
        OR ((SELECT xinyong_role()) IN ('operator', 'source_unit', 'subject', 'person') AND (
            case_id IN (SELECT id FROM workflow_case) OR {_OF_ANNULMENT}
        ))
        OR ((SELECT xinyong_role()) IN ('subject', 'person') AND consent_id IN (SELECT id FROM rights_consent))
    );
    """
)
TABLES = (
    "rights_annulment", "rights_annulmentorder", "rights_annulmentdone", "rights_consentend", "rights_partnersupply",
)  # fmt: skip
UNDO = """
ALTER POLICY recipient_seen ON rights_recipient USING (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) IN ('operator', 'source_unit', 'subject') AND case_id IN (SELECT id FROM workflow_case))
);
""" + "".join(
    f"""
    DROP POLICY {table}_seen ON {table};
    DROP POLICY {table}_made ON {table};
    ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    DROP FUNCTION {table}_only_grows CASCADE;
    """
    for table in reversed(TABLES)
)


class Migration(migrations.Migration):
    dependencies = [
        ("rights", "0004_alarms_of_complaints"),
        ("security", "0012_authorised_looks"),
        ("workflow", "0003_told_to_subjects"),
    ]

    operations = [
        migrations.CreateModel(
            name="Annulment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_id", models.BigIntegerField()),
                ("subject_code", models.CharField(blank=True, max_length=18)),
                ("subject_name", models.CharField(blank=True, max_length=200)),
                ("item_id", models.CharField(max_length=40)),
                ("ref", models.CharField(max_length=32)),
                ("title", models.CharField(max_length=200)),
                ("version", models.SmallIntegerField(help_text="the record's newest when it was noted")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("revoked", "决定被撤销"),
                            ("changed", "决定被变更"),
                            ("unlawful", "决定被确认违法"),
                            ("void", "决定被确认无效"),
                        ],
                        max_length=8,
                    ),
                ),
                ("instrument", models.CharField(help_text="number of the instrument that annuls", max_length=100)),
                ("body", models.CharField(help_text="which body annulled", max_length=120)),
                ("explanation", models.CharField(max_length=300)),
                ("known_on", models.DateField(help_text="day the source knew")),
                ("noted_at", models.DateTimeField()),
                ("noted_by", models.CharField(max_length=80)),
                ("noted_unit", models.CharField(max_length=200)),
                ("token", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="ConsentEnd",
            fields=[
                (
                    "consent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="ending",
                        serialize=False,
                        to="rights.consent",
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                (
                    "way",
                    models.CharField(
                        choices=[("withdrawn", "主体撤回"), ("term", "期限届满"), ("purpose", "目的终止")], max_length=9
                    ),
                ),
                ("ended_at", models.DateTimeField(help_text="first instant it held no more")),
                ("carried_out_at", models.DateTimeField()),
                ("effects", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="PartnerSupply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "items",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), null=True, size=None
                    ),
                ),
                ("is_on", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="recipient",
            name="recipient_told_once",
        ),
        migrations.RemoveIndex(
            model_name="recipient",
            name="recipient_of_client",
        ),
        migrations.AddField(
            model_name="recipient",
            name="consent",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="rights.consent",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="way",
            field=models.CharField(
                choices=[("client", "接口客户端"), ("partner", "共享节点")], default="client", max_length=7
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="case",
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="workflow.case"
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="client_id",
            field=models.CharField(help_text="the client's id, or the partner's code", max_length=100),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="item_id",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="subject_code",
            field=models.CharField(blank=True, max_length=18),
        ),
        migrations.CreateModel(
            name="AnnulmentDone",
            fields=[
                (
                    "annulment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="done",
                        serialize=False,
                        to="rights.annulment",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("effects", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="AnnulmentOrder",
            fields=[
                (
                    "annulment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="order",
                        serialize=False,
                        to="rights.annulment",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                ("unit", models.CharField(max_length=200)),
                ("hours_over", models.IntegerField(help_text="whole hours past the three days; 0: in time")),
            ],
        ),
        migrations.AddField(
            model_name="annulment",
            name="source",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="annulment",
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="rights.annulment"
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(fields=["way", "client_id", "id"], name="recipient_of_whom"),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("annulment__isnull", False)), fields=["annulment"], name="recipient_of_annulment"
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("consent__isnull", False)), fields=["consent"], name="recipient_of_consent"
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(
                fields=("case", "annulment", "consent", "way", "client_id", "change", "ref"),
                name="recipient_told_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("annulment__isnull", True), ("case__isnull", False), ("consent__isnull", True)),
                    models.Q(("annulment__isnull", False), ("case__isnull", True), ("consent__isnull", True)),
                    models.Q(("annulment__isnull", True), ("case__isnull", True), ("consent__isnull", False)),
                    _connector="OR",
                ),
                name="recipient_of_one_cause",
            ),
        ),
        migrations.AddField(
            model_name="partnersupply",
            name="partner",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.partner"),
        ),
        migrations.AddIndex(
            model_name="annulment",
            index=models.Index(fields=["subject_id", "ref"], name="annulment_of_datum"),
        ),
        migrations.AddIndex(
            model_name="annulment",
            index=models.Index(fields=["source", "-id"], name="annulment_of_source"),
        ),
        migrations.AddConstraint(
            model_name="annulment",
            constraint=models.UniqueConstraint(fields=("token",), name="annulment_noted_once"),
        ),
        migrations.AddIndex(
            model_name="partnersupply",
            index=models.Index(fields=["partner", "-id"], name="supply_of_partner"),
        ),
        migrations.RunSQL(GROWS + SEEN, UNDO),
    ]
