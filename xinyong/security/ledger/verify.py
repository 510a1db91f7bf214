"""Is the log, and everything it covers, what a checkpoint says that somebody else has kept? If not: what, and where.

Nothing in the database is believed: every entry is hashed again, every leaf, node and root computed, and the root compared
with that of a checkpoint signed by a key that the verifier brought along. Tiles are used to say *where* two trees part, and
only after their own root has turned out to be the checkpoint's.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from xinyong.security.ledger import merkle, notes, store, tiles
from xinyong.security.ledger.findings import Finding, Kind
from xinyong.security.ledger.merkle import HASHES, TILE, TILE_HEIGHT, Hash
from xinyong.security.ledger.notes import Checkpoint, PublicKey
from xinyong.security.ledger.store import KINDS, SQL, Connection

#: How much earlier than the checkpoint before it an entry may say that it happened: the length of a transaction, and some.
SLACK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A leaf and what it stands for, as they lie there. ``content`` is None when there is no such thing."""

    position: int
    kind: str
    ref: int
    salt: bytes
    hash: bytes
    content: bytes | None
    at: datetime | None = None


@dataclass(slots=True)
class Report:
    """What was checked and what was found. ``waiting``: things newer than the last leaf, that no proof covers yet."""

    size: int = 0
    leaves: int = 0
    checkpoints: int = 0
    rows: int = 0
    waiting: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """True when nothing was found."""
        return not self.findings


class Frontier:
    """The roots of a tree that grows leaf by leaf."""

    def __init__(self, h: Hash) -> None:
        self.h, self.size = h, 0
        self._whole: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Takes a leaf; returns the nodes that are kept and became whole: (level, number, hash)."""
        height, digest, kept = 0, leaf, []
        self.size += 1
        while self._whole and self._whole[-1][0] == height:
            height, digest = height + 1, merkle.node_hash(self._whole.pop()[1], digest, self.h)
            if height % TILE_HEIGHT == 0:
                kept.append((height // TILE_HEIGHT, (self.size >> height) - 1, digest))
        self._whole.append((height, digest))
        return kept

    def root(self) -> bytes:
        """The root of what was taken so far."""
        if not self._whole:
            return self.h(b"")
        digest = self._whole[-1][1]
        for _, left in reversed(self._whole[:-1]):
            digest = merkle.node_hash(left, digest, self.h)
        return digest


def database(
    connection: Connection, trusted: Checkpoint, *, keys: Sequence[PublicKey], folder: Path | None = None
) -> Report:
    """Compares the log in the database with a trusted checkpoint. ``keys`` as the verifier was given them; ``folder``:
    published tiles, if there are any, to say where."""
    report = Report()
    rows = [
        Signed(number, size, note, at)
        for number, size, note, at in connection.execute(SQL["all_checkpoints"]).fetchall()
    ]
    chain = checkpoints(rows, trusted, keys)
    report.findings += chain.findings
    report.checkpoints = len(rows)
    with connection.transaction(), connection.cursor(name="walk") as cursor:
        cursor.itersize = 5000
        cursor.execute(SQL["walk"])
        leaves = (
            LeafRow(p, k, r, bytes(s), bytes(d), c.encode() if c is not None else None, at)
            for p, k, r, s, d, c, at in cursor
        )
        kept = walk(leaves, trusted, chain, report, folder)
    _nodes(connection, kept, report)
    _unlogged(connection, chain, report)
    _statements(connection, report)
    _batches(connection, HASHES[trusted.hash_name], report)
    return report


@dataclass(frozen=True, slots=True)
class Signed:
    """A row of the table of checkpoints."""

    number: int
    size: int
    note: str
    signed_at: datetime | None = None


@dataclass(slots=True)
class Chain:
    """The checkpoints on the way to the trusted one, as far as their signatures hold, by size."""

    known: list[Checkpoint] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    last: int = 0  # number of the last one kept

    def before(self, position: int) -> datetime | None:
        """When the last checkpoint was signed that did not hold this leaf yet."""
        at = bisect_right([one.size for one in self.known], position)
        return datetime.fromtimestamp(self.known[at - 1].at, tz=UTC) if at else None


def checkpoints(rows: Iterable[Signed], trusted: Checkpoint, keys: Sequence[PublicKey]) -> Chain:
    """Reads the kept checkpoints: each signed by a trusted key, counted without a gap, saying what its row says."""
    chain, expected = Chain(), 1
    by_number: dict[int, Checkpoint] = {}
    for row in rows:
        where = f"security_checkpoint number={row.number}"
        for number in range(expected, row.number):
            chain.findings.append(Finding(Kind.MISSING, f"security_checkpoint number={number}"))
        expected = row.number + 1
        try:
            checkpoint, _ = notes.trusted(row.note, keys=keys)
        except (notes.Unreadable, notes.NotSigned):
            chain.findings.append(Finding(Kind.FORGED, where))
            continue
        is_same = (checkpoint.number, checkpoint.size) == (row.number, row.size)
        if not is_same or (row.signed_at and int(row.signed_at.timestamp()) != checkpoint.at):
            chain.findings.append(Finding(Kind.ALTERED, where, "row and signed text disagree"))
        by_number[checkpoint.number] = checkpoint
        if chain.known and (checkpoint.size < chain.known[-1].size or checkpoint.at < chain.known[-1].at):
            chain.findings.append(Finding(Kind.REORDERED, where))
            continue
        chain.known.append(checkpoint)
    chain.last = expected - 1
    if chain.last < trusted.number:
        kind = Kind.ROLLED_BACK
        detail = f"the checkpoint you hold is number {trusted.number}; the last one here is {chain.last}"
        chain.findings.append(Finding(kind, f"security_checkpoint number>{chain.last}", detail))
    held = by_number.get(trusted.number)
    if held is not None and (held.size, held.root) != (trusted.size, trusted.root):
        detail = (
            "two checkpoints of one number are signed: the log was put back, or shown differently to different readers"
        )
        chain.findings.append(Finding(Kind.ROLLED_BACK, f"security_checkpoint number={trusted.number}", detail))
    return chain


def walk(
    leaves: Iterable[LeafRow], trusted: Checkpoint, chain: Chain, report: Report, folder: Path | None = None
) -> dict[tuple[int, int], bytes]:
    """Goes through the log leaf by leaf and notes what does not fit; returns the nodes that ought to be kept."""
    h = HASHES[trusted.hash_name]
    wanted = {one.size: one.root for one in reversed(chain.known)}
    truth = _believable(folder, trusted, h)
    frontier, nodes = Frontier(h), dict[tuple[int, int], bytes]()
    parted, agreed, expected = None, 0, 0
    swapped = _Swapped()
    root_held: bytes | None = frontier.root() if trusted.size == 0 else None
    for leaf in leaves:
        for position in range(expected, leaf.position):
            report.findings.append(Finding(Kind.MISSING, f"security_leaf position={position}"))
        expected = leaf.position + 1
        true_hash = truth(leaf.position) if truth else None
        report.findings += _judged(leaf, true_hash, chain, h, swapped)
        for level, number, digest in frontier.add(leaf.hash):
            nodes[level, number] = digest
        if frontier.size == trusted.size:
            root_held = frontier.root()
        if frontier.size in wanted and parted is None:
            if frontier.root() == wanted[frontier.size]:
                agreed = frontier.size
            else:
                parted = frontier.size
    report.leaves = report.size = expected
    report.findings += swapped.told()
    if expected < trusted.size:
        kind = Kind.ROLLED_BACK if any(one.size == expected for one in chain.known) or not expected else Kind.TRUNCATED
        detail = f"the checkpoint you hold has {trusted.size} leaves, here are {expected}"
        report.findings.append(Finding(kind, f"security_leaf position={expected}…{trusted.size - 1}", detail))
    elif root_held != trusted.root or parted is not None:
        where = f"security_leaf position={agreed}…{(parted or trusted.size) - 1}"
        if not any("security_leaf" in one.where or "position" in one.detail for one in report.findings):
            report.findings.append(Finding(Kind.ALTERED, where, "the root is not the checkpoint's"))
    return nodes


class _Swapped:
    """Leaves whose hashes are wrong: where two have only changed places, that is what is told."""

    def __init__(self) -> None:
        self.wrong: list[tuple[LeafRow, bytes]] = []

    def told(self) -> Iterator[Finding]:
        """A finding for each."""
        missing = {true for _, true in self.wrong}
        for leaf, _ in self.wrong:
            kind = Kind.REORDERED if leaf.hash in missing else Kind.ALTERED
            yield Finding(
                kind, f"security_leaf position={leaf.position}", f"{KINDS.get(leaf.kind, leaf.kind)} id={leaf.ref}"
            )


def _judged(leaf: LeafRow, true_hash: bytes | None, chain: Chain, h: Hash, swapped: _Swapped) -> Iterator[Finding]:
    where = f"{KINDS.get(leaf.kind, leaf.kind)} id={leaf.ref}"
    place = f"leaf position {leaf.position}"
    if true_hash is not None and leaf.hash != true_hash:
        swapped.wrong.append((leaf, true_hash))
    if leaf.content is None:
        yield Finding(Kind.MISSING, where, place)
        return
    found = store.leaf_hash(leaf.kind, leaf.ref, leaf.salt, leaf.content, h)
    if found != leaf.hash and found != true_hash:
        yield Finding(Kind.ALTERED, where, place)
    elif leaf.at is not None and (before := chain.before(leaf.position)) and leaf.at < before - SLACK:
        yield Finding(
            Kind.BACKDATED, where, f"{place}, says {leaf.at:%Y-%m-%d %H:%M}, came after {before:%Y-%m-%d %H:%M}"
        )


def _believable(folder: Path | None, trusted: Checkpoint, h: Hash) -> Any:
    """Position → hash, from tiles that prove to be those of the trusted checkpoint; None when they do not."""
    if folder is None:
        return None
    files = tiles.Files(folder, trusted.size)
    try:
        if _true_root(files, trusted.size, h) != trusted.root:
            return None
    except (KeyError, OSError):
        return None

    def at(position: int) -> bytes | None:
        return files(0, position, 1)[0] if position < trusted.size else None

    return at


def _true_root(files: tiles.Files, size: int, h: Hash) -> bytes:
    """The root over the lowest tiles; those above are not believed."""
    frontier = Frontier(h)
    for first in range(0, size, TILE):
        for digest in files(0, first, min(TILE, size - first)):
            frontier.add(digest)
    return frontier.root()


def _nodes(connection: Connection, expected: dict[tuple[int, int], bytes], report: Report) -> None:
    for level, number, digest in connection.execute(SQL["all_nodes"]):
        true = expected.pop((level, number), None)
        if true != bytes(digest):
            kind = Kind.INSERTED if true is None else Kind.ALTERED
            report.findings.append(Finding(kind, f"security_node level={level} number={number}"))
    for level, number in expected:
        report.findings.append(Finding(Kind.MISSING, f"security_node level={level} number={number}"))


def _unlogged(connection: Connection, chain: Chain, report: Report) -> None:
    last = chain.before(1 << 62)
    for kind, ref, is_waiting, at in connection.execute(SQL["unlogged"]):
        where = f"{KINDS[kind]} id={ref}"
        if not is_waiting:
            report.findings.append(Finding(Kind.INSERTED, where, "has no leaf and does not wait for one"))
        elif at is not None and last is not None and at < last - SLACK:
            report.findings.append(Finding(Kind.BACKDATED, where, f"says {at:%Y-%m-%d %H:%M}, has no leaf yet"))
        else:
            report.waiting += 1


def _statements(connection: Connection, report: Report) -> None:
    for ref, public_id, kind, object_ref, body in connection.execute(SQL["all_statements"]):
        try:
            said = json.loads(body)
            is_same = (said["id"], said["kind"], said["about"]) == (public_id, kind, object_ref)
        except (ValueError, KeyError, TypeError):
            is_same = False
        if not is_same:
            report.findings.append(Finding(Kind.ALTERED, f"security_statement id={ref}", "columns and body disagree"))


def _batches(connection: Connection, h: Hash, report: Report) -> None:
    with connection.transaction(), connection.cursor(name="batches", binary=True) as cursor:
        cursor.itersize = 20
        cursor.execute(SQL["all_batches"])
        for ref, rows, row_nos, digests, root in cursor:
            each = [bytes(digests[at : at + 32]) for at in range(0, len(digests), 32)]
            report.rows += rows
            if len(each) != rows or len(row_nos) != 4 * rows or merkle.fold(each, h) != bytes(root):
                report.findings.append(Finding(Kind.ALTERED, f"security_batch id={ref}", "digests and root disagree"))
