"""Claims of organisations by persons, and what became of them."""

import django.db.models.deletion
from django.db import migrations, models

SECURED = """
CREATE FUNCTION claim_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'claims and what became of them are only added: %', TG_OP; END $$;
CREATE TRIGGER claim_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_claim
    FOR EACH STATEMENT EXECUTE FUNCTION claim_only_grows();
CREATE TRIGGER claim_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects_claimact
    FOR EACH STATEMENT EXECUTE FUNCTION claim_only_grows();

-- The operator decides; the platform itself enters and shows persons their own.
ALTER TABLE subjects_claim ENABLE ROW LEVEL SECURITY;
CREATE POLICY claim_seen ON subjects_claim USING ((SELECT xinyong_role()) IN ('system', 'operator'));
ALTER TABLE subjects_claimact ENABLE ROW LEVEL SECURITY;
CREATE POLICY claim_act_seen ON subjects_claimact USING ((SELECT xinyong_role()) IN ('system', 'operator'));
"""
UNDO = """
DROP POLICY claim_act_seen ON subjects_claimact;
DROP POLICY claim_seen ON subjects_claim;
DROP FUNCTION claim_only_grows CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0011_persons"), ("subjects", "0003_changes")]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(help_text="legal or agent, as a mandate", max_length=5)),
                ("last_on", models.DateField()),
                ("way", models.CharField(choices=[("paper", "材料核验"), ("provider", "身份认证")], max_length=8)),
                (
                    "register_says",
                    models.CharField(
                        choices=[("same", "姓名一致"), ("differs", "姓名不一致"), ("unknown", "没有登记")],
                        help_text="of the legal representative's name",
                        max_length=7,
                    ),
                ),
                ("proof_name", models.CharField(blank=True, max_length=200)),
                ("proof_digest", models.CharField(blank=True, max_length=64)),
                ("proof_size", models.BigIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.account"),
                ),
                (
                    "subject",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="subjects.subject"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["account", "-id"], name="claim_of_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("way", "provider"), models.Q(("proof_digest", ""), _negated=True), _connector="OR"
                        ),
                        name="claim_has_proof",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("granted", "已认领"), ("refused", "不予认领")], max_length=7),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("mandate_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("decided_by", models.CharField(max_length=80)),
                (
                    "claim",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="act", to="subjects.claim"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(SECURED, UNDO),
    ]
