from django.db import migrations, models

_GROWING = ("leaf", "node", "checkpoint", "batch", "statement")

ONLY_GROWS = """
CREATE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is only added to: % on %', TG_OP, TG_TABLE_NAME; END $$;
""" + "".join(
    f"CREATE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON security_{name}\n"
    "    FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows();\n"
    for name in _GROWING
)

# Whoever inserts, and however: what was inserted waits for its leaf in the same transaction.
AWAITS_ITS_LEAF = """
CREATE FUNCTION ledger_awaits_its_leaf() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO security_pending (kind, ref) SELECT TG_ARGV[0], id FROM fresh ORDER BY id;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_awaits_its_leaf AFTER INSERT ON security_auditentry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_awaits_its_leaf('audit');
CREATE TRIGGER ledger_awaits_its_leaf AFTER INSERT ON security_batch REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_awaits_its_leaf('records');
CREATE TRIGGER ledger_awaits_its_leaf AFTER INSERT ON security_statement REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_awaits_its_leaf('statement');
"""

# Entries of before there was a log get their leaves too, in their order. Digests do not compress; reading one row's must
# not unpack all.
WHAT_IS_THERE = """
INSERT INTO security_pending (kind, ref) SELECT 'audit', id FROM security_auditentry ORDER BY id;
ALTER TABLE security_batch ALTER COLUMN digests SET STORAGE EXTERNAL, ALTER COLUMN row_nos SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0001_identity_and_audit")]

    operations = [
        migrations.CreateModel(
            name="Pending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("ref", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=10)),
                ("ref", models.BigIntegerField()),
                ("salt", models.BinaryField(max_length=16)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("kind", "ref"), name="leaf_once")]},
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("submission_id", models.BigIntegerField(db_index=True)),
                ("rows", models.IntegerField()),
                ("row_nos", models.BinaryField()),
                ("digests", models.BinaryField()),
                ("root", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(help_text="random, 128 bits; what it is asked for by", max_length=32),
                ),
                ("kind", models.CharField(max_length=30)),
                ("object_ref", models.CharField(max_length=40)),
                ("body", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["public_id"], name="statement_public_id"),
                    models.Index(fields=["object_ref", "kind"], name="statement_object"),
                ],
            },
        ),
        migrations.RunSQL(ONLY_GROWS, "DROP FUNCTION ledger_only_grows() CASCADE"),
        migrations.RunSQL(AWAITS_ITS_LEAF, "DROP FUNCTION ledger_awaits_its_leaf() CASCADE"),
        migrations.RunSQL(WHAT_IS_THERE, migrations.RunSQL.noop),
    ]
