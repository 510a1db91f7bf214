"""Files of data that leave the platform (导出): a register of them, a daily quota, and a mark that names the recipient.

Each file has a mark of 32 bits, known only to the register. It stands in every row as characters nobody sees, and in the
order of the rows: whoever passes on a part, or copies the cells clean, still passes on who it was (security.md §3-38).
"""

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.db import connection

from xinyong.kernel.errors import Conflict
from xinyong.security import audit
from xinyong.security.access import Actor, NotAllowed
from xinyong.security.models import Handout

_BITS = 32
#: Four characters without width: two bits each; sixteen for the mark, four for its check.
_UNSEEN = "\u200b\u200c\u200d\u2060"
_RUN = re.compile(f"[{_UNSEEN}]{{20}}")
#: Neighbours in order that are wanted before the order says anything, and how many of them must be.
_PAIRS, _SHARE = 20, 0.9


class DailyQuotaSpent(Conflict):
    """The account has taken as many rows today as a day allows."""

    code = "security.export-quota-spent"


@dataclass(frozen=True, slots=True)
class Traced:
    """Which file a leaked text comes from: the register's number, who took it, when, and how it was recognised."""

    id: int
    username: str
    at: datetime
    purpose: str
    how: str


def take(*, account_id: int, kind: str, amount: int, limit: int, day: date) -> int:
    """Takes from a day's quota; returns what is used then. One statement: however many ask at once, the sum never passes
    ``limit``. Raises DailyQuotaSpent."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO security_allowance AS a (account_id, kind, day, used)
            SELECT %(account)s, %(kind)s, %(day)s, %(amount)s WHERE %(amount)s <= %(limit)s
            ON CONFLICT (account_id, kind, day) DO UPDATE SET used = a.used + EXCLUDED.used
            WHERE a.used + EXCLUDED.used <= %(limit)s
            RETURNING used
            """,
            {"account": account_id, "kind": kind, "day": day, "amount": amount, "limit": limit},
        )
        row = cursor.fetchone()
    if row is None:
        raise DailyQuotaSpent(
            f"今天的导出额度（{limit:,} 行）不够这次使用。请缩小范围，或明天再导出。",
            f"What is left of today's quota ({limit:,} rows) is not enough for this. Narrow it down, or come back tomorrow.",
        )
    return int(row[0])


def enter(
    kind: str, *, event: audit.Event, rows: int, purpose: str, consent: int | None, by: Actor, at: datetime,
    **facts: Any,
) -> tuple[int, int]:  # fmt: skip
    """Enters a file in the register and the log, before a byte of it leaves; returns its number and its mark."""
    if by.account_id is None:
        raise NotAllowed("导出须由登录的人员办理。", "Files are handed out to people who are signed in.")
    made = Handout.objects.create(
        mark=secrets.randbits(_BITS), kind=kind, account_id=by.account_id, at=at, rows=rows, purpose=purpose, facts=facts,
        approval_id=consent,
    )  # fmt: skip
    audit.enter(
        event,
        by=by,
        object_kind="handout",
        object_ref=str(made.pk),
        purpose=purpose,
        rows=rows,
        consent=consent,
        **facts,
    )
    return made.pk, made.mark


def hidden(mark: int) -> str:
    """The mark as characters nobody sees, to stand behind the text of a cell."""
    whole = mark << 8 | _check(mark)
    return "".join(_UNSEEN[whole >> shift & 3] for shift in range(_BITS + 6, -1, -2))


def place(mark: int, key: str) -> bytes:
    """Where a row stands in a file of this mark: rows are written in the order of this."""
    return hmac.new(mark.to_bytes(8), key.encode(), hashlib.sha256).digest()[:8]


def trace(texts: Iterable[str], keys: Sequence[tuple[str, str]]) -> Traced | None:
    """The file that ``texts`` (the cells of a leaked one) come from, by hidden marks, else by the order of ``keys``: (month,
    what identifies the row), in the order found. None when neither says anything."""
    found = Counter(mark for text in texts for mark in _marks(text))
    for mark, _ in found.most_common():
        if (known := Handout.objects.select_related("account").filter(mark=mark).first()) is not None:
            return Traced(known.pk, known.account.username, known.at, known.purpose, "mark")
    pairs = [(one, two) for (month, one), (other, two) in pairwise(keys) if month == other]
    best, which = 0.0, None
    for one in Handout.objects.select_related("account").filter(rows__gte=len(keys)) if len(pairs) >= _PAIRS else ():
        in_order = sum(place(one.mark, first) <= place(one.mark, second) for first, second in pairs) / len(pairs)
        if in_order > best:
            best, which = in_order, one
    if which is None or best < _SHARE:
        return None
    return Traced(which.pk, which.account.username, which.at, which.purpose, "order")


def _marks(text: str) -> Iterable[int]:
    for run in _RUN.findall(text):
        whole = 0
        for character in run:
            whole = whole << 2 | _UNSEEN.index(character)
        if whole & 255 == _check(whole >> 8):
            yield whole >> 8


def _check(mark: int) -> int:
    return hashlib.sha256(mark.to_bytes(8)).digest()[0]
