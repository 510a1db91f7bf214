"""Rows as dictionaries, and opaque keyset cursors."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db import connection

from xinyong.kernel.errors import Invalid


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


def encode(row: Mapping[str, Any]) -> str:
    """The cursor after this row."""
    parts = [row["decided_on"].isoformat(), row["subject_id"], bytes(row["key_digest"]).hex()]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str) -> dict[str, Any]:
    """Query parameters of a cursor. Raises BadCursor."""
    try:
        decided_on, subject_id, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {
            "after_date": date.fromisoformat(decided_on),
            "after_subject": int(subject_id),
            "after_key": bytes.fromhex(key),
        }
    except (ValueError, TypeError) as error:
        raise BadCursor(
            "下一页的地址不完整。请回到列表第一页。",
            "The address of the next page is damaged. Go back to the first page.",
        ) from error


#: Keyset condition for ``ORDER BY decided_on DESC, subject_id DESC, key_digest DESC``.
AFTER = "(r.decided_on, r.subject_id, r.key_digest) < (%(after_date)s, %(after_subject)s, %(after_key)s)"
