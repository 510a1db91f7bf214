"""Rows as dictionaries, and sealed keyset cursors."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db import connection

from xinyong.kernel.errors import Invalid
from xinyong.security import cursors


class BadCursor(Invalid):
    """The address of a next page was altered."""

    code = "records.bad-cursor"


def rows(statement: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Runs a statement and yields its rows by column name; ``payload`` is decoded."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        columns = [column.name for column in cursor.description or ()]
        for values in cursor.fetchall():
            row = dict(zip(columns, values, strict=True))
            if isinstance(row.get("payload"), str):
                row["payload"] = json.loads(row["payload"])
            yield row


def encode(row: Mapping[str, Any], *, of: str, before: int = 0) -> str:
    """The cursor after this row of the list ``of``; ``before`` counts the rows up to it."""
    place = [row["decided_on"].isoformat(), row["subject_id"], bytes(row["key_digest"]).hex(), before]
    return cursors.give(place, of=of)


def decode(cursor: str, *, of: str) -> tuple[dict[str, Any], int]:
    """Query parameters of a cursor, and how many rows lie before it. Raises BadCursor."""
    try:
        decided_on, subject_id, key, before = cursors.read(cursor, of=of)
    except cursors.Broken as error:
        raise BadCursor(
            "下一页的地址不完整。请回到列表第一页。",
            "The address of the next page is damaged. Go back to the first page.",
        ) from error
    return {
        "after_date": date.fromisoformat(str(decided_on)),
        "after_subject": int(subject_id),
        "after_key": bytes.fromhex(str(key)),
    }, int(before)


#: Keyset condition for ``ORDER BY decided_on DESC, subject_id DESC, key_digest DESC``.
AFTER = "(r.decided_on, r.subject_id, r.key_digest) < (%(after_date)s, %(after_subject)s, %(after_key)s)"
