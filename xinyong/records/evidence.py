"""Whether every version in the archive is as it came in: each row against the digest that was taken of it.

The digests themselves are under the log's root (security/ledger): the two together say that no row was altered, removed or
slipped in since, or which one.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xinyong.kernel import sql
from xinyong.kernel.errors import XinyongError
from xinyong.records import _canonical
from xinyong.records._stream import COLUMNS, DIGEST
from xinyong.security import encryption, keyring
from xinyong.security.ledger import batches, store
from xinyong.security.ledger import verify as log
from xinyong.security.ledger.findings import Finding, Kind
from xinyong.security.ledger.merkle import HASHES
from xinyong.security.ledger.notes import Checkpoint, PublicKey
from xinyong.security.ledger.verify import Report

_SQL, _ERASED = sql.load(__file__, "records.sql"), sql.load(__file__, "erased.sql")

_SEALED, _PAYLOAD, _CONTENT = (COLUMNS.index(name) for name in ("sealed", "payload", "content_digest"))
_PLACES = {name: COLUMNS.index(name) for name in ("subject_id", "key_digest", "version", "submission_id", "row_no")}


@dataclass(frozen=True, slots=True)
class _Row:
    """What a finding says about a row: its key and where it came from."""

    subject_id: int
    key: str
    version: int
    row_no: int


def findings(connection: store.Connection, hash_name: str) -> Iterator[Finding]:
    """Every row of the archive that is not what its digest says, and every digest without its row."""
    h, has_keys = HASHES[hash_name], _has_keys()
    for submission_id in _submissions(connection):
        expected = batches.of_submission(connection, submission_id)
        strange: list[tuple[bytes, _Row]] = []
        erased = _erased(connection, submission_id)
        for line, said in _lines(connection, submission_id):
            digest = batches.digest_of_rows(memoryview(line), [len(line)], h)[0]
            if erased and _is_empty(line):
                digest = erased.get(_key(line), digest)
            if expected.pop(digest, None) is None:
                strange.append((digest, _about(line)))
            elif said is not None and has_keys and not _says_what_it_said(line, said):
                yield Finding(Kind.ALTERED, _where(_about(line)), "what is sealed is not what came in")
        yield from _told(submission_id, strange, expected)
    for subject_id, key, version, is_extra in connection.execute(_SQL["later_apart"]):
        where = f"record_later subject_id={subject_id} key_digest={bytes(key).hex()} version={version}"
        yield Finding(Kind.INSERTED if is_extra else Kind.MISSING, where, "what says which version is the newest")


def _told(
    submission_id: int, strange: list[tuple[bytes, _Row]], missing: dict[bytes, tuple[int, int]]
) -> Iterator[Finding]:
    """Rows without digest and digests without row, paired where they are of one line of the sender's file."""
    lines: dict[int, int] = {}
    for _, row_no in missing.values():
        lines[row_no] = lines.get(row_no, 0) + 1
    for _, row in strange:
        where = _where(row)
        if lines.get(row.row_no, 0):
            lines[row.row_no] -= 1
            yield Finding(Kind.ALTERED, where, f"submission {submission_id}, row {row.row_no} of its file")
        else:
            yield Finding(Kind.INSERTED, where, f"claims submission {submission_id}, row {row.row_no} of its file")
    for row_no, count in lines.items():
        for _ in range(count):
            yield Finding(Kind.MISSING, f"record submission_id={submission_id} row_no={row_no}", "")


def _erased(connection: store.Connection, submission_id: int) -> dict[tuple[bytes | None, ...], bytes]:
    """What a submission brought and was erased since (records/erased.py): key → the digest it came in with, which its tombstone
    keeps. It counts only for a row without any content."""
    found = connection.execute(_ERASED["of_submission"], {"submission": submission_id}).fetchall()
    return {
        (subject_id.to_bytes(8, "big", signed=True), bytes(key), version.to_bytes(2, "big", signed=True)): bytes(leaf)
        for subject_id, key, version, leaf in found
    }


def _key(line: bytes) -> tuple[bytes | None, ...]:
    values = _canonical.split(line)
    return tuple(values[_PLACES[name]] for name in ("subject_id", "key_digest", "version"))


def _is_empty(line: bytes) -> bool:
    values = _canonical.split(line)
    return tuple(values[COLUMNS.index(name)] for name in ("payload", "sealed", "extra")) == (b"\x01{}", None, None)


def _submissions(connection: store.Connection) -> list[int]:
    rows = connection.execute(
        "SELECT submission_id FROM record GROUP BY 1 UNION SELECT submission_id FROM security_batch ORDER BY 1"
    ).fetchall()
    return [number for (number,) in rows]


def _lines(connection: store.Connection, submission_id: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Canonical bytes of the rows that a submission brought, as they lie in the archive, and what is sealed of each."""
    statement = f"COPY (SELECT {', '.join(COLUMNS)} FROM record WHERE submission_id = {submission_id:d}) TO STDOUT (FORMAT binary)"  # noqa: S608  # nosec B608  a number
    with connection.cursor().copy(statement) as copy:
        for chunk in copy:
            line = bytes(chunk)
            if line.startswith(b"PGCOPY"):
                line = line[19:]
            if line and line != b"\xff\xff":
                values = _canonical.split(line)
                yield _canonical.row(values), values[_SEALED]


def _has_keys() -> bool:
    """Whoever verifies without the keys (an auditor with the tables alone) sees that something is sealed, not what."""
    try:
        keyring.current(keyring.SEAL)
    except XinyongError:
        return False
    return True


def _says_what_it_said(line: bytes, said: bytes) -> bool:
    """Whether sealed bytes open to what the row's digest of its content is about: they are no part of the row's own digest, for they
    change with every rotation of keys."""
    values = _canonical.split(line)
    try:
        content = json.loads(encryption.unseal(said, context="record.sealed"))
    except (encryption.Unreadable, ValueError):
        return False
    content.pop("$extra", None)
    whole = (values[_PAYLOAD] or b"")[1:]
    if content:
        plain = json.dumps(content, ensure_ascii=False, sort_keys=True)
        whole += b"\x1f" + encryption.digest(plain, kind="sealed-content").hex().encode()
    return hashlib.sha256(whole).digest()[:DIGEST] == values[_CONTENT]


def _where(row: _Row) -> str:
    return f"record subject_id={row.subject_id} key_digest={row.key} version={row.version}"


def _about(line: bytes) -> _Row:
    values = _canonical.split(line)
    numbers = {name: int.from_bytes(values[place] or b"", "big", signed=True) for name, place in _PLACES.items()}
    key = (values[_PLACES["key_digest"]] or b"").hex()
    return _Row(numbers["subject_id"], key, numbers["version"], numbers["row_no"])


def verify(
    connection: store.Connection, trusted: Checkpoint, *, keys: Sequence[PublicKey], folder: Path | None = None
) -> Report:
    """The log against a trusted checkpoint, and every version in the archive against the log."""
    report = log.database(connection, trusted, keys=keys, folder=folder)
    report.findings += findings(connection, trusted.hash_name)
    return report


def check(trusted: Checkpoint, *, keys: Sequence[PublicKey], folder: Path | None = None) -> Report:
    """``verify`` on a connection of its own, in one snapshot: what is written meanwhile is no finding."""
    with store.reader() as connection:
        return verify(connection, trusted, keys=keys, folder=folder)
