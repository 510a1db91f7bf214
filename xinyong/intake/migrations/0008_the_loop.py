"""Accepted, waived, sent back, passed on, confirmed: what is done about rows."""

import django.db.models.deletion
from django.db import migrations, models

_KINDS = [
    ("accepted", "采纳建议"), ("waived", "豁免"), ("sent-back", "退回单位"), ("passed-on", "提请信用中心"),
    ("confirmed", "确认属实"), ("undone", "撤销"), ("ended", "豁免到期"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("intake", "0007_reverted")]

    operations = [
        migrations.CreateModel(
            name="RowAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("submission_id", models.BigIntegerField()),
                ("row_no", models.IntegerField()),
                ("kind", models.CharField(choices=_KINDS, max_length=10)),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=80)),
                ("by_role", models.CharField(max_length=20)),
                ("finding_id", models.BigIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "until",
                    models.DateField(
                        help_text="a waiver's first day without it; the last day to correct what was sent back",
                        null=True,
                    ),
                ),
                (
                    "undoes",
                    models.ForeignKey(
                        db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="intake.rowact"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["submission_id", "row_no"], name="row_act_row"),
                    models.Index(condition=models.Q(("kind", "waived")), fields=["until"], name="row_act_until"),
                ],
                "constraints": [models.UniqueConstraint(fields=("undoes",), name="row_act_undone_once")],
            },
        ),
        migrations.AddIndex(
            model_name="waitingrow",
            index=models.Index(condition=models.Q(("closed_at__isnull", True)), fields=["id"], name="waiting_open"),
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION row_act_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'what was done about a row is only added, undoing is a later act: %', TG_OP; END $$;
            CREATE TRIGGER row_act_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_rowact
                FOR EACH STATEMENT EXECUTE FUNCTION row_act_only_grows();
            ALTER TABLE intake_rowact ENABLE ROW LEVEL SECURITY;
            CREATE POLICY intake_rowact_seen ON intake_rowact USING (
                (SELECT xinyong_role()) = 'system'
                OR ((SELECT xinyong_role()) IN ('source_unit', 'client', 'operator')
                    AND submission_id IN (SELECT id FROM intake_submission))
            );
            """,
            "DROP FUNCTION row_act_only_grows() CASCADE",
        ),
    ]
