"""数据的来历 Where a datum came from and what became of it: the file, the row, how its columns were read, the rules that ran and what
they found, who judged or settled what, every version with its clocks, which units have used it. For the operator, and for the department that reported
it; the public never.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from xinyong.catalogue import publish
from xinyong.intake import views
from xinyong.intake.models import Finding, RowAct, Submission, WaitingRow
from xinyong.intake.views import FindingView
from xinyong.kernel.errors import NotFound
from xinyong.records import history
from xinyong.records.history import Brought, End, VersionView
from xinyong.records.purpose import required
from xinyong.security import audit, identity, looks
from xinyong.security.access import Action, Actor, Role, require
from xinyong.security.looks import Look
from xinyong.subjects import matching


class UnknownRow(NotFound):
    """The file has no such row."""

    code = "intake.no-such-row"


@dataclass(frozen=True, slots=True)
class FileView:
    """The file that a row came in, and what it was checked against."""

    submission_id: int
    name: str
    size: int
    digest: str  # SHA-256 of the file, hexadecimal
    channel: str
    source_code: str
    source_name: str
    received_at: datetime
    received_by: str
    reverted_at: datetime | None
    revert_reason: str
    item_id: str
    item_version: int
    item_title_zh: str
    item_title_en: str
    rule_count: int
    columns: tuple[tuple[str, str, str], ...]  # header, the field's code and name; "" where none


@dataclass(frozen=True, slots=True)
class ActView:
    """What somebody did about a row. ``is_undone``: a later act took it back, or its time is over."""

    id: int
    kind: str
    at: datetime
    by_name: str
    by_role: str
    finding_id: int | None
    note: str
    until: date | None
    undoes: int | None
    is_undone: bool


@dataclass(frozen=True, slots=True)
class LinkView:
    """A judgement on whose row it is."""

    at: datetime
    judged_by: str
    verdict: str
    reasons: tuple[tuple[str, str], ...]  # Chinese, English
    is_undoing: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a file and all that is known of it. ``waits``: "doubtful" or "rejected" while it waits."""

    file: FileView
    row_no: int
    waits: str
    findings: tuple[FindingView, ...]
    acts: tuple[ActView, ...]
    links: tuple[LinkView, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """A datum from its first version to its last; ``rows`` are the rows those came in, by (submission, row number). ``looks``: who
    has used it since it was first known, this look not among them, the latest first; ``look_lines`` how many lines that are."""

    versions: Sequence[VersionView]
    ends: Sequence[End]
    rows: dict[tuple[int, int], RowView]
    looks: Sequence[Look]
    look_lines: int

    @property
    def newest(self) -> VersionView:
        """The last version."""
        return self.versions[-1]


def of_record(code: str, ref: str, *, as_of: date, seen_by: Actor, purpose: str = "") -> Lineage:
    """The lineage of a datum about the organisation with this code. It shows more than the public sees, so it needs its
    purpose as a file does. One audit entry.

    A department sees the versions it reported. Raises NotAllowed, PurposeNeeded, UnknownSubject, records' UnknownRecord.
    """
    require(seen_by, Action.VIEW_LINEAGE)
    if seen_by.role is not Role.SYSTEM:
        required(purpose)
    versions, ends = history.of(code, ref, as_of=as_of, seen_by=seen_by)
    newest = versions[-1].record
    used, lines = looks.of_record(
        code, ref, item_id=newest.item_id, since=versions[0].record.known_from, with_purposes=seen_by.department is None
    )
    audit.enter(
        audit.Event.LINEAGE_VIEWED, by=seen_by, object_kind="record", object_ref=ref, purpose=purpose, subject=code
    )
    files: dict[int, FileView] = {}
    rows: dict[tuple[int, int], RowView] = {}
    for one in versions:
        place = (one.submission_id, one.row_no)
        if one.submission_id not in files:
            files[one.submission_id] = _file(_submission(one.submission_id))
        rows.setdefault(place, _row(files[one.submission_id], one.row_no))
    return Lineage(versions, ends, rows, used, lines)


def of_row(submission_id: int, row_no: int, *, as_of: date, seen_by: Actor) -> tuple[RowView, list[Brought]]:
    """One row of a submission and the data it brought, if any. One audit entry.

    Raises NotAllowed, UnknownSubmission (another department's looks like none), UnknownRow when the file is shorter.
    """
    require(seen_by, Action.VIEW_LINEAGE)
    seen = views.find(submission_id, seen_by=seen_by)
    first = int(seen.facts.get("header_row") or 0) + 1
    # Blank lines stand between rows in some files: only a number far behind the last row is certainly none.
    if not first <= row_no < 2**31 or row_no > 2 * (first + seen.counts.rows_read) + 1000:
        raise UnknownRow(
            f"这份文件没有第 {row_no} 行。行号与电子表格左侧的行号一致，表头也占一行。",
            f"The file has no row {row_no}. Rows count as in a spreadsheet, the header has a number too.",
        )
    brought = history.brought(submission_id, row_no, as_of=as_of, seen_by=seen_by)
    audit.enter(
        audit.Event.LINEAGE_VIEWED, by=seen_by, object_kind="row", object_ref=f"{submission_id}/{row_no}",
        item=seen.item_id,
    )  # fmt: skip
    return _row(_file(_submission(submission_id)), row_no), brought


def acts_of(submission_id: int, row_nos: Sequence[int]) -> dict[int, list[ActView]]:
    """What was done about rows of a submission, oldest first, by row number."""
    found = list(RowAct.objects.filter(submission_id=submission_id, row_no__in=row_nos).order_by("id"))
    undone = {one.undoes_id for one in found}
    made: dict[int, list[ActView]] = {}
    for one in found:
        made.setdefault(one.row_no, []).append(
            ActView(
                one.pk, one.kind, one.at, one.by_name, one.by_role, one.finding_id, one.note, one.until, one.undoes_id,
                one.pk in undone,
            )
        )  # fmt: skip
    return made


def _submission(submission_id: int) -> Submission:
    return Submission.objects.select_related("source").get(pk=submission_id)


def _file(one: Submission) -> FileView:
    item = publish.version(one.item_id, one.item_version)
    names = {field.code: field.name_zh for field in item.fields}
    columns: list[list[Any]] = one.facts.get("columns", [])
    return FileView(
        submission_id=one.pk, name=one.file_name, size=one.file_size, digest=one.content_digest, channel=one.channel,
        source_code=one.source.code, source_name=identity.source_unit(one.source.code, even_closed=True).name,
        received_at=one.received_at, received_by=one.received_by, reverted_at=one.reverted_at,
        revert_reason=one.revert_reason, item_id=item.id, item_version=item.version, item_title_zh=item.title_zh,
        item_title_en=item.title_en, rule_count=len(item.rules),
        columns=tuple((header, code, names.get(code, "")) for header, code in columns),
    )  # fmt: skip


def _row(file: FileView, row_no: int) -> RowView:
    open_rows = WaitingRow.objects.filter(submission_id=file.submission_id, row_no=row_no, closed_at__isnull=True)
    found = Finding.objects.filter(submission_id=file.submission_id, row_no=row_no).order_by("id")
    waits = open_rows.values_list("outcome", flat=True).first()
    judged = matching.of_row(file.submission_id, row_no)
    return RowView(
        file=file, row_no=row_no, waits=waits or "",
        findings=tuple(views.finding_view(one) for one in found),
        acts=tuple(acts_of(file.submission_id, [row_no]).get(row_no, ())),
        links=tuple(
            LinkView(
                one.at, one.judged_by, one.verdict, tuple((str(r["zh"]), str(r["en"])) for r in one.reasons),
                one.undoes is not None,
            )
            for one in judged
        ),
    )  # fmt: skip
