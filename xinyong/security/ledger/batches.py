"""Rows that come in by the thousand: one leaf for all of them, a digest for each, so that one altered row is found.

A leaf for each row would be some 30,000 a second; the root over a batch's digests is one leaf, and each row is still proved
by a path within the batch and the batch's in the log (docs/decisions/0011).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from django.conf import settings

from xinyong.security.ledger import merkle
from xinyong.security.ledger.merkle import HASHES, Hash
from xinyong.security.ledger.store import SQL


def digest_of_rows(rows: memoryview, ends: Sequence[int], h: Hash) -> list[bytes]:
    """The leaf hash of each row; ``rows`` are their canonical bytes one behind the other, ``ends`` where each ends."""
    found, start = [], 0
    if h is merkle.sha256:
        from hashlib import sha256

        for end in ends:
            digest = sha256(b"\x00")
            digest.update(rows[start:end])
            found.append(digest.digest())
            start = end
        return found
    for end in ends:
        found.append(h(b"\x00" + rows[start:end]))
        start = end
    return found


def enter(
    connection: "psycopg.Connection[Any]",
    *,
    submission_id: int,
    row_nos: npt.NDArray[np.int32],
    rows: memoryview,
    ends: Sequence[int],
) -> None:
    """Enters the digests of rows that the caller brings in, in the caller's transaction."""
    h = HASHES[settings.LOG_HASH]
    digests = digest_of_rows(rows, ends, h)
    connection.execute(
        SQL["enter_batch"],
        [submission_id, len(digests), row_nos.astype(">i4").tobytes(), b"".join(digests), merkle.fold(digests, h)],
        binary=True,
    )


def of_submission(connection: "psycopg.Connection[Any]", submission_id: int) -> dict[bytes, tuple[int, int]]:
    """The digests of what a submission brought: digest → (batch, row number in the sender's file)."""
    found = {}
    rows = connection.execute(
        "SELECT id, row_nos, digests FROM security_batch WHERE submission_id = %s ORDER BY id",
        [submission_id],
        binary=True,
    )
    for batch, row_nos, digests in rows:
        numbers = np.frombuffer(row_nos, ">i4").tolist()
        for at, number in enumerate(numbers):
            found[bytes(digests[at * 32 : at * 32 + 32])] = (batch, number)
    return found
