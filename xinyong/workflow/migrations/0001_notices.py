"""Notices to departments, where they want to be told, and what goes out."""

import django.db.models.deletion
from django.db import migrations, models

#: A department's people see what their department is told, and mark it read; the platform and the operator tell it. What goes
#: out is the platform's and the operator's.
SECURED = """
ALTER TABLE workflow_notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY notice_seen ON workflow_notice FOR SELECT USING (
    (SELECT xinyong_role()) IN ('system', 'operator')
    OR ((SELECT xinyong_role()) IN ('source_unit', 'unit_admin') AND department_id = (SELECT xinyong_unit()))
);
CREATE POLICY notice_told ON workflow_notice FOR INSERT WITH CHECK ((SELECT xinyong_role()) IN ('system', 'operator'));
CREATE POLICY notice_read ON workflow_notice FOR UPDATE USING (
    (SELECT xinyong_role()) = 'system'
    OR ((SELECT xinyong_role()) IN ('source_unit', 'unit_admin') AND department_id = (SELECT xinyong_unit()))
);
ALTER TABLE workflow_preference ENABLE ROW LEVEL SECURITY;
CREATE POLICY preference_of ON workflow_preference USING (
    (SELECT xinyong_role()) IN ('system', 'operator')
    OR ((SELECT xinyong_role()) = 'unit_admin' AND department_id = (SELECT xinyong_unit()))
);
ALTER TABLE workflow_message ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_of ON workflow_message USING ((SELECT xinyong_role()) IN ('system', 'operator'));
ALTER TABLE workflow_message_notices ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_notices_of ON workflow_message_notices USING ((SELECT xinyong_role()) IN ('system', 'operator'));
"""
TABLES = {
    "workflow_notice": ("notice_seen", "notice_told", "notice_read"),
    "workflow_preference": ("preference_of",),
    "workflow_message": ("message_of",),
    "workflow_message_notices": ("message_notices_of",),
}


class Migration(migrations.Migration):
    initial = True

    dependencies = [("security", "0008_channels")]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("facts", models.JSONField()),
                ("link", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("read_at", models.DateTimeField(null=True)),
                ("read_by", models.CharField(blank=True, max_length=80)),
                (
                    "department",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(max_length=32, unique=True)),
                ("channel", models.CharField(choices=[("mail", "邮件"), ("webhook", "回调")], max_length=7)),
                ("is_digest", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "待发送"),
                            ("sent", "已送达"),
                            ("given-up", "未能送达"),
                            ("dropped", "已取消"),
                        ],
                        default="due",
                        max_length=8,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("failure", models.JSONField(help_text="zh, en of why the last attempt failed", null=True)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "department",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department"),
                ),
                ("notices", models.ManyToManyField(to="workflow.notice")),
            ],
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mail",
                    models.CharField(
                        choices=[("off", "不发邮件"), ("immediate", "随时发送"), ("daily", "每日汇总")],
                        default="off",
                        max_length=10,
                    ),
                ),
                ("addresses", models.JSONField(default=list)),
                ("webhook", models.CharField(blank=True, max_length=300)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                (
                    "department",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="security.department"),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["department", "-id"], name="notice_inbox"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["department"], name="notice_unread"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("department", "key"), name="notice_told_once"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("state", "due")), fields=["due_at"], name="message_due"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("attempts__gt", 0)), fields=["-id"], name="message_failing"),
        ),
        migrations.RunSQL(
            SECURED,
            "".join(f"DROP POLICY {policy} ON {table};" for table, policies in TABLES.items() for policy in policies)
            + "".join(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;" for table in TABLES),
        ),
    ]
