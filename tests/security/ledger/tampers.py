"""What somebody with the database's superuser can do to history, drawn at random: for the suite's sample and for the
evidence's thousand. Each runs in a transaction that is undone afterwards."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Connection = Any
#: A tamper changes something and says where a verification must point: any of these texts in a finding.
Tamper = Callable[[Connection, random.Random], "tuple[str, list[str]] | None"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far each table was when an earlier dump was taken."""

    audit: int
    batch: int
    statement: int
    leaf: int
    checkpoint: int
    submission: int


def snapshot(connection: Connection) -> Snapshot:
    """How far everything is now."""
    row = connection.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM security_auditentry), (SELECT coalesce(max(id), 0) FROM security_batch),"
        " (SELECT coalesce(max(id), 0) FROM security_statement), (SELECT coalesce(max(position), -1) FROM security_leaf),"
        " (SELECT coalesce(max(number), 0) FROM security_checkpoint), (SELECT coalesce(max(id), 0) FROM intake_submission)"
    ).fetchone()
    return Snapshot(*row)


def _one(connection: Connection, statement: str, *values: Any) -> Any:
    return connection.execute(statement, values or None).fetchone()


def _audit_id(connection: Connection, chance: random.Random) -> int:
    ids = [number for (number,) in connection.execute("SELECT ref FROM security_leaf WHERE kind = 'audit'").fetchall()]
    return int(chance.choice(ids))


_AUDIT_COLUMNS = {
    "actor": "'somebody-else'", "role": "'auditor'", "event": "'signed-in'", "outcome": "'refused'",
    "object_ref": "object_ref || '9'", "object_kind": "'thing'", "purpose": "'inspection'",
    "facts": """facts || '{"rows": 7}'""", "address": "'10.9.8.7'", "department": "'x'",
}  # fmt: skip


def alter_entry(connection: Connection, chance: random.Random) -> tuple[str, list[str]] | None:
    column, ref = chance.choice(sorted(_AUDIT_COLUMNS)), _audit_id(connection, chance)
    value = _AUDIT_COLUMNS[column]
    changed = connection.execute(
        f"UPDATE security_auditentry SET {column} = {value} WHERE id = %s AND {column} IS DISTINCT FROM {value}", [ref]
    ).rowcount
    return (f"update {column}", [f"security_auditentry id={ref}"]) if changed else None


def backdate_entry(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    ref, step = _audit_id(connection, chance), chance.choice(["1 microsecond", "3 hours", "40 days"])
    connection.execute(f"UPDATE security_auditentry SET at = at - interval '{step}' WHERE id = %s", [ref])
    return f"backdate by {step}", [f"security_auditentry id={ref}"]


def delete_entry(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    ref = _audit_id(connection, chance)
    connection.execute("DELETE FROM security_auditentry WHERE id = %s", [ref])
    return "delete entry", [f"security_auditentry id={ref}"]


def swap_entries(connection: Connection, chance: random.Random) -> tuple[str, list[str]] | None:
    a, b = _audit_id(connection, chance), _audit_id(connection, chance)
    if a == b:
        return None
    for old, new in ((a, -1), (b, a), (-1, b)):
        connection.execute("UPDATE security_auditentry SET id = %s WHERE id = %s", [new, old])
    return "swap entries", [f"security_auditentry id={a}", f"security_auditentry id={b}"]


def insert_entry(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """Slipped in with triggers off, between the others."""
    (ref,) = _one(
        connection,
        "INSERT INTO security_auditentry (at, role, actor, department, event, object_kind, object_ref, purpose, outcome, facts)"
        " SELECT at, role, actor, department, event, object_kind, object_ref, purpose, outcome, facts FROM security_auditentry"
        " WHERE id = %s RETURNING id",
        _audit_id(connection, chance),
    )
    return "insert entry", [f"security_auditentry id={ref}"]


def insert_backdated(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """The way the program does it, with triggers, but for a day long past."""
    connection.execute("SET LOCAL session_replication_role = origin")
    (ref,) = _one(
        connection,
        "INSERT INTO security_auditentry (at, role, actor, department, event, object_kind, object_ref, purpose, outcome, facts)"
        " SELECT at - interval '9 days', role, actor, department, event, object_kind, object_ref, purpose, outcome, facts"
        " FROM security_auditentry WHERE id = %s RETURNING id",
        _audit_id(connection, chance),
    )
    return "insert backdated", [f"security_auditentry id={ref}"]


def truncate_table(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    table = chance.choice(
        ["security_auditentry", "record", "security_leaf", "security_node", "security_checkpoint", "security_batch",
         "security_statement"]
    )  # fmt: skip
    connection.execute(f"TRUNCATE {table}")
    where = {"security_batch": ["security_batch", "record subject_id"], "record": ["record submission_id"]}
    return f"truncate {table}", where.get(table, [table])


def _row(connection: Connection, chance: random.Random) -> tuple[int, bytes, int, int, int]:
    rows = connection.execute("SELECT subject_id, key_digest, version, submission_id, row_no FROM record").fetchall()
    row: tuple[int, bytes, int, int, int] = chance.choice(sorted(rows))
    return row


def _named(row: tuple[int, bytes, int, int, int]) -> str:
    return f"record subject_id={row[0]} key_digest={bytes(row[1]).hex()} version={row[2]}"


_RECORD_COLUMNS = {
    "payload": "payload || '{\"CF_NR\": \"警告\"}'", "publish_until": "current_date", "publish_from": "NULL", "state": "2",
    "decided_on": "decided_on - 1", "retain_until": "NULL", "severity": "'minor'", "known_from": "known_from - interval '1 day'",
    "is_late": "NOT is_late", "content_digest": "decode(repeat('ab', 16), 'hex')", "disclosure": "'open'", "source_id": "99",
    "valid_to": "decided_on", "item_version": "9", "extra": "'{\"a\": \"b\"}'", "sealed": "'\\x00'", "row_no": "row_no + 100",
}  # fmt: skip


def alter_record(connection: Connection, chance: random.Random) -> tuple[str, list[str]] | None:
    column, row = chance.choice(sorted(_RECORD_COLUMNS)), _row(connection, chance)
    value = _RECORD_COLUMNS[column]
    changed = connection.execute(
        f"UPDATE record SET {column} = {value} WHERE subject_id = %s AND key_digest = %s AND version = %s"
        f" AND {column} IS DISTINCT FROM {value}",
        row[:3],
    ).rowcount
    return (f"record {column}", [_named(row)]) if changed else None


def delete_record(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    row = _row(connection, chance)
    connection.execute("DELETE FROM record WHERE subject_id = %s AND key_digest = %s AND version = %s", row[:3])
    return "record deleted", [f"record submission_id={row[3]} row_no={row[4]}"]


def move_record(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """To another subject."""
    row = _row(connection, chance)
    connection.execute(
        "UPDATE record SET subject_id = subject_id + 1000003 WHERE subject_id = %s AND key_digest = %s AND version = %s",
        row[:3],
    )
    return "record to another subject", [f"record subject_id={row[0] + 1000003}"]


def swap_records(connection: Connection, chance: random.Random) -> tuple[str, list[str]] | None:
    one, other = _row(connection, chance), _row(connection, chance)
    statement = (
        "UPDATE record a SET payload = b.payload FROM record b WHERE (a.subject_id, a.key_digest, a.version) = (%s, %s, %s)"
        " AND (b.subject_id, b.key_digest, b.version) = (%s, %s, %s) AND a.payload <> b.payload"
    )
    changed = connection.execute(statement, [*one[:3], *other[:3]]).rowcount
    return ("contents swapped", [_named(one)]) if changed else None


def insert_record(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    row = _row(connection, chance)
    columns = [
        name
        for (name,) in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'record'::regclass AND attnum > 0 AND NOT attisdropped"
        )
    ]
    chosen = ", ".join("version + 50" if name == "version" else name for name in columns)
    connection.execute(
        f"INSERT INTO record ({', '.join(columns)}) SELECT {chosen} FROM record"
        " WHERE subject_id = %s AND key_digest = %s AND version = %s",
        row[:3],
    )
    return "record inserted", [_named((*row[:2], row[2] + 50, *row[3:]))]


def pretend_later(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """A version that is not there hides the one that is."""
    row = _row(connection, chance)
    connection.execute(
        "INSERT INTO record_later (subject_id, key_digest, version, known_from)"
        " SELECT subject_id, key_digest, version + 7, known_from FROM record"
        " WHERE subject_id = %s AND key_digest = %s AND version = %s",
        row[:3],
    )
    return "hidden by a later version", [f"record_later subject_id={row[0]}"]


def forget_later(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """An earlier version shows again as if it held."""
    subject_id, key, version = chance.choice(
        sorted(connection.execute("SELECT subject_id, key_digest, version FROM record_later").fetchall())
    )
    connection.execute(
        "DELETE FROM record_later WHERE (subject_id, key_digest, version) = (%s, %s, %s)", [subject_id, key, version]
    )
    return "later version forgotten", [f"record_later subject_id={subject_id}"]


def alter_batch(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    ref, size = chance.choice(sorted(connection.execute("SELECT id, rows FROM security_batch").fetchall()))
    place = chance.randrange(size * 32)
    how = chance.choice(["digests", "row_nos", "root", "rows", "delete", "submission_id"])
    if how == "delete":
        connection.execute("DELETE FROM security_batch WHERE id = %s", [ref])
    elif how in {"rows", "submission_id"}:
        connection.execute(f"UPDATE security_batch SET {how} = {how} + 1 WHERE id = %s", [ref])
    else:
        width = {"digests": size * 32, "row_nos": size * 4, "root": 32}[how]
        connection.execute(
            f"UPDATE security_batch SET {how} = set_byte({how}, %s, 255 - get_byte({how}, %s)) WHERE id = %s",
            [place % width, place % width, ref],
        )
    return f"batch {how}", [f"security_batch id={ref}"]


def alter_statement(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    (ref,) = chance.choice(sorted(connection.execute("SELECT id FROM security_statement").fetchall()))
    how = chance.choice(["body = replace(body, '\"', '\"\"')", "body = body || ' '", "public_id = reverse(public_id)",
                         "kind = 'other'", "object_ref = object_ref || '1'", ""])  # fmt: skip
    if how:
        connection.execute(f"UPDATE security_statement SET {how} WHERE id = %s", [ref])
    else:
        connection.execute("DELETE FROM security_statement WHERE id = %s", [ref])
    return f"statement {how or 'deleted'}", [f"security_statement id={ref}"]


def alter_leaf(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    position, kind, ref = chance.choice(
        sorted(connection.execute("SELECT position, kind, ref FROM security_leaf").fetchall())
    )
    how = chance.choice(
        ["hash = decode(repeat('cd', 32), 'hex')", "salt = decode(repeat('cd', 16), 'hex')", "ref = -ref", ""]
    )
    table = {"audit": "security_auditentry", "records": "security_batch", "statement": "security_statement"}[kind]
    if how:
        connection.execute(f"UPDATE security_leaf SET {how} WHERE position = %s", [position])
    else:
        connection.execute("DELETE FROM security_leaf WHERE position = %s", [position])
    return f"leaf {how or 'deleted'}", [f"position={position}", f"position {position}", f"{table} id={ref}"]


def swap_leaves(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    positions = [number for (number,) in connection.execute("SELECT position FROM security_leaf").fetchall()]
    a, b = chance.sample(sorted(positions), 2)
    for old, new in ((a, -1), (b, a), (-1, b)):
        connection.execute("UPDATE security_leaf SET position = %s WHERE position = %s", [new, old])
    return "swap leaves", [f"security_leaf position={a}", f"security_leaf position={b}"]


def cut_off(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """The newest leaves and what they stand for."""
    (last,) = _one(connection, "SELECT max(position) FROM security_leaf")
    start = last - chance.randrange(5)
    connection.execute(
        "DELETE FROM security_auditentry WHERE id IN (SELECT ref FROM security_leaf WHERE kind = 'audit' AND position >= %s)",
        [start],
    )
    connection.execute("DELETE FROM security_leaf WHERE position >= %s", [start])
    return "cut off", [f"security_leaf position={start}"]


def rewrite_consistently(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    """An entry altered, and its leaf computed anew as the program would."""
    from xinyong.security.ledger import merkle, store

    ref = _audit_id(connection, chance)
    position, salt = _one(connection, "SELECT position, salt FROM security_leaf WHERE kind = 'audit' AND ref = %s", ref)
    connection.execute("UPDATE security_auditentry SET actor = 'nobody-at-all' WHERE id = %s", [ref])
    content = store.content(connection, "audit", [ref])[ref]
    digest = store.leaf_hash("audit", ref, bytes(salt), content, merkle.sha256)
    connection.execute("UPDATE security_leaf SET hash = %s WHERE position = %s", [digest, position])
    return "rewritten with its leaf", [f"security_leaf position={position}"]


def alter_node(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    level, number = chance.choice(sorted(connection.execute("SELECT level, number FROM security_node").fetchall()))
    how = chance.choice(
        ["UPDATE security_node SET hash = decode(repeat('00', 32), 'hex')", "DELETE FROM security_node"]
    )
    connection.execute(f"{how} WHERE level = %s AND number = %s", [level, number])
    return "node", [f"security_node level={level} number={number}"]


def alter_checkpoint(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
    numbers = sorted(number for (number,) in connection.execute("SELECT number FROM security_checkpoint").fetchall())
    number = chance.choice(numbers)
    how = chance.choice(
        ["note = replace(note, 'time 1', 'time 2')", "size = size + 1", "signed_at = signed_at - interval '1 hour'", ""]
    )
    if how:
        connection.execute(f"UPDATE security_checkpoint SET {how} WHERE number = %s", [number])
    else:
        connection.execute("DELETE FROM security_checkpoint WHERE number = %s", [number])
    return f"checkpoint {how or 'deleted'}", [
        f"security_checkpoint number={number}",
        f"security_checkpoint number>{number - 1}",
    ]


def drop_pending(connection: Connection, chance: random.Random) -> tuple[str, list[str]] | None:
    """What was written a moment ago and has no leaf yet is taken out of the queue."""
    connection.execute("SET LOCAL session_replication_role = origin")
    (ref,) = _one(
        connection,
        "INSERT INTO security_auditentry (at, role, actor, department, event, object_kind, object_ref, purpose, outcome, facts)"
        " SELECT now(), role, actor, department, event, object_kind, object_ref, purpose, outcome, facts"
        " FROM security_auditentry WHERE id = %s RETURNING id",
        _audit_id(connection, chance),
    )
    connection.execute("SET LOCAL session_replication_role = replica")
    connection.execute("DELETE FROM security_pending")
    return "taken out of the queue", [f"security_auditentry id={ref}"]


def roll_back(snapshots: list[Snapshot]) -> Tamper:
    """Everything as an earlier dump had it."""

    def back(connection: Connection, chance: random.Random) -> tuple[str, list[str]]:
        to = chance.choice(snapshots)
        for statement, value in (
            ("DELETE FROM security_auditentry WHERE id > %s", to.audit),
            ("DELETE FROM security_batch WHERE id > %s", to.batch),
            ("DELETE FROM security_statement WHERE id > %s", to.statement),
            ("DELETE FROM security_checkpoint WHERE number > %s", to.checkpoint),
            ("DELETE FROM security_node WHERE (number + 1) << (8 * level) > %s", to.leaf + 1),
            ("DELETE FROM security_leaf WHERE position > %s", to.leaf),
            ("DELETE FROM record WHERE submission_id > %s", to.submission),
        ):
            connection.execute(statement, [value])
        return f"roll back to leaf {to.leaf}", [f"security_leaf position={to.leaf + 1}", f"number>{to.checkpoint}"]

    return back


ALL: list[Tamper] = [
    alter_entry, backdate_entry, delete_entry, swap_entries, insert_entry, insert_backdated, truncate_table, alter_record,
    delete_record, move_record, swap_records, insert_record, pretend_later, forget_later, alter_batch, alter_statement, alter_leaf, swap_leaves, cut_off,
    rewrite_consistently, alter_node, alter_checkpoint, drop_pending,
]  # fmt: skip
