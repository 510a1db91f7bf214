"""The receipt of a submission (报送回执): what was received and what became of it, stated for good, signed and proved.

A statement is made when a file is received and when it is deposited or refused, in the same transaction. It names the file
by its SHA-256, which the department can compute itself, and no person.
"""

import hashlib
from typing import Any

from django.db import transaction

from xinyong.intake import views
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


def of(submission_id: int, *, seen_by: Actor) -> dict[str, Any]:
    """The receipt as it stands now, with proofs against a checkpoint that holds it. Leaves an audit entry.

    Raises UnknownSubmission, NotAllowed, NoReceipt.
    """
    seen = views.find(submission_id, seen_by=seen_by)
    require(seen_by, Action.VIEW_RECEIPT, department=seen.source_code)
    with transaction.atomic():
        audit.enter(audit.Event.RECEIPT_TAKEN, by=seen_by, object_kind="submission", object_ref=str(submission_id))
    about = _about(Submission.objects.select_related("source").get(pk=submission_id))
    if not statements.about(about):
        raise NoReceipt(
            "这批数据在启用回执以前报送，没有回执。", "This submission was made before there were receipts."
        )
    published = sequencer.publish(now=clock.now())
    return receipts.compose(statements.about(about), published.note)


def _about(submission: Submission) -> str:
    """The submission's name in statements: 32 hex digits that the department can compute, and no running number."""
    parts = (submission.source.code, submission.item_id, submission.content_digest)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _finished(submission: Submission) -> str:
    return submission.finished_at.astimezone(clock.ZONE).isoformat() if submission.finished_at else ""
