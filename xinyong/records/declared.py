"""自主申报的核验标注 Which of the records are an organisation's own word, and which of those somebody has checked.

The archive keeps the mark beside the record, because whoever reads the record must read it; what led to it (declaration,
proofs, reasons) is the business of the room that took it in (intake/voluntary.py).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from xinyong.kernel import sql
from xinyong.records import _cursor, _rows, disclosure
from xinyong.records.models import Verification
from xinyong.records.view import RecordView
from xinyong.security import scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.subjects import registry

_SQL = sql.load(__file__, "records.sql")


@dataclass(frozen=True, slots=True)
class Standing:
    """How many data of a submission are shown today, and how many are over."""

    shown: int = 0
    over: int = 0


def note_checked(*, submission_id: int, subject_id: int, unit: str, on: date, by: Actor, at: datetime) -> None:
    """Marks what a submission brought as checked by a unit, for a caller whose act it is; once. Raises NotAllowed."""
    require(by, Action.CHECK_DECLARED)
    Verification.objects.get_or_create(
        submission_id=submission_id,
        defaults={"subject_id": subject_id, "unit": unit, "checked_on": on, "checked_at": at},
    )


def standing(subject_id: int, submissions: Collection[int], *, as_of: date) -> dict[int, Standing]:
    """Submission → what is shown of what it brought and what is over, with the platform's own eyes: callers have checked who
    asks, and records whose publicity has ended are out of an organisation's own sight."""
    parameters = {"subject_id": subject_id, "submissions": sorted(submissions), "as_of": as_of}
    with scope.acting(system("declarations")):
        found = list(_cursor.rows(_SQL["standing"], parameters))
    return {row["submission_id"]: Standing(row["shown"], row["over"]) for row in found}


def said(subject_id: int, submission_id: int, *, as_of: date, limit: int = 50) -> list[RecordView]:
    """What a declaration says, in the order of its rows: of each datum the last version that is its word, withdrawn ones too.
    With the platform's own eyes, for who declared it and who checks it; callers have checked who asks."""
    subject, seen = registry.by_id(subject_id), disclosure.public_sight()
    statement = _SQL["said"].format(columns=_SQL["columns"])
    parameters = {"subject_id": subject_id, "submission_id": submission_id, "limit": limit}
    with scope.acting(system("declarations")):
        rows, sources = list(_cursor.rows(statement, parameters)), _rows.Sources()
        return [
            _rows.view(
                row, seen=seen, as_of=as_of, sources=sources, subject_code=subject.code, subject_name=subject.name
            )
            for row in rows
        ]
