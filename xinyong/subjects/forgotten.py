"""遗忘 A natural person of whom nothing is left is forgotten: name, certificate, and the way from a certificate to the number that
their records had.

The line itself stays, for rows without content still bear its number; it says of nobody that they had any. Should the same
person be reported again, they are a new subject. Source: PIPL 47.
"""

from collections.abc import Sequence
from typing import Any

import psycopg


def release(connection: psycopg.Connection[Any], subject_ids: Sequence[int]) -> int:
    """Takes name, certificate and digest from persons, in the caller's transaction; organisations stay. How many that were.

    The digest gives way to one of nothing, so that not even who has the keys can ask whether somebody once stood here.
    """
    if not subject_ids:
        return 0
    done = connection.execute(
        "UPDATE subjects_subject SET sealed = NULL, person_digest = sha256(uuid_send(gen_random_uuid()))"
        " WHERE id = ANY(%s) AND person_digest IS NOT NULL AND sealed IS NOT NULL",
        [list(subject_ids)],
    )
    return done.rowcount
