"""A row that did not go in, opened for its own department to put right by hand (逐行更正).

What was sent is read from the file itself where that is quick, otherwise from what was kept of the row. Handed in again, the
row finds the one that waits by its document and its subject, as the row of a file does (intake/waiting.py).
"""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from xinyong.catalogue import forbidden, publish
from xinyong.intake import again, entry, headers, staging, views
from xinyong.intake import read as reader
from xinyong.intake.models import Submission, WaitingRow
from xinyong.intake.waiting import EXTRA
from xinyong.kernel.errors import NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

#: A file up to so many bytes is read once more for one row of it; of a larger one the row is taken as it was understood.
_QUICK: Final = 8 * 1024 * 1024


class NothingToCorrect(NotFound):
    """The row does not wait: it went in, was put right already, or the file has none of this number."""

    code = "intake.nothing-to-correct"


def begin(submission_id: int, row_no: int, *, by: Actor, at: datetime) -> tuple[str, int]:
    """Puts a waiting row into one's draft of its item, as it was sent; returns the item and the row of the draft. Begun twice,
    it is the same row. One audit entry.

    Raises UnknownSubmission, NothingToCorrect, entry's OnlyUnits, DraftFull, NotAllowed.
    """
    entry.own_unit(by)
    seen = views.find(submission_id, seen_by=by)
    require(by, Action.READ_FINDINGS, department=seen.source_code)
    waiting = WaitingRow.objects.filter(submission_id=submission_id, row_no=row_no, closed_at__isnull=True).first()
    if waiting is None:
        raise NothingToCorrect(
            f"报送 {submission_id} 第 {row_no} 行不需要更正：已经入库、已经更正，或没有这一行。",
            f"Row {row_no} of submission {submission_id} does not wait for a correction.",
        )
    audit.enter(
        audit.Event.SUBMISSION_VIEWED, by=by, object_kind="submission", object_ref=str(submission_id), part="correction"
    )
    item = publish.current(seen.item_id)
    sent = _as_sent(seen, waiting) if seen.file_size <= _QUICK else {}
    sent = sent or {code: text for code, text in again.values(waiting).items() if code != EXTRA}
    values = {code: text for code, text in entry.tidy(item, sent).items() if not forbidden.scan(text)}
    row_id = entry.keep(item.id, values, corrects=(submission_id, row_no), by=by, at=at)
    return item.id, row_id


def _as_sent(seen: views.SubmissionView, waiting: WaitingRow) -> dict[str, str]:
    """The row's cells by field code, from the sealed original; empty when it has no such row any more."""
    digest = Submission.objects.values_list("content_digest", flat=True).get(pk=seen.id)
    known = headers.known(publish.current(seen.item_id), [header for header, _ in seen.columns])
    with tempfile.TemporaryDirectory(prefix="xinyong-correct-") as name:
        folder = Path(name)
        original = staging.open_original(digest, folder / "original")
        reading = reader.read(original, folder=folder, file_name=seen.file_name, known_headers=known)
        for chunk in reading.chunks:
            found = reader.table(chunk).filter(pc.field("row_no") == waiting.row_no).to_pylist()
            if found:
                return {
                    code: str(found[0][f"c{index}"] or "")
                    for index, (_, code) in enumerate(seen.columns)
                    if code and f"c{index}" in found[0]
                }
    return {}
