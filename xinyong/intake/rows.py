"""What is said of each row (逐行结果): its outcome and its findings together, for programs that correct their own data.

Only rows of which something is said are told; every other row went in, or stood in the archive word for word. The counts
of the submission say how many.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from django.db import connection

from xinyong.intake import views
from xinyong.intake.models import Finding
from xinyong.intake.outcome import Found
from xinyong.kernel import sql
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

_SQL = sql.load(__file__, "intake.sql")
_REPEATED = "V11-duplicate"


class Told(StrEnum):
    """What became of a row of which something is said."""

    REJECTED = "rejected"  # wrong: it waits for its correction
    DOUBTFUL = "doubtful"  # perhaps right: it waits for its correction or for the credit centre
    DUPLICATE = "duplicate"  # the same datum stands earlier in this file
    NOTED = "noted"  # it went in, or was there already; what is said did not keep it out


_WAIT = (Told.REJECTED, Told.DOUBTFUL)


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of the sender's file. ``corrected_by``: the later submission whose row took its place."""

    row_no: int
    outcome: Told
    findings: tuple[Found, ...]
    corrected_by: int | None = None


def of(
    submission_id: int, *, seen_by: Actor, outcome: Told | None = None, after: int = 0, limit: int = 100
) -> list[RowView]:
    """Rows by number; ``after`` is the last number of the page before. One audit entry.

    They quote what was sent, masked where it is a person's: NotAllowed for an auditor. Raises UnknownSubmission.
    """
    seen = views.find(submission_id, seen_by=seen_by)
    require(seen_by, Action.READ_FINDINGS, department=seen.source_code)
    audit.enter(
        audit.Event.SUBMISSION_VIEWED, by=seen_by, object_kind="submission", object_ref=str(submission_id), part="rows"
    )
    wanted = {"submission": submission_id, "after": after, "limit": limit, "outcome": outcome.value if outcome else ""}
    with connection.cursor() as cursor:
        cursor.execute(_SQL["waiting_rows" if outcome in _WAIT else "told_rows"], wanted)
        told = cursor.fetchall()
    said = _said(submission_id, [row_no for row_no, _, _ in told])
    return [RowView(row_no, Told(became), said[row_no], closed_by) for row_no, became, closed_by in told]


def together(findings: Iterable[Found]) -> list[RowView]:
    """The same of a trial's findings, which come in the order of rows."""
    rows = []
    for row_no, found in groupby(findings, key=lambda one: one.row_no):
        said = tuple(found)
        rows.append(RowView(row_no, _became(said), said))
    return rows


def _became(found: Sequence[Found]) -> Told:
    severities = {one.severity for one in found}
    if "error" in severities:
        return Told.REJECTED
    if "doubtful" in severities:
        return Told.DOUBTFUL
    return Told.DUPLICATE if any(one.rule == _REPEATED for one in found) else Told.NOTED


def _said(submission_id: int, numbers: list[int]) -> dict[int, tuple[Found, ...]]:
    found = Finding.objects.filter(submission_id=submission_id, row_no__in=numbers).order_by("row_no", "id")
    return {
        row_no: tuple(views.finding_view(one).found for one in ones)
        for row_no, ones in groupby(found, key=lambda one: one.row_no)
    }
