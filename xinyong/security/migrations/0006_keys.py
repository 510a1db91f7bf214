from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("security", "0005_clients")]

    operations = [
        migrations.CreateModel(
            name="DataKey",
            fields=[
                ("number", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                (
                    "use",
                    models.CharField(
                        choices=[("seal", "字段加密"), ("vault", "文件加密"), ("digest", "盲索引")], max_length=10
                    ),
                ),
                ("algorithm", models.CharField(max_length=20)),
                (
                    "origin",
                    models.CharField(
                        help_text="random, or derived from the master key as before this table", max_length=10
                    ),
                ),
                ("wrapped", models.BinaryField()),
                ("wrapped_by", models.CharField(help_text="label of the key-encryption key", max_length=120)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        # A data key that is lost takes everything sealed with it along. The owner wraps keys anew; that changes neither
        # number nor use nor cipher. Whatever else an owner wants, an owner can drop a trigger.
        migrations.RunSQL(
            """
            CREATE FUNCTION data_key_only_grows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN
                IF TG_OP = 'UPDATE' AND current_setting('xinyong.rewrap', true) = 'on'
                   AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
                    IF TG_LEVEL = 'STATEMENT' THEN
                        RETURN NULL;
                    ELSIF to_jsonb(NEW) - '{wrapped,wrapped_by}'::text[] = to_jsonb(OLD) - '{wrapped,wrapped_by}'::text[] THEN
                        RETURN NEW;
                    END IF;
                END IF;
                RAISE EXCEPTION 'data keys are only added, never changed: %', TG_OP;
            END $$;
            CREATE TRIGGER data_key_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON security_datakey
                FOR EACH STATEMENT EXECUTE FUNCTION data_key_only_grows();
            CREATE TRIGGER data_key_stays_itself BEFORE UPDATE ON security_datakey
                FOR EACH ROW EXECUTE FUNCTION data_key_only_grows();
            """,
            "DROP FUNCTION data_key_only_grows() CASCADE",
        ),
    ]
