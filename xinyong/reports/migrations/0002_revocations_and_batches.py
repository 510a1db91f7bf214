"""Papers of more kinds than one, signed; which were revoked; batches of them."""

import django.db.models.deletion
from django.db import migrations, models

GROWS = """
    CREATE FUNCTION report_revocation_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'revocations are only added: %', TG_OP; END $$;
    CREATE TRIGGER report_revocation_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON reports_revocation
        FOR EACH STATEMENT EXECUTE FUNCTION report_revocation_only_grows();
"""
SEEN = """
    ALTER TABLE reports_reportbatch ENABLE ROW LEVEL SECURITY;
    CREATE POLICY report_batch_seen ON reports_reportbatch USING (
        (SELECT xinyong_role()) IN ('system', 'operator')
        OR ((SELECT xinyong_role()) = 'subject' AND subject_id = (SELECT xinyong_subject()))
    );
    ALTER TABLE reports_batchline ENABLE ROW LEVEL SECURITY;
    CREATE POLICY report_batch_line_seen ON reports_batchline USING (
        (SELECT xinyong_role()) = 'system'
        OR ((SELECT xinyong_role()) IN ('operator', 'subject') AND batch_id IN (SELECT id FROM reports_reportbatch))
    );
"""
UNSEEN = """
    DROP POLICY report_batch_seen ON reports_reportbatch;
    ALTER TABLE reports_reportbatch DISABLE ROW LEVEL SECURITY;
    DROP POLICY report_batch_line_seen ON reports_batchline;
    ALTER TABLE reports_batchline DISABLE ROW LEVEL SECURITY;
"""
_STATES = [("waiting", "排队中"), ("running", "正在出具"), ("done", "已完成"), ("removed", "已清理")]
_OUTCOMES = [
    ("issued", "已出具"), ("unknown", "没有查到"), ("ambiguous", "名称不唯一，未作猜测"), ("refused", "不能出具"),
    ("repeated", "与前面的行是同一主体"),
]  # fmt: skip


def _id() -> tuple[str, models.BigAutoField]:  # type: ignore[type-arg]
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_issued_reports"), ("security", "0009_mandates")]

    operations = [
        migrations.AddField(
            model_name="issuedreport",
            name="asked",
            field=models.JSONField(
                default=dict, help_text="what was asked for: domains, period, fact; equal ones supersede"
            ),
        ),
        migrations.AddField(
            model_name="issuedreport",
            name="purpose",
            field=models.CharField(
                blank=True, db_default="", help_text="what an official said it is for", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="issuedreport",
            name="other_digest",
            field=models.CharField(blank=True, db_default="", help_text="SHA-256 of a statement's JSON", max_length=64),
        ),
        migrations.AddField(
            model_name="issuedreport",
            name="signer",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="SHA-256 of the signing certificate; empty: not signed",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="issuedreport",
            name="file_digest",
            field=models.CharField(help_text="SHA-256 of the signed PDF's bytes", max_length=64, unique=True),
        ),
        migrations.AddIndex(
            model_name="issuedreport",
            index=models.Index(
                condition=models.Q(("other_digest", ""), _negated=True),
                fields=["other_digest"],
                name="issued_report_other_digest",
            ),
        ),
        migrations.CreateModel(
            name="Revocation",
            fields=[
                _id(),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                ("reason", models.CharField(max_length=200)),
                (
                    "report",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revocation",
                        to="reports.issuedreport",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReportBatch",
            fields=[
                _id(),
                ("state", models.CharField(choices=_STATES, default="waiting", max_length=8)),
                ("asked_at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                ("by_role", models.CharField(max_length=20)),
                ("account_id", models.BigIntegerField(null=True)),
                (
                    "subject_id",
                    models.BigIntegerField(help_text="the organisation that asks, where one does", null=True),
                ),
                ("purpose", models.CharField(blank=True, max_length=200)),
                ("asked", models.JSONField(help_text="domains, period, branches")),
                (
                    "allowed",
                    models.JSONField(
                        help_text="ids of the organisations an organisation may ask about; null: all", null=True
                    ),
                ),
                ("total", models.IntegerField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["subject_id", "-id"], name="report_batch_of_subject")]},
        ),
        migrations.CreateModel(
            name="BatchLine",
            fields=[
                _id(),
                ("number", models.IntegerField()),
                ("given", models.CharField(max_length=200)),
                ("outcome", models.CharField(blank=True, choices=_OUTCOMES, default="", max_length=10)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("subject_code", models.CharField(blank=True, max_length=18)),
                ("subject_name", models.TextField(blank=True)),
                ("report_number", models.CharField(blank=True, max_length=22)),
                ("found", models.IntegerField(help_text="acts that the paper lists", null=True)),
                ("branches", models.JSONField(default=list, help_text="codes and names of the branches it covers")),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="reports.reportbatch",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("batch", "number"), name="batch_line_once")],
                "indexes": [
                    models.Index(condition=models.Q(("outcome", "")), fields=["batch"], name="batch_line_waits")
                ],
            },
        ),
        migrations.RunSQL(GROWS, "DROP FUNCTION report_revocation_only_grows() CASCADE"),
        migrations.RunSQL(SEEN, UNSEEN),
    ]
