"""How a department's submissions fare: state, counts, receipts. Handing in over the interface comes with the exchange of tables."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Schema

from xinyong.exchange import sandbox
from xinyong.exchange.door import Entrance, actor, call, operation
from xinyong.intake import receipt, views
from xinyong.kernel import clock
from xinyong.security.access import Action

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


class CountsOut(Schema):
    """Rows by what became of them."""

    rows_read: int
    accepted: int
    doubtful: int
    rejected: int
    duplicate: int
    unchanged: int


class SubmissionOut(Schema):
    """A submission's state; what its rows say is not told here."""

    id: int
    item_id: str
    source_code: str
    status: str
    received_at: datetime
    finished_at: datetime | None
    counts: CountsOut
    warnings: int
    late: int
    open_rows: int
    corrects: int | None


class ReceiptOut(Schema):
    """The countersigned receipt with its proofs: docs/explanation/evidence.md says what stands in it."""

    receipt: dict[str, Any]


def _played(request: HttpRequest, submission_id: Number) -> SubmissionOut:
    if submission_id != sandbox.SUBMISSION:
        raise views.unknown(submission_id)
    who = call(request).caller
    counts = CountsOut(rows_read=3, accepted=1, doubtful=1, rejected=1, duplicate=0, unchanged=0)
    return SubmissionOut(
        id=submission_id, item_id="admin-penalty-org", source_code=who.actor.department or "" if who else "",
        status="done", received_at=clock.now(), finished_at=clock.now(), counts=counts, warnings=0, late=0, open_rows=1,
        corrects=None,
    )  # fmt: skip


def _played_receipt(request: HttpRequest, submission_id: Number) -> ReceiptOut:
    _played(request, submission_id)
    return ReceiptOut(receipt={"id": "0" * 32, "note": "沙箱示例，没有签名 a sandbox example, not signed"})


@operation(
    "GET", "/submissions/{submission_id}", action=Action.VIEW_SUBMISSION, by=Entrance.TOKEN, scope="read:submissions",
    returns=SubmissionOut, summary="一次报送的进度 The state of a submission", sandbox=_played,
)  # fmt: skip
def submission(request: HttpRequest, submission_id: Number) -> SubmissionOut:
    """One of the department's own submissions; another's looks like one that does not exist. The look stands in the log."""
    one = views.submission(submission_id, seen_by=actor(request))
    counts = CountsOut(
        rows_read=one.counts.rows_read, accepted=one.counts.accepted, doubtful=one.counts.doubtful,
        rejected=one.counts.rejected, duplicate=one.counts.duplicate, unchanged=one.counts.unchanged,
    )  # fmt: skip
    return SubmissionOut(
        id=one.id, item_id=one.item_id, source_code=one.source_code, status=one.status, received_at=one.received_at,
        finished_at=one.finished_at, counts=counts, warnings=one.warnings, late=one.late, open_rows=one.open_rows,
        corrects=one.corrects,
    )  # fmt: skip


@operation(
    "GET", "/submissions/{submission_id}/receipt", action=Action.VIEW_RECEIPT, by=Entrance.TOKEN,
    scope="read:submissions", returns=ReceiptOut, summary="一次报送的回执 The receipt of a submission",
    sandbox=_played_receipt,
)  # fmt: skip
def submission_receipt(request: HttpRequest, submission_id: Number) -> ReceiptOut:
    """What was received and what became of it, signed, with proofs against the public log. Taking it stands in the log."""
    return ReceiptOut(receipt=receipt.of(submission_id, seen_by=actor(request)))
