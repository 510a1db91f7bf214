"""What a reader gets to see of submissions: plain values, within the reader's own scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake.models import Chunk, Finding, Submission, WaitingRow
from xinyong.intake.outcome import Counts, Found
from xinyong.kernel.errors import NotFound
from xinyong.security import audit, identity
from xinyong.security.access import BOUNDED, Action, Actor, require
from xinyong.security.identity import SourceUnit


class UnknownSubmission(NotFound):
    """No such submission, or it is another unit's, which looks the same."""

    code = "intake.unknown-submission"


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """One submission with its counts."""

    id: int
    item_id: str
    item_title_zh: str
    item_title_en: str
    source_code: str
    source_name: str
    file_name: str
    file_size: int
    received_at: datetime
    received_by: str
    status: str
    counts: Counts
    warnings: int
    late: int
    columns: tuple[tuple[str, str], ...]  # (header, field code or "")
    facts: Mapping[str, Any]
    refusal: Mapping[str, Any] | None
    corrects: int | None
    open_rows: int
    finished_at: datetime | None
    reverted_at: datetime | None = None
    reverted_by: str = ""
    revert_reason: str = ""


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding of a submission, and whether a later submission corrected its row."""

    id: int
    found: Found
    closed_by: int | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Findings by severity; ``open``: those of errors and doubts that no later submission has corrected."""

    error: int
    doubtful: int
    warning: int
    open: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.error + self.doubtful + self.warning


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of a check with nothing kept."""

    counts: Counts
    findings: tuple[Found, ...]
    late: int
    columns: list[list[str]]
    facts: Mapping[str, Any]


def unknown(submission_id: int) -> UnknownSubmission:
    """The error for a number nobody knows, or not this reader."""
    return UnknownSubmission(
        f"没有编号为 {submission_id} 的报送记录。", f"There is no submission with the number {submission_id}."
    )


def of(submission: Submission, source: SourceUnit) -> SubmissionView:
    """The view of a model row."""
    (one,) = _of_all([submission], {source.id: source})
    return one


def _of_all(found: Sequence[Submission], units: Mapping[int, SourceUnit]) -> list[SubmissionView]:
    """The views of model rows; as many queries for thirty as for one."""
    waiting = dict(
        WaitingRow.objects.filter(submission_id__in=[one.pk for one in found], closed_at__isnull=True)
        .order_by()
        .values_list("submission_id")
        .annotate(rows=models.Count("pk"))
    )
    items = {
        (item_id, version): publish.version(item_id, version)
        for item_id, version in {(one.item_id, one.item_version) for one in found}
    }
    return [
        _of(one, units[one.source_id], items[one.item_id, one.item_version], waiting.get(one.pk, 0)) for one in found
    ]


def _of(submission: Submission, source: SourceUnit, item: Item, open_rows: int) -> SubmissionView:
    return SubmissionView(
        id=submission.pk,
        item_id=item.id,
        item_title_zh=item.title_zh,
        item_title_en=item.title_en,
        source_code=source.code,
        source_name=source.name,
        file_name=submission.file_name,
        file_size=submission.file_size,
        received_at=submission.received_at,
        received_by=submission.received_by,
        status=submission.status,
        counts=Counts(
            submission.rows_read, submission.accepted, submission.doubtful, submission.rejected,
            submission.duplicate, submission.unchanged,
        ),
        warnings=submission.warnings,
        late=submission.late,
        columns=tuple((header, code) for header, code in submission.facts.get("columns", [])),
        facts=submission.facts,
        refusal=submission.refusal,
        corrects=submission.corrects_id,
        open_rows=open_rows,
        finished_at=submission.finished_at,
        reverted_at=submission.reverted_at, reverted_by=submission.reverted_by, revert_reason=submission.revert_reason,
    )  # fmt: skip


def submission(submission_id: int, *, seen_by: Actor) -> SubmissionView:
    """One submission; leaves an audit entry. Raises UnknownSubmission also when it is another unit's."""
    found = find(submission_id, seen_by=seen_by)
    audit.enter(audit.Event.SUBMISSION_VIEWED, by=seen_by, object_kind="submission", object_ref=str(submission_id))
    return found


def find(submission_id: int, *, seen_by: Actor) -> SubmissionView:
    """The same without the entry: for what enters one of its own. Raises UnknownSubmission."""
    require(seen_by, Action.VIEW_SUBMISSION)
    found = within(seen_by).filter(pk=submission_id).select_related("source").first()
    if found is None:
        raise unknown(submission_id)
    return of(found, identity.source_unit(found.source.code, even_closed=True))


def submissions(
    *,
    seen_by: Actor,
    after: int | None = None,
    limit: int = 50,
    item_id: str = "",
    source_code: str = "",
    status: str = "",
) -> list[SubmissionView]:
    """The newest first; ``after`` is the last id of the page before. A source unit sees its own. One audit entry."""
    require(seen_by, Action.VIEW_SUBMISSION)
    audit.enter(audit.Event.SUBMISSIONS_LISTED, by=seen_by, object_kind="submissions", object_ref=item_id[:80] or "all")
    found = within(seen_by).select_related("source").order_by("-id")
    if after is not None:
        found = found.filter(pk__lt=after)
    if item_id:
        found = found.filter(item_id=item_id)
    if source_code:
        found = found.filter(source__code=source_code)
    if status:
        found = found.filter(status=status)
    units = {unit.id: unit for unit in identity.source_units(with_subjects=True)}
    return _of_all(list(found[:limit]), units)


def findings(
    submission_id: int,
    *,
    seen_by: Actor,
    after: int | None = None,
    limit: int = 100,
    severity: str = "",
    only_open: bool = False,
) -> list[FindingView]:
    """Findings in the order of rows; ``after`` is the id of the last one of the page before (nothing follows a strange
    id); ``only_open``: what waits for its correction.

    They quote what was sent: NotAllowed for an auditor. Raises UnknownSubmission.
    """
    found = _findings(submission_id, seen_by).order_by("row_no", "id")
    if after is not None:
        row_no = found.filter(pk=after).values_list("row_no", flat=True).first()
        found = (
            found.filter(models.Q(row_no__gt=row_no) | models.Q(row_no=row_no, pk__gt=after))
            if row_no
            else found.none()
        )
    if severity:
        found = found.filter(severity=severity)
    if only_open:
        found = found.filter(closed_at__isnull=True).exclude(severity="warning")  # a warned row went in
    return [finding_view(one) for one in found[:limit]]


def tally(submission_id: int, *, seen_by: Actor) -> Tally:
    """How many findings of each severity, and how many wait for their correction. Raises as ``findings`` does."""
    found = _findings(submission_id, seen_by).values_list("severity").annotate(
        n=models.Count("id"), left=models.Count("id", filter=models.Q(closed_at__isnull=True))
    )  # fmt: skip
    counted = {severity: (n, left) for severity, n, left in found}
    total = {severity: n for severity, (n, _) in counted.items()}
    return Tally(
        error=total.get("error", 0), doubtful=total.get("doubtful", 0), warning=total.get("warning", 0),
        open=sum(left for severity, (_, left) in counted.items() if severity != "warning"),
    )  # fmt: skip


def rows_done(submission_id: int, *, seen_by: Actor) -> int:
    """How many of the rows read have their outcome, while the work goes on. Raises UnknownSubmission."""
    find(submission_id, seen_by=seen_by)
    done = Chunk.objects.filter(submission_id=submission_id).aggregate(rows=models.Sum("rows"))
    return int(done["rows"] or 0)


def owner(submission_id: int, *, seen_by: Actor) -> tuple[str, str]:
    """Whose a submission is and of which item (codes), for explaining who may see it; nothing of what it says. Raises
    UnknownSubmission."""
    require(seen_by, Action.EXPLAIN_ACCESS)
    found = Submission.objects.filter(pk=submission_id).values_list("source__code", "item_id").first()
    if found is None:
        raise unknown(submission_id)
    return found


def _findings(submission_id: int, seen_by: Actor) -> Any:
    require(seen_by, Action.VIEW_SUBMISSION)
    if not within(seen_by).filter(pk=submission_id).exists():
        raise unknown(submission_id)
    require(seen_by, Action.READ_FINDINGS)
    return Finding.objects.filter(submission_id=submission_id)


def finding_view(one: Finding) -> FindingView:
    """The view of a model row."""
    return FindingView(
        id=one.pk,
        found=Found(
            row_no=one.row_no, column=one.column, field=one.field, value=one.value, rule=one.rule,
            severity=one.severity, message=one.message, message_en=one.message_en, basis=one.basis,
            suggestion=one.suggestion,
        ),
        closed_by=one.closed_by,
        closed_at=one.closed_at,
    )  # fmt: skip


def own_findings(submission_id: int, *, limit: int = 200) -> list[FindingView]:
    """Findings of what an organisation declared of itself, for callers who have checked whose it is."""
    found = Finding.objects.filter(submission_id=submission_id).order_by("row_no", "id")
    return [finding_view(one) for one in found[:limit]]


def within(actor: Actor) -> Any:
    """The submissions that this actor reaches."""
    found = Submission.objects.all()
    if Action.VIEW_SUBMISSION in BOUNDED.get(actor.role, frozenset()):
        found = found.filter(source__code=actor.department)
    if actor.items is not None:
        found = found.filter(item_id__in=actor.items)
    return found
