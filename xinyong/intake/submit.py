"""The front of the room: a file is received, worked on, and looked at.

``receive`` keeps the file and is quick; ``run`` does the work and can be called again after anything happened: it goes
on where the last run stopped. ``check`` does the same work with nothing kept.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item, Section
from xinyong.intake import desk, headers, interruptions, locks, receipt, space, staging, supply, told, views, work
from xinyong.intake import plan as plans
from xinyong.intake.deposit import Deposit
from xinyong.intake.models import Submission
from xinyong.intake.plan import Plan
from xinyong.intake.read import LIMITS, Limits, Refused, read, stream
from xinyong.intake.staging import Staged
from xinyong.intake.views import SubmissionView, Trial
from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require
from xinyong.security.identity import SourceUnit

_SQL = sql.load(__file__, "intake.sql")

Progress = Callable[[int, int], None]

#: What a worker has still to do.
_OPEN = frozenset({Submission.Status.RECEIVED, Submission.Status.STAGED})
#: The channel of the register's change feed (intake/feed.py), and of what organisations declare of themselves
#: (intake/voluntary.py).
FEED, OWN = "feed", "subject"


class AmbiguousHeaders(Invalid):
    """A column could be one of several fields; the sender must say which."""

    code = "intake.ambiguous-headers"


class MissingColumns(Invalid):
    """Required fields have no column at all."""

    code = "intake.missing-columns"


class NotRefused(Conflict):
    """Columns can be chosen for a submission that was refused."""

    code = "intake.not-refused"


class AlreadyBegun(Conflict):
    """The work on the submission has begun or is done: it cannot be taken back any more."""

    code = "intake.already-begun"


class Busy(Conflict):
    """Another process is working on this submission."""

    code = "intake.busy"


def receive(
    path: Path,
    *,
    item_id: str,
    source_code: str,
    file_name: str,
    by: Actor,
    received_at: datetime,
    mapping: Mapping[str, str] | None = None,
    channel: str = "file",
    corrects: bool = False,
) -> SubmissionView:
    """``enter``, for callers who need not know whether the submission is new."""
    return enter(
        path, item_id=item_id, source_code=source_code, file_name=file_name, by=by, received_at=received_at,
        mapping=mapping, channel=channel, corrects=corrects,
    )[0]  # fmt: skip


def enter(
    path: Path,
    *,
    item_id: str,
    source_code: str,
    file_name: str,
    by: Actor,
    received_at: datetime,
    mapping: Mapping[str, str] | None = None,
    channel: str = "file",
    subject: int | None = None,
    corrects: bool = False,
) -> tuple[SubmissionView, bool]:
    """Keeps the file and enters the submission; does no work on it yet. True: it is new, or opened again.

    The same content from the same source for the same item is one submission: the one that exists is returned. Was it
    refused or cancelled, it is opened again, with the new ``mapping`` (header → field code) if one is given.
    ``subject``: the organisation whose own word it is (channel OWN); its caller enters that in the log. ``corrects``: nothing
    but rows that wait, put right, which goes in whoever may report the item now.
    Raises NotAllowed, supply's NotGranted, UnknownDepartment, catalogue's UnknownItem, NotReported, NoRoom.
    """
    is_free = corrects or channel == FEED
    source, item = _of_whom(source_code, item_id, by=by, on=received_at.date(), subject=subject, is_free=is_free)
    space.require(path.stat().st_size)
    with space.guarded():
        digest, size = staging.keep_original(path)
    with transaction.atomic():
        submission, is_new = Submission.objects.select_for_update().get_or_create(
            source_id=source.id,
            item_id=item.id,
            content_digest=digest,
            subject_id=subject,
            reverted_at=None,
            defaults={
                "item_version": item.version, "channel": channel, "file_name": unnumbered(Path(file_name).name)[-200:],
                "file_size": size, "received_at": received_at, "received_by": by.name, "mapping": dict(mapping or {}),
            },
        )  # fmt: skip
        is_reopened = not is_new and submission.status in {Submission.Status.REFUSED, Submission.Status.CANCELLED}
        if subject is None and (is_new or is_reopened):
            audit.enter(
                audit.Event.FILE_RECEIVED, by=by, object_kind="submission", object_ref=str(submission.pk),
                item=item.id, source=source.code, size=size, digest=digest, is_again=is_reopened,
            )  # fmt: skip
        if is_reopened:
            submission.status, submission.refusal, submission.finished_at = Submission.Status.RECEIVED, None, None
            submission.mapping = dict(mapping or submission.mapping)
            submission.item_version, submission.received_at = item.version, received_at
            submission.received_by = by.name
            submission.save()
        if is_new or is_reopened:
            receipt.received(submission)
    return views.of(submission, source), is_new or is_reopened


def _of_whom(
    source_code: str, item_id: str, *, by: Actor, on: date, subject: int | None, is_free: bool
) -> tuple[SourceUnit, Item]:
    """The source unit and the item, when this actor may hand rows of it in, and the unit may report it; ``is_free``: whoever may."""
    if subject is None:
        require(by, Action.SUBMIT, department=source_code, item=item_id)
        source = identity.source_unit(source_code)
    else:
        require(by, Action.DECLARE_OWN, subject=subject)
        source = identity.subjects_unit()
    item = publish.current_reported(item_id, on=on) if subject is None else publish.current_declarable(item_id, on=on)
    if subject is None and not is_free:
        supply.require_may(source, item, on=on)
    return source, item


def cancel(submission_id: int, *, by: Actor) -> SubmissionView:
    """Takes a submission back before any work on it has begun: nothing of it goes in, then or later. Cancelled twice is
    cancelled once; the same content can be handed in again. Raises UnknownSubmission, NotAllowed, AlreadyBegun."""
    views.find(submission_id, seen_by=by)  # another unit's looks like none
    try:
        with Sole(submission_id), transaction.atomic():
            submission = Submission.objects.select_for_update().get(pk=submission_id)
            source = _source_of(submission)
            require(by, Action.SUBMIT, department=source.code, item=submission.item_id)
            if submission.status == Submission.Status.CANCELLED:
                return views.submission(submission_id, seen_by=by)
            if submission.status != Submission.Status.RECEIVED:
                raise _begun()
            submission.status, submission.finished_at = Submission.Status.CANCELLED, clock.now()
            submission.save()
            audit.enter(
                audit.Event.SUBMISSION_CANCELLED, by=by, object_kind="submission", object_ref=str(submission_id)
            )
            receipt.cancelled(submission)
            return views.of(submission, source)
    except Busy as busy:
        raise _begun() from busy


def _begun() -> AlreadyBegun:
    return AlreadyBegun(
        "这批数据已经开始处理，不能取消。请等处理完成；有误的行更正后重新报送，新内容会取代旧内容；整批报错的，由本单位人员在工作台整批撤回。",
        "Work on this submission has begun and it cannot be taken back. Let it finish; correct the rows that are wrong and "
        "hand them in again: the new content takes the place of the old. If all of it is wrong, a person of your unit takes it back "
        "in the office.",
    )


def run(
    submission_id: int, *, by: Actor, original: Path | None = None, progress: Progress | None = None
) -> SubmissionView:
    """Reads, checks, links and deposits; returns the finished submission. Called again, it finishes what is left.

    ``original`` is the plain file when the caller still has it; otherwise the sealed one is opened.
    Raises Busy when another process is at it, Interrupted when the work broke off (intake/interruptions.py). A file that is
    refused ends with status ``refused``, not with an error.
    """
    submission = Submission.objects.get(pk=submission_id)
    source = _source_of(submission)
    require(by, Action.SUBMIT, department=source.code)
    if submission.status not in _OPEN:
        staging.clear(submission_id)
        return views.of(submission, source)
    with Sole(submission_id):
        submission.refresh_from_db()
        if submission.status in _OPEN:
            try:
                with interruptions.watched(submission), work.undisturbed():
                    _work(submission, source, by=by, original=original, progress=progress)
            except Invalid as refusal:
                _refuse(submission, refusal, by=by)
        staging.clear(submission_id)
    return views.of(submission, source)


def _work(
    submission: Submission, source: SourceUnit, *, by: Actor, original: Path | None, progress: Progress | None
) -> None:
    item = publish.version(submission.item_id, submission.item_version)
    folder = staging.folder(submission.pk)
    staged = staging.load(folder)
    ahead = None
    if staged is None:
        staged, plan, ahead = _read(submission, item, source, folder, original)
    else:
        plan = planned(
            staged.headers,
            item,
            source,
            submission.mapping,
            submission.received_at,
            own_code=plans.own_code(submission.subject_id),
        )
    if submission.status != Submission.Status.STAGED:
        locks.require_file_open(staged, plan, received_at=submission.received_at)
        submission.facts = staged.facts | {"headers": list(staged.headers), "columns": shown(plan)}
        submission.rows_read = staged.rows
        submission.status = Submission.Status.STAGED
        submission.save()
    into = Deposit(submission.pk, source.id, plan, submission.received_at)
    work.run(staged, into, ahead=ahead, progress=progress)
    _finish(submission, staged, by=by)
    if item.section is Section.REGISTRATION:
        desk.link_again()


def _read(
    submission: Submission, item: Item, source: SourceUnit, folder: Path, original: Path | None
) -> tuple[Staged, Plan, work.Ahead]:
    shutil.rmtree(folder, ignore_errors=True)
    space.require(submission.file_size)
    folder.mkdir(mode=0o700, parents=True)
    plain = original
    if plain is None:
        plain = staging.open_original(submission.content_digest, folder / "original")
    with stream(
        plain, folder=folder, file_name=submission.file_name,
        known_headers=headers.known(item, submission.mapping), limits=_limits(),
    ) as reading:  # fmt: skip
        submission.facts = {"headers": reading.head.headers}
        plan = planned(
            tuple(reading.head.headers), item, source, submission.mapping, submission.received_at,
            own_code=plans.own_code(submission.subject_id),
        )  # fmt: skip
        ahead = work.look_ahead(reading, plan)
        return staging.save(reading.reading(), folder), plan, ahead


def _limits() -> Limits:
    return replace(LIMITS, chunk_rows=settings.INTAKE_CHUNK_ROWS)


def planned(
    columns: tuple[str, ...],
    item: Item,
    source: SourceUnit | None,
    chosen: Mapping[str, str],
    received_at: datetime,
    material: plans.Material | None = None,
    own_code: str = "",
) -> Plan:
    """The plan for a file with these headers. Raises AmbiguousHeaders, MissingColumns."""
    mapping = headers.map_headers(columns, item, chosen=chosen)
    if mapping.ambiguous:
        zh = ";".join(f"“{columns[index]}”可能是 {'、'.join(options)}" for index, options in mapping.ambiguous.items())
        raise AmbiguousHeaders(
            f"有的列无法确定对应哪个数据项：{zh}。请在报送时指定（--map 表头=数据项代码），或修改表头。",
            "Some columns could be several fields. Say which (--map HEADER=FIELD), or change the header.",
            ambiguous={columns[index]: list(options) for index, options in mapping.ambiguous.items()},
        )
    if mapping.missing:
        names = "、".join(item.field_of(code).name_zh for code in mapping.missing)
        raise MissingColumns(
            f"文件中没有以下必填列：{names}。请对照“{item.title_zh}”模板补齐后重报。",
            f"The file has no column for: {', '.join(mapping.missing)}. Use the item's template.",
            missing=list(mapping.missing),
        )
    return plans.plan(
        item, source=source, columns=mapping.columns, headers=columns,
        received_at=received_at.astimezone(clock.ZONE), material=material, own_code=own_code,
    )  # fmt: skip


def shown(plan: Plan) -> list[list[str]]:
    """The mapping as shown to the sender: header, field code (empty when the column is only kept and given back)."""
    return [[header, plan.columns.get(index, "")] for index, header in enumerate(plan.header_texts)]


@transaction.atomic
def _finish(submission: Submission, staged: Staged, *, by: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["sums"], [submission.pk])
        sums = [int(value) for value in cursor.fetchone()]
        cursor.execute("SELECT max(submission_id) FROM intake_waitingrow WHERE closed_by = %s", [submission.pk])
        corrected = cursor.fetchone()[0]
    if sums[0] != staged.rows:
        raise AssertionError(f"submission {submission.pk}: {sums[0]} rows in the ledger, {staged.rows} read")  # INV-11
    (_, submission.accepted, submission.doubtful, submission.rejected, submission.duplicate,
     submission.unchanged, submission.warnings, submission.late) = sums  # fmt: skip
    submission.corrects_id = corrected
    submission.status = Submission.Status.DEPOSITED
    submission.finished_at = clock.now()
    submission.save()
    audit.enter(
        audit.Event.SUBMISSION_DEPOSITED, by=by, object_kind="submission", object_ref=str(submission.pk),
        rows=staged.rows, accepted=submission.accepted, doubtful=submission.doubtful, rejected=submission.rejected,
        duplicate=submission.duplicate, unchanged=submission.unchanged,
    )  # fmt: skip
    receipt.deposited(submission)
    told.deposited(submission, by=by, at=submission.finished_at)


@transaction.atomic
def _refuse(submission: Submission, refusal: Invalid, *, by: Actor) -> None:
    submission.status = Submission.Status.REFUSED
    submission.refusal = {"code": refusal.code, "zh": refusal.zh, "en": refusal.en, "facts": _plain(refusal.facts)}
    submission.finished_at = clock.now()
    submission.save()
    audit.enter(
        audit.Event.FILE_REFUSED, by=by, object_kind="submission", object_ref=str(submission.pk), outcome="refused",
        reason=refusal.code,
    )  # fmt: skip
    receipt.refused(submission)
    told.refused(submission, by=by, at=submission.finished_at)


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value if isinstance(value, (int, str, list, dict)) else str(value) for name, value in facts.items()}


def _source_of(submission: Submission) -> SourceUnit:
    return identity.source_unit(submission.source.code, even_closed=True)


class Sole:
    """Holds an advisory lock, so that two workers never work on one submission; a killed one loses it at once."""

    def __init__(self, submission_id: int) -> None:
        self.key = submission_id

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(7306, %s)", [self.key])
            if not cursor.fetchone()[0]:
                raise Busy(
                    "这批数据正在处理中，请稍后查看结果。",
                    "This submission is being worked on. Look again in a moment.",
                )

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(7306, %s)", [self.key])


@transaction.atomic
def choose(submission_id: int, *, chosen: Mapping[str, str], by: Actor) -> None:
    """Says which field an ambiguous column is (header → field code) and opens the refused submission again.

    Raises UnknownSubmission, and Conflict when the submission was not refused.
    """
    views.find(submission_id, seen_by=by)  # another unit's looks like none
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    require(by, Action.SUBMIT, department=submission.source.code, item=submission.item_id)
    if submission.status != Submission.Status.REFUSED:
        raise NotRefused(
            "这批数据没有被退回，不需要再指定表头。", "This submission was not refused: its columns are settled."
        )
    submission.mapping = {**submission.mapping, **chosen}
    submission.status, submission.refusal = Submission.Status.RECEIVED, None
    submission.save()
    audit.enter(
        audit.Event.COLUMNS_CHOSEN, by=by, object_kind="submission", object_ref=str(submission_id), columns=len(chosen)
    )


@transaction.atomic
def take_up_locked(*, source_id: int, item_id: str, by: Actor) -> list[int]:
    """Opens again what was refused because its window was locked, once an exception holds; when it was received stays. Not what
    came by the change feed: its authority was told, and sends the events anew. Returns the submissions. Raises NotAllowed."""
    require(by, Action.OVERSEE_REPORTING, item=item_id)
    found = Submission.objects.select_for_update().filter(
        source_id=source_id, item_id=item_id, status=Submission.Status.REFUSED, refusal__code=locks.WindowLocked.code
    )
    opened = list(found.exclude(channel=FEED).order_by("id"))
    for one in opened:
        one.status, one.refusal, one.finished_at = Submission.Status.RECEIVED, None, None
        one.save()
        audit.enter(
            audit.Event.FILE_RECEIVED, by=by, object_kind="submission", object_ref=str(one.pk), item=item_id,
            source=one.source.code, size=one.file_size, digest=one.content_digest, is_again=True,
        )  # fmt: skip
        receipt.received(one)
    return [one.pk for one in opened]


def check(
    path: Path,
    *,
    item_id: str,
    file_name: str,
    received_at: datetime,
    by: Actor,
    source_code: str | None = None,
    mapping: Mapping[str, str] | None = None,
    is_apart: bool = False,
    subject: int | None = None,
    corrects: bool = False,
) -> Trial:
    """The outcome the file would have if it were submitted now; nothing is kept, nothing is written.

    ``is_apart``: without asking the archive what it has, as for somebody who may learn nothing from it. ``subject``: the
    organisation that declares of itself. ``corrects`` as for ``enter``.
    Raises the reader's Refused, AmbiguousHeaders, MissingColumns, WindowLocked, NotGranted, UnknownItem, UnknownDepartment,
    NotReported.
    """
    own_code, source = "", None
    if source_code or subject is not None:
        on = received_at.date()
        source, item = _of_whom(source_code or "", item_id, by=by, on=on, subject=subject, is_free=corrects)
        own_code = plans.own_code(subject)
    else:
        require(by, Action.SUBMIT, department=source_code, item=item_id)
        item = publish.current_reported(item_id, on=received_at.date())
    with tempfile.TemporaryDirectory(prefix="xinyong-check-") as name:
        folder = Path(name)
        known = headers.known(item, mapping or ())
        reading = read(path, folder=folder, file_name=file_name, known_headers=known, limits=_limits())
        staged = staging.save(reading, folder)
        plan = planned(staged.headers, item, source, mapping or {}, received_at, own_code=own_code)
        if source is not None and not is_apart:
            locks.require_file_open(staged, plan, received_at=received_at)
        counts, found, late = work.try_out(staged, plan, source_id=source.id if source else None, is_apart=is_apart)
    return Trial(counts, tuple(sorted(found, key=lambda one: one.row_no)), late, shown(plan), staged.facts)


def unfinished() -> Sequence[int]:
    """Submissions that a worker should go on with, oldest first."""
    return list(Submission.objects.filter(status__in=_OPEN).order_by("id").values_list("id", flat=True))


__all__ = [
    "AlreadyBegun",
    "AmbiguousHeaders",
    "Busy",
    "MissingColumns",
    "NotRefused",
    "Refused",
    "cancel",
    "check",
    "choose",
    "enter",
    "planned",
    "receive",
    "run",
    "shown",
    "take_up_locked",
    "unfinished",
]
