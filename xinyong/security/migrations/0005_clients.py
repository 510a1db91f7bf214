import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0004_people_and_grants"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
        migrations.swappable_dependency(settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("per_minute", models.PositiveIntegerField()),
                ("per_day", models.PositiveIntegerField()),
                ("is_active", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name="Client",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None),
                ),
                (
                    "items",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), null=True, size=None
                    ),
                ),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), size=None),
                ),
                ("key_pem", models.TextField(blank=True)),
                ("per_minute", models.PositiveIntegerField()),
                ("per_day", models.PositiveIntegerField()),
                ("is_sandbox", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="client",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.department"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClientSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_id", models.CharField(max_length=12, unique=True)),
                ("secret", models.CharField(help_text="hash, by the site's password hasher", max_length=160)),
                ("made_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="secrets", to="security.client"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PartnerKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_id", models.CharField(max_length=80, unique=True)),
                ("algorithm", models.CharField(max_length=24)),
                ("public_pem", models.TextField()),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="keys", to="security.partner"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuotaUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(max_length=90)),
                ("span", models.CharField(choices=[("minute", "minute"), ("day", "day")], max_length=6)),
                ("starts_at", models.DateTimeField()),
                ("used", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("caller", "span", "starts_at"), name="quota_once")],
            },
        ),
        migrations.CreateModel(
            name="SeenNonce",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sender", models.CharField(max_length=90)),
                ("nonce", models.CharField(max_length=64)),
                ("seen_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("sender", "nonce"), name="nonce_once")],
            },
        ),
        migrations.CreateModel(
            name="PartnerMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                (
                    "follows",
                    models.BigIntegerField(help_text="the number accepted before it; others between never came"),
                ),
                ("message_id", models.UUIDField()),
                ("kind", models.CharField(max_length=40)),
                ("body", models.BinaryField()),
                ("digest", models.BinaryField()),
                ("target", models.CharField(max_length=400)),
                ("signature_input", models.TextField()),
                ("signature", models.TextField()),
                ("created_at", models.DateTimeField(help_text="by the sender's clock")),
                ("received_at", models.DateTimeField()),
                ("key", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.partnerkey")),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="security.partner")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            (
                                "seq__gt",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("follows"), "+", models.Value(1)
                                ),
                            )
                        ),
                        fields=["partner", "seq"],
                        name="message_gaps",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("partner", "seq"), name="message_seq_once"),
                    models.UniqueConstraint(fields=("partner", "message_id"), name="message_id_once"),
                    models.CheckConstraint(
                        condition=models.Q(("follows__gte", 0), ("seq__gt", models.F("follows"))),
                        name="message_seq_only_rises",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION partner_messages_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'messages of partners are only added to: %', TG_OP; END $$;
            CREATE TRIGGER partner_messages_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON security_partnermessage
                FOR EACH STATEMENT EXECUTE FUNCTION partner_messages_only_grows();
            """,
            "DROP FUNCTION partner_messages_only_grows() CASCADE",
        ),
    ]
