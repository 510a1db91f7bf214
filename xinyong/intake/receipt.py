"""The receipt of a submission (报送回执): what was received and what became of it, stated for good, signed and proved.

A statement is made when a file is received and when it is deposited or refused, in the same transaction. It names the file
by its SHA-256, which the department can compute itself, and no person.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.intake import headers, read, staging, views
from xinyong.intake.models import Submission
from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.security.ledger import receipts, sequencer, statements


class NoReceipt(NotFound):
    """The submission was made before there were receipts."""

    code = "intake.no-receipt"


def received(submission: Submission) -> None:
    """States that a file was received, from whom, for which item."""
    unit = submission.source
    statements.make(
        "submission-received",
        about=_about(submission),
        facts={
            "unit": unit.code, "unit_name": unit.name, "item": submission.item_id, "item_version": submission.item_version,
            "sha256": submission.content_digest, "bytes": submission.file_size, "channel": submission.channel,
            "received_at": submission.received_at.astimezone(clock.ZONE).isoformat(),
        },
    )  # fmt: skip


def deposited(submission: Submission) -> None:
    """States what became of the rows."""
    statements.make(
        "submission-deposited",
        about=_about(submission),
        facts={
            "sha256": submission.content_digest, "rows": submission.rows_read, "accepted": submission.accepted,
            "doubtful": submission.doubtful, "rejected": submission.rejected, "duplicate": submission.duplicate,
            "unchanged": submission.unchanged, "finished_at": _finished(submission),
        },
    )  # fmt: skip


def refused(submission: Submission) -> None:
    """States that the file was sent back whole, and by which code."""
    statements.make(
        "submission-refused",
        about=_about(submission),
        facts={
            "sha256": submission.content_digest, "reason": (submission.refusal or {}).get("code", ""),
            "finished_at": _finished(submission),
        },
    )  # fmt: skip


def cancelled(submission: Submission) -> None:
    """States that the department took the file back before anything was done with it."""
    statements.make(
        "submission-cancelled",
        about=_about(submission),
        facts={"sha256": submission.content_digest, "finished_at": _finished(submission)},
    )


def of(submission_id: int, *, seen_by: Actor) -> dict[str, Any]:
    """The receipt as it stands now, with proofs against a checkpoint that holds it. Leaves an audit entry.

    Raises UnknownSubmission, NotAllowed, NoReceipt.
    """
    seen = views.find(submission_id, seen_by=seen_by)
    require(seen_by, Action.VIEW_RECEIPT, department=seen.source_code)
    return _composed(Submission.objects.select_related("source").get(pk=submission_id), seen_by)


def _composed(submission: Submission, seen_by: Actor) -> dict[str, Any]:
    with transaction.atomic():
        audit.enter(audit.Event.RECEIPT_TAKEN, by=seen_by, object_kind="submission", object_ref=str(submission.pk))
    about = _about(submission)
    if not statements.about(about):
        raise NoReceipt(
            "这批数据在启用回执以前报送，没有回执。", "This submission was made before there were receipts."
        )
    published = sequencer.publish(now=clock.now())
    return receipts.compose(statements.about(about), published.note)


def of_own(submission_id: int, *, seen_by: Actor) -> dict[str, Any]:
    """The receipt of what an organisation declared of itself, for itself. Leaves an audit entry. Raises UnknownSubmission,
    NotAllowed, NoReceipt."""
    require(seen_by, Action.VIEW_OWN)
    found = (
        Submission.objects.select_related("source").filter(pk=submission_id, subject_id=seen_by.subject or -1).first()
    )
    if found is None:
        raise views.unknown(submission_id)
    return _composed(found, seen_by)


def _about(submission: Submission) -> str:
    """The submission's name in statements: 32 hex digits that the department can compute, and no running number."""
    own = (str(submission.subject_id),) if submission.subject_id is not None else ()
    parts = (submission.source.code, submission.item_id, submission.content_digest, *own)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _finished(submission: Submission) -> str:
    return submission.finished_at.astimezone(clock.ZONE).isoformat() if submission.finished_at else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that reads otherwise in another file than in the one that was handed in. ``row_no`` in the handed-in file
    for what is ``changed`` or ``removed`` there, in the other for what is ``added``."""

    kind: str
    row_no: int


def compare(submission_id: int, path: Path, *, seen_by: Actor) -> list[Difference]:
    """What a department's file of today says otherwise than the one it handed in (T13: rows edited or removed quietly).

    Rows are compared as read, cell by cell, wherever they stand. Raises UnknownSubmission, NotAllowed, the reader's Refused.
    """
    seen = views.find(submission_id, seen_by=seen_by)
    require(seen_by, Action.READ_FINDINGS, department=seen.source_code)
    one = Submission.objects.get(pk=submission_id)
    with TemporaryDirectory(prefix="xinyong-compare-") as name:
        folder = Path(name)
        original = staging.open_original(one.content_digest, folder / "original")
        before = _rows(original, one, folder / "before", one.file_name)
        after = _rows(path, one, folder / "after", path.name)
    gone, come = _left(before, after), _left(after, before)
    found = []
    for row_no, cells in gone:
        same = max(come, key=lambda other: _alike(cells, other[1]), default=None)
        if same is not None and _alike(cells, same[1]) * 2 >= len(cells):
            come.remove(same)
            found.append(Difference("changed", row_no))
        else:
            found.append(Difference("removed", row_no))
    return sorted([*found, *(Difference("added", row_no) for row_no, _ in come)], key=lambda each: each.row_no)


_Row = tuple[int, tuple[str, ...]]


def _rows(path: Path, one: Submission, folder: Path, file_name: str) -> list[_Row]:
    folder.mkdir()
    item = publish.version(one.item_id, one.item_version)
    known = headers.known(item, one.mapping)
    reading = read.read(path, folder=folder, file_name=file_name, known_headers=known)
    order = sorted(range(len(reading.headers)), key=lambda at: (reading.headers[at], at))
    rows: list[_Row] = []
    for chunk in reading.chunks:
        table = read.table(chunk)
        cells = [table.column(f"c{at}").to_pylist() for at in order]
        numbers = table.column("row_no").to_pylist()
        rows += [(no, tuple(text or "" for text in row)) for no, *row in zip(numbers, *cells, strict=True)]
    return rows


def _left(rows: list[_Row], others: list[_Row]) -> list[_Row]:
    """The rows that the other file does not have; one it has once counts once."""
    has = Counter(cells for _, cells in others)
    left = []
    for row_no, cells in rows:
        if has[cells]:
            has[cells] -= 1
        else:
            left.append((row_no, cells))
    return left


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=False))
