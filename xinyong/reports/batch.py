"""批量出具 Special reports for up to a thousand names or codes at once: one line each, what came of it, one archive at the end.

A line is done in a transaction of its own: file, register, entry, outcome together. Whatever kills the worker in between, the next one
goes on at the first line that waits, and nothing is given out twice. A name that several bear is not guessed. An organisation asks for
itself, for those whose mandates its account holds, and for its branches that are known here; the credit centre for a purpose.
"""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from xinyong.kernel import clock, codes
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records.purpose import required
from xinyong.reports import _batch_index, special
from xinyong.reports.batch_view import BatchView, LineView
from xinyong.reports.issue import Issued
from xinyong.reports.models import BATCH_CONTEXT, BatchLine, ReportBatch
from xinyong.reports.special import Wanted
from xinyong.security import audit, mandates, vault
from xinyong.security.access import Action, Actor, Role, require
from xinyong.subjects import branches, registry
from xinyong.subjects.registry import SubjectView, UnknownSubject

#: Names or codes in one batch.
MOST = 1000
_LONGEST = 200
_State, _Outcome = ReportBatch.State, BatchLine.Outcome


class NothingGiven(Invalid):
    """The list is empty, or longer than a batch may be."""

    code = "reports.batch-size"


class UnknownBatch(NotFound):
    """No such batch, or it is another's."""

    code = "reports.unknown-batch"


class NotReady(Conflict):
    """The batch is still being worked on, or its files were removed."""

    code = "reports.batch-not-ready"


def lines_of(text: str) -> list[str]:
    """The names or codes in a text or a file's text: one a line, or the first cell of each row; empty ones left out."""
    rows = (
        line.replace("\ufeff", "").split("\t")[0].split(",")[0].strip().strip('"').strip() for line in text.splitlines()
    )
    return [one for one in rows if one]


@transaction.atomic
def ask(given: Sequence[str], wanted: Wanted, *, by: Actor, at: datetime, purpose: str = "") -> BatchView:
    """Enters a batch; the caller asks the worker for the work in the same transaction. Raises NothingGiven, BadPeriod,
    UnknownDomain, PurposeNeeded, NotAllowed."""
    require(by, Action.ISSUE_SPECIAL)
    if by.role is Role.OPERATOR:
        required(purpose)
    if not 1 <= len(given) <= MOST:
        raise NothingGiven(
            f"请填写 1 至 {MOST} 个名称或统一社会信用代码，每行一个。", f"Give 1 to {MOST} names or codes, one a line."
        )
    special.check(wanted, clock.day(at))
    made = ReportBatch.objects.create(
        asked_at=at, by_name=by.name, by_role=by.role.value, account_id=by.account_id, subject_id=by.subject,
        purpose=unnumbered(purpose)[:200], allowed=_allowed(by, at), total=len(given),
        asked={
            "first_day": wanted.first_day.isoformat(), "last_day": wanted.last_day.isoformat(),
            "domains": list(wanted.domains), "branches": wanted.with_branches, "region": by.region,
        },
    )  # fmt: skip
    BatchLine.objects.bulk_create(
        BatchLine(batch=made, number=n, given=unnumbered(one)[:_LONGEST]) for n, one in enumerate(given, start=1)
    )
    audit.enter(
        audit.Event.REPORT_BATCH_ASKED, by=by, object_kind="report-batch", object_ref=str(made.pk), purpose=purpose,
        lines=len(given), branches=wanted.with_branches,
    )  # fmt: skip
    return _view(made)


def run(batch_id: int) -> None:
    """Does the work on a batch from where it stands; safe to call again, also beside another worker's."""
    found = ReportBatch.objects.get(pk=batch_id)
    if found.state not in (_State.WAITING, _State.RUNNING):
        return
    ReportBatch.objects.filter(pk=batch_id, state=_State.WAITING).update(state=_State.RUNNING)
    while _next_line(found):
        pass
    with transaction.atomic():
        found = ReportBatch.objects.select_for_update().get(pk=batch_id)
        if found.state == _State.RUNNING and not found.lines.filter(outcome="").exists():
            _pack(found)
            found.state, found.finished_at = _State.DONE, clock.now()
            found.save(update_fields=["state", "finished_at"])


def unfinished() -> list[int]:
    """Batches that wait for a worker, or for one to go on."""
    return list(
        ReportBatch.objects.filter(state__in=(_State.WAITING, _State.RUNNING))
        .order_by("id")
        .values_list("pk", flat=True)
    )


def listing(*, seen_by: Actor, limit: int = 20) -> list[BatchView]:
    """One's own organisation's batches, or the credit centre's, the newest first. One entry. Raises NotAllowed."""
    audit.enter(audit.Event.REPORTS_VIEWED, by=seen_by, object_kind="report-batches", object_ref="all")
    return [_view(one) for one in _mine(seen_by).order_by("-id")[:limit]]


def find(batch_id: int, *, seen_by: Actor) -> BatchView:
    """One batch with its lines. One entry. Raises UnknownBatch, NotAllowed."""
    found = _find(batch_id, seen_by)
    audit.enter(audit.Event.REPORTS_VIEWED, by=seen_by, object_kind="report-batch", object_ref=str(found.pk))
    return _view(found, is_whole=True)


@transaction.atomic
def take(batch_id: int, *, to: Path, by: Actor) -> str:
    """Opens the archive into ``to``; its name. One entry. Raises UnknownBatch, NotReady, NotAllowed."""
    found = _find(batch_id, by)
    if found.state != _State.DONE:
        raise NotReady(
            "这批报告还没有出具完，或文件已过保留期。", "The batch is not finished, or its files are past their days."
        )
    audit.enter(
        audit.Event.REPORT_BATCH_TAKEN, by=by, object_kind="report-batch", object_ref=str(found.pk), lines=found.total
    )
    vault.take(_folder(found.pk) / "all.sealed", to, context=BATCH_CONTEXT)
    return f"专项信用报告-{found.pk}.zip"


def sweep(*, by: Actor, at: datetime) -> int:
    """Removes the files of batches that were kept long enough; how many. What was issued stays in the register."""
    before = at - timedelta(days=settings.BATCH_KEEP_DAYS)
    over = list(ReportBatch.objects.filter(state=_State.DONE, finished_at__lt=before).values_list("pk", flat=True))
    for batch_id in over:
        with transaction.atomic():
            ReportBatch.objects.filter(pk=batch_id).update(state=_State.REMOVED)
            audit.enter(audit.Event.REPORT_BATCH_REMOVED, by=by, object_kind="report-batch", object_ref=str(batch_id))
        shutil.rmtree(_folder(batch_id), ignore_errors=True)
    return len(over)


def _next_line(found: ReportBatch) -> bool:
    """Does the next line that waits and that nobody else is at; False when there is none."""
    with transaction.atomic():
        line = (
            BatchLine.objects.select_for_update(skip_locked=True)
            .filter(batch=found, outcome="")
            .order_by("number")
            .first()
        )
        if line is None:
            return False
        subject = _resolve(line, found)
        if subject is not None:
            _issue(line, subject, found)
        line.save()
    return True


def _resolve(line: BatchLine, found: ReportBatch) -> SubjectView | None:
    """Whose the line is; None with the outcome set, where nobody's or not for this asker."""
    by = _asker(found, None)
    judged = codes.judge(line.given, expect=codes.Kind.USCC)
    candidates = []
    if len(judged.normalised) == 18 and judged.normalised.isascii():
        try:
            candidates = [registry.subject(line.given, seen_by=by)]
        except UnknownSubject:
            candidates = []
    else:
        candidates = branches.named(line.given, seen_by=by)
    if not candidates:
        _end(line, _Outcome.UNKNOWN, "本平台登记信息中没有这个名称或代码。")
        return None
    if len(candidates) > 1:
        said = "、".join(f"{one.name} {one.code}" for one in candidates)
        _end(line, _Outcome.AMBIGUOUS, f"有 {len(candidates)} 个主体使用这个名称，请改用代码：{said}")
        return None
    (subject,) = candidates
    line.subject_id, line.subject_code, line.subject_name = subject.id, subject.code or "", subject.name
    if found.allowed is not None and subject.id not in found.allowed:
        _end(line, _Outcome.REFUSED, "不是本单位、本单位的分支机构或您受托代表的单位。")
        return None
    if (
        BatchLine.objects.filter(batch=found, subject_id=subject.id, number__lt=line.number)
        .exclude(outcome="")
        .exists()
    ):
        _end(line, _Outcome.REPEATED, "与前面的行是同一主体，没有重复出具。")
        return None
    return subject


def _issue(line: BatchLine, subject: SubjectView, found: ReportBatch) -> None:
    asked = found.asked
    wanted = Wanted(
        datetime.fromisoformat(asked["first_day"]).date(), datetime.fromisoformat(asked["last_day"]).date(),
        tuple(asked["domains"]), asked["branches"],
    )  # fmt: skip
    folder = _folder(found.pk)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(issued: Issued) -> None:
        # Under the line's own name: what a killed worker left there is written over.
        vault.put_block(issued.pdf, _place(found.pk, line.number), context=BATCH_CONTEXT)
        line.outcome, line.report_number, line.found = _Outcome.ISSUED, issued.number, issued.content.found
        line.branches = [[one.en, one.zh] for one in issued.content.branches] if asked["branches"] else []
        line.note = issued.content.branch_note.zh[:200]

    try:
        with transaction.atomic():
            special.issue_special(
                subject.code or "",
                wanted,
                by=_asker(found, subject),
                issued_at=clock.now(),
                purpose=found.purpose,
                also=keep,
            )
    except (Invalid, NotFound) as error:
        _end(line, _Outcome.REFUSED, error.zh)


def _end(line: BatchLine, outcome: str, note: str) -> None:
    """Nobody's paper comes of a line: why."""
    line.outcome, line.note = outcome, note[:200]


def _asker(found: ReportBatch, subject: SubjectView | None) -> Actor:
    """Who asked, as they act on a line: what an organisation may ask about was settled when it asked."""
    role = Role(found.by_role)
    own = subject if role is Role.SUBJECT else None
    return Actor(
        role=role, name=found.by_name, account_id=found.account_id, region=found.asked.get("region", ""),
        subject=own.id if own else found.subject_id, subject_code=own.code if own else None,
    )  # fmt: skip


def _allowed(by: Actor, at: datetime) -> list[int] | None:
    """Ids of the organisations that an organisation's account may ask about; None: all."""
    if by.role is not Role.SUBJECT:
        return None
    held = {one.subject_id for one in mandates.of_account(by.account_id or 0, at=at)}
    if by.subject is not None:
        held.add(by.subject)
    below = {each.id for one in held for each in branches.of(registry.by_id(one), seen_by=by).known}
    return sorted(held | below)


def _pack(found: ReportBatch) -> None:
    """One archive of all papers with its index, sealed; the single files go."""
    with tempfile.TemporaryDirectory(prefix="xinyong-batch-") as name:
        path = Path(name) / "all.zip"
        lines = list(found.lines.order_by("number"))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            index = io.BytesIO()
            _batch_index.write(index, _view(found), [_line(one) for one in lines])
            archive.writestr("索引 index.xlsx", index.getvalue())
            for one in lines:
                if one.outcome == _Outcome.ISSUED:
                    plain = b"".join(vault.blocks(_place(found.pk, one.number), context=BATCH_CONTEXT))
                    archive.writestr(f"{one.number:04}-{one.subject_code}.pdf", plain)
        _folder(found.pk).mkdir(mode=0o700, parents=True, exist_ok=True)
        vault.put(path, _folder(found.pk) / "all.sealed", context=BATCH_CONTEXT)
    for left in _folder(found.pk).glob("[0-9]*.sealed"):
        left.unlink()


def _folder(batch_id: int) -> Path:
    return Path(settings.XINYONG_HOME) / "reports" / "batches" / str(batch_id)


def _place(batch_id: int, number: int) -> Path:
    return _folder(batch_id) / f"{number:04}.sealed"


def _mine(by: Actor) -> Any:
    require(by, Action.ISSUE_SPECIAL)
    found = ReportBatch.objects.all()
    if by.role is Role.SUBJECT:
        return found.filter(subject_id=by.subject if by.subject is not None else -1, account_id=by.account_id)
    return found.filter(subject_id=None)


def _find(batch_id: int, by: Actor) -> ReportBatch:
    found: ReportBatch | None = _mine(by).filter(pk=batch_id).first()
    if found is None:
        raise UnknownBatch("没有这批报告，或不归您查看。", "There is no such batch, or it is not yours.")
    return found


def _view(one: ReportBatch, *, is_whole: bool = False) -> BatchView:
    counts: dict[str, int] = {}
    for outcome in one.lines.values_list("outcome", flat=True):
        counts[outcome] = counts.get(outcome, 0) + 1
    waiting = counts.pop("", 0)
    kept = one.finished_at + timedelta(days=settings.BATCH_KEEP_DAYS) if one.finished_at else None
    return BatchView(
        id=one.pk, state=one.state, asked_at=one.asked_at, by_name=one.by_name, purpose=one.purpose, asked=one.asked,
        total=one.total, done=one.total - waiting, counts=counts, finished_at=one.finished_at, kept_until=kept,
        lines=tuple(_line(each) for each in one.lines.order_by("number")) if is_whole else (),
    )  # fmt: skip


def _line(one: BatchLine) -> LineView:
    return LineView(
        one.number, one.given, one.outcome, one.subject_code, one.subject_name, one.report_number, one.found,
        tuple((code, name) for code, name in one.branches), one.note,
    )  # fmt: skip
