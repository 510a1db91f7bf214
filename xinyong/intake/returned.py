"""What a submission sends back: the sender's own workbook marked up, or a list."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from xinyong.intake import feedback, staging, views
from xinyong.intake.models import Finding, Submission
from xinyong.intake.outcome import Found
from xinyong.kernel.errors import Conflict
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require


class NotFinished(Conflict):
    """Feedback exists when the work on a submission is done."""

    code = "intake.not-finished"


def write(submission_id: int, *, to: Path, seen_by: Actor) -> Path:
    """Writes the feedback of a submission: a workbook when ``to`` ends in .xlsx, otherwise CSV. Returns ``to``.

    Raises UnknownSubmission, NotFinished; NotAllowed for an auditor, who sees what was done and not what was written.
    Leaves an audit entry: feedback holds what the sender wrote.
    """
    seen = views.find(submission_id, seen_by=seen_by)
    require(seen_by, Action.READ_FINDINGS, department=seen.source_code)
    if seen.status != Submission.Status.DEPOSITED:
        raise NotFinished(
            "这批数据还没有处理完，或已被整体退回。处理完成后再取反馈。",
            "The work on this submission is not done, or it was refused as a whole. Come back when it is done.",
        )
    digest = Submission.objects.values_list("content_digest", flat=True).get(pk=submission_id)
    audit.enter(audit.Event.FEEDBACK_TAKEN, by=seen_by, object_kind="submission", object_ref=str(submission_id))
    with tempfile.TemporaryDirectory(prefix="xinyong-feedback-") as name:
        original = staging.open_original(digest, Path(name) / "original")
        writer = feedback.workbook if to.suffix.lower() == ".xlsx" else feedback.csv
        writer(
            original=original, file_name=seen.file_name, facts=seen.facts, findings=_findings(submission_id),
            counts=seen.counts, to=to,
        )  # fmt: skip
    return to


def _findings(submission_id: int) -> Iterator[Found]:
    for one in Finding.objects.filter(submission_id=submission_id).order_by("row_no", "id").iterator(5000):
        yield views.finding_view(one).found
