"""Who used what is on file (谁用过): the log's entries about an organisation, summed by unit, purpose and kind of look.

The log itself is for auditors. What answers for a record may know that it was used, by which unit and what for; not by which
person, and nothing of what else that unit did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from xinyong.kernel import sql
from xinyong.security import scope
from xinyong.security.access import system

_SQL = sql.load(__file__, "audit.sql")


@dataclass(frozen=True, slots=True)
class Look:
    """So many looks of one kind, by one role of one unit ("" where it acts for none), for one purpose; the first and the last."""

    event: str
    role: str
    department: str
    purpose: str
    count: int
    first_at: datetime
    last_at: datetime


def of_record(
    subject_code: str, ref: str, *, item_id: str, since: datetime, with_purposes: bool, limit: int = 50
) -> tuple[Sequence[Look], int]:
    """Looks since then at the file of the organisation as a whole or at this record, reports of it that were issued, and exports
    of the record's item, which may have held it; the most recent first, and how many lines there are in all. Without purposes
    for whoever is another unit than the one that looked: what a unit inquires into is not its neighbours' affair.

    Whoever asks must have been let in to the record's history (``intake.lineage``)."""
    parameters: dict[str, Any] = {
        "subject": subject_code,
        "ref": ref,
        "item": item_id,
        "since": since,
        "told": with_purposes,
        "limit": limit,
    }
    with scope.acting(system("looks")), connection.cursor() as cursor:
        cursor.execute(_SQL["looks"], parameters)
        found = cursor.fetchall()
    return [Look(*row[:-1]) for row in found], found[0][-1] if found else 0
