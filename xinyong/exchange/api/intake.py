"""How a department's submissions fare: which there are, state and counts, what is said of each row, feedback, receipts."""

from datetime import datetime
from io import BytesIO
from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpRequest
from ninja import Path, Query, Schema
from pydantic import ConfigDict

from xinyong.exchange import sandbox
from xinyong.exchange.bodies import Item
from xinyong.exchange.door import Entrance, actor, call, operation
from xinyong.intake import receipt, returned, rows, views
from xinyong.intake.outcome import Counts, Found
from xinyong.intake.rows import RowView, Told
from xinyong.intake.views import SubmissionView
from xinyong.security.access import Action

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=MOST)]
Status = Literal["received", "staged", "deposited", "refused", "cancelled", "reverted"]
#: What more work will not change.
OVER = frozenset({"deposited", "refused", "cancelled", "reverted"})


_SUBMISSION: dict[str, Any] = {
    "id": 1024, "item_id": "admin-penalty-org", "source_code": "11990100MA00000231", "status": "deposited", "is_over": True,
    "received_at": "2026-06-15T02:00:00Z", "finished_at": "2026-06-15T02:00:04Z",
    "counts": {"rows_read": 3, "accepted": 2, "doubtful": 0, "rejected": 1, "duplicate": 0, "unchanged": 0}, "rows_done": 3,
    "warnings": 0, "late": 0, "open_rows": 1, "corrects": None, "refusal": None,
    "links": {
        "self": "/api/v1/submissions/1024", "rows": "/api/v1/submissions/1024/rows",
        "feedback": "/api/v1/submissions/1024/feedback", "receipt": "/api/v1/submissions/1024/receipt",
        "cancel": "/api/v1/submissions/1024/cancel",
    },
}  # fmt: skip
_ROW: dict[str, Any] = {
    "row": 3, "outcome": "rejected", "corrected_by": None,
    "findings": [
        {
            "column": "处罚决定日期", "field": "CF_JDRQ", "value": "2026年13月5日", "rule": "V06-date", "severity": "error",
            "zh": "不是有效的日期。", "en": "Not a date.", "basis": "", "suggestion": "",
        }
    ],
}  # fmt: skip


class CountsOut(Schema):
    """Rows by what became of them; the five outcomes add up to the rows read."""

    rows_read: int
    accepted: int
    doubtful: int
    rejected: int
    duplicate: int
    unchanged: int


class RefusalOut(Schema):
    """Why a submission was sent back whole. ``facts`` name the columns it is about, where it is about columns."""

    code: str
    zh: str
    en: str
    facts: dict[str, Any] = {}


class LinksOut(Schema):
    """Where to go from a submission."""

    self: str
    rows: str
    feedback: str
    receipt: str
    cancel: str


class SubmissionOut(Schema):
    """A submission's state. ``status``: received, staged (read, work goes on), deposited (done), refused (whole), cancelled
    (before work began), reverted (a person took it back after it was done); ``rows_done`` tells how far the work is."""

    model_config = ConfigDict(json_schema_extra={"example": _SUBMISSION})

    id: int
    item_id: str
    source_code: str
    status: Status
    is_over: bool
    received_at: datetime
    finished_at: datetime | None
    counts: CountsOut
    rows_done: int
    warnings: int
    late: int
    open_rows: int
    corrects: int | None
    refusal: RefusalOut | None
    links: LinksOut


class SubmissionsOut(Schema):
    """A page of submissions, newest first. ``next_after`` is the ``after`` of the next page, null on the last."""

    submissions: list[SubmissionOut]
    next_after: int | None


class FindingOut(Schema):
    """One thing found in a cell of a row: which rule, how bad, what to do. ``value`` is masked where it is a person's."""

    column: str
    field: str
    value: str
    rule: str
    severity: Literal["error", "doubtful", "warning"]
    zh: str
    en: str
    basis: str
    suggestion: str


class RowOut(Schema):
    """A row of which something is said. ``row`` counts as the sender's file does: a spreadsheet's row, a JSON array's
    element (the first is 1). ``corrected_by``: the later submission whose row took its place."""

    model_config = ConfigDict(json_schema_extra={"example": _ROW})

    row: int
    outcome: Told
    corrected_by: int | None
    findings: list[FindingOut]


class RowsOut(Schema):
    """A page of rows by number. ``next_after`` is the ``after`` of the next page, null on the last."""

    rows: list[RowOut]
    next_after: int | None


class ReceiptOut(Schema):
    """The countersigned receipt with its proofs: docs/explanation/evidence.md says what stands in it."""

    receipt: dict[str, Any]


def told(one: SubmissionView, *, rows_done: int | None = None) -> SubmissionOut:
    """A submission as the interface tells it."""
    place = f"/api/v1/submissions/{one.id}"
    refusal = RefusalOut(**one.refusal) if one.refusal else None
    return SubmissionOut(
        id=one.id, item_id=one.item_id, source_code=one.source_code, status=one.status,  # type: ignore[arg-type]
        is_over=one.status in OVER, received_at=one.received_at, finished_at=one.finished_at,
        counts=counts(one.counts), rows_done=one.counts.rows_read if rows_done is None else rows_done,
        warnings=one.warnings, late=one.late, open_rows=one.open_rows, corrects=one.corrects, refusal=refusal,
        links=LinksOut(
            self=place, rows=f"{place}/rows", feedback=f"{place}/feedback", receipt=f"{place}/receipt",
            cancel=f"{place}/cancel",
        ),
    )  # fmt: skip


def counts(one: Counts) -> CountsOut:
    """Counts as the interface tells them."""
    return CountsOut(
        rows_read=one.rows_read, accepted=one.accepted, doubtful=one.doubtful, rejected=one.rejected,
        duplicate=one.duplicate, unchanged=one.unchanged,
    )  # fmt: skip


def row(one: RowView) -> RowOut:
    """A row as the interface tells it."""
    return RowOut(
        row=one.row_no, outcome=one.outcome, corrected_by=one.corrected_by, findings=[_finding(f) for f in one.findings]
    )


def _finding(one: Found) -> FindingOut:
    return FindingOut(
        column=one.column, field=one.field, value=one.value, rule=one.rule, severity=one.severity,  # type: ignore[arg-type]
        zh=one.message, en=one.message_en, basis=one.basis, suggestion=one.suggestion,
    )  # fmt: skip


def _sandbox(request: HttpRequest, submission_id: int) -> SubmissionOut:
    who = call(request).caller
    unit = who.actor.department or "" if who else ""
    return told(sandbox.submission(submission_id, source_code=unit))


def _played(request: HttpRequest, submission_id: Number) -> SubmissionOut:
    return _sandbox(request, submission_id)


def _played_list(request: HttpRequest, **_: Any) -> SubmissionsOut:
    return SubmissionsOut(submissions=[_sandbox(request, sandbox.SUBMISSION)], next_after=None)


def _played_rows(request: HttpRequest, submission_id: Number, outcome: Told | None = None, **_: Any) -> RowsOut:
    _sandbox(request, submission_id)
    wanted = [one for one in sandbox.ROWS if outcome is None or one.outcome is outcome]
    return RowsOut(rows=[row(one) for one in wanted], next_after=None)


def _played_feedback(request: HttpRequest, submission_id: Number) -> FileResponse:
    _sandbox(request, submission_id)
    return FileResponse(BytesIO(sandbox.feedback()), filename="feedback.xlsx", as_attachment=True, content_type=XLSX)


def _played_receipt(request: HttpRequest, submission_id: Number) -> ReceiptOut:
    _sandbox(request, submission_id)
    return ReceiptOut(receipt={"id": "0" * 32, "note": "沙箱示例，没有签名 a sandbox example, not signed"})


@operation(
    "GET", "/submissions", action=Action.VIEW_SUBMISSION, by=Entrance.TOKEN, scope="read:submissions",
    returns=SubmissionsOut, summary="本单位的报送 The department's submissions", sandbox=_played_list,
)  # fmt: skip
def submissions(
    request: HttpRequest,
    item: Annotated[Item | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    after: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SubmissionsOut:
    """The department's own submissions by every channel, newest first. One look in the log for each page."""
    found = views.submissions(
        seen_by=actor(request), after=after, limit=limit + 1, item_id=item or "", status=status or ""
    )
    page = found[:limit]
    return SubmissionsOut(
        submissions=[told(one) for one in page], next_after=page[-1].id if len(found) > limit else None
    )


@operation(
    "GET", "/submissions/{submission_id}", action=Action.VIEW_SUBMISSION, by=Entrance.TOKEN, scope="read:submissions",
    returns=SubmissionOut, summary="一次报送的进度 The state of a submission", sandbox=_played,
)  # fmt: skip
def submission(request: HttpRequest, submission_id: Number) -> SubmissionOut:
    """One of the department's own submissions; another's looks like one that does not exist. The look stands in the log."""
    one = views.submission(submission_id, seen_by=actor(request))
    is_staged = one.status == "staged"
    return told(one, rows_done=views.rows_done(submission_id, seen_by=actor(request)) if is_staged else None)


@operation(
    "GET", "/submissions/{submission_id}/rows", action=Action.READ_FINDINGS, by=Entrance.TOKEN, scope="read:submissions",
    returns=RowsOut, summary="逐行结果 What is said of each row", sandbox=_played_rows,
)  # fmt: skip
def submission_rows(
    request: HttpRequest,
    submission_id: Number,
    outcome: Annotated[Told | None, Query()] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RowsOut:
    """Rows of which something is said, in order, each with its findings: which rule, which field, what to do. A row that is
    not told went in, or stood in the archive word for word. Values of persons are masked. The look stands in the log."""
    found = rows.of(submission_id, seen_by=actor(request), outcome=outcome, after=after, limit=limit + 1)
    page = found[:limit]
    return RowsOut(rows=[row(one) for one in page], next_after=page[-1].row_no if len(found) > limit else None)


@operation(
    "GET", "/submissions/{submission_id}/feedback", action=Action.READ_FINDINGS, by=Entrance.TOKEN,
    scope="read:submissions", returns=None, summary="反馈工作簿 The returned workbook", sandbox=_played_feedback,
    more={
        "responses": {
            200: {
                "description": "OK",
                "content": {XLSX: {"schema": {"type": "string", "contentMediaType": XLSX}}},
            },
            409: {"$ref": "#/components/responses/Conflict"},
        }
    },
)  # fmt: skip
def submission_feedback(request: HttpRequest, submission_id: Number) -> FileResponse:
    """The department's own rows with the faulty cells marked (XLSX), once the work is done. Taking it stands in the log."""
    with TemporaryDirectory(prefix="xinyong-feedback-") as folder:
        path = returned.write(submission_id, to=File(folder, "feedback.xlsx"), seen_by=actor(request))
        # The open handle keeps the content; nothing of it stays on disk.
        name = f"submission-{submission_id}-feedback.xlsx"
        return FileResponse(path.open("rb"), filename=name, as_attachment=True, content_type=XLSX)


@operation(
    "GET", "/submissions/{submission_id}/receipt", action=Action.VIEW_RECEIPT, by=Entrance.TOKEN,
    scope="read:submissions", returns=ReceiptOut, summary="一次报送的回执 The receipt of a submission",
    sandbox=_played_receipt,
)  # fmt: skip
def submission_receipt(request: HttpRequest, submission_id: Number) -> ReceiptOut:
    """What was received and what became of it, signed, with proofs against the public log. Taking it stands in the log."""
    return ReceiptOut(receipt=receipt.of(submission_id, seen_by=actor(request)))
