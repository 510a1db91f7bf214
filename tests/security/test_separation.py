"""What runs is not the owner of its tables: it can neither change them nor the past, and each table's rights follow from
whether it only grows."""

import pytest
from django.db import DatabaseError, connection, transaction

from xinyong.security import access, audit, separation

pytestmark = pytest.mark.django_db

SYSTEM = access.system("test")

#: Tables that only grow. A new one is found by its trigger; one that loses its trigger is missed here.
ONLY_GROW = {"security_auditentry", "record", "record_later", "records_clockend"}


def only_growing() -> set[str]:
    """Tables whose trigger says so, partitions apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c"
            " ON c.oid = t.tgrelid WHERE p.proname LIKE '%only_grows' AND NOT c.relispartition"
        )
        return {name for (name,) in cursor.fetchall()}


def refused(statement: str, match: str) -> None:
    """The database says no, and why."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_only_grows_cannot_be_changed_by_what_runs() -> None:
    assert only_growing() >= ONLY_GROW
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("xinyong_app", False, False)
    for table in only_growing():
        with connection.cursor() as cursor:
            cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table])
            (column,) = cursor.fetchone()
        refused(f"UPDATE {table} SET {column} = {column}", "permission denied")
        refused(f"DELETE FROM {table}", "permission denied")
        refused(f"TRUNCATE {table}", "permission denied")
        refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL", "must be owner")
        refused(f"DROP TABLE {table}", "must be owner")


def test_even_the_owner_is_stopped_by_the_trigger_until_it_takes_it_away() -> None:
    audit.enter(audit.Event.TABLE_CHANGED, by=SYSTEM, object_kind="test", object_ref="1")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c"
            " ON c.oid = t.tgrelid WHERE p.proname LIKE '%only_grows' AND t.tgtype & 56 = 56 GROUP BY 1"
        )  # 8 delete, 16 update, 32 truncate
        guarded = {name for name, _ in cursor.fetchall()}
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relispartition AND relname LIKE 'record\\_%'"
        )
        assert guarded >= {name for (name,) in cursor.fetchall()} | only_growing()


def test_what_runs_reaches_no_partition_past_the_policies_of_its_parent() -> None:
    refused("SELECT * FROM record_0", "permission denied")
    refused("INSERT INTO record SELECT * FROM record", "permission denied")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE record DISABLE ROW LEVEL SECURITY", "DROP POLICY record_seen ON record",
        "SET session_replication_role = replica", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE xinyong_app SUPERUSER", "GRANT xinyong_loader TO xinyong_app", "COPY record TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')", "UPDATE django_migrations SET name = name",
    ],
)  # fmt: skip
def test_what_runs_cannot_lift_itself_up(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
        if cursor.fetchone()[0] and statement.startswith("SET"):
            pytest.skip("this server is entered as a superuser, which `xinyong doctor` warns of")
    refused(statement, "permission denied|must be owner|must be superuser|Only roles|must have admin option")


def test_a_loader_may_write_records_and_cannot_change_them() -> None:
    with separation.as_loader() as own:
        assert own.execute("SELECT current_user").fetchone() == ("xinyong_loader",)
        for statement in ("UPDATE record SET row_no = 1", "DELETE FROM record", "TRUNCATE record"):
            with pytest.raises(Exception, match="permission denied"):
                own.execute(statement)
