"""From committed things to leaves, from leaves to a signed checkpoint: the one writer of the log.

What waits is taken from a queue that a trigger fills in the transaction of the thing itself. A transaction that commits late
is in a later batch; there is no cursor it could fall behind (docs/decisions/0011). One sequencer at a time (an advisory
lock); taking out and appending are one transaction, so a killed one leaves nothing half.
"""

import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from xinyong.kernel.errors import Conflict, XinyongError
from xinyong.security.ledger import merkle, notes, signing, store, tiles, trouble
from xinyong.security.ledger.merkle import HASHES
from xinyong.security.ledger.notes import Checkpoint
from xinyong.security.ledger.store import SQL, Connection, Table

_LOG = logging.getLogger("xinyong.ledger")

#: Things that become leaves in one transaction.
_BATCH = 10_000


class RolledBack(Conflict):
    """The database knows less, or other, than what was published: it was put back, or changed."""

    code = "security.log-rolled-back"


class OtherHash(Conflict):
    """The settings name another hash than the log was begun with."""

    code = "security.log-other-hash"


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as it stands in its file; ``appended``: leaves that came with it."""

    checkpoint: Checkpoint
    note: str
    appended: int


def publish(*, now: datetime, folder: Path | None = None) -> Published:
    """Appends what waits, signs the tree's head and publishes it with the tiles that changed.

    Never signs what contradicts an earlier checkpoint of ours: raises RolledBack, and NoSigningKey.
    """
    try:
        found = _publish(now, folder or signing.home())
    except XinyongError as error:
        trouble.note(error)
        raise
    trouble.note(None)
    return found


def _publish(now: datetime, where: Path) -> Published:
    with store.own() as connection:
        appended = append(connection)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", store.LOCK)
            checkpoint, note, before = _sign(connection, now, where)
        tiles.write(where, Table(connection), before, checkpoint.size)
        tiles.put(where / signing.KEYS, "".join(f"{one}\n" for one in signing.public_keys()).encode())
        tiles.put(where / tiles.CHECKPOINT, note.encode())
    return Published(checkpoint, note, appended)


def append(connection: Connection, *, most: int | None = None) -> int:
    """Gives everything that waits (or ``most`` of it) its leaf; returns how many."""
    done = 0
    while most is None or done < most:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", store.LOCK)
            limit = _BATCH if most is None else min(_BATCH, most - done)
            taken = sorted(connection.execute(SQL["take_pending"], [limit]).fetchall())
            _append(connection, [(kind, ref) for _, kind, ref in taken])
        done += len(taken)
        if len(taken) < limit:
            break
    return done


def _append(connection: Connection, asked: Sequence[tuple[str, int]]) -> None:
    """The leaves of these things, and the nodes they complete. What has a leaf already gets no second one."""
    columns = [[kind for kind, _ in asked], [ref for _, ref in asked]]
    known = set(connection.execute(SQL["already"], columns).fetchall())
    fresh = [one for one in dict.fromkeys(asked) if one not in known and one[0] in store.KINDS]
    if not fresh:
        return
    h = HASHES[hash_name(connection)]
    content = _content(connection, fresh)
    size = store.size(connection)
    salts = os.urandom(16 * len(fresh))
    leaves = []
    for at, (kind, ref) in enumerate(fresh):
        salt = salts[at * 16 : at * 16 + 16]
        leaves.append((size + at, kind, ref, salt, store.leaf_hash(kind, ref, salt, content[kind, ref], h)))
    with connection.cursor().copy(SQL["copy_leaves"]) as copy:
        copy.set_types(["int8", "varchar", "int8", "bytea", "bytea"])
        for leaf in leaves:
            copy.write_row(leaf)
    raised = merkle.raised(Table(connection), size, size + len(leaves), h)
    if raised:
        connection.cursor().executemany("INSERT INTO security_node (level, number, hash) VALUES (%s, %s, %s)", raised)


def _content(connection: Connection, asked: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
    by_kind = defaultdict(list)
    for kind, ref in asked:
        by_kind[kind].append(ref)
    found = {
        (kind, ref): text
        for kind, refs in by_kind.items()
        for ref, text in store.content(connection, kind, refs).items()
    }
    for one in asked:
        if one not in found:  # deleted by somebody before it had its leaf; the leaf says that there was something
            _LOG.error("ledger-missing table=%s id=%s", store.KINDS[one[0]], one[1])
            found[one] = b""
    return found


def hash_name(connection: Connection) -> str:
    """The hash of this log: as its first checkpoint says; before that, as the settings say."""
    row = connection.execute(SQL["last_checkpoint"]).fetchone()
    if row is None:
        return str(settings.LOG_HASH)
    return notes.read_checkpoint(notes.read_note(row[2]).text).hash_name


def _sign(connection: Connection, now: datetime, where: Path) -> tuple[Checkpoint, str, int]:
    """The next checkpoint, entered; and the size up to which tiles are published."""
    signers, size = signing.signers(), store.size(connection)
    nodes, name = Table(connection), hash_name(connection)
    h, number, earliest = HASHES[name], 0, 0
    if name != settings.LOG_HASH:
        raise OtherHash(
            f"日志以 {name} 开始，设置却是 {settings.LOG_HASH}。一个日志只用一种散列算法；请把 XINYONG_LOG_HASH 改回。",
            f"The log was begun with {name}, the settings say {settings.LOG_HASH}. A log keeps its hash: set it back.",
        )
    row = connection.execute(SQL["last_checkpoint"]).fetchone()
    if row is not None:
        number = row[0]
        earliest = notes.read_checkpoint(notes.read_note(row[2]).text).at  # a clock put back does not put the log back
    keys = [signer.public for signer in signers]
    for earlier in _published(where, keys):
        if earlier.size > size or merkle.root(nodes, earlier.size, h) != earlier.root or earlier.number > number:
            raise _rolled_back(earlier, size)
    checkpoint = Checkpoint(
        signers[0].name, size, merkle.root(nodes, size, h), number + 1, max(int(now.timestamp()), earliest), name
    )  # fmt: skip
    note = checkpoint.signed(signers)
    connection.execute(
        SQL["enter_checkpoint"], [checkpoint.number, size, note, datetime.fromtimestamp(checkpoint.at, tz=UTC)]
    )
    last = published(where / tiles.CHECKPOINT, keys)
    return checkpoint, note, last.size if last else 0


def published(path: Path, keys: Sequence[notes.PublicKey]) -> Checkpoint | None:
    """The checkpoint in a file; None where there is none, or none that these keys signed: it binds nobody."""
    try:
        return notes.trusted(path.read_text(encoding="utf-8"), keys=keys)[0]
    except (FileNotFoundError, UnicodeDecodeError, notes.Unreadable, notes.NotSigned):
        return None


def _published(where: Path, keys: Sequence[notes.PublicKey]) -> list[Checkpoint]:
    """The checkpoints that we signed and that lie outside the database: the last of ours, those witnesses gave back."""
    found = [published(path, keys) for path in (where / tiles.CHECKPOINT, *(where / "witness").glob("*.note"))]
    return [one for one in found if one is not None]


def _rolled_back(earlier: Checkpoint, size: int) -> RolledBack:
    return RolledBack(
        f"数据库与已公布的检查点矛盾：检查点（第 {earlier.number} 号）有 {earlier.size} 条，数据库有 {size} 条或内容不同。"
        "数据库可能被恢复到较早的状态或被改动，停止签发；请用 xinyong verify-log 核查，并按“日志回退”说明处理。",
        f"The database contradicts the published checkpoint {earlier.number} ({earlier.size} leaves; the database has {size}, or "
        "others). It was put back to an earlier state, or altered. Nothing is signed; run xinyong verify-log.",
        checkpoint=earlier.number,
    )
